package jwtx

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// The kinds of keys. Each key begins with its kind, for those who look into the store.
const (
	tokenKind   = "token:"
	sessionKind = "session:"
	actorKind   = "actor:"
)

// maxKey is the length of the longest key.
const maxKey = len(sessionKind) + 2*sha256.Size

// keyOf returns the key of an ID within an issuer, or of an actor's within its type. IDs are hostile: hashed and in
// hexadecimal, they cannot be too long for a column, nor meet another's in a collation.
func keyOf(kind, within, id string) string {
	return string(appendKey(make([]byte, 0, maxKey), kind, within, id))
}

// appendKey appends the key to b. One issuer's IDs are not another's: the length tells where within ends.
func appendKey(b []byte, kind, within, id string) []byte {
	text := make([]byte, 0, 512) // on the stack, for all but the longest
	text = append(text, kind...)
	text = binary.BigEndian.AppendUint64(text, uint64(len(within)))
	text = append(text, within...)
	text = append(text, id...)
	sum := sha256.Sum256(text)
	return hex.AppendEncode(append(b, kind...), sum[:])
}

// keysOf returns the keys under which a token may be revoked. They share one string.
func keysOf(t Revocable) []string {
	var ends [3]int
	all, n := make([]byte, 0, 3*maxKey), 0
	add := func(kind, within, id string) {
		if within != "" && id != "" {
			all = appendKey(all, kind, within, id)
			ends[n], n = len(all), n+1
		}
	}
	add(tokenKind, t.Issuer, t.ID)
	add(sessionKind, t.Issuer, t.SessionID)
	add(actorKind, t.Actor.Type, t.Actor.ID)
	keys, text, begin := make([]string, n), string(all), 0
	for i := range keys {
		keys[i], begin = text[begin:ends[i]], ends[i]
	}
	return keys
}
