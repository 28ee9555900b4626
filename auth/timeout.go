package auth

import (
	"context"
	"sync"
	"time"
)

// A Timeout is a context with a deadline that costs nothing until somebody waits on Done: one allocation and no timer.
// Verifiers put one around each call of a store or a key source, most of which answer from memory.
type Timeout struct {
	parent context.Context
	at     time.Time

	mu     sync.Mutex
	inner  context.Context // made by the first Done
	cancel context.CancelFunc
	err    error // once t is done, which it stays for the same reason
}

// NewTimeout returns a context that is done when parent is, after d, or when it is stopped, whichever comes first. Call
// Stop when the work is done, as with [context.WithTimeout].
func NewTimeout(parent context.Context, d time.Duration) *Timeout {
	at := time.Now().Add(d)
	if earlier, ok := parent.Deadline(); ok && earlier.Before(at) {
		at = earlier
	}
	return &Timeout{parent: parent, at: at}
}

// Stop releases what the context holds. If nobody has looked by then, it does not matter whether the time was up.
func (t *Timeout) Stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cancel != nil {
		t.cancel()
		_ = t.check() // keeps the reason that somebody was told, or may have been
	}
	if t.err == nil {
		t.err = context.Canceled
	}
}

// Deadline returns the time at which t is done.
func (t *Timeout) Deadline() (time.Time, bool) { return t.at, true }

// Done returns a channel that is closed when t is done.
func (t *Timeout) Done() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.inner == nil {
		t.inner, t.cancel = context.WithDeadline(t.parent, t.at)
		if t.err != nil {
			t.cancel()
		}
	}
	return t.inner.Done()
}

// Err returns why t is done, nil if it is not.
func (t *Timeout) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.check()
}

// check returns why t is done, and keeps it. Who calls it holds mu.
func (t *Timeout) check() error {
	switch {
	case t.err != nil:
	case t.inner != nil:
		t.err = t.inner.Err()
	case t.parent.Err() != nil:
		t.err = t.parent.Err()
	case !time.Now().Before(t.at):
		t.err = context.DeadlineExceeded
	}
	return t.err
}

// Value returns the parent's value for key.
func (t *Timeout) Value(key any) any {
	t.mu.Lock()
	inner := t.inner
	t.mu.Unlock()
	if inner != nil {
		return inner.Value(key) // lets package context find its own cancellation below, instead of a goroutine
	}
	return t.parent.Value(key)
}
