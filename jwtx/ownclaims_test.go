package jwtx_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
)

// Tokens that say two things at once, or nothing, are refused.
func TestOwnClaims(t *testing.T) {
	registration := func(changes ...string) string {
		return claims(append([]string{"sub", `"i1"`, "actor_id", "", "auth_identity_id", `"i1"`}, changes...)...)
	}
	for _, tt := range []struct {
		name    string
		kind    jwtx.Kind
		payload string
		want    outcome
	}{
		{"an access token", jwtx.Access, claims(), passes},
		{"a registration token", jwtx.Registration, registration(), passes},
		{"a registration token with an empty actor", jwtx.Registration, registration("actor_id", `""`), passes},
		{"sub of another", jwtx.Access, claims("sub", `"u2"`), invalidToken},
		{"sub of the identity", jwtx.Access, claims("sub", `"i1"`, "auth_identity_id", `"i1"`), invalidToken},
		{"sub in other case", jwtx.Access, claims("sub", `"U1"`), invalidToken},
		{"an access token without an actor", jwtx.Access, registration(), invalidToken},
		{"an access token of nobody", jwtx.Access, claims("actor_id", ""), invalidToken},
		{"an access token with an empty actor", jwtx.Access, claims("actor_id", `""`), invalidToken},
		{"a registration token with an actor", jwtx.Registration, claims(), invalidToken},
		{"a registration token with an actor and an identity", jwtx.Registration, registration("actor_id", `"i1"`), invalidToken},
		{"a registration token of nobody", jwtx.Registration, registration("auth_identity_id", ""), invalidToken},
		{"a registration token of another identity", jwtx.Registration, registration("sub", `"i2"`), invalidToken},
		{"no actor type", jwtx.Access, claims("actor_type", ""), invalidToken},
		{"an empty actor type", jwtx.Access, claims("actor_type", `""`), invalidToken},
		{"no actor type of a registration", jwtx.Registration, registration("actor_type", ""), invalidToken},
		{"sub missing", jwtx.Access, claims("sub", ""), invalidToken},
		{"sub and actor empty", jwtx.Access, claims("sub", `""`, "actor_id", `""`), invalidToken},
		{"sub and identity empty", jwtx.Registration, registration("sub", `""`, "auth_identity_id", `""`), invalidToken},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token := forge("HS256", head("HS256", "typ", `"`+string(tt.kind)+`"`), tt.payload)
			v := verifierWith(kinds(jwtx.Access, jwtx.Registration))
			checkVisit(t, tt.name, token, knock(v, token, auth.AllowUnregistered), tt.want)
		})
	}
}

// Claims of the wrong type are refused, and so is a token that is bound to a key.
func TestClaimTypes(t *testing.T) {
	all := map[string]string{
		"cnf jkt": claims("cnf", `{"jkt":"x"}`), "cnf x5t": claims("cnf", `{"x5t#S256":"x"}`), "cnf empty": claims("cnf", "{}"),
		"cnf null": claims("cnf", "null"), "CNF": claims("CNF", "{}"),
		"amr a string": claims("amr", `"pwd"`, "auth_time", "1"), "amr of numbers": claims("amr", "[1]"), "amr null": claims("amr", "null"),
		"auth_time text": claims("amr", `["pwd"]`, "auth_time", `"1"`), "auth_time 0": claims("amr", `["pwd"]`, "auth_time", "0"),
		"auth_time 1e300": claims("amr", `["pwd"]`, "auth_time", "1e300"),
		"too few times":   claims("amr", `["pwd","otp"]`, "auth_time", "1", "amr_times", "[1]"),
		"too many times":  claims("amr", `["pwd"]`, "auth_time", "1", "amr_times", "[1,2]"), "no times": claims("amr", `["pwd"]`,
			"auth_time", "1", "amr_times", "[]"),
		"times of text": claims("amr", `["pwd"]`, "auth_time", "1", "amr_times", `["1"]`), "times no list": claims("amr", `["pwd"]`,
			"auth_time", "1", "amr_times", "1"),
		"roles 1": claims("roles", "1"), "roles null": claims("roles", "null"), "scope true": claims("scope", "true"),
	}
	for _, value := range []string{"null", "1", "true", "[]", `["u1"]`, "{}", `{"u1":1}`} {
		for _, name := range []string{"sub", "jti", "sid", "actor_id", "actor_type", "auth_identity_id", "auth_provider"} {
			all[name+" "+value] = claims(name, value)
		}
	}
	for _, value := range []string{"1", `"x"`, "true", "[]", `[{}]`} {
		all["app_metadata "+value] = claims("app_metadata", value)
		all["user_metadata "+value] = claims("user_metadata", value)
	}
	refused(t, payloads(all))
}

// A token without auth_time, or with it but without methods, proves no factor.
func TestFactors(t *testing.T) {
	for _, tt := range []struct {
		name, payload string
		want          []auth.Factor
	}{
		{"methods without a time", claims("amr", `["pwd"]`), nil},
		{"methods with times of our own but no time", claims("amr", `["pwd"]`, "amr_times", "[1]"), nil},
		{"a time without methods", claims("auth_time", "1"), nil},
		{"no methods at a time", claims("amr", "[]", "auth_time", "1"), []auth.Factor{}},
		{"one method", claims("amr", `["pwd"]`, "auth_time", "1.5"), []auth.Factor{{Method: "pwd", At: time.Unix(1, 5e8).UTC()}}},
		{"two with times", claims("amr", `["pwd","otp"]`, "auth_time", "3", "amr_times", "[1,3]"),
			[]auth.Factor{{Method: "pwd", At: time.Unix(1, 0).UTC()}, {Method: "otp", At: time.Unix(3, 0).UTC()}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ac := must(verify(verifierWith(), hs256(tt.payload)))
			if len(ac.Factors) != len(tt.want) || len(tt.want) > 0 && !reflect.DeepEqual(ac.Factors, tt.want) {
				t.Errorf("%v, want %v", ac.Factors, tt.want)
			}
		})
	}
}
