//go:build !race

package apikey_test

import (
	"context"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// TestAllocationBudget is not built with the race detector, which allocates by itself.
func TestAllocationBudget(t *testing.T) {
	s := newSite()
	_, good := s.issue(t, nil)
	tests := []struct {
		name, text string
		budget     float64
	}{
		{"a good key", good, 6},
		{"junk", "junk", 0},
		{"a key with a typo", tampered(good, 40), 0},
		{"a megabyte", good + strings.Repeat("a", 1<<20), 0},
		{"an unknown key", another("sk", token.NewID()), 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := testing.AllocsPerRun(100, func() {
				_, _ = s.VerifyToken(context.Background(), auth.Credential{Token: tt.text, Remote: "192.0.2.1:50000"})
			})
			t.Logf("%v allocations of %v", got, tt.budget)
			check(t, "over the budget", got > tt.budget, false)
		})
	}
}
