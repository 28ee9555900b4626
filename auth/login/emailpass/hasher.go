package emailpass

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/countersign-go/countersign/auth/token"
)

// A hasher makes hashes of passwords, and compares passwords with them.
type hasher struct {
	params   Params
	keys     []hashKey
	imported stored // nil if there is none
	gate     *gate
	ran      func(algorithm string, work uint64) // is told of each hash that is computed: tests count by it
}

// A hashKey is one of the keys of keyed hashes.
type hashKey struct {
	id  string
	key []byte
}

// A stored hash is one that is kept.
type stored interface {
	// matches reports whether it is of password, after the same work in both cases. It does not change password.
	matches(password []byte) bool
	memory() uint32 // that matches needs, in KiB
	name() string   // of the algorithm
	work() uint64   // to be compared among those of the same name
}

func newHasher(c Config) (*hasher, error) {
	h := &hasher{params: c.Argon2id, gate: newGate(c.MaxHashes, c.Wait), ran: func(string, uint64) {}}
	for _, key := range c.Keys {
		id := keyed(key, []byte("emailpass: ID of a key\xff")) // no UTF-8, and so no password
		h.keys = append(h.keys, hashKey{id: base64.RawStdEncoding.EncodeToString(id[:6]), key: key})
	}
	if text := c.Imported.Reveal(); text != "" {
		imported, err := h.parse(text)
		if err != nil {
			return nil, fmt.Errorf("emailpass: Imported: %w", err)
		}
		h.imported = imported
	}
	return h, nil
}

var errKey = errors.New("emailpass: hash by a key that is not among Keys")

// parse reads a hash of any kind that can be compared with.
func (h *hasher) parse(text string) (stored, error) {
	switch {
	case len(text) > maxStored:
		return nil, errHash
	case strings.HasPrefix(text, argon2Prefix):
		a, err := parseArgon2(text)
		if err != nil {
			return nil, err
		}
		if a.keyID != "" && h.key(a.keyID) == nil {
			return nil, errKey
		}
		return a, nil
	case strings.HasPrefix(text, scryptEncoded):
		return orNil(parseScrypt(text))
	}
	return orNil(parseBcrypt(text))
}

// orNil keeps a zero value from being taken for a hash.
func orNil[T stored](hash T, err error) (stored, error) {
	if err != nil {
		return nil, err
	}
	return hash, nil
}

func (h *hasher) key(id string) []byte {
	for _, k := range h.keys {
		if k.id == id {
			return k.key
		}
	}
	return nil
}

// hash returns what is kept of a new password.
func (h *hasher) hash(ctx context.Context, password string) (token.Secret, error) {
	release, err := h.gate.take(ctx, 1)
	if err != nil {
		return token.Secret{}, err
	}
	defer release()
	text := []byte(password)
	defer clear(text)
	return h.make(text), nil
}

// verify returns nil if kept is a hash of password, with what is to be kept in its place if that is better. All other
// passwords, and no kept hash, are the same error after the same work. Another error is one of the gate: nothing was
// compared then.
func (h *hasher) verify(ctx context.Context, password string, kept token.Secret) (next token.Secret, err error) {
	var hash stored
	reason := errRejected
	if text := kept.Reveal(); text != "" {
		if hash, err = h.parse(text); err != nil {
			reason = unusable(err)
		}
	}
	release, err := h.gate.take(ctx, h.slots(hash))
	if err != nil {
		return token.Secret{}, err
	}
	defer release()
	whole := len(password) <= maxPassword // one that is too long is hashed in part, and is wrong whatever comes out
	text := []byte(password[:min(len(password), maxPassword)])
	defer clear(text)
	matched := hash != nil && h.compare(hash, text)
	switch {
	case !matched || !whole:
		h.spend(hash, text)
		return token.Secret{}, reason
	case h.isCurrent(hash):
		return token.Secret{}, nil
	}
	return h.make(text), nil
}

// slots returns how many slots of the gate stand for the memory that it takes to verify.
func (h *hasher) slots(hash stored) int {
	most := h.params.Memory
	for _, s := range []stored{hash, h.imported} {
		if s != nil {
			most = max(most, s.memory())
		}
	}
	return int((most + h.params.Memory - 1) / h.params.Memory)
}

func (h *hasher) compare(hash stored, password []byte) bool {
	h.ran(hash.name(), hash.work())
	if a, ok := hash.(argon2Hash); ok && a.keyID != "" {
		password = keyed(h.key(a.keyID), password)
		defer clear(password)
	}
	return hash.matches(password)
}

// spend does the work that is left after hash was compared in vain, so that each failure costs the same: one hash with the
// params of h, or those of what was imported if that is by Argon2id and costs more. A cheaper one by Argon2id leaves the
// difference; one by another algorithm, which nobody can set off against that, all of it. Where hashes by another were
// imported, all other accounts cost one of these, too.
func (h *hasher) spend(hash stored, password []byte) {
	rest := h.params
	imported, isArgon2 := h.imported.(argon2Hash)
	if isArgon2 && imported.work() > rest.work() {
		rest = imported.Params
	}
	if a, ok := hash.(argon2Hash); ok {
		left := max(rest.work(), a.work()) - a.work()
		rest.Memory = uint32((left + uint64(rest.Time) - 1) / uint64(rest.Time))
	}
	if h.imported != nil && !isArgon2 && (hash == nil || hash.name() != h.imported.name()) {
		h.compare(h.imported, password)
	}
	if rest.Memory > 0 {
		h.derive(argon2Hash{Params: rest, salt: make([]byte, saltSize)}, password)
	}
}

// isCurrent reports whether hash is as good as a new one.
func (h *hasher) isCurrent(hash stored) bool {
	a, ok := hash.(argon2Hash)
	return ok && a.Memory >= h.params.Memory && a.Time >= h.params.Time && a.Threads == h.params.Threads &&
		len(a.salt) >= saltSize && len(a.key) >= keySize && a.keyID == h.keyID()
}

// keyID returns the ID of the key of new hashes, "" if they have none.
func (h *hasher) keyID() string {
	if len(h.keys) == 0 {
		return ""
	}
	return h.keys[0].id
}

// make returns a new hash of password.
func (h *hasher) make(password []byte) token.Secret {
	a := argon2Hash{Params: h.params, keyID: h.keyID(), salt: make([]byte, saltSize)}
	rand.Read(a.salt)
	if a.keyID != "" {
		password = keyed(h.keys[0].key, password)
		defer clear(password)
	}
	a.key = h.derive(a, password)
	return token.NewSecret(a.String())
}

func (h *hasher) derive(a argon2Hash, password []byte) []byte {
	h.ran(a.name(), a.work())
	return a.derive(password, keySize)
}

// keyed returns the HMAC-SHA-256 of text.
func keyed(key, text []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(text)
	return mac.Sum(nil)
}
