package emailpass_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login/emailpass"
)

func TestRules(t *testing.T) {
	const (
		field   = "Bad Request: Invalid request: Field 'password' "
		short   = field + "must have at least 15 characters"
		long    = field + "must have at most 1024 bytes"
		address = field + "must not be the e-mail address or a part of it"
		common  = field + "is one of the passwords that are guessed first"
		repeats = field + "only repeats something that is guessed first"
	)
	tests := []struct{ name, email, password, want string }{
		{"a sentence", "", right, "ok"},
		{"15 characters", "", "abcdefghijklmno", "ok"},
		{"14 characters", "", "abcdefghijklmn", short},
		{"15 characters of 4 bytes", "", "\U0001f600\U0001f601\U0001f602\U0001f603\U0001f604\U0001f605\U0001f606\U0001f607\U0001f608\U0001f609\U0001f60a\U0001f60b\U0001f60c\U0001f60d\U0001f60e", "ok"},
		{"14 characters of 4 bytes", "", strings.Repeat("\U0001f600", 13) + "x", short},
		{"64 characters", "", strings.Repeat("abcdefgh ijklmno", 4), "ok"},
		{"64 characters of 4 bytes", "", strings.Repeat("\U0001f600\U0001f601\U0001f602\U0001f603\U0001f604\U0001f605\U0001f606\U0001f607", 8), "ok"},
		{"1,024 bytes", "", strings.Repeat("abcdefgh ijklmno", 64), "ok"},
		{"1,025 bytes", "", strings.Repeat("abcdefgh ijklmno", 64) + "x", long},
		{"one kind of characters", "", "abdcabcdbadcbacdbda", "ok"},
		{"blanks count", "", "   a  b   c    d  ", "ok"},
		{"control characters", "", "a\x00b\nc\x1bd\te f g h i j", "ok"},
		{"not UTF-8", "", "abcdefghijklmnop\xff", field + "must be UTF-8"},
		{"common", "", "1qaz2wsx3edc4rfv", common},
		{"common, upper case", "", "1QAZ2wsx3EDC4rfv", common},
		{"common, with a blank", "", "1qaz2wsx3edc4rfv ", "ok"},
		{"common, among others", "", "my 1qaz2wsx3edc4rfv", "ok"},
		{"common, twice", "", "passwordPassword", repeats},
		{"common, once and a half", "", "12345678901234567", repeats},
		{"one character", "", "aaaaaaaaaaaaaaa", repeats},
		{"one blank", "", "               ", repeats},
		{"seven characters, twice and one", "", "abcdefgabcdefga", repeats},
		{"seven characters of 2 bytes, thrice", "", strings.Repeat("\u00e4\u00f6\u00fc\u00e0\u00f2\u00f9\u00e9", 3), repeats},
		{"eight characters, twice", "", "azbycxdwazbycxdw", "ok"},
		{"the address", "anna.example@example.com", "anna.example@example.com", address},
		{"the address, upper case", "anna.example@example.com", "Anna.Example@EXAMPLE.com", address},
		{"its local part", "anna.bella.example@example.com", "anna.bella.Example", address},
		{"its local part, thrice", "annabell@example.com", "annabellannabellannabell", repeats},
		{"its local part and more", "anna.bella.example@example.com", "anna.bella.example1", "ok"},
	}
	p := newProvider(nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			email := tt.email
			if email == "" {
				email = "ann@example.com"
			}
			names, _ := count(p, func() {
				i, err := p.NewIdentity(ctx, email, tt.password)
				check(t, "answer", kind(err), tt.want)
				check(t, "is there an identity", i.EntityID != "", tt.want == "ok")
				if err == nil {
					_, err := p.Verify(ctx, tt.password, i.Secret)
					check(t, "logs in", err, nil)
				}
			})
			check(t, "hashes", names, map[bool]string{true: "argon2id argon2id"}[tt.want == "ok"])
		})
	}
}

// The shortest length can be 8, and never less; what is long enough then is what the list is for.
func TestMinLength(t *testing.T) {
	p := newProvider(func(c *emailpass.Config) { c.MinLength = 8 })
	for password, want := range map[string]string{
		"zebra-42": "ok",
		"zebra-4":  "must have at least 8 characters",
		"password": "is one of the passwords that are guessed first",
		"Football": "is one of the passwords that are guessed first",
		"abababab": "only repeats something that is guessed first",
		"abcdefga": "ok", // begins again, but repeats nothing
	} {
		_, err := p.NewIdentity(ctx, "ann@example.com", password)
		check(t, password, strings.TrimPrefix(kind(err), "Bad Request: Invalid request: Field 'password' "), want)
	}
}

// What the application says of a password is asked last, told to the client if it is a reason, and to nobody if it is an error.
func TestRefuse(t *testing.T) {
	for _, tt := range []struct {
		name, password, reason string
		err                    error
		want                   string
		unavailable            bool
		asked                  int
	}{
		{"fine", right, "", nil, "ok", false, 1},
		{"a reason", right, "has appeared in a data breach", nil, "Bad Request: Invalid request: Field 'password' has appeared in a data breach", false, 1},
		{"cannot be found out", right, "", fmt.Errorf("look-up: %w", auth.ErrUnavailable), "no *auth.Error: emailpass: Refuse: look-up: auth: unavailable", true, 1},
		{"an error and a reason", right, "is bad", errors.New("look-up"), "no *auth.Error: emailpass: Refuse: look-up", false, 1},
		{"refused before", "short", "is bad", nil, "Bad Request: Invalid request: Field 'password' must have at least 15 characters", false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			p := newProvider(func(c *emailpass.Config) {
				c.Refuse = func(_ context.Context, password string) (string, error) {
					asked++
					check(t, "password", password, tt.password)
					return tt.reason, tt.err
				}
			})
			names, _ := count(p, func() {
				_, err := p.NewIdentity(ctx, "ann@example.com", tt.password)
				check(t, "answer", kind(err), tt.want)
				check(t, "unavailable", auth.IsUnavailable(err), tt.unavailable)
			})
			check(t, "asked", asked, tt.asked)
			check(t, "hashes", names, map[bool]string{true: "argon2id"}[tt.want == "ok"])
		})
	}
}

// Passwords are verified as they were sent: nothing is trimmed, folded, normalised or cut.
func TestVerifiedExactly(t *testing.T) {
	p := newProvider(nil)
	const password = " Caf\u00e9 correct \x00 horse "
	kept := hashOf(p, password)
	for _, tt := range []struct{ name, password, want string }{
		{"as it was", password, "ok"},
		{"trimmed", strings.TrimSpace(password), refusal},
		{"lower case", strings.ToLower(password), refusal},
		{"decomposed", strings.ReplaceAll(password, "\u00e9", "e\u0301"), refusal},
		{"up to the NUL", password[:strings.IndexByte(password, 0)], refusal},
		{"another behind the NUL", strings.Replace(password, "horse", "house", 1), refusal},
		{"without the NUL", strings.Replace(password, "\x00", "", 1), refusal},
		{"longer", password + " ", refusal},
	} {
		_, err := p.Verify(ctx, tt.password, kept)
		check(t, tt.name, kind(err), tt.want)
	}
}

func TestCommon(t *testing.T) {
	check(t, "how many", len(emailpass.Common) > 5000, true)
	before := ""
	for _, line := range emailpass.Common {
		check(t, line+" is sorted", before < line, true)
		check(t, line+" is lower case and long enough", line == strings.ToLower(line) && len(line) >= 8, true)
		check(t, line+" is found", emailpass.IsCommon(line), true)
		check(t, line+" with more is not", emailpass.IsCommon(line+"\n") || emailpass.IsCommon(line+"!!!"), false)
		before = line
	}
	for _, other := range []string{"", "\n", "a", "zzzzzzzzzzzzzzzzzzzzz", "\x00", "\xff", "# the commonest", "correct horse", emailpass.Common[0][1:]} {
		check(t, other, emailpass.IsCommon(other), false)
	}
}
