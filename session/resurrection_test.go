package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// A logout and a save of the same session, 10,000 times at once: nothing that saves brings a session back.
func TestLogoutAgainstSaves(t *testing.T) {
	ctx := context.Background()
	saves := []struct {
		name string
		save func(b *browser) error
	}{
		{"a request", func(b *browser) error { b.get("/me"); return nil }},
		{"Renew", func(b *browser) error { return b.site.Renew(ctx, b.id) }},
		{"Rotate", func(b *browser) error { b.post("/rotate"); return nil }},
		{"RotateTokens", func(b *browser) error { _, err := b.site.RotateTokens(ctx, b.id, addOTP); return err }},
		{"Update", func(b *browser) error { return b.site.Update(ctx, b.id, addOne) }},
		{"Refresh", func(b *browser) error { _, err := b.site.Refresh(ctx, b.site.RefreshToken(b.id, 0)); return err }},
		{"RefreshAccess", func(b *browser) error {
			_, err := b.site.RefreshAccess(&unread{http.Header{}}, request("POST", "/", "Cookie: "+b.cookie), b.site.who(b.id))
			return err
		}},
		{"RefreshAccess with other roles", func(b *browser) error {
			who := b.site.who(b.id)
			asOwner(&who)
			_, err := b.site.RefreshAccess(&unread{http.Header{}}, request("POST", "/", "Cookie: "+b.cookie), who)
			return err
		}},
		{"StartCookie", func(b *browser) error {
			_, err := b.site.StartCookie(&unread{http.Header{}}, request("POST", "/"), b.id)
			return err
		}},
	}
	ends := []func(b *browser) error{
		func(b *browser) error { return b.site.End(ctx, b.id) },
		func(b *browser) error { _, err := b.site.EndAll(ctx, ann, ""); return err },
		func(b *browser) error { _, err := b.site.EndIdentity(ctx, "identity of ann", ""); return err },
	}
	back := 0
	for i := range 10_000 {
		b := newResurrection()
		save := saves[i%len(saves)] // each with each of the ends
		var wg sync.WaitGroup
		wg.Go(func() {
			one := *b
			err := save.save(&one)
			bad := err != nil && !errors.Is(err, session.ErrNotFound) && !errors.Is(err, auth.ErrInvalidCredentials)
			check(t, save.name+" failed: "+fmt.Sprint(err), bad, false)
		})
		wg.Go(func() { check(t, "the end", ends[i/len(saves)%len(ends)](b), nil) })
		wg.Wait()
		_, err := b.site.store.inner.Get(ctx, b.id, time.Now())
		back += map[error]int{nil: 1}[err]
	}
	check(t, "sessions that came back", back, 0)
}

// newResurrection returns a browser that is logged in, where each use is written.
func newResurrection() *browser {
	return newSite(func(c *session.Config) { c.RenewInterval = 1 }).logIn()
}
