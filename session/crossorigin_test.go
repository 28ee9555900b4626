package session_test

import (
	"testing"

	"github.com/countersign-go/countersign/session"
)

// No page of another origin can log a browser in, use its session or change it.
func TestCrossOrigin(t *testing.T) {
	trusting := func(c *session.Config) { c.Origins = []string{"https://app.example.com", "http://localhost:3000"} }
	plain := func(c *session.Config) { c.Cookie.InsecurePlainHTTP = true }
	const upgrade = "Upgrade: websocket"
	tests := []struct {
		name   string
		change func(*session.Config)
		method string
		lines  []string
		passes bool
	}{
		{"no browser", nil, "POST", nil, true},
		{"our own page", nil, "POST", []string{"Sec-Fetch-Site: same-origin", "Origin: https://example.com"}, true},
		{"the user", nil, "POST", []string{"Sec-Fetch-Site: none"}, true},
		{"our own page in an old browser", nil, "POST", []string{"Origin: https://example.com"}, true},
		{"our own page on a port in an old browser", nil, "POST", []string{"Origin: https://example.com:8443"}, false},
		{"another site", nil, "POST", []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"}, false},
		{"another site that deletes", nil, "DELETE", []string{"Sec-Fetch-Site: cross-site"}, false},
		{"another site that puts", nil, "PUT", []string{"Sec-Fetch-Site: cross-site"}, false},
		{"a sibling", nil, "POST", []string{"Sec-Fetch-Site: same-site", "Origin: https://blog.example.com"}, false},
		{"another site in an old browser", nil, "POST", []string{"Origin: https://evil.example"}, false},
		{"another site whose name begins alike", nil, "POST", []string{"Origin: https://example.com.evil.example"}, false},
		{"a sandboxed frame", nil, "POST", []string{"Origin: null"}, false},
		{"a page that sends no referrer, and so no origin", nil, "POST", []string{"Origin: null", "Sec-Fetch-Site: same-origin"}, true},
		{"a sandboxed frame in a new browser", nil, "POST", []string{"Origin: null", "Sec-Fetch-Site: cross-site"}, false},
		{"two origins", nil, "POST", []string{"Origin: https://example.com", "Origin: https://evil.example"}, false},
		{"two origins in one field", nil, "POST", []string{"Origin: https://evil.example https://example.com"}, false},
		{"two sites", nil, "POST", []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site"}, false},
		{"the plain twin of our page", nil, "POST", []string{"Origin: http://example.com"}, false},
		{"the plain twin of our page, where we are plain", plain, "POST", []string{"Origin: http://example.com"}, true},
		{"another site, where we are plain", plain, "POST", []string{"Origin: http://evil.example"}, false},
		{"a trusted origin", trusting, "POST", []string{"Sec-Fetch-Site: cross-site", "Origin: https://app.example.com"}, true},
		{"a trusted origin in development", trusting, "POST", []string{"Sec-Fetch-Site: cross-site", "Origin: http://localhost:3000"}, true},
		{"the plain twin of a trusted origin", trusting, "POST", []string{"Sec-Fetch-Site: cross-site", "Origin: http://app.example.com"}, false},
		{"another port of a trusted origin", trusting, "POST", []string{"Sec-Fetch-Site: cross-site", "Origin: https://app.example.com:444"}, false},
		{"an upgrade by our own page", nil, "GET", []string{"Sec-Fetch-Site: same-origin", upgrade}, true},
		{"an upgrade by another site", nil, "GET", []string{"Sec-Fetch-Site: cross-site", upgrade}, false},
		{"an upgrade by another site in an old browser", nil, "GET", []string{"Origin: https://evil.example", upgrade}, false},
		{"an upgrade by a trusted origin", trusting, "GET", []string{"Origin: https://app.example.com", upgrade}, true},
		{"a link from another site", nil, "GET", []string{"Sec-Fetch-Site: cross-site"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(tt.change)
			b := s.logIn()
			// A request, a change of secret and a login, each as that origin has it sent.
			for _, path := range []string{"/me", "/rotate", "/login"} {
				before := *b
				got := b.send(tt.method, path, tt.lines...)
				check(t, path+" passes", got.Status == 200, tt.passes)
				check(t, path+" is refused", got == crossOrigin, !tt.passes)
				check(t, path+" changes the cookie", b.cookie != before.cookie, tt.passes && path != "/me")
			}
			check(t, "sessions", s.post("/list").Body, "1")
			check(t, "the browser afterwards", b.get("/me"), passed("user ann"))
		})
	}
}

// The attacker has no session yet, or one of the victim's browser's: neither is exchanged for his.
func TestLoginFromAnotherSite(t *testing.T) {
	s := newSite(nil)
	fresh := &browser{site: s}
	check(t, "a login", fresh.post("/login", "Sec-Fetch-Site: cross-site"), crossOrigin)
	check(t, "a cookie is set", fresh.cookie, "")
	check(t, "sessions", s.post("/list").Body, "0")
}
