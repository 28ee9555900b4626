//go:build !race

package memory_test

import (
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

func TestAllocationBudget(t *testing.T) {
	ctx, now := t.Context(), time.Now()
	s, k := memory.NewSessions(nil), memory.NewAPIKeys(nil)
	recs := []session.Record{
		{ID: "plain", Expires: now.Add(time.Hour)},
		{ID: "proven", Expires: now.Add(time.Hour), Login: session.Login{Factors: make([]auth.Factor, 2)}},
	}
	for _, rec := range recs {
		if err := s.Create(ctx, rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.Create(ctx, apikey.Key{
		ID: "key", Kind: apikey.Publishable, Channels: auth.NewSet("web"), Metadata: auth.RawMetadata(`{"a":1}`),
	}); err != nil {
		t.Fatal(err)
	}
	// Read by a variable, so that the compiler does not know the IDs.
	ids := []string{"plain", "proven", "key"}
	for _, budget := range []struct {
		name  string
		most  float64
		doing func() error
	}{
		{"Get of a session without factors", 0, func() error { _, err := s.Get(ctx, ids[0], now); return err }},
		{"Get of a session with factors", 1, func() error { _, err := s.Get(ctx, ids[1], now); return err }},
		{"Get of a key", 0, func() error { _, err := k.Get(ctx, ids[2]); return err }},
	} {
		got := testing.AllocsPerRun(100, func() {
			if err := budget.doing(); err != nil {
				t.Error(err)
			}
		})
		if got > budget.most {
			t.Errorf("%s: %v allocations, want at most %v", budget.name, got, budget.most)
		}
	}
}
