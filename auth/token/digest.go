package token

import (
	"crypto/sha256"
	"crypto/subtle"
)

// A Digest is the SHA-256 of a token's whole text: what a store keeps instead of the token. It is no secret in the sense
// that nothing accepts it.
type Digest [sha256.Size]byte

// Sum returns the digest of text.
func Sum(text string) Digest {
	var buf [256]byte // longer than any token, so that the copy stays on the stack
	return sha256.Sum256(append(buf[:0], text...))
}

// Equal reports whether d and other are the same, in constant time. The zero digest, which is that of a record without
// one, equals nothing.
func (d Digest) Equal(other Digest) bool {
	return subtle.ConstantTimeCompare(d[:], other[:])&^subtle.ConstantTimeCompare(d[:], make([]byte, len(d))) == 1
}
