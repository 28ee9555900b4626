package emailpass_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login/emailpass"
	"github.com/countersign-go/countersign/auth/token"
	"golang.org/x/crypto/bcrypt"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func check[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\ngot  %+v\nwant %+v", what, got, want)
	}
}

var ctx = context.Background()

// Passwords of the tests, and what one of them costs in most.
const (
	right = "correct horse battery"
	wrong = "correct horse batterz"
)

var cheap = emailpass.Params{Memory: 64, Time: 2, Threads: 1}

// newProvider returns a provider with cheap hashes and what change does to its configuration; nil is fine.
func newProvider(change func(*emailpass.Config)) *emailpass.Provider {
	c := emailpass.Config{Argon2id: cheap, InsecureArgon2id: true, MaxHashes: 4}
	if change != nil {
		change(&c)
	}
	return must(emailpass.New(c))
}

// hashOf returns a hash of password that p makes.
func hashOf(p *emailpass.Provider, password string) token.Secret {
	return must(p.NewIdentity(ctx, "ann@example.com", password)).Secret
}

// kind says what a client is told by err: the status and the message.
func kind(err error) string {
	var e *auth.Error
	switch {
	case err == nil:
		return "ok"
	case !errors.As(err, &e):
		return "no *auth.Error: " + err.Error()
	}
	return http.StatusText(e.Status) + ": " + e.Message
}

const refusal = "Unauthorized: Invalid email or password"

// Hashes of other systems, and what they are of.
const (
	scryptHash   = "c2NyeXB0AA8AAAAIAAAAAR7GstIZtbtzH1HbXzTaPfRkS6t1oVjp5WJ78ZqyfEALsETkJ5Kq+BWor38N4ImIVJ2X9jJejtmEMIIKbG09yZhMN0IkU6qichm21PagtSx+"
	scryptOf     = "supersecret"
	argon2Prefix = "$argon2id$v=19$"
)

// counts counts the hashes that are computed, by algorithm, and the work of those by Argon2id.
type counts struct {
	names strings.Builder
	work  uint64
}

func count(p *emailpass.Provider, do func()) (names string, work uint64) {
	var c counts
	p.OnHash(func(name string, work uint64) {
		c.names.WriteString(" " + name)
		if name == "argon2id" {
			c.work += work
		}
	})
	do()
	return strings.TrimSpace(c.names.String()), c.work
}

// cheapScrypt is of scryptOf, and costs little.
var cheapScrypt = scryptText(scryptOf, 10, 8, 1)

// scryptRaw makes the 96 bytes of scrypt-kdf.
func scryptRaw(password string, logN byte, r, p uint32) []byte {
	raw := append([]byte("scrypt\x00"), logN)
	raw = binary.BigEndian.AppendUint32(raw, r)
	raw = binary.BigEndian.AppendUint32(raw, p)
	raw = append(raw, bytes.Repeat([]byte("salt"), 8)...)
	sum := sha256.Sum256(raw)
	raw = append(raw, sum[:16]...)
	mac := hmac.New(sha256.New, derive(password, raw[16:48], logN, r, p)[32:])
	mac.Write(raw)
	return mac.Sum(raw)
}

// bcryptOf returns a cheap hash by bcrypt.
func bcryptOf(password string) string {
	return string(must(bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)))
}
