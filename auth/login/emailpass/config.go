package emailpass

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/countersign-go/countersign/auth/token"
)

// DefaultID is the ID of a [Provider] unless its [Config] has another.
const DefaultID = "emailpass"

// The default of [Config].MinLength, and its bounds: NIST SP 800-63B-4 section 3.1.1.2 wants 15 characters where a password
// is all that is asked for, 8 where it is one of two factors, and no less than 64 accepted.
const (
	DefaultMinLength = 15
	minMinLength     = 8
	maxMinLength     = 64
)

// DefaultWait is the default of [Config].Wait.
const DefaultWait = time.Second

const (
	maxPassword = 1024    // bytes
	maxMemory   = 4 << 20 // KiB that all hashes together may need
	maxWait     = 10 * time.Second
	maxKeys     = 16
	minKey      = 32 // bytes
)

// Config says what passwords may be, and how they are kept. The zero value is what most programs want.
type Config struct {
	// ID names the provider in a [login.ProviderIdentity]: the ID of its [login.Method]. Default: "emailpass".
	ID string

	// MinLength is how many characters (code points) a new password must have. Default: 15. Set 8 at least, and less than 15
	// only where each log-in asks for a second factor.
	MinLength int
	// Refuse is asked about each new password after everything else: for words of the application, such as its own name,
	// and for a look-up of breached passwords. The reason ends the sentence "Field 'password' …" that the client is told,
	// such as "has appeared in a data breach"; "" accepts the password. An error that wraps auth.ErrUnavailable is
	// answered with 503, any other with 500, and logged; neither text may hold the password. Default: nothing more is refused.
	Refuse func(ctx context.Context, password string) (reason string, err error)

	// Argon2id is what new hashes cost, and older ones that cost less are replaced when their owner logs in. It is
	// 19,456 KiB, 2 passes and 1 lane by default, and must not be weaker than one of the equal choices of the OWASP Password
	// Storage Cheat Sheet: 47,104 KiB once, 19,456 twice, 12,288 three times, 9,216 four times, 7,168 five times. To lower it
	// again tells the accounts that have the higher cost from others, by time.
	Argon2id Params
	// InsecureArgon2id allows Argon2id to be weaker than that: for tests.
	InsecureArgon2id bool

	// Keys makes hashes worth nothing without a key that is kept elsewhere than they are: what is hashed is the HMAC-SHA-256
	// of the password by the first of them, and the hash names its key. The others verify hashes that were made before,
	// which are replaced when their owner logs in. A key has 32 bytes at least, from crypto/rand. Whoever loses a key, or
	// takes it out too early, has those users reset their passwords. Default: none.
	Keys [][]byte

	// MaxHashes is how many hashes are computed at once: each takes a processor, and the memory of Argon2id, of which all of
	// them need 4 GiB at most. Default: what runtime.GOMAXPROCS says.
	MaxHashes int
	// Wait is for how long a request waits for its turn, 10 seconds at most. One that has waited in vain, or finds 64 waiting
	// already for each of MaxHashes, is answered with 503: nothing was compared. Default: 1 second.
	Wait time.Duration

	// Imported is a hash like those that [Provider.Import] brought, such as one of them. With it, an account that has none
	// of that kind costs as much time to be refused as one that has. Without it, how long it takes tells who has one and has
	// not logged in since. Default: none.
	Imported token.Secret
}

// withDefaults returns c with defaults for what is zero, and all that is wrong with it.
func (c Config) withDefaults() (Config, error) {
	setDefault(&c.ID, DefaultID)
	setDefault(&c.MinLength, DefaultMinLength)
	setDefault(&c.Argon2id, Params{Memory: 19456, Time: 2, Threads: 1})
	setDefault(&c.Wait, DefaultWait)
	err := c.Argon2id.check()
	if err == nil { // Memory may be divided by
		setDefault(&c.MaxHashes, max(1, min(runtime.GOMAXPROCS(0), maxMemory/int(c.Argon2id.Memory))))
	}
	keys := make([][]byte, len(c.Keys))
	for i, key := range c.Keys {
		keys[i] = slices.Clone(key)
	}
	c.Keys = keys

	errs := []error{err}
	wrong := func(is bool, format string, args ...any) {
		if is {
			errs = append(errs, fmt.Errorf("emailpass: "+format, args...))
		}
	}
	wrong(c.MinLength < minMinLength || c.MinLength > maxMinLength,
		"MinLength is not between %d and %d", minMinLength, maxMinLength)
	wrong(!c.InsecureArgon2id && err == nil && !c.Argon2id.strong(), "Argon2id is weaker than OWASP allows")
	wrong(c.MaxHashes < 0, "MaxHashes is negative")
	wrong(c.MaxHashes > maxMemory || c.MaxHashes*int(c.Argon2id.Memory) > maxMemory, "MaxHashes need more than 4 GiB of memory")
	wrong(c.Wait < 0 || c.Wait > maxWait, "Wait is not between 0 and %v", maxWait)
	wrong(len(c.Keys) > maxKeys, "%d Keys, more than %d", len(c.Keys), maxKeys)
	for i, key := range c.Keys {
		wrong(len(key) < minKey, "Keys[%d] has %d bytes, fewer than %d", i, len(key), minKey)
		wrong(len(key) > 0 && len(bytes.Trim(key, "\x00")) == 0, "Keys[%d] is all zeroes: it was never filled", i)
		same := func(other []byte) bool { return bytes.Equal(other, key) }
		wrong(slices.ContainsFunc(c.Keys[:i], same), "Keys[%d] is there twice", i)
	}
	return c, errors.Join(errs...)
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}
