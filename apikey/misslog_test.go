package apikey_test

import (
	"errors"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// tryFrom returns the status of a request with a key from an address.
func (s *site) tryFrom(t *testing.T, remote, text string) int {
	_, err := s.VerifyToken(t.Context(), auth.Credential{Token: text, Remote: remote})
	if errors.Is(err, auth.ErrInvalidCredentials) {
		return 401
	}
	return status(err)
}

// Whoever tries many keys is told to wait, without a look into the store for each. Others are not.
func TestMaxMisses(t *testing.T) {
	tests := []struct {
		name   string
		remote string
		key    string // "good", "used" a moment ago, "guessed" or "junk"
		want   int
		reads  int
	}{
		{"one guess more", "192.0.2.7:5", "guessed", 429, 0},
		{"from another port", "192.0.2.7:6", "guessed", 429, 0},
		{"junk, which costs nothing", "192.0.2.7:5", "junk", 401, 0},
		{"a good key that was not used lately", "192.0.2.7:5", "good", 429, 0},
		{"a good key that was", "192.0.2.7:5", "used", 200, 1},
		{"a guess from elsewhere", "192.0.2.8:5", "guessed", 401, 1},
		{"a good key from elsewhere", "192.0.2.8:5", "good", 200, 1},
		{"from the same IPv6 network", "[2001:db8::ff]:5", "guessed", 429, 0},
		{"from another IPv6 network", "[2001:db8:0:1::1]:5", "guessed", 401, 1},
		{"from no address", "@", "guessed", 401, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSiteOf(apikey.Config{MaxMisses: 3, UseInterval: -1})
				good, text := s.issue(t, nil)
				_, used := s.issue(t, nil)
				check(t, "a request", s.tryFrom(t, "192.0.2.7:1", used), 200)
				for range 3 {
					for _, remote := range []string{"192.0.2.7:1", "[2001:db8::1]:1", "@"} {
						check(t, "a guess", s.tryFrom(t, remote, another("sk", token.NewID())), 401)
					}
				}
				keys := map[string]string{"good": text, "used": used, "guessed": another("sk", good.ID), "junk": "sk_junk"}
				reads := s.store.count("Get")
				check(t, "the answer", s.tryFrom(t, tt.remote, keys[tt.key]), tt.want)
				check(t, "reads", s.store.count("Get")-reads, tt.reads)
				time.Sleep(time.Minute)
				check(t, "a good key a minute later", s.tryFrom(t, tt.remote, text), 200)
			})
		})
	}
}

func TestMaxMissesAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSiteOf(apikey.Config{MaxMisses: 1, UseInterval: -1, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
		k, _ := s.issue(t, nil)
		guess := func(from string) reply {
			return s.get("/", "X-API-Key: "+another("sk", k.ID), "X-Forwarded-For: "+from)
		}
		check(t, "the first", guess("198.51.100.1").Status, 401)
		time.Sleep(20 * time.Second)
		got := guess("198.51.100.1")
		check(t, "the next", got.Status, 429)
		check(t, "Retry-After", got.Retry, "40")
		check(t, "from elsewhere behind the same proxy", guess("198.51.100.2").Status, 401)
		s.store.on("Get", answering(errRefused))
		check(t, "an outage is no miss", guess("198.51.100.3").Status, 503)
		check(t, "nor is it again", guess("198.51.100.3").Status, 503)
	})
}

// Many at once are counted as one after another.
func TestMaxMissesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSiteOf(apikey.Config{MaxMisses: 10, UseInterval: -1})
		k, _ := s.issue(t, nil)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 100 {
					s.tryFrom(t, "192.0.2.7:1", another("sk", k.ID))
				}
			})
		}
		all.Wait()
		check(t, "fewer reads than misses", s.store.count("Get") < 10, false)
		check(t, "more reads than misses and callers", s.store.count("Get") > 10+8, false)
	})
}
