package jwks_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
)

// TestAttack runs the known attacks on keys, by the IDs of the project's list.
func TestAttack(t *testing.T) {
	for id, attack := range map[string]func(t *testing.T){
		"J008": publicKeyAsSecret,
		"J017": weakRSA,
		"J019": factorableRSA,
		"J021": shortSecret,
		"J031": noKidOneKey,
		"K005": privateMembersPublished,
		"K006": secretPublished,
		"K007": keyForSomethingElse,
		"K008": keyWithoutAlg,
		"K009": noKid,
	} {
		t.Run(id, attack)
	}
}

func publicKeyAsSecret(t *testing.T) {
	text := spki(&rsaKey.PublicKey)
	for name, secret := range map[string][]byte{
		"PEM":                    text,
		"PEM minus newline":      bytes.TrimSuffix(text, []byte("\n")),
		"PEM with leading space": append([]byte(" \n\t"), text...),
		"PEM with leading NBSP":  append([]byte("\u00a0"), text...),
		"PEM with BOM":           append([]byte("\ufeff"), text...),
		"PEM with CRLF":          bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")),
		"PEM on one line":        bytes.ReplaceAll(text, []byte("\n"), []byte(`\n`)),
		"PKCS #1 PEM":            pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey)),
		"certificate PEM":        pemOf("CERTIFICATE", secret),
		"DER":                    must(x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)),
		"PKCS #1 DER":            x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey),
		"JWK":                    with(rsaJWK, publicOnly),
		"JWK with space and BOM": append([]byte("\ufeff \n"), with(rsaJWK, publicOnly)...),
		"JWK and a newline":      append(with(ecJWK, publicOnly), '\n'),
	} {
		for _, algorithm := range []string{"HS256", "HS384", "HS512"} {
			if k, err := jwks.NewSecret(secret, &jwks.KeyOptions{Algorithm: algorithm}); err == nil {
				t.Errorf("%s is a secret: %v", name, k)
			}
		}
	}
}

func weakRSA(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	for _, size := range []int{512, 1024} {
		weak := rsaOf(size)
		for _, key := range []any{weak, &weak.PublicKey, remote{weak}} {
			k, err := jwks.NewKey(key, nil)
			checkRefused(t, k, err, "bits, which is not 2048 to 16384")
		}
		k, err := jwks.ParsePEM(spki(&weak.PublicKey), nil)
		checkRefused(t, k, err, "bits, which is not 2048 to 16384")
	}
}

func shortSecret(t *testing.T) {
	for algorithm, size := range map[string]int{"HS256": 32, "HS384": 48, "HS512": 64} {
		opts := &jwks.KeyOptions{Algorithm: algorithm}
		if _, err := jwks.NewSecret(secret[:size], opts); err != nil {
			t.Error(err)
		}
		k, err := jwks.NewSecret(secret[:size-1], opts)
		checkRefused(t, k, err, "too few for "+algorithm)
	}
}

func noKidOneKey(t *testing.T) {
	set := must(jwks.NewSet(named(rsaKey, "a", "")))
	if _, err := set.VerificationKey(context.Background(), "", "RS256", ""); err != nil {
		t.Error(err)
	}
}

// privateMembersPublished publishes every combination of key kinds beside secrets and looks for anything private.
func privateMembersPublished(t *testing.T) {
	pairs := []*jwks.Key{named(rsaKey, "rs", ""), named(rsaKey, "ps", "PS512"), named(ecKey, "p256", ""), named(p384Key, "p384", ""),
		named(p521Key, "p521", ""), named(ed25519Key, "ed", ""), named(&ecKey.PublicKey, "public", "")}
	secrets := []*jwks.Key{secretNamed("s1"), must(jwks.Generate("HS384", &jwks.KeyOptions{ID: "s2"})),
		must(jwks.NewSecret(secret, &jwks.KeyOptions{ID: "s3", Algorithm: "HS512"}))}
	var forbidden []string
	for _, k := range append(pairs[:6:6], secrets...) {
		forbidden = append(forbidden, needles(k)...)
	}
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "key_ops", "x5c"} {
		forbidden = append(forbidden, `"`+name+`"`)
	}
	forbidden = append(forbidden, `"oct"`, `"HS256"`, `"HS384"`, `"HS512"`, `"s1"`, `"s2"`, `"s3"`)
	for mask := 1; mask < 1<<len(pairs); mask++ {
		keys := append([]*jwks.Key(nil), secrets...)
		for i, k := range pairs {
			if mask>>i&1 == 1 {
				keys = append(keys, k)
			}
		}
		set := must(jwks.NewSet(keys...))
		document := string(publish(t, set))
		for _, f := range forbidden {
			if strings.Contains(document, f) {
				t.Fatalf("%q is in %s", f, document)
			}
		}
		if n := len(published(t, set)); n != len(keys)-len(secrets) {
			t.Fatalf("%d keys of %d are published", n, len(keys)-len(secrets))
		}
	}
}

func secretPublished(t *testing.T) {
	set := must(jwks.NewSet(secretNamed("a"), must(jwks.Generate("HS512", &jwks.KeyOptions{ID: "b"}))))
	if h, err := jwks.Handler(set); err == nil {
		t.Errorf("a handler for secrets: %v", h)
	}
}

func keyForSomethingElse(t *testing.T) {
	for _, change := range []changes{
		{"use": "enc"}, {"key_ops": []string{"encrypt"}}, {"key_ops": []string{"encrypt", "decrypt"}},
		{"alg": "ES256"}, {"alg": "HS256"}, {"alg": "RSA-OAEP"}, {"alg": "RSA1_5", "use": "enc"},
	} {
		for _, jwk := range [][]byte{rsaJWK, with(rsaJWK, publicOnly)} {
			if k, err := jwks.ParseJWK(with(jwk, change)); err == nil {
				t.Errorf("%v: accepted as %v", change, k)
			}
		}
	}
}

func keyWithoutAlg(t *testing.T) {
	set := must(jwks.ParseSet(setOf(with(rsaJWK, changes{"alg": nil}))))
	for _, alg := range []string{"ES256", "HS256", "PS256", "RS512", "none", ""} {
		if key, err := set.VerificationKey(context.Background(), "", alg, "2011-04-29"); !errors.Is(err, auth.ErrInvalidCredentials) {
			t.Errorf("%q: %v, %v", alg, key, err)
		}
	}
}

func noKid(t *testing.T) {
	if k, err := jwks.ParseSet(setOf(with(rsaJWK, changes{"kid": nil, "use": "enc"}))); err == nil {
		t.Errorf("use is not checked without kid: %v", k)
	}
	one := must(jwks.ParseSet(setOf(with(rsaJWK, changes{"kid": nil}))))
	two := must(jwks.ParseSet(setOf(rsaJWK, ed25519JWK)))
	for _, alg := range []string{"HS256", "PS256", "ES256"} {
		for _, set := range []*jwks.Set{one, two} {
			if key, err := set.VerificationKey(context.Background(), "", alg, ""); !errors.Is(err, auth.ErrInvalidCredentials) {
				t.Errorf("%q: %v, %v", alg, key, err)
			}
		}
	}
}
