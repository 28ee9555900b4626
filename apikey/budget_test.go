//go:build !race

package apikey_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

func allowAll(context.Context, auth.Actor) (auth.Set, error) { return everything, nil }

var everything = auth.NewSet("*")

// TestAllocationBudget is not built with the race detector, which allocates by itself.
func TestAllocationBudget(t *testing.T) {
	s := newSite()
	_, good := s.issue(t, nil)
	cached := must(apikey.New(apikey.Config{Store: s.store, CacheFor: time.Minute}))
	limited := must(apikey.New(apikey.Config{Store: s.store, CacheFor: time.Minute, Allowed: allowAll}))
	tests := []struct {
		name   string
		keys   *apikey.Manager
		text   string
		budget float64
	}{
		{"a good key", s.Manager, good, 6},
		{"a good key that is cached", cached, good, 0},
		{"a good key that is cached, of an owner who is asked about", limited, good, 2},
		{"junk", s.Manager, "junk", 0},
		{"junk, with a cache", cached, "junk", 0},
		{"a key with a typo", s.Manager, tampered(good, 40), 0},
		{"a megabyte", s.Manager, good + strings.Repeat("a", 1<<20), 0},
		{"an unknown key", s.Manager, another("sk", token.NewID()), 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := testing.AllocsPerRun(100, func() {
				_, _ = tt.keys.VerifyToken(context.Background(), auth.Credential{Token: tt.text, Remote: "192.0.2.1:50000"})
			})
			t.Logf("%v allocations of %v", got, tt.budget)
			check(t, "over the budget", got > tt.budget, false)
		})
	}
}
