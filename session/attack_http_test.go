package session_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/countersign-go/countersign/auth"
)

func upgrades(t *testing.T) {
	b := newSite(nil).logIn()
	calls := b.site.calls.Load()
	for _, lines := range [][]string{
		{"Origin: https://evil.example"},
		{"Origin: https://evil.example", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: websocket"},
		{"Sec-Fetch-Site: same-site"},
		{"Origin: null"},
		{"Origin: http://example.com"},
	} {
		lines = append(lines, "Connection: Upgrade", "Upgrade: websocket", "Sec-Websocket-Version: 13")
		check(t, lines[0], b.get("/me", lines...), crossOrigin)
		check(t, lines[0]+", in lower case", b.get("/page", append(lines, "upgrade: h2c")...), crossOrigin)
		extended := request("GET", "/me", lines[0], "Cookie: "+b.cookie)
		extended.Method = "CONNECT" // as HTTP/2 does it, RFC 8441
		check(t, lines[0]+", by HTTP/2", b.site.send(extended), crossOrigin)
	}
	check(t, "handlers called", b.site.calls.Load(), calls)
}

func behindAProxy(t *testing.T) {
	s := newSite(nil)
	for _, lines := range [][]string{nil, {"X-Forwarded-Proto: https"}, {"X-Forwarded-Proto: http", "Forwarded: proto=http"}} {
		r := request("POST", "/login", lines...)
		r.URL.Scheme, r.TLS = "http", nil
		check(t, "the cookie", withoutValue(s.send(r).SetCookie), "__Host-sid=…; Path=/; HttpOnly; Secure; SameSite=Lax")
	}
}

func beside(t *testing.T) {
	b := newSite(nil).logIn()
	bearer := auth.Bearer(auth.TokenVerifierFunc(func(context.Context, auth.Credential) (*auth.AuthContext, error) {
		return nil, fmt.Errorf("%w: expired", auth.ErrInvalidCredentials)
	}), nil)
	for _, scheme := range []auth.Scheme{auth.AnyOf(b.site.Scheme(), bearer), auth.AnyOf(bearer, b.site.Scheme())} {
		b.site.mux = http.NewServeMux()
		guard := auth.New(scheme, nil)
		b.site.mux.Handle("/me", guard.Require()(http.HandlerFunc(b.site.me)))
		b.site.mux.Handle("/page", guard.Optional()(http.HandlerFunc(b.site.me)))
		for _, path := range []string{"/me", "/page"} {
			got := b.get(path, "Authorization: Bearer expired")
			check(t, path, got.Status, 401)
			check(t, path+" asks", got.Challenge, `Bearer realm="api", error="invalid_token"`)
		}
		check(t, "the cookie alone", b.get("/me"), passed("user ann"))
	}
}

func nobody(t *testing.T) {
	s := newSite(nil)
	check(t, "where none is needed", s.send(request("GET", "/page")).Body, "anonymous")
	check(t, "where one is", s.send(request("GET", "/me")), unauthorized(""))
}

func spoofedFields(t *testing.T) {
	b := newSite(nil).logIn()
	for _, line := range []string{
		"X-User: ann", "X-Forwarded-User: ann", "X-Session-Id: " + b.id, "X-Countersign-Skip: 1", "Sid: " + b.value(),
		"Authorization: Cookie " + b.value(), "X-Cookie: " + b.cookie, "Set-Cookie: " + b.cookie, "User-Agent: kube-probe/1.31",
		"X-Middleware-Subrequest: middleware", "X-Original-Url: /page", "X-Http-Method-Override: OPTIONS",
	} {
		check(t, line, b.site.send(request("GET", "/me", line)), unauthorized(""))
		check(t, line+", from another site", b.post("/me", line, "Sec-Fetch-Site: cross-site"), crossOrigin)
	}
	r := request("GET", "/me?sid="+b.value()+"&__Host-sid="+b.value())
	check(t, "in the query", b.site.send(r), unauthorized(""))
}

func cachedRefusal(t *testing.T) {
	s := newSite(nil)
	b := s.logIn()
	check(t, "a refusal", s.send(request("GET", "/me")).Cache, "no-store")
	check(t, "a refusal of a cross-origin request", b.post("/me", "Origin: null").Cache, "no-store")
	s.store.on("Get", answering(errRefused))
	check(t, "an outage", b.get("/me").Cache, "no-store")
	s.store.on("Get", nil)
	check(t, "what passes", b.get("/me").Cache, "private")
}

// Each refusal is answered by the guard alone, and each 401 asks for something.
func refusedAtEveryDoor(t *testing.T) {
	b := newSite(nil).logIn()
	ended := b.site.logIn()
	check(t, "ending one", b.site.End(t.Context(), ended.id), nil)
	for _, cookie := range []string{"", "__Host-sid=", "__Host-sid=x", ended.cookie, "sid=" + b.value(), b.cookie + "x",
		"__Host-sid=" + b.id, b.cookie + "; " + b.site.logIn().cookie, "=;=", "__Host-sid"} {
		b.site.anonymous(t, cookie, cookie)
		b.site.anonymous(t, cookie+" in two fields", cookie, cookie)
	}
}

func brokenStoreTellsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, call := range calls {
			b := newSite(nil).logIn()
			b.site.store.on(call.verb, answering(errRefused))
			got := fmt.Sprint(call.do(b))
			for _, word := range []string{"hunter2", "10.0.0.7", "dial", "session", "password"} {
				check(t, call.name+" says "+word, strings.Contains(got, word), false)
			}
		}
	})
}
