package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/jwtx"
)

// revocationIDs has package jwtx make the keys, of IDs that a database takes for the same, or cannot keep.
func revocationIDs(ctx context.Context, s jwtx.RevocationStore) error {
	r, err := jwtx.NewRevocations(jwtx.RevocationsConfig{Store: s, MaxLifetime: time.Hour})
	if err != nil {
		return err
	}
	id := "Zoë-" + token.NewID()
	ids := []string{
		id, strings.ToUpper(id), strings.ToLower(id), id + "\x00", "\x00" + id, id + " ", id + "\n", scripts + id,
		strings.Replace(id, "ë", "e\u0308", 1), strings.Replace(id, "ë", "e", 1), "*", "%", strings.Repeat(id, 300),
	}
	for i := range 2 {
		for j, id := range ids {
			now := time.Now()
			revoked, err := r.Revoked(ctx, jwtx.Revocable{Issuer: id, SessionID: id, IssuedAt: now, Expires: now.Add(time.Hour)})
			if err != nil {
				return must(fmt.Sprintf("RevokedUpTo for the ID %.80q", id), err)
			}
			if want := i > 0; revoked != want {
				return fmt.Errorf("revoked is %v for the ID %.80q, want %v: each is an ID of its own", revoked, id, want)
			}
			if i == 0 {
				if err := must(fmt.Sprintf("Revoke for ID %d", j), r.RevokeSession(ctx, id, id)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func revocationDone(ctx context.Context, s jwtx.RevocationStore) error {
	n, other := newNote(), newNote()
	if err := n.revoke(ctx, s); err != nil {
		return err
	}
	return errors.Join(
		refused(ctx, nil,
			call{"Revoke", func(ctx context.Context) error { return s.Revoke(ctx, other.key, other.at, other.until) }},
			call{"Revoke of a key that is revoked", func(ctx context.Context) error {
				return s.Revoke(ctx, n.key, n.at.Add(tick), n.until.Add(tick))
			}},
			call{"RevokedUpTo", func(ctx context.Context) error { _, err := s.RevokedUpTo(ctx, time.Now(), n.key); return err }},
		),
		says(ctx, s, time.Now(), other.key, time.Time{}, "after a Revoke with a context that is done", "it said that it failed"),
		n.kept(ctx, s, "after a Revoke of the same key with a context that is done"),
	)
}

// revokeRace has all racers revoke one new key, and each two of them another: the later at of one, the earlier its until.
func revokeRace(ctx context.Context, s jwtx.RevocationStore) error {
	var pairs [racers / 2]note
	for i := range pairs {
		pairs[i] = newNote()
	}
	all := newNote()
	errs := race(func(i int) error {
		return errors.Join(revokeAmong(ctx, s, pairs[i/2], i%2, 2), revokeAmong(ctx, s, all, i, racers))
	})
	errs = append(errs, all.shifted(racers-1, racers-1).kept(ctx, s, fmt.Sprintf("after Revokes by %d at once", racers)))
	for _, n := range pairs {
		errs = append(errs, n.shifted(1, 1).kept(ctx, s, "after Revokes by two at once"))
	}
	return distinct(errs)
}

// shifted returns n with times that are so many ticks later.
func (n note) shifted(at, until int) note {
	n.at, n.until = n.at.Add(time.Duration(at)*tick), n.until.Add(time.Duration(until)*tick)
	return n
}

// revokeAmong revokes as the racer i of so many.
func revokeAmong(ctx context.Context, s jwtx.RevocationStore, n note, i, many int) error {
	n = n.shifted(i, many-1-i)
	if err := n.revoke(ctx, s); err != nil {
		return err
	}
	got, err := answer(ctx, s, time.Now(), n.key)
	if err == nil && got.Before(n.at) {
		err = errors.New("of many Revokes at once one returned, but what it revoked is good")
	}
	return err
}

// revokeReadRace has half of the racers revoke a key up to later and later, and the other half look at it.
func revokeReadRace(ctx context.Context, s jwtx.RevocationStore) error {
	n := newNote()
	if err := n.revoke(ctx, s); err != nil {
		return err
	}
	var clock atomic.Int64
	errs := race(func(i int) error {
		seen := n.at
		for range increments {
			if i%2 == 0 {
				at := n.at.Add(time.Duration(clock.Add(1)) * tick)
				if err := must("Revoke", s.Revoke(ctx, n.key, at, n.until)); err != nil {
					return err
				}
			}
			got, err := answer(ctx, s, time.Now(), n.key)
			if err != nil {
				return err
			}
			if got.Before(seen) {
				return errors.New("while others revoked a key, RevokedUpTo returned an earlier time than before: " +
					"what was revoked is good again")
			}
			seen = got
		}
		return nil
	})
	return distinct(errs)
}
