//go:build !race

package memory_test

import (
	"testing"
	"time"

	"github.com/countersign-go/countersign/store/memory"
)

// The answers are all that is allocated.
func TestAllocationBudgetOfRevocations(t *testing.T) {
	ctx, now := t.Context(), time.Now()
	s := memory.NewRevocations(nil)
	keys := []string{"session:revoked", "token:unknown", "actor:unknown"}
	if err := s.Revoke(ctx, keys[0], now, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	got := testing.AllocsPerRun(100, func() {
		if upTo, err := s.RevokedUpTo(ctx, now, keys...); err != nil || !upTo[0].Equal(now) {
			t.Error(upTo, err)
		}
	})
	if got > 1 {
		t.Errorf("%v allocations, want at most 1", got)
	}
}
