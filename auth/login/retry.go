package login

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	// changes bounds how often a change is tried again that others got in between of.
	changes = 16

	firstPause = time.Millisecond
	maxPause   = 64 * time.Millisecond
)

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
