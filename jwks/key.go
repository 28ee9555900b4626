package jwks

import (
	"crypto"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Key is one key, bound to one algorithm. It cannot be changed and keeps nothing of what it was made from, but for a
// [crypto.Signer] that holds its private key elsewhere.
//
// However it is formatted, logged or encoded, a Key shows its algorithm and ID only: not even its public half, which
// [Handler] publishes. The zero value is no key; [NewSet] refuses it.
type Key struct {
	id, algorithm string
	// What is secret is in a func, of which fmt prints the address. Of a Key in a field that is not exported it would
	// print everything else, through pointers too, without asking the methods below.
	verifier func() crypto.PublicKey
	signer   func() crypto.Signer // nil if the key only verifies
}

// KeyOptions says what a key itself does not.
type KeyOptions struct {
	// ID is the kid of the tokens that the key signs or verifies: at most 256 bytes of UTF-8 without control characters.
	// "" is the key's thumbprint (RFC 7638), and for a secret no ID at all: a thumbprint would let everyone who sees a
	// token test guesses at the secret.
	ID string
	// Algorithm is the one algorithm the key is for. "" is RS256 for RSA, the only one that fits for any other key pair;
	// for a secret it must be given.
	Algorithm string
}

// NewKey returns the key in key, which is
//
//   - *[rsa.PublicKey] or *[rsa.PrivateKey] of 2048 to 16384 bits, for RS256, RS384, RS512, PS256, PS384 or PS512
//   - *[ecdsa.PublicKey] or *[ecdsa.PrivateKey], for ES256 on P-256, ES384 on P-384, ES512 on P-521
//   - [ed25519.PublicKey] or [ed25519.PrivateKey], for EdDSA
//   - any other [crypto.Signer] whose Public returns one of these public keys; it must be safe for concurrent use
//
// A public key verifies, everything else signs as well. A key that is incomplete, inconsistent or weak is an error. opts
// may be nil.
func NewKey(key any, opts *KeyOptions) (*Key, error) {
	k, err := newKey(key, opts)
	if err != nil {
		return nil, fmt.Errorf("jwks: %w", err)
	}
	return k, nil
}

func newKey(key any, opts *KeyOptions) (*Key, error) {
	m, err := materialOf(key)
	if err != nil {
		return nil, err
	}
	if opts == nil {
		opts = &KeyOptions{}
	}
	algorithm, err := algorithmFor(m.verifier, opts.Algorithm)
	if err != nil {
		return nil, err
	}
	id := opts.ID
	if id == "" {
		public, err := publicHalf(m.verifier)
		if err != nil {
			return nil, err
		}
		id = public.thumbprint()
	}
	return bind(m, algorithm, id)
}

func bind(m *material, algorithm, id string) (*Key, error) {
	if !isID(id) {
		return nil, errors.New("ID over 256 bytes, with control characters, or not UTF-8")
	}
	k := &Key{id: id, algorithm: algorithm, verifier: seal(m.verifier)}
	if m.signer != nil {
		k.signer = seal(m.signer)
	}
	return k, nil
}

func seal[T any](v T) func() T { return func() T { return v } }

// isID refuses what would spoil a log line or could not be told apart: ContainsRune finds the bytes that are not UTF-8,
// and U+FFFD, which encoding/json makes of each of them.
func isID(s string) bool {
	return len(s) <= 256 && !strings.ContainsFunc(s, unicode.IsControl) && !strings.ContainsRune(s, utf8.RuneError)
}

// ID returns the key's ID, the kid of its tokens; "" if it has none, as a secret may.
func (k Key) ID() string { return k.id }

// Algorithm returns the one algorithm that k is for, such as "ES256".
func (k Key) Algorithm() string { return k.algorithm }

// CanSign reports whether k signs, and does not only verify.
func (k Key) CanSign() bool { return k.signer != nil }

// String returns k's algorithm and ID.
func (k Key) String() string {
	if k.verifier == nil {
		return "no key"
	}
	if k.id == "" {
		return k.algorithm + " key"
	}
	return fmt.Sprintf("%s key %q", k.algorithm, k.id)
}

// Format writes what String returns, whatever the verb and flags.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// LogValue returns k's algorithm and ID.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText returns what String does. It is for logs: to publish a public key, see [Handler].
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
