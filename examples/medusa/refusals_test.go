package main_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// Whatever is wrong with a body is said in JSON, and the same for each route that reads one.
func TestBadBodies(t *testing.T) {
	p := start(t, "HS256")
	registered, admin := p.register(t, registerCustomer, "ann@example.com"), p.admin(t)
	reader := bearer(p.register(t, registerUser, "bob@example.com"))
	key := func(name string) http.Header {
		return http.Header{"Authorization": {"Bearer " + admin}, "X-Case": {name}}
	}
	routes := map[string]http.Header{
		logInCustomer:                     nil,
		registerCustomer:                  nil,
		logInCustomer + "/reset-password": nil,
		"/auth/verification/request":      bearer(registered),
		"/auth/verification/confirm":      nil,
		"/store/customers":                bearer(registered),
		"/admin/invites":                  key("invites"),
		"/admin/invites/accept?token=x":   reader,
		"/admin/api-keys":                 key("keys"),
	}
	bodies := map[string]struct {
		body   string
		status int
	}{
		"cut":        {`{"email": `, 400},
		"an array":   {`[]`, 400},
		"a string":   {`"email"`, 400},
		"null":       {`null`, 400},
		"two":        {`{} {}`, 400},
		"twice":      {`{"email": "a", "email": "b"}`, 400},
		"deep":       {`{"metadata": ` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`, 400},
		"not UTF-8":  {"{\"email\": \"\xff\"}", 400},
		"surrogates": {`{"email": "\ud800"}`, 400},
		"too large":  {`{"email": "` + strings.Repeat("x", 70<<10) + `"}`, 413},
	}
	for path, header := range routes {
		for name, b := range bodies {
			t.Run(path+" "+name, func(t *testing.T) {
				p.do(t, step{name, "POST", path, header, b.body, b.status, "invalid_data"})
			})
		}
		t.Run(path+" a form", func(t *testing.T) {
			form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
			for name, values := range header {
				form[name] = values
			}
			p.do(t, step{"form", "POST", path, form, "email=ann@example.com", 415, "invalid_data"})
		})
	}
}

// What a route is asked for has to make sense to it.
func TestBadInput(t *testing.T) {
	p := start(t, "HS256")
	registered, reader, admin := bearer(p.register(t, registerCustomer, "ann@example.com")),
		bearer(p.register(t, registerUser, "bob@example.com")), bearer(p.admin(t))
	const notAllowed = "is not allowed to use the auth provider"
	long := strings.Repeat("x", 300)
	for _, s := range []step{
		{"no password", "POST", registerCustomer, nil, `{"email": "cy@example.com"}`, 400, "'password'"},
		{"no e-mail", "POST", registerCustomer, nil, `{"password": "` + password + `"}`, 400, "'email'"},
		{"no address", "POST", registerCustomer, nil, credentials("cy"), 400, "invalid_data"},
		{"a common password", "POST", registerCustomer, nil, `{"email": "cy@example.com", "password": "password1"}`, 400, "invalid_data"},
		{"a number", "POST", registerCustomer, nil, `{"email": 7, "password": "` + password + `"}`, 400, "'email'"},
		{"a password that is null", "POST", logInCustomer, nil, `{"email": "ann@example.com", "password": null}`, 400, ""},
		{"a password that is an array", "POST", logInCustomer, nil, `{"email": "ann@example.com", "password": ["x"]}`, 400, "'password'"},
		{"a wrong password", "POST", logInCustomer, nil, `{"email": "ann@example.com", "password": "x"}`, 401, "Invalid email or password"},
		{"an unknown address", "POST", logInCustomer, nil, credentials("nobody@example.com"), 401, "Invalid email or password"},
		{"registered again", "POST", registerCustomer, nil, credentials("Ann@Example.com"), 401, "Identity with email already exists"},
		{"registered as another type", "POST", registerUser, nil, credentials("ann@example.com"), 401, "Identity with email already exists"},
		{"an unknown provider", "POST", "/auth/customer/google", nil, credentials("a@example.com"), 400, notAllowed},
		{"an unknown provider's registration", "POST", "/auth/customer/google/register", nil, credentials("a@example.com"), 400, notAllowed},
		{"an unknown provider's callback", "GET", "/auth/customer/google/callback?code=1", nil, "", 400, notAllowed},
		{"an unknown actor type", "POST", "/auth/vendor/emailpass", nil, credentials("a@example.com"), 400, notAllowed},
		{"an unknown actor type's providers", "GET", "/auth/vendor/providers", nil, "", 200, `"providers":[]`},
		{"keys are no actor type", "POST", "/auth/api-key/emailpass", nil, credentials("a@example.com"), 400, notAllowed},
		{"token is no actor type", "POST", "/auth/token/emailpass", nil, credentials("a@example.com"), 404, "not_found"},
		{"session is no actor type", "POST", "/auth/session/emailpass/register", nil, credentials("a@example.com"), 404, "not_found"},
		{"mfa is no actor type", "POST", "/auth/mfa/emailpass", nil, credentials("a@example.com"), 404, "not_found"},
		{"verification is no actor type", "POST", "/auth/verification/emailpass", nil, credentials("a@example.com"), 404, "not_found"},
		{"user is no provider", "POST", "/auth/emailpass/user", nil, "", 404, "not_found"},
		{"providers is no provider", "POST", "/auth/customer/providers", nil, credentials("a@example.com"), 404, "not_found"},
		{"no identifier", "POST", logInCustomer + "/reset-password", nil, "", 400, "Invalid request: Field 'identifier' is required"},
		{"an identifier that is a number", "POST", logInCustomer + "/reset-password", nil, `{"identifier": 1}`, 400, "'identifier'"},
		{"an unknown identifier", "POST", logInCustomer + "/reset-password", nil, `{"identifier": "nobody@example.com"}`, 201, "Created"},
		{"an unknown provider's reset", "POST", "/auth/customer/google/reset-password", nil, `{"identifier": "ann@example.com"}`, 201, "Created"},
		{"no code", "POST", "/auth/verification/confirm", nil, "", 400, ""},
		{"a code that is none", "POST", "/auth/verification/confirm", nil, `{"code": "x"}`, 400, ""},
		{"nothing to verify", "POST", "/auth/verification/request", registered, "", 400, ""},
		{"no address to verify", "POST", "/auth/verification/request", registered, `{"entity_id": "eve", "entity_type": "email"}`, 400, "'entity_id'"},

		{"a customer without an address", "POST", "/store/customers", registered, "", 400, "'email'"},
		{"a customer with none", "POST", "/store/customers", registered, `{"email": "Ann <ann@example.com>"}`, 400, "'email'"},
		{"a customer with two", "POST", "/store/customers", registered, `{"email": "ann@example.com, eve@example.com"}`, 400, "'email'"},
		{"a long name", "POST", "/store/customers", registered, `{"email": "ann@example.com", "first_name": "` + long + `"}`, 400, "'first_name'"},
		{"a name of two lines", "POST", "/store/customers", registered, `{"email": "ann@example.com", "last_name": "a\nb"}`, 400, "'last_name'"},
		{"an unknown field", "POST", "/store/customers", registered, `{"email": "ann@example.com", "has_account": true}`, 400, "Unrecognized fields: 'has_account'"},
		{"metadata that is none", "POST", "/store/customers", registered, `{"email": "ann@example.com", "metadata": 1}`, 400, "'metadata'"},
		{"an unknown parameter", "POST", "/store/customers?role=admin", registered, `{"email": "ann@example.com"}`, 400, "'role'"},
		{"an invite to nobody", "POST", "/admin/invites", admin, "", 400, "'email'"},
		{"an invite to two", "POST", "/admin/invites", admin, `{"email": "a@example.com\r\nBcc: b@example.com"}`, 400, "'email'"},
		{"an invite with a role", "POST", "/admin/invites", admin, `{"email": "a@example.com", "role": "owner"}`, 400, "'role'"},
		{"no invite", "POST", "/admin/invites/accept", reader, "", 401, "Invalid token"},
		{"two invites", "POST", "/admin/invites/accept?token=a&token=b", reader, "", 400, "'token'"},
	} {
		t.Run(s.name, func(t *testing.T) { p.do(t, s) })
	}
}

// Paths and methods that nobody knows are answered in JSON, and nothing is redirected.
func TestUnknown(t *testing.T) {
	p := start(t, "HS256")
	admin := bearer(p.admin(t))
	for _, path := range []string{
		"/", "/auth", "/auth/", "/auth/customer", "/auth/customer/emailpass/", "/auth/customer/emailpass/else", "/auth/mfa/factors", "/auth/mfa/factors/1/verify",
		"/auth/mfa/recovery-codes", "/auth/mfa/challenges/1/verify", "/store", "/store/customers/you", "/store/customers/",
		"/admin", "/admin/users", "/admin/invites/1", "/admin/api-keys/x/y", "/admin/sessions/", "//auth/session", "/auth/../admin/users/me",
		"/./admin/users/me", "/consoles", "/authentic", "/.well-known/jwks.json", "/admin/api-keysx", "/%2e%2e/auth/session",
	} {
		for _, method := range []string{"GET", "POST"} {
			t.Run(method+" "+path, func(t *testing.T) {
				p.do(t, step{"unknown", method, path, admin, "", 404, "not_found"})
			})
		}
	}
	for _, s := range []step{
		{"log in", "PUT", logInCustomer, nil, "", 405, "not_allowed"},
		{"log in", "OPTIONS", logInCustomer, nil, "", 405, "not_allowed"},
		{"register", "GET", registerCustomer, nil, "", 405, "not_allowed"},
		{"session", "GET", "/auth/session", nil, "", 405, "not_allowed"},
		{"refresh", "DELETE", "/auth/token/refresh", nil, "", 405, "not_allowed"},
		{"refresh", "GET", "/auth/token/refresh", nil, "", 405, "not_allowed"},
		{"verification", "GET", "/auth/verification/request", nil, "", 405, "not_allowed"},
		{"code", "HEAD", "/auth/verification/confirm", nil, "", 405, ""},
		{"reset", "GET", logInCustomer + "/reset-password", nil, "", 405, "not_allowed"},
		{"products", "POST", "/store/products", nil, "", 405, "not_allowed"},
		{"customer", "DELETE", "/store/customers/me", nil, "", 405, "not_allowed"},
		{"customers", "GET", "/store/customers", nil, "", 405, "not_allowed"},
		{"invites", "GET", "/admin/invites", admin, "", 405, "not_allowed"},
		{"keys", "PUT", "/admin/api-keys", admin, "", 405, "not_allowed"},
		{"sessions", "POST", "/admin/sessions", admin, "", 405, "not_allowed"},
		{"me", "BREW", "/admin/users/me", admin, "", 405, "not_allowed"},
	} {
		t.Run(s.method+" "+s.path, func(t *testing.T) {
			header, _ := p.do(t, s)
			if header.Get("Allow") == "" {
				t.Errorf("no Allow: %v", header)
			}
		})
	}
}

// A token is good for one thing, and what can be used once is used up.
func TestWrongTokens(t *testing.T) {
	p := start(t, "ES256")
	access := p.customer(t, "ann@example.com")
	registration := p.register(t, registerCustomer, "cy@example.com")
	reader := bearer(p.register(t, registerUser, "bob@example.com"))
	p.do(t, step{"verification", "POST", "/auth/verification/request", bearer(access), `{"entity_id": "ann@example.com", "entity_type": "email"}`, 201, "verification"})
	verification := p.mails.take(t, "ann@example.com", "verification")
	p.do(t, step{"reset", "POST", logInCustomer + "/reset-password", nil, `{"identifier": "ann@example.com"}`, 201, "Created"})
	void := p.mails.take(t, "ann@example.com", "reset")
	p.do(t, step{"reset", "POST", logInCustomer + "/reset-password", nil, `{"identifier": "ANN@example.com"}`, 201, "Created"})
	reset := p.mails.take(t, "ann@example.com", "reset")
	invite := p.invite(t, "bob@example.com")
	tokens := map[string]string{
		"access": access, "registration": registration, "verification": verification, "reset": reset, "void": void, "invite": invite,
		"secret key": p.secretKey, "publishable key": p.publishableKey, "junk": "x",
	}
	for name, token := range tokens {
		for _, s := range []step{
			{"me", "GET", "/store/customers/me", bearer(token), "", 401, "unauthorized"},
			{"create", "POST", "/store/customers", bearer(token), `{"email": "x@example.com"}`, 401, "unauthorized"},
			{"accept as", "POST", "/admin/invites/accept?token=" + invite, bearer(token), "", 401, "unauthorized"},
			{"refresh", "POST", "/auth/token/refresh", bearer(token), "", 401, "unauthorized"},
			{"session", "POST", "/auth/session", bearer(token), "", 401, "unauthorized"},
			{"update", "POST", logInCustomer + "/update", bearer(token), `{"password": "what Eve would like"}`, 401, "Invalid token"},
			{"confirm", "POST", "/auth/verification/confirm", nil, `{"code": "` + token + `"}`, 400, ""},
			{"accept", "POST", "/admin/invites/accept?token=" + token, reader, "", 401, "Invalid token"},
		} {
			if status, ok := otherwise[name+" "+s.name]; ok {
				s.status, s.want = status, ""
			}
			if s.status == atTheEnd {
				continue
			}
			t.Run(name+" "+s.name, func(t *testing.T) { p.do(t, s) })
		}
	}
	update := step{"update", "POST", logInCustomer + "/update", bearer(reset), `{"password": "a new one, Ann's own"}`, 200, "success"}
	t.Run("the reset token as it should be, once", func(t *testing.T) {
		p.do(t, step{"another type's", "POST", logInUser + "/update", bearer(reset), update.body, 401, "Invalid token"})
		p.do(t, update)
		update.status, update.want = 401, "Invalid token"
		p.do(t, update)
		p.do(t, step{"the session before", "GET", "/store/customers/me", bearer(access), "", 401, "unauthorized"})
	})
	t.Run("the verification token, once", func(t *testing.T) {
		confirm := step{"confirm", "POST", "/auth/verification/confirm", nil, `{"code": "` + verification + `"}`, 200, "verified_at"}
		p.do(t, confirm)
		confirm.status, confirm.want = 400, ""
		p.do(t, confirm)
	})
	t.Run("the invite, once", func(t *testing.T) {
		p.do(t, step{"accept", "POST", "/admin/invites/accept?token=" + invite, reader, "", 200, "bob@example.com"})
		eve := bearer(p.register(t, registerUser, "eve@example.com"))
		p.do(t, step{"accept again", "POST", "/admin/invites/accept?token=" + invite, eve, "", 401, "Invalid token"})
	})
}

// Who is logged in may have mail sent to other addresses, and little of it to each, however that is called and written.
func TestVerification(t *testing.T) {
	p := start(t, "HS256")
	registration := p.register(t, registerCustomer, "ann@example.com")
	request := step{"verification", "POST", "/auth/verification/request", bearer(registration), "", 201, "verification"}
	request.body = `{"entity_id": "else@example.com", "entity_type": "email"}`
	p.do(t, request)
	body := `{"code": "` + p.mails.take(t, "else@example.com", "verification") + `"}`
	p.do(t, step{"confirm", "POST", "/auth/verification/confirm", nil, body, 200, `"entity_id":"else@example.com"`})
	for n := range 12 {
		request.body = fmt.Sprintf(`{"entity_id": "%s@example.com", "entity_type": "email %d"}`, "ELSE"[:n%4]+"else"[n%4:], n)
		request.status = 0
		status, header, text := p.send(t, request)
		if n >= 9 && (status != 429 || header.Get("Retry-After") == "") || n < 9 && status != 201 {
			t.Errorf("%d: got %d %s", n, status, text)
		}
	}
}

const atTheEnd = 0

// otherwise is what comes of tokens that say who somebody is: there are things that they may not do. What a token is for is
// tried at the end.
var otherwise = map[string]int{
	"access create": 400, "access accept as": 403, "registration accept as": 403,
	"access me": atTheEnd, "access refresh": atTheEnd, "access session": atTheEnd,
	"registration refresh": atTheEnd, "registration session": atTheEnd, "registration create": atTheEnd,
	"reset update": atTheEnd, "verification confirm": atTheEnd, "invite accept": atTheEnd,
}

// Many at once have to wait for their turn, since passwords take a processor each, but nobody is turned away.
func TestManyAtOnce(t *testing.T) {
	p := start(t, "HS256")
	var all sync.WaitGroup
	for n := range 24 {
		all.Go(func() {
			s := step{"register", "POST", registerCustomer, nil, credentials(fmt.Sprintf("ann%d@example.com", n)), 0, ""}
			if status, _, body, err := p.exchange(t.Context(), s); err != nil || status != 200 {
				t.Errorf("%d: got %d %s %v", n, status, body, err)
			}
		})
	}
	all.Wait()
}

// Of many who do at once what can be done once, one succeeds.
func TestAtOnce(t *testing.T) {
	p := start(t, "HS256")
	ann := bearer(p.register(t, registerCustomer, "ann@example.com"))
	invite := "/admin/invites/accept?token=" + p.invite(t, "bob@example.com")
	p.do(t, step{"reset", "POST", logInCustomer + "/reset-password", nil, `{"identifier": "ann@example.com"}`, 201, "Created"})
	reset := bearer(p.mails.take(t, "ann@example.com", "reset"))
	const n = 4
	var users [n]http.Header
	for i := range users {
		users[i] = bearer(p.register(t, registerUser, fmt.Sprintf("user%d@example.com", i)))
	}
	for _, c := range []struct {
		name   string
		nth    func(i int) step
		status int // of those who lose
	}{
		{"register", func(int) step { return step{"", "POST", registerCustomer, nil, credentials("cy@example.com"), 0, ""} }, 401},
		{"create", func(int) step {
			return step{"", "POST", "/store/customers", ann, `{"email": "ann@example.com"}`, 0, ""}
		}, 400},
		{"accept", func(i int) step { return step{"", "POST", invite, users[i], "", 0, ""} }, 401},
		{"update", func(int) step {
			return step{"", "POST", logInCustomer + "/update", reset, `{"password": "hers from now on"}`, 0, ""}
		}, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			statuses := make(chan int, n)
			for i := range n {
				go func() {
					status, _, _, err := p.exchange(t.Context(), c.nth(i))
					if err != nil {
						t.Error(err)
					}
					statuses <- status
				}()
			}
			got := map[int]int{}
			for range n {
				got[<-statuses]++
			}
			if got[200] != 1 || got[c.status] != n-1 {
				t.Errorf("got %v, want one 200 and %d of %d", got, n-1, c.status)
			}
		})
	}
}
