package jwks_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/jwks"
)

// TestAttackRing runs the known attacks on keys that change, by the IDs of the project's list.
func TestAttackRing(t *testing.T) {
	for id, attack := range map[string]func(t *testing.T){
		"J025": kidAsPath,
		"J026": kidAsPath,
		"J029": TestUnknownKid,
		"K005": ringPublishesPublicOnly,
		"K006": ringOfSecrets,
		"K009": ringWithoutKid,
		"K025": rotationAfterFlood,
		"K026": manyUnknownKids,
		"K032": ringRollback,
		"K033": sameKidOtherKey,
		"K038": hangingUp,
	} {
		t.Run(id, attack)
	}
}

func kidAsPath(t *testing.T) {
	r := newRing(t, ringConfig(newTap()))
	for _, kid := range []string{"../../../../dev/null", "/proc/sys/kernel/random/uuid", "' UNION SELECT 'k'--", "\x00", "*", "\xff"} {
		_, err := r.VerificationKey(t.Context(), "", "EdDSA", kid)
		check(t, kid, fmt.Sprint(err), "jwks: no key of the token's kid: auth: invalid credentials")
	}
}

func ringOfSecrets(t *testing.T) {
	for _, alg := range []string{"HS256", "HS384", "HS512"} {
		c := ringConfig(newTap())
		c.Algorithm = alg
		r, err := jwks.NewRing(t.Context(), c)
		check(t, alg, r == nil && err != nil, true)
	}
}

func ringWithoutKid(t *testing.T) {
	r := newRing(t, ringConfig(newTap()))
	for _, alg := range []string{"EdDSA", "HS256", "none", ""} {
		check(t, alg, outcomes(r, signed{alg: alg}), "ok 401")
	}
	token := sign(t, r)
	for _, alg := range []string{"HS256", "RS256", "none", "", "eddsa"} {
		token.alg = alg
		check(t, alg, outcomes(r, token), "ok 401")
	}
}

// rotationAfterFlood changes the key elsewhere, at once, after a flood of unknown kids.
func rotationAfterFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTap()
		r, other := newRing(t, ringConfig(s)), newRing(t, ringConfig(s))
		time.Sleep(10 * time.Second)
		for i := range 1000 {
			check(t, "the flood", outcomes(r, signed{kid: fmt.Sprint("unknown", i), alg: "EdDSA"}), "ok 401")
		}
		check(t, "Revoke", other.Revoke(t.Context(), sign(t, other).kid), nil)
		began, token := time.Now(), sign(t, other)
		for verify(r, token) != nil {
			time.Sleep(time.Second)
		}
		check(t, "the new key is found within a tenth of Refresh", time.Since(began) <= refresh/10, true)
	})
}

// manyUnknownKids asks for 50 unknown kids at once, and for one that is known, of a store that takes its time.
func manyUnknownKids(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTap()
		r := newRing(t, ringConfig(s))
		token := sign(t, r)
		time.Sleep(10 * time.Second)
		s.on("Load", hanging)
		before, began := s.count("Load"), time.Now()
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				check(t, "unknown", outcome(verify(r, signed{kid: fmt.Sprint(i), alg: "EdDSA"})), "503")
				check(t, "it waited", time.Since(began), 2*time.Second)
			})
			all.Go(func() {
				check(t, "known", outcomes(r, token), "ok ok")
				check(t, "it waited", time.Since(began), 0)
			})
		}
		all.Wait()
		check(t, "loads", s.count("Load")-before, 1)
	})
}

// ringRollback puts back the state from before a key was revoked.
func ringRollback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTap()
		r := newRing(t, ringConfig(s))
		old, _, _ := s.KeyStore.Load(t.Context())
		stolen := sign(t, r)
		check(t, "Revoke", r.Revoke(t.Context(), stolen.kid), nil)
		back := newTap().KeyStore
		check(t, "the state is put back", back.Swap(t.Context(), 0, old), nil)
		s.KeyStore = back
		for age := time.Duration(0); age < 24*time.Hour; age += 5 * time.Minute {
			if got := outcome(verify(r, stolen)); got == "ok" {
				t.Fatalf("a key that was revoked is back after %v", age)
			}
			time.Sleep(5 * time.Minute)
		}
	})
}

// sameKidOtherKey gives a kid that is known to another key, as only who has a sealing key can.
func sameKidOtherKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTap()
		r := newRing(t, ringConfig(s))
		token := sign(t, r)
		s.tamper(func(keys []any) []any {
			k := resealed([]any{clone(keys[0])})[0].(map[string]any)
			k["kid"] = token.kid
			return []any{k}
		})
		time.Sleep(refresh)
		check(t, "the token", outcome(verify(r, token)), "503")
		synctest.Wait()
		check(t, "the key that signs", sign(t, r).kid == token.kid, false)
	})
}

// hangingUp begins a refresh and leaves.
func hangingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTap()
		r := newRing(t, ringConfig(s))
		token := sign(t, r)
		time.Sleep(refresh)
		s.on("Load", func(ctx context.Context, call func() error) error {
			time.Sleep(time.Second)
			return call()
		})
		before := s.count("Load")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := r.VerificationKey(ctx, "", token.alg, token.kid)
		check(t, "one who has left", outcome(err), "ok")
		began := time.Now()
		check(t, "another", outcomes(r, token), "ok ok")
		check(t, "it waited", time.Since(began), time.Second)
		check(t, "loads", s.count("Load")-before, 1)
	})
}
