package session_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

func TestCookie(t *testing.T) {
	tests := []struct {
		name   string
		cookie session.CookieConfig
		set    string // what Start and Rotate set, with "…" for the value
		clear  string // what clears it
	}{
		{"by default", session.CookieConfig{},
			"__Host-sid=…; Path=/; HttpOnly; Secure; SameSite=Lax",
			"__Host-sid=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"},
		{"kept by the browser", session.CookieConfig{Persist: true},
			"__Host-sid=…; Path=/; Max-Age=86400; HttpOnly; Secure; SameSite=Lax",
			"__Host-sid=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"},
		{"for a domain", session.CookieConfig{InsecureDomain: "example.com"},
			"__Secure-sid=…; Path=/; Domain=example.com; HttpOnly; Secure; SameSite=Lax",
			"__Secure-sid=; Path=/; Domain=example.com; Max-Age=0; HttpOnly; Secure; SameSite=Lax"},
		{"for a path", session.CookieConfig{Path: "/app"},
			"__Secure-sid=…; Path=/app; HttpOnly; Secure; SameSite=Lax",
			"__Secure-sid=; Path=/app; Max-Age=0; HttpOnly; Secure; SameSite=Lax"},
		{"under another name", session.CookieConfig{Name: "__Host-login", SameSite: http.SameSiteStrictMode},
			"__Host-login=…; Path=/; HttpOnly; Secure; SameSite=Strict",
			"__Host-login=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict"},
		{"for frames in other sites", session.CookieConfig{InsecureCrossSite: true},
			"__Host-sid=…; Path=/; HttpOnly; Secure; SameSite=None",
			"__Host-sid=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=None"},
		{"for each site that embeds it", session.CookieConfig{InsecureCrossSite: true, Partitioned: true},
			"__Host-sid=…; Path=/; HttpOnly; Secure; SameSite=None; Partitioned",
			"__Host-sid=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=None; Partitioned"},
		{"for scripts to read", session.CookieConfig{InsecureScriptAccess: true},
			"__Host-sid=…; Path=/; Secure; SameSite=Lax",
			"__Host-sid=; Path=/; Max-Age=0; Secure; SameSite=Lax"},
		{"without TLS", session.CookieConfig{InsecurePlainHTTP: true},
			"sid=…; Path=/; HttpOnly; SameSite=Lax",
			"sid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(func(c *session.Config) { c.Cookie = tt.cookie })
				b := &browser{site: s}
				check(t, "Start sets", withoutValue(b.post("/login").SetCookie), tt.set)
				old := *b
				check(t, "Rotate sets", withoutValue(b.post("/rotate").SetCookie), tt.set)
				check(t, "ClearCookie sets", b.post("/logout").SetCookie, tt.clear)
				check(t, "a cookie that is no good gets", old.get("/me").SetCookie, tt.clear)
			})
		})
	}
}

// withoutValue returns a Set-Cookie field with its value left out.
func withoutValue(field string) string {
	before, after, _ := strings.Cut(field, "=")
	_, attributes, _ := strings.Cut(after, ";")
	return before + "=…;" + attributes
}

// The cookie that a browser keeps is gone when the session is, however often it is set anew.
func TestCookieIsKeptForTheRestOfTheLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSite(func(c *session.Config) { c.Cookie.Persist, c.Lifetime = true, time.Hour }).logIn()
		time.Sleep(25 * time.Minute)
		check(t, "after 25 minutes of an hour", withoutValue(b.post("/rotate").SetCookie),
			"__Host-sid=…; Path=/; Max-Age=2100; HttpOnly; Secure; SameSite=Lax")
	})
}

// A login page that clears a stale cookie, and then logs in, must not clear the new one as well.
func TestStartSetsTheCookieOnce(t *testing.T) {
	s := newSite(nil)
	s.page = func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "theme", Value: "dark"})
		must(s.Start(w, r, s.login))
		must(s.Start(w, r, s.login))
	}
	stale := &browser{site: s, cookie: "__Host-sid=stale"}
	set := stale.get("/page").SetCookie
	check(t, "the cookies set", strings.Count(set, "\n")+1, 2)
	check(t, "the other cookie is left alone", strings.HasPrefix(set, "theme=dark\n__Host-sid="), true)
	stale.cookie = strings.TrimPrefix(stale.cookie, "theme=dark; ")
	check(t, "a request", stale.get("/me"), passed("user ann"))
}

// A big login does not make a big cookie: it has room for the token only.
func TestCookieSizeIsThatOfTheToken(t *testing.T) {
	s := newSite(nil)
	small := s.logIn()
	s.login.UserMetadata = must(auth.NewMetadata(map[string]any{"avatar": strings.Repeat("x", 60_000)}))
	large := s.logIn()
	check(t, "the size", len(large.cookie), len(small.cookie))
	check(t, "a request", large.get("/me"), passed("user ann"))
}
