package session_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A token is stolen and used by both: whoever comes second ends the session of both, and of the cookie and the access
// tokens of that log-in.
func stolenRefreshToken(t *testing.T) {
	for name, uses := range map[string][]int{
		"the thief is first, the victim comes later":             {0, 0},
		"the thief is first and goes on, the victim comes later": {0, 1, 0},
		"the victim is first, the thief comes later":             {0, 1, 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClient(nil)
				for _, nth := range uses {
					c.refresh(nth)
					time.Sleep(11 * time.Second)
				}
				for nth := range c.tokens {
					check(t, "a token", c.refresh(nth), "invalid")
				}
				check(t, "the access tokens are refused", must(c.site.Ended(t.Context(), c.id)), true)
				check(t, "told", strings.Join(c.reused, " "), c.id)
			})
		})
	}
}

// An identity is disabled: no token of it can be refreshed, at whatever moment that is.
func refreshOfADisabledIdentity(t *testing.T) {
	tests := []struct {
		name    string
		arrange func(c *client, disable func())
	}{
		{"before", func(_ *client, disable func()) { disable() }},
		{"before it is read", func(c *client, disable func()) { c.site.store.once("Get", first(disable)) }},
		{"after it was read", func(c *client, disable func()) { c.site.store.once("Get", afterwards(disable)) }},
		{"before it is written", func(c *client, disable func()) { c.site.store.once("Replace", first(disable)) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(nil)
			cookie := c.site.logIn()
			tt.arrange(c, func() { must(c.site.EndIdentity(context.Background(), c.site.login.IdentityID, "")) })
			check(t, "a refresh", c.refresh(0), "invalid")
			check(t, "again", c.refresh(0), "invalid")
			check(t, "a cookie", cookie.get("/me"), unauthorized(clearing))
			check(t, "the access tokens are refused", must(c.site.Ended(t.Context(), c.id)), true)
			check(t, "told of reuse", len(c.reused), 0)
		})
	}
}

// A refresh token is used twice at once, a thousand times: it is used up once, and both are given the one that is next.
func refreshTokenUsedTwice(t *testing.T) {
	c := newClient(nil)
	for n := range uint64(1_000) {
		var got [2]string
		var both sync.WaitGroup
		for i := range got {
			both.Go(func() {
				tokens, err := c.site.Refresh(context.Background(), c.site.RefreshToken(c.id, n))
				got[i] = tokens.Refresh.Reveal()
				check(t, "an error", err, nil)
			})
		}
		both.Wait()
		next := c.site.RefreshToken(c.id, n+1)
		check(t, "what both are given", got, [2]string{next, next})
		check(t, "generations", must(c.site.store.inner.Get(t.Context(), c.id, time.Now())).Counter, n+1)
	}
	check(t, "told of reuse", len(c.reused), 0)
}
