package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
)

const (
	asksCookie = `Cookie realm="api"`
	clearing   = "sid=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"
)

// jar is a verifier of a browser's cookies: sessions, and values that are more than just wrong.
func jar() auth.TokenVerifier {
	same := *alice // another value of the same session, as after a change of its secret
	jwt := &auth.AuthContext{Actor: alice.Actor, CredentialID: "jti", Issuer: "https://a.example"}
	jwt2 := *jwt
	foreign, otherActor, foreignJWT, anonymousJWT := same, same, *jwt, *jwt
	foreign.Issuer, otherActor.Actor, foreignJWT.Issuer = "https://b.example", bob.Actor, "https://b.example"
	anonymousJWT.CredentialID = ""
	contexts := map[string]*auth.AuthContext{"a11ce": alice, "same": &same, "b0b": bob, "foreign": &foreign, "actor": &otherActor,
		"jwt": jwt, "jwt2": &jwt2, "foreign-jwt": &foreignJWT, "no-id": &anonymousJWT, "no-id2": &anonymousJWT}
	failures := map[string]error{
		"down": errDown, "bug": errBug, "bad": errBad, "bad+down": errors.Join(errBad, errDown), "none": auth.NoCredentials(),
		"limited":     &auth.Error{Status: 429},
		"bad+limited": &auth.Error{Status: 429, Err: errBad},
		"bad+401":     &auth.Error{Status: 401, Err: errBad},
		"nothing":     nil,
	}
	return auth.TokenVerifierFunc(func(_ context.Context, c auth.Credential) (*auth.AuthContext, error) {
		if ac := contexts[c.Token]; ac != nil {
			return ac, nil
		}
		if err, ok := failures[c.Token]; ok {
			return nil, err
		}
		return nil, fmt.Errorf("%w: unknown", auth.ErrInvalidCredentials)
	})
}

func TestCookie(t *testing.T) {
	none, stale, in := unauthorized(asksCookie), unauthorized(asksCookie).setting(clearing), asAlice.vary()
	tests := []struct {
		name    string
		cookies []string // the Cookie fields
		want    reply
	}{
		{"a good one", []string{"sid=a11ce"}, in},
		{"no field", nil, none},
		{"an empty field", []string{""}, none},
		{"no cookie of the name", []string{"a=b; c=d"}, none},
		{"among others", []string{"a=b; sid=a11ce; c=d"}, in},
		{"in the second field", []string{"a=b", "sid=a11ce"}, in},
		{"in quotes, which are not part of it", []string{`sid="a11ce"`}, in},
		{"a blank around its name", []string{"a=b;  sid =a11ce"}, in},
		{"an unknown one", []string{"sid=unknown"}, stale},
		{"a revoked one", []string{"sid=bad"}, stale},
		{"an empty one", []string{"sid="}, stale},
		{"one without a value", []string{"sid"}, stale},
		{"that of a visitor, who stays one", []string{"sid=none"}, none},
		{"that of a visitor, and a stale one", []string{"sid=bad; sid=none"}, none},
		{"that of a visitor, and a good one", []string{"sid=none; sid=a11ce; sid=none"}, in},
		{"that of a visitor, and two of different sessions", []string{"sid=none; sid=a11ce; sid=b0b"}, stale},
		{"that of a visitor, and one that cannot be checked", []string{"sid=none; sid=down"}, unavailable()},
		{"one refused with 401", []string{"sid=bad+401"}, stale},
		{"one with a quote", []string{`sid=a11"ce`}, stale},
		{"one with a backslash", []string{`sid=a11ce\`}, stale},
		{"one with a letter beyond ASCII", []string{"sid=ällice"}, stale},
		{"one with NUL", []string{"sid=a11ce\x00"}, stale},
		{"one of another case", []string{"SID=a11ce"}, none},
		{"one with a prefix in other case", []string{"__HOST-sid=a11ce; __host-sid=a11ce; __Host-sid=a11ce; __Secure-sid=a11ce"}, none},
		{"a name behind a no-break space, which browsers take for another", []string{"\u00a0sid=a11ce"}, none},
		{"a name before a no-break space", []string{"sid\u00a0=a11ce"}, none},
		{"a name behind an en quad", []string{"a=b; \u2000sid=a11ce"}, none},
		{"a name behind NEL", []string{"\u0085sid=a11ce"}, none},
		{"a name behind a vertical tab", []string{"\vsid=a11ce"}, none},
		{"a name behind a byte order mark", []string{"\ufeffsid=a11ce"}, none},
		{"a value behind a no-break space", []string{"sid=\u00a0a11ce"}, stale},
		{"a value in quotes behind an en quad", []string{"sid=\u2000\"a11ce\""}, stale},
		{"a name in quotes", []string{`"sid"=a11ce`}, none},
		{"a name before a comma", []string{"a=b, sid=a11ce"}, none},
		{"a bad and a good one", []string{"sid=bad; sid=a11ce"}, in},
		{"a good and a bad one", []string{"sid=a11ce; sid=bad"}, in},
		{"the same twice", []string{"sid=a11ce; sid=a11ce"}, in},
		{"two of one session", []string{"sid=a11ce; sid=same"}, in},
		{"two of different sessions", []string{"sid=a11ce; sid=b0b"}, stale},
		{"two of different sessions around a bad one", []string{"sid=b0b; sid=bad", "sid=a11ce"}, stale},
		{"two of the same session ID of different issuers", []string{"sid=a11ce; sid=foreign"}, stale},
		{"two of the same session ID and different actors", []string{"sid=a11ce; sid=actor"}, stale},
		{"two of one JWT", []string{"sid=jwt; sid=jwt2"}, in},
		{"two JWTs of different issuers", []string{"sid=jwt; sid=foreign-jwt"}, stale},
		{"two JWTs without an ID", []string{"sid=no-id; sid=no-id2"}, stale},
		{"a session and a JWT", []string{"sid=a11ce; sid=jwt"}, stale},
		{"the same four times before it", []string{"sid=1; sid=1; sid=1; sid=1; sid=a11ce"}, in},
		{"the fourth is looked at", []string{"sid=1; sid=2; sid=3; sid=a11ce"}, in},
		{"the fifth is not", []string{"sid=1; sid=2; sid=3; sid=4; sid=a11ce"}, stale},
		{"a fifth of another session is not", []string{"sid=a11ce; sid=2; sid=3; sid=4; sid=b0b"}, in},
		{"many before it", []string{strings.Repeat("a=b; ", 99) + "sid=a11ce"}, in},
		{"too many before it", []string{strings.Repeat("a=b; ", 100) + "sid=a11ce"}, none},
		{"too many before it, in other fields", []string{strings.Repeat("a=b; ", 60), strings.Repeat("a=b; ", 60), "sid=a11ce"}, none},
		{"thousands before it", []string{strings.Repeat("a=;", 5000) + "sid=a11ce"}, none},
		{"name and value of 4096 bytes", []string{"sid=" + strings.Repeat("x", 4093)}, stale},
		{"fields of 16 KiB", []string{"sid=a11ce; a=" + strings.Repeat("x", 16<<10-13)}, in},
		{"fields of 16 KiB and a byte", []string{"sid=a11ce; a=" + strings.Repeat("x", 16<<10-12)}, none},
		{"fields of more than 16 KiB together", []string{"sid=a11ce", strings.Repeat("x", 16<<10-8)}, none},
		{"a field of 64 KiB", []string{"sid=a11ce; a=" + strings.Repeat("x", 64<<10)}, none},
		{"one that cannot be checked", []string{"sid=down"}, unavailable()},
		{"a bad one, and one that cannot be checked", []string{"sid=bad; sid=down"}, unavailable()},
		{"a good one, and one that cannot be checked", []string{"sid=a11ce; sid=down"}, unavailable()},
		{"bad or could not be checked", []string{"sid=bad+down"}, unavailable()},
		{"one that fails", []string{"sid=bug"}, internal()},
		{"one of which the verifier says nothing", []string{"sid=nothing"}, internal()},
		{"one that is limited", []string{"sid=limited"}, refused(429, "too_many_requests", "Too Many Requests")},
		{"one that is limited for being bad", []string{"sid=bad+limited"}, refused(429, "too_many_requests", "Too Many Requests")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := get()
			r.Header["Cookie"] = tt.cookies
			s := auth.Cookie("sid", jar(), nil)
			check(t, require(s, r), tt.want)
			check(t, require(auth.Then(auth.AnyOf(s), counting(new(int))), r), tt.want)
		})
	}
}

// A cookie over the browsers' bound never reaches the verifier, one below does.
func TestCookieSize(t *testing.T) {
	tests := []struct {
		name string
		size int // of name and value
		want reply
	}{
		{"as long as browsers keep", 4096, asAlice.vary()},
		{"a byte longer", 4097, unauthorized(asksCookie).setting(clearing)},
		{"three times as long", 12288, unauthorized(asksCookie).setting(clearing)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := auth.Cookie("sid", answers(alice, nil), nil)
			check(t, require(s, get("Cookie: sid="+strings.Repeat("x", tt.size-3))), tt.want)
		})
	}
}

// A cookie that is no good is cleared with the attributes it was set with, whatever stands around the scheme.
func TestCookieCleared(t *testing.T) {
	tests := []struct {
		name, cookie string
		opts         *auth.CookieOptions
		want         string
	}{
		{"by default", "sid", nil, "sid=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"},
		{"for the host", "__Host-sid", &auth.CookieOptions{}, "__Host-sid=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"},
		{"strict", "sid", &auth.CookieOptions{SameSite: http.SameSiteStrictMode}, "sid=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict"},
		{"none", "sid", &auth.CookieOptions{SameSite: http.SameSiteNoneMode}, "sid=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=None"},
		{"of a path", "sid", &auth.CookieOptions{Path: "/app"}, "sid=; Path=/app; Max-Age=0; HttpOnly; Secure; SameSite=Lax"},
		{"of a domain", "__Secure-sid", &auth.CookieOptions{Domain: "example.com"},
			"__Secure-sid=; Path=/; Domain=example.com; Max-Age=0; HttpOnly; Secure; SameSite=Lax"},
		{"partitioned", "sid", &auth.CookieOptions{Partitioned: true}, "sid=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax; Partitioned"},
		{"by plain http", "sid", &auth.CookieOptions{InsecurePlainHTTP: true}, "sid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := auth.Cookie(tt.cookie, users(), tt.opts)
			refuse := func(*http.Request, *auth.AuthContext) (*auth.AuthContext, error) { return nil, errBad }
			for _, s := range []auth.Scheme{
				c, auth.AnyOf(c, auth.Bearer(users(), nil)), auth.AnyOf(always(nil, auth.NoCredentials()), c, always(bob, nil)),
				auth.Then(c, refuse), auth.AnyOf(auth.Then(auth.AnyOf(c), refuse)), auth.AllOf(c, auth.Bearer(users(), nil)),
				auth.AllOf(always(alice, nil), c), auth.AllOf(c, always(nil, errBad)),
			} {
				r := get("Cookie: " + tt.cookie + "=old")
				check(t, require(s, r).SetCookie, tt.want)
				check(t, optional(s, r).SetCookie, tt.want)
			}
			check(t, require(c, get("Cookie: "+tt.cookie+"=a11ce")).SetCookie, "")
			check(t, require(c, get()).SetCookie, "")
		})
	}
}

func TestCookiePanics(t *testing.T) {
	tests := []struct {
		name, cookie string
		opts         auth.CookieOptions
		want         string
	}{
		{"no name", "", auth.CookieOptions{}, `auth: Cookie: cookie name "" is not a token of 256 bytes at most`},
		{"a name with a space", "s id", auth.CookieOptions{}, `auth: Cookie: cookie name "s id" is not a token of 256 bytes at most`},
		{"a name with a semicolon", "sid;", auth.CookieOptions{}, `auth: Cookie: cookie name "sid;" is not a token of 256 bytes at most`},
		{"a name with an equals sign", "sid=", auth.CookieOptions{}, `auth: Cookie: cookie name "sid=" is not a token of 256 bytes at most`},
		{"a name that leaves no room for a value", strings.Repeat("x", 257), auth.CookieOptions{}, fmt.Sprintf("auth: Cookie: cookie name %.80q is not a token of 256 bytes at most", strings.Repeat("x", 257))},
		{"a host's name with a path", "__Host-sid", auth.CookieOptions{Path: "/app"}, "auth: Cookie: cookie name __Host-sid needs Secure, the path / and no domain"},
		{"a host's name with a domain", "__Host-sid", auth.CookieOptions{Domain: "example.com"}, "auth: Cookie: cookie name __Host-sid needs Secure, the path / and no domain"},
		{"a host's name by plain http", "__Host-sid", auth.CookieOptions{InsecurePlainHTTP: true}, "auth: Cookie: cookie name __Host-sid needs Secure, the path / and no domain"},
		{"a host's name in other case", "__hOST-sid", auth.CookieOptions{Path: "/app"}, "auth: Cookie: cookie name __hOST-sid needs Secure, the path / and no domain"},
		{"a secure name by plain http", "__Secure-sid", auth.CookieOptions{InsecurePlainHTTP: true}, "auth: Cookie: cookie name __Secure-sid needs Secure"},
		{"for other sites by plain http", "sid", auth.CookieOptions{SameSite: http.SameSiteNoneMode, InsecurePlainHTTP: true},
			"auth: Cookie: a cookie with SameSite=None needs Secure"},
		{"partitioned by plain http", "sid", auth.CookieOptions{Partitioned: true, InsecurePlainHTTP: true}, "auth: Cookie: a partitioned cookie needs Secure"},
		{"a domain that is none", "sid", auth.CookieOptions{Domain: "exa mple"}, "auth: Cookie: path or domain that cannot be sent"},
		{"a path that would add an attribute", "sid", auth.CookieOptions{Path: "/a; Domain=example.com"}, "auth: Cookie: path or domain that cannot be sent"},
		{"a path with a line break", "sid", auth.CookieOptions{Path: "/a\r\nb"}, "auth: Cookie: path or domain that cannot be sent"},
		{"a path that browsers ignore", "sid", auth.CookieOptions{Path: "app"}, "auth: Cookie: path or domain that cannot be sent"},
		{"nothing wrong", "__Secure-sid", auth.CookieOptions{Path: "/app", Domain: "example.com"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, panics(func() { auth.Cookie(tt.cookie, users(), &tt.opts) }), tt.want)
		})
	}
}

// What passed by a cookie depends on the cookie, and belongs to one user.
func TestCookieCaching(t *testing.T) {
	both := auth.AnyOf(auth.Cookie("sid", users(), nil), auth.Bearer(users(), nil))
	tests := []struct {
		name                 string
		scheme               auth.Scheme
		credentials          string
		before, after        http.Header // what was set outside of the guard, and what the handler adds
		cacheControl, varies string
	}{
		{"by cookie", both, "Cookie: sid=a11ce", nil, nil, "private", "Cookie"},
		{"by token, which caches know to keep", both, "Authorization: Bearer a11ce", nil, nil, "private", ""},
		{"anonymous where a cookie would be looked at", both, "X: y", nil, nil, "", "Cookie"},
		{"anonymous where none would", auth.Bearer(users(), nil), "X: y", nil, nil, "", ""},
		{"the handler knows better", both, "Cookie: sid=a11ce", nil, http.Header{"Cache-Control": {"public, max-age=60"}}, "public, max-age=60", "Cookie"},
		{"the handler wants no copy at all", both, "Cookie: sid=a11ce", nil, http.Header{"Cache-Control": {"no-store"}}, "no-store", "Cookie"},
		{"something outside said public", both, "Cookie: sid=a11ce", http.Header{"Cache-Control": {"public"}}, nil, "private", "Cookie"},
		{"something outside said no-store", both, "Cookie: sid=a11ce", http.Header{"Cache-Control": {"no-store"}}, nil, "no-store", "Cookie"},
		{"in capitals", both, "Cookie: sid=a11ce", http.Header{"Cache-Control": {"No-Store"}}, nil, "No-Store", "Cookie"},
		{"in a second field", both, "Cookie: sid=a11ce", http.Header{"Cache-Control": {"max-age=0", "no-store"}}, nil, "max-age=0\nno-store", "Cookie"},
		{"something outside said private, with more", both, "Cookie: sid=a11ce", http.Header{"Cache-Control": {"private, max-age=60"}}, nil, "private, max-age=60", "Cookie"},
		{"something outside said that one field is private", both, "Cookie: sid=a11ce", http.Header{"Cache-Control": {`public, private="set-cookie"`}}, nil, "private", "Cookie"},
		{"something outside varies, too", both, "Cookie: sid=a11ce", http.Header{"Vary": {"Accept, Origin"}}, nil, "private", "Accept, Origin\nCookie"},
		{"something outside varies by it", both, "Cookie: sid=a11ce", http.Header{"Vary": {"Accept, cookie"}}, nil, "private", "Accept, cookie"},
		{"something outside varies by all", both, "Cookie: sid=a11ce", http.Header{"Vary": {"*"}}, nil, "private", "*"},
		{"something outside varies by something that looks like it", both, "Cookie: sid=a11ce", http.Header{"Vary": {"X-Cookie, Cookie-2"}}, nil, "private", "X-Cookie, Cookie-2\nCookie"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := auth.New(tt.scheme, quiet)
			d := func(http.Handler) http.Handler {
				inside := g.Optional()(g.Optional()(set(tt.after)))
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					set(tt.before).ServeHTTP(w, r)
					inside.ServeHTTP(w, r)
				})
			}
			got := send(d, get(tt.credentials))
			check(t, got.Cache, tt.cacheControl)
			check(t, got.Vary, tt.varies)
		})
	}
}

// set is a handler that sets fields.
func set(fields http.Header) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range fields {
			w.Header()[name] = values
		}
	})
}

func TestCookieValues(t *testing.T) {
	tests := []struct {
		name, field, want string
	}{
		{"none", "a=b", ""},
		{"in order", "sid=2; a=b; sid=1", "2 1"},
		{"four at most", "sid=1; sid=2; sid=3; sid=4; sid=5", "1 2 3 4"},
		{"each once", `sid=1; sid=1; sid="1"; sid = 1; sid=2; sid=1`, "1 2"},
		{"the exact name only", "SID=1; sid2=2; xsid=3; sid=4", "4"},
		{"none beyond the bound", "sid=1; a=" + strings.Repeat("x", 16<<10), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, strings.Join(auth.CookieValues(get("Cookie: "+tt.field), "sid"), " "), tt.want)
		})
	}
}

func FuzzCookieHeader(f *testing.F) {
	for _, seed := range []string{"sid=a11ce", "sid=a; sid=b0b", `sid="a11ce"`, "sid", "sid=", ";;;", "=a11ce", "sid =a11ce", "SID=a11ce",
		"a=b; sid=a11ce", "\u00a0sid=a11ce", "sid=a11ce;sid=b0b", "sid=\x00", "\t sid=a11ce", "sid=a11ce,sid=b0b", "__Host-sid=a11ce"} {
		f.Add(seed, "")
		f.Add(seed, "sid=a11ce")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		b := users()
		c := auth.Cookie("sid", b, nil)
		r := get("Cookie: "+first, "Cookie: "+second)
		got := optional(c, r)
		if got.Status != 200 || strings.Contains(got.SetCookie, "\n") || len(b.asked) > 4 {
			t.Errorf("%q: %+v, after %d cookies", r.Header["Cookie"], got, len(b.asked))
		}
		for _, value := range b.asked {
			if !strings.Contains(first+"\n"+second, value) || len(value) > 4093 {
				t.Errorf("%q: the verifier was asked %q", r.Header["Cookie"], value)
			}
		}
		named := slices.ContainsFunc(strings.Split(first+";"+second, ";"), func(pair string) bool {
			name, _, _ := strings.Cut(pair, "=")
			return strings.Trim(name, " \t") == "sid"
		})
		if len(b.asked) > 0 && !named {
			t.Errorf("%q: the verifier was asked %q", r.Header["Cookie"], b.asked)
		}
		in := got.Passed != "anonymous"
		detected := c.(auth.Detector).Detect(r) == auth.Ambient
		if (in || len(b.asked) > 0) && !detected {
			t.Errorf("%q: %+v, but nothing was detected", r.Header["Cookie"], got)
		}
		if cleared := got.SetCookie == clearing; in && cleared || got.Vary != "Cookie" {
			t.Errorf("%q: %+v", r.Header["Cookie"], got)
		}
	})
}

// A cookie that a handler further out has just set is not cleared for the old one's sake.
func TestCookieThatWasJustSet(t *testing.T) {
	g := auth.New(auth.Cookie("sid", users(), nil), quiet)
	outer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "sid=new")
		g.Optional()(http.NotFoundHandler()).ServeHTTP(w, r)
	})
	w := httptest.NewRecorder()
	outer.ServeHTTP(w, get("Cookie: sid=old"))
	check(t, strings.Join(w.Header()["Set-Cookie"], "; "), "sid=new")
}
