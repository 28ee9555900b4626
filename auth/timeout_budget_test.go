//go:build !race

package auth_test

import (
	"context"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// A Timeout that nobody waits on costs one allocation.
func TestAllocationBudgetOfTimeout(t *testing.T) {
	parent, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	use := func(ctx context.Context) {
		kept = ctx
		_, _ = ctx.Deadline()
		_ = ctx.Err()
		ctx.Value(ownKey{})
	}
	got := testing.AllocsPerRun(100, func() {
		timeout := auth.NewTimeout(parent, time.Second)
		use(timeout)
		timeout.Stop()
	})
	check(t, got, 1)
}

// kept is where the compiler cannot follow a context.
var kept context.Context
