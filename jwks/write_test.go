package jwks_test

import (
	"bytes"
	"crypto"
	"encoding/json"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/jwks"
)

// everyAlgorithm returns a key that signs for each algorithm, without an ID of its own.
func everyAlgorithm() []*jwks.Key {
	var keys []*jwks.Key
	for _, algorithm := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"} {
		keys = append(keys, named(rsaKey, "", algorithm))
	}
	keys = append(keys, named(ecKey, "", ""), named(p384Key, "", ""), named(p521Key, "", ""), named(ed25519Key, "", ""))
	for _, algorithm := range []string{"HS256", "HS384", "HS512"} {
		keys = append(keys, must(jwks.NewSecret(secret, &jwks.KeyOptions{Algorithm: algorithm})))
	}
	return keys
}

func isSecret(k *jwks.Key) bool { return strings.HasPrefix(k.Algorithm(), "HS") }

// formatsFor returns the formats in which the private key of an algorithm can be written.
func formatsFor(algorithm string) []jwks.Format {
	switch algorithm[:2] {
	case "RS", "PS":
		return []jwks.Format{jwks.PKCS8, jwks.PKCS1}
	case "ES":
		return []jwks.Format{jwks.PKCS8, jwks.SEC1}
	case "Ed":
		return []jwks.Format{jwks.PKCS8}
	}
	return nil
}

// checkSame fails unless got is the key that want is: by its ID, its algorithm, and what it signs or verifies.
func checkSame(t *testing.T, got, want *jwks.Key, canSign bool) {
	t.Helper()
	if got.ID() != want.ID() || got.Algorithm() != want.Algorithm() || got.CanSign() != canSign {
		t.Fatalf("%v, can sign %t, became %v, can sign %t", want, want.CanSign(), got, got.CanSign())
	}
	if canSign {
		checkSignature(t, verifierOf(want), signerOf(got))
	}
	if secret, ok := verifierOf(want).([]byte); ok {
		if !bytes.Equal(secret, verifierOf(got).([]byte)) {
			t.Error("another secret")
		}
		return
	}
	if want.CanSign() {
		checkSignature(t, verifierOf(got), signerOf(want))
	}
	if !verifierOf(got).(interface{ Equal(crypto.PublicKey) bool }).Equal(verifierOf(want)) {
		t.Errorf("%v became another key", want)
	}
}

// checkWritten fails unless k can be written in every form that fits it, and is read again as the same key.
func checkWritten(t *testing.T, k *jwks.Key) {
	t.Helper()
	if isSecret(k) || k.CanSign() {
		checkSame(t, must(jwks.ParseJWK(must(k.PrivateJWK()))), k, k.CanSign())
	}
	if isSecret(k) {
		return
	}
	opts := &jwks.KeyOptions{ID: k.ID(), Algorithm: k.Algorithm()}
	checkSame(t, must(jwks.ParseJWK(must(k.PublicJWK()))), k, false)
	checkSame(t, must(jwks.ParsePEM(must(k.PublicPEM()), opts)), k, false)
	for _, f := range formatsFor(k.Algorithm()) {
		if k.CanSign() {
			checkSame(t, must(jwks.ParsePEM(must(k.PrivatePEM(f)), opts)), k, true)
		}
	}
}

func TestPEMRoundTrip(t *testing.T) {
	for _, k := range everyAlgorithm() {
		if isSecret(k) {
			continue
		}
		t.Run(k.Algorithm(), func(t *testing.T) {
			opts := &jwks.KeyOptions{Algorithm: k.Algorithm()} // the ID is the thumbprint
			for _, f := range formatsFor(k.Algorithm()) {
				text := must(k.PrivatePEM(f))
				if block, rest := pem.Decode(text); block == nil || block.Type != string(f) || len(rest) > 0 {
					t.Errorf("%s is not one block", f)
				}
				checkSame(t, must(jwks.ParsePEM(text, opts)), k, true)
			}
			checkSame(t, must(jwks.ParsePEM(must(k.PublicPEM()), opts)), k, false)
		})
	}
}

func TestJWKRoundTrip(t *testing.T) {
	for _, k := range everyAlgorithm() {
		t.Run(k.Algorithm(), func(t *testing.T) {
			private := must(jwks.ParseJWK(must(k.PrivateJWK())))
			checkSame(t, private, k, true)
			if isSecret(k) {
				return
			}
			public := must(jwks.ParseJWK(must(k.PublicJWK())))
			checkSame(t, public, k, false)
			checkSame(t, must(jwks.ParseJWK(must(public.PublicJWK()))), public, false)
		})
	}
}

// What is written has the members of RFC 7518, section 6, and RFC 8037, section 2, and no other.
func TestJWKMembers(t *testing.T) {
	verifying := must(jwks.ParseJWK(with(octJWK, changes{"key_ops": []string{"verify"}})))
	tests := []struct {
		name     string
		document []byte
		want     string
	}{
		{"a public RSA key", must(named(rsaKey, "k", "").PublicJWK()), "alg e kid kty n use"},
		{"a private RSA key", must(named(rsaKey, "k", "").PrivateJWK()), "alg d dp dq e kid kty n p q qi use"},
		{"a public EC key", must(named(ecKey, "k", "").PublicJWK()), "alg crv kid kty use x y"},
		{"a private EC key", must(named(ecKey, "k", "").PrivateJWK()), "alg crv d kid kty use x y"},
		{"a public Ed25519 key", must(named(ed25519Key, "k", "").PublicJWK()), "alg crv kid kty use x"},
		{"a private Ed25519 key", must(named(ed25519Key, "k", "").PrivateJWK()), "alg crv d kid kty use x"},
		{"a secret", must(secretNamed("k").PrivateJWK()), "alg k kid kty use"},
		{"a secret without an ID", must(secretNamed("").PrivateJWK()), "alg k kty use"},
		{"a secret that only verifies", must(verifying.PrivateJWK()), "alg k key_ops kid kty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(memberNames(tt.document), " "); got != tt.want {
				t.Errorf("members %s, want %s", got, tt.want)
			}
		})
	}
	if checkSame(t, must(jwks.ParseJWK(must(verifying.PrivateJWK()))), verifying, false); verifying.CanSign() {
		t.Error("the secret signs")
	}
}

func memberNames(document []byte) (names []string) {
	var members map[string]any
	if err := json.Unmarshal(document, &members); err != nil {
		panic(err)
	}
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// The published examples come out as they went in.
func TestJWKVectors(t *testing.T) {
	for _, jwk := range [][]byte{rsaJWK, ecJWK, ed25519JWK} {
		written := must(must(jwks.ParseJWK(jwk)).PrivateJWK())
		var got, want map[string]any
		if json.Unmarshal(written, &got) != nil || json.Unmarshal(jwk, &want) != nil {
			t.Fatal("no JSON")
		}
		for name, value := range want {
			if got[name] != value {
				t.Errorf("member %q of %s differs", name, want["kty"])
			}
		}
	}
}

func TestThumbprint(t *testing.T) {
	tests := []struct {
		name string
		key  *jwks.Key
		want string
	}{
		{"RFC 7638, section 3.1", named(rsaKey, "k", ""), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
		{"the same for another algorithm", named(rsaKey, "k", "PS512"), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
		{"its public half", named(&rsaKey.PublicKey, "k", ""), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
		{"RFC 8037, A.3", named(ed25519Key, "k", ""), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
		{"the default ID", named(p521Key, "", ""), named(p521Key, "", "").ID()},
		{"a signer that holds its key elsewhere", named(remote{ecKey}, "k", ""), named(ecKey, "", "").ID()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := tt.key.Thumbprint(); got != tt.want || err != nil {
				t.Errorf("%q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

// A writer is one of the ways to write a key.
type writer struct {
	name  string
	write func(k *jwks.Key) ([]byte, error)
}

func in(f jwks.Format) writer {
	return writer{"PrivatePEM " + string(f), func(k *jwks.Key) ([]byte, error) { return k.PrivatePEM(f) }}
}

var (
	publicPEM  = writer{"PublicPEM", (*jwks.Key).PublicPEM}
	publicJWK  = writer{"PublicJWK", (*jwks.Key).PublicJWK}
	privateJWK = writer{"PrivateJWK", (*jwks.Key).PrivateJWK}
	thumbprint = writer{"Thumbprint", func(k *jwks.Key) ([]byte, error) {
		text, err := k.Thumbprint()
		if text == "" {
			return nil, err
		}
		return []byte(text), err
	}}
)

func TestWriteRefuses(t *testing.T) {
	public, kms := named(&ecKey.PublicKey, "k", ""), named(remote{ecKey}, "k", "")
	verifying := must(jwks.ParseJWK(ec("key_ops", []string{"verify"})))
	const noKey, elsewhere, verifies = "not made by this package", "signer of type jwks_test.remote", "only verifies"
	tests := []struct {
		name    string
		key     *jwks.Key
		writers []writer
		want    string
	}{
		{"nil", nil, []writer{publicPEM, publicJWK, privateJWK, thumbprint, in(jwks.PKCS8)}, noKey},
		{"the zero key", &jwks.Key{}, []writer{publicPEM, publicJWK, privateJWK, thumbprint, in(jwks.PKCS8)}, noKey},
		{"a secret, its public half", secretNamed("k"), []writer{publicPEM, publicJWK, thumbprint}, "secret, which has no public half"},
		{"a secret, in PEM", secretNamed("k"), []writer{in(jwks.PKCS8), in(jwks.PKCS1), in(jwks.SEC1), in("")}, "no form in PEM"},
		{"a public key, its private half", public, []writer{in(jwks.PKCS8), in(jwks.SEC1), in(""), privateJWK}, verifies},
		{"a key that may only verify", verifying, []writer{in(jwks.PKCS8), privateJWK}, verifies},
		{"a key in a KMS", kms, []writer{in(jwks.PKCS8), in(jwks.SEC1), privateJWK}, elsewhere},
		{"an EC key, as RSA", named(ecKey, "k", ""), []writer{in(jwks.PKCS1)}, "for RSA, which the key is not"},
		{"an RSA key, as EC", named(rsaKey, "k", ""), []writer{in(jwks.SEC1)}, "for EC, which the key is not"},
		{"an Ed25519 key, as RSA", named(ed25519Key, "k", ""), []writer{in(jwks.PKCS1)}, "for RSA"},
		{"an Ed25519 key, as EC", named(ed25519Key, "k", ""), []writer{in(jwks.SEC1)}, "for EC"},
		{"an unknown format", named(ecKey, "k", ""), []writer{in(""), in("PUBLIC KEY"), in("private key")}, "format other than"},
	}
	for _, tt := range tests {
		for _, w := range tt.writers {
			t.Run(tt.name+", "+w.name, func(t *testing.T) {
				out, err := w.write(tt.key)
				if out != nil || err == nil || !strings.HasPrefix(err.Error(), "jwks: ") || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%d bytes, error %v; want one with %q", len(out), err, tt.want)
				}
			})
		}
	}
}
