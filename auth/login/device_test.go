package login_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth/login"
)

// deviceCookie returns the line that sets the cookie of the device, without its value.
func deviceCookie(got reply) (attributes string) {
	for _, line := range got.Header["Set-Cookie"] {
		if c := must(http.ParseSetCookie(line)); strings.HasSuffix(c.Name, "device") {
			_, attributes, _ = strings.Cut(line, "; ")
			attributes = c.Name + "; " + attributes
		}
	}
	return attributes
}

// Strangers who hammer on an account delay each other, and not the browser in which its owner has logged in before.
func TestDevice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(nil)
		s.register(t)
		home := s.browser()
		got := home.send(toPassword, annsLogin)
		check(t, "the cookie", deviceCookie(got), "__Host-device; Path=/; Max-Age=34560000; HttpOnly; Secure; SameSite=Lax")
		check(t, "is set once", deviceCookie(home.send(toPassword, annsLogin)), "")
		check(t, "and not for a wrong password", deviceCookie(s.browser().send(toPassword, wrongLogin)), "")
		stranger := s.browser()
		stranger.address = "198.51.100.7:1"
		var last reply
		for range 12 {
			last = stranger.send(toPassword, wrongLogin)
		}
		check(t, "a stranger", last.refusal(), "429 too_many_requests: Too many attempts: try again later")
		check(t, "it says when", last.Header.Get("Retry-After"), "1")
		check(t, "the right password is not tried, either", stranger.send(toPassword, annsLogin).Status, 429)
		home.address = "198.51.100.7:2" // the same network
		check(t, "the owner", home.send(toPassword, annsLogin).Status, 200)
		check(t, "told", s.mail(login.Throttled).Identifier, "ann@example.com")
		time.Sleep(time.Hour)
		check(t, "the stranger waits and no more", stranger.send(toPassword, wrongLogin).Status, 401)
	})
}

func TestPlainHTTP(t *testing.T) {
	s := newSite(func(c *login.Config) { c.InsecurePlainHTTP = true })
	s.register(t)
	b := s.browser()
	check(t, "the cookie", deviceCookie(b.send(toPassword, annsLogin)), "device; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax")
	check(t, "a flow", b.comeBack("pages", b.flow(t, "pages"), "7").Status, 200)
}

// A provider that looks nobody up is counted by the network, and no guess gets through uncounted. Log-ins do not add up.
func TestProvidersThatFindNobody(t *testing.T) {
	for where, address := range map[string]string{"a network": "192.0.2.1:1234", "a Unix socket": "@"} {
		s := newSite(freePerNetwork(5))
		b := s.browser()
		b.address = address
		for range 20 {
			check(t, where+": logging in", b.comeBack("pages", b.flow(t, "pages"), "7").Status, 200)
		}
		status := map[int]int{}
		for range 8 {
			status[b.comeBack("pages", "state_a_b", "7").Status]++
		}
		check(t, where+": wrong states", status[401], 5)
		check(t, where+": then it waits", status[429], 3)
		check(t, where+": flows are not begun, either", b.send("POST /auth/customer/pages", "").Status, 429)
		check(t, where+": or kept", len(s.tokens.all()), 0)
	}
}

// freePerNetwork has whoever is on one network wait after n attempts.
func freePerNetwork(n int) func(*login.Config) {
	return func(c *login.Config) { c.Throttle.Network = login.Pace{Free: n, First: time.Minute, Most: time.Hour} }
}

// Registrations from one network are counted for good, each once.
func TestManyRegistrations(t *testing.T) {
	for _, first := range []bool{false, true} {
		s := newSite(func(c *login.Config) {
			freePerNetwork(3)(c)
			c.VerifyFirst = first
		})
		var last reply
		for _, name := range []string{"a", "b", "c", "d"} {
			last = s.browser().send(toPassword+"/register", `{"email":"`+name+`@example.com","password":"p"}`)
		}
		check(t, "the fourth", last.Status, 429)
		check(t, "hashed", s.passwords.count(), 3)
	}
}

// Resets for one address are paced, whether there is an account or not.
func TestManyResets(t *testing.T) {
	s := newSite(nil)
	s.register(t)
	const many = 30
	created := map[string]int{}
	for _, address := range []string{"ann@example.com", "nobody@example.com"} {
		for range many {
			got := s.browser().send(toPassword+"/reset-password", `{"identifier":"`+address+`"}`)
			check(t, address, got.Text == "Created" && got.Status == 201 || got.Status == 429, true)
			created[address] += (429 - got.Status) / (429 - 201)
		}
	}
	n := s.sent(login.ResetRequested)
	check(t, "mail", 0 < n && n < many/2, true)
	check(t, "for one who is there", created["ann@example.com"], n)
	check(t, "and for one who is not", created["nobody@example.com"], n)
	for _, line := range []string{"POST /auth/customer/nosuch/reset-password", "POST /auth/customer/pages/reset-password"} {
		check(t, line, s.browser().send(line, `{"identifier":"ann@example.com"}`).Text, "Created")
	}
	check(t, "an identifier that nobody can have", s.browser().send(toPassword+"/reset-password", `{"identifier":"x"}`).Status, 201)
}

// Whoever uses what they were sent is sent more, and has guessed at nothing.
func TestUsedTokens(t *testing.T) {
	const rounds = 12
	s := newSite(freePerNetwork(2 + rounds)) // the registration and the requests, which count for good, and one attempt
	s.register(t)
	b := s.browser()
	for n := range rounds {
		text := s.resetOf("ann@example.com")
		got := b.send(toPassword+"/update", `{"password":"battery staple"}`, as(text))
		check(t, fmt.Sprint("reset ", n), got.Status, 200)
	}
	check(t, "a guess", s.resetBy("x").Status, 401)
	check(t, "then it waits", s.resetBy("x").Status, 429)

	s = newSite(freePerNetwork(2 + rounds))
	s.register(t)
	access := s.browser().logIn(t)
	for n := range rounds {
		got := s.browser().send("POST /auth/verification/request", `{"entity_id":"ann@example.com","entity_type":"email"}`, as(access))
		check(t, fmt.Sprint("verification ", n), got.Status, 201)
		code := s.mail(login.VerificationRequested).Token.Reveal()
		check(t, "confirming", s.browser().send("POST /auth/verification/confirm", `{"code":"`+code+`"}`).Status, 200)
	}
	check(t, "a guess", s.browser().send("POST /auth/verification/confirm", `{"code":"x"}`).Status, 400)
	check(t, "then it waits", s.browser().send("POST /auth/verification/confirm", `{"code":"x"}`).Status, 429)
}

// Each tab has its own flow, and its cookie goes with it.
func TestTabs(t *testing.T) {
	s := newSite(nil)
	b := s.browser()
	one, two := b.flow(t, "pages"), b.flow(t, "others")
	check(t, "cookies", len(b.cookies), 2)
	for name := range b.cookies {
		check(t, name, strings.HasPrefix(name, "__Host-flow-") && len(name) == len("__Host-flow-")+8, true)
	}
	check(t, "the second", b.comeBack("others", two, "7").Status, 200)
	check(t, "the first, by a POST", b.send("POST /auth/customer/pages/callback", `{"state":"`+one+`","code":"7"}`).Status, 200)
	check(t, "no cookie is left", len(b.cookies), 0)
	check(t, "a parameter that is there twice", b.send("GET /auth/customer/pages/callback?state=a&state=b", "").refusal(),
		"400 invalid_data: Invalid request: Field 'state' must be a string")
	check(t, "a query that is none", b.send("GET /auth/customer/pages/callback?state=%zz", "").refusal(),
		"400 invalid_data: Invalid request: The query is malformed")
}

// A thief logs in from many places with the password. When the owner has changed it, those are known no longer: they get no more
// guesses than a stranger, and whoever changed it does not wait for them.
func TestThiefsDevices(t *testing.T) {
	for how, change := range map[string]func(t *testing.T, s *site, owner *browser, access string){
		"by a reset": func(t *testing.T, s *site, owner *browser, _ string) {
			s.resetOf("ann@example.com")
			text := s.mail(login.ResetRequested).Token.Reveal()
			check(t, "resetting", owner.send(toPassword+"/update", `{"password":"battery staple"}`, as(text)).Status, 200)
		},
		"by the old one": func(t *testing.T, s *site, owner *browser, access string) {
			r := httptest.NewRequest("POST", "/", nil)
			r.RemoteAddr = owner.address
			r.AddCookie(&http.Cookie{Name: "__Host-device", Value: owner.cookies["__Host-device"]})
			proof := map[string]string{"email": "ann@example.com", "password": "correct horse"}
			err := s.ChangeCredentials(t.Context(), s.contextOf(t, access), "password", r, proof, map[string]string{"password": "battery staple"})
			check(t, "changing", err, nil)
		},
	} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(nil)
				s.register(t)
				var thief []*browser
				for n := range 30 {
					b := s.browser()
					b.address = fmt.Sprintf("198.51.100.%d:1", n)
					b.logIn(t)
					thief = append(thief, b)
				}
				owner := s.browser()
				change(t, s, owner, owner.logIn(t))
				guesses := 0
				for range 10 {
					for _, b := range thief {
						guesses += map[int]int{401: 1}[b.send(toPassword, wrongLogin).Status]
					}
				}
				check(t, "guesses", guesses, 50)
				owner.address = "203.0.113.1:1"
				got := owner.send(toPassword, `{"email":"ann@example.com","password":"battery staple"}`)
				check(t, "the owner, elsewhere", got.Status, 200)
			})
		})
	}
}

// A page of another site begins flows without end. It pushes out no cookie but those of the oldest flows.
func TestManyFlows(t *testing.T) {
	s := newSite(nil)
	var kept []string // as a browser sends them: the oldest first
	states := map[string]string{}
	for range 30 {
		got := s.browser().send("POST /auth/customer/pages", "", "Cookie: "+strings.Join(kept, "; "))
		for _, line := range got.Header["Set-Cookie"] {
			pair, _, _ := strings.Cut(line, ";")
			name, value, _ := strings.Cut(pair, "=")
			kept = slices.DeleteFunc(kept, func(other string) bool { return strings.HasPrefix(other, name+"=") })
			if value != "" {
				kept = append(kept, pair)
				states[pair] = must(url.Parse(got.at("location"))).Query().Get("state")
			}
		}
	}
	check(t, "cookies", len(kept), 8)
	check(t, "flows", len(states), 30)
	for pair, state := range states {
		got := s.browser().send("GET /auth/customer/pages/callback?code=7&state="+state, "", "Cookie: "+strings.Join(kept, "; "))
		check(t, "coming back", got.Status == 200, slices.Contains(kept, pair))
	}
}

// What a page of another site embeds counts for nobody, and nothing comes of it.
func TestEmbedded(t *testing.T) {
	s := newSite(freePerNetwork(3))
	s.register(t)
	b := s.browser()
	for _, line := range []string{"GET /auth/customer/pages", "GET /auth/customer/password", "GET /auth/customer/pages/callback?state=a&code=b"} {
		for range 10 {
			got := b.send(line, "", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image")
			check(t, line, got.Status, 403)
		}
	}
	check(t, "the network", b.send(toPassword, annsLogin).Status, 200)
	check(t, "a page that goes there", b.send("GET /auth/customer/pages", "", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate").Status, 200)
}

// Where browsers keep no cookies of the server, a state is good once, and for whoever has it.
func TestUnboundFlows(t *testing.T) {
	s := newSite(func(c *login.Config) { c.InsecureUnboundFlows = true })
	state := s.browser().flow(t, "pages")
	check(t, "another browser", s.browser().comeBack("pages", state, "7").Status, 200)
	check(t, "once", s.browser().comeBack("pages", state, "7").Status, 401)
}
