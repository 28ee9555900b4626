package jwtx_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
)

// claimsOf returns the claims that a handler finds for a payload.
func claimsOf(t *testing.T, payload string, changes ...func(c *jwtx.Config)) jwtx.Claims {
	t.Helper()
	got := knock(verifierWith(append(changes, kinds(jwtx.Access), allowIncomplete)...), hs256(payload))
	c, ok := auth.Value[jwtx.Claims](got.ac)
	if got.outcome != passes || !ok {
		t.Fatalf("%s: %+v, claims: %v; log: %s", payload, got.outcome, ok, got.log)
	}
	return c
}

func TestClaims(t *testing.T) {
	at := func(sec, nsec int64) time.Time { return time.Unix(sec, nsec).UTC() }
	for _, tt := range []struct {
		name, payload string
		want          jwtx.Claims
	}{
		{"all of them", claims("nbf", "1700000001"), jwtx.Claims{Issuer: issuer, Subject: "u1", ID: "t1", ClientID: "c1", SessionID: "s1",
			Expires: at(4102444800, 0), IssuedAt: at(1700000000, 0), NotBefore: at(1700000001, 0), Kind: jwtx.Access}},
		{"what is required", claims("iat", "", "jti", "", "client_id", "", "sid", ""), jwtx.Claims{Issuer: issuer, Subject: "u1",
			Expires: at(4102444800, 0), Kind: jwtx.Access}},
		{"parts of a second", claims("jti", "", "client_id", "", "sid", "", "iat", "1700000000.5", "exp", "4102444800.25"),
			jwtx.Claims{Issuer: issuer, Subject: "u1", Expires: at(4102444800, 250e6), IssuedAt: at(1700000000, 500e6), Kind: jwtx.Access}},
		{"powers of ten", claims("jti", "", "client_id", "", "sid", "", "iat", "17E8", "exp", "4.1024448e+9"),
			jwtx.Claims{Issuer: issuer, Subject: "u1", Expires: at(4102444800, 0), IssuedAt: at(1700000000, 0), Kind: jwtx.Access}},
		{"escaped names and values", claims("jti", "", "client_id", "", "sid", `"\u0073\/\"😀\ud83d\ude00"`, "iat", "", "sub", "", `s\u0075b`, "",
			"sub", `"\u0075\u0031"`),
			jwtx.Claims{Issuer: issuer, Subject: "u1", SessionID: `s/"😀😀`, Expires: at(4102444800, 0), Kind: jwtx.Access}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := claimsOf(t, tt.payload)
			bare := jwtx.Claims{Issuer: got.Issuer, Subject: got.Subject, ID: got.ID, SessionID: got.SessionID, ClientID: got.ClientID, Expires: got.Expires,
				NotBefore: got.NotBefore, IssuedAt: got.IssuedAt, Kind: got.Kind}
			if bare != tt.want {
				t.Errorf("%+v, want %+v", bare, tt.want)
			}
		})
	}
}

func TestClaimsGet(t *testing.T) {
	c := claimsOf(t, claims("email", `"a@example.com"`, "n", "1.5", "yes", "true", "nothing", "null", "list", `["a",1]`, "o",
		`{"A":1}`, "Email", `"B"`, `q"`, `"\u00e9"`))
	for _, tt := range []struct {
		name  string
		into  any // a pointer
		want  any
		found bool
		err   string
	}{
		{"email", new(string), "a@example.com", true, ""},
		{"Email", new(string), "B", true, ""},
		{"EMAIL", new(string), "", false, ""},
		{`q"`, new(string), "é", true, ""},
		{"n", new(float64), 1.5, true, ""},
		{"n", new(json.Number), json.Number("1.5"), true, ""},
		{"n", new(int), 0, false, `claim "n"`},
		{"yes", new(bool), true, true, ""},
		{"nothing", new(string), "", true, ""},
		{"list", new([]any), []any{"a", 1.0}, true, ""},
		{"list", new([]string), []string{"a", ""}, false, `claim "list"`},
		{"o", new(map[string]int), map[string]int{"A": 1}, true, ""},
		{"o", new(json.RawMessage), json.RawMessage(`{"A":1}`), true, ""},
		{"sub", new(string), "u1", true, ""},
		{"missing", new(string), "", false, ""},
		{"", new(string), "", false, ""},
	} {
		t.Run(fmt.Sprintf("%s into %T", tt.name, tt.into), func(t *testing.T) {
			found, err := c.Get(tt.name, tt.into)
			got := reflect.ValueOf(tt.into).Elem().Interface()
			if found != tt.found || !reflect.DeepEqual(got, tt.want) || (err == nil) != (tt.err == "") || !strings.Contains(textOf(err), tt.err) {
				t.Errorf("%v, %v, %v, want %v, %v, %q", got, found, err, tt.want, tt.found, tt.err)
			}
		})
	}
	var zero jwtx.Claims
	if found, err := zero.Get("sub", new(string)); found || err != nil {
		t.Errorf("of no claims: %v, %v", found, err)
	}
}

// What a handler does with what it was given reaches nobody else.
func TestClaimsAreShared(t *testing.T) {
	c := claimsOf(t, claims("list", `["a"]`))
	var raw json.RawMessage
	if found, err := c.Get("list", &raw); !found || err != nil {
		t.Fatal(found, err)
	}
	clear(raw)
	var list []string
	if _, err := c.Get("list", &list); err != nil || list[0] != "a" {
		t.Errorf("%q, %v", list, err)
	}
}

func TestClaimsSet(t *testing.T) {
	c := claimsOf(t, claims("text", `"b  a b"`, "list", `["b","a c","", "b"]`, "none", `""`, "empty", "[]", "n", "1", "null",
		"null", "mixed", `["a",1]`, "nested", `[["a"]]`,
		"o", `{"a":1}`, "tab", `"a\tb"`, "lines", `["a\n"]`))
	for _, tt := range []struct {
		name string
		want auth.Set
		err  bool
	}{
		{"text", auth.NewSet("a", "b"), false},
		{"list", auth.NewSet("a c", "b"), false},
		{"none", auth.Set{}, false},
		{"empty", auth.Set{}, false},
		{"missing", auth.Set{}, false},
		{"n", auth.Set{}, true},
		{"null", auth.Set{}, true},
		{"mixed", auth.Set{}, true},
		{"nested", auth.Set{}, true},
		{"o", auth.Set{}, true},
		{"tab", auth.Set{}, true},
		{"lines", auth.Set{}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.Set(tt.name)
			if got.String() != tt.want.String() || got.Len() != tt.want.Len() || (err != nil) != tt.err {
				t.Errorf("%q, %v, want %q, error: %v", got, err, tt.want, tt.err)
			}
		})
	}
}

// An error of Set says which claim is wrong, as that of Get does.
func TestClaimsSetNamesTheClaim(t *testing.T) {
	_, err := claimsOf(t, claims("groups", "1")).Set("groups")
	if want := `jwtx: claim "groups": `; !strings.HasPrefix(textOf(err), want) {
		t.Errorf("error %v, want %q in front", err, want)
	}
}
