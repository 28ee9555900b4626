package emailpass_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth/login/emailpass"
	"github.com/countersign-go/countersign/auth/token"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

// The vectors are those of the programs that the hashes come from: what verifies them verifies what people bring along.
var vectors = []struct{ name, hash, password string }{
	{"scrypt-kdf", scryptHash, scryptOf},
	{"bcrypt $2a$", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
	{"bcrypt $2b$", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
	{"bcrypt $2y$", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"},
	{"Argon2id", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "password"},
	{"Argon2id, 64 MiB", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password"},
}

// Whoever logs in by a hash of another system has one of ours from then on, with which the same password logs in, and which
// is left alone.
func TestImport(t *testing.T) {
	p := newProvider(nil)
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			i, err := p.Import(" Ann@Example.com", v.hash)
			check(t, "error", err, nil)
			check(t, "provider, entity, identifier", i.Provider+" "+i.EntityID+" "+i.Identifier, "emailpass ann@example.com Ann@Example.com")
			check(t, "hash", i.Secret.Reveal(), v.hash)
			for _, other := range []string{v.password + " ", v.password[1:], ""} {
				next, err := p.Verify(ctx, other, i.Secret)
				check(t, "another password", kind(err)+next.Reveal(), refusal)
			}
			next, err := p.Verify(ctx, v.password, i.Secret)
			check(t, "the password", err, nil)
			check(t, "ours", strings.HasPrefix(next.Reveal(), "$argon2id$v=19$m=64,t=2,p=1$"), true)
			again, err := p.Verify(ctx, v.password, next)
			check(t, "the password again", err, nil)
			check(t, "no other hash", again.Reveal(), "")
		})
	}
}

// A hash is a new one each time, of the form that the package comment gives, and is replaced if and only if a new one would
// be better.
func TestUpgrade(t *testing.T) {
	old, older := []byte(strings.Repeat("old key ", 4)), []byte(strings.Repeat("the older key   ", 2))
	with := func(memory, time uint32, threads uint8, keys ...[]byte) *emailpass.Provider {
		return newProvider(func(c *emailpass.Config) {
			c.Argon2id, c.Keys = emailpass.Params{Memory: memory, Time: time, Threads: threads}, keys
		})
	}
	tests := []struct {
		name    string
		by, now *emailpass.Provider
		want    string // how a new hash begins, "" if there is none
	}{
		{"as it is", with(64, 2, 1), with(64, 2, 1), ""},
		{"more memory now", with(64, 2, 1), with(65, 2, 1), "m=65,t=2,p=1$"},
		{"more passes now", with(64, 2, 1), with(64, 3, 1), "m=64,t=3,p=1$"},
		{"more passes, less memory now", with(64, 2, 1), with(32, 9, 1), "m=32,t=9,p=1$"},
		{"other lanes now", with(64, 2, 1), with(64, 2, 2), "m=64,t=2,p=2$"},
		{"less of all now", with(64, 2, 1), with(32, 1, 1), ""},
		{"a key now", with(64, 2, 1), with(64, 2, 1, old), "m=64,t=2,p=1,keyid="},
		{"the same key", with(64, 2, 1, old), with(64, 2, 1, old), ""},
		{"another key now", with(64, 2, 1, older), with(64, 2, 1, old, older), "m=64,t=2,p=1,keyid="},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kept := hashOf(tt.by, right)
			check(t, "is another each time", kept.Reveal() != hashOf(tt.by, right).Reveal(), true)
			next, err := tt.now.Verify(ctx, right, kept)
			check(t, "error", err, nil)
			check(t, "is there a new one", next.Reveal() != "", tt.want != "")
			check(t, "how it begins", strings.HasPrefix(strings.TrimPrefix(next.Reveal(), argon2Prefix), tt.want), true)
			if tt.want != "" {
				last, err := tt.now.Verify(ctx, right, next)
				check(t, "the new one", kind(err)+last.Reveal(), "ok")
			}
			next, err = tt.now.Verify(ctx, wrong, kept)
			check(t, "wrong", kind(err)+next.Reveal(), refusal)
		})
	}
}

// A keyed hash is worth nothing without its key: neither the password nor what HMAC makes of it is what was hashed.
func TestKeys(t *testing.T) {
	key, other := []byte(strings.Repeat("a key 8 ", 4)), []byte(strings.Repeat("another ", 4))
	keyed := func(keys ...[]byte) *emailpass.Provider {
		return newProvider(func(c *emailpass.Config) { c.Keys = keys })
	}
	kept := hashOf(keyed(key), right)
	without := strings.Replace(kept.Reveal(), kept.Reveal()[strings.Index(kept.Reveal(), ",keyid"):strings.Index(kept.Reveal(), ",keyid")+15], "", 1)
	for _, tt := range []struct {
		name, hash, want string
		by               *emailpass.Provider
	}{
		{"its key", kept.Reveal(), "ok", keyed(key)},
		{"its key is the second", kept.Reveal(), "ok", keyed(other, key)},
		{"another key", kept.Reveal(), refusal, keyed(other)},
		{"no key", kept.Reveal(), refusal, keyed()},
		{"no key in the hash", without, refusal, keyed(key)},
	} {
		_, err := tt.by.Verify(ctx, right, token.NewSecret(tt.hash))
		check(t, tt.name, kind(err), tt.want)
	}
	check(t, "the hash without it can be read", must(keyed().Import("ann@example.com", without)).Secret.Reveal(), without)
}

// What the store holds is bounded before it is computed: no hash in it can stop the server.
func TestBounds(t *testing.T) {
	p := newProvider(nil)
	const salt, key = "c29tZXNhbHQ", "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	scryptOf := func(logN byte, r, p uint32) string { return scryptText("a password", logN, r, p) }
	tests := []struct {
		name, hash string
		ok         bool
	}{
		{"empty", "", false},
		{"plain text", "supersecret", false},
		{"Argon2id", argon2Prefix + "m=256,t=2,p=1$" + salt + "$" + key, true},
		{"256 MiB", argon2Prefix + "m=262144,t=4,p=1$" + salt + "$" + key, true},
		{"256 MiB and 1 KiB", argon2Prefix + "m=262145,t=1,p=1$" + salt + "$" + key, false},
		{"4 GiB", argon2Prefix + "m=4194304,t=1,p=1$" + salt + "$" + key, false},
		{"4 TiB", argon2Prefix + "m=4294967295,t=1,p=1$" + salt + "$" + key, false},
		{"more than 32 bits", argon2Prefix + "m=4294967552,t=2,p=1$" + salt + "$" + key, false},
		{"more than 1 GiB over all passes", argon2Prefix + "m=262144,t=5,p=1$" + salt + "$" + key, false},
		{"no passes", argon2Prefix + "m=256,t=0,p=1$" + salt + "$" + key, false},
		{"no lanes", argon2Prefix + "m=256,t=2,p=0$" + salt + "$" + key, false},
		{"17 lanes", argon2Prefix + "m=256,t=2,p=17$" + salt + "$" + key, false},
		{"less memory than lanes", argon2Prefix + "m=7,t=2,p=1$" + salt + "$" + key, false},
		{"a zero before", argon2Prefix + "m=0256,t=2,p=1$" + salt + "$" + key, false},
		{"a sign", argon2Prefix + "m=+256,t=2,p=1$" + salt + "$" + key, false},
		{"another order", argon2Prefix + "t=2,m=256,p=1$" + salt + "$" + key, false},
		{"a member more", argon2Prefix + "m=256,t=2,p=1,data=AA$" + salt + "$" + key, false},
		{"an unknown key", argon2Prefix + "m=256,t=2,p=1,keyid=AAAAAAAA$" + salt + "$" + key, false},
		{"an empty key ID", argon2Prefix + "m=256,t=2,p=1,keyid=$" + salt + "$" + key, false},
		{"a short salt", argon2Prefix + "m=256,t=2,p=1$c29tZXM$" + key, false},
		{"a short hash", argon2Prefix + "m=256,t=2,p=1$" + salt + "$" + key[:20], false},
		{"no hash", argon2Prefix + "m=256,t=2,p=1$" + salt + "$", false},
		{"a long hash", argon2Prefix + "m=256,t=2,p=1$" + salt + "$" + strings.Repeat("AAAA", 22), false},
		{"padded base64", argon2Prefix + "m=256,t=2,p=1$" + salt + "=$" + key, false},
		{"a line in the base64", argon2Prefix + "m=256,t=2,p=1$" + salt + "$" + key[:4] + "\n" + key[4:], false},
		{"bits left over", argon2Prefix + "m=256,t=2,p=1$" + salt + "$" + key[:42] + "5", false},
		{"a part more", argon2Prefix + "m=256,t=2,p=1$" + salt + "$" + key + "$", false},
		{"Argon2i", "$argon2i$v=19$m=256,t=2,p=1$" + salt + "$" + key, false},
		{"version 16", "$argon2id$v=16$m=256,t=2,p=1$" + salt + "$" + key, false},
		{"1 MiB of text", argon2Prefix + "m=256,t=2,p=1$" + strings.Repeat("A", 1<<20) + "$" + key, false},

		{"scrypt-kdf", scryptHash, true},
		{"scrypt, 128 MiB", scryptOf(17, 8, 1), true},
		{"scrypt, 128 MiB in parts", scryptOf(14, 8, 8), true},
		{"scrypt, 256 MiB", scryptOf(18, 8, 1), false},
		{"scrypt, p=2 with 128 MiB", scryptOf(17, 8, 2), false},
		{"scrypt, N=2^9", scryptOf(9, 8, 1), false},
		{"scrypt, N=2^63", scryptOf(63, 1, 1), false},
		{"scrypt, N=2^255", scryptOf(255, 1, 1), false},
		{"scrypt, r=0", scryptOf(15, 0, 1), false},
		{"scrypt, p=0", scryptOf(15, 8, 0), false},
		{"scrypt, r and p of 2^32-1", scryptOf(15, 1<<32-1, 1<<32-1), false},
		{"scrypt, r·p of 2^32", scryptOf(10, 1<<16, 1<<16), false},
		{"scrypt, another checksum", base64.StdEncoding.EncodeToString(append(must(base64.StdEncoding.DecodeString(scryptHash))[:48], make([]byte, 48)...)), false},
		{"scrypt, cut", scryptHash[:124], false},
		{"scrypt, longer", scryptHash + "AAAA", false},
		{"scrypt, a line in it", scryptHash[:64] + "\n" + scryptHash[64:], false},

		{"bcrypt", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", true},
		{"bcrypt, cost 14", "$2a$14$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", true},
		{"bcrypt, cost 15", "$2a$15$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", false},
		{"bcrypt, cost 31", "$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", false},
		{"bcrypt, cost 3", "$2a$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", false},
		{"bcrypt, no number", "$2a$-5$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", false},
		{"bcrypt, a sign", "$2a$+5$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", false},
		{"bcrypt, no end of the number", "$2a$05.CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", false},
		{"bcrypt of the mistake", "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", false},
		{"bcrypt, cut", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe", false},
		{"bcrypt, longer", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeWW", false},
		{"bcrypt, not its base64", "$2a$05$CCCCCCCCCCC=CCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			memory, _, err := p.Cost(tt.hash)
			check(t, "can be read", err == nil, tt.ok)
			check(t, "memory", memory <= 256<<10, true)
			_, err = p.Import("ann@example.com", tt.hash)
			check(t, "is imported", err == nil, tt.ok)
			check(t, "the error repeats it", err != nil && tt.hash != "" && strings.Contains(err.Error(), tt.hash), false)
		})
	}
}

// scryptText makes a hash in the format of scrypt-kdf, whose HMAC is right if scrypt can compute it here.
func scryptText(password string, logN byte, r, p uint32) string {
	return base64.StdEncoding.EncodeToString(scryptRaw(password, logN, r, p))
}

// An account whose hash cannot be read is refused like any other, after the same work. The operator is told.
func TestUnreadableHash(t *testing.T) {
	p := newProvider(nil)
	for _, hash := range []string{"plain text", argon2Prefix + "m=4194304,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", scryptText("a password", 40, 8, 1)} {
		names, work := count(p, func() {
			_, err := p.Verify(ctx, right, token.NewSecret(hash))
			check(t, "answer", kind(err), refusal)
			check(t, "for the operator", strings.Contains(err.Error(), "emailpass: "), true)
			check(t, "with the hash", strings.Contains(err.Error(), hash), false)
		})
		check(t, "hashes", names, "argon2id")
		check(t, "work", work, 128)
	}
}

// TestRepeats holds repeats against bcrypt itself: passwords that it calls the same.
func TestRepeats(t *testing.T) {
	for _, tt := range []struct {
		password, other string
		repeats         bool
	}{
		{"a\x00a", "a", true},
		{"ab\x00ab\x00ab", "ab", true},
		{"\x00", "", true},
		{strings.Repeat("x", 40) + "\x00" + strings.Repeat("x", 31), strings.Repeat("x", 40), true},
		{"a\x00b", "a", false},
		{"a\x00aa", "a", false},
		{strings.Repeat("x", 40) + "\x00" + strings.Repeat("x", 30), strings.Repeat("x", 40), false},
		{"aa", "a", false},
	} {
		hash := bcryptOf(tt.other)
		check(t, "bcrypt takes them for the same", bcrypt.CompareHashAndPassword([]byte(hash), []byte(tt.password)) == nil, tt.repeats)
		check(t, "repeats", emailpass.Repeats([]byte(tt.password)), tt.repeats)
		_, err := newProvider(nil).Verify(ctx, tt.password, token.NewSecret(hash))
		check(t, "verified", kind(err), refusal)
	}
}

// derive is scrypt where it can be computed quickly, and nothing in its place where not.
func derive(password string, salt []byte, logN byte, r, p uint32) []byte {
	if logN > 16 || uint64(r)*uint64(p) > 64 || r*p == 0 {
		return make([]byte, 64)
	}
	return must(scrypt.Key([]byte(password), salt, 1<<logN, int(r), int(p), 64))
}
