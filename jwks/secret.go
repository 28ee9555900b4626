package jwks

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"math/big"
	"slices"
	"strings"
	"unicode"
)

var digests = map[string]func() hash.Hash{"HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New}

// NewSecret returns the key for a secret shared by those who sign and those who verify. opts must name the algorithm:
// HS256, HS384 or HS512. Without an ID the tokens of the key have no kid, and a [Set] cannot hold other keys beside it.
//
// The secret must be random bytes, as [Generate] makes them, at least as long as the digest: 32, 48 or 64 bytes (RFC 7518,
// section 3.2), and at most 2048 bytes. What could be guessed is refused as far as that can be seen (RFC 8725, section
// 3.5): fewer than 8 different bytes, such as zeroes or "supersecret" again and again, the secrets that a well-known page
// of examples uses, and a path or a URL instead of what is there. So is what is no secret but a key of another kind: PEM, a
// JWK, an OpenSSH key, a public key or certificate in DER, also as base64. With a public key as the secret, anyone could
// sign.
func NewSecret(secret []byte, opts *KeyOptions) (*Key, error) {
	k, err := unguessedSecret(secret, opts)
	if err != nil {
		return nil, fmt.Errorf("jwks: %w", err)
	}
	return k, nil
}

func unguessedSecret(secret []byte, opts *KeyOptions) (*Key, error) {
	k, err := newSecret(secret, opts)
	if err != nil {
		return nil, err
	}
	if err := checkGuessable(secret); err != nil {
		return nil, err
	}
	return k, nil
}

// minDifferent is so small that no random secret falls below it: of 32 hexadecimal digits, one in twenty million does.
const minDifferent = 8

// exampleSecrets are what jwt.io signs its examples with. They are long enough, and found in many programs.
var exampleSecrets = []string{
	"a-string-secret-at-least-256-bits-long",
	"a-valid-string-secret-that-is-at-least-384-bits-long",
	"a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
}

func checkGuessable(secret []byte) error {
	different := map[byte]bool{}
	for _, b := range secret {
		different[b] = true
	}
	switch {
	case isZero(secret):
		return errors.New("secret that is only zeroes, a buffer that nobody filled")
	case len(different) < minDifferent:
		return fmt.Errorf("secret with fewer than %d different bytes, which is not random", minDifferent)
	case slices.Contains(exampleSecrets, string(secret)):
		return errors.New("secret from a published example, which everyone knows")
	case isPlace(string(secret)):
		return errors.New("secret that is a path or a URL, which anybody can guess: what is there was meant")
	}
	return nil
}

// isPlace reports whether a text says where a secret is. Base64 has neither dots nor colons, and no random text has two
// slashes but no upper-case letter.
func isPlace(text string) bool {
	const lower = "abcdefghijklmnopqrstuvwxyz0123456789_-./~"
	rooted := strings.HasPrefix(strings.TrimLeft(text, ".~"), "/") && strings.Contains(text, ".")
	switch {
	case strings.Contains(text, "://"):
		return true
	case strings.Trim(text, lower) == "":
		return rooted || strings.Count(text, "/") > 1
	}
	return rooted && strings.Trim(text, lower+"ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

const maxSecret = 2048 // bytes; what a member of a JWK can hold

func newSecret(secret []byte, opts *KeyOptions) (*Key, error) {
	if opts == nil {
		opts = &KeyOptions{}
	}
	digest, ok := digests[opts.Algorithm]
	switch {
	case !ok:
		return nil, errors.New("secret for an algorithm other than HS256, HS384 and HS512")
	case len(secret) < digest().Size():
		return nil, fmt.Errorf("secret of %d bytes, which are too few for %s", len(secret), opts.Algorithm)
	case len(secret) > maxSecret:
		return nil, fmt.Errorf("secret of over %d bytes", maxSecret)
	case isKey(secret):
		return nil, errors.New("secret that is a key of another kind (PEM, DER, JWK or OpenSSH)")
	}
	own := slices.Clone(secret)
	return bind(&material{verifier: own, signer: newMAC(digest, own)}, opts.Algorithm, opts.ID)
}

// secret returns the secret that k is.
func (k *Key) secret() ([]byte, bool) {
	secret, ok := k.verifier().([]byte)
	return secret, ok
}

// isKey also looks past white space, a byte order mark and base64, with which the same key would still be no secret.
func isKey(b []byte) bool {
	text := bytes.TrimFunc(b, func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' })
	if isKeyText(text) || isPublicDER(b) || isPublicDER(text) {
		return true
	}
	compact := bytes.Join(bytes.Fields(text), nil)
	decoded, err := base64.RawStdEncoding.DecodeString(string(bytes.TrimRight(compact, "=")))
	return err == nil && (isKeyText(decoded) || isPublicDER(decoded))
}

func isKeyText(text []byte) bool {
	return bytes.Contains(text, []byte("-----BEGIN ")) ||
		bytes.HasPrefix(text, []byte("{")) && (json.Valid(text) || bytes.Contains(text, []byte(`"kty"`))) ||
		bytes.HasPrefix(text, []byte("ssh-")) || bytes.HasPrefix(text, []byte("ecdsa-sha2-"))
}

// minDER is the length of the shortest public key, one for Ed25519. What is shorter could be random and still look so.
const minDER = 44

// isPublicDER knows a SubjectPublicKeyInfo, a PKCS #1 public key and a certificate, also with something behind it.
func isPublicDER(b []byte) bool {
	var first asn1.RawValue
	rest, err := asn1.Unmarshal(b, &first)
	der := b[:len(b)-len(rest)]
	if err != nil || len(der) < minDER {
		return false
	}
	if _, err := x509.ParseCertificate(der); err == nil {
		return true
	}
	var spki struct {
		Algorithm struct {
			OID        asn1.ObjectIdentifier
			Parameters asn1.RawValue `asn1:"optional"`
		}
		Key asn1.BitString
	}
	var pkcs1 struct{ N, E *big.Int }
	_, notSPKI := asn1.Unmarshal(der, &spki)
	_, notPKCS1 := asn1.Unmarshal(der, &pkcs1)
	return notSPKI == nil || notPKCS1 == nil
}

// A mac signs with a secret. The secret is in a closure, where nothing that prints a mac finds it.
type mac struct{ sum func(message []byte) []byte }

func newMAC(digest func() hash.Hash, secret []byte) *mac {
	return &mac{sum: func(message []byte) []byte {
		h := hmac.New(digest, secret)
		h.Write(message)
		return h.Sum(nil)
	}}
}

// Public returns nil: a secret has no public half.
func (m *mac) Public() crypto.PublicKey { return nil }

// Sign returns the HMAC of the whole message. That the message is a digest, as opts can say, is an error.
func (m *mac) Sign(_ io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts != nil && opts.HashFunc() != 0 {
		return nil, errors.New("jwks: digest where the whole message is due")
	}
	return m.sum(message), nil
}

func isZero(b []byte) bool { return !slices.ContainsFunc(b, func(c byte) bool { return c != 0 }) }
