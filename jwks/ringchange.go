package jwks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// ringAttempts is how often a change of keys is tried, against others that change them too.
const ringAttempts = 8

// ErrNoKey is returned by [Ring.Revoke] for an ID that no key has.
var ErrNoKey = errors.New("jwks: no key of that ID")

// Rotate publishes the next key now, to sign after Lead, whatever the Interval. If a key is published already and waits
// for its turn, that is the next one, so Rotate may be repeated.
func (r *Ring) Rotate(ctx context.Context) error {
	if err := r.isOpen(); err != nil {
		return err
	}
	return r.change(ctx, func(terms []term, now time.Time) (plan, error) {
		p := r.schedule.plan(terms, now)
		if p.add == stepNone && !r.schedule.waiting(terms, now) {
			p.add = stepPublish
		}
		return p, nil
	})
}

// Revoke removes a key at once, because others may have it: its tokens are refused from now on, and if it is the one that
// signs, a new one does. Other processes follow within Refresh, and verifiers within CacheAge after that; they may not know
// the new key until then, unless they look for it. An ID that no key has is [ErrNoKey], also when Revoke is repeated: its
// tokens are refused then, too.
//
// It is for an emergency. To be rid of a key that nobody else has, [Ring.Rotate] is enough. If somebody could read the
// store and knows a sealing key, change that first, see [RingConfig], and then revoke every key. Somebody who can write to
// the store and has a copy from before can put the key back, until no sealing key opens it.
func (r *Ring) Revoke(ctx context.Context, kid string) error {
	if err := r.isOpen(); err != nil {
		return err
	}
	found := false
	return r.change(ctx, func(terms []term, now time.Time) (plan, error) {
		p := r.schedule.plan(terms, now)
		has := func(i int) bool { return terms[i].id == kid }
		switch there := slices.ContainsFunc(p.keep, has); {
		case !there && !found:
			return plan{}, ErrNoKey
		case there:
			found = true
			if i := r.schedule.signer(terms, now); i >= 0 && has(i) {
				p.add = stepReplace
			}
			p.keep = slices.DeleteFunc(p.keep, has)
		}
		return p, nil
	})
}

func (r *Ring) isOpen() error {
	if r == nil || r.view.Load() == nil {
		return errNoRing
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return errClosed
	}
	return nil
}

// scheduled returns what plans what is due, but no more than one new key in Refresh: who spoils each of them in the store
// should not make us work for it.
func (r *Ring) scheduled() func(terms []term, now time.Time) (plan, error) {
	r.mu.Lock()
	early := !r.added.IsZero() && since(r.added, time.Now()) < r.config.Refresh
	r.mu.Unlock()
	return func(terms []term, now time.Time) (plan, error) {
		p := r.schedule.plan(terms, now)
		if early {
			p.add = stepNone
		}
		return p, nil
	}
}

var errUnsettled = errors.New("jwks: ring: keys that could not be changed")

// change makes what is planned of the keys come true. After each Swap it looks again, whatever came of that: another may
// have been faster, an answer may be lost, and it is only done when there is nothing left to do.
func (r *Ring) change(ctx context.Context, planned func(terms []term, now time.Time) (plan, error)) error {
	var fresh *Key
	var failure error // of the last Swap
	for range ringAttempts {
		v, err := r.load(ctx)
		if err != nil {
			return errors.Join(err, failure)
		}
		now := time.Now()
		p, err := planned(v.terms, now)
		if p.add != stepReplace { // else the view that there is may still have a key that signs
			r.install(v)
		}
		if err != nil || !p.changes(v.terms) {
			return err
		}
		if fresh != nil && v.has(fresh.id) {
			fresh = nil // it was kept
		}
		if p.add != stepNone && fresh == nil {
			if fresh, err = generate(r.config.Algorithm, nil); err != nil {
				return fmt.Errorf("jwks: ring: %w", err)
			}
			continue // which may have taken long
		}
		if failure, err = r.swap(ctx, v, p, fresh, now); err != nil {
			return err
		}
	}
	return errors.Join(errUnsettled, failure)
}

// swap has the store keep what p makes of v. It returns the store's error, and one that makes it useless to go on.
func (r *Ring) swap(ctx context.Context, v *ringView, p plan, fresh *Key, now time.Time) (failure, err error) {
	var add *ringEntry
	if p.add != stepNone {
		add = r.newEntry(fresh, p.add, now)
	}
	raw, err := v.follow(p, r.sealer, add)
	if err != nil {
		return nil, err
	}
	if add != nil {
		r.mu.Lock()
		r.added = now
		r.mu.Unlock()
	}
	// From now, which is what the new key says, and not from here: who was paused in between must not be late.
	ctx, cancel := context.WithDeadline(ctx, now.Add(r.config.Timeout))
	defer cancel()
	if err := r.config.Store.Swap(ctx, v.version, raw); err != nil {
		return ringUnavailable(err), nil
	}
	r.reportChange(v, p, add)
	return nil, nil
}

// newEntry returns k, published now.
func (r *Ring) newEntry(k *Key, s step, now time.Time) *ringEntry {
	published := now.UTC().Round(0)
	from := published
	if s == stepPublish {
		from = published.Add(r.config.Lead)
	}
	return &ringEntry{key: k, ringRecord: ringRecord{ID: k.id, Algorithm: k.algorithm, Published: published, SignsFrom: from}}
}

func (r *Ring) reportChange(v *ringView, p plan, add *ringEntry) {
	for i, e := range v.entries {
		if !slices.Contains(p.keep, i) {
			r.report(slog.LevelInfo, "jwks: key removed", nil, slog.String("kid", e.ID))
		}
	}
	if add != nil {
		r.report(slog.LevelInfo, "jwks: key published", nil, slog.String("kid", add.ID), slog.Time("signs_from", add.SignsFrom))
	}
}
