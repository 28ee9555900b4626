package session_test

import (
	"log/slog"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// A request of a session with both: a new secret by either kind of carrier voids what the other has.
func TestRotateVoidsBoth(t *testing.T) {
	tests := []struct {
		name   string
		rotate func(b *browser)
		cookie int
	}{
		{"by the cookie", func(b *browser) { b.post("/rotate") }, 200},
		{"by tokens", func(b *browser) { b.post("/rotatetokens/" + b.id) }, 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newSite(nil).logIn()
			old := *b
			tt.rotate(b)
			check(t, "the old cookie", old.get("/me").Status, 401)
			check(t, "the new one", b.get("/me").Status, tt.cookie)
			check(t, "the old refresh token", b.post("/refresh/"+b.id).Status, 401)
			check(t, "the session goes on", must(b.site.Ended(t.Context(), b.id)), false)
			_, err := b.site.Refresh(t.Context(), b.site.RefreshToken(b.id, 1))
			check(t, "the new refresh token", err, nil)
		})
	}
}

// Two managers with different cookies, over one store and with the same keys, do not know each other's cookies and tokens.
func TestManagersOfDifferentCookies(t *testing.T) {
	store := memory.NewSessions(nil)
	of := func(name string) *site {
		return newSite(func(c *session.Config) { c.Store, c.Cookie.Name = store, name })
	}
	shop, admin := of("__Host-shop"), of("__Host-admin")
	both := auth.New(auth.AnyOf(shop.Scheme(), admin.Scheme()), &auth.Options{Logger: slog.New(slog.DiscardHandler)})
	for _, pair := range [][2]*site{{shop, admin}, {admin, shop}} {
		b := pair[0].logIn()
		name := map[*site]string{shop: "__Host-shop", admin: "__Host-admin"}[pair[1]]
		check(t, "at its own", b.get("/me"), passed("user ann"))
		check(t, "at the other", pair[1].send(request("GET", "/me", "Cookie: "+b.cookie)).Status, 401)
		check(t, "at the other, by its name", pair[1].send(request("GET", "/me", "Cookie: "+name+"="+b.value())).Status, 401)
		ac, err := both.Check(request("GET", "/", "Cookie: "+b.cookie))
		check(t, "at a guard with both", err, nil)
		check(t, "the session there", ac.SessionID, b.id)
		tokens := must(pair[0].StartTokens(request("POST", "/"), annsLogin()))
		_, err = pair[1].Refresh(t.Context(), tokens.Refresh.Reveal())
		check(t, "the refresh token at the other is refused", isInvalid(err), true)
		_, err = pair[0].Refresh(t.Context(), tokens.Refresh.Reveal())
		check(t, "the refresh token at its own", err, nil)
	}
}
