package apikey

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// A Revocation is the end of a key. It cannot be undone, only brought forward.
type Revocation struct {
	At     time.Time // when somebody revoked the key; zero is not revoked
	By     string
	Reason string
	Until  time.Time // when the key stops working; zero is at once
}

// Effective returns when the key stops working, by the clock of whoever revoked it: zero if it is not revoked.
func (r Revocation) Effective() time.Time {
	if r.Until.IsZero() {
		return r.At
	}
	return r.Until
}

// Holds reports whether the key has stopped working at now, by whose clock it is: one that is revoked at once has, whatever
// the clock of whoever did it said.
func (r Revocation) Holds(now time.Time) bool { return !r.At.IsZero() && !now.Before(r.Until) }

func (r Revocation) sameAs(other Revocation) bool {
	return r.At.Equal(other.At) && r.By == other.By && r.Reason == other.Reason && r.Until.Equal(other.Until)
}

// check returns all that is wrong with r.
func (r Revocation) check(now time.Time) error {
	var m mistakes
	m.add(!isName(r.By), "revoked_by", "is not plain text of 1 to %d bytes", maxName)
	m.add(len(r.Reason) > maxTitleSize || !isText(r.Reason), "reason", "is not plain text of %d bytes at most", maxTitleSize)
	m.add(!r.Until.IsZero() && !now.Before(r.Until), "revoke_in", "ends in the past")
	m.add(r.Until.UTC().Year() > 9999, "revoke_in", "ends after the year 9999")
	return errors.Join(m...)
}

// Revoke ends a key for good: at once if rev.Until is zero, whatever the clocks of others say, else then, which must lie
// ahead. rev.By says who did it, rev.Reason why; rev.At is filled in. The key is refused from the next request on, or from
// then on.
//
// A key that is revoked already is [ErrRevoked], unless this brings its end forward; one that is not there is [ErrNotFound],
// what is wrong with rev an [InvalidError]. Any other error means that the key may still work.
func (m *Manager) Revoke(ctx context.Context, id string, rev Revocation) (Key, error) {
	return m.revoke(ctx, nil, id, rev, false)
}

// revoke is Revoke, by a. With once, no end is brought forward: a key that is revoked for later is ErrRevoked as well.
func (m *Manager) revoke(ctx context.Context, a *Access, id string, rev Revocation, once bool) (Key, error) {
	rev.Until = rev.Until.UTC().Truncate(time.Microsecond)
	if err := rev.check(timestamp()); err != nil {
		return Key{}, err
	}
	return m.change(ctx, a, change{ActionRevoke, rev.By, func(k Key, now time.Time) (Key, error) {
		sooner := rev.Until.Before(k.Revocation.Until) // at once, which is zero, is sooner than all
		if !k.Revocation.At.IsZero() && (once || k.Revocation.Holds(now) || !sooner) {
			return Key{}, ErrRevoked
		}
		k.Revocation = Revocation{At: now, By: rev.By, Reason: rev.Reason, Until: rev.Until}
		return k, nil
	}}, id)
}

// Delete removes a key that has stopped working because it was revoked, and all that is known of it. One that was not, or
// that is to work until later, is [ErrNotRevoked], one that is not there [ErrNotFound].
func (m *Manager) Delete(ctx context.Context, id string) error { return m.remove(ctx, nil, id, "") }

func (m *Manager) remove(ctx context.Context, a *Access, id, by string) error {
	k, err := m.read(ctx, a, id)
	if err != nil {
		return err
	}
	if err := a.may(ctx, ActionDelete, k); err != nil {
		return err
	}
	if !k.Revocation.Holds(time.Now()) {
		return ErrNotRevoked
	}
	// Whoever gets in between cannot undo the revocation.
	m.cache.begin(id)
	defer m.cache.end(id, math.MaxInt64, true) // it is revoked in any case
	t := auth.NewTimeout(ctx, m.config.StoreTimeout)
	defer t.Stop()
	if err := m.config.Store.Delete(t, id); err != nil && !m.lacks(ctx, id) {
		return unavailable(err)
	}
	m.tell(ctx, ActionDelete, id, by)
	return nil
}

// lacks reports whether the store says that there is no such key.
func (m *Manager) lacks(ctx context.Context, id string) bool {
	t := auth.NewTimeout(ctx, m.config.StoreTimeout)
	defer t.Stop()
	_, err := m.config.Store.Get(t, id)
	return is(err, ErrNotFound)
}
