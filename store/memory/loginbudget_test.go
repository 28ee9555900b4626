//go:build !race

package memory_test

import (
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/store/memory"
)

// The slices of an identity are all that is allocated.
func TestAllocationBudgetOfLogin(t *testing.T) {
	ctx, now := t.Context(), time.Now()
	identities, tokens, attempts := memory.NewIdentities(nil), memory.NewOneTimeTokens(nil), memory.NewAttempts(nil)
	i := person("b", "b", "c")
	i.Actors = []auth.Actor{{Type: "user", ID: "b"}}
	tok := login.OneTimeToken{ID: loginID("b"), Digest: token.Sum("b"), Expires: now.Add(time.Hour)}
	a := login.Attempts{Key: loginID("b"), Expires: now.Add(time.Hour)}
	want(t, "Create", identities.Create(ctx, i), nil)
	want(t, "Put", tokens.Put(ctx, tok), nil)
	want(t, "Swap", attempts.Swap(ctx, a, now), nil)
	entities := []string{"c", "nobody"} // read by a variable, so that the compiler does not know them
	for _, budget := range []struct {
		name  string
		most  float64
		doing func() error
		want  error
	}{
		{"Get of an identity", 2, func() error { _, err := identities.Get(ctx, i.ID); return err }, nil},
		{"Find of an identity", 2, func() error { _, err := identities.Find(ctx, "emailpass", entities[0]); return err }, nil},
		{"Find of nobody", 0, func() error {
			_, err := identities.Find(ctx, "emailpass", entities[1])
			return err
		}, login.ErrNotFound},
		{"Get of a token", 0, func() error { _, err := tokens.Get(ctx, tok.ID, now); return err }, nil},
		{"Consume of another digest", 0, func() error {
			_, err := tokens.Consume(ctx, tok.ID, token.Digest{1}, now)
			return err
		}, login.ErrNotFound},
		{"Load of attempts", 0, func() error { _, err := attempts.Load(ctx, a.Key, now); return err }, nil},
		{"Load of an unknown key", 0, func() error { _, err := attempts.Load(ctx, entities[1], now); return err }, nil},
	} {
		got := testing.AllocsPerRun(100, func() { want(t, budget.name, budget.doing(), budget.want) })
		if got > budget.most {
			t.Errorf("%s: %v allocations, want at most %v", budget.name, got, budget.most)
		}
	}
}
