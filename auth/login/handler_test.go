package login_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
)

// All of it, from the registration to the new password.
func TestJourney(t *testing.T) {
	s := newSite(nil)
	b := s.browser()
	registration := b.send(toPassword+"/register", annsLogin, as("a.stale.token")).at("token")
	check(t, "a registration is no customer", b.send("GET /me", "", as(registration)).Status, 401)
	i := must(s.Find(t.Context(), "password", "ann@example.com"))
	check(t, "linking", s.Link(t.Context(), i.ID, auth.Actor{Type: "customer", ID: "cus_1"}), nil)

	access := b.send("POST /auth/token/refresh", "", as(registration)).at("token")
	check(t, "after a refresh", b.send("GET /me", "", as(access)).Text, "customer cus_1 *")
	check(t, "the registration is over", b.send("POST /auth/token/refresh", "", as(registration)).refusal(), nobodys)

	access = b.logIn(t)
	got := b.send("POST /auth/session", "", as(access))
	user, _ := got.Body["user"].(map[string]any)
	check(t, "actor", user["actor_id"].(string)+user["actor_type"].(string), "cus_1customer")
	check(t, "identity", user["auth_identity_id"].(string), i.ID)
	check(t, "provider", user["auth_provider"].(string), "password")
	check(t, "app metadata", user["app_metadata"].(map[string]any)["customer_id"].(string), "cus_1")
	check(t, "user metadata", len(user["user_metadata"].(map[string]any)), 0)
	check(t, "by cookie", b.send("GET /me", "").Text, "customer cus_1 *")
	check(t, "refreshing by cookie", b.send("POST /auth/token/refresh", "").Status, 200)
	got = b.send("DELETE /auth/session", "")
	check(t, "logging out", got.Text, `{"success":true}`)
	check(t, "the cookie is cleared", len(b.cookies), 1) // that of the device stays
	check(t, "the token, too", b.send("GET /me", "", as(access)).Status, 401)

	access = b.logIn(t)
	got = b.send(toPassword+"/reset-password", `{"identifier":"Ann@Example.com","metadata":{"page":"/new"}}`)
	check(t, "asking for a reset", got.Text, "Created")
	check(t, "status", got.Status, 201)
	check(t, "type", got.Header.Get("Content-Type"), "text/plain; charset=utf-8")
	e := s.mail(login.ResetRequested)
	check(t, "mail to", e.Identifier, "ann@example.com")
	check(t, "metadata", e.Metadata.Get("page"), any("/new"))
	got = b.send(toPassword+"/update", `{"password":"battery staple","entity_id":"eve@example.com"}`, as(e.Token.Reveal()))
	check(t, "resetting", got.Text, `{"success":true}`)
	check(t, "sessions end", b.send("GET /me", "", as(access)).Status, 401)
	check(t, "the old password", b.send(toPassword, annsLogin).refusal(), badLogin)
	check(t, "the new password", b.send(toPassword, `{"email":"ann@example.com","password":"battery staple"}`).Status, 200)
	check(t, "a warning", s.mail(login.CredentialsChanged).Identifier, "ann@example.com")
	check(t, "failures logged", s.log.errors(), 0)
	for _, secret := range []string{"correct horse", "battery staple", e.Token.Reveal(), access, registration} {
		check(t, "secrets logged", strings.Contains(s.log.String(), secret), false)
	}
}

// The wire: what clients that are not ours rely on.
func TestRoutes(t *testing.T) {
	s := newSite(nil)
	s.register(t)
	const (
		noPages   = "400 not_allowed: The actor type user is not allowed to use the auth provider pages"
		unknown   = "400 not_allowed: The actor type customer is not allowed to use the auth provider nosuch"
		unknownA  = "400 not_allowed: The actor type vendor is not allowed to use the auth provider password"
		noMethod  = "405 not_allowed: Method Not Allowed"
		forgotten = "400 invalid_data: Invalid request: Field 'identifier' is required"
	)
	for _, tt := range []struct{ line, body, want string }{
		{"POST /auth/user/pages", "", noPages},
		{"GET /auth/user/pages", "", noPages},
		{"POST /auth/user/pages/register", "", noPages},
		{"GET /auth/user/pages/callback", "", noPages},
		{"POST /auth/user/pages/callback", "", noPages},
		{"POST /auth/user/pages/reset-password", `{"identifier":"x@example.com"}`, noPages},
		{"POST /auth/user/pages/update", "", noPages},
		{"POST /auth/customer/nosuch", "", unknown},
		{"POST /auth/customer/nosuch/register", "", unknown},
		{"GET /auth/customer/nosuch/callback", "", unknown},
		{"POST /auth/customer/nosuch/update", "", unknown},
		{"POST /auth/vendor/password", annsLogin, unknownA},
		{"POST /auth/vendor/password/reset-password", `{"identifier":"x@example.com"}`, unknownA},
		{"POST /auth/Customer/password", annsLogin, "400 not_allowed: The actor type Customer is not allowed to use the auth provider password"},
		{"POST /auth/%3Cb%3E/password", annsLogin, "400 not_allowed: The actor type … is not allowed to use the auth provider password"},
		{"POST /auth/customer/pages/register", "{}", "400 not_allowed: The auth provider pages does not support registration"},
		{"GET /auth/customer/password/callback", "", "401 unauthorized: The auth provider password has no callback"},
		{"POST /auth/customer/password/reset-password", "{}", forgotten},
		{"POST /auth/customer/password/reset-password", "", forgotten},
		{"POST /auth/customer/password/reset-password", `{"identifier":""}`, forgotten},
		{"POST /auth/customer/password/reset-password", `{"identifier":null}`, forgotten},
		{"POST /auth/customer/nosuch/reset-password", `{}`, forgotten},
		{"POST /auth/customer/password/reset-password", `{"identifier":7}`, "400 invalid_data: Invalid request: Field 'identifier' must be a string"},
		{"POST /auth/customer/password/reset-password", `{"identifier":"a@b.c","metadata":[]}`, "400 invalid_data: Invalid request: Field 'metadata' must be an object"},
		{"POST /auth/customer/password/update", `{"password":"battery staple"}`, badToken},
		{"POST /auth/customer/password/register", annsLogin, "401 unauthorized: Identity with email already exists"},
		{"POST /auth/customer/password", wrongLogin, badLogin},
		{"GET /auth/customer/password?email=ann@example.com&password=correct+horse", "", badLogin},
		{"HEAD /auth/customer/password", "", noMethod},
		{"POST /auth/token/refresh", "", nobodys},
		{"POST /auth/session", "", nobodys},
		{"DELETE /auth/session", "", nobodys},
		{"POST /auth/verification/request", `{"entity_id":"a","entity_type":"email"}`, nobodys},
		{"POST /auth/verification/confirm", `{"code":"x"}`, "400 invalid_data: Invalid request: The code is invalid or has expired"},
		{"POST /auth/verification/confirm", `{}`, "400 invalid_data: Invalid request: Field 'code' is required"},
		{"GET /auth/session", "", noMethod},
		{"PUT /auth/customer/password", "", noMethod},
		{"POST /auth/openapi.json", "", noMethod},
		{"POST /auth", "", noRoute},
		{"GET /auth/", "", noRoute},
		{"POST /auth/customer/password/", annsLogin, noRoute},
		{"POST /auth/customer//password", annsLogin, noRoute},
		{"POST /auth/customer/password/login", annsLogin, noRoute},
		{"GET /auth/mfa/factors", "", noRoute},
		{"POST /auth/mfa/factors", "{}", noRoute},
		{"POST /auth/mfa/factors/7/verify", "{}", noRoute},
		{"DELETE /auth/mfa/factors/7", "", noRoute},
		{"POST /auth/mfa/recovery-codes", "", noRoute},
		{"POST /auth/mfa/challenges/7/verify", "{}", noRoute},
		{"GET /auth/token/providers", "", noRoute},
		{"GET /auth/session/providers", "", noRoute},
		{"POST /auth/session/password", annsLogin, noRoute},
		{"POST /auth/token/password/register", annsLogin, noRoute},
		{"POST /auth/verification/password/reset-password", `{"identifier":"x@example.com"}`, noRoute},
		{"POST /auth/mfa/password/update", "", noRoute},
		{"POST /auth/customer/providers", annsLogin, noRoute},
		{"POST /auth/customer/user", annsLogin, noRoute},
		{"GET /auth/customer/user/callback", "", noRoute},
	} {
		b := s.browser()
		got := b.send(tt.line, tt.body)
		check(t, tt.line+" "+tt.body, got.refusal(), tt.want)
		check(t, tt.line+": challenged", got.Header.Get("WWW-Authenticate") != "", got.Status == 401)
		check(t, tt.line+": no-store", got.Header.Get("Cache-Control"), "no-store")
		check(t, tt.line+": no redirection", got.Header.Get("Location"), "")
	}
	check(t, "failures logged", s.log.errors(), 0)
}

func TestProviders(t *testing.T) {
	b := newSite(nil).browser()
	for line, want := range map[string]string{
		"GET /auth/customer/providers": `{"providers":[` +
			`{"id":"password","identifier":"password","display_name":"Password","flow":"credentials"},` +
			`{"id":"pages","identifier":"pages","display_name":"pages","flow":"redirect"},` +
			`{"id":"others","identifier":"others","display_name":"others","flow":"redirect"}]}`,
		"GET /auth/user/providers":   `{"providers":[{"id":"password","identifier":"password","display_name":"Password","flow":"credentials"}]}`,
		"GET /auth/vendor/providers": `{"providers":[]}`,
	} {
		got := b.send(line, "", as("broken"))
		check(t, line, got.Text, want)
		check(t, line, got.Status, 200)
	}
}

// Wherever there is a body, it is read in one way.
func TestBodies(t *testing.T) {
	s := newSite(nil)
	s.register(t)
	access := s.browser().logIn(t)
	const invalid = "400 invalid_data: Invalid request: "
	bodies := map[string]string{
		`{"email":`:        invalid + "The body is not valid JSON",
		`[]`:               invalid + "The body must be a JSON object",
		`null`:             invalid + "The body must be a JSON object",
		`"x"`:              invalid + "The body must be a JSON object",
		`{} {}`:            invalid + "The body is not valid JSON",
		`{"a":1,"a":2}`:    invalid + "Field 'a' is there twice",
		"{\"a\":\"\xff\"}": invalid + "The body has text that is not Unicode",
		`{"a":` + strings.Repeat(" ", 65536) + `1}`:         "413 invalid_data: Invalid request: The body is larger than 64 KiB",
		strings.Repeat("[", 100) + strings.Repeat("]", 100): invalid + "The body has more than 32 levels",
	}
	for _, line := range []string{
		toPassword, toPassword + "/register", "POST /auth/customer/pages/callback", toPassword + "/reset-password", toPassword + "/update",
		"POST /auth/token/refresh", "POST /auth/session", "DELETE /auth/session", "POST /auth/verification/request",
		"POST /auth/verification/confirm",
	} {
		for body, want := range bodies {
			check(t, line+" "+body[:min(len(body), 20)], s.browser().send(line, body, as(access)).refusal(), want)
		}
	}
	for _, tt := range []struct{ body, want string }{
		{`{"email":7,"password":"x"}`, invalid + "Field 'email' must be a string"},
		{`{"email":"ann@example.com","password":["correct horse"]}`, invalid + "Field 'password' must be a string"},
		{`{"email":"ann@example.com","password":null}`, badLogin},
		{`{"email":"ann@example.com","password":"null"}`, badLogin},
		{`{"email":"ann@example.com","Password":"correct horse"}`, badLogin},
		{`{}`, badLogin},
		{``, badLogin},
	} {
		check(t, tt.body, s.browser().send(toPassword, tt.body).refusal(), tt.want)
	}
	check(t, "others' members", s.browser().send(toPassword, `{"cart":{"id":7},`+annsLogin[1:]).Status, 200)
	check(t, "another type", s.browser().send(toPassword, annsLogin, "Content-Type: text/plain").Status, 415)
	check(t, "failures logged", s.log.errors(), 0)
}

// What comes along besides does not matter where somebody shows other credentials.
func TestStaleCredentials(t *testing.T) {
	s := newSite(nil)
	s.register(t)
	for n, field := range []string{
		as("a.stale.token"), as(""), "Authorization: ", "Authorization: Basic c2tfOg==", "Authorization: Bearer a, Bearer b",
		"Cookie: __Host-sid=stale", "Cookie: __Host-device=" + strings.Repeat("x", 5000),
	} {
		b := s.browser()
		for line, body := range map[string]string{
			toPassword: annsLogin, toPassword + "/reset-password": fmt.Sprintf(`{"identifier":"nobody%d@example.com"}`, n),
			"GET /auth/customer/providers": "", "POST /auth/customer/pages": "",
		} {
			check(t, line+" with "+field[:min(len(field), 40)], b.send(line, body, field).Status/100, 2)
		}
	}
	check(t, "registering", s.browser().send(toPassword+"/register", `{"email":"bob@example.com","password":"p"}`, as("stale")).Status, 200)
}

// Where somebody has to be logged in, a cookie that stands for nobody is cleared, and what passes by a cookie is for its owner.
func TestCookiesWhereTheyCount(t *testing.T) {
	s := newSite(nil)
	s.register(t)
	b := s.browser()
	b.send("POST /auth/session", "", as(b.logIn(t)))
	for _, line := range []string{"POST /auth/token/refresh", "POST /auth/session", "POST /auth/verification/request", "DELETE /auth/session"} {
		got := s.browser().send(line, "", "Cookie: __Host-sid=stale")
		check(t, line, got.refusal(), nobodys)
		check(t, line+" clears", strings.Join(got.Header["Set-Cookie"], "\n"), "__Host-sid=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax")
		check(t, line+" varies", b.send(line, "").Header.Get("Vary"), "Cookie")
	}
	check(t, "no cookie is left of the session", b.cookies["__Host-sid"], "")
}

// An API key, a cookie or a token of another kind is not taken where something else is wanted.
func TestKinds(t *testing.T) {
	s := newSite(nil)
	i := s.register(t)
	b := s.browser()
	_, key, err := s.keys.Issue(t.Context(), apikey.Spec{Title: "x", Owner: auth.Actor{Type: "user", ID: "1"}, Scopes: auth.NewSet("*")})
	check(t, "issuing a key", err, nil)
	access := b.logIn(t)
	b.send(toPassword+"/reset-password", `{"identifier":"ann@example.com"}`)
	reset := s.mail(login.ResetRequested).Token.Reveal()
	b.send("POST /auth/verification/request", `{"entity_id":"ann@example.com","entity_type":"email"}`, as(access))
	code := s.mail(login.VerificationRequested).Token.Reveal()
	state := b.flow(t, "pages")
	invite := must(s.Tokens().Issue(t.Context(), login.Token{Purpose: login.PurposeInvite, Subject: i.ID, Expires: time.Now().Add(time.Hour)})).Reveal()
	for _, line := range []string{"POST /auth/token/refresh", "POST /auth/session", "DELETE /auth/session", "POST /auth/verification/request", "GET /me"} {
		for name, text := range map[string]string{"a reset": reset, "a code": code, "a state": state, "an invite": invite} {
			check(t, line+" with "+name, s.browser().send(line, `{"entity_id":"ann@example.com","entity_type":"email"}`, as(text)).Status, 401)
		}
		if line != "GET /me" {
			check(t, line+" with an API key", s.browser().send(line, `{"entity_id":"x","entity_type":"email"}`, as(key.Reveal())).refusal(), nobodys)
		}
	}
	for name, text := range map[string]string{
		"an access token": access, "a code": code, "a state": state, "an invite": invite, "a key": key.Reveal(), "nothing": "", "junk": "reset_x_y",
	} {
		check(t, "resetting with "+name, s.browser().send(toPassword+"/update", `{"password":"battery staple"}`, as(text)).refusal(), badToken)
	}
	for name, text := range map[string]string{"an access token": access, "a reset": reset, "a state": state, "an invite": invite, "a key": key.Reveal()} {
		check(t, "confirming "+name, s.browser().send("POST /auth/verification/confirm", `{"code":"`+text+`"}`).Status, 400)
		check(t, "coming back with "+name, strings.Contains(state, text) || b.comeBack("pages", text, "x").Status == 401, true)
	}
	b.send("POST /auth/session", "", as(access))
	check(t, "a cookie from a cookie", b.send("POST /auth/session", "").refusal(), nobodys)
	check(t, "all are as good as they were", b.send(toPassword+"/update", `{"password":"battery staple"}`, as(reset)).Status, 200)
}
