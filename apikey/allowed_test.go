package apikey_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
)

// A key grants what both it and its owner have.
func TestAllowedScopes(t *testing.T) {
	tests := []struct{ name, key, owner, want string }{
		{"the same", "a b", "a b", "a b"},
		{"the owner has more", "a b", "a b c", "a b"},
		{"the owner has less", "a b", "b", "b"},
		{"each has another", "a b", "b c", "b"},
		{"they have nothing in common", "a", "b", ""},
		{"the owner has nothing", "a b", "", ""},
		{"the owner has everything", "a b", "*", "a b"},
		{"the key has everything", "*", "a b", "a b"},
		{"the key has everything, the owner nothing", "*", "", ""},
		{"both have everything", "*", "*", "*"},
		{"the key has everything and more", "* a", "b", "b"},
		{"the key has nothing", "", "*", ""},
	}
	for _, tt := range tests {
		for _, cacheFor := range []time.Duration{0, time.Minute} {
			t.Run(fmt.Sprint(tt.name, " ", cacheFor), func(t *testing.T) {
				s := newSiteOf(apikey.Config{CacheFor: cacheFor, Allowed: func(_ context.Context, owner auth.Actor) (auth.Set, error) {
					check(t, "the owner", owner, ann)
					return auth.ParseSet(tt.owner), nil
				}})
				_, text := s.issue(t, func(spec *apikey.Spec) { spec.Scopes = auth.ParseSet(tt.key) })
				for range 2 {
					ac, err := s.VerifyToken(t.Context(), auth.Credential{Token: text})
					check(t, "verifying", err, nil)
					check(t, "the scopes", ac.Scopes.String(), tt.want)
					k, _ := auth.Value[apikey.Key](*ac)
					check(t, "those of the key", k.Scopes.String(), auth.ParseSet(tt.key).String())
				}
			})
		}
	}
}

// The owner is asked about at each request, also when the key is cached: one who is gone is 401, and one who cannot be
// found out about is 503, whatever the error wraps.
func TestAllowedFails(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want reply
	}{
		{"the owner is disabled", fmt.Errorf("%w: disabled", auth.ErrInvalidCredentials), invalid(asksHeader)},
		{"the directory is down", errRefused, unavailable},
		{"the directory refused us", &auth.Error{Status: 401}, unavailable},
		{"the directory forbids it", &auth.Error{Status: 403}, unavailable},
		{"the directory has no credentials", auth.NoCredentials(), unavailable},
		{"the directory was refused by one that is down", errors.Join(auth.ErrInvalidCredentials, auth.ErrUnavailable), unavailable},
	}
	for _, tt := range tests {
		for _, cacheFor := range []time.Duration{0, time.Minute} {
			t.Run(fmt.Sprint(tt.name, " ", cacheFor), func(t *testing.T) {
				var failure error
				calls := 0
				s := newSiteOf(apikey.Config{CacheFor: cacheFor, Allowed: func(context.Context, auth.Actor) (auth.Set, error) {
					calls++
					return auth.NewSet("*"), failure
				}})
				k, text := s.issue(t, nil)
				check(t, "before", s.get("/", "X-API-Key: "+text), passed(k))
				failure = tt.err
				check(t, "then", s.get("/", "X-API-Key: "+text), tt.want)
				failure = nil
				check(t, "after", s.get("/", "X-API-Key: "+text), passed(k))
				check(t, "calls", calls, 3)
			})
		}
	}
}

// A directory that hangs does not hang the request, and one that panics lets nobody in.
func TestAllowedHangsOrPanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSiteOf(apikey.Config{Allowed: func(ctx context.Context, _ auth.Actor) (auth.Set, error) {
			<-ctx.Done()
			return auth.Set{}, ctx.Err()
		}})
		_, text := s.issue(t, nil)
		start := time.Now()
		check(t, "the answer", s.get("/", "X-API-Key: "+text), unavailable)
		check(t, "it took", time.Since(start), 2*time.Second)
	})
	s := newSiteOf(apikey.Config{CacheFor: time.Minute, Allowed: func(context.Context, auth.Actor) (auth.Set, error) { panic("boom") }})
	_, text := s.issue(t, nil)
	for range 2 {
		check(t, "the panic", panics(func() { s.get("/", "X-API-Key: "+text) }), "boom")
	}
	check(t, "handlers called", s.calls.Load(), 0)
}

// A use is from the client that trusted proxies say it is from. A request that is refused is no use.
func TestUsesAreFromTheClient(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	tests := []struct {
		name, remote, forwarded string
		proxies                 []netip.Prefix
		allowed                 error
		want                    string
	}{
		{"no proxy is trusted", "10.0.0.1:1", "192.0.2.9", nil, nil, "10.0.0.1"},
		{"a proxy is trusted", "10.0.0.1:1", "203.0.113.5, 192.0.2.9", proxies, nil, "192.0.2.9"},
		{"a stranger says so", "198.51.100.1:1", "192.0.2.9", proxies, nil, "198.51.100.1"},
		{"the owner is gone", "198.51.100.1:1", "", nil, auth.ErrInvalidCredentials, "invalid IP"},
		{"nobody knows the owner", "198.51.100.1:1", "", nil, errRefused, "invalid IP"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := newUser(t, apikey.Config{TrustedProxies: tt.proxies, CacheFor: time.Minute, Allowed: func(context.Context, auth.Actor) (auth.Set, error) {
				return auth.NewSet("*"), tt.allowed
			}})
			r := request("/", "X-API-Key: "+u.text.Reveal(), "X-Forwarded-For: "+tt.forwarded)
			r.RemoteAddr = tt.remote
			for range 2 {
				_, err := auth.New(auth.Header("X-API-Key", u), nil).Check(r)
				check(t, "passed", err == nil, tt.allowed == nil)
			}
			check(t, "Close", u.Close(t.Context()), nil)
			check(t, "the last use is from", must(u.Get(t.Context(), u.key.ID)).LastUsed.IP.String(), tt.want)
			check(t, "the owner's trouble is told without a secret", strings.Contains(u.log.String(), u.text.Reveal()), false)
		})
	}
}
