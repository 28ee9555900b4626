package session_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/session"
)

// What is kept of the client that logs in, by a cookie or by tokens, and of a visitor's.
func TestClientOfASession(t *testing.T) {
	proxies := func(c *session.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} }
	tests := []struct {
		name   string
		change func(*session.Config)
		lines  []string
		ip     string
		agent  string
	}{
		{"a browser", nil, []string{"User-Agent: Mozilla/5.0 (X11; Linux)"}, "192.0.2.1", "Mozilla/5.0 (X11; Linux)"},
		{"one that does not say", nil, nil, "192.0.2.1", ""},
		{"one that says it is behind a proxy", nil, []string{"X-Forwarded-For: 198.51.100.7"}, "192.0.2.1", ""},
		{"one behind a proxy", proxies, []string{"X-Forwarded-For: 203.0.113.9, 198.51.100.7"}, "198.51.100.7", ""},
		{"controls", nil, []string{"User-Agent: a\x00b\x1b[31mc\r\nd\u0085e\u202ef\u2028g\u200bh"}, "192.0.2.1", "ab[31mcdefgh"},
		{"what is not UTF-8", nil, []string{"User-Agent: a\xffb\xc3"}, "192.0.2.1", "ab"},
		{"more than 256 bytes", nil, []string{"User-Agent: " + strings.Repeat("x", 257)}, "192.0.2.1", strings.Repeat("x", 256)},
		{"a character across the 256th byte", nil, []string{"User-Agent: " + strings.Repeat("x", 254) + "€"}, "192.0.2.1", strings.Repeat("x", 254)},
		{"a character up to the 256th byte", nil, []string{"User-Agent: " + strings.Repeat("x", 253) + "€€"}, "192.0.2.1", strings.Repeat("x", 253) + "€"},
		{"a megabyte", nil, []string{"User-Agent: " + strings.Repeat("€", 1<<18)}, "192.0.2.1", strings.Repeat("€", 85)},
		{"a megabyte of controls", nil, []string{"User-Agent: " + strings.Repeat("\x01", 1<<20)}, "192.0.2.1", ""},
	}
	for _, tt := range tests {
		for _, path := range []string{"/login", "/tokens", "/visit"} {
			t.Run(tt.name+" at "+path, func(t *testing.T) {
				s := newSite(tt.change)
				got := s.send(request("POST", path, tt.lines...))
				rec := must(s.store.inner.Get(t.Context(), got.Body, time.Now()))
				check(t, "the address", rec.IP.String(), tt.ip)
				check(t, "the user agent", rec.UserAgent, tt.agent)
			})
		}
	}
}

// Over a Unix socket there is no address.
func TestClientWithoutAnAddress(t *testing.T) {
	s := newSite(nil)
	r := request("POST", "/login")
	r.RemoteAddr = "@"
	rec := must(s.store.inner.Get(t.Context(), s.send(r).Body, time.Now()))
	check(t, "the address", rec.IP, netip.Addr{})
}
