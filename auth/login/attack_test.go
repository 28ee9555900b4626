package login_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
)

// TestAttackLogin runs the known attacks on logging in, by the IDs of the project's list.
func TestAttackLogin(t *testing.T) {
	for id, attack := range map[string]func(t *testing.T){
		"J086": tokensOfOtherKinds,
		"L001": unknownUser,
		"L003": unusablePassword,
		"L010": otherSpellings,
		"L012": noLimiter,
		"L013": spoofedAddress,
		"L023": wrongTypes,
		"L024": hugeBody,
		"L025": statesOfOthers,
		"L038": hostHeader,
		"L039": spentResets,
		"L040": parallelResets,
		"L041": storedResets,
		"L045": preHijack,
		"L046": nobodyNamed,
		"L047": sameSubject,
		"L051": refreshAfterDisabling,
		"L053": skippedFactor,
		"L056": noRedirection,
		"S027": refreshRace,
		"S049": loginCSRF,
	} {
		t.Run(id, attack)
	}
}

// tokensOfOtherKinds: nothing changes.
func tokensOfOtherKinds(t *testing.T) {
	s := newSite(nil)
	i := s.register(t)
	access := s.browser().logIn(t)
	before := must(s.Get(t.Context(), i.ID)).Version
	check(t, "reset", s.browser().send(toPassword+"/update", `{"password":"battery staple"}`, as(access)).refusal(), badToken)
	check(t, "verification", s.browser().send("POST /auth/verification/confirm", `{"code":"`+access+`"}`).Status, 400)
	check(t, "unchanged", must(s.Get(t.Context(), i.ID)).Version, before)
}

// otherSpellings: a provider's spelling counts, not the client's.
func otherSpellings(t *testing.T) {
	s := newSite(func(c *login.Config) { c.Throttle.Client = login.Pace{Free: 3, First: time.Minute, Most: time.Hour} })
	s.register(t)
	for _, email := range []string{"ann@example.com", "Ann@example.com", "ANN@EXAMPLE.COM"} {
		check(t, email, s.browser().send(toPassword, `{"email":"`+email+`","password":"wrong"}`).refusal(), badLogin)
	}
	got := s.browser().send(toPassword, `{"email":"aNN@example.com","password":"wrong"}`)
	check(t, "one counter", got.Status, 429)
}

// noLimiter: what cannot be counted is not tried.
func noLimiter(t *testing.T) {
	s := newSite(nil)
	s.register(t)
	s.attempts.on("Load", answering(errRefused))
	hashes := s.passwords.count()
	for line, body := range map[string]string{
		toPassword: annsLogin, toPassword + "/register": annsLogin, toPassword + "/reset-password": `{"identifier":"ann@example.com"}`,
		toPassword + "/update": `{"password":"battery staple"}`, "POST /auth/customer/pages": "", "GET /auth/customer/pages/callback": "",
		"POST /auth/verification/confirm": `{"code":"x"}`,
	} {
		got := s.browser().send(line, body)
		check(t, line, got.refusal(), outage)
		check(t, line, got.Header.Get("Retry-After"), "5")
	}
	check(t, "hashed", s.passwords.count(), hashes)
}

// spoofedAddress: a header that anybody can write makes nobody another.
func spoofedAddress(t *testing.T) {
	s := newSite(func(c *login.Config) { c.Throttle.Network = login.Pace{Free: 4, First: time.Minute, Most: time.Hour} })
	var last reply
	for n := range 5 {
		last = s.browser().send(toPassword, fmt.Sprintf(`{"email":"x%d@example.com","password":"wrong"}`, n), fmt.Sprintf("X-Forwarded-For: 203.0.113.%d", n))
	}
	check(t, "the fifth", last.refusal(), "429 too_many_requests: Too many attempts: try again later")
	check(t, "it says when", last.Header.Get("Retry-After"), "60")
	other := s.browser()
	other.address = "198.51.100.7:1"
	check(t, "another network", other.send(toPassword, wrongLogin).Status, 401)
}

func wrongTypes(t *testing.T) {
	s := newSite(nil)
	s.register(t)
	for _, password := range []string{`null`, `"null"`, `7`, `true`, `[]`, `["correct horse"]`, `{}`, `{"$ne":null}`} {
		status := s.browser().send(toPassword, `{"email":"ann@example.com","password":`+password+`}`).Status
		check(t, password, status == 400 || status == 401, true)
	}
}

func hugeBody(t *testing.T) {
	s := newSite(nil)
	for _, body := range []string{
		`{"password":"` + strings.Repeat("x", 10<<20) + `"}`,
		`{` + strings.TrimSuffix(strings.Repeat(`"a":1,`, 1<<20), ",") + `}`,
	} {
		check(t, "the answer", s.browser().send(toPassword, body).Status, 413)
	}
	check(t, "a form", s.browser().send(toPassword, strings.Repeat("a=b&", 10_000), "Content-Type: application/x-www-form-urlencoded").Status, 415)
	check(t, "a query", s.browser().send("GET /auth/customer/pages/callback?"+strings.Repeat("a=b&", 10_000), "").refusal(),
		"400 invalid_data: Invalid request: The query is longer than 8 KiB")
	check(t, "hashed", s.passwords.count(), 0)
}

// statesOfOthers: 401 is how this protocol refuses a callback.
func statesOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(nil)
		b, other := s.browser(), s.browser()
		state := b.flow(t, "pages")
		for what, got := range map[string]reply{
			"none":                     b.send("GET /auth/customer/pages/callback?code=x", ""),
			"wrong":                    b.comeBack("pages", "state_x_y", "x"),
			"another browser's":        other.comeBack("pages", state, "x"),
			"another provider's":       b.comeBack("others", state, "x"),
			"that of a forged cookie":  forging(other, b).comeBack("pages", state, "x"),
			"a state with a bit added": b.comeBack("pages", state+"a", "x"),
		} {
			check(t, what, got.refusal(), nobodys)
		}
		check(t, "its own", b.comeBack("pages", state, "x").Status, 200)
		check(t, "used", b.comeBack("pages", state, "x").refusal(), nobodys)
		state = b.flow(t, "pages")
		time.Sleep(login.DefaultFlowLifetime)
		check(t, "too old", b.comeBack("pages", state, "x").refusal(), nobodys)
		check(t, "sessions begun", s.sessions.counts["StartAccess"], 1)
	})
}

// forging gives other a cookie of the name of b's flow.
func forging(other, b *browser) *browser {
	for name := range b.cookies {
		other.cookies[name] = "aaaaaaaaaaaaaaaaaaaaaaaa"
	}
	return other
}

func linkByEmail(c *login.Config) { c.LinkByEmail = "password" }

// preHijack: who registers somebody's address first does not wait there for them.
func preHijack(t *testing.T) {
	s := newSite(linkByEmail)
	s.pages.email = true
	attacker := s.register(t)
	victim := s.browser()
	got := victim.comeBack("pages", victim.flow(t, "pages"), "ann")
	check(t, "the victim is in", got.Status, 200)
	own := must(s.Find(t.Context(), "pages", "ann"))
	check(t, "and somebody else", own.ID == attacker.ID, false)
	check(t, "with one way to log in", len(own.Providers), 1)

	s = newSite(linkByEmail) // and one that shows no address is linked to nobody
	i := s.register(t)
	s.verify(t, i)
	victim = s.browser()
	check(t, "logging in", victim.comeBack("pages", victim.flow(t, "pages"), "ann@example.com").Status, 200)
	check(t, "somebody else", must(s.Find(t.Context(), "pages", "ann@example.com")).ID == i.ID, false)
}

// verify says that an identity's address was verified.
func (s *site) verify(t *testing.T, i login.AuthIdentity) {
	t.Helper()
	must(s.Update(t.Context(), i.ID, func(i *login.AuthIdentity) error { i.Providers[0].VerifiedAt = time.Now(); return nil }))
}

// nobodyNamed: an EntityID that is empty would make all of them the same.
func nobodyNamed(t *testing.T) {
	for _, id := range []string{"", "a\x00b", "\xff", strings.Repeat("x", 257)} {
		s := newSite(providing(login.ProviderFunc(func(context.Context, *login.Request) (login.Outcome, error) {
			return login.Outcome{EntityID: id, Create: true}, nil
		})))
		for range 2 {
			check(t, "the answer", s.browser().send(toPassword, "").refusal(), "400 invalid_data: Invalid request: The auth provider named nobody")
		}
		check(t, "logged", s.log.errors(), 2)
		check(t, "made", s.identities.counts["Create"], 0)
	}
}

// providing returns a change that makes p the provider of the first method.
func providing(p login.Provider) func(*login.Config) {
	return func(c *login.Config) { c.Methods[0].Provider = p }
}

func sameSubject(t *testing.T) {
	s := newSite(nil)
	b := s.browser()
	for _, method := range []string{"pages", "others"} {
		check(t, method, b.comeBack(method, b.flow(t, method), "7").Status, 200)
	}
	check(t, "two people", must(s.Find(t.Context(), "pages", "7")).ID == must(s.Find(t.Context(), "others", "7")).ID, false)
}

func refreshAfterDisabling(t *testing.T) {
	for what, end := range map[string]func(s *site, i login.AuthIdentity) error{
		"disabled": func(s *site, i login.AuthIdentity) error { return s.Disable(t.Context(), i.ID) },
		"deleted":  func(s *site, i login.AuthIdentity) error { return s.Delete(t.Context(), i.ID) },
		"unlinked": func(s *site, i login.AuthIdentity) error {
			return s.Unlink(t.Context(), i.ID, auth.Actor{Type: "customer", ID: "cus_1"})
		},
		"disabled by hand, with sessions that go on": func(s *site, i login.AuthIdentity) error {
			_, err := s.Update(t.Context(), i.ID, func(i *login.AuthIdentity) error { i.DisabledAt = time.Now(); return nil })
			return err
		},
		"without the way to log in": func(s *site, i login.AuthIdentity) error {
			_, err := s.Update(t.Context(), i.ID, func(i *login.AuthIdentity) error { i.Providers[0].Provider = "pages"; return nil })
			return err
		},
		"gone from the store": func(s *site, i login.AuthIdentity) error { return s.identities.inner.Delete(t.Context(), i.ID) },
	} {
		s := newSite(nil)
		i := s.register(t)
		b := s.browser()
		access := b.logIn(t)
		b.send("POST /auth/session", "", as(access))
		check(t, what, end(s, i), nil)
		check(t, what+": by token", s.browser().send("POST /auth/token/refresh", "", as(access)).refusal(), nobodys)
		check(t, what+": by cookie", b.send("POST /auth/token/refresh", "").refusal(), nobodys)
	}
}

// skippedFactor: there is no way around Admit.
func skippedFactor(t *testing.T) {
	second := &auth.Error{Status: http.StatusUnauthorized, Message: "A second factor is required"}
	admit := true
	s := newSite(func(c *login.Config) {
		c.Admit = func(_ context.Context, who auth.AuthContext) (auth.AuthContext, error) {
			if admit {
				return who, nil
			}
			return auth.AuthContext{}, second
		}
	})
	s.register(t)
	b := s.browser()
	access := b.logIn(t)
	state := b.flow(t, "pages")
	text := s.resetOf("ann@example.com")
	admit = false
	const want = "401 unauthorized: A second factor is required"
	check(t, "log-in", b.send(toPassword, annsLogin).refusal(), want)
	check(t, "refresh", b.send("POST /auth/token/refresh", "", as(access)).refusal(), want)
	check(t, "callback", b.comeBack("pages", state, "7").refusal(), want)
	check(t, "registration", b.send(toPassword+"/register", `{"email":"bob@example.com","password":"p"}`).refusal(), want)
	got := s.resetBy(text)
	check(t, "a reset", got.Text, `{"success":true}`)
	check(t, "it logs nobody in", strings.Contains(strings.Join(got.Header["Set-Cookie"], ""), "sid="), false)
	_, err := s.Find(t.Context(), "password", "bob@example.com")
	check(t, "nobody was registered", errors.Is(err, login.ErrNotFound), true)
}

func noRedirection(t *testing.T) {
	s := newSite(nil)
	s.register(t)
	for _, line := range []string{
		toPassword, toPassword + "/", "POST /auth//customer/password", "POST /auth/customer/../customer/password", "POST /auth/customer/pages",
		"GET /auth/customer/pages?callback_url=https://evil.example&return_to=//evil.example", "POST /auth/customer/password?next=//evil.example",
	} {
		got := s.browser().send(line, annsLogin, "X-Forwarded-Proto: http")
		check(t, line, got.Status/100 == 3, false)
		check(t, line, got.Header.Get("Location")+got.Header.Get("Refresh"), "")
		check(t, line, strings.Contains(got.Text, "evil.example"), false)
	}
}

// refreshRace: of the registration's session and its successor one is good.
func refreshRace(t *testing.T) {
	s := newSite(nil)
	b := s.browser()
	registration := b.send(toPassword+"/register", annsLogin).at("token")
	b.send("POST /auth/session", "", as(registration))
	old := b.cookies["__Host-sid"]
	i := must(s.Find(t.Context(), "password", "ann@example.com"))
	check(t, "linking", s.Link(t.Context(), i.ID, auth.Actor{Type: "customer", ID: "cus_1"}), nil)
	var mu sync.Mutex
	var access string
	parallel(4, func() bool {
		got := s.browser().send("POST /auth/token/refresh", "", as(registration))
		mu.Lock()
		defer mu.Unlock()
		if got.Status == 200 {
			access = got.at("token")
		}
		return true
	})
	check(t, "the new session", s.browser().send("GET /me", "", as(access)).Text, "customer cus_1 *")
	b.cookies["__Host-sid"] = old
	check(t, "the old cookie", b.send("POST /auth/token/refresh", "").Status, 401)
	check(t, "the old token", s.browser().send("POST /auth/token/refresh", "", as(registration)).Status, 401)
}

// loginCSRF: a page of another site cannot have the victim's browser keep the attacker's session.
func loginCSRF(t *testing.T) {
	s := newSite(nil)
	s.register(t)
	access := s.browser().logIn(t)
	for _, field := range []string{"Sec-Fetch-Site: cross-site", "Origin: https://evil.example"} {
		b := s.browser()
		got := b.send("POST /auth/session", "", as(access), field)
		check(t, field, got.Status, 403)
		check(t, field+": cookies", len(b.cookies), 0)
	}
}
