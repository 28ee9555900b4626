package login

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
)

// encoding is that of package token.
var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// digestID returns an ID that stands for parts in a store, which then holds no names: 52 characters that pass
// [token.IsID]. Other parts have another, also if they are the same when they are put together. The first part says what
// the ID is for.
func digestID(parts ...string) string {
	var text []byte
	for _, part := range parts {
		text = binary.BigEndian.AppendUint64(text, uint64(len(part)))
		text = append(text, part...)
	}
	sum := sha256.Sum256(text)
	return encoding.EncodeToString(sum[:])
}
