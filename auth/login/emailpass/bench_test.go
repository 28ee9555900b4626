package emailpass_test

import (
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth/login/emailpass"
	"github.com/countersign-go/countersign/auth/token"
)

// BenchmarkVerify has what a log-in costs with the defaults. The refusals are to be alike, but for hashes that another system
// made; with Imported they are alike again.
func BenchmarkVerify(b *testing.B) {
	p := must(emailpass.New(emailpass.Config{}))
	half := must(emailpass.New(emailpass.Config{Argon2id: emailpass.Params{Memory: 19456, Time: 1, Threads: 1}, InsecureArgon2id: true}))
	imported := must(emailpass.New(emailpass.Config{Imported: token.NewSecret(scryptHash)}))
	kept, cheaper := hashOf(p, right), hashOf(half, right)
	for _, bb := range []struct {
		name, password string
		by             *emailpass.Provider
		kept           token.Secret
	}{
		{"right", right, p, kept},
		{"wrong", wrong, p, kept},
		{"unknown account", right, p, token.Secret{}},
		{"too long", strings.Repeat("x", 60<<10), p, kept},
		{"cheaper hash, wrong", wrong, p, cheaper},
		{"cheaper hash, right", right, p, cheaper},
		{"scrypt, wrong", wrong, p, token.NewSecret(scryptHash)},
		{"scrypt, right", scryptOf, p, token.NewSecret(scryptHash)},
		{"scrypt, wrong, with Imported", wrong, imported, token.NewSecret(scryptHash)},
		{"unknown account, with Imported", wrong, imported, token.Secret{}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = bb.by.Verify(ctx, bb.password, bb.kept)
			}
		})
	}
}

// BenchmarkNewIdentity has what registering costs, and what a password costs that is refused.
func BenchmarkNewIdentity(b *testing.B) {
	p := must(emailpass.New(emailpass.Config{}))
	for _, bb := range []struct{ name, password string }{
		{"fine", right},
		{"common", "1qaz2wsx3edc4rfv"},
		{"repeats almost", strings.Repeat("x", 1023) + "y"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = p.NewIdentity(ctx, "ann@example.com", bb.password)
			}
		})
	}
}

func BenchmarkEntityID(b *testing.B) {
	p := newProvider(nil)
	for _, address := range []string{"ann@example.com", "Ann@Example.COM", "jos\u00e9@m\u00fcnchen.de"} {
		b.Run(address, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = p.EntityID(address)
			}
		})
	}
}
