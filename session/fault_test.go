package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
)

// calls are all calls that the manager's methods make of a store.
var calls = []struct {
	name string
	verb string
	do   func(b *browser) reply
}{
	{"a request, reading", "Get", func(b *browser) reply { return b.get("/me") }},
	{"a request that needs no login, reading", "Get", func(b *browser) reply { return b.get("/page") }},
	{"Start, creating", "Create", func(b *browser) reply { b.cookie = ""; return b.post("/login") }},
	{"Start over a session, reading it", "Get", func(b *browser) reply { return b.post("/login") }},
	{"Start over a session, ending it", "Delete", func(b *browser) reply { return b.post("/login") }},
	{"Start over a session, creating", "Create", func(b *browser) reply { return b.post("/login") }},
	{"Rotate, reading", "Get", func(b *browser) reply { return b.post("/rotate") }},
	{"Rotate, replacing", "Replace", func(b *browser) reply { return b.post("/rotate") }},
	{"Renew, reading", "Get", func(b *browser) reply { return b.post("/renew/" + b.id) }},
	{"Renew, replacing", "Replace", func(b *browser) reply { time.Sleep(time.Minute); return b.post("/renew/" + b.id) }},
	{"Ended, reading", "Get", func(b *browser) reply { return b.get("/ended/" + b.id) }},
	{"End", "Delete", func(b *browser) reply { return b.post("/end/" + b.id) }},
	{"List", "List", func(b *browser) reply { return b.get("/list") }},
	{"EndAll", "DeleteAll", func(b *browser) reply { return b.post("/endall") }},
	{"EndIdentity", "DeleteIdentity", func(b *browser) reply { return b.post("/endidentity") }},
	{"StartTokens, creating", "Create", func(b *browser) reply { return b.post("/tokens") }},
	{"Refresh, reading", "Get", func(b *browser) reply { return b.post("/refresh/" + b.id) }},
	{"Refresh, replacing", "Replace", func(b *browser) reply { return b.post("/refresh/" + b.id) }},
	{"RotateTokens, reading", "Get", func(b *browser) reply { return b.post("/rotatetokens/" + b.id) }},
	{"RotateTokens, replacing", "Replace", func(b *browser) reply { return b.post("/rotatetokens/" + b.id) }},
	{"StartAccess, creating", "Create", func(b *browser) reply { return b.post("/startaccess") }},
	{"RefreshAccess, reading", "Get", func(b *browser) reply { return b.post("/refreshaccess/" + b.id) }},
	{"RefreshAccess of another role, replacing", "Replace", func(b *browser) reply { return b.refreshAs(asOwner) }},
	{"RefreshAccess of another actor, creating", "Create", func(b *browser) reply { return b.refreshAs(asBob) }},
	{"RefreshAccess of another actor, ending", "Replace", func(b *browser) reply { return b.refreshAs(asBob) }},
	{"StartCookie, reading", "Get", func(b *browser) reply { return b.post("/startcookie/" + b.id) }},
	{"StartCookie, replacing", "Replace", func(b *browser) reply { return b.post("/startcookie/" + b.id) }},
	{"StartCookie over a session, ending it", "Delete", func(b *browser) reply { return b.startCookieBesides("/login") }},
	{"StartCookie over a visitor's, ending it", "Replace", func(b *browser) reply { return b.startCookieBesides("/visit") }},
	{"StartAnonymous, creating", "Create", func(b *browser) reply { b.cookie = ""; return b.post("/visit") }},
	{"StartAnonymous over a session, reading it", "Get", func(b *browser) reply { b.post("/endall"); return b.post("/visit") }},
	{"Current", "Get", func(b *browser) reply { return b.get("/current") }},
	{"Update, reading", "Get", func(b *browser) reply { return b.post("/count/" + b.id) }},
	{"Update, replacing", "Replace", func(b *browser) reply { return b.post("/count/" + b.id) }},
}

// Whatever the store does not answer is 503 in time: nobody passes, nobody is told to log in, no cookie is set or cleared.
func TestOutage(t *testing.T) {
	tests := []struct {
		name  string
		fault fault
	}{
		{"the store fails", answering(errRefused)},
		{"the store hangs", hanging},
		{"the store was refused by another that it asked", answering(fmt.Errorf("vault: %w", auth.ErrInvalidCredentials))},
		{"the store wraps a refusal", answering(&auth.Error{Status: http.StatusUnauthorized, Err: auth.ErrInvalidCredentials})},
		{"the store says no credentials", answering(auth.NoCredentials())},
		{"the store is full", answering(fmt.Errorf("full: %w", auth.ErrUnavailable))},
	}
	for _, tt := range tests {
		for _, call := range calls {
			t.Run(call.name+": "+tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newSite(nil).logIn()
					b.site.store.on(call.verb, tt.fault)
					start := time.Now()
					check(t, "the answer", call.do(b), unavailable)
					check(t, "it took too long", time.Since(start) > time.Minute+5*time.Second, false)
					check(t, "failures logged", strings.Count(b.site.log.String(), "level=ERROR msg=\"auth: refused\" status=503"), 1)
				})
			})
		}
	}
}

// When the store answers nothing at all, that takes no longer than its few calls may.
func TestStoreThatHangs(t *testing.T) {
	for _, call := range calls {
		t.Run(call.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newSite(nil).logIn()
				b.site.store.onAll(hanging)
				start := time.Now()
				check(t, "the answer", call.do(b), unavailable)
				check(t, "it took too long", time.Since(start) > time.Minute+3*session.DefaultStoreTimeout, false)
			})
		})
	}
}

// A store of several parts finds nothing in one and cannot ask another: it does not know that there is nothing.
func TestHalfAnOutage(t *testing.T) {
	half := answering(errors.Join(session.ErrNotFound, auth.ErrUnavailable))
	for _, call := range calls {
		t.Run(call.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newSite(nil).logIn()
				b.site.store.on(call.verb, half)
				check(t, "the answer", call.do(b), unavailable)
			})
		})
	}
}

// When the client hangs up, at whatever call of the store, what it asked for is done as a whole or not at all, and going
// on from there works.
func TestClientLeaves(t *testing.T) {
	for _, path := range []string{
		"/me", "/page", "/login", "/rotate", "/logout", "/endall", "/visit", "/tokens", "/startaccess", "/refreshaccess/{id}", "/startcookie/{id}",
	} {
		for nth := range 5 {
			t.Run(fmt.Sprintf("%s, call %d", path, nth), func(t *testing.T) {
				b := newSite(nil).logIn()
				ctx, leave := context.WithCancel(t.Context())
				left := nth
				b.site.store.onAll(func(_ context.Context, call func() error) error {
					if left--; left < 0 {
						leave()
					}
					return call()
				})
				b.site.admit = asOwner
				got := b.site.send(request("POST", strings.ReplaceAll(path, "{id}", b.id), "Cookie: "+b.cookie).WithContext(ctx))
				check(t, "answered with the truth", got.Status == 503, left < 0)
				check(t, "a cookie is set by what was not done", got.Status == 503 && got.SetCookie != "", false)
				b.keep(got.SetCookie)
				b.site.store.onAll(nil)
				leave()
				check(t, "the next login", b.post("/login").Status, 200)
				check(t, "the next request", b.get("/me"), passed("user ann"))
			})
		}
	}
}

// IDs that are taken again and again are a store that is broken.
func TestStartFindsNoID(t *testing.T) {
	s := newSite(nil)
	s.store.on("Create", answering(session.ErrExists))
	check(t, "the login", s.post("/login"), unavailable)
	check(t, "attempts", s.store.count("Create"), 4)
	check(t, "sessions", s.post("/list").Body, "0")
}

// A store that panics opens no door, and the next request is fine.
func TestStoreThatPanics(t *testing.T) {
	for _, call := range calls {
		t.Run(call.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newSite(nil).logIn()
				b.site.store.once(call.verb, first(func() { panic("boom") }))
				check(t, "the panic", panics(func() { call.do(b) }), "boom")
				check(t, "the next call", call.do(b).Status, 200)
			})
		})
	}
}

// An end that cannot be stored is said to be none, and the cookie stays good.
func TestEndThatFails(t *testing.T) {
	b := newSite(nil).logIn()
	b.site.store.on("Delete", answering(errRefused))
	b.site.store.on("DeleteAll", answering(errRefused))
	err := b.site.End(t.Context(), b.id)
	check(t, "End is unavailable", errors.Is(err, auth.ErrUnavailable), true)
	check(t, "End names the cause", strings.Contains(err.Error(), errRefused.Error()), true)
	n, err := b.site.EndAll(t.Context(), ann, "")
	check(t, "EndAll is unavailable", errors.Is(err, auth.ErrUnavailable), true)
	check(t, "ended", n, 0)
	check(t, "a request", b.get("/me"), passed("user ann"))
	check(t, "End of an unknown one is unavailable", errors.Is(b.site.End(t.Context(), token.NewID()), auth.ErrUnavailable), true)
}

// panics returns what f panics with.
func panics(f func()) (with string) {
	defer func() { with = fmt.Sprint(recover()) }()
	f()
	return ""
}

// A record that cannot be made out is none: its browser is anonymous, not shut out until the operator comes.
func TestCorruptRecord(t *testing.T) {
	b := newSite(nil).logIn()
	b.site.store.on("Get", answering(fmt.Errorf("decode: %w", session.ErrCorrupt)))
	check(t, "a request", b.get("/me"), unauthorized(clearing))
	check(t, "the session has ended for tokens", must(b.site.Ended(t.Context(), b.id)), true)
	check(t, "the operator is told", strings.Contains(b.site.log.String(), "level=ERROR msg=\"session: corrupt record\" session="+b.id), true)
}
