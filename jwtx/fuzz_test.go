package jwtx_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
)

func addTexts(f *testing.F) {
	for _, text := range append(notJSON, `{}`, `{"a":1,"a":2}`, `{"a":"\ud83d\ude00","b":[{"c":null}]}`, ` {"a" : -1.5e+3 } `,
		claims(), head("HS256"), members(65), nested(33), `{"A":1,"a":2}`) {
		f.Add(text)
	}
}

// FuzzScanner holds the scanner against encoding/json: what it accepts means the same to both, and what it refuses is
// either not JSON or one of the few things that it is stricter about.
func FuzzScanner(f *testing.F) {
	addTexts(f)
	f.Fuzz(func(t *testing.T, text string) {
		names, values, err := jwtx.Scan(text)
		object, strict := readStrictly(text)
		if (err == nil) != strict {
			t.Fatalf("scanner: %v, encoding/json: %v", err, strict)
		}
		if err != nil {
			return
		}
		if !slices.Equal(names, object.names) || len(names) != len(values) {
			t.Fatalf("names %q, want %q", names, object.names)
		}
		for i, value := range values {
			if got, want := decode(value), decode(string(object.values[i])); !reflect.DeepEqual(got, want) {
				t.Fatalf("%q is %v, want %v", names[i], got, want)
			}
		}
	})
}

type jsonObject struct {
	names  []string
	values []json.RawMessage
}

// readStrictly reads an object with encoding/json, and whatever else it takes to be as strict as the scanner.
func readStrictly(text string) (object jsonObject, ok bool) {
	d := json.NewDecoder(strings.NewReader(text))
	if !json.Valid([]byte(text)) || !utf8.ValidString(text) || !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "{") {
		return object, false
	}
	_, _ = d.Token()
	for d.More() {
		name, _ := d.Token()
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return object, false
		}
		object.names, object.values = append(object.names, name.(string)), append(object.values, value)
	}
	sorted := slices.Sorted(slices.Values(object.names))
	unique := len(slices.Compact(sorted)) == len(object.names)
	return object, unique && len(object.names) <= jwtx.MaxMembers && depth(text) <= jwtx.MaxDepth && !halfCharacter(text)
}

// depth returns how many values are inside one another.
func depth(text string) int {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	open, most := 0, 0
	for {
		token, err := d.Token()
		if err == io.EOF {
			return most
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			open++
			most = max(most, open)
		case json.Delim('}'), json.Delim(']'):
			open--
		default:
			if !isName(text, d.InputOffset()) {
				most = max(most, open+1)
			}
		}
	}
}

// isName reports whether the token that ends at an offset is the name of a member.
func isName(text string, end int64) bool {
	return strings.HasPrefix(strings.TrimLeft(text[end:], " \t\r\n"), ":")
}

// halfCharacter reports whether an escape in text is half a surrogate pair: encoding/json reads that as U+FFFD, which
// makes one more of them than text has itself.
func halfCharacter(text string) bool {
	itself := strings.Count(text, "\ufffd") + strings.Count(strings.ToLower(strings.ReplaceAll(text, `\\`, "")), `\ufffd`)
	read := 0
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	for token, err := d.Token(); err == nil; token, err = d.Token() {
		if s, ok := token.(string); ok {
			read += strings.Count(s, "\ufffd")
		}
	}
	return read > itself
}

func decode(text string) (v any) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return err
	}
	return v
}

// FuzzParsePayload holds what is read of a payload against encoding/json.
func FuzzParsePayload(f *testing.F) {
	addTexts(f)
	for _, payload := range []string{claims("SUB", `"x"`), claims("i\u017fs", "1"), claims("exp", "1e300"), claims("nbf", "1.5"),
		claims("exp", "17E8"), claims("exp", "1.7e+9"), claims("exp", "-0"), claims("iat", "0.0000001"), claims("iat", "253402300799.9999999"),
		claims("CLIENT_ID", `"c1"`), claims("nbf", "9223372036854775808"),
		claims("sub", `"\u0000"`), claims("sub", `"\ud800"`)} {
		f.Add(payload)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		c, err := jwtx.ParsePayload(payload)
		if err != nil {
			return
		}
		object, strict := readStrictly(payload)
		if !strict {
			t.Fatal("encoding/json is stricter")
		}
		for i, name := range object.names {
			var raw json.RawMessage
			if found, err := c.Get(name, &raw); !found || err != nil || !bytes.Equal(raw, object.values[i]) {
				t.Fatalf("%q is %s, %v, %v, want %s", name, raw, found, err, object.values[i])
			}
			for own := range maps.Keys(ownNames) {
				if name != own && strings.EqualFold(name, own) {
					t.Fatalf("%q is not refused beside %q", name, own)
				}
			}
		}
		said := map[string]any{"iss": c.Issuer, "sub": c.Subject, "jti": c.ID, "sid": c.SessionID, "client_id": c.ClientID}
		for name, got := range said {
			want := ""
			if i := slices.Index(object.names, name); i >= 0 {
				want = decode(string(object.values[i])).(string)
			}
			if got != want || strings.ContainsAny(want, "\x00\r\n\t\x7f") {
				t.Fatalf("%s is %q, want %q", name, got, want)
			}
		}
		for name, got := range map[string]time.Time{"exp": c.Expires, "nbf": c.NotBefore, "iat": c.IssuedAt} {
			if i := slices.Index(object.names, name); i >= 0 {
				checkDate(t, name, got, object.values[i])
			} else if !got.IsZero() {
				t.Fatalf("%s is %v, and is not there", name, got)
			}
		}
	})
}

// checkDate holds a date against the number that it is: never later, and less than two microseconds earlier.
func checkDate(t *testing.T, name string, got time.Time, value json.RawMessage) {
	t.Helper()
	var seconds float64
	if err := json.Unmarshal(value, &seconds); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	whole, fraction := math.Modf(seconds)
	late := fraction*1e6 - float64(got.Nanosecond()/1e3)
	if got.Unix() != int64(whole) || seconds <= 0 || late < 0 || late >= 2 {
		t.Fatalf("%s is %v, want %s", name, got, value)
	}
}

// ownNames are the claims that are read, each of which may be spelled in one way only.
var ownNames = map[string]bool{
	"iss": true, "sub": true, "aud": true, "exp": true, "nbf": true, "iat": true, "jti": true, "sid": true, "cnf": true,
	"client_id": true, "scope": true, "roles": true,
	"amr": true, "auth_time": true, "amr_times": true, "actor_id": true, "actor_type": true, "auth_identity_id": true, "auth_provider": true,
	"app_metadata": true, "user_metadata": true,
}

// FuzzVerifyToken sends any text. Only what was signed, byte for byte, is accepted. Each of the tokens has one signature,
// so there is no second token with another; of ECDSA there are two for everything.
func FuzzVerifyToken(f *testing.F) {
	known := map[string]bool{}
	for _, alg := range []string{"HS256", "HS384", "HS512", "RS256", "RS512", "EdDSA"} {
		token := forge(alg, head(alg), claims())
		parts := strings.Split(token, ".")
		known[token] = true
		for _, seed := range []string{
			token, token + "=", token + "\n", token[1:], token[:len(token)-1], parts[0] + "." + parts[1] + ".",
			parts[1] + "." + parts[0] + "." + parts[2],
			b64(head("none")) + "." + parts[1] + ".", parts[0] + "." + b64(claims("sub", `"admin"`)) + "." + parts[2], b64(head(alg,
				"kid", `"EdDSA"`)) + "." + parts[1] + "." + parts[2],
		} {
			f.Add(seed)
		}
	}
	verifiers := []*jwtx.Verifier{verifierWith(), must(jwtx.NewVerifier(pairConfig()))}
	f.Fuzz(func(t *testing.T, token string) {
		accepted := 0
		for _, v := range verifiers {
			ac, err := verify(v, token)
			if err != nil {
				checkInvalid(t, token, ac, err)
				continue
			}
			accepted++
		}
		if accepted > 0 && (!known[token] || accepted > 1) {
			t.Fatalf("accepted %d times", accepted)
		}
	})
}

// FuzzSignedToken sends any header and payload with the right signature. What is accepted says the same to golang-jwt.
func FuzzSignedToken(f *testing.F) {
	for _, payload := range []string{claims(), foreign(), claims("aud", `["x","`+audience+`"]`), claims("exp", "4102444800.5",
		"nbf", "1", "scope", `"a b"`), claims("sub", `"\ud83d\ude00"`)} {
		f.Add(head("HS256"), payload)
	}
	f.Add(plus(head("HS256"), `"x":[{}]`), plus(claims(), `"x":[1,{"a":"b"}]`))
	f.Add(head("HS256", "typ", `"application/AT+JWT"`), claims("app_metadata", `{"a":1}`))
	f.Add(head("HS256"), claims("exp", fmt.Sprintf("%d.99", time.Now().Unix()))) // golang-jwt drops the .99
	verifiers := []*jwtx.Verifier{verifierWith(), verifierWith(actorType("user"))}
	f.Fuzz(func(t *testing.T, header, payload string) {
		token := forge("HS256", header, payload)
		for _, v := range verifiers {
			began := time.Now()
			ac, err := verify(v, token)
			if err != nil {
				checkInvalid(t, token, ac, err)
				continue
			}
			var inRange []map[string]any // golang-jwt reads all numbers, also those that no float64 holds
			if json.Unmarshal([]byte("["+header+","+payload+"]"), &inRange) == nil {
				c, _ := auth.Value[jwtx.Claims](*ac)
				checkGolangJWT(t, token, c, began)
			}
		}
	})
}
