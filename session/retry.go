package session

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	// attempts bounds how often a new session is given another ID.
	attempts = 4
	// changes bounds how often a change is tried again that others got in between of.
	changes = 32

	firstPause = time.Millisecond
	maxPause   = 64 * time.Millisecond
)

// again calls f until no other request got in between of it, which ErrConflict says, and returns its error.
func again(ctx context.Context, f func() error) error {
	for n := range changes {
		err := f()
		if !is(err, ErrConflict) {
			return err
		}
		if err := pause(ctx, n); err != nil {
			return err
		}
	}
	return unavailable(ErrConflict)
}

// pause waits before a change is tried again that was tried n times more than once: longer each time, and not as long as
// the others do. At first it does not wait, since there is mostly one other.
func pause(ctx context.Context, n int) error {
	if n < 2 {
		return nil
	}
	timer := time.NewTimer(rand.N(min(firstPause<<(n-2), maxPause)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return unavailable(ctx.Err())
	}
}
