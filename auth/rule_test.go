package auth_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
)

func yes(*http.Request, auth.AuthContext) error { return nil }

func says(err error) auth.Rule { return func(*http.Request, auth.AuthContext) error { return err } }

var (
	no    = says(&auth.Error{Status: 403, Message: "no"})
	noToo = says(&auth.Error{Status: 404, Message: "no, too"})
)

func saysNo() reply    { return refused(403, "forbidden", "no") }
func saysNoToo() reply { return refused(404, "not_found", "no, too") }

func TestRules(t *testing.T) {
	ac := &auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "1"}, Scopes: auth.NewSet("read", "write"), Roles: auth.NewSet("clerk", "*")}
	all := &auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "1"}, Scopes: auth.NewSet("*")}
	bare := &auth.AuthContext{Actor: auth.Actor{Type: "", ID: "1"}}
	missing := func(scopes string) reply {
		return forbidden(`Credentials realm="api", error="insufficient_scope", scope="` + scopes + `"`)
	}
	ok, okBare := passed("user 1"), passed(" 1")
	tests := []struct {
		name  string
		ac    *auth.AuthContext
		rules []auth.Rule
		want  reply
	}{
		{"no rule", ac, nil, ok},
		{"ActorType: it", ac, []auth.Rule{auth.ActorType("user")}, ok},
		{"ActorType: one of two", ac, []auth.Rule{auth.ActorType("admin", "user")}, ok},
		{"ActorType: another", ac, []auth.Rule{auth.ActorType("admin")}, forbidden()},
		{"ActorType: another case", ac, []auth.Rule{auth.ActorType("User")}, forbidden()},
		{"ActorType: none", bare, []auth.Rule{auth.ActorType("user", "")}, forbidden()},
		{"Roles: it", ac, []auth.Rule{auth.Roles("clerk")}, ok},
		{"Roles: one of two", ac, []auth.Rule{auth.Roles("admin", "clerk")}, ok},
		{"Roles: another, though there is a star, which is no wildcard", ac, []auth.Rule{auth.Roles("admin")}, forbidden()},
		{"Roles: none", all, []auth.Rule{auth.Roles("admin")}, forbidden()},
		{"Scopes: it", ac, []auth.Rule{auth.Scopes("read")}, ok},
		{"Scopes: both", ac, []auth.Rule{auth.Scopes("write", "read")}, ok},
		{"Scopes: one of two", ac, []auth.Rule{auth.Scopes("write", "admin")}, missing("admin write")},
		{"Scopes: a part of one", ac, []auth.Rule{auth.Scopes("rea")}, missing("rea")},
		{"Scopes: a star is everything", all, []auth.Rule{auth.Scopes("read", "admin")}, ok},
		{"Scopes: a star is wanted and there", all, []auth.Rule{auth.Scopes("*")}, ok},
		{"Scopes: a star is wanted", ac, []auth.Rule{auth.Scopes("*")}, missing("*")},
		{"Scopes: none is nothing", bare, []auth.Rule{auth.Scopes("read")}, missing("read")},
		{"several: the first no", ac, []auth.Rule{yes, no, noToo}, saysNo()},
		{"All: none", ac, []auth.Rule{auth.All()}, ok},
		{"All: all", ac, []auth.Rule{auth.All(yes, yes)}, ok},
		{"All: the first no", ac, []auth.Rule{auth.All(yes, noToo, no)}, saysNoToo()},
		{"All: a failure behind a no", ac, []auth.Rule{auth.All(no, says(errBug))}, saysNo()},
		{"All: a failure before a no", ac, []auth.Rule{auth.All(says(errDown), no)}, unavailable()},
		{"Any: one", ac, []auth.Rule{auth.Any(no, yes)}, ok},
		{"Any: the first no", ac, []auth.Rule{auth.Any(noToo, no)}, saysNoToo()},
		{"Any: a 401 is a no", ac, []auth.Rule{auth.Any(says(&auth.Error{Status: 401}), yes)}, ok},
		{"Any: a no that is wrapped", ac, []auth.Rule{auth.Any(says(fmt.Errorf("x: %w", &auth.Error{Status: 403})), yes)}, ok},
		{"Any: a failure before a yes", ac, []auth.Rule{auth.Any(says(errBug), yes)}, internal()},
		{"Any: a failure behind a no", ac, []auth.Rule{auth.Any(no, says(errDown), yes)}, unavailable()},
		{"Any: a failure behind a yes", ac, []auth.Rule{auth.Any(yes, says(errBug))}, ok},
		{"Any: a 500 is no no", ac, []auth.Rule{auth.Any(says(&auth.Error{Status: 500}), yes)}, internal()},
		{"Any: a 503 is no no", ac, []auth.Rule{auth.Any(says(&auth.Error{Status: 503}), yes)}, unavailable()},
		{"Any: an Error that says 200 is no no", ac, []auth.Rule{auth.Any(says(&auth.Error{Status: 200}), yes)}, internal()},
		{"Any: a 403 of something unavailable is no no", ac, []auth.Rule{auth.Any(says(&auth.Error{Status: 403, Err: errDown}), yes)}, unavailable()},
		{"Any: bad credentials are no no", ac, []auth.Rule{auth.Any(says(errBad), yes)}, internal()},
		{"Any in All", ac, []auth.Rule{auth.All(auth.Any(no, yes), auth.Any(no, noToo))}, saysNo()},
		{"a rule fails", ac, []auth.Rule{says(errBug)}, internal()},
		{"a rule cannot tell", ac, []auth.Rule{says(errDown)}, unavailable()},
		{"a rule says that there are no credentials, which there are", ac, []auth.Rule{says(auth.NoCredentials())}, internal()},
		{"a rule says that the credentials are bad, which they are not", ac, []auth.Rule{says(errBad)}, internal()},
		{"a rule says 200", ac, []auth.Rule{says(&auth.Error{Status: 200})}, internal()},
		{"a rule says nothing but an Error", ac, []auth.Rule{says(&auth.Error{})}, internal()},
		{"a rule says 401", ac, []auth.Rule{says(&auth.Error{Status: 401})}, unauthorized(`Credentials realm="api", error="invalid_token"`)},
		{"a rule says 429", ac, []auth.Rule{says(&auth.Error{Status: 429, RetryAfter: time.Second})}, refused(429, "too_many_requests", "Too Many Requests").retry("1")},
		{"a rule has its own challenge", ac, []auth.Rule{says(&auth.Error{Status: 401, Challenges: []auth.Challenge{{Scheme: "Own"}}})}, unauthorized("Own")},
		{"a rule wants something of an actor without a type", bare, []auth.Rule{yes}, okBare},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, require(always(tt.ac, nil), get(), tt.rules...), tt.want) })
	}
}

// An identity without an actor passes only where that was said to the guard itself.
func TestAllowUnregistered(t *testing.T) {
	shop := &auth.AuthContext{Actor: auth.Actor{Type: "customer"}, IdentityID: "i1"} // a type, but nobody yet
	refusal := unauthorized(`Credentials realm="api", error="invalid_token", error_description="An actor is required"`)
	wrapper := func(r *http.Request, ac auth.AuthContext) error { return auth.AllowUnregistered(r, ac) }
	tests := []struct {
		name  string
		ac    *auth.AuthContext
		rules []auth.Rule
		want  reply
	}{
		{"not said", guest, nil, refusal},
		{"not said, though all rules agree", guest, []auth.Rule{yes, auth.All(), auth.Any(yes)}, refusal},
		{"said", guest, []auth.Rule{auth.AllowUnregistered}, asGuest},
		{"said last", guest, []auth.Rule{yes, auth.AllowUnregistered}, asGuest},
		{"said, and another rule says no", guest, []auth.Rule{auth.AllowUnregistered, no}, saysNo()},
		{"said inside of All", guest, []auth.Rule{auth.All(auth.AllowUnregistered)}, refusal},
		{"said inside of Any", guest, []auth.Rule{auth.Any(auth.AllowUnregistered)}, refusal},
		{"said by a func of one's own", guest, []auth.Rule{wrapper}, refusal},
		{"a type without an ID is no actor", shop, []auth.Rule{auth.ActorType("customer")}, refusal},
		{"a type without an ID, allowed", shop, []auth.Rule{auth.AllowUnregistered, auth.ActorType("customer")}, passed("customer ")},
		{"said for one with an actor", alice, []auth.Rule{auth.AllowUnregistered}, asAlice},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, require(always(tt.ac, nil), get(), tt.rules...), tt.want) })
	}
	// What one route allows is not allowed on another, although the guard does not ask again.
	g := auth.New(always(guest, nil), quiet)
	check(t, send(chain(g.Require(auth.AllowUnregistered), g.Require()), get()), refusal)
	check(t, send(chain(g.Optional(), g.Require()), get()), refusal)
	check(t, send(g.Optional(), get()), asGuest)
}

func TestFresh(t *testing.T) {
	at := func(method string, ago time.Duration) auth.Factor {
		return auth.Factor{Method: method, At: time.Now().Add(-ago)}
	}
	stale := refused(401, "unauthorized", "A more recent authentication is required",
		`Credentials realm="api", error="insufficient_user_authentication", error_description="A more recent authentication is required", max_age="300"`)
	five := 5 * time.Minute
	tests := []struct {
		name    string
		factors func() []auth.Factor
		rule    auth.Rule
		want    reply
	}{
		{"just now", func() []auth.Factor { return []auth.Factor{at("pwd", 0)} }, auth.Fresh(five), asAlice},
		{"as long ago as may be", func() []auth.Factor { return []auth.Factor{at("pwd", five)} }, auth.Fresh(five), asAlice},
		{"longer ago", func() []auth.Factor { return []auth.Factor{at("pwd", five+1)} }, auth.Fresh(five), stale},
		{"never", func() []auth.Factor { return nil }, auth.Fresh(five), stale},
		{"at no time that is known", func() []auth.Factor { return []auth.Factor{{Method: "pwd"}} }, auth.Fresh(five), stale},
		{"one of two", func() []auth.Factor { return []auth.Factor{at("pwd", time.Hour), at("otp", 0)} }, auth.Fresh(five), asAlice},
		{"by the method", func() []auth.Factor { return []auth.Factor{at("pwd", time.Hour), at("otp", 0)} }, auth.Fresh(five, "hwk", "otp"), asAlice},
		{"by another method", func() []auth.Factor { return []auth.Factor{at("pwd", 0), at("otp", time.Hour)} }, auth.Fresh(five, "otp"), stale},
		{"by the method in other case", func() []auth.Factor { return []auth.Factor{at("OTP", 0)} }, auth.Fresh(five, "otp"), stale},
		{"by a clock that is ahead a little", func() []auth.Factor { return []auth.Factor{at("pwd", -time.Minute)} }, auth.Fresh(five), asAlice},
		{"by a clock that is ahead", func() []auth.Factor { return []auth.Factor{at("pwd", -time.Minute-1)} }, auth.Fresh(five), stale},
		{"in the far future", func() []auth.Factor { return []auth.Factor{at("pwd", -1<<62)} }, auth.Fresh(five), stale},
		{"two methods at once, both fresh", func() []auth.Factor { return []auth.Factor{at("pwd", 0), at("otp", 0)} },
			auth.All(auth.Fresh(five, "pwd"), auth.Fresh(five, "otp")), asAlice},
		{"two methods at once, one fresh", func() []auth.Factor { return []auth.Factor{at("pwd", 0)} },
			auth.All(auth.Fresh(five, "pwd"), auth.Fresh(five, "otp")), stale},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ac := *alice
				ac.Factors = tt.factors()
				check(t, require(always(&ac, nil), get(), tt.rule), tt.want)
			})
		})
	}
}

// What was fresh is not for ever.
func TestFreshPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ac := *alice
		ac.Factors = []auth.Factor{{Method: "pwd", At: time.Now()}}
		d := auth.New(always(&ac, nil), quiet).Require(auth.Fresh(time.Hour))
		check(t, send(d, get()).Status, 200)
		time.Sleep(time.Hour)
		check(t, send(d, get()).Status, 200)
		time.Sleep(time.Nanosecond)
		check(t, send(d, get()).Status, 401)
	})
}

// A rule's challenge is that of the credentials that came.
func TestRuleChallenges(t *testing.T) {
	s := auth.AnyOf(auth.Cookie("sid", users(), nil), auth.Bearer(users(), nil), auth.Header("X-API-Key", users()), always(alice, nil))
	scope, fresh := `, error="insufficient_scope", scope="a:b c"`, `, error="insufficient_user_authentication", error_description="A more recent authentication is required", max_age="60"`
	tests := []struct {
		name    string
		request *http.Request
		scheme  string
	}{
		{"of a cookie", get("Cookie: sid=a11ce"), asksCookie},
		{"of a token", get("Authorization: Bearer a11ce"), asksBearer},
		{"of a token beside a cookie", get("Authorization: Bearer a11ce", "Cookie: sid=b0b"), asksBearer},
		{"of a key", get("X-API-Key: a11ce"), asksHeader},
		{"of a scheme that has none: the first of all", get(), asksCookie},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, require(s, tt.request, auth.Scopes("c", "a:b")).Challenge, tt.scheme+scope)
			check(t, require(auth.Then(s, counting(new(int))), tt.request, auth.Any(auth.Scopes("a:b", "c"), no)).Challenge, tt.scheme+scope)
			check(t, require(auth.AllOf(s, always(guest, nil)), tt.request, auth.Fresh(time.Minute)).Challenge, tt.scheme+fresh)
		})
	}
}

// Rules that are shared by routes and requests answer each of them anew: a challenge that one handler gets is its own.
func TestRuleErrorsAreCopied(t *testing.T) {
	shared := &auth.Error{Status: 401, Challenges: []auth.Challenge{{Scheme: "A", Params: []auth.Param{{"realm", "a"}}}}}
	tamper := func(_ http.ResponseWriter, _ *http.Request, e *auth.Error) {
		e.Challenges[0].Params[0].Value = "changed"
		e.Challenges[0].Scheme = "Changed"
		e.Status = 200
	}
	g := auth.New(always(alice, nil), &auth.Options{ErrorHandler: tamper, Logger: quiet.Logger})
	for range 2 {
		check(t, send(g.Require(says(shared)), get()), reply{Status: 401, Challenge: `A realm="a"`, Cache: "no-store"})
		check(t, send(g.Require(auth.Scopes("x")), get()), reply{Status: 403, Challenge: `Credentials realm="api", error="insufficient_scope", scope="x"`, Cache: "no-store"})
		_, err := g.Check(get(), says(shared))
		var e *auth.Error
		check(t, errors.As(err, &e), true)
		tamper(nil, nil, e)
	}
	none := auth.NoCredentials(shared.Challenges...)
	g = auth.New(auth.AnyOf(always(nil, none)), &auth.Options{ErrorHandler: tamper, Logger: quiet.Logger})
	for range 2 {
		check(t, send(g.Require(), get()).Challenge, `A realm="a"`)
	}
}

// What a rule does to its copy reaches neither the next rule nor the handler.
func TestRulesAreApart(t *testing.T) {
	var seen []string
	change := func(_ *http.Request, ac auth.AuthContext) error {
		seen = append(seen, ac.Factors[0].Method)
		ac.Factors[0].Method = "changed"
		return nil
	}
	h := func(_ http.ResponseWriter, r *http.Request) {
		ac, _ := auth.FromContext(r.Context())
		seen = append(seen, ac.Factors[0].Method)
	}
	ac := &auth.AuthContext{Actor: alice.Actor, Factors: []auth.Factor{{Method: "pwd"}}}
	auth.New(always(ac, nil), quiet).Require(change, change)(http.HandlerFunc(h)).ServeHTTP(httptest.NewRecorder(), get())
	check(t, strings.Join(seen, " "), "pwd pwd pwd")
}

// A challenge with many long scopes is still one of a bounded length.
func TestScopesMany(t *testing.T) {
	var scopes []string
	for i := range 10000 {
		scopes = append(scopes, fmt.Sprint("scope", i))
	}
	got := require(always(alice, nil), get(), auth.Scopes(scopes...)).Challenge
	check(t, len(got) < 1200, true)
	_, params, err := parseChallenge(got)
	check(t, err, nil)
	all := auth.NewSet(scopes...)
	for name := range strings.FieldsSeq(params[2].Value) {
		check(t, all.Has(name), true) // none is cut in two
	}
}

func TestIsScope(t *testing.T) {
	tests := []struct {
		scope string
		want  bool
	}{
		{"reports:read", true}, {"*", true}, {"!", true}, {"~", true},
		{"", false}, {"two words", false}, {"a\tb", false}, {`a"b`, false}, {`a\b`, false}, {"ä", false}, {"a\x7f", false}, {"a\x00", false},
	}
	for _, tt := range tests {
		t.Run(tt.scope, func(t *testing.T) { check(t, auth.IsScope(tt.scope), tt.want) })
	}
}
