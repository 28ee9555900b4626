package auth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
)

func TestCrossOrigin(t *testing.T) {
	own := must(auth.NewCrossOrigin(auth.CrossOriginConfig{}))
	app := must(auth.NewCrossOrigin(auth.CrossOriginConfig{Origins: []string{"https://app.example", "http://localhost:3000", "https://api.example:8443"}}))
	plain := must(auth.NewCrossOrigin(auth.CrossOriginConfig{Origins: []string{"http://app.example"}, InsecurePlainHTTP: true}))
	ok, upgrade := http.StatusOK, "Upgrade: websocket"
	tests := []struct {
		name    string
		x       *auth.CrossOrigin
		request *http.Request
		want    int
	}{
		{"a client that is no browser", own, request("POST"), ok},
		{"the same origin", own, request("POST", "Sec-Fetch-Site: same-origin", "Origin: https://example.com"), ok},
		{"the same origin, as old browsers say it", own, request("POST", "Origin: https://example.com"), ok},
		{"the user's own doing", own, request("POST", "Sec-Fetch-Site: none"), ok},
		{"another site", own, request("POST", "Sec-Fetch-Site: cross-site"), 403},
		{"another site and its origin", own, request("POST", "Sec-Fetch-Site: cross-site", "Origin: https://evil.example"), 403},
		{"another host of the same site", own, request("POST", "Sec-Fetch-Site: same-site", "Origin: https://www.example.com"), 403},
		{"another site, as old browsers say it", own, request("POST", "Origin: https://evil.example"), 403},
		{"a site that it is not, which claims no origin", own, request("POST", "Sec-Fetch-Site: cross-site", "Origin: "), 403},
		{"nonsense for a site", own, request("POST", "Sec-Fetch-Site: SAME-ORIGIN"), 403},
		{"two sites", own, request("POST", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: cross-site"), 403},
		{"two origins", own, request("POST", "Origin: https://example.com", "Origin: https://evil.example"), 403},
		{"an empty and another origin", own, request("POST", "Origin: ", "Origin: https://evil.example"), 403},
		{"an opaque origin", own, request("POST", "Origin: null"), 403},
		{"a page that sends no referrer, and so no origin", own, request("POST", "Origin: null", "Sec-Fetch-Site: same-origin"), 200},
		{"an opaque origin of another site", own, request("POST", "Origin: null", "Sec-Fetch-Site: cross-site"), 403},
		{"a list of origins", own, request("POST", "Origin: https://example.com https://evil.example"), 403},
		{"a list of origins, the other first", own, request("POST", "Origin: https://evil.example https://example.com"), 403},
		{"a list of origins with a comma", own, request("POST", "Origin: https://example.com, https://evil.example"), 403},
		{"another port", own, request("POST", "Origin: https://example.com:8443"), 403},
		{"an origin that begins like it", own, request("POST", "Origin: https://example.com.evil.example"), 403},
		{"an origin that ends like it", own, request("POST", "Origin: https://evilexample.com"), 403},
		{"an origin with its host as the user", own, request("POST", "Origin: https://example.com@evil.example"), 403},
		{"an origin of http", own, request("POST", "Origin: http://example.com"), 403},
		{"an origin of http that says it is the same", own, request("POST", "Origin: http://example.com", "Sec-Fetch-Site: same-origin"), 403},
		{"an origin of something else", own, request("POST", "Origin: file://example.com"), 403},
		{"an origin without a scheme", own, request("POST", "Origin: //example.com"), 403},
		{"an origin that is a host only", own, request("POST", "Origin: example.com"), 403},
		{"an origin that is nonsense", own, request("POST", "Origin: ://"), 403},
		{"an origin with a control character", own, request("POST", "Origin: https://example.com\x00"), 403},
		{"a loopback origin", own, request("POST", "Origin: http://localhost:3000"), 403},
		{"a trusted origin", app, request("POST", "Origin: https://app.example", "Sec-Fetch-Site: cross-site"), ok},
		{"a trusted origin, as old browsers say it", app, request("POST", "Origin: https://app.example"), ok},
		{"a trusted origin with a port", app, request("POST", "Origin: https://api.example:8443", "Sec-Fetch-Site: cross-site"), ok},
		{"a trusted loopback origin", app, request("POST", "Origin: http://localhost:3000", "Sec-Fetch-Site: cross-site"), ok},
		{"a loopback origin with another port", app, request("POST", "Origin: http://localhost:3001", "Sec-Fetch-Site: cross-site"), 403},
		{"a trusted origin by http", app, request("POST", "Origin: http://app.example"), 403},
		{"a trusted origin by http, of another site", app, request("POST", "Origin: http://app.example", "Sec-Fetch-Site: cross-site"), 403},
		{"a trusted origin and another port", app, request("POST", "Origin: https://app.example:444"), 403},
		{"a host below a trusted one", app, request("POST", "Origin: https://x.app.example"), 403},
		{"beside trusted ones, the own", app, request("POST", "Origin: https://example.com"), ok},
		{"another site that claims none of the trusted", app, request("POST", "Sec-Fetch-Site: cross-site"), 403},
		{"plain http, the own", plain, request("POST", "Origin: http://example.com"), ok},
		{"plain http, trusted", plain, request("POST", "Origin: http://app.example", "Sec-Fetch-Site: cross-site"), ok},
		{"plain http, another", plain, request("POST", "Origin: http://evil.example"), 403},
		{"plain http, opaque", plain, request("POST", "Origin: null"), 403},
		{"plain http, a page that sends no referrer", plain, request("POST", "Origin: null", "Sec-Fetch-Site: same-origin"), 200},
		{"GET of another site", own, request("GET", "Sec-Fetch-Site: cross-site", "Origin: https://evil.example"), ok},
		{"HEAD of another site", own, request("HEAD", "Sec-Fetch-Site: cross-site"), ok},
		{"OPTIONS of another site", own, request("OPTIONS", "Sec-Fetch-Site: cross-site"), ok},
		{"PUT of another site", own, request("PUT", "Sec-Fetch-Site: cross-site"), 403},
		{"PATCH of another site", own, request("PATCH", "Sec-Fetch-Site: cross-site"), 403},
		{"DELETE of another site", own, request("DELETE", "Sec-Fetch-Site: cross-site"), 403},
		{"TRACE of another site", own, request("TRACE", "Sec-Fetch-Site: cross-site"), 403},
		{"CONNECT of another site, as HTTP/2 opens a WebSocket", own, withMethod("CONNECT", request("POST", "Sec-Fetch-Site: cross-site")), 403},
		{"a made-up method of another site", own, request("QUERY", "Sec-Fetch-Site: cross-site"), 403},
		{"get in lower case of another site", own, request("get", "Sec-Fetch-Site: cross-site"), 403},
		{"GET without a word, as the client writes it", own, withMethod("", request("GET", "Sec-Fetch-Site: cross-site")), ok},
		{"an upgrade of the same origin", own, get(upgrade, "Origin: https://example.com"), ok},
		{"an upgrade of a client that is no browser", own, get(upgrade), ok},
		{"an upgrade of another site", own, get(upgrade, "Sec-Fetch-Site: cross-site", "Origin: https://evil.example"), 403},
		{"an upgrade of another site, as old browsers say it", own, get(upgrade, "Origin: https://evil.example"), 403},
		{"an upgrade of an opaque origin", own, get(upgrade, "Origin: null"), 403},
		{"an upgrade of a trusted origin", app, get(upgrade, "Origin: https://app.example"), ok},
		{"an upgrade of a trusted origin by http", app, get(upgrade, "Origin: http://app.example"), 403},
		{"an upgrade to nothing of another site", own, get("Upgrade: ", "Origin: https://evil.example"), 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := *tt.request
			s := auth.Cookie("sid", users(), &auth.CookieOptions{CrossOrigin: tt.x})
			tt.request.Header.Set("Cookie", "sid=a11ce")
			got := require(s, tt.request)
			check(t, got.Status, tt.want)
			check(t, got.Passed == "user alice", tt.want == ok)
			check(t, (tt.x.Check(tt.request) == nil), tt.want == ok)
			check(t, tt.request.Method, before.Method)
			// A cookie that does not authenticate needs no protection, and one beside a token neither.
			check(t, optional(auth.Cookie("sid2", users(), nil), tt.request).Passed, "anonymous")
			tt.request.Header.Set("Authorization", "Bearer b0b")
			check(t, require(auth.AnyOf(s, auth.Bearer(users(), nil)), tt.request), asBob)
		})
	}
	check(t, require(auth.Cookie("sid", users(), nil), request("POST", "Cookie: sid=a11ce", "Origin: null")), crossSite())
}

func withMethod(method string, r *http.Request) *http.Request {
	r.Method = method
	return r
}

// Behind a proxy that ends TLS the server is still an https one.
func TestCrossOriginBehindProxy(t *testing.T) {
	r := httptest.NewRequest("POST", "http://example.com/", nil)
	r.Header.Set("Cookie", "sid=a11ce")
	r.Header.Set("Origin", "https://example.com")
	check(t, r.TLS == nil, true)
	check(t, require(auth.Cookie("sid", users(), nil), r), asAlice.vary())
	r.Header.Set("Origin", "http://example.com")
	check(t, require(auth.Cookie("sid", users(), nil), r), crossSite())
	check(t, require(auth.Cookie("sid", users(), &auth.CookieOptions{InsecurePlainHTTP: true}), r), asAlice.vary())
}

func TestCrossOriginConfig(t *testing.T) {
	for _, origin := range []string{
		"https://app.example", "https://app.example:8443", "https://[2001:db8::1]",
		"http://localhost:3000", "http://app.localhost:3000", "http://127.0.0.1:3000", "http://[::1]:3000",
	} {
		t.Run(origin, func(t *testing.T) {
			x := must(auth.NewCrossOrigin(auth.CrossOriginConfig{Origins: []string{origin}}))
			check(t, x.Check(request("POST", "Origin: "+origin, "Sec-Fetch-Site: cross-site")), nil)
		})
	}
	wrong := []struct{ origin, want string }{
		{"", "not scheme://host"},
		{"null", "not scheme://host"},
		{"*", "not scheme://host"},
		{"app.example", "not scheme://host"},
		{"//app.example", "not scheme://host"},
		{"https://", "not scheme://host"},
		{"https://app.example/", "not scheme://host"},
		{"https://app.example/path", "not scheme://host"},
		{"https://app.example?", "not scheme://host"},
		{"https://app.example?a=b", "not scheme://host"},
		{"https://app.example#", "not scheme://host"},
		{"https://user@app.example", "not scheme://host"},
		{" https://app.example", "not scheme://host"},
		{"https://app.example https://b.example", "not scheme://host"},
		{"https://App.example", "not in lower case"},
		{"HTTPS://app.example", ""},
		{"ftp://app.example", "neither https nor http"},
		{"chrome-extension://abcdef", "neither https nor http"},
		{"http://app.example", "plain http"},
		{"http://localhost.example", "plain http"},
		{"http://10.0.0.1", "plain http"},
		{"https://*.example", ""},       // which no browser sends, as are those below
		{"https://app.example:443", ""}, // the default
		{"http://localhost:80", ""},     // likewise
		{"https://münchen.example", ""}, // Punycode it is
	}
	var origins []string
	for _, tt := range wrong {
		t.Run(tt.origin, func(t *testing.T) {
			x, err := auth.NewCrossOrigin(auth.CrossOriginConfig{Origins: []string{"https://good.example", tt.origin}})
			check(t, x, nil)
			check(t, strings.Contains(fmt.Sprint(err), tt.want), true)
			check(t, strings.Contains(fmt.Sprint(err), fmt.Sprintf("%q", tt.origin)), true)
		})
		origins = append(origins, tt.origin)
	}
	_, err := auth.NewCrossOrigin(auth.CrossOriginConfig{Origins: origins})
	check(t, strings.Count(fmt.Sprint(err), "\n")+1, len(wrong)) // all mistakes are found at once
}

// The zero value refuses what it cannot tell, it does not break the connection.
func TestCrossOriginZero(t *testing.T) {
	got := reply{}
	with := panics(func() {
		s := auth.Cookie("sid", users(), &auth.CookieOptions{CrossOrigin: &auth.CrossOrigin{}})
		got = require(s, request("POST", "Cookie: sid=a11ce", "Sec-Fetch-Site: cross-site"))
	})
	check(t, got, crossSite())
	check(t, with, "")
}
