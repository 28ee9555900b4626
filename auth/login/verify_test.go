package login_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
)

func verifyFirst(c *login.Config) { c.VerifyFirst = true }

const unverified = `{"verification_required":true}`

func TestVerifyFirst(t *testing.T) {
	s := newSite(verifyFirst)
	b := s.browser()
	check(t, "registering", b.send(toPassword+"/register", annsLogin).Text, unverified)
	first := s.mail(login.VerificationRequested)
	check(t, "mail to", first.Identifier, "ann@example.com")
	check(t, "logging in", b.send(toPassword, annsLogin).Text, unverified)
	second := s.mail(login.VerificationRequested)
	check(t, "a wrong password tells nothing", b.send(toPassword, wrongLogin).refusal(), badLogin)
	check(t, "registering again", b.send(toPassword+"/register", `{"email":"ANN@example.com","password":"evil"}`).Text, unverified)
	again := s.mail(login.RegistrationRepeated)
	check(t, "mail to", again.Identifier, "ann@example.com")
	check(t, "without a token", again.Token.Reveal(), "")
	check(t, "sessions", s.sessions.counts["StartAccess"], 0)

	confirm := func(e login.Event) reply {
		return s.browser().send("POST /auth/verification/confirm", `{"code":"`+e.Token.Reveal()+`"}`)
	}
	check(t, "an older code", confirm(first).Status, 400)
	check(t, "one from before somebody registered again", confirm(second).Status, 400)
	check(t, "logging in", b.send(toPassword, annsLogin).Text, unverified)
	third := s.mail(login.VerificationRequested)
	got := confirm(third)
	check(t, "confirming: "+got.Text, got.Status, 200)
	check(t, "entity", got.at("entity_id")+" "+got.at("entity_type")+" "+got.at("code_provider"), "ann@example.com password token")
	check(t, "twice", confirm(third).Status, 400)
	check(t, "told", s.mail(login.Verified).Identifier, "ann@example.com")
	check(t, "the other's password", b.send(toPassword, `{"email":"ann@example.com","password":"evil"}`).refusal(), badLogin)
	b.logIn(t)
	s.pages.email = true
	check(t, "what the provider has verified", b.comeBack("pages", b.flow(t, "pages"), "x").at("token") != "null", true)
	s.pages.email = false
	check(t, "and what it has not", b.comeBack("pages", b.flow(t, "pages"), "y").Text, unverified)
}

// Somebody registers another's address first. When its owner registers, the token that was sent before verifies nothing: it would
// verify the secret of the other.
func TestVerifyFirstOfAnother(t *testing.T) {
	s := newSite(verifyFirst)
	squatter, ann := s.browser(), s.browser()
	const squat = `{"email":"ann@example.com","password":"evil"}`
	check(t, "somebody", squatter.send(toPassword+"/register", squat).Text, unverified)
	code := s.mail(login.VerificationRequested).Token.Reveal()
	check(t, "the owner", ann.send(toPassword+"/register", annsLogin).Text, unverified)
	check(t, "mail with a token", s.sent(login.VerificationRequested), 1)
	check(t, "confirming", ann.send("POST /auth/verification/confirm", `{"code":"`+code+`"}`).Status, 400)
	check(t, "somebody logs in", squatter.send(toPassword, squat).Text, unverified)
	check(t, "the owner resets", s.resetBy(s.resetOf("ann@example.com")).Status, 200)
	check(t, "and is in", ann.send(toPassword, `{"email":"ann@example.com","password":"battery staple"}`).at("token") != "null", true)
	check(t, "somebody is not", squatter.send(toPassword, squat).refusal(), badLogin)
}

// Who is sent many is sent no more, and sees no difference. Their browser is none that has logged in.
func TestVerifyFirstReminders(t *testing.T) {
	s := newSite(func(c *login.Config) {
		freePerNetwork(10)(c)
		c.VerifyFirst = true
	})
	s.browser().send(toPassword+"/register", annsLogin)
	const many = 30
	for range many {
		got := s.browser().send(toPassword, annsLogin)
		check(t, "logging in", got.Text, unverified)
		check(t, "cookies", len(got.Header["Set-Cookie"]), 0)
	}
	n := s.sent(login.VerificationRequested)
	check(t, "mail", 3 < n && n < many/2, true)
}

func TestVerification(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(func(c *login.Config) {
			c.MayVerify = func(_ context.Context, _ auth.AuthContext, kind, id string) error {
				if kind == "away" {
					return auth.ErrUnavailable
				}
				if kind == "panic" {
					panic("a secret")
				}
				if id != "+1 555" {
					return &auth.Error{Status: 403, Err: errors.New("not hers")}
				}
				return nil
			}
		})
		i := s.register(t)
		access := s.browser().logIn(t)
		ask := func(body string) reply { return s.browser().send("POST /auth/verification/request", body, as(access)) }
		for body, want := range map[string]string{
			`{}`:                                    "400 invalid_data: Invalid request: Field 'entity_id' is required",
			`{"entity_id":"ann@example.com"}`:       "400 invalid_data: Invalid request: Field 'entity_type' is required",
			`{"entity_id":7,"entity_type":"email"}`: "400 invalid_data: Invalid request: Field 'entity_id' must be a string",
			`{"entity_id":"eve@example.com","entity_type":"email"}`: "403 forbidden: Forbidden",
			`{"entity_id":"x","entity_type":"away"}`:                outage,
			`{"entity_id":"x","entity_type":"panic"}`:               "500 internal: Internal Server Error",
		} {
			check(t, body, ask(body).refusal(), want)
		}
		check(t, "mail", s.sent(login.VerificationRequested), 0)

		got := ask(`{"entity_id":"Ann@Example.com","entity_type":"email","code_provider":"link","metadata":{"a":1}}`)
		check(t, "her own: "+got.Text, got.Status, 201)
		v := got.Body["verification"].(map[string]any)
		check(t, "members", len(v), 5)
		check(t, "entity", v["entity_id"], any("Ann@Example.com"))
		e := s.mail(login.VerificationRequested)
		check(t, "mail to what is kept", e.Identifier, "ann@example.com")
		check(t, "metadata", e.Metadata.Get("a"), any(1.0))
		confirm := func() reply {
			return s.browser().send("POST /auth/verification/confirm", `{"code":"`+e.Token.Reveal()+`"}`)
		}
		check(t, "at once", parallel(4, func() bool { return confirm().Status == 200 }), 1)
		p, _ := must(s.Get(t.Context(), i.ID)).By("password", "ann@example.com")
		check(t, "verified", p.VerifiedAt.IsZero(), false)

		check(t, "a telephone", ask(`{"entity_id":"+1 555","entity_type":"phone"}`).Status, 201)
		e = s.mail(login.VerificationRequested)
		check(t, "to", e.Identifier+" "+e.EntityType, "+1 555 phone")
		check(t, "confirming", confirm().at("entity_id"), "+1 555")
		told := s.mail(login.Verified)
		check(t, "the application knows whose", told.IdentityID+told.EntityID+told.EntityType, i.ID+"+1 555phone")

		ask(`{"entity_id":"+1 555","entity_type":"phone"}`)
		e = s.mail(login.VerificationRequested)
		time.Sleep(login.DefaultVerificationLifetime)
		check(t, "expired", confirm().Status, 400)
	})
}

// A code of an identity that is disabled or gone verifies nothing.
func TestVerificationOfTheGone(t *testing.T) {
	for what, end := range map[string]func(s *site, id string) error{
		"disabled": func(s *site, id string) error { return s.Disable(t.Context(), id) },
		"deleted":  func(s *site, id string) error { return s.Delete(t.Context(), id) },
		"gone":     func(s *site, id string) error { return s.identities.inner.Delete(t.Context(), id) },
	} {
		for _, kind := range []string{"email", "phone"} {
			s := newSite(func(c *login.Config) {
				c.MayVerify = func(context.Context, auth.AuthContext, string, string) error { return nil }
			})
			i := s.register(t)
			entity := map[string]string{"email": "ann@example.com", "phone": "+1 555"}[kind]
			got := s.browser().send("POST /auth/verification/request", `{"entity_id":"`+entity+`","entity_type":"`+kind+`"}`, as(s.browser().logIn(t)))
			check(t, what, got.Status, 201)
			code := s.mail(login.VerificationRequested).Token.Reveal()
			check(t, what, end(s, i.ID), nil)
			check(t, what+" "+kind, s.browser().send("POST /auth/verification/confirm", `{"code":"`+code+`"}`).Status, 400)
			check(t, what+": told", s.sent(login.Verified), 0)
		}
	}
}

// A stranger's mailbox is not filled by calling it other things, by many who ask, or by many spellings of one who asks.
func TestVerificationOfMany(t *testing.T) {
	s := newSite(func(c *login.Config) {
		c.MayVerify = func(context.Context, auth.AuthContext, string, string) error { return nil }
	})
	const many = 30
	for n := range many {
		for what, entity := range map[string]string{"kinds": "zoe@example.com", "spellings": fmt.Sprintf("zoe+%d@example.com", n)} {
			access := s.browser().send(toPassword+"/register", fmt.Sprintf(`{"email":"%s%d@example.com","password":"p"}`, what, n)).at("token")
			body := fmt.Sprintf(`{"entity_id":%q,"entity_type":"email%d"}`, entity, n)
			check(t, what, s.browser().send("POST /auth/verification/request", body, as(access)).Status == 201, what == "spellings" || n < 10)
		}
	}
	s.register(t)
	access := s.browser().logIn(t)
	sent := s.sent(login.VerificationRequested)
	for n := range many {
		s.browser().send("POST /auth/verification/request", fmt.Sprintf(`{"entity_id":"max+%d@example.com","entity_type":"email"}`, n), as(access))
	}
	check(t, "of one who asks", s.sent(login.VerificationRequested)-sent, 10)
	got := s.browser().send("POST /auth/verification/request", `{"entity_id":"a@b\r\nBcc: c@d","entity_type":"email"}`, as(access))
	check(t, "a line break", got.refusal(), "400 invalid_data: Invalid request: Field 'entity_id' must be plain text of at most 256 bytes")
}
