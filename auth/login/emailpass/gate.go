package emailpass

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// waiting is how many may wait for their turn for each of those who are let in at once.
const waiting = 64

// A gate bounds the hashes that are computed at once. Whoever wants to hash takes a place, which is given without waiting or
// not at all, and then slots, for which it waits.
type gate struct {
	places chan struct{}
	slots  chan struct{}
	turn   chan struct{} // held by the one who takes slots: no two, each with half of theirs, wait for each other
	wait   time.Duration
}

func newGate(slots int, wait time.Duration) *gate {
	return &gate{
		places: make(chan struct{}, slots*(1+waiting)),
		slots:  make(chan struct{}, slots),
		turn:   make(chan struct{}, 1),
		wait:   wait,
	}
}

// enter takes a place, and returns what gives it back.
func (g *gate) enter() (leave func(), err error) {
	select {
	case g.places <- struct{}{}:
		return func() { <-g.places }, nil
	default:
		return nil, errBusy
	}
}

// take takes n slots, or all if there are not as many, and returns what gives them back.
func (g *gate) take(ctx context.Context, n int) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("emailpass: before a hash: %w", err)
	}
	n = max(1, min(n, cap(g.slots)))
	deadline := time.NewTimer(g.wait)
	defer deadline.Stop()
	taken := 0
	release = func() {
		for range taken {
			<-g.slots
		}
	}
	if err := put(ctx, deadline, g.turn); err != nil {
		return nil, err
	}
	defer func() { <-g.turn }()
	for ; taken < n; taken++ {
		if err := put(ctx, deadline, g.slots); err != nil {
			release()
			return nil, err
		}
	}
	return release, nil
}

func put(ctx context.Context, deadline *time.Timer, into chan<- struct{}) error {
	select {
	case into <- struct{}{}: // is free: then nothing else counts, such as a deadline that passed before this goroutine ran
		return nil
	default:
	}
	select {
	case into <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("emailpass: waiting for a hash: %w", ctx.Err())
	case <-deadline.C:
		return errBusy
	}
}

// errBusy says that nothing was compared.
var errBusy = &auth.Error{
	Status:     http.StatusServiceUnavailable,
	RetryAfter: 2 * time.Second,
	Err:        fmt.Errorf("emailpass: too many passwords to hash at once: %w", auth.ErrUnavailable),
}
