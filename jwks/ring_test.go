package jwks_test

import (
	"context"
	"crypto"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
)

// What packages that take keys declare.
var (
	_ source = (*jwks.Ring)(nil)
	_ interface {
		SigningKey(ctx context.Context) (kid, alg string, s crypto.Signer, err error)
	} = (*jwks.Ring)(nil)
)

// Three processes share a ring for eleven hours, each used now and then. No good token is refused by any of them or by two
// verifiers that know only what was served to them, and no key outlives its tokens for long.
func TestScheduledRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTap()
		var rings []*jwks.Ring
		var serves []http.Handler
		for range 3 {
			r := newRing(t, ringConfig(s))
			rings, serves = append(rings, r), append(serves, must(jwks.Handler(r)))
		}
		verifiers := []source{rings[0], rings[1], rings[2],
			&copyOf{t: t, serves: slices.Clone(serves)}, &copyOf{t: t, serves: serves[:1]}}
		dice := rand.New(rand.NewPCG(1, 2))
		var tokens []signed
		last := map[string]signed{} // of each key
		for began := time.Now(); time.Since(began) < 11*time.Hour; {
			time.Sleep(time.Duration(dice.IntN(60)) * time.Second)
			token := sign(t, rings[dice.IntN(3)])
			tokens, last[token.kid] = append(tokens, token), token
			tokens = slices.DeleteFunc(tokens, func(k signed) bool { return !time.Now().Before(k.expires) })
			v := verifiers[dice.IntN(len(verifiers))]
			for _, token := range tokens {
				if err := verify(v, token); err != nil {
					t.Fatalf("%v: %T refuses a token that expires at %v: %v", time.Now(), v, token.expires, err)
				}
			}
			for _, token := range last {
				// Leeway, and what a ring and a copy of it may be behind.
				if since := time.Since(token.expires); since > time.Minute+refresh+cacheAge && outcome(verify(v, token)) != "401" {
					t.Fatalf("%v: %T knows a key whose last token expired %v ago", time.Now(), v, since)
				}
			}
		}
		check(t, "keys in eleven hours", len(last), 11)
		check(t, "keys that are left", len(s.keyIDs()) <= 2, true)
	})
}

// All processes that begin or change keys at once agree which key signs.
func TestRingsAgree(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTap()
		rings := make([]*jwks.Ring, 16)
		each := func(do func(i int)) {
			var all sync.WaitGroup
			for i := range rings {
				all.Go(func() { do(i) })
			}
			all.Wait()
			synctest.Wait()
		}
		agree := func(when string, keys int) string {
			t.Helper()
			kids := make([]string, len(rings))
			each(func(i int) { kids[i], _, _, _ = rings[i].SigningKey(context.Background()) })
			slices.Sort(kids)
			check(t, when+": keys that sign", len(slices.Compact(kids)), 1)
			check(t, when+": keys", len(s.keyIDs()), keys)
			return kids[0]
		}
		each(func(i int) { rings[i] = must(jwks.NewRing(context.Background(), ringConfig(s))) })
		first := agree("at first", 1)

		time.Sleep(time.Hour - lead)
		check(t, "as the next is published", agree("as the next is published", 2), first)
		time.Sleep(lead - 1)
		check(t, "right before the next signs", agree("right before the next signs", 2), first)
		time.Sleep(time.Nanosecond)
		second := agree("as the next signs", 2)
		check(t, "the first signs", second == first, false)

		each(func(i int) { check(t, "Rotate", rings[i].Rotate(context.Background()), nil) })
		check(t, "as a key was published by hand", agree("as a key was published by hand", 3), second)
		time.Sleep(lead)
		third := agree("as that key signs", 3)
		check(t, "the second signs", third == second, false)

		check(t, "Revoke", rings[0].Revoke(context.Background(), third), nil)
		time.Sleep(refresh)
		fourth := agree("as a key was revoked", 3)
		check(t, "the third signs", fourth == third, false)
		for _, r := range rings {
			check(t, "Close", r.Close(), nil)
		}
	})
}

// After a year without a request the old key signs until all know the next one.
func TestIdleRing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTap()
		r, other := newRing(t, ringConfig(s)), newRing(t, ringConfig(s))
		old := sign(t, r)
		time.Sleep(365 * 24 * time.Hour)
		check(t, "loads in a year", s.count("Load"), 6) // all at the beginning
		check(t, "the key after a year", sign(t, r).kid, old.kid)
		synctest.Wait()
		check(t, "keys", len(s.keyIDs()), 2)
		check(t, "elsewhere", sign(t, other).kid, old.kid)
		time.Sleep(lead - 1)
		token := sign(t, r)
		check(t, "before Lead is over", token.kid, old.kid)
		time.Sleep(time.Nanosecond)
		next := sign(t, r)
		check(t, "the old key signs", next.kid == old.kid, false)
		check(t, "elsewhere", sign(t, other).kid, next.kid)
		check(t, "the last token of the old key", outcomes(other, token), "ok ok")
		time.Sleep(retention)
		check(t, "the old key after its retention", outcomes(other, token), "ok 401")
		synctest.Wait()
		check(t, "the old key is in the store", slices.Contains(s.keyIDs(), old.kid), false)
	})
}

// A view is used as it is at first, then renewed beside the requests, then before them; and all want it once.
func TestViewIsRenewed(t *testing.T) {
	tests := []struct {
		age   time.Duration
		loads int
		took  time.Duration // with a store that takes a second
	}{
		{refresh/2 - 1, 0, 0},
		{refresh / 2, 1, 0},
		{refresh - 1, 1, 0},
		{refresh, 1, time.Second},
		{24 * time.Hour, 1, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.age.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTap()
				c := ringConfig(s)
				c.Interval = jwks.ByHand
				r := newRing(t, c)
				token := sign(t, r)
				s.on("Load", func(_ context.Context, call func() error) error {
					time.Sleep(time.Second)
					return call()
				})
				before := s.count("Load")
				time.Sleep(tt.age)
				began := time.Now()
				var all sync.WaitGroup
				for range 16 {
					all.Go(func() { check(t, "requests", outcomes(r, token, token), "ok ok ok") })
				}
				all.Wait()
				check(t, "they took", time.Since(began), tt.took)
				synctest.Wait()
				check(t, "r.Close", r.Close(), nil)
				check(t, "loads", s.count("Load")-before, tt.loads)
			})
		})
	}
}

// Whoever comes while another renews the view, or right after that, gets its answer from the new one.
func TestCrowd(t *testing.T) {
	for _, age := range []time.Duration{refresh / 2, refresh, 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			c := ringConfig(newTap())
			c.Interval = jwks.ByHand
			r := newRing(t, c)
			token, unknown := sign(t, r), signed{kid: "unknown", alg: "EdDSA"}
			for range 200 {
				time.Sleep(age)
				var all sync.WaitGroup
				for i := range 16 {
					all.Go(func() {
						if i%2 == 0 {
							check(t, "a request", outcomes(r, unknown, token), "ok 401 ok")
						} else {
							check(t, "an unknown kid", outcome(verify(r, unknown)), "401")
						}
					})
				}
				all.Wait()
			}
		})
	}
}

// A view that cannot be renewed follows the clock: the next key signs at its time, and one that has signed is removed.
func TestViewFollowsTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := ringConfig(newTap())
		c.Interval, c.Retention = jwks.ByHand, 30*time.Minute
		r := newRing(t, c)
		first := sign(t, r)
		check(t, "Rotate", r.Rotate(t.Context()), nil)
		check(t, "Close", r.Close(), nil)
		time.Sleep(lead - 1)
		check(t, "before its time", sign(t, r).kid, first.kid)
		time.Sleep(time.Nanosecond)
		check(t, "at its time", sign(t, r).kid == first.kid, false)

		r = newRing(t, c)
		time.Sleep(20 * time.Minute)
		check(t, "signed", outcomes(r, first), "ok ok")
		check(t, "Close", r.Close(), nil)
		time.Sleep(10*time.Minute - 1)
		check(t, "before its removal", outcomes(r, first), "ok ok")
		time.Sleep(time.Nanosecond)
		check(t, "at its removal", outcomes(r, first), "ok 401")
	})
}

// One who hangs up neither waits, nor costs the others their answer (the refresh is not theirs).
func TestWaitingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTap()
		r := newRing(t, ringConfig(s))
		token := sign(t, r)
		time.Sleep(refresh)
		s.once("Load", func(_ context.Context, call func() error) error {
			time.Sleep(1500 * time.Millisecond)
			return call()
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := r.VerificationKey(ctx, "", token.alg, "unknown")
		check(t, "one who hangs up", outcome(err), "503")
		check(t, "it waited", time.Since(began), time.Second)
		_, err = r.VerificationKey(t.Context(), "", token.alg, "unknown")
		check(t, "one who waits", outcome(err), "401")
		check(t, "it waited until", time.Since(began), 1500*time.Millisecond)

		time.Sleep(refresh)
		release := make(chan struct{})
		s.once("Load", func(_ context.Context, call func() error) error { <-release; return call() })
		began = time.Now()
		check(t, "a store that ignores its context", outcomes(r, token), "ok ok")
		check(t, "they waited", time.Since(began), 2*time.Second)
		close(release)
	})
}

func TestUnknownKid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTap()
		r, other := newRing(t, ringConfig(s)), newRing(t, ringConfig(s))
		unknown := signed{kid: "unknown", alg: "EdDSA"}
		before := s.count("Load")
		for range 100 {
			check(t, "right after a refresh", outcomes(r, unknown), "ok 401")
		}
		check(t, "loads", s.count("Load")-before, 0)
		time.Sleep(refresh / 10)
		for range 100 {
			check(t, "later", outcomes(r, unknown), "ok 401")
		}
		check(t, "loads", s.count("Load")-before, 1)

		check(t, "Revoke", other.Revoke(t.Context(), sign(t, r).kid), nil)
		time.Sleep(refresh / 10)
		check(t, "a key that signed at once elsewhere", outcomes(r, sign(t, other)), "ok ok")

		s.down(refusing)
		check(t, "while the store is down, right after a refresh", outcomes(r, unknown), "ok 401")
		time.Sleep(refresh / 10)
		before = s.count("Load")
		for range 100 {
			check(t, "while the store is down", outcomes(r, unknown), "ok 503")
		}
		check(t, "loads", s.count("Load")-before, 1)
		s.down(nil)
		time.Sleep(refresh / 10)
		check(t, "when the store is back", outcomes(r, unknown), "ok 401")
		check(t, "no kid", outcomes(r, signed{alg: "EdDSA"}), "ok 401")
		token := sign(t, r)
		token.alg = "ES256"
		check(t, "another algorithm", outcomes(r, token), "ok 401")
	})
}

func TestZeroRing(t *testing.T) {
	for name, r := range map[string]*jwks.Ring{"nil": nil, "the zero ring": {}} {
		check(t, name, outcomes(r, signed{kid: "a", alg: "EdDSA"}, signed{}), "503 503 503")
		_, keys := r.Keys(t.Context())
		_, handler := jwks.Handler(r)
		check(t, name, fmt.Sprint(outcome(keys), outcome(handler), outcome(r.Rotate(t.Context())),
			outcome(r.Revoke(t.Context(), "a")), r.Close()), "503503503503<nil>")
	}
}

// All kinds of keys rotate; a new algorithm is that of the next key.
func TestRingAlgorithms(t *testing.T) {
	for _, alg := range []string{"RS256", "PS512", "ES256", "ES384", "ES512", "EdDSA"} {
		t.Run(alg, func(t *testing.T) {
			s := newTap()
			c := ringConfig(s)
			c.Algorithm = alg
			r := newRing(t, c)
			kid, got, signer, err := r.SigningKey(t.Context())
			if err != nil || got != alg {
				t.Fatalf("%q, %v", got, err)
			}
			c.Algorithm = ""
			again := newRing(t, c)
			checkSignature(t, must(again.VerificationKey(t.Context(), "", alg, kid)), signer)
			check(t, "Rotate", again.Rotate(t.Context()), nil)
			algs := map[string]bool{}
			for _, k := range must(again.Keys(t.Context())) {
				algs[k.Algorithm] = true
			}
			check(t, "algorithms", fmt.Sprint(slices.Sorted(maps.Keys(algs))),
				fmt.Sprint(slices.Compact(slices.Sorted(slices.Values([]string{alg, "EdDSA"})))))
		})
	}
}

// A ring is what the signer and the verifier of tokens take.
func TestRingWithTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRing(t, ringConfig(newTap()))
		const issuer, audience = "https://login.example.com", "https://api.example.com"
		signer := must(jwtx.NewSigner(jwtx.SignerConfig{Issuer: issuer, Audience: []string{audience}, Keys: r}))
		verifier := must(jwtx.NewVerifier(jwtx.Config{
			Issuer: issuer, Audience: []string{audience}, Algorithms: []string{"EdDSA"}, Kinds: []jwtx.Kind{jwtx.Access}, Keys: r,
		}))
		token := must(signer.Sign(t.Context(), auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "7"}}))
		ask := func() string {
			_, err := verifier.VerifyToken(t.Context(), auth.Credential{Token: token})
			return outcome(err)
		}
		check(t, "a token", ask(), "ok")
		time.Sleep(14 * time.Minute)
		check(t, "the token later", ask(), "ok")
		check(t, "Revoke", r.Revoke(t.Context(), sign(t, r).kid), nil)
		check(t, "the token of a key that was revoked", ask(), "401")
	})
}
