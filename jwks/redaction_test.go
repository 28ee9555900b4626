package jwks_test

import (
	"encoding/pem"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/jwks"
)

// fromEverySource returns keys that sign, from each of the ways to get one.
func fromEverySource() map[string]*jwks.Key {
	keys := map[string]*jwks.Key{
		"NewSecret":      secretNamed("k"),
		"ParseJWK, oct":  must(jwks.ParseJWK(octJWK)),
		"Generate HS384": must(jwks.Generate("HS384", nil)),
		"Generate ES512": must(jwks.Generate("ES512", nil)),
		"Generate EdDSA": must(jwks.Generate("EdDSA", nil)),
		"Generate RS256": must(jwks.Generate("RS256", nil)),
		"ParseJWK, RSA":  must(jwks.ParseJWK(rsaJWK)),
		"ParseJWK, EC":   must(jwks.ParseJWK(namedEC)),
		"ParseJWK, OKP":  must(jwks.ParseJWK(ed25519JWK)),
	}
	for _, private := range []any{rsaKey, ecKey, p384Key, p521Key, ed25519Key} {
		k := named(private, "", "")
		keys["NewKey "+k.Algorithm()] = k
		keys["ParsePEM "+k.Algorithm()] = must(jwks.ParsePEM(pkcs8(private), nil))
		keys["ParsePEM in one line "+k.Algorithm()] = must(jwks.ParsePEM(oneLine(pkcs8(private)), nil))
	}
	return keys
}

// Nothing private leaves by any way that is not named for it.
func TestNothingPrivateLeaves(t *testing.T) {
	for source, k := range fromEverySource() {
		t.Run(source, func(t *testing.T) {
			set := must(jwks.NewSet(k))
			environment := jwks.Environment{Keys: set, Algorithms: []string{k.Algorithm()}}
			out := printed(k) + printed(*k) + printed(set) + printed(environment) + printed(&environment)
			publicSet := writer{"PublicJWKSet", func(*jwks.Key) ([]byte, error) { return set.PublicJWKSet() }}
			for _, w := range []writer{publicPEM, publicJWK, publicSet, thumbprint, in("")} {
				text, err := w.write(k)
				out += string(text)
				if block, _ := pem.Decode(text); block != nil {
					out += string(block.Bytes)
				}
				if err != nil {
					out += err.Error()
				}
			}
			for _, needle := range needles(k) {
				if strings.Contains(out, needle) {
					t.Errorf("%q came out", needle)
				}
			}
		})
	}
}

// That nothing is found would mean nothing, if it were not found where it is.
func TestPrivateFormsHoldWhatIsPrivate(t *testing.T) {
	for source, k := range fromEverySource() {
		t.Run(source, func(t *testing.T) {
			document, found := string(must(k.PrivateJWK())), 0
			for _, needle := range needles(k) {
				if strings.Contains(document, needle) {
					found++
				}
			}
			if found == 0 {
				t.Error("no private member in the private JWK")
			}
		})
	}
}
