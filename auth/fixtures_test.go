package auth_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var (
	alice = &auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "alice"}, CredentialID: "c1", SessionID: "s1"}
	bob   = &auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "bob"}, CredentialID: "c2", SessionID: "s2"}
	guest = &auth.AuthContext{IdentityID: "guest", CredentialID: "c3", SessionID: "s3"} // without an actor

	errDown = fmt.Errorf("store: %w", auth.ErrUnavailable)
	errBug  = errors.New("boom")
	errBad  = fmt.Errorf("%w: revoked", auth.ErrInvalidCredentials)
)

// A book is a verifier that accepts the tokens in it, refuses all others, and remembers what it was asked.
type book struct {
	tokens map[string]*auth.AuthContext
	asked  []string
}

func (b *book) VerifyToken(_ context.Context, c auth.Credential) (*auth.AuthContext, error) {
	b.asked = append(b.asked, c.Token)
	if ac := b.tokens[c.Token]; ac != nil {
		return ac, nil
	}
	return nil, fmt.Errorf("%w: unknown", auth.ErrInvalidCredentials)
}

// users returns a book of two.
func users() *book { return &book{tokens: map[string]*auth.AuthContext{"a11ce": alice, "b0b": bob}} }

// answers is a verifier that always answers the same.
func answers(ac *auth.AuthContext, err error) auth.TokenVerifier {
	return auth.TokenVerifierFunc(func(context.Context, auth.Credential) (*auth.AuthContext, error) { return ac, err })
}

// always is a scheme that answers each request the same.
func always(ac *auth.AuthContext, err error) auth.Scheme {
	return auth.SchemeFunc(func(*http.Request) (*auth.AuthContext, error) { return ac, err })
}

// counted is s, which counts how often it is asked.
func counted(s auth.Scheme, n *int) auth.Scheme {
	return auth.SchemeFunc(func(r *http.Request) (*auth.AuthContext, error) {
		*n++
		return s.Authenticate(r)
	})
}

type (
	door = func(http.Handler) http.Handler
	chk  = func(r *http.Request, ac *auth.AuthContext) (*auth.AuthContext, error) // what Then wants
)

// request returns one to https://example.com/ with the fields in lines, each "Name: value".
func request(method string, lines ...string) *http.Request {
	r := httptest.NewRequest(method, "https://example.com/", nil)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		name = textproto.CanonicalMIMEHeaderKey(name)
		r.Header[name] = append(r.Header[name], value) // as it is, be it one that no field may have
	}
	return r
}

func get(lines ...string) *http.Request { return request("GET", lines...) }

// A reply is what became of a request.
type reply struct {
	Status    int
	Body      string
	Challenge string // the WWW-Authenticate fields, one a line
	Cache     string
	Vary      string
	Retry     string
	SetCookie string
	Passed    string // whom the handler saw; "" if it was not called
	Next      bool   // something behind the scheme was asked, too
}

// send has r go through d to a handler.
func send(d door, r *http.Request) reply {
	var passed string
	handler := d(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		passed = "anonymous"
		if ac, ok := auth.FromContext(r.Context()); ok {
			passed = ac.Actor.Type + " " + ac.Actor.ID
		}
	}))
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	h := w.Result().Header
	return reply{
		Status:    w.Code,
		Body:      strings.TrimSuffix(w.Body.String(), "\n"),
		Challenge: strings.Join(h["Www-Authenticate"], "\n"),
		Cache:     strings.Join(h["Cache-Control"], "\n"),
		Vary:      strings.Join(h["Vary"], "\n"),
		Retry:     strings.Join(h["Retry-After"], "\n"),
		SetCookie: strings.Join(h["Set-Cookie"], "\n"),
		Passed:    passed,
	}
}

// require sends r through a guard of s.
func require(s auth.Scheme, r *http.Request, rules ...auth.Rule) reply {
	return send(auth.New(s, quiet).Require(rules...), r)
}

// optional sends r through an optional guard of s.
func optional(s auth.Scheme, r *http.Request) reply { return send(auth.New(s, quiet).Optional(), r) }

func passed(as string) reply { return reply{Status: 200, Cache: "private", Passed: as} }

var (
	asAlice     = passed("user alice")
	asBob       = passed("user bob")
	asGuest     = passed(" ")
	asAnonymous = reply{Status: 200, Passed: "anonymous"}
)

// refused returns the reply to a request that was turned away with the default body.
func refused(status int, kind, message string, challenges ...string) reply {
	body := must(json.Marshal(struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	}{kind, message}))
	return reply{Status: status, Body: string(body), Challenge: strings.Join(challenges, "\n"), Cache: "no-store"}
}

func unauthorized(challenges ...string) reply {
	return refused(401, "unauthorized", "Unauthorized", challenges...)
}

func malformed(challenges ...string) reply {
	return refused(400, "invalid_request", "Malformed or repeated credentials", challenges...)
}

func forbidden(challenges ...string) reply {
	return refused(403, "forbidden", "Forbidden", challenges...)
}

func crossSite() reply { return refused(403, "forbidden", "Cross-origin request refused") }

func internal() reply { return refused(500, "internal", "Internal Server Error") }

func unavailable() reply {
	r := refused(503, "unavailable", "Service Unavailable")
	r.Retry = "5"
	return r
}

func (r reply) next() reply              { r.Next = true; return r }
func (r reply) vary() reply              { r.Vary = "Cookie"; return r }
func (r reply) setting(c string) reply   { r.SetCookie = c; return r }
func (r reply) retry(after string) reply { r.Retry = after; return r }

func check[T comparable](t *testing.T, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("got\n\t%+v\nwant\n\t%+v", got, want)
	}
}

// panics returns what f panics with, "" if it does not.
func panics(f func()) (with string) {
	defer func() {
		if v := recover(); v != nil {
			with = fmt.Sprint(v)
		}
	}()
	f()
	return ""
}
