package jwtx_test

import (
	"context"
	"crypto"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/jwtx"
)

// valued makes payloads in which a claim has a value each, and one without it.
func valued(name string, values ...string) map[string]string {
	all := map[string]string{name + " missing": claims(name, "")}
	for _, value := range values {
		all[name+" "+value] = claims(name, value)
	}
	return all
}

func audType(t *testing.T) {
	ours := strconv.Quote(audience)
	refused(t, payloads(valued("aud", "null", `""`, "[]", `[""]`, "1", "true", "{}", "[1]", "["+"["+ours+"]]", "["+ours+",1]",
		"[1,"+ours+"]", "["+ours+`,""]`,
		`["",`+ours+"]", "["+ours+",null]", "["+ours+",["+ours+"]]", `{"0":`+ours+"}", "{"+ours+":1}", "["+ours+`,"x\u0000"]`,
		`["`+audience+` x"]`, `"`+audience+" "+audience+`"`)))
	for _, good := range []string{ours, "[" + ours + "]", `["x",` + ours + "]", "[" + ours + "," + ours + "]",
		" [ " + ours + " ] ", `"` + strings.Replace(audience, "api", `\u0061pi`, 1) + `"`,
		`"` + strings.ReplaceAll(audience, "/", `\/`) + `"`} {
		token := hs256(claims("aud", good))
		checkVisit(t, good, token, knock(verifierWith(), token), passes)
	}
}

// nearly returns what is nearly a string, in JSON.
func nearly(s string) []string {
	return []string{
		strconv.Quote(strings.ToUpper(s)), strconv.Quote(s + " "), strconv.Quote(" " + s), strconv.Quote(s + "/"),
		`"` + s + `\u0000"`, strconv.Quote(s[:len(s)-1]), strconv.Quote(s + "x"),
		strconv.Quote(s + ".attacker.example"), strconv.Quote(strings.TrimPrefix(s, "https://")), strconv.Quote(strings.Replace(s,
			"https", "http", 1)), strconv.Quote("https://x@" + s[8:]),
		strconv.Quote(s + ":443"), strconv.Quote(s + "#"), strconv.Quote(s + "?"), strconv.Quote(strings.Replace(s, "e", "\u0435",
			1)), strconv.Quote(strings.Replace(s, "l", "%6c", 1)),
		strconv.Quote(s + "\u200b"), `"*"`, `"https://*.example.com"`, `"https://attacker.example"`,
	}
}

func audNearly(t *testing.T) {
	refused(t, payloads(valued("aud", append(nearly(audience), `"API"`, `"api "`, `"api/"`, `"api\u0000"`, `"ap"`)...)))
	var lists []string
	for _, value := range nearly(audience) {
		lists = append(lists, "["+value+"]", "["+value+`,"x"]`)
	}
	refused(t, payloads(valued("aud", lists...)))
}

func issNearly(t *testing.T) {
	ours := strconv.Quote(issuer)
	refused(t, payloads(valued("iss", append(nearly(issuer), "null", `""`, "["+ours+"]", "1", "true", "{}", "{"+ours+":1}")...)))
}

func noAudienceConfigured(t *testing.T) {
	for name, list := range map[string][]string{"nil": nil, "empty": {}, "an empty one": {""}, "an empty one beside": {audience, ""}} {
		c := secretConfig()
		c.Audience = list
		if v, err := jwtx.NewVerifier(c); err == nil || v != nil {
			t.Errorf("%s: %v, %v", name, v, err)
		}
		s, err := jwtx.NewSigner(jwtx.SignerConfig{Issuer: issuer, Audience: list, Keys: secrets})
		if err == nil || s != nil {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}

// issuersAndKeys has two issuers whose keys have the same kid, in one source.
func issuersAndKeys(t *testing.T) {
	const a, b = "https://a.example", "https://b.example"
	keys := map[string][]byte{a: []byte(strings.Repeat("a", 32)), b: []byte(strings.Repeat("b", 32))}
	shared := sourceFunc(func(_ context.Context, iss, _, _ string) (crypto.PublicKey, error) { return keys[iss], nil })
	for _, said := range []string{a, b} {
		for _, by := range []string{a, b} {
			token := signed("HS256", b64(head("HS256"))+"."+b64(claims("iss", strconv.Quote(said))), keys[by])
			for _, asked := range []string{a, b} {
				v := verifierWith(func(c *jwtx.Config) { c.Issuer, c.Keys = asked, shared })
				want := map[bool]outcome{true: passes, false: invalidToken}[said == by && by == asked]
				checkVisit(t, fmt.Sprintf("iss %s, signed by %s, shown to %s", said, by, asked), token, knock(v, token), want)
			}
		}
	}
}

// tenants share a key, an issuer's address but for a path, or an issuer.
func tenants(t *testing.T) {
	a := hs256(claims("iss", `"`+issuer+`/a"`, "aud", `"`+audience+`/a"`))
	for name, tt := range map[string]struct {
		issuer, audience string
		want             outcome
	}{
		"tenant A":                    {issuer + "/a", audience + "/a", passes},
		"tenant B":                    {issuer + "/b", audience + "/b", invalidToken},
		"audience of A, issuer B":     {issuer + "/b", audience + "/a", invalidToken},
		"issuer of A, audience B":     {issuer + "/a", audience + "/b", invalidToken},
		"the address that they share": {issuer, audience, invalidToken},
	} {
		v := verifierWith(func(c *jwtx.Config) { c.Issuer, c.Audience = tt.issuer, []string{tt.audience} })
		checkVisit(t, name, a, knock(v, a), tt.want)
	}
}

func secretInKeySet(t *testing.T) {
	tokens := map[string]string{"HS256": hs256(claims()), "RS256 of it": signed("HS256", b64(head("RS256"))+"."+b64(claims()), secret)}
	for _, alg := range pairAlgs {
		for name, token := range tokens {
			checkVisit(t, name+" where only "+alg+" is accepted", token, knock(verifierOf(alg, secrets), token), invalidToken)
			checkVisit(t, name+" and a source that hands out secrets", token, knock(verifierOf(alg, always(secret, nil)), token), invalidToken)
		}
	}
}

// keyOfOtherType has a source that does not look at the algorithm.
func keyOfOtherType(t *testing.T) {
	public := map[string]crypto.PublicKey{
		"RSA": &rsaKey.PublicKey, "P-256": &p256Key.PublicKey, "P-384": &p384Key.PublicKey, "P-521": &p521Key.PublicKey,
		"Ed25519": ed25519Key.Public(), "secret": secret,
	}
	fits := map[string]string{"R": "RSA", "P": "RSA", "H": "secret", "ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}
	for _, alg := range append(secretAlgs, pairAlgs...) {
		token := forge(alg, head(alg), claims())
		right := fits[alg] + fits[alg[:1]]
		for name, key := range public {
			want := map[bool]outcome{true: passes, false: invalidToken}[name == right]
			checkVisit(t, alg+" with "+name, token, knock(verifierOf(alg, always(key, nil)), token), want)
		}
	}
	other := forge("RS256", head("RS256", "kid", `"PS256"`), claims())
	checkVisit(t, "the kid of another algorithm", other, knock(must(jwtx.NewVerifier(pairConfig())), other), invalidToken)
}
