package emailpass

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Sizes in bytes.
const (
	saltSize         = 16
	keySize          = 32
	minSalt, maxSalt = 8, 64
	minHash, maxHash = 16, 64
	maxStored        = 512 // of what is kept, of any kind
	argon2Prefix     = "$argon2id$v=19$"
	maxKeyID         = 11 // characters, as the PHC string format has it
)

var errHash = errors.New("emailpass: hash that cannot be read")

// An argon2Hash is a hash by Argon2id. As text it is a PHC string, where keyid names the key of a keyed one:
//
//	$argon2id$v=19$m=19456,t=2,p=1$salt$hash
//	$argon2id$v=19$m=19456,t=2,p=1,keyid=f3Gh9Qkd$salt$hash
type argon2Hash struct {
	Params
	keyID string
	salt  []byte
	key   []byte
}

// derive returns the key that password has with the salt and the params of a.
func (a argon2Hash) derive(password []byte, size int) []byte {
	return argon2.IDKey(password, a.salt, a.Time, a.Memory, a.Threads, uint32(size))
}

func (a argon2Hash) matches(password []byte) bool {
	return subtle.ConstantTimeCompare(a.derive(password, len(a.key)), a.key) == 1
}

func (a argon2Hash) memory() uint32 { return a.Memory }
func (argon2Hash) name() string     { return "argon2id" }

// String returns the PHC string.
func (a argon2Hash) String() string {
	keyed := ""
	if a.keyID != "" {
		keyed = ",keyid=" + a.keyID
	}
	return fmt.Sprintf("%sm=%d,t=%d,p=%d%s$%s$%s", argon2Prefix, a.Memory, a.Time, a.Threads, keyed,
		base64.RawStdEncoding.EncodeToString(a.salt), base64.RawStdEncoding.EncodeToString(a.key))
}

// parseArgon2 reads a PHC string in the one spelling that String writes.
func parseArgon2(text string) (argon2Hash, error) {
	rest, ok := strings.CutPrefix(text, argon2Prefix)
	params, encoded, _ := strings.Cut(rest, "$")
	salt, key, _ := strings.Cut(encoded, "$")
	fields := strings.Split(params, ",")
	if !ok || len(fields) < 3 || len(fields) > 4 {
		return argon2Hash{}, errHash
	}
	m, errM := parseParam(fields[0], "m=", 32)
	t, errT := parseParam(fields[1], "t=", 32)
	p, errP := parseParam(fields[2], "p=", 8)
	a := argon2Hash{Params: Params{Memory: uint32(m), Time: uint32(t), Threads: uint8(p)}}
	var errSalt, errKey error
	a.salt, errSalt = base64.RawStdEncoding.DecodeString(salt)
	a.key, errKey = base64.RawStdEncoding.DecodeString(key)
	if errors.Join(errM, errT, errP, errSalt, errKey) != nil { // whose texts may repeat the hash
		return argon2Hash{}, errHash
	}
	if len(fields) == 4 {
		a.keyID, ok = strings.CutPrefix(fields[3], "keyid=")
		if !ok || a.keyID == "" || len(a.keyID) > maxKeyID {
			return argon2Hash{}, errHash
		}
	}
	if len(a.salt) < minSalt || len(a.salt) > maxSalt || len(a.key) < minHash || len(a.key) > maxHash || a.String() != text {
		return argon2Hash{}, errHash
	}
	return a, a.check()
}

func parseParam(field, name string, bits int) (uint64, error) {
	digits, ok := strings.CutPrefix(field, name)
	if !ok {
		return 0, errHash
	}
	return strconv.ParseUint(digits, 10, bits)
}
