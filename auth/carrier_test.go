package auth_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
)

const (
	asksBearer = `Bearer realm="api"`
	asksBasic  = `Basic realm="api"`
	asksApiKey = `ApiKey realm="api"`
	asksHeader = `ApiKey realm="api", header="X-Api-Key"`
	badToken   = `, error="invalid_token"`
	badRequest = `, error="invalid_request"`
)

// long is longer than any token may be.
var long = strings.Repeat("x", 64<<10+1)

func basic(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestBearer(t *testing.T) {
	invalid, malformed := unauthorized(asksBearer+badToken), malformed(asksBearer+badRequest)
	tests := []struct {
		name   string
		fields []string
		want   reply
	}{
		{"a good token", []string{"Bearer a11ce"}, asAlice},
		{"no field", nil, unauthorized(asksBearer)},
		{"a bad token", []string{"Bearer bad"}, invalid},
		{"the scheme in lower case", []string{"bearer a11ce"}, asAlice},
		{"the scheme in upper case", []string{"BEARER a11ce"}, asAlice},
		{"the scheme in mixed case", []string{"bEaReR a11ce"}, asAlice},
		{"the token in upper case", []string{"Bearer A11CE"}, invalid},
		{"several spaces", []string{"Bearer    a11ce"}, asAlice},
		{"every character that a token may have", []string{"Bearer azAZ09-._~+/=="}, invalid},
		{"two fields", []string{"Bearer a11ce", "Bearer a11ce"}, malformed},
		{"two fields, the second of another scheme", []string{"Bearer a11ce", "Basic " + basic("a11ce:")}, malformed},
		{"two fields, the first of another scheme", []string{"Basic " + basic("a11ce:"), "Bearer a11ce"}, malformed},
		{"two fields, the first empty", []string{"", "Bearer a11ce"}, malformed},
		{"two fields, the second empty", []string{"Bearer a11ce", ""}, malformed},
		{"an empty field", []string{""}, malformed},
		{"a blank field", []string{"   "}, malformed},
		{"the scheme alone", []string{"Bearer"}, malformed},
		{"the scheme and a space", []string{"Bearer "}, malformed},
		{"the scheme and spaces", []string{"Bearer   "}, malformed},
		{"the token alone", []string{"a11ce"}, malformed},
		{"the scheme and the token in one", []string{"Bearera11ce"}, malformed},
		{"a tab between", []string{"Bearer\ta11ce"}, malformed},
		{"a tab behind the space", []string{"Bearer \ta11ce"}, malformed},
		{"a colon behind the scheme", []string{"Bearer: a11ce"}, malformed},
		{"an equals sign between", []string{"Bearer=a11ce"}, malformed},
		{"a space in front", []string{" Bearer a11ce"}, malformed},
		{"a space behind", []string{"Bearer a11ce "}, malformed},
		{"a space within", []string{"Bearer a11 ce"}, malformed},
		{"a list", []string{"Bearer a11ce, Bearer a11ce"}, malformed},
		{"a list without space", []string{"Bearer a11ce,a11ce"}, malformed},
		{"a trailing comma", []string{"Bearer a11ce,"}, malformed},
		{"parameters", []string{`Bearer token="a11ce"`}, invalid},
		{"the scheme twice", []string{"Bearer Bearer a11ce"}, malformed},
		{"quotes", []string{`Bearer "a11ce"`}, invalid},
		{"a line break", []string{"Bearer a11ce\r\nX: y"}, malformed},
		{"NUL", []string{"Bearer a11ce\x00"}, malformed},
		{"DEL", []string{"Bearer a11ce\x7f"}, malformed},
		{"a no-break space", []string{"Bearer\u00a0a11ce"}, malformed},
		{"a no-break space behind", []string{"Bearer a11ce\u00a0"}, malformed},
		{"letters beyond ASCII", []string{"Bearer ällice"}, malformed},
		{"padding only", []string{"Bearer =="}, invalid},
		{"padding within", []string{"Bearer a=b"}, invalid},
		{"characters of another alphabet", []string{"Bearer a11ce?#%"}, invalid},
		{"a JWS in JSON", []string{`Bearer {"payload":"e30","signature":"x"}`}, invalid},
		{"a JWS in JSON with blanks", []string{`Bearer { "payload": "e30", "signature": "x" }`}, invalid},
		{"a long s that folds to an s", []string{"Ba\u017fic " + basic("a11ce:")}, malformed},
		{"another scheme", []string{"Basic " + basic("a11ce:")}, unauthorized(asksBearer)},
		{"another scheme with parameters", []string{`Digest username="a", realm="b"`}, unauthorized(asksBearer)},
		{"a scheme that begins like it", []string{"BearerX a11ce"}, unauthorized(asksBearer)},
		{"a token that is as long as may be", []string{"Bearer " + long[1:]}, invalid},
		{"a token that is too long", []string{"Bearer " + long}, invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := users()
			s := auth.Bearer(b, nil)
			r := get()
			r.Header["Authorization"] = tt.fields
			check(t, require(s, r), tt.want)
			check(t, require(auth.AnyOf(auth.Cookie("sid", users(), nil), s), r).Passed, tt.want.Passed)
		})
	}
}

func TestBasic(t *testing.T) {
	plain, asking := &auth.BasicOptions{}, &auth.BasicOptions{Challenge: true}
	lenient := &auth.BasicOptions{Lenient: true, Realm: `a "b"`}
	none, invalid, bad := unauthorized(asksApiKey), unauthorized(asksApiKey+badToken), malformed(asksApiKey+badRequest)
	tests := []struct {
		name  string
		opts  *auth.BasicOptions
		field string
		want  reply
	}{
		{"a token and an empty password", nil, "Basic " + basic("a11ce:"), asAlice},
		{"the scheme in other case", plain, "bAsIc " + basic("a11ce:"), asAlice},
		{"several spaces", plain, "Basic   " + basic("a11ce:"), asAlice},
		{"a password", plain, "Basic " + basic("a11ce:pass"), invalid},
		{"a password with colons", plain, "Basic " + basic("a11ce:pa:ss"), invalid},
		{"two colons, of which the second is the password", plain, "Basic " + basic("a11ce::"), invalid},
		{"the token as the password", plain, "Basic " + basic(":a11ce"), invalid},
		{"an empty user name", plain, "Basic " + basic(":"), invalid},
		{"no colon", plain, "Basic " + basic("a11ce"), invalid},
		{"a bad token", plain, "Basic " + basic("bad:"), invalid},
		{"the bare token", plain, "Basic a11ce", invalid},
		{"base64 without its padding", plain, "Basic " + strings.TrimRight(basic("b0b:"), "="), invalid},
		{"base64 with the padding of another length", plain, "Basic " + basic("a11ce:") + "=", invalid},
		{"base64 with bits left over", plain, "Basic " + strings.Replace(basic("b0b:"), "g==", "h==", 1), invalid},
		{"base64 for URLs", plain, "Basic " + base64.URLEncoding.EncodeToString([]byte("a??>:")), invalid},
		{"not base64", plain, "Basic %%%", invalid},
		{"a line break in the user name", plain, "Basic " + basic("a11ce\r\n:"), invalid},
		{"NUL in the user name", plain, "Basic " + basic("a11ce\x00:"), invalid},
		{"a space in the user name", plain, "Basic " + basic("a11ce :"), invalid},
		{"letters beyond ASCII in the user name", plain, "Basic " + basic("ällice:"), invalid},
		{"a comma in the user name", plain, "Basic " + basic("a11ce,b0b:"), invalid},
		{"a line break in base64", plain, "Basic YTEx\nY2U6", bad},
		{"a list", plain, "Basic " + basic("a11ce:") + ", Basic " + basic("b0b:"), bad},
		{"a comma", plain, "Basic " + basic("a11ce:") + ",", bad},
		{"the scheme alone", plain, "Basic", bad},
		{"the scheme and a space", plain, "Basic ", bad},
		{"a tab between", plain, "Basic\t" + basic("a11ce:"), bad},
		{"an empty field", plain, "", bad},
		{"another scheme", plain, "Bearer a11ce", none},
		{"100 KiB", plain, "Basic " + basic(strings.Repeat("x", 100<<10)+":"), invalid},
		{"asking for Basic: a bad token", asking, "Basic " + basic("bad:"), unauthorized(asksBasic + badToken)},
		{"asking for Basic: another scheme", asking, "Bearer a11ce", unauthorized(asksBasic)},
		{"asking for Basic: malformed", asking, "Basic", malformed(asksBasic + badRequest)},
		{"asking for Basic: a good token", asking, "Basic " + basic("a11ce:"), asAlice},
		{"lenient: a token and an empty password", lenient, "Basic " + basic("a11ce:"), asAlice},
		{"lenient: no colon", lenient, "Basic " + basic("a11ce"), asAlice},
		{"lenient: the bare token", lenient, "Basic a11ce", asAlice},
		{"lenient: a password", lenient, "Basic " + basic("a11ce:pass"), unauthorized(`ApiKey realm="a \"b\"", error="invalid_token"`)},
		{"lenient: an empty user name", lenient, "Basic " + basic(":"), unauthorized(`ApiKey realm="a \"b\"", error="invalid_token"`)},
		{"lenient: a bad bare token", lenient, "Basic bad", unauthorized(`ApiKey realm="a \"b\"", error="invalid_token"`)},
		{"lenient: a bare token and a password", lenient, "Basic a11ce:pass", unauthorized(`ApiKey realm="a \"b\"", error="invalid_token"`)},
		{"lenient: a list", lenient, "Basic a11ce,b0b", malformed(`ApiKey realm="a \"b\"", error="invalid_request"`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, require(auth.Basic(users(), tt.opts), get("Authorization: "+tt.field)), tt.want)
		})
	}
}

func TestHeader(t *testing.T) {
	invalid := unauthorized(asksHeader + badToken)
	tests := []struct {
		name   string
		fields []string
		want   reply
	}{
		{"a good token", []string{"a11ce"}, asAlice},
		{"no field", nil, unauthorized(asksHeader)},
		{"a bad token", []string{"bad"}, invalid},
		{"an empty value", []string{""}, invalid},
		{"two fields", []string{"a11ce", "a11ce"}, malformed(asksHeader + badRequest)},
		{"two fields, one empty", []string{"a11ce", ""}, malformed(asksHeader + badRequest)},
		{"a comma", []string{"a11ce,b0b"}, invalid},
		{"a comma and a space", []string{"a11ce, b0b"}, invalid},
		{"a space in front", []string{" a11ce"}, invalid},
		{"a space behind", []string{"a11ce "}, invalid},
		{"a space within", []string{"a11 ce"}, invalid},
		{"a tab", []string{"a11ce\t"}, invalid},
		{"a line break", []string{"a11ce\n"}, invalid},
		{"NUL", []string{"a11ce\x00"}, invalid},
		{"DEL", []string{"a11ce\x7f"}, invalid},
		{"letters beyond ASCII", []string{"ällice"}, invalid},
		{"a scheme", []string{"Bearer a11ce"}, invalid},
		{"a token that is too long", []string{long}, invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := get("Authorization: Bearer a11ce", "Cookie: X-Api-Key=a11ce")
			r.Header["X-Api-Key"] = tt.fields
			check(t, require(auth.Header("x-api-key", users()), r), tt.want)
		})
	}
}

func TestCarrierOptions(t *testing.T) {
	v := users()
	metadata := "https://example.com/.well-known/oauth-protected-resource"
	tests := []struct {
		name   string
		scheme auth.Scheme
		want   string
	}{
		{"Bearer", auth.Bearer(v, &auth.BearerOptions{}), `Bearer realm="api"`},
		{"Bearer with a realm", auth.Bearer(v, &auth.BearerOptions{Realm: "shop"}), `Bearer realm="shop"`},
		{"Bearer with a resource", auth.Bearer(v, &auth.BearerOptions{ResourceMetadata: metadata}),
			`Bearer realm="api", resource_metadata="` + metadata + `"`},
		{"Bearer with a realm that would break out", auth.Bearer(v, &auth.BearerOptions{Realm: "a\"\r\nX: \\"}),
			`Bearer realm="a\"??X: \\"`},
		{"Basic with a realm", auth.Basic(v, &auth.BasicOptions{Realm: "shop"}), `ApiKey realm="shop"`},
		{"Cookie with a realm", auth.Cookie("sid", v, &auth.CookieOptions{Realm: "shop"}), `Cookie realm="shop"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, require(tt.scheme, get()).Challenge, tt.want) })
	}
}

// What a verifier gets of a request: the token, byte for byte, and the connection.
func TestCredentialOfRequest(t *testing.T) {
	tests := []struct {
		name   string
		scheme func(auth.TokenVerifier) auth.Scheme
		field  string
		want   string
	}{
		{"Bearer", func(v auth.TokenVerifier) auth.Scheme { return auth.Bearer(v, nil) }, "Authorization: Bearer  a.b-c_d~e+f/g==", "a.b-c_d~e+f/g=="},
		{"Basic", func(v auth.TokenVerifier) auth.Scheme { return auth.Basic(v, nil) }, "Authorization: Basic " + basic(`!"#$%&'()*+-./;<=>?@[\]^_{|}~:`), `!"#$%&'()*+-./;<=>?@[\]^_{|}~`},
		{"Header", func(v auth.TokenVerifier) auth.Scheme { return auth.Header("X-K", v) }, `X-K: !"#$%&'()*+-./:;<=>?@[\]^_{|}~`, `!"#$%&'()*+-./:;<=>?@[\]^_{|}~`},
		{"Cookie", func(v auth.TokenVerifier) auth.Scheme { return auth.Cookie("sid", v, nil) }, `Cookie: sid=!#$%&'()*+-./:<=>?@[]^_{|}~`, `!#$%&'()*+-./:<=>?@[]^_{|}~`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got auth.Credential
			r := get(tt.field, "X-Forwarded-For: 192.0.2.7", "X-Forwarded-For: 192.0.2.8")
			check(t, require(tt.scheme(remembering(&got)), r).Passed, "user alice")
			check(t, got, auth.Credential{Token: tt.want, Remote: r.RemoteAddr, Forwarded: "192.0.2.7,192.0.2.8", TLS: r.TLS})
			check(t, got.TLS != nil, true)
		})
	}
}

// remembering accepts every token and keeps the last credential.
func remembering(last *auth.Credential) auth.TokenVerifier {
	return auth.TokenVerifierFunc(func(_ context.Context, c auth.Credential) (*auth.AuthContext, error) {
		*last = c
		return alice, nil
	})
}

// Tokens in the query or in a form are never read.
func TestTokensElsewhere(t *testing.T) {
	s := auth.AnyOf(auth.Bearer(users(), nil), auth.Header("X-API-Key", users()), auth.Cookie("sid", users(), nil))
	form := request("POST", "Content-Type: application/x-www-form-urlencoded")
	form.Form = map[string][]string{"access_token": {"a11ce"}, "token": {"a11ce"}}
	form.PostForm = form.Form
	query := get()
	query.URL.RawQuery = "access_token=a11ce&X-API-Key=a11ce&sid=a11ce&token=a11ce"
	tests := []struct {
		name    string
		request *http.Request
	}{
		{"in the query", query},
		{"in a form", form},
		{"in Proxy-Authorization", get("Proxy-Authorization: Bearer a11ce")},
		{"in X-Authorization", get("X-Authorization: Bearer a11ce")},
		{"in a cookie of another name", get("Cookie: access_token=a11ce; Authorization=Bearer a11ce; X-API-Key=a11ce")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, optional(s, tt.request), asAnonymous.vary()) })
	}
}

// b64token is what RFC 6750, section 2.1, says.
var b64token = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

func FuzzAuthorization(f *testing.F) {
	for _, seed := range []string{"Bearer a11ce", "bearer  a11ce==", "Bearer", "Bearer ", "Bearer a, Bearer b", "Basic YTo=",
		"Digest a=b", "", " ", "\x00", "Bearer\ta", "BEARER a ", "Bearer =", "Bearer a=b", "Ba\u017fic YTo="} {
		f.Add(seed, 1)
		f.Add(seed, 2)
	}
	f.Fuzz(func(t *testing.T, field string, fields int) {
		var got auth.Credential
		r := get()
		r.Header["Authorization"] = slices.Repeat([]string{field}, fields&3)
		answer := require(auth.Bearer(remembering(&got), nil), r)
		name, rest, _ := strings.Cut(field, " ")
		rest = strings.TrimLeft(rest, " ")
		good := fields&3 == 1 && strings.EqualFold(name, "bearer") && b64token.MatchString(rest) && len(rest) < len(long)
		if (answer.Status == 200) != good || good != (got.Token == rest && rest != "") {
			t.Errorf("%q is %d, %q", r.Header["Authorization"], answer.Status, got.Token)
		}
		for _, s := range []auth.Scheme{
			auth.Bearer(users(), nil), auth.Basic(users(), nil), auth.Basic(users(), &auth.BasicOptions{Lenient: true}),
			auth.AnyOf(auth.Bearer(users(), nil), auth.Basic(users(), nil), auth.Cookie("sid", users(), nil)),
		} {
			if status := require(s, r).Status; !slices.Contains([]int{200, 400, 401}, status) {
				t.Errorf("%q is %d", r.Header["Authorization"], status)
			}
		}
	})
}
