package auth_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// A detected is a scheme that says it detects something, and notes that it was asked.
type detected struct {
	name     string
	presence auth.Presence
	outcome  string // "ok", "none", "bad"
	asked    *[]string
}

func (s detected) Detect(*http.Request) auth.Presence { return s.presence }

func (s detected) Authenticate(*http.Request) (*auth.AuthContext, error) {
	*s.asked = append(*s.asked, s.name)
	ac := &auth.AuthContext{Actor: auth.Actor{Type: s.name, ID: "1"}}
	challenge := auth.Challenge{Scheme: s.name}
	return ac, map[string]error{
		"ok":   nil,
		"none": auth.NoCredentials(challenge),
		"bad":  &auth.Error{Status: 401, Challenges: []auth.Challenge{challenge}},
	}[s.outcome]
}

// schemes makes them of words like "Explicit ok"; they are called a, b, c and so on.
func schemes(asked *[]string, words ...string) []auth.Scheme {
	presences := map[string]auth.Presence{"Unknown": auth.Unknown, "None": auth.None, "Ambient": auth.Ambient, "Explicit": auth.Explicit}
	var all []auth.Scheme
	for i, w := range words {
		presence, outcome, _ := strings.Cut(w, " ")
		all = append(all, detected{string(rune('a' + i)), presences[presence], outcome, asked})
	}
	return all
}

func TestAnyOfOrder(t *testing.T) {
	tests := []struct {
		name    string
		schemes []string
		asked   string
		want    reply
	}{
		{"an explicit one decides alone", []string{"Ambient ok", "Unknown ok", "Explicit ok"}, "c", passed("c 1")},
		{"an explicit bad one, too", []string{"Ambient ok", "Unknown ok", "Explicit bad"}, "c", unauthorized("c")},
		{"and one that finds nothing after all", []string{"Ambient ok", "Explicit none"}, "b", unauthorized("b")},
		{"two explicit ones are malformed", []string{"Explicit ok", "Explicit ok"}, "", malformed(`Credentials realm="api", error="invalid_request"`)},
		{"two explicit ones around others are, too", []string{"Explicit ok", "Ambient ok", "Explicit bad"}, "", malformed(`Credentials realm="api", error="invalid_request"`)},
		{"without explicit ones all are asked in order", []string{"None none", "Ambient none", "Unknown ok"}, "a b c", passed("c 1")},
		{"an ambient one comes in its turn", []string{"Unknown none", "Ambient ok", "Unknown ok"}, "a b", passed("b 1").vary()},
		{"an ambient one does not come before an unknown one", []string{"Unknown ok", "Ambient ok"}, "a", passed("a 1")},
		{"a bad ambient one ends it", []string{"Ambient bad", "Unknown ok"}, "a", unauthorized("a")},
		{"none of all has the challenges of all", []string{"None none", "Ambient none", "Unknown none"}, "a b c", unauthorized("a", "b", "c")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var asked []string
			check(t, require(auth.AnyOf(schemes(&asked, tt.schemes...)...), get()), tt.want)
			check(t, strings.Join(asked, " "), tt.asked)
		})
	}
}

func TestDetect(t *testing.T) {
	var asked []string
	of := func(words ...string) []auth.Scheme { return schemes(&asked, words...) }
	allOf := func(s []auth.Scheme) auth.Scheme { return auth.AllOf(s[0], s[1:]...) }
	key, bearer, cookie := auth.Header("X-API-Key", users()), auth.Bearer(users(), nil), auth.Cookie("sid", users(), nil)
	tests := []struct {
		name    string
		scheme  auth.Scheme
		request *http.Request
		want    auth.Presence
	}{
		{"AnyOf: explicit before all", auth.AnyOf(of("Ambient", "Unknown", "Explicit", "None")...), get(), auth.Explicit},
		{"AnyOf: unknown before ambient", auth.AnyOf(of("Ambient", "Unknown", "None")...), get(), auth.Unknown},
		{"AnyOf: ambient before none", auth.AnyOf(of("None", "Ambient")...), get(), auth.Ambient},
		{"AnyOf: none", auth.AnyOf(of("None", "None")...), get(), auth.None},
		{"AllOf: explicit before all", allOf(of("Ambient", "Unknown", "Explicit", "None")), get(), auth.Explicit},
		{"AllOf: unknown before ambient", allOf(of("Ambient", "Unknown")), get(), auth.Unknown},
		{"AllOf: none", allOf(of("None", "None")), get(), auth.None},
		{"Then: what its scheme says", auth.Then(of("Ambient")[0], counting(new(int))), get(), auth.Ambient},
		{"Then: unknown of one that does not say", auth.Then(always(alice, nil), counting(new(int))), get(), auth.Unknown},
		{"AnyOf: one that does not say", auth.AnyOf(always(alice, nil)), get(), auth.Unknown},
		{"Bearer: nothing", bearer, get(), auth.None},
		{"Bearer: a token", bearer, get("Authorization: bearer x"), auth.Explicit},
		{"Bearer: another scheme", bearer, get("Authorization: Basic x"), auth.None},
		{"Bearer: something malformed", bearer, get("Authorization: Bearer"), auth.Explicit},
		{"Bearer: another scheme twice", bearer, get("Authorization: Basic x", "Authorization: Basic x"), auth.Explicit},
		{"Header: nothing", key, get("Authorization: Bearer x"), auth.None},
		{"Header: empty", key, get("X-API-Key: "), auth.Explicit},
		{"Header: twice", key, get("X-API-Key: x", "X-API-Key: y"), auth.Explicit},
		{"Cookie: nothing", cookie, get(), auth.None},
		{"Cookie: one", cookie, get("Cookie: a=b; sid=x"), auth.Ambient},
		{"Cookie: empty", cookie, get("Cookie: sid="), auth.Ambient},
		{"Cookie: without a value", cookie, get("Cookie: sid"), auth.Ambient},
		{"Cookie: with a blank behind its name", cookie, get("Cookie: a=b; sid =x"), auth.Ambient},
		{"Cookie: in a second field", cookie, get("Cookie: a=b", "Cookie: sid=x"), auth.Ambient},
		{"Cookie: in other case", cookie, get("Cookie: SID=x"), auth.None},
		{"Cookie: as the value of another", cookie, get("Cookie: a=sid=x"), auth.None},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, tt.scheme.(auth.Detector).Detect(tt.request), tt.want)
			check(t, auth.Then(tt.scheme, counting(new(int))).(auth.Detector).Detect(tt.request), tt.want)
			check(t, auth.AnyOf(tt.scheme).(auth.Detector).Detect(tt.request), tt.want)
		})
	}
	check(t, len(asked), 0)
}

// A presence that does not exist is no worse than one that is not known.
func TestDetectNonsense(t *testing.T) {
	for _, presence := range []auth.Presence{-1, auth.Explicit + 1, 1 << 30} {
		t.Run(fmt.Sprint(presence), func(t *testing.T) {
			var asked []string
			s := detected{"a", presence, "ok", &asked}
			got := passed("a 1")
			with := panics(func() { got = require(auth.AnyOf(auth.Then(auth.AnyOf(s), counting(new(int)))), get()) })
			check(t, got, passed("a 1"))
			check(t, with, "")
		})
	}
}

// TestAnyOf has the real schemes answer requests that carry several things at once.
func TestAnyOf(t *testing.T) {
	clear := "sid=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"
	bearer, key, cookie := `Bearer realm="api"`, `ApiKey realm="api", header="X-Api-Key"`, `Cookie realm="api"`
	invalid, twice := `, error="invalid_token"`, `, error="invalid_request"`
	tests := []struct {
		name               string
		request            *http.Request
		required, optional reply
	}{
		{"nothing", get(), unauthorized(cookie, bearer, key), asAnonymous.vary()},
		{"an explicit one", get("Authorization: Bearer a11ce"), asAlice, asAlice},
		{"an ambient one", get("Cookie: sid=b0b"), asBob.vary(), asBob.vary()},
		{"both", get("Authorization: Bearer a11ce", "Cookie: sid=b0b"), asAlice, asAlice},
		{"both, the other explicit one", get("X-API-Key: a11ce", "Cookie: sid=b0b"), asAlice, asAlice},
		{"two explicit ones", get("Authorization: Bearer a11ce", "X-API-Key: a11ce"), malformed(bearer + twice), malformed(bearer + twice)},
		{"two explicit ones and a cookie", get("Authorization: Bearer a11ce", "X-API-Key: a11ce", "Cookie: sid=b0b"), malformed(bearer + twice), malformed(bearer + twice)},
		{"a malformed and a good one", get("Authorization: Bearer", "X-API-Key: a11ce"), malformed(bearer + twice), malformed(bearer + twice)},
		{"an explicit one and a stale cookie", get("Authorization: Bearer a11ce", "Cookie: sid=old"), asAlice, asAlice},
		{"an explicit bad one and a good cookie", get("Authorization: Bearer bad", "Cookie: sid=b0b"), unauthorized(bearer + invalid), unauthorized(bearer + invalid)},
		{"an empty key and a good cookie", get("X-API-Key: ", "Cookie: sid=b0b"), unauthorized(key + invalid), unauthorized(key + invalid)},
		{"a malformed one and a good cookie", get("Authorization: Bearer", "Cookie: sid=b0b"), malformed(bearer + twice), malformed(bearer + twice)},
		{"another scheme and a good cookie", get("Authorization: Negotiate YII=", "Cookie: sid=b0b"), asBob.vary(), asBob.vary()},
		{"a stale cookie", get("Cookie: sid=old"), unauthorized(cookie, bearer, key).setting(clear), asAnonymous.vary().setting(clear)},
		{"an explicit one across sites", request("POST", "Authorization: Bearer a11ce", "Cookie: sid=b0b", "Sec-Fetch-Site: cross-site"), asAlice, asAlice},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cookie, bearer, key := auth.Cookie("sid", users(), nil), auth.Bearer(users(), nil), auth.Header("X-API-Key", users())
			for _, s := range []auth.Scheme{
				auth.AnyOf(cookie, bearer, key),
				auth.AnyOf(auth.AnyOf(cookie), auth.AnyOf(bearer, key)),
				auth.AnyOf(auth.Then(cookie, counting(new(int))), auth.Then(auth.AnyOf(bearer), counting(new(int))), key),
				auth.Then(auth.AnyOf(cookie, bearer, key), counting(new(int))),
			} {
				check(t, require(s, tt.request), tt.required)
				check(t, optional(s, tt.request), tt.optional)
			}
		})
	}
}

// A request with two explicit credentials is told of one of them, not of a cookie that did not come.
func TestTwoExplicitNested(t *testing.T) {
	browser := auth.AnyOf(auth.Cookie("sid", users(), nil), auth.Bearer(users(), nil))
	s := auth.AnyOf(auth.Then(browser, counting(new(int))), auth.Header("X-API-Key", users()))
	check(t, require(s, get("Authorization: Bearer a11ce", "X-API-Key: a11ce")), malformed(`Bearer realm="api", error="invalid_request"`))
}

// Only the scheme that decides may look at its credentials.
func TestAnyOfAsksOne(t *testing.T) {
	tests := []struct {
		name                string
		request             *http.Request
		bearer, key, cookie int // how often the verifiers are asked
	}{
		{"a token beside a cookie", get("Authorization: Bearer bad", "Cookie: sid=b0b"), 1, 0, 0},
		{"a key beside a cookie", get("X-API-Key: bad", "Cookie: sid=b0b"), 0, 1, 0},
		{"two explicit ones", get("Authorization: Bearer a11ce", "X-API-Key: a11ce", "Cookie: sid=b0b"), 0, 0, 0},
		{"a cookie", get("Cookie: sid=b0b"), 0, 0, 1},
		{"nothing", get(), 0, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bearer, key, cookie := users(), users(), users()
			s := auth.AnyOf(auth.Bearer(bearer, nil), auth.Header("X-API-Key", key), auth.Cookie("sid", cookie, nil))
			require(s, tt.request)
			check(t, [3]int{len(bearer.asked), len(key.asked), len(cookie.asked)}, [3]int{tt.bearer, tt.key, tt.cookie})
		})
	}
}

// A shape is a verifier that recognizes tokens that begin with a prefix.
type shape struct {
	prefix string
	auth.TokenVerifier
}

func (s shape) Recognizes(token string) bool { return strings.HasPrefix(token, s.prefix) }

func TestTokens(t *testing.T) {
	invalid := unauthorized(`Bearer realm="api", error="invalid_token"`)
	a, b, bad := shape{"a_", answers(alice, nil)}, shape{"b_", answers(bob, nil)}, shape{"a_", answers(nil, errBad)}
	tests := []struct {
		name     string
		verifier auth.TokenVerifier
		token    string
		want     reply
	}{
		{"the first recognizes it", auth.Tokens(a, b), "a_1", asAlice},
		{"the second recognizes it", auth.Tokens(a, b), "b_1", asBob},
		{"nobody recognizes it", auth.Tokens(a, b), "c_1", invalid},
		{"the first of two that recognize it decides", auth.Tokens(bad, a), "a_1", invalid},
		{"one that does not say takes it", auth.Tokens(a, answers(bob, nil)), "c_1", asBob},
		{"one that does not say takes it from those behind", auth.Tokens(answers(bob, nil), a), "a_1", asBob},
		{"one inside of another", auth.Tokens(auth.Tokens(a), auth.Tokens(b)), "b_1", asBob},
		{"nobody inside of another", auth.Tokens(auth.Tokens(a), auth.Tokens(b)), "c_1", invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, require(auth.Bearer(tt.verifier, nil), get("Authorization: Bearer "+tt.token)), tt.want)
		})
	}
}

func TestConstructorPanics(t *testing.T) {
	v, s, yes := users(), always(alice, nil), func(*http.Request, auth.AuthContext) error { return nil }
	bearer, cookie := auth.Bearer(v, nil), auth.Cookie("sid", v, nil)
	tests := []struct {
		name string
		f    func()
		want string // what the panic says
	}{
		{"New without a scheme", func() { auth.New(nil, nil) }, "auth: New: nil Scheme"},
		{"Bearer without a verifier", func() { auth.Bearer(nil, nil) }, "auth: Bearer: nil TokenVerifier"},
		{"Basic without a verifier", func() { auth.Basic(nil, nil) }, "auth: Basic: nil TokenVerifier"},
		{"Header without a verifier", func() { auth.Header("X-API-Key", nil) }, "auth: Header: nil TokenVerifier"},
		{"Cookie without a verifier", func() { auth.Cookie("sid", nil, nil) }, "auth: Cookie: nil TokenVerifier"},
		{"Tokens without a verifier", func() { auth.Tokens() }, "auth: Tokens: no verifier"},
		{"Tokens with a nil one", func() { auth.Tokens(v, nil) }, "auth: Tokens: nil TokenVerifier"},
		{"AnyOf without a scheme", func() { auth.AnyOf() }, "auth: AnyOf: no scheme"},
		{"AnyOf with a nil one", func() { auth.AnyOf(s, nil) }, "auth: AnyOf: nil Scheme"},
		{"AllOf with one only", func() { auth.AllOf(s) }, "auth: AllOf: one scheme only"},
		{"AllOf with a nil one", func() { auth.AllOf(s, nil) }, "auth: AllOf: nil Scheme"},
		{"AllOf with a nil first", func() { auth.AllOf(nil, s) }, "auth: AllOf: nil Scheme"},
		{"Then without a scheme", func() { auth.Then(nil, counting(nil)) }, "auth: Then: nil Scheme"},
		{"Then without a func", func() { auth.Then(s, nil) }, "auth: Then: nil func"},
		{"AnyOf with two Bearers", func() { auth.AnyOf(bearer, auth.Bearer(v, nil)) },
			"auth: AnyOf: two schemes read Authorization: Bearer: join their verifiers with Tokens"},
		{"AnyOf with two of a header, in any case", func() { auth.AnyOf(auth.Header("X-Key", v), auth.Header("x-key", v)) },
			"auth: AnyOf: two schemes read X-Key: join their verifiers with Tokens"},
		{"AnyOf with two of a cookie", func() { auth.AnyOf(cookie, s, auth.Cookie("sid", v, nil)) },
			"auth: AnyOf: two schemes read Cookie: sid: join their verifiers with Tokens"},
		{"AnyOf with two Bearers, one deep inside", func() {
			auth.AnyOf(bearer, auth.Then(auth.AllOf(s, auth.AnyOf(cookie, auth.Bearer(v, nil))), counting(nil)))
		}, "auth: AnyOf: two schemes read Authorization: Bearer: join their verifiers with Tokens"},
		{"AnyOf with different ones", func() { auth.AnyOf(bearer, cookie, auth.Cookie("SID", v, nil), auth.Basic(v, nil), s, s) }, ""},
		{"Header without a name", func() { auth.Header("", v) }, "auth: Header: unusable field name "},
		{"Header with a name that is none", func() { auth.Header("X Key", v) }, "auth: Header: unusable field name X Key"},
		{"Header of Authorization", func() { auth.Header("authorization", v) }, "auth: Header: unusable field name Authorization"},
		{"Header of Cookie", func() { auth.Header("COOKIE", v) }, "auth: Header: unusable field name Cookie"},
		{"Require with a nil rule", func() { auth.New(s, nil).Require(nil) }, "auth: Require: nil Rule"},
		{"Check with a nil rule", func() { _, _ = auth.New(s, nil).Check(get(), nil) }, "auth: Check: nil Rule"},
		{"All with a nil rule", func() { auth.All(yes, nil) }, "auth: All: nil Rule"},
		{"Any with a nil rule", func() { auth.Any(yes, nil) }, "auth: Any: nil Rule"},
		{"Any without a rule", func() { auth.Any() }, "auth: Any: no rule"},
		{"All without a rule", func() { auth.All() }, ""},
		{"ActorType without a name", func() { auth.ActorType() }, "auth: ActorType: no name"},
		{"ActorType with an empty name", func() { auth.ActorType("") }, "auth: ActorType: no name"},
		{"Roles without a name", func() { auth.Roles() }, "auth: Roles: no name"},
		{"Roles with empty names", func() { auth.Roles("", "") }, "auth: Roles: no name"},
		{"Scopes without a name", func() { auth.Scopes() }, "auth: Scopes: no name"},
		{"Scopes with a space", func() { auth.Scopes("a b") }, `auth: Scopes: not a scope: "a b"`},
		{"Scopes with a quote", func() { auth.Scopes("a", `b"`) }, `auth: Scopes: not a scope: "b\""`},
		{"Scopes with a backslash", func() { auth.Scopes(`a\`) }, `auth: Scopes: not a scope: "a\\"`},
		{"Scopes with a line break", func() { auth.Scopes("a\n") }, `auth: Scopes: not a scope: "a\n"`},
		{"Scopes beyond ASCII", func() { auth.Scopes("é") }, `auth: Scopes: not a scope: "é"`},
		{"Fresh within no time", func() { auth.Fresh(0) }, "auth: Fresh: max is shorter than a second"},
		{"Fresh within less", func() { auth.Fresh(-1) }, "auth: Fresh: max is shorter than a second"},
		{"Fresh within too little to name", func() { auth.Fresh(time.Second - 1) }, "auth: Fresh: max is shorter than a second"},
		{"Redirect to nowhere", func() { auth.Redirect("") }, "auth: Redirect: not a URL"},
		{"Redirect to no URL", func() { auth.Redirect("/login\r\nSet-Cookie: a=b") }, "auth: Redirect: not a URL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, panics(tt.f), tt.want) })
	}
}

// The schemes and rules do not change when the slice that they were made of does.
func TestConstructorsCopy(t *testing.T) {
	verifiers := []auth.TokenVerifier{answers(alice, nil)}
	tokens := auth.Tokens(verifiers...)
	verifiers[0] = answers(bob, nil)
	check(t, require(auth.Bearer(tokens, nil), get("Authorization: Bearer x")), asAlice)

	all := []auth.Scheme{always(alice, nil), always(guest, nil)}
	anyOf, allOf := auth.AnyOf(all...), auth.AllOf(all[0], all[1:]...)
	all[0], all[1] = always(bob, nil), always(bob, nil)
	check(t, require(anyOf, get()), asAlice)
	check(t, require(allOf, get()), asAlice)

	rules := []auth.Rule{auth.Roles("admin")}
	d := auth.New(always(alice, nil), quiet).Require(rules...)
	either, both := auth.Any(rules...), auth.All(rules...)
	rules[0] = func(*http.Request, auth.AuthContext) error { return nil }
	for _, got := range []reply{send(d, get()), require(always(alice, nil), get(), either), require(always(alice, nil), get(), both)} {
		check(t, got, forbidden())
	}

	types, methods := []string{"admin"}, []string{"otp"}
	actor, fresh := auth.ActorType(types...), auth.Fresh(1<<40, methods...)
	types[0], methods[0] = "user", "pwd"
	check(t, require(always(alice, nil), get(), actor), forbidden())
	check(t, require(always(alice, nil), get(), fresh).Status, 401)
}

// The funcs are as good as the interfaces.
func TestFuncs(t *testing.T) {
	v := auth.TokenVerifierFunc(func(_ context.Context, c auth.Credential) (*auth.AuthContext, error) {
		return &auth.AuthContext{Actor: auth.Actor{Type: c.Remote, ID: c.Token}}, nil
	})
	check(t, require(auth.Bearer(v, nil), get("Authorization: Bearer x")), passed("192.0.2.1:1234 x"))
}
