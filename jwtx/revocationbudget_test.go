//go:build !race

package jwtx_test

import (
	"testing"
	"time"

	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/store/memory"
)

// What asking about revocation allocates: the keys in one string, their slice, and the store's answers.
func TestAllocationBudgetOfRevoked(t *testing.T) {
	r := must(jwtx.NewRevocations(jwtx.RevocationsConfig{Store: memory.NewRevocations(nil), MaxLifetime: time.Hour}))
	now := time.Now()
	token := jwtx.Revocable{Issuer: issuer, ID: "t1", SessionID: "s1", Actor: u1, IssuedAt: now, Expires: now.Add(time.Hour)}
	for name, most := range map[string]float64{
		"a token that is good": 3, "a token that was revoked": 3, "a token without iat": 0,
	} {
		t.Run(name, func(t *testing.T) {
			asked := token
			switch name {
			case "a token that was revoked":
				asked.ID = "t2"
				if err := r.RevokeToken(t.Context(), jwtx.Claims{Issuer: issuer, ID: "t2"}); err != nil {
					t.Fatal(err)
				}
			case "a token without iat":
				asked.IssuedAt = time.Time{}
			}
			ctx := t.Context()
			allocs := testing.AllocsPerRun(100, func() {
				if revoked, err := r.Revoked(ctx, asked); revoked != (asked != token) || err != nil {
					t.Error(revoked, err)
				}
			})
			if allocs > most {
				t.Errorf("%v allocations, want at most %v", allocs, most)
			}
		})
	}
}
