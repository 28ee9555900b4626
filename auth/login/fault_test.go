package login_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
)

var allVerbs = []string{
	"Create", "Get", "Find", "Replace", "Delete", "Put", "Consume", "Load", "Swap",
	"StartAccess", "RefreshAccess", "StartCookie", "End", "EndIdentity",
}

func (s *site) stores() []*faults {
	return []*faults{&s.identities.faults, &s.tokens.faults, &s.attempts.faults, &s.sessions.faults}
}

// failNth has f happen at the nth call of all stores from now on, and returns what reports whether it did.
func (s *site) failNth(n int, f fault) (failed func() bool) {
	var mu sync.Mutex
	calls := 0
	nth := func(ctx context.Context, call func() error) error {
		mu.Lock()
		calls++
		now := calls == n
		mu.Unlock()
		if now {
			return f(ctx, call)
		}
		return call()
	}
	for _, store := range s.stores() {
		for _, verb := range allVerbs {
			store.on(verb, nth)
		}
	}
	return func() bool {
		mu.Lock()
		defer mu.Unlock()
		return calls >= n
	}
}

func (s *site) heal() {
	for _, store := range s.stores() {
		for _, verb := range allVerbs {
			store.on(verb, nil)
		}
	}
}

// A job is something that somebody does with a site, and what has to be so afterwards.
type job struct {
	name string
	// prepare returns what does it, and what does it again from the start when it has failed.
	prepare func(t *testing.T, s *site) (do, again func() reply)
}

var jobs = []job{
	{"log-in", func(t *testing.T, s *site) (do, again func() reply) {
		s.register(t)
		return both(func() reply { return s.browser().send(toPassword, annsLogin) })
	}},
	{"registration", func(_ *testing.T, s *site) (do, again func() reply) {
		return both(func() reply { return s.browser().send(toPassword+"/register", annsLogin) })
	}},
	{"refresh", func(t *testing.T, s *site) (do, again func() reply) {
		s.register(t)
		access := s.browser().logIn(t)
		return both(func() reply { return s.browser().send("POST /auth/token/refresh", "", as(access)) })
	}},
	{"session", func(t *testing.T, s *site) (do, again func() reply) {
		s.register(t)
		access := s.browser().logIn(t)
		return both(func() reply { return s.browser().send("POST /auth/session", "", as(access)) })
	}},
	{"reset", func(t *testing.T, s *site) (do, again func() reply) {
		s.register(t)
		text := s.resetOf("ann@example.com")
		return func() reply { return s.resetBy(text) }, func() reply { return s.resetBy(s.resetOf("ann@example.com")) }
	}},
	{"request of a reset", func(t *testing.T, s *site) (do, again func() reply) {
		s.register(t)
		return both(func() reply {
			return s.browser().send(toPassword+"/reset-password", `{"identifier":"ann@example.com"}`)
		})
	}},
	{"verification", func(t *testing.T, s *site) (do, again func() reply) {
		s.register(t)
		access := s.browser().logIn(t)
		ask := func() reply {
			return s.browser().send("POST /auth/verification/request", `{"entity_id":"ann@example.com","entity_type":"email"}`, as(access))
		}
		confirm := func() reply {
			return s.browser().send("POST /auth/verification/confirm", `{"code":"`+s.mail(login.VerificationRequested).Token.Reveal()+`"}`)
		}
		ask()
		return confirm, func() reply { ask(); return confirm() }
	}},
	{"first log-in by pages", func(t *testing.T, s *site) (do, again func() reply) {
		b := s.browser()
		state := b.flow(t, "pages")
		return func() reply { return b.comeBack("pages", state, "7") },
			func() reply { return b.comeBack("pages", b.flow(t, "pages"), "7") }
	}},
}

func both(f func() reply) (do, again func() reply) { return f, f }

// A store that fails at any one of the calls that something makes, or whose answer is lost there, leaves nothing by halves: it
// was done, or it is 503 and can be done again. One line says so, without a secret.
func TestEachCallFails(t *testing.T) {
	for name, f := range map[string]fault{"fails": answering(errRefused), "loses its answer": losing, "is off its deadline": answering(errLate)} {
		for _, j := range jobs {
			t.Run(j.name+", a store that "+name, func(t *testing.T) {
				for n := 1; ; n++ {
					s := newSite(nil)
					do, again := j.prepare(t, s)
					failed := s.failNth(n, f)
					got := do()
					s.heal()
					if !failed() {
						check(t, "at the end", got.Status/100, 2)
						check(t, "how often", n > 1, true)
						return
					}
					what := fmt.Sprintf("call %d: %s", n, got.Text)
					if got.Status/100 == 2 { // it was not needed, or is done
						continue
					}
					check(t, what, got.refusal(), outage)
					check(t, what, got.Header.Get("Retry-After"), "5")
					check(t, what+": lines", s.log.errors(), 1)
					check(t, what+": secrets", strings.Contains(s.log.String(), "correct horse"), false)
					got = again()
					check(t, what+": again: "+got.Text, got.Status/100, 2)
				}
			})
		}
	}
}

// However it fails, a reset has either changed the password and ended the sessions, or not changed it.
func TestResetIsWhole(t *testing.T) {
	for n := 1; ; n++ {
		s := newSite(nil)
		s.register(t)
		access := s.browser().logIn(t)
		text := s.resetOf("ann@example.com")
		failed := s.failNth(n, answering(errRefused))
		got := s.resetBy(text)
		s.heal()
		changed := s.browser().send(toPassword, `{"email":"ann@example.com","password":"battery staple"}`).Status == 200
		live := s.browser().send("GET /me", "", as(access)).Status == 200
		check(t, fmt.Sprint("call ", n, ": a new password, and the old session"), changed && live, false)
		if !failed() {
			check(t, "at the end", got.Status == 200 && changed, true)
			return
		}
	}
}

// A provider may do what it likes: the answer is JSON, the next request is served, and one line says what it was.
func TestProvidersAmiss(t *testing.T) {
	type odd struct{ secret string }
	for name, tt := range map[string]struct {
		provide login.ProviderFunc
		want    string
		logged  string
	}{
		"panics": {func(context.Context, *login.Request) (login.Outcome, error) {
			panic(odd{"hunter2"})
		}, "500 internal: Internal Server Error", "provider password: panic with a login_test.odd in github.com/countersign-go/countersign/auth/login_test."},
		"dereferences nil": {func(context.Context, *login.Request) (login.Outcome, error) {
			var o *odd
			return login.Outcome{EntityID: o.secret}, nil
		}, "500 internal: Internal Server Error", "panic with a runtime.errorString in github.com/countersign-go/countersign/auth/login_test."},
		"hangs": {func(ctx context.Context, _ *login.Request) (login.Outcome, error) {
			<-ctx.Done()
			return login.Outcome{}, login.Reject("Invalid email or password")
		}, outage, "context deadline exceeded"},
		"is down": {func(context.Context, *login.Request) (login.Outcome, error) {
			return login.Outcome{}, fmt.Errorf("ldap: %w", auth.ErrUnavailable)
		}, outage, "ldap"},
		"fails": {func(context.Context, *login.Request) (login.Outcome, error) {
			return login.Outcome{}, errors.New("a bug")
		}, "500 internal: Internal Server Error", "a bug"},
		"answers by a typed nil": {func(context.Context, *login.Request) (login.Outcome, error) {
			var none *auth.Error
			return login.Outcome{EntityID: "x", Create: true}, none
		}, "500 internal: Internal Server Error", "nil"},
		"has no credentials": {func(context.Context, *login.Request) (login.Outcome, error) {
			return login.Outcome{}, fmt.Errorf("wrapped: %w", auth.NoCredentials())
		}, "500 internal: Internal Server Error", "wrapped"},
		"sends to nowhere": {func(context.Context, *login.Request) (login.Outcome, error) {
			return login.Outcome{Location: "javascript:alert(1)"}, nil
		}, "500 internal: Internal Server Error", "no absolute URL"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(providing(tt.provide))
				start := time.Now()
				got := s.browser().send(toPassword, annsLogin)
				check(t, "the answer", got.refusal(), tt.want)
				check(t, "it took too long", time.Since(start) > login.DefaultProviderTimeout, false)
				check(t, "lines", s.log.errors(), 1)
				check(t, "it says what: "+s.log.String(), strings.Contains(s.log.String(), tt.logged), true)
				check(t, "a secret", strings.Contains(s.log.String(), "hunter2"), false)
				b := s.browser()
				check(t, "the next", b.comeBack("pages", b.flow(t, "pages"), "7").Status, 200)
			})
		})
	}
}

// What the application's own funcs do stays theirs.
func TestFuncsAmiss(t *testing.T) {
	s := newSite(func(c *login.Config) {
		c.OnEvent = func(context.Context, login.Event) { panic("hunter2") }
	})
	s.register(t)
	check(t, "a reset", s.browser().send(toPassword+"/reset-password", `{"identifier":"ann@example.com"}`).Status, 201)
	check(t, "lines", s.log.errors(), 1)
	check(t, "a secret", strings.Contains(s.log.String(), "hunter2"), false)

	s = newSite(func(c *login.Config) {
		c.Admit = func(context.Context, auth.AuthContext) (auth.AuthContext, error) { panic("hunter2") }
	})
	check(t, "registering", s.browser().send(toPassword+"/register", annsLogin).Status, 500)
	check(t, "lines", s.log.errors(), 1)
	check(t, "a secret", strings.Contains(s.log.String(), "hunter2"), false)
}

// Events outlive the request of whoever caused them.
func TestEventsOutliveTheirRequest(t *testing.T) {
	ended := errors.New("not called")
	ctx, cancel := context.WithCancel(t.Context())
	s := newSite(func(c *login.Config) {
		c.OnEvent = func(ctx context.Context, _ login.Event) { cancel(); ended = ctx.Err() }
	})
	i := s.register(t)
	check(t, "disabling", s.Disable(ctx, i.ID), nil)
	check(t, "the event's context", ended, nil)
}
