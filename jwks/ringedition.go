package jwks

import (
	"context"
	"time"
)

// A ringEdition is what a ring serves until the next key is removed.
type ringEdition struct {
	edition
	until time.Time // zero if none will be
}

func (r *Ring) publish() (func(context.Context) (edition, error), error) {
	if r == nil || r.view.Load() == nil {
		return nil, errNoRing
	}
	return r.edition, nil
}

// edition returns what to serve now. Verifiers have forgotten it when the view is as old as it may be and they have kept
// it for as long as they may: with a view that is older than it should be, they are told to keep it for less.
func (r *Ring) edition(ctx context.Context) (edition, error) {
	v, now, err := r.current(ctx, RingConfig.servesFor)
	if err != nil {
		return edition{}, err
	}
	e, err := v.edition(r.schedule, now)
	e.maxAge = min(r.config.CacheAge, r.config.servesFor()-v.age(now))
	return e, err
}

// edition returns the keys that have not been removed, made once until one is.
func (c *ringState) edition(s schedule, now time.Time) (edition, error) {
	if e := c.latest.Load(); e != nil && (e.until.IsZero() || now.Before(e.until)) {
		return e.edition, nil
	}
	var keys []*Key
	var until time.Time
	for i, e := range c.entries {
		at, ends := s.removal(c.terms, i)
		if e.key == nil || ends && !now.Before(at) {
			continue
		}
		keys = append(keys, e.key)
		if ends && (until.IsZero() || at.Before(until)) {
			until = at
		}
	}
	e, err := newEdition(keys, 0)
	if err == nil {
		c.latest.Store(&ringEdition{e, until})
	}
	return e, err
}
