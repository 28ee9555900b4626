package jwks_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
)

// TestAttackDocument runs the known attacks on key documents that a program loads itself.
func TestAttackDocument(t *testing.T) {
	for id, attack := range map[string]func(t *testing.T){
		"K001": oneKidTwice,
		"K002": secretBesidePublicKeys,
		"K012": certificateOfAnother,
		"K013": certificateOutOfTime,
		"K015": tooManyKeysInDocument,
		"K030": documentThatIsReadTwoWays,
	} {
		t.Run(id, attack)
	}
}

func refuseDocuments(t *testing.T, want string, documents ...[]byte) {
	t.Helper()
	for _, document := range documents {
		set, err := jwks.ParseSet(document)
		if set != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, %v; want %q", document, set, err, want)
		}
	}
}

func oneKidTwice(t *testing.T) {
	other := with(must(named(p384Key, "e", "").PublicJWK()), nil)
	refuseDocuments(t, `the ID of another, "e"`, setOf(namedEC, other), setOf(other, rsaJWK, namedEC), setOf(namedEC, namedEC))
}

func secretBesidePublicKeys(t *testing.T) {
	refuseDocuments(t, "secrets beside public keys", setOf(namedEC, octJWK), setOf(octJWK, with(rsaJWK, publicOnly)))
}

func certificateOfAnother(t *testing.T) {
	stranger := certificateFor(must(ecdsa.GenerateKey(ecKey.Curve, rand.Reader)))
	for _, jwk := range [][]byte{namedEC, with(namedEC, publicOnly), rsaJWK, with(rsaJWK, publicOnly)} {
		document := with(jwk, changes{"x5c": stranger})
		k, err := jwks.ParseJWK(document)
		checkRefused(t, k, err, "x5c for another key")
		refuseDocuments(t, "x5c for another key", setOf(document))
	}
}

// A certificate adds no trust and takes none away, whatever its time: it must only be for the key.
func certificateOutOfTime(t *testing.T) {
	for _, from := range []time.Duration{-48 * time.Hour, 24 * time.Hour} {
		start := time.Now().Add(from)
		template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: start, NotAfter: start.Add(time.Hour)}
		der := must(x509.CreateCertificate(rand.Reader, template, template, &ecKey.PublicKey, ecKey))
		document := with(namedEC, changes{"x5c": []string{base64.StdEncoding.EncodeToString(der)}})
		checkSame(t, must(jwks.ParseJWK(document)), named(ecKey, "e", ""), true)
	}
}

func tooManyKeysInDocument(t *testing.T) {
	var keys [][]byte
	for len(keys) < 101 {
		keys = append(keys, []byte("{}"))
	}
	refuseDocuments(t, "more than 100 keys", setOf(keys...))
	for len(keys) < 10000 {
		keys = append(keys, keys...)
	}
	refuseDocuments(t, "more than 100 keys", setOf(keys[:10000]...))
}

func documentThatIsReadTwoWays(t *testing.T) {
	good, other := string(setOf(namedEC)), string(setOf(octJWK))
	refuseDocuments(t, "not one JSON object", []byte(good+"x"), []byte(good+other), []byte(good+"\x00"), []byte("\ufeff"+good))
	keys := func(document string) string { return strings.TrimSuffix(strings.TrimPrefix(document, "{"), "}") }
	for _, second := range []string{keys(other), `"KEYS":[]`, `"Keys":null`, `"\u006beys":[]`, `"ke\u0079s":[]`} {
		refuseDocuments(t, "there twice", []byte("{"+keys(good)+","+second+"}"), []byte("{"+second+","+keys(good)+"}"))
	}
	refuseDocuments(t, "set without a key", []byte(strings.Replace(good, `"keys"`, `"KEYS"`, 1)))
}

// TestAttackEnvironment runs the known attacks that begin with how a program was configured.
func TestAttackEnvironment(t *testing.T) {
	for id, attack := range map[string]func(t *testing.T){
		"J008": publicKeyConfiguredAsSecret,
		"J017": weakKeyConfigured,
		"J021": shortSecretConfigured,
		"L055": defaultSecret,
	} {
		t.Run(id, attack)
	}
}

func refuseVariables(t *testing.T, want string, all ...env) {
	t.Helper()
	for _, variables := range all {
		e, err := fromEnv(variables)
		if e != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, %v; want %q", e, err, want)
		}
	}
}

// A verifier that takes the public key for a secret accepts what anyone signs with it.
func publicKeyConfiguredAsSecret(t *testing.T) {
	line := string(oneLine([]byte(rsaPublicPEM)))
	refuseVariables(t, "JWT_SECRET_KEY",
		env{"JWT_SECRET_KEY": rsaPublicPEM}, env{"JWT_SECRET_KEY": line}, env{"JWT_SECRET_KEY": `"` + line + `"`},
		env{"JWT_SECRET_KEY": rsaPublicPEM, "JWT_ALGORITHM": "HS256"}, env{"JWT_SECRET_KEY": line, "JWT_ALGORITHM": "HS512"},
		env{"JWT_SECRET_KEY": base64.StdEncoding.EncodeToString([]byte(rsaPublicPEM))},
		env{"JWT_SECRET_KEY": string(with(rsaJWK, publicOnly))},
		env{"JWT_SECRET_KEY": string(secret), "JWT_PUBLIC_KEY": rsaPublicPEM})
	refuseVariables(t, "JWT_PUBLIC_KEY",
		env{"JWT_PUBLIC_KEY": rsaPublicPEM, "JWT_ALGORITHM": "HS256"}, env{"JWT_PUBLIC_KEY": line, "JWT_ALGORITHM": "HS512"})

	e, err := fromEnv(env{"JWT_PUBLIC_KEY": rsaPublicPEM, "JWT_KEYID": "k"})
	if err != nil {
		t.Fatal(err)
	}
	for _, alg := range []string{"HS256", "HS384", "HS512", "none"} {
		if key, err := e.Keys.VerificationKey(context.Background(), "", alg, "k"); !errors.Is(err, auth.ErrInvalidCredentials) {
			t.Errorf("%s: %v, %v", alg, key, err)
		}
	}
}

func weakKeyConfigured(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	for _, bits := range []int{512, 1024} {
		weak := rsaOf(bits)
		refuseVariables(t, "bits, which is not 2048 to 16384",
			env{"JWT_SECRET_KEY": string(pkcs8(weak))}, env{"JWT_PUBLIC_KEY": string(spki(&weak.PublicKey))})
	}
}

func shortSecretConfigured(t *testing.T) {
	for algorithm, size := range map[string]int{"HS256": 32, "HS384": 48, "HS512": 64} {
		refuseVariables(t, "too few for "+algorithm, env{"JWT_SECRET_KEY": string(secret[:size-1]), "JWT_ALGORITHM": algorithm})
	}
}

// There is no key to fall back to, and those that others fall back to are refused.
func defaultSecret(t *testing.T) {
	refuseVariables(t, "there is no default", env{}, env{"JWT_ALGORITHM": "HS256"}, env{"JWT_KEYID": "k"})
	refuseVariables(t, "set, but empty", env{"JWT_SECRET_KEY": ""}, env{"JWT_SECRET_KEY": " \n"})
	for _, known := range []string{
		"supersecret", "secret", "changeme", "your-256-bit-secret", "a-string-secret-at-least-256-bits-long",
		strings.Repeat("supersecret", 4), strings.Repeat("0", 64), strings.Repeat("secret", 8), strings.Repeat("\x00", 32),
	} {
		refuseVariables(t, "JWT_SECRET_KEY: secret ", env{"JWT_SECRET_KEY": known})
	}
	refuseVariables(t, "published example",
		env{"JWT_SECRET_KEY": "a-valid-string-secret-that-is-at-least-384-bits-long", "JWT_ALGORITHM": "HS384"},
		env{"JWT_SECRET_KEY": "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long", "JWT_ALGORITHM": "HS512"})
}
