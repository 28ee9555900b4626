package emailpass_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth/login/emailpass"
	"github.com/countersign-go/countersign/auth/token"
	"golang.org/x/crypto/bcrypt"
)

// TestAttack runs the known attacks on passwords and addresses, by the IDs of the project's list, through the HTTP API.
func TestAttack(t *testing.T) {
	for id, attack := range map[string]func(t *testing.T){
		"L002": unknownUser,
		"L003": unusableAccount,
		"L004": cheaperHash,
		"L005": overlongPassword,
		"L010": spellingsOfOneName,
		"L015": bcryptPrefix,
		"L016": nulInPassword,
		"L017": hugePassword,
		"L020": lookAlikes,
		"L023": otherTypes,
		"L057": commonPassword,
	} {
		t.Run(id, attack)
	}
}

// refused is what each log-in gets that is refused: one look-up, one hash of that much work, one answer.
var refused = answer{401, invalid, "argon2id", 128, 1}

// unknownUser counts what a refusal takes. How long that is, BenchmarkVerify says.
func unknownUser(t *testing.T) {
	s := newSite(nil)
	s.keep("ann@example.com", hashOf(s.Provider, right))
	check(t, "wrong password", s.logIn("ann@example.com", wrong), refused)
	check(t, "unknown", s.logIn("bob@example.com", wrong), refused)
	check(t, "unknown, right for another", s.logIn("bob@example.com", right), refused)
	check(t, "right", s.logIn("ann@example.com", right), answer{200, "ok", "argon2id", 128, 1})
}

func unusableAccount(t *testing.T) {
	s := newSite(nil)
	hash := hashOf(s.Provider, right)
	s.keep("nopassword@example.com", token.Secret{})
	i := s.keep("disabled@example.com", hash)
	check(t, "disable", s.Disable(ctx, i.ID), nil)
	s.keep("unreadable@example.com", token.NewSecret("!"+hash.Reveal()))
	s.keep("unusable@example.com", token.NewSecret("*"))
	for _, name := range []string{"nopassword", "disabled", "unreadable", "unusable", "nobody"} {
		for _, password := range []string{right, wrong, "!", "*", "[redacted]"} {
			check(t, name+" "+password, s.logIn(name+"@example.com", password), refused)
		}
	}
}

// cheaperHash: what is left of the work is done with the refusal, and the hash is another after the first log-in. With
// Imported even those by other algorithms cannot be told from accounts that do not exist.
func cheaperHash(t *testing.T) {
	cheaper := newProvider(func(c *emailpass.Config) { c.Argon2id = emailpass.Params{Memory: 32, Time: 1, Threads: 1} })
	plain, imported := newSite(nil), newSite(func(c *emailpass.Config) { c.Imported = token.NewSecret(cheapScrypt) })
	for _, s := range []*site{plain, imported} {
		s.keep("argon2@example.com", hashOf(cheaper, right))
		s.keep("scrypt@example.com", token.NewSecret(cheapScrypt))
		s.keep("ann@example.com", hashOf(s.Provider, right))
	}

	check(t, "argon2id", plain.logIn("argon2@example.com", wrong), answer{401, invalid, "argon2id argon2id", 128, 1})
	check(t, "scrypt", plain.logIn("scrypt@example.com", wrong), answer{401, invalid, "scrypt argon2id", 128, 1})
	check(t, "nobody", plain.logIn("nobody@example.com", wrong), refused)

	both := func(names string) answer { return answer{401, invalid, names, 128, 1} }
	check(t, "imported: argon2id", imported.logIn("argon2@example.com", wrong), both("argon2id scrypt argon2id"))
	check(t, "imported: scrypt", imported.logIn("scrypt@example.com", wrong), both("scrypt argon2id"))
	check(t, "imported: nobody", imported.logIn("nobody@example.com", wrong), both("scrypt argon2id"))
	check(t, "imported: current", imported.logIn("ann@example.com", wrong), both("argon2id scrypt"))

	// An imported hash by Argon2id may cost less than a new one, or more: either way nobody costs what everybody costs.
	for hash, work := range map[string]uint64{
		hashOf(cheaper, right).Reveal(): 128,
		argon2Prefix + "m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4": 512,
	} {
		s := newSite(func(c *emailpass.Config) { c.Imported = token.NewSecret(hash) })
		s.keep("imported@example.com", token.NewSecret(hash))
		s.keep("ann@example.com", hashOf(s.Provider, right))
		for _, name := range []string{"imported", "ann", "nobody"} {
			check(t, hash+": "+name, s.logIn(name+"@example.com", wrong).Work, work)
		}
	}

	for email, password := range map[string]string{"argon2@example.com": right, "scrypt@example.com": scryptOf} {
		check(t, email+": first", plain.logIn(email, password).Status, 200)
		check(t, email+": is kept", strings.HasPrefix(plain.kept(email), "$argon2id$v=19$m=64,t=2,p=1$"), true)
		check(t, email+": second", plain.logIn(email, password), answer{200, "ok", "argon2id", 128, 1})
		check(t, email+": wrong", plain.logIn(email, wrong), refused)
	}
}

// overlongPassword: it is hashed in part, and is wrong whatever comes out, also if that part is right.
func overlongPassword(t *testing.T) {
	s := newSite(nil)
	most := strings.Repeat("0123456789 abcde", 64) // 1,024 bytes
	s.keep("ann@example.com", hashOf(s.Provider, most))
	check(t, "1,024 bytes", s.logIn("ann@example.com", most).Status, 200)
	for _, email := range []string{"ann@example.com", "nobody@example.com"} {
		check(t, email+": 1,025 bytes", s.logIn(email, most+"x"), refused)
		check(t, email+": 60 KiB", s.logIn(email, most+strings.Repeat("x", 59<<10)), refused)
	}
}

// spellingsOfOneName: ten wrong passwords for one account, in whatever spelling, and the next has to wait.
func spellingsOfOneName(t *testing.T) {
	s := newSite(nil)
	s.keep("jos\u00e9@example.com", hashOf(s.Provider, right))
	spellings := []string{"jos\u00e9@example.com", "JOS\u00c9@example.com", "jose\u0301@Example.COM", " jos\u00e9@example.com\t", "JOSE\u0301@EXAMPLE.COM"}
	for n := range 10 {
		check(t, spellings[n%5], s.logIn(spellings[n%5], wrong).Status, 401)
	}
	a := s.logIn(" Jose\u0301@example.COM ", right)
	check(t, "the next", fmt.Sprintf("%d %q", a.Status, a.Hashes), `429 ""`)
	check(t, "another account", s.logIn("j.ose@example.com", wrong), refused)
}

// bcryptPrefix: bcrypt takes all passwords for the same of which the first 72 bytes are.
func bcryptPrefix(t *testing.T) {
	s := newSite(nil)
	password := strings.Repeat("123456789 ", 8)[:72]
	hash := bcryptOf(password)
	check(t, "bcrypt takes them for the same", bcrypt.CompareHashAndPassword([]byte(hash), []byte(password+"x")), nil)
	s.keep("ann@example.com", token.NewSecret(hash))
	for _, longer := range []string{password + "x", password + "y", password + "\x00", password + password} {
		check(t, longer, s.logIn("ann@example.com", longer), answer{401, invalid, "bcrypt argon2id", 128, 1})
	}
	check(t, "72 bytes", s.logIn("ann@example.com", password).Status, 200)
	check(t, "and from then on", s.logIn("ann@example.com", password+"x"), refused)
}

// nulInPassword: neither Argon2id nor what reads bcrypt hashes ends a password there.
func nulInPassword(t *testing.T) {
	const password = "correct horse\x00battery staple"
	s := newSite(nil)
	s.keep("ann@example.com", hashOf(s.Provider, password))
	s.keep("bob@example.com", token.NewSecret(bcryptOf(password)))
	s.keep("cleo@example.com", token.NewSecret(bcryptOf("correct horse")))
	for _, email := range []string{"ann@example.com", "bob@example.com"} {
		for _, other := range []string{"correct horse", "correct horse\x00", "correct horse\x00battery", "correct horse\x00battery Staple", "correct horsebattery staple"} {
			check(t, email+" "+other, s.logIn(email, other).Status, 401)
		}
		check(t, email, s.logIn(email, password).Status, 200)
	}
	// What bcrypt repeats until it has 72 bytes is the same then.
	for _, other := range []string{"correct horse\x00", "correct horse\x00correct horse", password} {
		check(t, "cleo "+other, s.logIn("cleo@example.com", other).Status, 401)
	}
	check(t, "cleo", s.logIn("cleo@example.com", "correct horse").Status, 200)
}

// hugePassword: a body of more than 64 KiB is not read to its end, and nothing is looked for or hashed.
func hugePassword(t *testing.T) {
	s := newSite(nil)
	s.keep("ann@example.com", hashOf(s.Provider, right))
	for _, path := range []string{"", "/register"} {
		a := s.post(path, fields("email", "ann@example.com", "password", strings.Repeat("x", 1<<20)))
		check(t, path+" 1 MiB", a, answer{413, "Invalid request: The body is larger than 64 KiB", "", 0, 0})
	}
	a := s.post("/register", fields("email", "bob@example.com", "password", strings.Repeat("x", 60<<10)))
	check(t, "60 KiB to register", a, answer{400, "Invalid request: Field 'password' must have at most 1024 bytes", "", 0, 0})
	_, err := s.NewIdentity(ctx, "bob@example.com", strings.Repeat("x", 1<<20))
	check(t, "1 MiB by a program", kind(err), "Bad Request: Invalid request: Field 'password' must have at most 1024 bytes")
}

// lookAlikes: whoever has an address that some program takes for another one's gets nothing that is the other one's.
func lookAlikes(t *testing.T) {
	s := newSite(nil)
	for _, email := range []string{"mike@example.com", "mike@kelvin.com"} {
		s.keep(email, hashOf(s.Provider, right))
	}
	for _, email := range []string{
		"m\u0131ke@example.com", "M\u0130KE@example.com", "MI\u0307KE@EXAMPLE.COM", "mi\u212ae@example.com", "mike@\u212aelvin.com", "mike\uff20example.com",
		"\uff4dike@example.com", "mike@example\uff0ecom", "mike@example.com\r\nBcc: eve@example.com", "mike@example.com,eve@example.com", "mi\u200bke@example.com",
	} {
		check(t, email, s.logIn(email, right), answer{401, invalid, "", 0, 0}) // nobody can have it
		a := s.post("/register", fields("email", email, "password", right))
		check(t, email+": registers", a, answer{400, "Invalid request: Field 'email' must be an e-mail address", "", 0, 0})
		check(t, email+": resets", s.post("/reset-password", fields("identifier", email)).Status, 201)
	}
	check(t, "mail was sent", len(s.events), 0)
	// This one is another letter, and another account.
	check(t, "Cyrillic", s.logIn("mik\u0435@example.com", right), refused)
	check(t, "registers", s.post("/register", fields("email", "mik\u0435@example.com", "password", right)).Status, 200)
	check(t, "resets", s.post("/reset-password", fields("identifier", "MIKE@Example.com")).Status, 201)
	check(t, "mail goes to the address that is kept", len(s.events) == 1 && s.events[0].Identifier == "mike@example.com", true)
}

// otherTypes: what is no text is no password, and whether there is an account has nothing to do with it.
func otherTypes(t *testing.T) {
	s := newSite(nil)
	s.keep("ann@example.com", hashOf(s.Provider, right))
	s.keep("null@example.com", token.Secret{})
	const required, text = "Invalid request: Field '%s' is required", "Invalid request: Field '%s' must be a string"
	for _, email := range []string{"ann@example.com", "null@example.com", "nobody@example.com"} {
		for value, want := range map[string]string{
			"null": required, `""`: required, "0": text, "true": text, "[]": text, `["` + right + `"]`: text, `{"$ne":""}`: text,
		} {
			a := s.post("", `{"email":"`+email+`","password":`+value+`}`)
			check(t, email+" "+value, a, answer{400, fmt.Sprintf(want, "password"), "", 0, 0})
			a = s.post("", `{"email":`+value+`,"password":"`+right+`"}`)
			check(t, value, a, answer{400, fmt.Sprintf(want, "email"), "", 0, 0})
		}
		for _, password := range []string{"null", "undefined", "0", "[]", " "} {
			check(t, email+" "+password, s.logIn(email, password), refused)
		}
		check(t, email+" alone", s.post("", fields("email", email)), answer{400, fmt.Sprintf(required, "password"), "", 0, 0})
	}
}

// commonPassword: none of the list is taken, in any case, and the reason is told.
func commonPassword(t *testing.T) {
	s := newSite(func(c *emailpass.Config) { c.MinLength = 8 })
	const reason = "Invalid request: Field 'password' is one of the passwords that are guessed first"
	for _, password := range []string{"password", "PassWord", "12345678", "qwertyuiop", "1qaz2wsx3edc4rfv"} {
		a := s.post("/register", fields("email", "ann@example.com", "password", password))
		check(t, password, a, answer{400, reason, "", 0, 0})
	}
	taken := 0
	names, _ := count(s.Provider, func() {
		for _, password := range emailpass.Common {
			for _, spelled := range []string{password, strings.ToUpper(password)} {
				if _, err := s.NewIdentity(ctx, "ann@example.com", spelled); kind(err) != "Bad Request: "+reason {
					taken++
				}
			}
		}
	})
	check(t, "taken", taken, 0)
	check(t, "hashes", names, "")
	// By default most of them are too short, which is told as well.
	a := newSite(nil).post("/register", fields("email", "ann@example.com", "password", "password"))
	check(t, "by default", a, answer{400, "Invalid request: Field 'password' must have at least 15 characters", "", 0, 0})
}
