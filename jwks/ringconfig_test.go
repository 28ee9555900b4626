package jwks_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/store/memory"
)

// Each way to violate what makes a change of keys safe is an error, and what just holds is not.
func TestRingConfig(t *testing.T) {
	type config = jwks.RingConfig
	second := bytes.Repeat([]byte("b"), 32)
	tests := []struct {
		name   string
		change func(c *config)
		want   []string // what is wrong, each in a line
	}{
		{"nothing but what is required", func(*config) {}, nil},
		{"nothing", func(c *config) { *c = config{} }, []string{"TokenLifetime of 0s", "no Store", "no SealingKeys"}},

		{"the least Lead", func(c *config) { c.Lead = 7*time.Minute + 2*time.Second }, nil},
		{"a Lead shorter than that", func(c *config) { c.Lead = 7*time.Minute + 2*time.Second - 1 }, []string{"Lead of 7m1.999999999s is shorter than"}},
		{"a Lead too short for CacheAge", func(c *config) { c.Lead, c.CacheAge = 8*time.Minute, 10*time.Minute }, []string{"Leeway, 12m2s"}},
		{"a Lead too short for Refresh", func(c *config) { c.Lead, c.Refresh = 8*time.Minute, 10*time.Minute }, []string{"Leeway, 16m2s"}},
		{"a Lead too short for Leeway", func(c *config) { c.Lead, c.Leeway = 8*time.Minute, 10*time.Minute }, []string{"Leeway, 16m2s"}},
		{"a Lead too short for Timeout", func(c *config) { c.Lead, c.Timeout = 7*time.Minute+2*time.Second, 3*time.Second }, []string{"Leeway, 7m3s"}},
		{"the least Retention", func(c *config) { c.Retention = 16 * time.Minute }, nil},
		{"a Retention shorter than that", func(c *config) { c.Retention = 16*time.Minute - 1 }, []string{"Retention of 15m59.999999999s is shorter than"}},
		{"a Retention too short for Leeway", func(c *config) { c.Retention, c.Leeway = 16*time.Minute, 2*time.Minute }, []string{"Leeway, 17m0s"}},
		{"an Interval as short as Lead", func(c *config) { c.Interval = 7*time.Minute + 2*time.Second }, nil},
		{"an Interval shorter than that", func(c *config) { c.Interval = 7 * time.Minute }, []string{"Interval of 7m0s is shorter than Lead"}},
		{"an Interval by hand", func(c *config) { c.Interval = jwks.ByHand }, nil},
		{"an Interval that makes 50 keys", func(c *config) {
			c.TokenLifetime, c.Interval, c.Lead = 46*time.Hour+59*time.Minute, time.Hour, time.Hour-1
		}, nil},
		{"an Interval that makes more", func(c *config) {
			c.TokenLifetime, c.Interval, c.Lead = 46*time.Hour+59*time.Minute, time.Hour, time.Hour
		}, []string{"makes 51 keys at once"}},
		{"a Timeout of half of Refresh", func(c *config) { c.Timeout = 30 * time.Second }, nil},
		{"a longer Timeout", func(c *config) { c.Timeout = 30*time.Second + 1 }, []string{"Timeout of 30.000000001s is longer than half of Refresh"}},

		{"a short TokenLifetime", func(c *config) { c.TokenLifetime = time.Second - 1 }, []string{"TokenLifetime of 999.999999ms"}},
		{"a CacheAge of less than a second", func(c *config) { c.CacheAge = time.Second - 1 }, []string{"CacheAge of 999.999999ms", "not in whole seconds"}},
		{"a CacheAge with a fraction", func(c *config) { c.CacheAge = 90*time.Second + 1 }, []string{"not in whole seconds"}},
		{"what is negative", func(c *config) {
			c.TokenLifetime, c.CacheAge, c.Refresh, c.Leeway, c.Lead, c.Retention, c.Timeout = -1e9, -1e9, -1, -1, -1, -1, -1
			c.Interval = -2
		}, []string{"TokenLifetime", "CacheAge", "Refresh", "Leeway", "Lead", "Retention", "Timeout", "Interval"}},
		{"what would overflow", func(c *config) {
			c.TokenLifetime, c.CacheAge, c.Refresh, c.Leeway, c.Timeout = 1<<63-1, 1<<62, 1<<63-1, 1<<62, 1<<62
			c.Interval, c.Lead, c.Retention = 1<<63-1, 1<<62, 1<<62
		}, []string{"TokenLifetime", "CacheAge", "Refresh", "Leeway", "Lead", "Retention", "Timeout", "whole seconds", "Interval"}},

		{"secrets", func(c *config) { c.Algorithm = "HS256" }, []string{"Algorithm is none for key pairs"}},
		{"no algorithm", func(c *config) { c.Algorithm = "none" }, []string{"Algorithm is none for key pairs"}},
		{"eight sealing keys", func(c *config) { c.SealingKeys = sealingKeys(8) }, nil},
		{"nine", func(c *config) { c.SealingKeys = sealingKeys(9) }, []string{"9 SealingKeys"}},
		{"bad sealing keys", func(c *config) {
			c.SealingKeys = [][]byte{sealA, make([]byte, 32), sealA[:31], append(second, 'b'), nil, sealA}
		}, []string{"SealingKeys[1] is all zeroes", "SealingKeys[2] has 31 bytes", "SealingKeys[3] has 33 bytes", "SealingKeys[4] has 0 bytes",
			"SealingKeys[5] is SealingKeys[0] again"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := config{Store: memory.NewKeyStore(), SealingKeys: [][]byte{sealA}, TokenLifetime: 15 * time.Minute, Logger: slog.New(slog.DiscardHandler)}
			tt.change(&c)
			r, err := jwks.NewRing(t.Context(), c)
			var lines []string
			if err != nil {
				lines = strings.Split(err.Error(), "\n")
			}
			if len(lines) != len(tt.want) || (r == nil) != (err != nil) {
				t.Fatalf("%d mistakes, want %d: %v", len(lines), len(tt.want), err)
			}
			for i, want := range tt.want {
				if !strings.Contains(err.Error(), want) || !strings.HasPrefix(lines[i], "jwks: ring: ") {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func sealingKeys(n int) (keys [][]byte) {
	for i := range n {
		keys = append(keys, bytes.Repeat([]byte{byte(i + 1)}, 32))
	}
	return keys
}

func TestRingBounds(t *testing.T) {
	c := must(ringConfig(memory.NewKeyStore()).Complete())
	check(t, "Lead", c.Lead, lead)
	check(t, "Retention", c.Retention, retention)
	check(t, "how long a view signs", jwks.SignsFor(c), signsFor)
	check(t, "how long a view verifies", jwks.VerifiesFor(c), verifies)
	check(t, "how long a view is served", jwks.Served(c), refresh+cacheAge)
}
