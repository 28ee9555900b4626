package jwtx_test

import (
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
)

// ofIssuer returns a verifier for another issuer, whose key has the same kid as everybody's.
func ofIssuer(name string, key *jwks.Key) *jwtx.Verifier {
	return verifierWith(func(c *jwtx.Config) {
		c.Issuer, c.Algorithms, c.Keys, c.ActorType = name, pairAlgs, must(jwks.NewSet(key)), "user of "+name
	})
}

func TestIssuers(t *testing.T) {
	const first, second = "https://one.example.com", "https://two.example.com"
	named := func(alg string) *jwks.Key {
		return must(jwks.NewKey(private[alg], &jwks.KeyOptions{ID: "1", Algorithm: alg}))
	}
	both := must(jwtx.NewIssuers(ofIssuer(first, named("ES256")), ofIssuer(second, named("EdDSA"))))
	twice := func(iss, alg, again string) string {
		return forge(alg, head(alg, "kid", `"1"`), plus(claims("iss", iss), `"i\u0073s":`+again))
	}
	from := func(iss, alg string) string { return forge(alg, head(alg, "kid", `"1"`), claims("iss", iss)) }
	for _, tt := range []struct {
		name, token string
		want        jwtx.Reason
	}{
		{"of the first", from(`"`+first+`"`, "ES256"), ""},
		{"of the second", from(`"`+second+`"`, "EdDSA"), ""},
		{"of the first, signed by the second", from(`"`+first+`"`, "EdDSA"), jwtx.ReasonUnknownKey},
		{"of the second, signed by the first", from(`"`+second+`"`, "ES256"), jwtx.ReasonUnknownKey},
		{"of the first, with the second's kid and an unknown key", from(`"`+first+`"`, "ES384"), jwtx.ReasonUnknownKey},
		{"of nobody", from(`"https://three.example.com"`, "ES256"), jwtx.ReasonIssuer},
		{"of nobody in particular", from("", "ES256"), jwtx.ReasonIssuer},
		{"of both", twice(`"`+first+`"`, "EdDSA", `"`+second+`"`), jwtx.ReasonUnknownKey},
		{"of both, the other one first", twice(`"`+first+`"`, "ES256", `"`+second+`"`), jwtx.ReasonClaims},
		{"of a list", from(`["`+first+`"]`, "ES256"), jwtx.ReasonMalformed},
		{"of almost the first", from(`"`+first+`/"`, "ES256"), jwtx.ReasonIssuer},
		{"of the first in another case", from(`"`+strings.ToUpper(first)+`"`, "ES256"), jwtx.ReasonIssuer},
		{"no JSON", strings.Replace(from(`"`+first+`"`, "ES256"), ".", ".e", 1), jwtx.ReasonMalformed},
		{"no JWT", "sk_abcdefgh", jwtx.ReasonMalformed},
		{"too long", strings.Repeat("a", 100_000), jwtx.ReasonMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ac, err := both.VerifyToken(t.Context(), auth.Credential{Token: tt.token})
			if got := jwtx.ReasonOf(err); got != tt.want || (ac == nil) == (err == nil) {
				t.Errorf("%q, %v, want %q", got, err, tt.want)
			}
		})
	}
	// What no verifier would read is not decoded: a good token with a name for its issuer, but too much else.
	long := forge("ES256", head("ES256", "kid", `"1"`), claims("iss", `"https://three.example.com"`, "x", `"`+strings.Repeat("x", jwtx.DefaultMaxBytes)+`"`))
	if _, err := both.VerifyToken(t.Context(), auth.Credential{Token: long}); jwtx.ReasonOf(err) != jwtx.ReasonMalformed {
		t.Errorf("a long token of nobody: %v", err)
	}
	checkVisit(t, "behind Tokens", "", knock(auth.Tokens(both), from(`"`+first+`"`, "ES256")), passes)
}

func TestIssuersConfig(t *testing.T) {
	v, another := verifierWith(), func(c *jwtx.Config) { c.Issuer = "https://another.example.com" }
	users, otherUsers := verifierWith(actorType("user")), verifierWith(actorType("user"), another)
	for _, tt := range []struct {
		name string
		all  []*jwtx.Verifier
		want string
	}{
		{"one", []*jwtx.Verifier{v}, ""},
		{"none", nil, "jwtx: no verifiers"},
		{"nil", []*jwtx.Verifier{v, nil}, "jwtx: verifier 1 is nil"},
		{"two with our own claims", []*jwtx.Verifier{v, verifierWith(another)}, ""},
		{"two with one type of actor", []*jwtx.Verifier{users, otherUsers}, `jwtx: two verifiers with the ActorType "user": ` +
			"one issuer's subjects would be the actors of the other; if they are, say so with Identify"},
		{"two for one", []*jwtx.Verifier{v, nil, v}, "jwtx: verifier 1 is nil\n" + `jwtx: two verifiers for the issuer "` + issuer + `"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := jwtx.NewIssuers(tt.all...); textOf(err) != tt.want {
				t.Errorf("%q, want %q", textOf(err), tt.want)
			}
		})
	}
}
