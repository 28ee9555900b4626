package login_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth/login"
)

// hostHeader: the event has a token, and no link: the application knows its own address.
func hostHeader(t *testing.T) {
	s := newSite(nil)
	s.register(t)
	s.browser().send(toPassword+"/reset-password", `{"identifier":"ann@example.com"}`, "X-Forwarded-Host: evil.example", "Forwarded: host=evil.example")
	check(t, "no host", strings.Contains(fmt.Sprintf("%+v", s.mail(login.ResetRequested)), "evil.example"), false)
}

// resetOf asks for a token that resets somebody's password.
func (s *site) resetOf(address string) string {
	s.browser().send(toPassword+"/reset-password", `{"identifier":"`+address+`"}`)
	return s.mail(login.ResetRequested).Token.Reveal()
}

const battery = `{"password":"battery staple"}`

func (s *site) resetBy(text string) reply {
	return s.browser().send(toPassword+"/update", battery, as(text))
}

// spentResets: 401 is how this protocol refuses them.
func spentResets(t *testing.T) {
	for what, spend := range map[string]func(s *site, i login.AuthIdentity, text string){
		"used": func(s *site, _ login.AuthIdentity, text string) { check(t, "using", s.resetBy(text).Status, 200) },
		"voided by a newer one": func(s *site, _ login.AuthIdentity, _ string) {
			s.resetOf("ann@example.com")
		},
		"after a change": func(s *site, i login.AuthIdentity, _ string) {
			must(s.Update(t.Context(), i.ID, func(i *login.AuthIdentity) error {
				i.Providers[0].Secret = s.passwords.hash("another")
				return nil
			}))
		},
		"expired": func(*site, login.AuthIdentity, string) { time.Sleep(login.DefaultResetLifetime) },
		"after a disabling": func(s *site, i login.AuthIdentity, _ string) {
			check(t, "disabling", s.Disable(t.Context(), i.ID), nil)
		},
		"after it is over": func(s *site, i login.AuthIdentity, _ string) {
			_ = s.Disable(t.Context(), i.ID)
			_ = s.Enable(t.Context(), i.ID)
		},
		"after a deletion":    func(s *site, i login.AuthIdentity, _ string) { check(t, "deleting", s.Delete(t.Context(), i.ID), nil) },
		"after another's own": func(s *site, i login.AuthIdentity, _ string) { _ = s.Delete(t.Context(), i.ID); s.register(t) },
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(nil)
				i := s.register(t)
				text := s.resetOf("ann@example.com")
				spend(s, i, text)
				check(t, "the answer", s.resetBy(text).refusal(), badToken)
			})
		})
	}
	s := newSite(func(c *login.Config) {
		c.Methods = append(c.Methods, login.Method{ID: "pin", Provider: c.Methods[0].Provider})
		c.Actors["customer"] = append(c.Actors["customer"], "pin")
	})
	s.register(t)
	text := s.resetOf("ann@example.com")
	check(t, "another actor type", s.browser().send("POST /auth/user/password/update", battery, as(text)).refusal(), badToken)
	check(t, "another provider", s.browser().send("POST /auth/customer/pin/update", battery, as(text)).refusal(), badToken)
	check(t, "two at a time", s.browser().send(toPassword+"/update", battery, as(text), as(text)).refusal(), badToken)
	check(t, "refused by the provider", s.browser().send(toPassword+"/update", `{"password":"short"}`, as(text)).refusal(), "400 invalid_data: The password is too short")
	check(t, "as good as before", s.resetBy(text).Status, 200)
}

func parallelResets(t *testing.T) {
	s := newSite(nil)
	s.register(t)
	text := s.resetOf("ann@example.com")
	check(t, "successes", parallel(8, func() bool { return s.resetBy(text).Status == 200 }), 1)
	check(t, "warnings", s.sent(login.CredentialsChanged), 1)
}

// parallel calls f n times at once, and returns how often it was true.
func parallel(n int, f func() bool) (successes int) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			ok := f()
			mu.Lock()
			defer mu.Unlock()
			if ok {
				successes++
			}
		})
	}
	all.Wait()
	return successes
}

func storedResets(t *testing.T) {
	s := newSite(nil)
	s.register(t)
	text := s.resetOf("ann@example.com")
	secret := text[strings.LastIndex(text, "_")+1:]
	for _, kept := range s.tokens.all() {
		check(t, "the store has it", strings.Contains(fmt.Sprintf("%v %s", kept, must(kept.Data.MarshalJSON())), secret), false)
	}
	check(t, "the log has it", strings.Contains(s.log.String(), secret), false)
	check(t, "the event prints it", strings.Contains(fmt.Sprintf("%+v", s.mail(login.ResetRequested)), secret), false)
}
