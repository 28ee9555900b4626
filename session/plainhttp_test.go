package session_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/countersign-go/countersign/session"
)

// plainly returns a request without TLS.
func plainly(path string, lines ...string) *http.Request {
	r := request("POST", path, lines...)
	r.URL.Scheme, r.TLS = "http", nil
	return r
}

// Who serves plain HTTP sees that nobody can log in: the log says why, once, and nothing else depends on it.
func TestPlainHTTPIsWarnedOf(t *testing.T) {
	tests := []struct {
		name  string
		r     *http.Request
		plain bool // InsecurePlainHTTP
		warns int
	}{
		{"with TLS", request("POST", "/login"), false, 0},
		{"without", plainly("/login"), false, 1},
		{"without, for a visitor", plainly("/visit"), false, 1},
		{"behind a proxy that says nothing", plainly("/login", "X-Forwarded-For: 192.0.2.1"), false, 1},
		{"behind a proxy that has TLS", plainly("/login", "X-Forwarded-Proto: https"), false, 0},
		{"behind two of which one has TLS", plainly("/login", "X-Forwarded-Proto: HTTPS, http"), false, 0},
		{"behind a proxy that has none", plainly("/login", "X-Forwarded-Proto: http"), false, 1},
		{"behind a proxy of RFC 7239", plainly("/login", "Forwarded: for=192.0.2.1;proto=https;by=203.0.113.4"), false, 0},
		{"behind a proxy of RFC 7239 that quotes", plainly("/login", `Forwarded: For="[2001:db8::1]";Proto="https"`), false, 0},
		{"behind a proxy of RFC 7239 that has none", plainly("/login", "Forwarded: proto=http"), false, 1},
		{"in development", plainly("/login"), true, 0},
		{"without a cookie that is set", plainly("/tokens"), false, 0},
		{"at a request", plainly("/page"), false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(func(c *session.Config) { c.Cookie.InsecurePlainHTTP = tt.plain })
			for range 3 {
				check(t, "the answer", s.send(tt.r).Status, 200)
			}
			log := s.log.String()
			check(t, "warnings", strings.Count(log, "level=WARN"), tt.warns)
			for _, word := range []string{"cookie=__Host-sid", "serve TLS", "X-Forwarded-Proto: https", "InsecurePlainHTTP"} {
				check(t, "says "+word, strings.Count(log, word), tt.warns)
			}
		})
	}
}

func TestPlainHTTPIsWarnedOfOnce(t *testing.T) {
	s := newSite(nil)
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() { s.send(plainly("/login")) })
	}
	wg.Wait()
	check(t, "warnings", strings.Count(s.log.String(), "level=WARN"), 1)
}
