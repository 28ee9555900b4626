package auth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// quiet keeps refusals out of the output of the tests.
var quiet = &auth.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}

// What each arrangement of schemes makes of one outcome.
type columns struct{ required, optional, followed, then, allOf, tokens reply }

func everywhere(r reply) columns { return columns{r, r, r, r, r, r} }

func (c columns) butTokens(r reply) columns { c.tokens = r; return c }

// TestOutcomes is the table of what a scheme may return, row for row, in every arrangement.
func TestOutcomes(t *testing.T) {
	none := auth.NoCredentials(auth.Challenge{Scheme: "Stub", Params: []auth.Param{{"realm", "stub"}}})
	stub, bearer := `Stub realm="stub"`, `Bearer realm="api", error="invalid_token"`
	invalid := everywhere(unauthorized(`Credentials realm="api", error="invalid_token"`)).butTokens(unauthorized(bearer))
	own := &auth.Error{Status: 401, Type: "locked", Message: "Ask <us>", Challenges: []auth.Challenge{{Scheme: "Own"}}}
	outcomes := []struct {
		name string
		ac   *auth.AuthContext
		err  error
		want columns
	}{
		{"good credentials", alice, nil, columns{asAlice, asAlice, asAlice, asAlice.next(), asAlice.next(), asAlice}},
		{"none", nil, none, columns{
			required: unauthorized(stub), optional: asAnonymous, followed: asBob.next(),
			then: unauthorized(stub), allOf: unauthorized(stub).next(), tokens: unauthorized(bearer),
		}},
		{"none together with a context", alice, none, columns{
			required: unauthorized(stub), optional: asAnonymous, followed: asBob.next(),
			then: unauthorized(stub), allOf: unauthorized(stub).next(), tokens: unauthorized(bearer),
		}},
		{"none, but wrapped", nil, fmt.Errorf("scheme: %w", none), everywhere(internal())},
		{"none, but joined", nil, errors.Join(none), everywhere(internal())},
		{"none, but as the cause of an Error", nil, &auth.Error{Status: 403, Err: none}, everywhere(forbidden())},
		{"invalid credentials", nil, auth.ErrInvalidCredentials, invalid},
		{"invalid credentials, wrapped", nil, errBad, invalid},
		{"invalid credentials, joined with another error", nil, errors.Join(errBug, errBad), invalid},
		{"invalid credentials, joined with none", nil, errors.Join(none, errBad), invalid},
		{"invalid credentials together with a context", alice, errBad, invalid},
		{"400", nil, &auth.Error{Status: 400}, everywhere(refused(400, "invalid_request", "Bad Request"))},
		{"403", nil, &auth.Error{Status: 403, Err: errBug}, everywhere(forbidden())},
		{"403, wrapped", nil, fmt.Errorf("scheme: %w", &auth.Error{Status: 403}), everywhere(forbidden())},
		{"429 and when to come again", nil, &auth.Error{Status: 429, RetryAfter: 1500 * time.Millisecond, Err: errBad},
			everywhere(refused(429, "too_many_requests", "Too Many Requests").retry("2"))},
		{"401 with words and a challenge of its own", nil, own, everywhere(refused(401, "locked", "Ask <us>", "Own"))},
		{"503 and when to come again", nil, &auth.Error{Status: 503, RetryAfter: time.Minute},
			everywhere(unavailable().retry("60"))},
		{"503 of an unavailable store", nil, &auth.Error{Status: 503, RetryAfter: time.Minute, Err: errDown},
			everywhere(unavailable().retry("60"))},
		{"Error with the status 200", nil, &auth.Error{Status: 200}, everywhere(internal())},
		{"Error with the status 302", nil, &auth.Error{Status: 302}, everywhere(internal())},
		{"Error with the status 600", nil, &auth.Error{Status: 600}, everywhere(internal())},
		{"Error with the status 0", nil, &auth.Error{}, everywhere(internal())},
		{"Error with the status 0 of invalid credentials", nil, &auth.Error{Err: errBad}, everywhere(internal())},
		{"unavailable", nil, auth.ErrUnavailable, everywhere(unavailable())},
		{"unavailable, wrapped", nil, errDown, everywhere(unavailable())},
		{"unavailable, joined with invalid credentials", nil, errors.Join(errBad, errDown), everywhere(unavailable())},
		{"unavailable as the cause of a 403", nil, &auth.Error{Status: 403, Err: errDown}, everywhere(unavailable())},
		{"unavailable together with a context", alice, errDown, everywhere(unavailable())},
		{"deadline exceeded", nil, context.DeadlineExceeded, everywhere(unavailable())},
		{"deadline exceeded, joined with invalid credentials", nil, errors.Join(errBad, context.DeadlineExceeded), everywhere(unavailable())},
		{"a connection's deadline, joined with invalid credentials", nil, errors.Join(errBad, os.ErrDeadlineExceeded), everywhere(unavailable())},
		{"canceled", nil, fmt.Errorf("store: %w", context.Canceled), everywhere(unavailable())},
		{"an unknown error", nil, errBug, everywhere(internal())},
		{"an unknown error that says EOF", nil, io.EOF, everywhere(internal())},
		{"an unknown error together with a context", alice, errBug, everywhere(internal())},
		{"neither a context nor an error", nil, nil, everywhere(internal())},
	}
	arrangements := []struct {
		name string
		door func(s auth.Scheme, v auth.TokenVerifier, next *int) door
		want func(columns) reply
	}{
		{"Require", func(s auth.Scheme, _ auth.TokenVerifier, _ *int) door {
			return auth.New(s, quiet).Require()
		}, func(c columns) reply { return c.required }},
		{"Optional", func(s auth.Scheme, _ auth.TokenVerifier, _ *int) door {
			return auth.New(s, quiet).Optional()
		}, func(c columns) reply { return c.optional }},
		{"AnyOf alone", func(s auth.Scheme, _ auth.TokenVerifier, _ *int) door {
			return auth.New(auth.AnyOf(s), quiet).Require()
		}, func(c columns) reply { return c.required }},
		{"AnyOf alone, optional", func(s auth.Scheme, _ auth.TokenVerifier, _ *int) door {
			return auth.New(auth.AnyOf(s), quiet).Optional()
		}, func(c columns) reply { return c.optional }},
		{"AnyOf with one that accepts behind", func(s auth.Scheme, _ auth.TokenVerifier, next *int) door {
			return auth.New(auth.AnyOf(s, counted(always(bob, nil), next)), quiet).Require()
		}, func(c columns) reply { return c.followed }},
		{"AnyOf with one that accepts behind, optional", func(s auth.Scheme, _ auth.TokenVerifier, next *int) door {
			return auth.New(auth.AnyOf(s, counted(always(bob, nil), next)), quiet).Optional()
		}, func(c columns) reply { return c.followed }},
		{"AnyOf in an AnyOf", func(s auth.Scheme, _ auth.TokenVerifier, next *int) door {
			return auth.New(auth.AnyOf(auth.AnyOf(s), auth.AnyOf(counted(always(bob, nil), next))), quiet).Require()
		}, func(c columns) reply { return c.followed }},
		{"Then", func(s auth.Scheme, _ auth.TokenVerifier, next *int) door {
			return auth.New(auth.Then(s, counting(next)), quiet).Require()
		}, func(c columns) reply { return c.then }},
		{"AllOf with another that accepts", func(s auth.Scheme, _ auth.TokenVerifier, next *int) door {
			return auth.New(auth.AllOf(s, counted(always(guest, nil), next)), quiet).Require()
		}, func(c columns) reply { return c.allOf }},
		{"AllOf with another that accepts, optional", func(s auth.Scheme, _ auth.TokenVerifier, next *int) door {
			return auth.New(auth.AllOf(s, counted(always(guest, nil), next)), quiet).Optional()
		}, func(c columns) reply { return c.allOf }},
		{"Tokens", func(_ auth.Scheme, v auth.TokenVerifier, _ *int) door {
			return auth.New(auth.Bearer(auth.Tokens(v, answers(bob, nil)), nil), quiet).Require()
		}, func(c columns) reply { return c.tokens }},
		{"Tokens, optional", func(_ auth.Scheme, v auth.TokenVerifier, _ *int) door {
			return auth.New(auth.Bearer(auth.Tokens(v, answers(bob, nil)), nil), quiet).Optional()
		}, func(c columns) reply { return c.tokens }},
	}
	for _, o := range outcomes {
		for _, a := range arrangements {
			t.Run(o.name+"/"+a.name, func(t *testing.T) {
				next := 0
				got := send(a.door(always(o.ac, o.err), answers(o.ac, o.err), &next), get("Authorization: Bearer x"))
				got.Next = next > 0
				check(t, got, a.want(o.want))
			})
		}
	}
}

// counting is for Then: it accepts and counts.
func counting(n *int) chk {
	return func(_ *http.Request, ac *auth.AuthContext) (*auth.AuthContext, error) {
		*n++
		return ac, nil
	}
}

// What Then's func returns is read as what a scheme returns.
func TestOutcomesOfThen(t *testing.T) {
	none := auth.NoCredentials(auth.Challenge{Scheme: "Stub"})
	bearer := `Bearer realm="api", error="invalid_token"`
	tests := []struct {
		name               string
		ac                 *auth.AuthContext
		err                error
		required, optional reply
	}{
		{"another context", bob, nil, asBob, asBob},
		{"none", nil, none, unauthorized("Stub"), asAnonymous},
		{"none together with a context", bob, none, unauthorized("Stub"), asAnonymous},
		{"none, but wrapped", bob, fmt.Errorf("then: %w", none), internal(), internal()},
		{"invalid", bob, errBad, unauthorized(bearer), unauthorized(bearer)},
		{"403", bob, &auth.Error{Status: 403}, forbidden(), forbidden()},
		{"unavailable", bob, errDown, unavailable(), unavailable()},
		{"an unknown error", bob, errBug, internal(), internal()},
		{"nothing", nil, nil, internal(), internal()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := auth.Then(auth.Bearer(users(), nil), func(*http.Request, *auth.AuthContext) (*auth.AuthContext, error) {
				return tt.ac, tt.err
			})
			check(t, require(s, get("Authorization: Bearer a11ce")), tt.required)
			check(t, optional(s, get("Authorization: Bearer a11ce")), tt.optional)
		})
	}
}

// Whom Then refuses by a cookie is in the place of one whose cookie is no good: not locked out. Whoever put credentials
// there on purpose is refused, also if a cookie came along.
func TestThenByCookie(t *testing.T) {
	cookie, other := auth.Cookie("sid", users(), nil), auth.Cookie("other", users(), nil)
	bearer, key := auth.Bearer(users(), nil), auth.Header("X-API-Key", users())
	then := func(s auth.Scheme, err error) auth.Scheme {
		return auth.Then(s, func(*http.Request, *auth.AuthContext) (*auth.AuthContext, error) { return nil, err })
	}
	limited := refused(429, "too_many_requests", "Too Many Requests")
	all := get("Cookie: sid=a11ce", "Authorization: Bearer a11ce", "X-API-Key: a11ce")
	tests := []struct {
		name               string
		scheme             auth.Scheme
		request            *http.Request
		required, optional reply
	}{
		{"a cookie", then(cookie, errBad), get("Cookie: sid=a11ce"), unauthorized(asksCookie).setting(clearing), asAnonymous.vary().setting(clearing)},
		{"a cookie, and another scheme behind", auth.AnyOf(then(cookie, errBad), always(bob, nil)), get("Cookie: sid=a11ce"), asBob.setting(clearing), asBob.setting(clearing)},
		{"the cookie that came, and not the other", then(auth.AnyOf(other, cookie), errBad), get("Cookie: sid=a11ce"), unauthorized(asksCookie).setting(clearing), asAnonymous.vary().setting(clearing)},
		{"a cookie, by an Error of its own", then(cookie, &auth.Error{Status: 403, Err: errBug}), get("Cookie: sid=a11ce"), forbidden(), forbidden()},
		{"a cookie, for now", then(cookie, &auth.Error{Status: 429, Err: errBad}), get("Cookie: sid=a11ce"), limited, limited},
		{"a cookie, while it cannot tell", then(cookie, errors.Join(errBad, errDown)), get("Cookie: sid=a11ce"), unavailable(), unavailable()},
		{"a cookie, across sites", then(cookie, errBad), request("POST", "Cookie: sid=a11ce", "Origin: null"), crossSite(), crossSite()},
		{"a token", then(auth.AnyOf(cookie, bearer), errBad), get("Authorization: Bearer a11ce"), unauthorized(asksBearer + badToken), unauthorized(asksBearer + badToken)},
		{"a token beside a cookie", then(auth.AnyOf(cookie, bearer), errBad), all, unauthorized(asksBearer + badToken), unauthorized(asksBearer + badToken)},
		{"a token and a cookie, both of which are needed", then(auth.AllOf(bearer, cookie), errBad), all,
			unauthorized(asksBearer + badToken).setting(clearing), unauthorized(asksBearer + badToken).setting(clearing)},
		{"a cookie and a token, both of which are needed", then(auth.AllOf(cookie, key), errBad), all,
			unauthorized(asksCookie + badToken).setting(clearing), unauthorized(asksCookie + badToken).setting(clearing)},
		{"a cookie and something of the program's own, both of which are needed", then(auth.AllOf(cookie, always(guest, nil)), errBad), all,
			unauthorized(asksCookie + badToken).setting(clearing), unauthorized(asksCookie + badToken).setting(clearing)},
		{"a cookie or something of the program's own", then(auth.AnyOf(cookie, always(guest, nil)), errBad), all,
			unauthorized(asksCookie).setting(clearing), asAnonymous.vary().setting(clearing)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, require(tt.scheme, tt.request), tt.required)
			check(t, optional(tt.scheme, tt.request), tt.optional)
			check(t, optional(auth.Then(tt.scheme, counting(new(int))), tt.request), tt.optional)
		})
	}
}

// A context that names nobody is a mistake of the scheme, and lets nobody pass.
func TestNobody(t *testing.T) {
	for _, ac := range []auth.AuthContext{{}, {Scheme: "x", Scopes: auth.NewSet("*"), Roles: auth.NewSet("admin")}, {Actor: auth.Actor{Type: "user"}}} {
		for _, s := range []auth.Scheme{always(&ac, nil), auth.AnyOf(always(&ac, nil), always(alice, nil)), auth.Then(always(alice, nil), func(*http.Request, *auth.AuthContext) (*auth.AuthContext, error) { return &ac, nil })} {
			check(t, require(s, get(), auth.AllowUnregistered), internal())
			check(t, optional(s, get()), internal())
		}
	}
}

// A nil *Error in an error is the commonest bug of all: it must be answered like any other, not by a broken connection.
func TestTypedNilError(t *testing.T) {
	var e *auth.Error
	tests := []struct {
		name string
		got  func() reply
	}{
		{"of a scheme", func() reply { return require(always(alice, e), get()) }},
		{"of a verifier", func() reply { return require(auth.Bearer(answers(alice, e), nil), get("Authorization: Bearer x")) }},
		{"of a rule", func() reply {
			return require(always(alice, nil), get(), func(*http.Request, auth.AuthContext) error { return e })
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := internal()
			with := panics(func() { got = tt.got() })
			check(t, got, internal())
			check(t, with, "")
		})
	}
}

// A responder is a scheme whose Respond says in the header what it was told.
type responder struct {
	name string
	auth.Scheme
}

func (s responder) Respond(h http.Header, _ *http.Request, ac *auth.AuthContext, err error) {
	h.Add("Set-Cookie", fmt.Sprintf("%s: %t %t", s.name, ac != nil, err != nil))
}

func TestResponder(t *testing.T) {
	none := auth.NoCredentials()
	a := func(ac *auth.AuthContext, err error) auth.Scheme { return responder{"a", always(ac, err)} }
	b := func(ac *auth.AuthContext, err error) auth.Scheme { return responder{"b", always(ac, err)} }
	says := func(err error) chk {
		return func(*http.Request, *auth.AuthContext) (*auth.AuthContext, error) { return nil, err }
	}
	tests := []struct {
		name   string
		scheme auth.Scheme
		want   string
	}{
		{"is told of an acceptance", a(alice, nil), "a: true false"},
		{"is told of a refusal", a(nil, errBad), "a: false true"},
		{"is told of none", a(nil, none), "a: false true"},
		{"is told of a failure", a(nil, errBug), "a: false true"},
		{"is told of nothing as of an error", a(nil, nil), "a: false true"},
		{"never sees a context that came with an error", a(alice, errBad), "a: false true"},
		{"in AnyOf: each that was asked", auth.AnyOf(a(nil, none), b(alice, nil)), "a: false true\nb: true false"},
		{"in AnyOf: none that was not asked", auth.AnyOf(a(alice, nil), b(bob, nil)), "a: true false"},
		{"in AnyOf: none behind a refusal", auth.AnyOf(a(nil, errBad), b(bob, nil)), "a: false true"},
		{"in AnyOf: all without any", auth.AnyOf(a(nil, none), b(nil, none)), "a: false true\nb: false true"},
		{"in AllOf: all", auth.AllOf(a(alice, nil), b(alice, nil)), "a: true false\nb: true false"},
		{"in AllOf: all of a half", auth.AllOf(a(nil, none), b(alice, nil)), "a: false true\nb: true false"},
		{"in AllOf: all of two actors", auth.AllOf(a(alice, nil), b(bob, nil)), "a: true false\nb: true false"},
		{"in AllOf: none behind a refusal", auth.AllOf(a(nil, errBad), b(alice, nil)), "a: false true"},
		{"in Then", auth.Then(a(alice, nil), counting(new(int))), "a: true false"},
		{"in a Then that refuses", auth.Then(a(alice, nil), says(errBad)), "a: false true"},
		{"in a Then that has none", auth.Then(a(alice, nil), says(none)), "a: true false"},
		{"in a Then that fails", auth.Then(a(alice, nil), says(errBug)), "a: true false"},
		{"in a Then that refuses one of two", auth.Then(auth.AnyOf(a(nil, none), b(alice, nil)), says(errBad)), "a: false true\nb: false true"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, require(tt.scheme, get()).SetCookie, tt.want)
			g := auth.New(tt.scheme, quiet)
			twice := func(next http.Handler) http.Handler { return g.Optional()(g.Require()(next)) }
			check(t, send(twice, get()).SetCookie, tt.want)
		})
	}
}

// A handler may replace what a scheme has set: Respond comes first.
func TestRespondBeforeHandler(t *testing.T) {
	login := func(http.Handler) http.Handler {
		return auth.New(responder{"a", always(alice, nil)}, quiet).Require()(http.HandlerFunc(
			func(w http.ResponseWriter, _ *http.Request) { w.Header().Add("Set-Cookie", "handler") }))
	}
	check(t, send(login, get()).SetCookie, "a: true false\nhandler")
}
