package emailpass_test

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth/login/emailpass"
	"github.com/countersign-go/countersign/auth/token"
)

func TestNew(t *testing.T) {
	key := bytes.Repeat([]byte("k"), 32)
	params := func(memory, time uint32, threads uint8) emailpass.Config {
		return emailpass.Config{Argon2id: emailpass.Params{Memory: memory, Time: time, Threads: threads}}
	}
	const weak = "emailpass: Argon2id is weaker than OWASP allows"
	tests := []struct {
		name   string
		config emailpass.Config
		want   string
	}{
		{"nothing", emailpass.Config{}, ""},
		{"46 MiB once", params(47104, 1, 1), ""},
		{"19 MiB twice", params(19456, 2, 1), ""},
		{"12 MiB three times", params(12288, 3, 1), ""},
		{"9 MiB four times", params(9216, 4, 1), ""},
		{"7 MiB five times", params(7168, 5, 1), ""},
		{"more of all", params(65536, 3, 4), ""},
		{"less memory", params(19455, 2, 1), weak},
		{"less passes", params(19456, 1, 1), weak},
		{"many passes over little", params(7167, 100, 1), weak},
		{"memory alone", params(19456, 0, 0), "emailpass: Argon2id with 19456 KiB, 0 passes and 0 lanes"},
		{"256 MiB", params(262144, 1, 1), ""},
		{"more", params(262145, 1, 1), "emailpass: Argon2id with 262145 KiB, 1 passes and 1 lanes"},
		{"more in all", params(262144, 5, 1), "emailpass: Argon2id with 262144 KiB, 5 passes and 1 lanes"},
		{"so much that it is little again", params(1<<31, 1<<31, 1), "emailpass: Argon2id with 2147483648 KiB, 2147483648 passes and 1 lanes"},
		{"17 lanes", params(262144, 1, 17), "emailpass: Argon2id with 262144 KiB, 1 passes and 17 lanes"},
		{"little memory for its lanes", emailpass.Config{InsecureArgon2id: true, Argon2id: emailpass.Params{Memory: 31, Time: 1, Threads: 4}}, "emailpass: Argon2id with 31 KiB, 1 passes and 4 lanes"},
		{"8 characters", emailpass.Config{MinLength: 8}, ""},
		{"7 characters", emailpass.Config{MinLength: 7}, "emailpass: MinLength is not between 8 and 64"},
		{"64 characters", emailpass.Config{MinLength: 64}, ""},
		{"65 characters", emailpass.Config{MinLength: 65}, "emailpass: MinLength is not between 8 and 64"},
		{"215 hashes", emailpass.Config{MaxHashes: 215}, ""},
		{"216 hashes", emailpass.Config{MaxHashes: 216}, "emailpass: MaxHashes need more than 4 GiB of memory"},
		{"very many hashes", emailpass.Config{MaxHashes: math.MaxInt}, "emailpass: MaxHashes need more than 4 GiB of memory"},
		{"fewer than none", emailpass.Config{MaxHashes: -1}, "emailpass: MaxHashes is negative"},
		{"10 seconds", emailpass.Config{Wait: 10 * time.Second}, ""},
		{"11 seconds", emailpass.Config{Wait: 11 * time.Second}, "emailpass: Wait is not between 0 and 10s"},
		{"a second ago", emailpass.Config{Wait: -time.Second}, "emailpass: Wait is not between 0 and 10s"},
		{"keys", emailpass.Config{Keys: [][]byte{key, append(key, 'x')}}, ""},
		{"a short key", emailpass.Config{Keys: [][]byte{key, key[:31]}}, "emailpass: Keys[1] has 31 bytes, fewer than 32"},
		{"no bytes", emailpass.Config{Keys: [][]byte{nil}}, "emailpass: Keys[0] has 0 bytes, fewer than 32"},
		{"zeroes", emailpass.Config{Keys: [][]byte{make([]byte, 32)}}, "emailpass: Keys[0] is all zeroes: it was never filled"},
		{"a key twice", emailpass.Config{Keys: [][]byte{key, key}}, "emailpass: Keys[1] is there twice"},
		{"imported", emailpass.Config{Imported: token.NewSecret(scryptHash)}, ""},
		{"imported plain text", emailpass.Config{Imported: token.NewSecret("supersecret")}, "emailpass: Imported: emailpass: hash that cannot be read"},
		{"imported, too expensive", emailpass.Config{Imported: token.NewSecret(scryptText("", 30, 8, 1))}, "emailpass: Imported: emailpass: hash that cannot be read"},
		{"all at once", emailpass.Config{MinLength: 1, Wait: -1, MaxHashes: -1, Argon2id: emailpass.Params{Memory: 64, Time: 1, Threads: 1}},
			"emailpass: MinLength is not between 8 and 64\n" + weak + "\nemailpass: MaxHashes is negative\nemailpass: Wait is not between 0 and 10s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := emailpass.New(tt.config)
			text := ""
			if err != nil {
				text = err.Error()
			}
			check(t, "error", text, tt.want)
			check(t, "provider", p == nil, tt.want != "")
		})
	}
}

// The defaults are those that the documentation names.
func TestDefaults(t *testing.T) {
	p := must(emailpass.New(emailpass.Config{}))
	i := must(p.NewIdentity(ctx, "ann@example.com", right))
	check(t, "provider", i.Provider, "emailpass")
	check(t, "hash", strings.HasPrefix(i.Secret.Reveal(), "$argon2id$v=19$m=19456,t=2,p=1$"), true)
	check(t, "its length", len(i.Secret.Reveal()), len("$argon2id$v=19$m=19456,t=2,p=1$")+22+1+43) // 16 and 32 bytes
	check(t, "another ID", must(must(emailpass.New(emailpass.Config{ID: "staff"})).Import("ann@example.com", scryptHash)).Provider, "staff")
}

// What a Config points to is copied: nobody changes a key from outside.
func TestConfigIsCopied(t *testing.T) {
	key := bytes.Repeat([]byte("k"), 32)
	p := newProvider(func(c *emailpass.Config) { c.Keys = [][]byte{key} })
	kept := hashOf(p, right)
	clear(key)
	_, err := p.Verify(ctx, right, kept)
	check(t, "error", err, nil)
}
