package openapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
)

const (
	byPassword = "POST /auth/customer/emailpass"
	annsLogin  = `{"email":"Ann@example.com","password":"correct horse battery"}`
	bobsLogin  = `{"email":"bob@example.com","password":"correct horse battery"}`
	annsReset  = `{"identifier":"ann@example.com","metadata":{"page":"/new"}}`
	annsEntity = `{"entity_id":"ann@example.com","entity_type":"email"}`
)

func TestLogin(t *testing.T) {
	s := newServer(t, nil)
	c := newClient(t, s, "/auth/openapi.json")
	c.access = text(c.do("yes", byPassword+"/register", annsLogin, 200), "token")
	i := must(s.logins.Find(t.Context(), "emailpass", "ann@example.com"))
	if err := s.logins.Link(t.Context(), i.ID, auth.Actor{Type: "customer", ID: "cus_1"}); err != nil {
		t.Fatal(err)
	}
	c.try([]row{
		{"the document", "GET /auth/openapi.json", "", "yes", 200},
		{"the providers", "GET /auth/customer/providers", "", "yes", 200},
		{"the providers of nobody", "GET /auth/vendor/providers", "", "yes", 200},
		{"the providers of what is no actor", "GET /auth/token/providers", "", "no", 404},

		{"log in", byPassword, annsLogin, "yes", 200},
		{"a wrong password", byPassword, `{"email":"ann@example.com","password":"x"}`, "yes", 401},
		{"a password that is no text", byPassword, `{"email":"ann@example.com","password":7}`, "yes", 400},
		{"no fields", byPassword, "", "yes", 400},
		{"a list", byPassword, "[]", "no", 400},
		{"somebody who is turned away", "POST /auth/banned/emailpass", annsLogin, "yes", 403},
		{"an actor that may not log in so", "POST /auth/vendor/emailpass", annsLogin, "yes", 400},
		{"an actor that is none", "POST /auth/Customer/emailpass", annsLogin, "no", 400},
		{"an actor of the protocol's", "POST /auth/mfa/emailpass", annsLogin, "no", 404},
		{"a provider of the protocol's", "POST /auth/customer/user", annsLogin, "no", 404},
		{"a provider that panics", "POST /auth/customer/broken", "", "yes", 500},

		{"go elsewhere", "GET /auth/customer/pages", "", "yes", 200},
		{"go elsewhere, by POST", "POST /auth/customer/pages", "{}", "yes", 200},
		{"no need to go elsewhere", "GET /auth/customer/pages?code=ann", "", "yes", 200},
		{"a wrong code", "GET /auth/customer/pages?code=wrong", "", "yes", 401},
		{"two codes", "GET /auth/customer/pages?code=ann&code=bob", "", "", 400},
		{"a password in a query", "GET /auth/customer/emailpass?email=ann&password=x", "", "yes", 400},
		{"a code of somebody who is turned away", "GET /auth/banned/pages?code=ann", "", "yes", 403},
		{"go elsewhere as a session", "GET /auth/session/pages", "", "no", 404},
		{"go to pages that panic", "GET /auth/customer/broken", "", "yes", 500},

		{"register again", byPassword + "/register", annsLogin, "yes", 401},
		{"a short password", byPassword + "/register", `{"email":"bob@example.com","password":"x"}`, "yes", 400},
		{"register by pages", "POST /auth/customer/pages/register", "{}", "yes", 400},
		{"register a list", byPassword + "/register", "[]", "no", 400},
		{"register somebody who is turned away", "POST /auth/banned/emailpass/register", bobsLogin, "yes", 403},
		{"register a token", "POST /auth/token/emailpass/register", bobsLogin, "no", 404},
		{"register, and it panics", "POST /auth/customer/broken/register", "", "yes", 500},
	})
	c.comeBack()
	c.reset()
	c.stay(i.ID)
	c.verify()
	c.outages()
	c.throttled()
	c.verifyFirst()
	c.complete()
}

// flow begins a log-in by the pages elsewhere, and returns its state.
func (c *client) flow(actor string) string {
	_, state, _ := strings.Cut(text(c.do("yes", "POST /auth/"+actor+"/pages", "", 200), "location"), "state=")
	return state
}

// comeBack comes back from the pages elsewhere, in all ways.
func (c *client) comeBack() {
	for _, tt := range []struct {
		actor, code string
		status      int
	}{{"customer", "ann", 200}, {"customer", "wrong", 401}, {"customer", "", 400}, {"banned", "ann", 403}} {
		path := "/auth/" + tt.actor + "/pages/callback"
		c.do("yes", fmt.Sprintf("GET %s?state=%s&code=%s", path, c.flow(tt.actor), tt.code), "", tt.status)
		c.do("yes", "POST "+path, fmt.Sprintf(`{"state":%q,"code":%q}`, c.flow(tt.actor), tt.code), tt.status)
	}
	c.try([]row{
		{"a state that is none", "GET /auth/customer/pages/callback?state=x&code=ann", "", "yes", 401},
		{"two states", "GET /auth/customer/pages/callback?state=x&state=y", "", "", 400},
		{"come back from nowhere", "GET /auth/customer/emailpass/callback", "", "yes", 401},
		{"come back as a token", "GET /auth/token/pages/callback", "", "no", 404},
		{"come back as a token, by POST", "POST /auth/token/pages/callback", "", "no", 404},
		{"come back with a list", "POST /auth/customer/pages/callback", "[]", "no", 400},
	})
	c.bodies(byPassword)
	c.bodies(byPassword + "/register")
	c.bodies("POST /auth/customer/pages/callback")
}

// forget has a token sent to ann, and returns the field that shows it.
func (c *client) forget() string {
	if answer := c.do("yes", byPassword+"/reset-password", annsReset, 201); text(answer, "text") != "Created" {
		c.t.Errorf("asking for a reset: %v", answer)
	}
	return "Authorization: Bearer " + c.server.mail.Token.Reveal()
}

// reset asks for tokens that reset credentials, and uses one.
func (c *client) reset() {
	const ask, update = byPassword + "/reset-password", byPassword + "/update"
	c.try([]row{
		{"nobody", ask, `{"identifier":"nobody@example.com"}`, "yes", 201},
		{"nobody, and no metadata", ask, `{"identifier":"nobody","metadata":null}`, "yes", 201},
		{"a provider that is not there", "POST /auth/customer/nosuch/reset-password", annsReset, "yes", 201},
		{"no identifier", ask, "{}", "no", 400},
		{"an identifier that is null", ask, `{"identifier":null}`, "no", 400},
		{"an empty identifier", ask, `{"identifier":""}`, "no", 400},
		{"an identifier that is no text", ask, `{"identifier":7}`, "no", 400},
		{"metadata that is no object", ask, `{"identifier":"a@example.com","metadata":[]}`, "no", 400},
		{"an actor without providers", "POST /auth/vendor/emailpass/reset-password", annsReset, "yes", 400},
		{"reset a token", "POST /auth/token/emailpass/reset-password", annsReset, "no", 404},
		{"reset, and it panics", "POST /auth/customer/broken/reset-password", annsReset, "yes", 500},
		{"update a token", "POST /auth/token/emailpass/update", "", "no", 404},
		{"a token that resets nothing", update, annsLogin, "yes", 401},
	})
	token := c.forget()
	c.do("yes", update, `{"password":"x"}`, 400, token)
	c.do("no", update, "[]", 400, token)
	c.do("yes", update, annsLogin, 200, token)
	c.do("yes", update, annsLogin, 401, token)
	c.do("yes", update, annsLogin, 403, token, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors")
	c.bodies(ask)
	c.bodies(update)
}

// stay exchanges access tokens for others and for cookies, and ends sessions.
func (c *client) stay(identity string) {
	const refresh, start, end, verify = "POST /auth/token/refresh", "POST /auth/session", "DELETE /auth/session", "POST /auth/verification/request"
	c.access = text(c.do("yes", byPassword, annsLogin, 200), "token")
	c.do("yes", refresh, "", 200)
	if user := c.do("yes", start, "{}", 200); text(user, "user", "actor_id") != "cus_1" {
		c.t.Errorf("whose cookie it is: %v", user)
	}
	byCookie, cookie := *c, "Cookie: "+c.cookie
	byCookie.access = ""
	for _, line := range []string{refresh, start, end, verify} {
		c.strangers(line)
		c.bodies(line)
		c.do("no", line, "[]", 400)
		byCookie.do("", line, annsEntity, 403, cookie, "Origin: https://elsewhere.example")
		byCookie.do("no", line, annsEntity, 401)
	}
	c.do("yes", start, "", 403, "Origin: https://elsewhere.example")
	c.do("yes", refresh, "", 403, "Authorization: Bearer "+c.server.logInAs(auth.Actor{Type: "banned"}, identity).Access.Reveal())
	byCookie.do("yes", refresh, "", 200, cookie)
	byCookie.do("no", start, "", 401, cookie)
	byCookie.do("yes", end, "", 200, cookie)
	c.do("yes", refresh, "", 401)
	c.do("yes", start, "", 401)
	c.access = text(c.do("yes", byPassword, annsLogin, 200), "token")
}

// verify asks for codes that verify addresses, and uses one.
func (c *client) verify() {
	const ask, confirm = "POST /auth/verification/request", "POST /auth/verification/confirm"
	c.try([]row{
		{"an address", ask, annsEntity, "yes", 201},
		{"with all there is", ask, annsEntity[:len(annsEntity)-1] + `,"code_provider":"token","metadata":{"page":"/verified"}}`, "yes", 201},
		{"with nothing besides", ask, annsEntity[:len(annsEntity)-1] + `,"code_provider":null,"metadata":null}`, "yes", 201},
		{"somebody else's", ask, `{"entity_id":"bob@example.com","entity_type":"email"}`, "yes", 403},
		{"no type", ask, `{"entity_id":"ann@example.com"}`, "no", 400},
		{"an empty type", ask, `{"entity_id":"ann@example.com","entity_type":""}`, "no", 400},
		{"a long type", ask, `{"entity_id":"ann@example.com","entity_type":"` + strings.Repeat("x", 65) + `"}`, "no", 400},
		{"a long entity", ask, `{"entity_id":"` + strings.Repeat("x", 257) + `","entity_type":"email"}`, "no", 400},
		{"a line break", ask, `{"entity_id":"ann@example.com\n","entity_type":"email"}`, "yes", 400},
		{"an entity that is no text", ask, `{"entity_id":7,"entity_type":"email"}`, "no", 400},
		{"a field that nobody knows", ask, annsEntity[:len(annsEntity)-1] + `,"to":"bob"}`, "no", 400},
		{"a code that is none", confirm, `{"code":"x"}`, "yes", 400},
		{"no code", confirm, "{}", "no", 400},
		{"an empty code", confirm, `{"code":""}`, "no", 400},
		{"a code and more", confirm, `{"code":"x","entity_id":"ann"}`, "no", 400},
	})
	code := fmt.Sprintf(`{"code":%q}`, c.server.mail.Token.Reveal())
	c.do("yes", confirm, code, 200)
	c.do("yes", confirm, code, 400)
	c.bodies(confirm)
}

// attempt sends a request of each operation that is counted, all of which are refused with status.
func (c *client) attempt(status int, reset string, ids ...string) {
	c.try([]row{
		{"log in", byPassword, annsLogin, "yes", status},
		{"go elsewhere", "GET /auth/customer/pages", "", "yes", status},
		{"register", byPassword + "/register", bobsLogin, "yes", status},
		{"come back", "GET /auth/customer/pages/callback?state=ONE&code=ann", "", "yes", status},
		{"come back, by POST", "POST /auth/customer/pages/callback", `{"state":"TWO","code":"ann"}`, "yes", status},
		{"forget", byPassword + "/reset-password", annsReset, "yes", status},
		{"ask for a code", "POST /auth/verification/request", annsEntity, "yes", status},
		{"use a code", "POST /auth/verification/confirm", `{"code":"CODE"}`, "yes", status},
	}, ids...)
	c.do("yes", byPassword+"/update", annsLogin, status, reset)
}

// outages sends requests while nothing answers that has to be asked.
func (c *client) outages() {
	for status, err := range map[int]error{500: login.ErrCorrupt, 503: auth.ErrUnavailable} {
		reset := c.forget()
		c.do("yes", "POST /auth/verification/request", annsEntity, 201)
		ids := []string{"CODE", c.server.mail.Token.Reveal(), "ONE", c.flow("customer"), "TWO", c.flow("customer")}
		c.server.fails = err
		c.attempt(status, reset, ids...)
		c.try([]row{
			{"refresh", "POST /auth/token/refresh", "", "yes", status},
			{"get a cookie", "POST /auth/session", "", "yes", status},
			{"log out", "DELETE /auth/session", "", "yes", status},
		})
		c.server.fails = nil
	}
}

// throttled sends requests to a server that has had its one attempt from this network.
func (c *client) throttled() {
	slow := *c
	slow.server = newServer(c.t, func(config *login.Config) {
		config.Throttle.Network = login.Pace{Free: 1, First: time.Hour, Most: time.Hour}
	})
	slow.access = text(slow.do("yes", byPassword+"/register", annsLogin, 200), "token")
	slow.attempt(http.StatusTooManyRequests, "Authorization: Bearer none")
}

// verifyFirst logs in to a server that wants the address verified.
func (c *client) verifyFirst() {
	first := *c
	first.server = newServer(c.t, func(config *login.Config) { config.VerifyFirst = true })
	for _, line := range []string{byPassword + "/register", byPassword} {
		if answer := first.do("yes", line, annsLogin, 200); text(answer, "verification_required") != "true" {
			c.t.Errorf("%s: %v", line, answer)
		}
	}
}
