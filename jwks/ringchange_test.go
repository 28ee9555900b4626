package jwks_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
)

func TestRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTap()
		c := ringConfig(s)
		c.Interval = jwks.ByHand
		r := newRing(t, c)
		token := sign(t, r)
		time.Sleep(1000 * time.Hour)
		check(t, "the key by hand", sign(t, r).kid, token.kid)
		for range 3 {
			check(t, "Rotate", r.Rotate(t.Context()), nil)
			check(t, "keys", len(s.keyIDs()), 2)
		}
		keys := must(r.Keys(t.Context()))
		now := time.Now()
		check(t, "Keys", len(keys), 2)
		check(t, "when the first ends", keys[0].SignsUntil.Sub(now), lead)
		check(t, "when the first is removed", keys[0].RemovedAt.Sub(now), lead+retention)
		check(t, "the second", fmt.Sprint(keys[1].Published.Sub(now), keys[1].SignsFrom.Sub(now), keys[1].SignsUntil.IsZero()),
			fmt.Sprint(0*time.Second, lead, true))
		time.Sleep(lead - 1)
		old := sign(t, r)
		check(t, "before Lead", old.kid, token.kid)
		time.Sleep(time.Nanosecond)
		check(t, "after Lead", sign(t, r).kid, keys[1].ID)
		time.Sleep(time.Until(old.expires) - 1)
		check(t, "the last token of the first key", outcomes(r, old), "ok ok")
	})
}

func TestRevoke(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTap()
		r, other := newRing(t, ringConfig(s)), newRing(t, ringConfig(s))
		first := sign(t, r)
		check(t, "an unknown ID", errors.Is(r.Revoke(t.Context(), "unknown"), jwks.ErrNoKey), true)
		check(t, "keys", len(s.keyIDs()), 1)

		time.Sleep(time.Hour)
		sign(t, r)
		synctest.Wait()
		time.Sleep(lead)
		second := sign(t, r)
		check(t, "Rotate", r.Rotate(t.Context()), nil)
		waiting := must(r.Keys(t.Context()))[2].ID
		check(t, "tokens", outcomes(r, first, second), "ok ok ok")
		check(t, "tokens elsewhere", outcomes(other, first, second), "ok ok ok")

		check(t, "Revoke of the one that signs", r.Revoke(t.Context(), second.kid), nil)
		third := sign(t, r)
		check(t, "another signs at once", third.kid != second.kid && third.kid != first.kid && third.kid != waiting, true)
		check(t, "tokens", outcomes(r, first, second, third), "ok ok 401 ok")
		time.Sleep(refresh)
		check(t, "tokens elsewhere within Refresh", outcomes(other, first, second, third), "ok ok 401 ok")
		check(t, "Revoke again", errors.Is(other.Revoke(t.Context(), second.kid), jwks.ErrNoKey), true)

		check(t, "Revoke of one that signed", r.Revoke(t.Context(), first.kid), nil)
		check(t, "the one that signs stays", sign(t, r).kid, third.kid)
		check(t, "Revoke of one that waits", r.Revoke(t.Context(), waiting), nil)
		check(t, "tokens", outcomes(r, first, second, third), "ok 401 401 ok")
		check(t, "keys", fmt.Sprint(s.keyIDs()), fmt.Sprint([]string{third.kid}))
	})
}

// A process that says that there is no such key accepts none of its tokens either, whoever it was that removed it.
func TestNoKeyIsRefused(t *testing.T) {
	removals := map[string]func(s *tap, r, other *jwks.Ring, kid string) error{
		"another process": func(_ *tap, _, other *jwks.Ring, kid string) error {
			return other.Revoke(context.Background(), kid)
		},
		"the process itself, which then lost the store": func(s *tap, r, _ *jwks.Ring, kid string) error {
			s.once("Swap", func(_ context.Context, call func() error) error {
				err := call()
				s.once("Load", refusing)
				return err
			})
			if err := r.Revoke(context.Background(), kid); !errors.Is(err, auth.ErrUnavailable) {
				return fmt.Errorf("it did not lose the store: %w", err)
			}
			return nil
		},
	}
	for name, remove := range removals {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTap()
				r, other := newRing(t, ringConfig(s)), newRing(t, ringConfig(s))
				token := sign(t, r)
				check(t, "removal", remove(s, r, other, token.kid), nil)
				check(t, "Revoke", errors.Is(r.Revoke(t.Context(), token.kid), jwks.ErrNoKey), true)
				check(t, "tokens", outcomes(r, token), "ok 401")
			})
		})
	}
}

// The store may keep a key until Timeout after the time that it was published by what it says, and no longer, however slow
// the process is in between: Lead counts from there.
func TestPublishedInTime(t *testing.T) {
	s := newTap()
	r := newRing(t, ringConfig(s))
	var deadline time.Time
	s.on("Swap", func(ctx context.Context, call func() error) error {
		deadline, _ = ctx.Deadline()
		return call()
	})
	check(t, "Rotate", r.Rotate(t.Context()), nil)
	published := must(r.Keys(t.Context()))[1].Published
	check(t, "how long Swap may take", deadline.Round(0).Sub(published), 2*time.Second)
}

// A key that is revoked does not come back, whatever changes the keys at the same time: each process writes what it made
// of the state that it read right before the other's change.
func TestRevokedStaysRevoked(t *testing.T) {
	changes := map[string]func(r *jwks.Ring) error{
		"a scheduled change": func(r *jwks.Ring) error {
			_, _, _, err := r.SigningKey(context.Background())
			synctest.Wait()
			return err
		},
		"a change by hand":    func(r *jwks.Ring) error { return r.Rotate(context.Background()) },
		"the same change":     func(r *jwks.Ring) error { return nil },
		"another's key, gone": func(r *jwks.Ring) error { return ignoreNoKey(r.Revoke(context.Background(), "unknown")) },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, slow := newTap(), newTap()
				slow.KeyStore = s.KeyStore
				r, other := newRing(t, ringConfig(s)), newRing(t, ringConfig(slow))
				token := sign(t, r)
				time.Sleep(time.Hour)
				slow.once("Swap", func(_ context.Context, call func() error) error {
					check(t, "Revoke", r.Revoke(context.Background(), token.kid), nil)
					return call()
				})
				check(t, "the change", change(other), nil)
				if name == "the same change" || name == "another's key, gone" {
					check(t, "Revoke", ignoreNoKey(r.Revoke(context.Background(), token.kid)), nil)
				}
				check(t, "the key is in the store", slices.Contains(s.keyIDs(), token.kid), false)
				time.Sleep(refresh)
				check(t, "its tokens", outcomes(r, token), "ok 401")
				check(t, "its tokens elsewhere", outcomes(other, token), "ok 401")
				check(t, "all agree", sign(t, r).kid, sign(t, other).kid)
			})
		})
	}
}

func ignoreNoKey(err error) error {
	if errors.Is(err, jwks.ErrNoKey) {
		return nil
	}
	return err
}

// Processes that change the keys in all ways at once end with one that signs, and without those that were revoked.
func TestChangesRace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTap()
		rings := make([]*jwks.Ring, 4)
		for i := range rings {
			rings[i] = newRing(t, ringConfig(s))
		}
		var mu sync.Mutex
		revoked := map[string]bool{}
		for range 10 {
			time.Sleep(10 * time.Minute)
			var all sync.WaitGroup
			for i := range 16 {
				all.Go(func() {
					r := rings[i%len(rings)]
					switch kid, _, _, err := r.SigningKey(context.Background()); {
					case err != nil:
						t.Error(err)
					case i == 15:
						check(t, "Revoke", ignoreNoKey(r.Revoke(context.Background(), kid)), nil)
						mu.Lock()
						revoked[kid] = true
						mu.Unlock()
					case i%5 == 0:
						check(t, "Rotate", r.Rotate(context.Background()), nil)
					}
				})
			}
			all.Wait()
			synctest.Wait()
		}
		time.Sleep(refresh)
		for _, r := range rings {
			check(t, "all agree", sign(t, r).kid, sign(t, rings[0]).kid)
		}
		for _, kid := range s.keyIDs() {
			check(t, kid+" was revoked", revoked[kid], false)
		}
	})
}

// The answer to a Swap is lost, whether it was done or not: what was asked for is done, once.
func TestLostReply(t *testing.T) {
	faults := map[string]fault{
		"it was done":              losing,
		"it was not done":          refusing,
		"it was done, too late":    func(ctx context.Context, call func() error) error { _ = call(); return hanging(ctx, nil) },
		"it was not, too late":     hanging,
		"the driver sent it twice": func(_ context.Context, call func() error) error { _ = call(); return call() },
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTap()
				s.once("Swap", f)
				r := newRing(t, ringConfig(s))
				token := sign(t, r)
				check(t, "keys at first", len(s.keyIDs()), 1)

				s.once("Swap", f)
				check(t, "Rotate", r.Rotate(t.Context()), nil)
				check(t, "keys after Rotate", len(s.keyIDs()), 2)

				s.once("Swap", f)
				check(t, "Revoke", r.Revoke(t.Context(), token.kid), nil)
				check(t, "keys after Revoke", len(s.keyIDs()), 2)
				check(t, "tokens", outcomes(r, token), "ok 401")

				time.Sleep(time.Hour + lead)
				s.once("Swap", f)
				old := sign(t, r)
				synctest.Wait()
				time.Sleep(5 * time.Second)
				check(t, "keys after a scheduled change", len(s.keyIDs()), 2)
				time.Sleep(lead)
				check(t, "the next key signs", sign(t, r).kid == old.kid, false)
			})
		})
	}
}

// A change that cannot be made is an error, and the ring goes on as it was.
func TestChangeThatFails(t *testing.T) {
	for name, f := range map[string]fault{
		"the store refuses": refusing,
		"it hangs":          hanging,
		"it is in conflict": func(context.Context, func() error) error { return jwks.ErrConflict },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTap()
				s.on("Swap", f)
				r, err := jwks.NewRing(t.Context(), ringConfig(s))
				check(t, "NewRing", outcome(err), "503")
				check(t, "the ring", r, nil)
				s.on("Swap", nil)
				r = newRing(t, ringConfig(s))
				token := sign(t, r)
				s.on("Swap", f)
				check(t, "Rotate", outcome(r.Rotate(t.Context())), "503")
				check(t, "Revoke", outcome(r.Revoke(t.Context(), token.kid)), "503")
				check(t, "tokens", outcomes(r, token), "ok ok")
				time.Sleep(100 * time.Hour)
				check(t, "the key of a store that cannot be written", sign(t, r).kid, token.kid)
				synctest.Wait()
				time.Sleep(time.Hour)
				check(t, "NewRing with a key", sign(t, newRing(t, ringConfig(s))).kid, token.kid)
			})
		})
	}
}

// A ring never makes a set that verifiers refuse for its size, and a key can be revoked also then.
func TestRingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTap()
		r := newRing(t, ringConfig(s))
		token := sign(t, r)
		s.tamper(func(keys []any) []any {
			for range 99 {
				junk := resealed([]any{clone(keys[0])})[0].(map[string]any)
				junk["signs_from"] = time.Now().Add(time.Hour).Format(time.RFC3339Nano)
				keys = append(keys, junk)
			}
			return keys
		})
		err := r.Rotate(t.Context())
		check(t, "Rotate", fmt.Sprint(err), "jwks: ring: more than 100 keys")
		check(t, "is unavailable", errors.Is(err, auth.ErrUnavailable), false)
		check(t, "keys", len(s.keyIDs()), 100)
		check(t, "tokens", outcomes(r, token), "ok ok")
		check(t, "Revoke", r.Revoke(t.Context(), token.kid), nil)
		check(t, "tokens", outcomes(r, token), "ok 401")
		check(t, "keys", len(s.keyIDs()), 100)
	})
}
