//go:build !race

package jwks_test

import (
	"context"
	"testing"
)

// Choosing a key for a token allocates nothing, whether there is one or not.
func TestAllocationBudget(t *testing.T) {
	set, ctx := several(), context.Background()
	for _, token := range []struct{ alg, kid string }{{"PS256", "new"}, {"HS256", "mac"}, {"HS256", "new"}, {"HS256", "unknown"}, {"HS256", ""}} {
		allocs := testing.AllocsPerRun(100, func() { _, _ = set.VerificationKey(ctx, "iss", token.alg, token.kid) })
		if allocs != 0 {
			t.Errorf("alg %q, kid %q: %v allocations", token.alg, token.kid, allocs)
		}
	}
	if allocs := testing.AllocsPerRun(100, func() { _, _, _, _ = set.SigningKey(ctx) }); allocs != 0 {
		t.Errorf("the signing key: %v allocations", allocs)
	}
}

// A ring whose view is fresh costs no more.
func TestAllocationBudgetOfRing(t *testing.T) {
	r, ctx := newRing(t, ringConfig(newTap())), context.Background()
	if err := r.Rotate(ctx); err != nil {
		t.Fatal(err)
	}
	for _, token := range []signed{sign(t, r), {kid: "unknown", alg: "EdDSA"}, {alg: "EdDSA"}} {
		allocs := testing.AllocsPerRun(100, func() { _, _ = r.VerificationKey(ctx, "iss", token.alg, token.kid) })
		if allocs != 0 {
			t.Errorf("kid %q: %v allocations", token.kid, allocs)
		}
	}
	if allocs := testing.AllocsPerRun(100, func() { _, _, _, _ = r.SigningKey(ctx) }); allocs != 0 {
		t.Errorf("the signing key: %v allocations", allocs)
	}
}

// Neither does a remote set, whose known keys are there at once; nor what is unknown, during the cooldown.
func TestAllocationBudgetOfRemote(t *testing.T) {
	r, ctx := remoteAt(t, serving(keyNamed("1"))), context.Background()
	if err := r.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	for _, token := range []signed{{kid: "1", alg: "EdDSA"}, {kid: "1", alg: "ES256"}, {kid: "unknown", alg: "EdDSA"}, {alg: "EdDSA"}} {
		allocs := testing.AllocsPerRun(100, func() { _, _ = r.VerificationKey(ctx, issuerURL, token.alg, token.kid) })
		if allocs != 0 {
			t.Errorf("alg %q, kid %q: %v allocations", token.alg, token.kid, allocs)
		}
	}
}
