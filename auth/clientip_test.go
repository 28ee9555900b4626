package auth_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
)

var proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")}

func TestClientIP(t *testing.T) {
	for _, test := range []struct {
		name      string
		remote    string
		forwarded []string
		want      string
	}{
		{"without a proxy it is the peer", "192.0.2.1:1234", nil, "192.0.2.1"},
		{"a peer that is no proxy is not believed", "192.0.2.1:1234", []string{"203.0.113.7"}, "192.0.2.1"},
		{"a proxy is believed", "10.0.0.1:1234", []string{"203.0.113.7"}, "203.0.113.7"},
		{"what the client made up is further left", "10.0.0.1:1234", []string{"1.1.1.1, 203.0.113.7"}, "203.0.113.7"},
		{"proxies are passed over", "10.0.0.1:1234", []string{"1.1.1.1, 203.0.113.7, 10.0.0.3, 10.0.0.2"}, "203.0.113.7"},
		{"fields are one list", "10.0.0.1:1234", []string{"1.1.1.1", "203.0.113.7,10.0.0.3", "10.0.0.2"}, "203.0.113.7"},
		{"a client among the proxies is the last one", "10.0.0.1:1234", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"without a field it is the proxy", "10.0.0.1:1234", nil, "10.0.0.1"},
		{"an empty field ends the search", "10.0.0.1:1234", []string{""}, "10.0.0.1"},
		{"what is no address ends the search", "10.0.0.1:1234", []string{"203.0.113.7, unknown, 10.0.0.2"}, "10.0.0.2"},
		{"a name is no address", "10.0.0.1:1234", []string{"localhost"}, "10.0.0.1"},
		{"an address may have a port", "10.0.0.1:1234", []string{"203.0.113.7:5678"}, "203.0.113.7"},
		{"IPv6 may have brackets and a port", "[2001:db8:1::1]:1234", []string{"[2001:db8::7]:5678"}, "2001:db8::7"},
		{"IPv6 may have brackets alone", "[2001:db8:1::1]:1234", []string{"[2001:db8::7]"}, "2001:db8::7"},
		{"IPv4 within IPv6 is IPv4", "[::ffff:10.0.0.1]:1234", []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		{"a zone is left out", "[fe80::1%eth0]:1234", nil, "fe80::1"},
		{"a zone does not hide a proxy", "[2001:db8:1::1%eth0]:1234", []string{"203.0.113.7"}, "203.0.113.7"},
		{"a socket without an address has none", "@", []string{"203.0.113.7"}, "invalid IP"},
		{"more than any chain is not read", "10.0.0.1:1234", []string{"203.0.113.7" + strings.Repeat(",10.0.0.2", 32)}, "10.0.0.2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: test.remote, Header: http.Header{"X-Forwarded-For": test.forwarded}}
			if got := auth.ClientIP(r, proxies); got.String() != test.want {
				t.Errorf("ClientIP is %v, want %s", got, test.want)
			}
			c := auth.Credential{Remote: test.remote, Forwarded: strings.Join(test.forwarded, ",")}
			if got := c.ClientIP(proxies); got.String() != test.want {
				t.Errorf("Credential.ClientIP is %v, want %s", got, test.want)
			}
		})
	}
}

func TestClientIPBelievesNobodyByDefault(t *testing.T) {
	r := &http.Request{RemoteAddr: "127.0.0.1:1234", Header: http.Header{"X-Forwarded-For": {"203.0.113.7"}}}
	if got := auth.ClientIP(r, nil); got.String() != "127.0.0.1" {
		t.Errorf("got %v, want the peer", got)
	}
}

// Where nobody is believed, nothing is read: most servers have no proxies, and most requests no field.
func TestClientIPOfMostRequestsIsFree(t *testing.T) {
	r := &http.Request{RemoteAddr: "192.0.2.1:1"}
	if n := testing.AllocsPerRun(10, func() { auth.ClientIP(r, nil) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// A field of a megabyte of commas must not cost more than the addresses that are looked at.
func TestClientIPIsBounded(t *testing.T) {
	r := &http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{"X-Forwarded-For": {strings.Repeat("10.0.0.2,", 100_000) + "10.0.0.2"}}}
	if n := testing.AllocsPerRun(10, func() { auth.ClientIP(r, proxies) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
