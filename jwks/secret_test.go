package jwks_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/jwks"
)

func TestNewSecretRefuses(t *testing.T) {
	hs256 := &jwks.KeyOptions{Algorithm: "HS256"}
	der := must(x509.MarshalPKIXPublicKey(&ecKey.PublicKey))
	tests := []struct {
		name   string
		secret []byte
		opts   *jwks.KeyOptions
		want   string
	}{
		{"no options", secret, nil, "algorithm other than"},
		{"no algorithm", secret, &jwks.KeyOptions{ID: "a"}, "algorithm other than"},
		{"an algorithm for key pairs", secret, &jwks.KeyOptions{Algorithm: "RS256"}, "algorithm other than"},
		{"nil", nil, hs256, "0 bytes"},
		{"empty", []byte{}, hs256, "0 bytes"},
		{"only zeroes", make([]byte, 32), hs256, "only zeroes"},
		{"one byte", []byte(strings.Repeat("k", 32)), hs256, "fewer than 8 different bytes"},
		{"a word of seven letters", []byte(strings.Repeat("supersecret", 3)), hs256, "fewer than 8 different bytes"},
		{"seven bytes", []byte(strings.Repeat("abcdefg", 5)), hs256, "fewer than 8 different bytes"},
		{"a path", []byte("/run/secrets/production/jwt-signing-key.pem"), hs256, "a path or a URL"},
		{"a path without an extension", []byte("/run/secrets/production/jwt_signing_key"), hs256, "a path or a URL"},
		{"a path in another case", []byte("/Users/ada/Secrets/Production/Key.txt"), hs256, "a path or a URL"},
		{"a path from here", []byte("./secrets/production/jwt-signing-key"), hs256, "a path or a URL"},
		{"a URL", []byte("https://vault.example.com/v1/secret/JWT"), hs256, "a path or a URL"},
		{"the example of jwt.io", []byte("a-string-secret-at-least-256-bits-long"), hs256, "published example"},
		{"over 2048 bytes", []byte(strings.Repeat("0123456789abcdef", 128) + "0"), hs256, "over 2048 bytes"},
		{"a private key in PEM", pkcs8(ecKey), hs256, "another kind"},
		{"PEM behind something else", append([]byte("key="), spki(&ecKey.PublicKey)...), hs256, "another kind"},
		{"PEM as base64", []byte(base64.StdEncoding.EncodeToString(spki(&ecKey.PublicKey))), hs256, "another kind"},
		{"DER of an Ed25519 key", must(x509.MarshalPKIXPublicKey(ed25519Key.Public())), hs256, "another kind"},
		{"DER of an RSA key, PKCS #1", x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey), hs256, "another kind"},
		{"a certificate in DER", must(base64.StdEncoding.DecodeString(certificateFor(ecKey)[0])), hs256, "another kind"},
		{"DER behind a line break", append([]byte("\n"), der...), hs256, "another kind"},
		{"DER and a line break", append(der, '\n'), hs256, "another kind"},
		{"DER as base64 in lines", []byte("MFkwEwYH\r\n" + base64.StdEncoding.EncodeToString(der)[8:] + "\n"), hs256, "another kind"},
		{"a JWK Set", []byte(`{"keys":[` + string(ecJWK) + `]}`), hs256, "another kind"},
		{"an OpenSSH key", []byte("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGV5nM2dSbpIBWMBYPXcJIlHNcXRRd2DVY"), hs256, "another kind"},
		{"an ID with a NUL", secret, &jwks.KeyOptions{ID: "a\x00", Algorithm: "HS256"}, "control characters"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, err := jwks.NewSecret(tt.secret, tt.opts)
			checkRefused(t, k, err, tt.want)
		})
	}
}

// What merely begins like a key is a good secret.
func TestNewSecretAccepts(t *testing.T) {
	for _, s := range []string{
		string(secret),
		strings.Repeat("abcdefgh", 4),
		"{" + string(secret),
		"0\x06\x02\x01\x01\x02\x01\x01" + string(secret), // a short DER sequence of two numbers
		strings.Repeat("0123456789abcdef", 128),
		base64.StdEncoding.EncodeToString(secret),
		hex.EncodeToString(secret),
	} {
		k, err := jwks.NewSecret([]byte(s), &jwks.KeyOptions{Algorithm: "HS256"})
		if err != nil || k.ID() != "" || !k.CanSign() {
			t.Errorf("%q: %v, %v", s, k, err)
		}
	}
}

func TestSecretSigns(t *testing.T) {
	k := must(jwks.NewSecret(secret, &jwks.KeyOptions{Algorithm: "HS256"}))
	if got, ok := verifierOf(k).([]byte); !ok || string(got) != string(secret) {
		t.Errorf("verification key %T, want the secret as []byte", verifierOf(k))
	}
	s := signerOf(k)
	if s.Public() != nil {
		t.Errorf("public key %v, want none", s.Public())
	}
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("message"))
	want := h.Sum(nil)
	for _, opts := range []crypto.SignerOpts{crypto.Hash(0), nil} {
		if got, err := s.Sign(nil, []byte("message"), opts); err != nil || !hmac.Equal(got, want) {
			t.Errorf("with %v: %x, %v, want %x", opts, got, err, want)
		}
	}
	if got, err := s.Sign(nil, make([]byte, 32), crypto.SHA256); err == nil || got != nil {
		t.Errorf("a digest was signed: %x, %v", got, err)
	}
}

// needles returns what must never come out of a key that is not public: its private numbers in each usual encoding.
func needles(k *jwks.Key) []string {
	var private [][]byte
	switch s := signerOf(k).(type) {
	case *rsa.PrivateKey:
		private = [][]byte{s.D.Bytes(), s.Primes[0].Bytes(), s.Primes[1].Bytes(), s.Precomputed.Dp.Bytes(),
			s.Precomputed.Dq.Bytes(), s.Precomputed.Qinv.Bytes()}
	case *ecdsa.PrivateKey:
		private = [][]byte{must(s.Bytes())}
	case ed25519.PrivateKey:
		private = [][]byte{s.Seed(), s}
	default:
		private = [][]byte{verifierOf(k).([]byte)}
	}
	var all []string
	for _, b := range private {
		all = append(all, string(b), hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)),
			new(big.Int).SetBytes(b).String(), strings.Trim(fmt.Sprint(b), "[]"), fmt.Sprintf("%q", b)[1:20],
			base64.RawStdEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b), fmt.Sprintf("%#v", b)[7:60])
	}
	return all
}
