package auth_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
)

func TestChallenge(t *testing.T) {
	kilo := strings.Repeat("x", 1024)
	tests := []struct {
		name   string
		scheme string
		params []auth.Param
		want   string
	}{
		{"a scheme alone", "Bearer", nil, "Bearer"},
		{"a parameter", "Bearer", []auth.Param{{"realm", "api"}}, `Bearer realm="api"`},
		{"two, in order", "Bearer", []auth.Param{{"b", "1"}, {"a", "2"}}, `Bearer b="1", a="2"`},
		{"an empty value", "Bearer", []auth.Param{{"realm", ""}}, `Bearer realm=""`},
		{"a quote", "Bearer", []auth.Param{{"realm", `a"b`}}, `Bearer realm="a\"b"`},
		{"a backslash", "Bearer", []auth.Param{{"realm", `a\`}}, `Bearer realm="a\\"`},
		{"what would end the value and begin another", "Bearer", []auth.Param{{"realm", `a", scope="admin`}}, `Bearer realm="a\", scope=\"admin"`},
		{"a line break", "Bearer", []auth.Param{{"realm", "a\r\nSet-Cookie: b=c"}}, `Bearer realm="a??Set-Cookie: b=c"`},
		{"NUL, TAB, DEL", "Bearer", []auth.Param{{"realm", "a\x00b\tc\x7f"}}, `Bearer realm="a?b?c?"`},
		{"letters beyond ASCII", "Bearer", []auth.Param{{"realm", "é"}}, `Bearer realm="??"`},
		{"bytes that are no letters", "Bearer", []auth.Param{{"realm", "\xff\x85"}}, `Bearer realm="??"`},
		{"a value of a kilobyte", "Bearer", []auth.Param{{"realm", kilo}}, `Bearer realm="` + kilo + `"`},
		{"a longer value", "Bearer", []auth.Param{{"realm", kilo + "y"}, {"a", "b"}}, `Bearer realm="` + kilo + `", a="b"`},
		{"a longer value of quotes", "Bearer", []auth.Param{{"realm", strings.Repeat(`"`, 2000)}}, `Bearer realm="` + strings.Repeat(`\"`, 1024) + `"`},
		{"quotes where even escaped ones may not be", "Bearer", []auth.Param{{"scope", `a"b`}, {"error_description", `"\`}, {"Error_URI", `"`}},
			`Bearer scope="a'b", error_description="''", Error_URI="'"`},
		{"a name twice", "Bearer", []auth.Param{{"realm", "a"}, {"realm", "b"}}, `Bearer realm="a"`},
		{"a name twice, in other case", "Bearer", []auth.Param{{"realm", "a"}, {"x", "y"}, {"REALM", "b"}}, `Bearer realm="a", x="y"`},
		{"a name that is none", "Bearer", []auth.Param{{"a b", "c"}, {"", "d"}, {"a=", "e"}, {"a\r\n", "f"}, {"é", "g"}, {"a\"", "h"}}, `Bearer`},
		{"a name that is none, before a good one", "Bearer", []auth.Param{{"a b", "c"}, {"realm", "d"}}, `Bearer realm="d"`},
		{"a name that is none, and another but for case", "Bearer", []auth.Param{{"\u017fcope", "a"}, {"scope", "b"}, {"\u212a", "c"}, {"k", "d"}},
			`Bearer scope="b", k="d"`},
		{"no scheme", "", []auth.Param{{"realm", "a"}}, ""},
		{"a scheme that is none", "Bearer realm", nil, ""},
		{"a scheme with a line break", "Bearer\r\nX: y", nil, ""},
		{"a scheme with a comma", "Bearer,", nil, ""},
		{"a scheme beyond ASCII", "Bérer", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, auth.Challenge{Scheme: tt.scheme, Params: tt.params}.String(), tt.want)
			check(t, auth.Challenge{Scheme: tt.scheme}.With(tt.params...).String(), tt.want)
		})
	}
}

// With shares nothing with what it was called on.
func TestChallengeWith(t *testing.T) {
	base := auth.Challenge{Scheme: "Bearer", Params: make([]auth.Param, 0, 8)}
	a, b := base.With(auth.Param{"a", "1"}), base.With(auth.Param{"b", "2"})
	c := a.With()
	c.Params[0].Value = "changed"
	check(t, fmt.Sprint(base, a, b), `Bearer Bearer a="1" Bearer b="2"`)
}

// What a guard sends is well-formed, whatever a scheme or rule put into a challenge.
func TestChallengeSent(t *testing.T) {
	evil := auth.Challenge{Scheme: "X\r\nSet-Cookie: a=b", Params: []auth.Param{{"a", "b"}}}
	odd := auth.Challenge{Scheme: "Odd", Params: []auth.Param{{"a\r\nb", "c"}, {"d", "e\r\nf: g"}}}
	stub := `Credentials realm="api"`
	tests := []struct {
		name   string
		scheme auth.Scheme
		want   string
	}{
		{"none, without a challenge", always(nil, auth.NoCredentials()), stub},
		{"none, with one that cannot be sent", always(nil, auth.NoCredentials(evil)), stub},
		{"none, with one of two that can", always(nil, auth.NoCredentials(evil, odd)), `Odd d="e??f: g"`},
		{"none, with one that names no scheme", always(nil, auth.NoCredentials(auth.Challenge{Params: []auth.Param{{"a", "b"}}})), stub + `, a="b"`},
		{"401 without a challenge", always(nil, &auth.Error{Status: 401}), stub + badToken},
		{"401 with one that cannot be sent", always(nil, &auth.Error{Status: 401, Challenges: []auth.Challenge{evil}}), stub + badToken},
		{"401 with one that names no scheme", always(nil, &auth.Error{Status: 401, Challenges: []auth.Challenge{{}}}), stub},
		{"403 with one", always(nil, &auth.Error{Status: 403, Challenges: []auth.Challenge{evil, odd}}), `Odd d="e??f: g"`},
		{"a Challenger of nothing, asked for none", asking{auth.Challenge{}, always(nil, auth.NoCredentials())}, stub},
		{"a Challenger of nothing, asked for a bad one", asking{auth.Challenge{}, always(nil, errBad)}, stub + badToken},
		{"a Challenger of what cannot be sent, asked for none", asking{evil, always(nil, auth.NoCredentials())}, stub},
		{"a Challenger of what cannot be sent, asked for a bad one", asking{evil, always(nil, errBad)}, stub + badToken},
		{"a Challenger of what cannot be sent in AnyOf", auth.AnyOf(asking{evil, always(nil, auth.NoCredentials())}, asking{odd, always(nil, auth.NoCredentials())}), `Odd d="e??f: g"`},
		{"a Challenger that can be", asking{odd, always(nil, auth.NoCredentials())}, `Odd d="e??f: g"`},
		{"a Challenger that can be, asked for a bad one", asking{odd, always(nil, errBad)}, `Odd d="e??f: g", error="invalid_token"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, require(tt.scheme, get()).Challenge, tt.want) })
	}
}

// An asking is a scheme that says what it asks for.
type asking struct {
	challenge auth.Challenge
	auth.Scheme
}

func (a asking) Challenge() auth.Challenge { return a.challenge }

func FuzzChallenge(f *testing.F) {
	f.Add("Bearer", "realm", "api", "scope", `a "b`)
	f.Add("Bearer", "realm", "a\r\nb", "REALM", `\`)
	f.Add("B earer", "", "é", "error", "\x00\xff")
	f.Add("Bearer", "a", strings.Repeat(`"`, 3000), "b", `", c="d`)
	f.Add("Bearer", "\u017fcope", "a", "scope", "b")
	f.Add("Bearer", "scope", strings.Repeat("a b", 500), "b", strings.Repeat(" ", 2000))
	f.Fuzz(func(t *testing.T, scheme, name1, value1, name2, value2 string) {
		c := auth.Challenge{Scheme: scheme}.With(auth.Param{name1, value1}, auth.Param{name2, value2})
		text := c.String()
		if text == "" {
			if isToken(scheme) {
				t.Errorf("%q is not sent", c)
			}
			return
		}
		if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r > '~' }); i >= 0 {
			t.Fatalf("%q at %d", text, i)
		}
		gotScheme, got, err := parseChallenge(text)
		if err != nil || gotScheme != scheme {
			t.Fatalf("%q: %q, %v", text, gotScheme, err)
		}
		var want []auth.Param
		for _, p := range c.Params {
			repeated := slices.ContainsFunc(want, func(w auth.Param) bool { return strings.EqualFold(w.Name, p.Name) })
			if isToken(p.Name) && !repeated {
				want = append(want, auth.Param{p.Name, sendable(p.Name, p.Value)})
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	})
}

// sendable is what the peer reads of a value: what may not be in one is replaced, what is too long cut off between words.
func sendable(name, value string) string {
	if len(value) > 1024 {
		value = value[:1024]
		if i := strings.LastIndexByte(value, ' '); i > 0 {
			value = value[:i]
		}
	}
	b := []byte(value)
	quotes := strings.EqualFold(name, "scope") || strings.HasPrefix(strings.ToLower(name), "error")
	for i, ch := range b {
		switch {
		case ch < ' ' || ch > '~':
			b[i] = '?'
		case quotes && (ch == '"' || ch == '\\'):
			b[i] = '\''
		}
	}
	return string(b)
}

// isToken reports whether s is a token of RFC 9110, section 5.6.2.
func isToken(s string) bool {
	return s != "" && strings.Trim(s, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// parseChallenge reads one challenge with quoted parameters, and nothing else (RFC 9110, section 11.6.1).
func parseChallenge(text string) (scheme string, params []auth.Param, err error) {
	scheme, rest, more := strings.Cut(text, " ")
	if !isToken(scheme) {
		return "", nil, fmt.Errorf("scheme %q", scheme)
	}
	for more {
		name, quoted, ok := strings.Cut(rest, `="`)
		if !ok || !isToken(name) {
			return "", nil, fmt.Errorf("parameter %q", rest)
		}
		var value []byte
		i := 0
		for ; i < len(quoted) && quoted[i] != '"'; i++ {
			if quoted[i] == '\\' {
				i++
			}
			if i == len(quoted) {
				break
			}
			value = append(value, quoted[i])
		}
		if i >= len(quoted) {
			return "", nil, fmt.Errorf("a value without its end: %q", quoted)
		}
		params = append(params, auth.Param{Name: name, Value: string(value)})
		rest, more = strings.CutPrefix(quoted[i+1:], ", ")
		if !more && rest != "" {
			return "", nil, fmt.Errorf("something behind a value: %q", rest)
		}
	}
	return scheme, params, nil
}
