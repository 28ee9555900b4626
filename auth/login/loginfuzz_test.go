package login_test

import (
	"crypto/rand"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth/login"
)

// Whatever is sent wherever: the answer is JSON, nothing panics, nobody gets in, and nothing is an outage or a bug. Each request
// is sent to a site of its own, where ann is registered, with a password that nobody knows: else one request could register whom
// the next logs in, and from the 501st on they would be told to wait.
func FuzzHandler(f *testing.F) {
	for _, seed := range [][3]string{
		{"POST", "/auth/customer/password", annsLogin},
		{"POST", "/auth/customer/password", `{"email":"ann@example.com","password":"wrong","password":"x"}`},
		{"GET", "/auth/customer/pages/callback?state=state_aaaaaaaaaaaaaaaa_b&code=%00", ""},
		{"POST", "/auth/customer/pages/callback", `{"state":"state_a_b","code":null}`},
		{"POST", "/auth/customer/password/reset-password", `{"identifier":"\u0000@","metadata":{"a":[]}}`},
		{"POST", "/auth/customer/password/update", `{"password":"battery staple"}`},
		{"POST", "/auth/verification/confirm", `{"code":"verification_aaaaaaaaaaaaaaaa_b"}`},
		{"POST", "/auth/token/refresh", ""}, {"DELETE", "/auth/session", ""}, {"GET", "/auth/%2e%2e/providers", ""},
		{"POST", "/auth/customer/password/register", `{"email":"\ud800@x","password":"p"}`},
		{"POST", "/auth/customer/password/register", annsLogin},
		{"POST", "/auth/customer/password/register", `{"email":"bob@example.com","password":"p"}`},
		{"POST", "/auth/customer/password?/register", `{"email":"bob@example.com","password":"p"}`},
		{"POST", "/auth/customer/password/register", `{"email":"bob","password":"p"}`},
		{"POST", "/auth/customer/password/register", `{"email":"bob@example.com","password":"\u0000"}`},
		{"POST", "/auth/customer/password/register", `{"email":"bob@example.com","password":"` + strings.Repeat("p", 5000) + `"}`},
		{"POST", "/auth/customer/password/reset-password", `{"identifier":"ann@example.com"}`},
	} {
		f.Add(seed[0], seed[1], seed[2], "Bearer reset_aaaaaaaaaaaaaaaa_b", "__Host-device=x; __Host-flow-aaaaaaaa=y")
	}
	patient := func(c *login.Config) { c.StoreTimeout, c.ProviderTimeout = time.Minute, time.Minute } // as machines may be busy
	f.Fuzz(func(t *testing.T, method, target, body, authorization, cookie string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(u.Path, "/auth/") {
			return
		}
		s := newSite(patient)
		s.browser().send(toPassword+"/register", `{"email":"ann@example.com","password":"`+rand.Text()+`"}`)
		r := httptest.NewRequest("POST", "https://shop.example/", strings.NewReader(body))
		r.Method, r.URL = method, u
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", authorization)
		r.Header.Set("Cookie", cookie)
		got := s.browser().do(r)
		registered := strings.HasSuffix(u.Path, "/register") && got.Status == 200
		if got.Status >= 500 || got.at("token") != "null" && !registered {
			t.Errorf("%s %q %q: %d %s", method, target, body, got.Status, got.Text)
		}
		if got.Body == nil && got.Text != "Created" && method != "HEAD" {
			t.Errorf("%s %q %q: %d %q is no JSON", method, target, body, got.Status, got.Text)
		}
	})
}
