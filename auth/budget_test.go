//go:build !race

package auth_test

import (
	"net/http"
	"testing"
)

// TestAllocationBudget is not built with the race detector, which allocates by itself.
func TestAllocationBudget(t *testing.T) {
	for _, e := range entrances(t) {
		t.Run(e.name, func(t *testing.T) {
			w := &unread{header: http.Header{}}
			got := testing.AllocsPerRun(200, func() { e.open(w) })
			if w.status != 0 {
				t.Fatalf("answered with %d", w.status)
			}
			t.Logf("%v allocations of %v", got, e.budget)
			if got > e.budget {
				t.Errorf("%v allocations, more than %v", got, e.budget)
			}
		})
	}
}
