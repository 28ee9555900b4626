package emailpass_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login/emailpass"
	"github.com/countersign-go/countersign/auth/token"
)

const invalid = "Invalid email or password"

// Somebody registers, logs in, loses the password, and logs in with another.
func TestLifeOfAnAccount(t *testing.T) {
	s := newSite(nil)
	const other = "another horse, no battery"
	check(t, "before", s.logIn("ann@example.com", right), answer{401, invalid, "argon2id", 128, 1})
	check(t, "registers", s.post("/register", fields("email", " Ann@Example.com ", "password", right)), answer{200, "ok", "argon2id", 128, 0})
	check(t, "logs in", s.logIn("ANN@example.com", right), answer{200, "ok", "argon2id", 128, 1})
	i := must(s.Service.Find(ctx, emailpass.DefaultID, "ann@example.com"))
	check(t, "as typed", i.Providers[0].Identifier, "Ann@Example.com")
	again := s.post("/register", fields("email", "ann@EXAMPLE.com", "password", right))
	check(t, "registers again", fmt.Sprintf("%d %s, %s", again.Status, again.Body, again.Hashes), "401 Identity with email already exists, argon2id")

	check(t, "asks for a reset", s.post("/reset-password", fields("identifier", "ann@example.COM")).Status, 201)
	check(t, "is sent it", len(s.events) == 1 && s.events[0].Identifier == "Ann@Example.com", true)
	bearer := "Bearer " + s.events[0].Token.Reveal()
	for password, want := range map[string]string{
		"short":           "Invalid request: Field 'password' must have at least 15 characters",
		"Ann@Example.com": "Invalid request: Field 'password' must not be the e-mail address or a part of it",
		"":                "Invalid request: Field 'password' is required",
	} {
		a := s.post("/update", fields("password", password), "Authorization", bearer)
		check(t, "takes "+password, fmt.Sprintf("%d %s, %s", a.Status, a.Body, a.Hashes), "400 "+want+", ")
	}
	a := s.post("/update", fields("password", other, "email", "bob@example.com", "entity_id", "bob@example.com"), "Authorization", bearer)
	check(t, "takes another", fmt.Sprintf("%d %s, %s", a.Status, a.Body, a.Hashes), "200 ok, argon2id")
	check(t, "logs in with the old one", s.logIn("ann@example.com", right).Status, 401)
	check(t, "logs in with the new one", s.logIn("ann@example.com", other).Status, 200)
	check(t, "as another", s.logIn("bob@example.com", other).Status, 401)
	check(t, "is nobody else", must(s.Get(ctx, i.ID)).Providers[0].EntityID, "ann@example.com")
}

// What is wrong with new fields is told, before anything is hashed or looked for.
func TestRegister(t *testing.T) {
	s := newSite(nil)
	for body, want := range map[string]string{
		"":                                 "Field 'email' is required",
		"{}":                               "Field 'email' is required",
		fields("email", "ann@example.com"): "Field 'password' is required",
		fields("password", right):          "Field 'email' is required",
		fields("email", "ann", "password", right):                                 "Field 'email' must be an e-mail address",
		fields("email", "ann@example.com", "password", "short"):                   "Field 'password' must have at least 15 characters",
		fields("email", "ann@example.com", "password", "1qaz2wsx3edc4rfv"):        "Field 'password' is one of the passwords that are guessed first",
		fields("email", "ann@example.com", "password", strings.Repeat(right, 60)): "Field 'password' must have at most 1024 bytes",
	} {
		check(t, body, s.post("/register", body), answer{400, "Invalid request: " + want, "", 0, 0})
	}
}

// Who is not let in to hash is not told anything else, nothing is compared, and no attempt is counted.
func TestBusySite(t *testing.T) {
	s := newSite(func(c *emailpass.Config) { c.MaxHashes, c.Wait = 1, time.Millisecond })
	s.keep("ann@example.com", hashOf(s.Provider, right))
	var all []func()
	for range 65 {
		all = append(all, must(s.Enter()))
	}
	for range 20 {
		a := s.logIn("ann@example.com", right)
		check(t, "too many", fmt.Sprintf("%d %q %d", a.Status, a.Hashes, a.Finds), `503 "" 0`)
	}
	a := s.post("/register", fields("email", "bob@example.com", "password", right))
	check(t, "too many to register", fmt.Sprintf("%d %q", a.Status, a.Hashes), `503 ""`)
	for _, leave := range all {
		leave()
	}
	release := must(s.Take(ctx, 1))
	a = s.logIn("ann@example.com", right)
	check(t, "waits in vain", fmt.Sprintf("%d %q %d", a.Status, a.Hashes, a.Finds), `503 "" 1`)
	release()
	check(t, "and then", s.logIn("ann@example.com", right).Status, 200)
	slots, places := s.Free()
	check(t, "slots and places left", fmt.Sprint(slots, places), "1 65")
}

// A store that does not answer is 503, before anything is hashed.
func TestStoreIsDown(t *testing.T) {
	s := newSite(nil)
	s.keep("ann@example.com", hashOf(s.Provider, right))
	s.down = fmt.Errorf("test: %w", auth.ErrUnavailable)
	a := s.logIn("ann@example.com", right)
	check(t, "unavailable", fmt.Sprintf("%d %q %d", a.Status, a.Hashes, a.Finds), `503 "" 1`)
}

// No log has a password or a hash in it, whatever was sent and kept.
func TestLogs(t *testing.T) {
	s := newSite(nil)
	s.keep("ann@example.com", hashOf(s.Provider, right))
	s.keep("bob@example.com", token.NewSecret("$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"))
	for _, email := range []string{"ann@example.com", "bob@example.com", "cleo@example.com", "no address"} {
		for _, password := range []string{right, wrong, "short", strings.Repeat(wrong, 100)} {
			s.logIn(email, password)
			s.post("/register", fields("email", email, "password", password))
		}
	}
	for _, secret := range []string{"battery", "batterz", "c29tZXNhbHQ", s.kept("ann@example.com")} {
		check(t, secret, bytes.Contains(s.log.Bytes(), []byte(secret)), false)
	}
	check(t, "the operator is told of a hash that cannot be read", bytes.Contains(s.log.Bytes(), []byte("4194304 KiB")), true)
}

func TestNoPasswordExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(nil)
		check(t, "registers", s.post("/register", fields("email", "ann@example.com", "password", right)).Status, 200)
		time.Sleep(50 * 365 * 24 * time.Hour)
		check(t, "logs in", s.logIn("ann@example.com", right).Status, 200)
	})
}
