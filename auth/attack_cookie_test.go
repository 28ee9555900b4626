package auth_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
)

func prefixInOtherCase(t *testing.T) {
	v, key := issue()
	s := auth.Cookie("__Host-sid", v, nil)
	check(t, require(s, get("Cookie: __HOST-sid="+key+"; __host-sid="+key+"; sid="+key+"; __Secure-sid="+key+"; __Host-SID="+key)), unauthorized(asksCookie))
	for _, blank := range []string{"\u00a0", "\u2000", "\u2028", "\u3000", "\u0085", "\ufeff", "\v", "\f", "\x00"} { // a browser lets anybody set these
		check(t, require(s, get("Cookie: "+blank+"__Host-sid="+key)), unauthorized(asksCookie))
		check(t, require(s, get("Cookie: __Host-sid"+blank+"="+key)), unauthorized(asksCookie))
	}
	check(t, v.asked, 0)
	check(t, require(s, get("Cookie: __HOST-sid=bad; sid=bad; __Host-sid="+key)), asAlice.vary())
}

func manyCookies(t *testing.T) {
	v, key := issue()
	s := auth.Cookie("sid", v, nil)
	check(t, optional(s, get("Cookie: "+strings.Repeat("sid=x; sid=y; sid=z; ", 33))).Passed, "anonymous")
	check(t, v.asked, 3)
	check(t, optional(s, get("Cookie: sid=1; sid=2; sid=3; sid=4; sid=5")).Passed, "anonymous")
	check(t, v.asked, 7)
	check(t, optional(s, get("Cookie: "+strings.Repeat("sid=x; ", 101))).Passed, "anonymous")
	for _, field := range []string{"sid=" + key + "; a=" + strings.Repeat("x", 64<<10), strings.Repeat("a=;", 20000) + "sid=" + key, strings.Repeat("a=;", 5000) + "sid=" + key,
		strings.Repeat(";", 16<<10), strings.Repeat("sid;", 4096)} {
		check(t, optional(s, get("Cookie: "+field)).Passed, "anonymous")
	}
	check(t, v.asked, 7)
	check(t, require(s, get("Cookie: "+strings.Repeat("a=b; ", 99)+"sid="+key)), asAlice.vary())
}

func cookieInLogs(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	v, key := issue()
	for _, v := range []auth.TokenVerifier{v, answers(nil, errDown), answers(nil, errBug), answers(nil, nil)} {
		for _, value := range []string{key, key + "x", key + `\`, key + "; sid=" + key} {
			g := auth.New(auth.Cookie("sid", v, nil), &auth.Options{Logger: logger})
			for _, r := range []*http.Request{get("Cookie: sid=" + value), request("POST", "Cookie: sid="+value, "Origin: null", "Referer: https://evil.example")} {
				w := httptest.NewRecorder()
				g.Require(auth.Scopes("x"))(nil).ServeHTTP(w, r)
				_, err := g.Check(r)
				fmt.Fprintf(&out, "%v %v %+v\n", w.Result().Header, w.Body, err)
			}
		}
	}
	check(t, strings.Count(out.String(), key), 0)
	check(t, strings.Count(out.String(), "auth: refused") > 10, true)
}

func signInWithOldCookie(t *testing.T) {
	v, key := issue()
	s := auth.AnyOf(auth.Cookie("sid", v, nil), auth.Bearer(v, nil))
	check(t, optional(s, get("Cookie: sid="+spoiled(key))), asAnonymous.vary().setting(clearing))
}

func originByHTTP(t *testing.T) {
	v, key := issue()
	trusting := &auth.CookieOptions{CrossOrigin: must(auth.NewCrossOrigin(auth.CrossOriginConfig{Origins: []string{"https://app.example"}}))}
	for _, origin := range []string{"http://example.com", "http://app.example", "http://example.com:80", "ws://example.com"} {
		for _, site := range []string{"", "same-origin", "cross-site", "none"} {
			r := request("POST", "Cookie: sid="+key, "Origin: "+origin, "Sec-Fetch-Site: "+site)
			check(t, require(auth.Cookie("sid", v, nil), r), crossSite())
			check(t, require(auth.Cookie("sid", v, trusting), r), crossSite())
		}
	}
	check(t, require(auth.Cookie("sid", v, trusting), request("POST", "Cookie: sid="+key, "Origin: https://app.example")), asAlice.vary())
	_, err := auth.NewCrossOrigin(auth.CrossOriginConfig{Origins: []string{"http://app.example"}})
	check(t, err != nil, true)
}

func oddOrigins(t *testing.T) {
	v, key := issue()
	for _, origin := range []string{"null", "https://example.com, https://evil.example", "https://example.com https://evil.example", "https://example.com:8443", "https://example.com:443"} {
		check(t, require(auth.Cookie("sid", v, nil), request("POST", "Cookie: sid="+key, "Origin: "+origin)), crossSite())
	}
}

func crossOriginWebSocket(t *testing.T) {
	v, key := issue()
	s := auth.Cookie("sid", v, nil)
	handshake := []string{"Cookie: sid=" + key, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"}
	for _, from := range [][]string{{"Origin: https://evil.example"}, {"Origin: null"}, {"Sec-Fetch-Site: cross-site"}, {"Sec-Fetch-Site: same-site", "Origin: https://x.example.com"}} {
		check(t, require(s, get(append(from, handshake...)...)), crossSite())
		check(t, optional(s, get(append(from, handshake...)...)), crossSite())
	}
	check(t, require(s, get(append(handshake, "Origin: https://example.com")...)), asAlice.vary())
}

func secureBehindProxy(t *testing.T) {
	v, _ := issue()
	r := httptest.NewRequest("GET", "http://example.com/", nil) // the proxy has ended TLS
	r.Header.Set("Cookie", "sid=old")
	check(t, require(auth.Cookie("sid", v, nil), r).SetCookie, clearing)
}
