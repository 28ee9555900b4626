package apikey

import (
	"context"
	"errors"
	"time"

	"github.com/countersign-go/countersign/auth/token"
)

// reasonRotated is why a key is revoked that another took the place of.
const reasonRotated = "rotated"

// A Rotation says how a key is exchanged for a new one.
type Rotation struct {
	By      string        // who does it
	Overlap time.Duration // for how long the old key works beside the new one; zero is not at all
}

// check returns all that is wrong with r.
func (r Rotation) check() error {
	var m mistakes
	m.add(!isName(r.By), "created_by", "is not plain text of 1 to %d bytes", maxName)
	m.add(r.Overlap < 0, "overlap", "is negative")
	return errors.Join(m...)
}

// Rotate makes a key in the place of another and returns it with its text. It is like the other in all, lives as long from
// now on as that did from its beginning, but no longer than [Config] has it, and was created by rot.By. The old key is
// revoked, for after the overlap, and tells which one took its place.
//
// A key can be rotated once: one that is revoked, be it for later, or was rotated is [ErrRevoked]. One that is disabled is
// [ErrDisabled], one that has expired [ErrExpired], one that is not there [ErrNotFound]; what is wrong with rot, or a key of
// another environment, is an [InvalidError]. Of two who rotate a key at once one succeeds. Any other error says that there
// is no new key, and that the old one may be revoked.
func (m *Manager) Rotate(ctx context.Context, id string, rot Rotation) (Key, token.Secret, error) {
	return m.rotate(ctx, nil, id, rot)
}

func (m *Manager) rotate(ctx context.Context, a *Access, id string, rot Rotation) (Key, token.Secret, error) {
	if err := rot.check(); err != nil {
		return Key{}, token.Secret{}, err
	}
	for range attempts {
		k, err := m.read(ctx, a, id)
		if err != nil {
			return Key{}, token.Secret{}, err
		}
		now := timestamp()
		if err := m.rotatable(k, now); err != nil {
			return Key{}, token.Secret{}, err
		}
		next := m.successor(k, rot, now)
		if err := a.may(ctx, ActionRotate, next); err != nil {
			return Key{}, token.Secret{}, err
		}
		text, err := m.succeed(ctx, k, &next, rot)
		if err == nil {
			m.tell(ctx, ActionRotate, id, rot.By)
			return next, text, nil
		}
		if !is(err, ErrConflict) {
			return Key{}, token.Secret{}, err
		}
	}
	return Key{}, token.Secret{}, unavailable(ErrConflict)
}

// rotatable returns why k cannot be rotated.
func (m *Manager) rotatable(k Key, now time.Time) error {
	switch {
	case !k.Revocation.At.IsZero() || k.ReplacedBy != "":
		return ErrRevoked
	case !k.DisabledAt.IsZero():
		return ErrDisabled
	case !k.Live(now):
		return ErrExpired
	case k.Environment != m.config.Environment:
		return &InvalidError{Field: "environment", Err: errors.New("is another than that of this server")}
	}
	return nil
}

// successor returns the key, without an ID, that is to take the place of k.
func (m *Manager) successor(k Key, rot Rotation, now time.Time) Key {
	next := Key{
		Kind: k.Kind, Environment: k.Environment, Title: k.Title, Owner: k.Owner, Scopes: k.Scopes, Channels: k.Channels,
		Metadata: k.Metadata, CreatedBy: rot.By, CreatedAt: now, UpdatedAt: now, Replaces: k.ID,
	}
	longest := m.config.MaxLifetime
	if !k.ExpiresAt.IsZero() {
		lifetime := k.ExpiresAt.Sub(k.CreatedAt)
		if k.CreatedAt.IsZero() || lifetime <= 0 {
			lifetime = k.ExpiresAt.Sub(now) // nobody knows since when: no key lives longer for being rotated
		}
		if longest == 0 || lifetime < longest {
			longest = lifetime
		}
	}
	if longest > 0 {
		next.ExpiresAt = now.Add(longest).Truncate(time.Microsecond)
	}
	return next
}

// succeed makes the key next and revokes k, in whose place it is. Where that fails there is no next: nobody has its text.
func (m *Manager) succeed(ctx context.Context, k Key, next *Key, rot Rotation) (token.Secret, error) {
	text, err := m.create(ctx, next)
	if err != nil {
		return token.Secret{}, err
	}
	k.ReplacedBy, k.UpdatedAt = next.ID, next.CreatedAt
	k.Revocation = Revocation{At: next.CreatedAt, By: rot.By, Reason: reasonRotated}
	if rot.Overlap > 0 {
		k.Revocation.Until = next.CreatedAt.Add(rot.Overlap).Truncate(time.Microsecond)
	}
	_, err = m.exchange(ctx, k)
	if err == nil || m.succeeded(ctx, k) {
		return text, nil
	}
	if discardErr := m.discard(ctx, next.ID); discardErr != nil {
		return token.Secret{}, errors.Join(err, discardErr)
	}
	return token.Secret{}, err
}

// succeeded reports whether the store has the successor of k, although it returned an error: the answer was lost, and
// another has changed the key since.
func (m *Manager) succeeded(ctx context.Context, k Key) bool {
	kept, err := m.get(ctx, k.ID)
	return err == nil && kept.ReplacedBy == k.ReplacedBy
}
