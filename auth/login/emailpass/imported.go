package emailpass

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

// What hashes of other systems may cost.
const (
	maxScryptWork = 1 << 20 // N·r·p, which is 128 MiB: as much as OWASP wants of new ones
	minScryptLogN = 10      // with fewer, it is r that makes work, and elsewhere
	maxScryptLogN = 20
	maxBcryptCost = 14 // about a second
	maxBcrypt     = 72 // bytes of a password that bcrypt reads
)

// A scryptHash is a hash in the format of scrypt-kdf: "scrypt", 0, logN, r and p in 6 bytes of which r and p are big-endian
// numbers of 4 bytes, a salt of 32 bytes, 16 bytes of the SHA-256 of all that, and an HMAC-SHA-256 of all before it by the
// second half of the key that scrypt derives.
type scryptHash struct {
	raw     [96]byte
	n, r, p int
}

const (
	scryptMagic   = "scrypt\x00"
	scryptEncoded = "c2NyeXB0A" // how it begins in base64
)

func parseScrypt(text string) (scryptHash, error) {
	var s scryptHash
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != len(s.raw) || len(text) != base64.StdEncoding.EncodedLen(len(raw)) ||
		!strings.HasPrefix(string(raw), scryptMagic) {
		return s, errHash
	}
	copy(s.raw[:], raw)
	sum := sha256.Sum256(raw[:48])
	logN, r, p := uint64(raw[7]), uint64(binary.BigEndian.Uint32(raw[8:])), uint64(binary.BigEndian.Uint32(raw[12:]))
	// Each is bounded before they are multiplied.
	if !bytes.Equal(sum[:16], raw[48:64]) || logN < minScryptLogN || logN > maxScryptLogN || r < 1 || r > maxScryptWork ||
		p < 1 || p > maxScryptWork || r*p > maxScryptWork>>logN {
		return s, errHash
	}
	s.n, s.r, s.p = 1<<logN, int(r), int(p)
	return s, nil
}

func (s scryptHash) matches(password []byte) bool {
	key, err := scrypt.Key(password, s.raw[16:48], s.n, s.r, s.p, 64)
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key[32:])
	mac.Write(s.raw[:64])
	return hmac.Equal(mac.Sum(nil), s.raw[64:])
}

func (s scryptHash) memory() uint32 { return uint32((128*s.r*(s.n+s.p) + 1023) / 1024) }
func (scryptHash) name() string     { return "scrypt" }
func (s scryptHash) work() uint64   { return uint64(s.n) * uint64(s.r) * uint64(s.p) }

// A bcryptHash is one by bcrypt, as text: "$2b$", the cost in two digits, "$", the salt and the hash.
type bcryptHash []byte

const (
	bcryptSize     = 60
	bcryptAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

func parseBcrypt(text string) (bcryptHash, error) {
	cost, err := bcrypt.Cost([]byte(text))
	if err != nil || cost > maxBcryptCost || len(text) != bcryptSize || text[len("$2b$"):len("$2b$10$")] != fmt.Sprintf("%02d$", cost) ||
		strings.Trim(text[len("$2b$10$"):], bcryptAlphabet) != "" {
		return nil, errHash
	}
	switch text[:len("$2b$")] {
	case "$2a$", "$2b$", "$2y$": // and not "$2x$", whose hashes were made by a mistake
	default:
		return nil, errHash
	}
	return bcryptHash(text), nil
}

// matches compares only what bcrypt reads whole. Of more than 72 bytes it does not see the rest, and it repeats a password
// with a NUL behind it until there are 72, so that "a\x00a" is "a" to it: such passwords match nothing, and cost the same as
// others.
func (b bcryptHash) matches(password []byte) bool {
	whole := len(password) <= maxBcrypt && !repeats(password)
	err := bcrypt.CompareHashAndPassword(b, password[:min(len(password), maxBcrypt)])
	return err == nil && whole
}

// repeats reports whether bcrypt takes password for a shorter one, which ends at one of its NULs.
func repeats(password []byte) bool {
	expand := func(p []byte) []byte {
		unit := append(bytes.Clone(p), 0)
		return bytes.Repeat(unit, maxBcrypt/len(unit)+1)[:maxBcrypt]
	}
	for i, b := range password {
		if b == 0 && bytes.Equal(expand(password[:i]), expand(password)) {
			return true
		}
	}
	return false
}

func (bcryptHash) memory() uint32 { return 8 }
func (bcryptHash) name() string   { return "bcrypt" }
func (b bcryptHash) work() uint64 { return 1 << ((b[4]-'0')*10 + b[5] - '0') }
