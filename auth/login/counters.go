package login

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// A counter is something of which attempts are counted.
type counter struct {
	what string // for the log
	key  string
	pace Pace
}

// counters count in a store that many processes share.
type counters struct {
	store   AttemptStore
	timeout time.Duration
	window  time.Duration
}

// count counts an attempt in each of all, unless one of them says that it comes too early: then it is not counted, and the
// error is the 429. It reports for each whether the next attempt has to wait, and this is the first of which that is true.
func (c *counters) count(ctx context.Context, all ...counter) (begins []bool, err error) {
	now := timestamp()
	before := make([]Attempts, len(all))
	var early error
	var wait time.Duration
	for i, k := range all {
		if before[i], err = c.load(ctx, k.key, now); err != nil {
			return nil, err
		}
		if rest := before[i].Next.Sub(now); rest > wait {
			early, wait = tooEarly(k, rest), rest
		}
	}
	if early != nil {
		return nil, early
	}
	begins = make([]bool, len(all))
	for i, k := range all {
		if begins[i], err = c.add(ctx, k, before[i], now); err != nil {
			return nil, err
		}
	}
	return begins, nil
}

// add counts an attempt in k, of which a was loaded, unless others have counted so many meanwhile that it comes too early.
func (c *counters) add(ctx context.Context, k counter, a Attempts, now time.Time) (begins bool, err error) {
	next, err := c.change(ctx, k.key, &a, now, func(a Attempts, now time.Time) (Attempts, error) {
		if rest := a.Next.Sub(now); rest > 0 {
			return Attempts{}, tooEarly(k, rest)
		}
		return k.pace.after(a, now, c.window), nil
	})
	return err == nil && next.Count == k.pace.Free, err
}

func tooEarly(k counter, rest time.Duration) error {
	return &auth.Error{
		Status:     http.StatusTooManyRequests,
		Type:       "too_many_requests",
		Message:    "Too many attempts: try again later",
		RetryAfter: rest,
		Err:        errors.New("login: too many attempts " + k.what),
	}
}

// takeBack makes the last attempt one that was never counted in k.
func (c *counters) takeBack(ctx context.Context, k counter) error {
	_, err := c.change(ctx, k.key, nil, timestamp(), func(a Attempts, _ time.Time) (Attempts, error) {
		return k.pace.without(a), nil
	})
	return err
}

// forget makes all attempts ones that were never counted in k, and reports whether there were any.
func (c *counters) forget(ctx context.Context, k counter) (any bool, err error) {
	_, err = c.change(ctx, k.key, nil, timestamp(), func(a Attempts, _ time.Time) (Attempts, error) {
		any = a.Count > 0
		a.Count, a.Next = 0, time.Time{}
		return a, nil
	})
	return any && err == nil, err
}

// change puts what f returns in the place of what is counted of key, a if somebody has loaded it at now. It does so again if
// others did in between, and returns what it put there. What f leaves as it is, it does not write.
func (c *counters) change(
	ctx context.Context, key string, a *Attempts, now time.Time, f func(a Attempts, now time.Time) (Attempts, error),
) (Attempts, error) {
	for n := range changes {
		if a == nil {
			now = timestamp()
			loaded, err := c.load(ctx, key, now)
			if err != nil {
				return Attempts{}, err
			}
			a = &loaded
		}
		next, err := f(*a, now)
		if err != nil || next == *a {
			return next, err
		}
		if err = c.swap(ctx, next, now); !is(err, ErrConflict) {
			return next, err
		}
		if err := pause(ctx, n); err != nil {
			return Attempts{}, err
		}
		a = nil
	}
	return Attempts{}, unavailable(ErrConflict)
}

// load returns what is counted of key. It believes no answer that makes no sense.
func (c *counters) load(ctx context.Context, key string, now time.Time) (Attempts, error) {
	t := auth.NewTimeout(ctx, c.timeout)
	defer t.Stop()
	a, err := c.store.Load(t, key, now)
	switch {
	case err != nil:
		return Attempts{}, unavailable(err)
	case a.Key == key && a.Version == 0 && a.Count == 0 && a.Next.IsZero():
		return Attempts{Key: key}, nil
	case a.Key != key || a.Version == 0 || a.Check() != nil:
		return Attempts{}, unavailable(errors.New("an answer about attempts that makes no sense"))
	case !now.Before(a.Expires):
		return Attempts{Key: key}, nil // what the store should have said
	}
	return a, nil
}

// swap hands a to the store. Its error is ErrConflict or says that the store is unavailable: then a may be counted.
func (c *counters) swap(ctx context.Context, a Attempts, now time.Time) error {
	t := auth.NewTimeout(ctx, c.timeout)
	defer t.Stop()
	err := c.store.Swap(t, a, now)
	switch {
	case err == nil:
		return nil
	case is(err, ErrConflict):
		return fmt.Errorf("login: attempts: %w", ErrConflict)
	}
	return unavailable(err)
}
