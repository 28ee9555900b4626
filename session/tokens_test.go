package session_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// A log-in without a cookie: what it is given, and what it leaves alone.
func TestStartTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(nil)
		b, visitor := s.logIn(), s.visit()
		for _, cookie := range []string{b.cookie, visitor.cookie, "__Host-sid=x"} {
			got := s.send(request("POST", "/tokens", "Cookie: "+cookie, "Origin: https://evil.example"))
			check(t, "the answer", got.Status, 200)
			check(t, "the cookies set", got.SetCookie, "")
			check(t, "the ID is new", got.Body != b.id && got.Body != visitor.id, true)
			rec := must(s.store.inner.Get(t.Context(), got.Body, time.Now()))
			check(t, "the actor", rec.Login.Actor, ann)
			check(t, "the end", rec.EndsBy, time.Now().Add(24*time.Hour).UTC())
			check(t, "the values", rec.Values.IsZero(), true)
		}
		check(t, "the cookie's session", b.get("/me"), passed("user ann"))
		check(t, "the visitor's", visitor.get("/current").Body, visitor.id)

		s = newSite(func(c *session.Config) { c.Minter = nil })
		tokens := must(s.StartTokens(request("POST", "/"), s.login))
		check(t, "the access token without a Minter", tokens.Access.Reveal(), "")
		check(t, "the refresh token", tokens.Refresh.Reveal(), s.RefreshToken(tokens.Context.SessionID, 0))
		check(t, "the credential in the context", tokens.Context.CredentialID, tokens.Context.SessionID)
	})
}

func TestStartTokensNeedsSomebody(t *testing.T) {
	s := newSite(nil)
	tokens, err := s.StartTokens(request("POST", "/"), session.Login{})
	check(t, "refused", err != nil, true)
	check(t, "a refresh token", tokens.Refresh.Reveal(), "")
	check(t, "sessions made", s.store.count("Create"), 0)
}

// Cookie, refresh token and access token of a log-in end together, however it ends.
func TestAllCarriersEndTogether(t *testing.T) {
	ctx := context.Background()
	for name, end := range map[string]func(b *browser){
		"End":                     func(b *browser) { must(0, b.site.End(ctx, b.id)) },
		"EndAll":                  func(b *browser) { must(b.site.EndAll(ctx, ann, "")) },
		"EndIdentity":             func(b *browser) { must(b.site.EndIdentity(ctx, "identity of ann", "")) },
		"another log-in":          func(b *browser) { other := *b; other.post("/login") },
		"the idle timeout":        func(*browser) { time.Sleep(30 * time.Minute) },
		"the end of the lifetime": func(b *browser) { b.useFor(24 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newSite(nil).logIn()
				refresh := b.site.RefreshToken(b.id, 0)
				end(b)
				_, err := b.site.Refresh(ctx, refresh)
				check(t, "the refresh token is refused", isInvalid(err), true)
				check(t, "the access token is refused", must(b.site.Ended(ctx, b.id)), true)
				check(t, "the cookie", b.get("/me").Status, 401)
			})
		})
	}
}

// useFor uses the session often enough for it to go on.
func (b *browser) useFor(d time.Duration) {
	for range d / (20 * time.Minute) {
		time.Sleep(20 * time.Minute)
		b.get("/me")
	}
}

func TestRotateTokens(t *testing.T) {
	bob := func(l *session.Login) { l.Actor.ID = "bob" }
	tests := []struct {
		name    string
		arrange func(c *client)
		change  func(*session.Login)
		err     string
		sameID  bool
		refresh string // with the old token
	}{
		{"nothing but the secret", func(*client) {}, nil, "yes", true, "invalid"},
		{"a factor", func(*client) {}, addOTP, "yes", true, "invalid"},
		{"another actor", func(*client) {}, bob, "yes", false, "invalid"},
		{"another identity", func(*client) {}, func(l *session.Login) { l.IdentityID = "another" }, "yes", false, "invalid"},
		{"nobody", func(*client) {}, func(l *session.Login) { *l = session.Login{} }, "session: a Login with neither an actor nor an identity", false, "1"},
		{"a session that has ended", func(c *client) { must(0, c.site.End(context.Background(), c.id)) }, nil, "invalid", false, "invalid"},
		{"a session that ends meanwhile", func(c *client) {
			c.site.store.once("Replace", first(func() { must(0, c.site.End(context.Background(), c.id)) }))
		}, nil, "invalid", false, "invalid"},
		{"a session that is used meanwhile", func(c *client) { c.site.store.once("Replace", first(func() { c.refresh(0) })) }, addOTP, "yes", true, "invalid"},
		{"an outage", func(c *client) { c.site.store.once("Replace", answering(errRefused)) }, addOTP, "unavailable", false, "1"},
		{"a lost answer", func(c *client) { c.site.store.once("Replace", losing(errRefused)) }, addOTP, "yes", true, "invalid"},
		{"a lost answer to another actor", func(c *client) { c.site.store.once("Replace", losing(errRefused)) }, bob, "yes", false, "invalid"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClient(nil)
			tt.arrange(c)
			tokens, err := c.site.RotateTokens(t.Context(), c.id, tt.change)
			check(t, "the error", map[bool]string{true: "invalid", false: told(err)}[isInvalid(err)], tt.err)
			check(t, "and ErrNotFound", errors.Is(err, session.ErrNotFound), tt.err == "invalid")
			check(t, "the ID stays", tokens.Context.SessionID == c.id, tt.sameID)
			check(t, "the old token", c.refresh(0), tt.refresh)
			_, err = c.site.Refresh(t.Context(), tokens.Refresh.Reveal())
			check(t, "the new token is good", err == nil, tt.err == "yes")
			check(t, "told of reuse", len(c.reused), 0)
		})
	}
	_, err := newSite(nil).RotateTokens(t.Context(), "", nil)
	check(t, "without an ID", isInvalid(err), true)
	check(t, "unavailable", auth.IsUnavailable(err), false)
}
