package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
)

// revokeInterrupted interrupts a Revoke where nothing is revoked, and one to a later time.
func revokeInterrupted(ctx context.Context, s jwtx.RevocationStore) error {
	return atEachMoment(func(m moment) error {
		first := newNote()
		later := first.shifted(1, 1)
		for _, step := range []struct {
			before time.Time
			note   note
		}{{time.Time{}, first}, {first.at, later}} {
			n := step.note
			revoke := func(ctx context.Context) error { return s.Revoke(ctx, n.key, n.at, n.until) }
			err, wrong := m.interrupt(ctx, "Revoke", revoke)
			if wrong != nil {
				return wrong
			}
			got, wrong := answer(ctx, s, time.Now(), n.key)
			if wrong != nil {
				return wrong
			}
			if !got.Equal(n.at) && (err == nil || !got.Equal(step.before)) {
				return fmt.Errorf("after an interrupted Revoke that returned %s, a key is revoked up to %v, want %v, or %v "+
					"after an error", quote(err), plain(got), plain(n.at), plain(step.before))
			}
			wrong = errors.Join(
				works(ctx, "Revoke after an interrupted one", revoke),
				n.kept(ctx, s, "after a repeated Revoke"))
			if wrong != nil {
				return wrong
			}
		}
		return nil
	})
}

// swapInterrupted has only the one state to work with, so each change begins with what the last has left.
func swapInterrupted(ctx context.Context, s jwks.KeyStore) error {
	if err := must("the first Swap", s.Swap(ctx, 0, versioned(1))); err != nil {
		return err
	}
	return atEachMoment(func(m moment) error {
		_, version, err := s.Load(ctx)
		if err != nil {
			return must("Load", err)
		}
		err, wrong := m.interrupt(ctx, "Swap", func(ctx context.Context) error {
			return s.Swap(ctx, version, versioned(version+1))
		})
		if wrong != nil {
			return wrong
		}
		state, now, loadErr := s.Load(ctx)
		switch {
		case loadErr != nil:
			return must("Load after an interrupted Swap", loadErr)
		case string(state) != string(versioned(now)):
			return fmt.Errorf("after an interrupted Swap that returned %s, the state and its version do not belong together",
				quote(err))
		case now <= version && err == nil:
			return errors.New("an interrupted Swap returned nil, but it was not done")
		}
		return works(ctx, "Swap after an interrupted one", func(ctx context.Context) error { return incrementVersion(ctx, s) })
	})
}

// incrementVersion swaps until nothing has got in between.
func incrementVersion(ctx context.Context, s jwks.KeyStore) error {
	for {
		_, version, err := s.Load(ctx)
		if err != nil {
			return err
		}
		if err = s.Swap(ctx, version, versioned(version+1)); !errors.Is(err, jwks.ErrConflict) {
			return err
		}
	}
}
