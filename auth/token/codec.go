package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
)

const (
	alphabet = "abcdefghijklmnopqrstuvwxyz234567"

	idBytes     = 15 // 24 characters, and no bits left over
	secretBytes = 32

	// In characters.
	minID, maxID = 16, 64
	secretLen    = 52
	checkLen     = 5
	maxPrefix    = 32
	maxLen       = maxPrefix + len("_") + maxID + len("_") + secretLen + checkLen
)

var encoding = base32.NewEncoding(alphabet).WithPadding(base32.NoPadding)

// ErrMalformed is returned by [Codec.Parse] for text that is no token of the codec.
var ErrMalformed = errors.New("token: malformed")

// A Codec makes and reads tokens with one prefix, which says what they are for. The zero value reads none; make one with
// [NewCodec]. It does not change, and many goroutines may use it at once.
type Codec struct {
	prefix string // with the underscore
}

// NewCodec returns the codec for a prefix of lower-case letters, digits and single underscores, 32 at most, that begins
// with a letter and ends with none of the underscores, such as "sk" or "sk_live".
func NewCodec(prefix string) (Codec, error) {
	last := byte('_')
	for i := 0; i < len(prefix); i++ {
		ch := prefix[i]
		letter, digit := 'a' <= ch && ch <= 'z', '0' <= ch && ch <= '9'
		if !letter && (i == 0 || !digit) && (ch != '_' || last == '_') {
			return Codec{}, fmt.Errorf("token: prefix %q", prefix)
		}
		last = ch
	}
	if last == '_' || len(prefix) > maxPrefix {
		return Codec{}, fmt.Errorf("token: prefix %q", prefix)
	}
	return Codec{prefix: prefix + "_"}, nil
}

// NewID returns a new public ID of 120 random bits in 24 characters.
func NewID() string {
	var b [idBytes]byte
	rand.Read(b[:]) // never fails: the program ends where there is no randomness
	return encoding.EncodeToString(b[:])
}

// IsID reports whether s may be an ID: 16 to 64 characters of the alphabet.
func IsID(s string) bool {
	return minID <= len(s) && len(s) <= maxID && inAlphabet(s)
}

// New returns a new token for id with a fresh secret. A token with the same id and another secret is another token, which
// is how a secret is changed and its owner kept. New panics if c is the zero value or [IsID] is false.
func (c Codec) New(id string) Secret {
	if c.prefix == "" || !IsID(id) {
		panic("token: New: a zero Codec or an unusable ID")
	}
	var secret [secretBytes]byte
	rand.Read(secret[:])
	return c.encode(id, secret)
}

func (c Codec) encode(id string, secret [secretBytes]byte) Secret {
	text := c.prefix + id + "_" + encoding.EncodeToString(secret[:])
	check := checksum(text)
	return NewSecret(text + string(check[:]))
}

// Recognizes reports whether text begins like a token of c, with the prefix and an ID. It is what an auth.Recognizer wants.
func (c Codec) Recognizes(text string) bool {
	rest, ok := strings.CutPrefix(text, c.prefix)
	id, tail, cut := strings.Cut(rest, "_")
	return ok && cut && c.prefix != "" && IsID(id) && !strings.Contains(tail, "_") // or the prefix is a longer one
}

// Parse returns the ID in text if text has the prefix, the form and the checksum of a token of c, else [ErrMalformed]. It
// says nothing about whether there is such a token: that is for the store to know. It does no I/O and allocates nothing.
func (c Codec) Parse(text string) (id string, err error) {
	if !c.Recognizes(text) || len(text) > maxLen {
		return "", ErrMalformed
	}
	id, tail, _ := strings.Cut(text[len(c.prefix):], "_")
	if len(tail) != secretLen+checkLen || !inAlphabet(tail) {
		return "", ErrMalformed
	}
	// 52 characters hold 4 bits more than the secret has: any but zeros would be another spelling of it.
	if last := tail[secretLen-1]; last != alphabet[0] && last != alphabet[16] {
		return "", ErrMalformed
	}
	// The checksum is no secret, since it follows from the rest. So a plain comparison does.
	body, check := text[:len(text)-checkLen], text[len(text)-checkLen:]
	if sum := checksum(body); check != string(sum[:]) {
		return "", ErrMalformed
	}
	return id, nil
}

// checksum returns the first 25 bits of the SHA-256 of body in the alphabet.
func checksum(body string) (check [checkLen]byte) {
	var buf [maxLen]byte
	sum := sha256.Sum256(append(buf[:0], body...))
	var encoded [8]byte // of the first 5 bytes
	encoding.Encode(encoded[:], sum[:5])
	copy(check[:], encoded[:])
	return check
}

func inAlphabet(s string) bool {
	for i := 0; i < len(s); i++ {
		if ch := s[i]; (ch < 'a' || ch > 'z') && (ch < '2' || ch > '7') {
			return false
		}
	}
	return true
}
