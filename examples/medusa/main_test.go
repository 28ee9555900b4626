package main_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// Somebody becomes a customer, whatever signs the tokens.
func TestCustomer(t *testing.T) {
	for algorithm, published := range map[string]int{"HS256": 404, "RS256": 200, "ES256": 200, "EdDSA": 200} {
		t.Run(algorithm, func(t *testing.T) {
			p := start(t, algorithm)
			token := p.register(t, registerCustomer, "ann@example.com")
			p.do(t, step{"nobody yet", "GET", "/store/customers/me", bearer(token), "", 401, "unauthorized"})
			details := `{"email": "ann@example.com", "first_name": "Ann", "last_name": null, "phone": "1", "metadata": {"vip": [1]}}`
			_, body := p.do(t, step{"create", "POST", "/store/customers?fields=id", bearer(token), details, 200, `"metadata":{"vip":[1]}`})
			id := field(t, body, "customer.id")
			p.do(t, step{"create again", "POST", "/store/customers", bearer(token), details, 400, "not_allowed"})
			_, body = p.do(t, step{"refresh", "POST", "/auth/token/refresh", bearer(token), "", 200, "token"})
			next := field(t, body, "token")
			if got := claims(t, next); got["actor_id"] != id || got["actor_type"] != "customer" || got["exp"].(float64)-got["iat"].(float64) != 86400 {
				t.Errorf("the token says %v", got)
			}
			p.do(t, step{"me", "GET", "/store/customers/me", bearer(next), "", 200, `"id":"` + id + `"`})
			p.do(t, step{"create once more", "POST", "/store/customers", bearer(next), details, 400, "not_allowed"})
			p.do(t, step{"keys", "GET", "/.well-known/jwks.json", nil, "", published, ""})
			p.do(t, step{"log out", "DELETE", "/auth/session", bearer(next), "", 200, `"success":true`})
			p.do(t, step{"me after", "GET", "/store/customers/me", bearer(next), "", 401, "unauthorized"})
		})
	}
}

func claims(t *testing.T, token string) map[string]any {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	var c map[string]any
	if err != nil || json.Unmarshal(payload, &c) != nil {
		t.Fatalf("no claims in %s", token)
	}
	return c
}

// Somebody is invited, becomes a user and invites others.
func TestInvite(t *testing.T) {
	p := start(t, "EdDSA")
	_, body := p.do(t, step{"invite", "POST", "/admin/invites", bearer(p.admin(t)), `{"email": "bob@example.com"}`, 200, `"accepted":false`})
	invite := p.mails.take(t, "bob@example.com", "invite")
	if strings.Contains(body, invite) {
		t.Errorf("the token is in the answer: %s", body)
	}
	token := p.register(t, registerUser, "bob@work.example") // whose address is the invite's, whatever Bob logs in by
	accept := step{"accept", "POST", "/admin/invites/accept?token=" + invite, bearer(token), `{"first_name": "Bob"}`, 200, `"email":"bob@example.com"`}
	_, body = p.do(t, accept)
	id := field(t, body, "user.id")
	again := step{"accept again", "POST", accept.path, bearer(p.register(t, registerUser, "eve@example.com")), "", 401, "Invalid token"}
	p.do(t, again)
	_, body = p.do(t, step{"log in", "POST", logInUser, nil, credentials("bob@work.example"), 200, "token"})
	bob := bearer(field(t, body, "token"))
	p.do(t, step{"me", "GET", "/admin/users/me", bob, "", 200, `"id":"` + id + `"`})
	p.do(t, step{"accept as a user", "POST", "/admin/invites/accept?token=" + p.invite(t, "x@example.com"), bob, "", 400, "not_allowed"})
	p.do(t, step{"invite", "POST", "/admin/invites", bob, `{"email": "cy@example.com"}`, 200, "cy@example.com"})
	first := p.mails.take(t, "cy@example.com", "invite")
	p.do(t, step{"invite anew", "POST", "/admin/invites", bob, `{"email": "Cy@example.com"}`, 200, "Cy@example.com"})
	second := p.mails.take(t, "Cy@example.com", "invite")
	cy := bearer(p.register(t, registerUser, "cy@example.com"))
	p.do(t, step{"the first", "POST", "/admin/invites/accept?token=" + first, cy, "", 401, "Invalid token"})
	p.do(t, step{"the second", "POST", "/admin/invites/accept?token=" + second, cy, "", 200, `"user"`})
}

// The same door opens to each way of carrying a log-in or a key, for those who may pass.
func TestCredentials(t *testing.T) {
	p := start(t, "RS256")
	admin, ann := p.admin(t), p.customer(t, "ann@example.com")
	in64 := base64.StdEncoding.EncodeToString
	basic := func(text string) http.Header { return http.Header{"Authorization": {"Basic " + text}} }
	for name, header := range map[string]http.Header{
		"Bearer JWT":             bearer(admin),
		"session cookie":         p.cookie(t, p.admin(t)),
		"Basic base64(key:)":     basic(in64([]byte(p.secretKey + ":"))),
		"Basic base64(key)":      basic(in64([]byte(p.secretKey))),
		"Basic key":              basic(p.secretKey),
		"x-medusa-access-token":  {"X-Medusa-Access-Token": {p.secretKey}},
		"X-API-Key":              {"X-Api-Key": {p.secretKey}},
		"a key before a cookie":  {"X-Medusa-Access-Token": {p.secretKey}, "Cookie": p.cookie(t, ann)["Cookie"]},
		"a stale cookie besides": {"Authorization": {"Bearer " + admin}, "Cookie": {"sid=x"}},
	} {
		t.Run(name, func(t *testing.T) {
			p.do(t, step{"list", "GET", "/admin/api-keys", header, "", 200, `"api_keys"`})
		})
	}
	other := strings.Replace(p.secretKey, "sk_", "sk_a", 1)
	for _, s := range []step{
		{"no credentials", "GET", "/admin/api-keys", nil, "", 401, ""},
		{"a customer", "GET", "/admin/api-keys", bearer(ann), "", 403, "forbidden"},
		{"a customer's cookie", "GET", "/admin/users/me", p.cookie(t, ann), "", 403, "forbidden"},
		{"a customer invites", "POST", "/admin/invites", bearer(ann), `{"email": "a@example.com"}`, 403, "forbidden"},
		{"a user is no customer", "GET", "/store/customers/me", bearer(admin), "", 403, "forbidden"},
		{"a key is no user", "GET", "/admin/users/me", basic(p.secretKey), "", 403, "forbidden"},
		{"a key is no customer", "GET", "/store/customers/me", basic(p.secretKey), "", 403, "forbidden"},
		{"a key has no session", "POST", "/auth/token/refresh", basic(p.secretKey), "", 401, ""},
		{"a key invites", "POST", "/admin/invites", basic(p.secretKey), `{"email": "a@example.com"}`, 200, "invite"},
		{"a publishable key", "GET", "/admin/api-keys", basic(p.publishableKey), "", 401, ""},
		{"an unknown key", "GET", "/admin/api-keys", basic(other), "", 401, ""},
		{"a key with a password", "GET", "/admin/api-keys", basic(in64([]byte(p.secretKey + ":x"))), "", 401, ""},
		{"a key as bearer", "GET", "/admin/api-keys", bearer(p.secretKey), "", 401, ""},
		{"two credentials", "GET", "/admin/api-keys", http.Header{"Authorization": {"Bearer " + admin}, "X-Medusa-Access-Token": {p.secretKey}}, "", 400, ""},
		{"a token in the query", "GET", "/admin/users/me?token=" + admin, nil, "", 401, ""},
	} {
		t.Run(s.name, func(t *testing.T) { p.do(t, s) })
	}
	t.Run("a key without scopes", func(t *testing.T) {
		_, body := p.do(t, step{"create", "POST", "/admin/api-keys", bearer(admin), `{"title": "t", "type": "secret", "scopes": []}`, 200, "sk_"})
		p.do(t, step{"use", "GET", "/admin/api-keys", basic(field(t, body, "api_key.token")), "", 403, "forbidden"})
	})
	t.Run("a key that the SDK makes", func(t *testing.T) {
		_, body := p.do(t, step{"create", "POST", "/admin/api-keys", bearer(admin), `{"title": "t", "type": "secret"}`, 200, `"scopes":["*"]`})
		key := basic(field(t, body, "api_key.token"))
		p.do(t, step{"use", "GET", "/admin/api-keys/" + field(t, body, "api_key.id"), key, "", 200, `"token":""`})
		p.do(t, step{"invite", "POST", "/admin/invites", key, `{"email": "a@example.com", "metadata": {"a": 1}}`, 200, `"metadata":{"a":1}`})
		p.do(t, step{"make another", "POST", "/admin/api-keys", key, `{"title": "t", "type": "publishable"}`, 200, `"scopes":[]`})
	})
}

// A browser's log-in is carried by a cookie, which is another with each log-in and each change of who it is.
func TestSession(t *testing.T) {
	p := start(t, "RS256")
	me := step{"me", "GET", "/store/customers/me", nil, "", 200, "ann@example.com"}
	token := p.register(t, registerCustomer, "ann@example.com")
	header, _ := p.do(t, step{"session", "POST", "/auth/session", bearer(token), "", 200, `"user":{`})
	pair, attributes, _ := strings.Cut(header.Get("Set-Cookie"), ";")
	if attributes != " Path=/; HttpOnly; SameSite=Lax" {
		t.Errorf("the cookie has%s", attributes)
	}
	nobody := http.Header{"Cookie": {pair}}
	p.do(t, step{"create", "POST", "/store/customers", nobody, `{"email": "ann@example.com"}`, 200, "customer"})
	header, body := p.do(t, step{"refresh", "POST", "/auth/token/refresh", nobody, "", 200, "token"})
	pair, _, _ = strings.Cut(header.Get("Set-Cookie"), ";")
	me.header = http.Header{"Cookie": {pair}}
	p.do(t, me)
	p.do(t, step{"the cookie before", "GET", me.path, nobody, "", 401, "unauthorized"})
	p.do(t, step{"the token before", "POST", "/auth/token/refresh", bearer(token), "", 401, "unauthorized"})
	p.do(t, step{"the token with it", "GET", me.path, bearer(field(t, body, "token")), "", 200, "ann@example.com"})

	_, body = p.do(t, step{"log in", "POST", logInCustomer, me.header, credentials("ann@example.com"), 200, "token"})
	both := http.Header{"Cookie": {pair}, "Authorization": {"Bearer " + field(t, body, "token")}}
	header, _ = p.do(t, step{"session", "POST", "/auth/session", both, "", 200, `"user":{`})
	next, _, _ := strings.Cut(header.Get("Set-Cookie"), ";")
	p.do(t, step{"the cookie before", "GET", me.path, me.header, "", 401, "unauthorized"})
	me.header = http.Header{"Cookie": {next}}
	p.do(t, me)
	header, _ = p.do(t, step{"log out", "DELETE", "/auth/session", me.header, "", 200, `"success":true`})
	if cleared := header.Get("Set-Cookie"); cleared != "sid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax" {
		t.Errorf("cleared by %s", cleared)
	}
	p.do(t, step{"after", "GET", me.path, me.header, "", 401, "unauthorized"})
	p.do(t, step{"the token after", "GET", me.path, bearer(field(t, body, "token")), "", 401, "unauthorized"})
	p.do(t, step{"log out again", "DELETE", "/auth/session", me.header, "", 401, "unauthorized"})
}

// What is for everybody is not for somebody with credentials that are no good.
func TestProducts(t *testing.T) {
	p := start(t, "HS256")
	key := http.Header{"X-Publishable-Api-Key": {p.publishableKey}}
	with := func(name, value string) http.Header {
		h := key.Clone()
		h.Set(name, value)
		return h
	}
	const missing, bad = "Publishable API key required in the request header: x-publishable-api-key", "A valid publishable key is required to proceed with the request"
	for _, s := range []step{
		{"list", "GET", "/store/products", key, "", 200, `"count":2,"offset":0,"limit":50`},
		{"a page", "GET", "/store/products?limit=1&offset=1&fields=id", key, "", 200, `[{"id":"prod_mug"`},
		{"beyond the end", "GET", "/store/products?offset=7", key, "", 200, `"products":[]`},
		{"a customer", "GET", "/store/products", with("Authorization", "Bearer "+p.customer(t, "ann@example.com")), "", 200, "products"},
		{"no key", "GET", "/store/products", nil, "", 400, missing},
		{"an empty key", "GET", "/store/products", with("X-Publishable-Api-Key", ""), "", 400, missing},
		{"a secret key", "GET", "/store/products", with("X-Publishable-Api-Key", p.secretKey), "", 400, bad},
		{"an unknown key", "GET", "/store/products", with("X-Publishable-Api-Key", p.publishableKey+"a"), "", 400, bad},
		{"a bad bearer", "GET", "/store/products", with("Authorization", "Bearer x"), "", 401, "unauthorized"},
		{"a bad key", "GET", "/store/products", with("X-Medusa-Access-Token", "sk_x"), "", 401, "unauthorized"},
		{"a bad page", "GET", "/store/products?limit=-1", key, "", 400, "'limit'"},
		{"an unknown filter", "GET", "/store/products?colour=red", key, "", 400, "'colour'"},
	} {
		t.Run(s.name, func(t *testing.T) { p.do(t, s) })
	}
}

// A browser asks before it sends what a page of the origin wants, and is told; pages of others get nothing.
func TestCORS(t *testing.T) {
	p := start(t, "HS256")
	ask := func(from, method, headers string) http.Header {
		return http.Header{"Origin": {from}, "Access-Control-Request-Method": {method}, "Access-Control-Request-Headers": {headers}}
	}
	const wanted = "authorization,content-type,x-medusa-locale,x-publishable-api-key"
	for _, s := range []struct {
		name, path string
		header     http.Header
		allowed    string
	}{
		{"log in", logInCustomer, ask(origin, "POST", wanted), origin},
		{"log out", "/auth/session", ask(origin, "DELETE", wanted), origin},
		{"change", "/admin/api-keys/x", ask(origin, "PATCH", wanted), origin},
		{"no such path", "/nothing", ask(origin, "PUT", wanted), origin},
		{"in another order", logInCustomer, ask(origin, "POST", "X-Publishable-Api-Key, Content-Type, Authorization"), origin},
		{"another origin", logInCustomer, ask("http://localhost:8001", "POST", wanted), ""},
		{"no origin", logInCustomer, ask("null", "POST", wanted), ""},
		{"a longer one", logInCustomer, ask(origin+".evil.example", "POST", wanted), ""},
	} {
		t.Run(s.name, func(t *testing.T) {
			status, header, body := p.send(t, step{"", "OPTIONS", s.path, s.header, "", 0, ""})
			if got := header.Get("Access-Control-Allow-Origin"); status != 204 || got != s.allowed {
				t.Errorf("got %d %q %v %s", status, got, header, body)
			}
			if got := header.Get("Access-Control-Allow-Credentials"); (got == "true") != (s.allowed != "") {
				t.Errorf("credentials: %q", got)
			}
		})
	}
	t.Run("a refusal can be read", func(t *testing.T) {
		header, _ := p.do(t, step{"me", "GET", "/store/customers/me", http.Header{"Origin": {origin}}, "", 401, "unauthorized"})
		if header.Get("Access-Control-Allow-Origin") != origin {
			t.Errorf("got %v", header)
		}
	})
	t.Run("a cookie of another origin's page", func(t *testing.T) {
		cookie := p.cookie(t, p.customer(t, "ann@example.com"))
		cookie["Origin"] = []string{"http://localhost:8001"}
		p.do(t, step{"log out", "DELETE", "/auth/session", cookie, "", 403, "forbidden"})
		cookie["Origin"] = []string{origin}
		p.do(t, step{"log out", "DELETE", "/auth/session", cookie, "", 200, "success"})
	})
}

// The console is for users, on its own pages.
func TestConsole(t *testing.T) {
	p := start(t, "HS256")
	admin, ann := p.cookie(t, p.admin(t)), p.cookie(t, p.customer(t, "ann@example.com"))
	foreign := http.Header{"Cookie": admin["Cookie"], "Origin": {origin}, "Content-Type": {"application/x-www-form-urlencoded"}}
	for _, s := range []step{
		{"keys", "GET", "/console/keys", admin, "", 200, "made at start"},
		{"sessions", "GET", "/console/sessions", admin, "", 200, "This one"},
		{"sessions by the API", "GET", "/admin/sessions", admin, "", 200, `"current":true`},
		{"a customer", "GET", "/console/keys", ann, "", 403, "forbidden"},
		{"a customer at the API", "GET", "/admin/sessions", ann, "", 403, "forbidden"},
		{"nobody", "GET", "/console/keys", nil, "", 401, "unauthorized"},
	} {
		t.Run(s.name, func(t *testing.T) { p.do(t, s) })
	}
	t.Run("a form of the shop's page", func(t *testing.T) {
		if status, _, body := p.send(t, step{"", "POST", "/console/keys", foreign, "title=x&kind=secret", 0, ""}); status != 403 {
			t.Errorf("got %d %s", status, body)
		}
	})
}

// A command line that cannot be served ends the program.
func TestMistakes(t *testing.T) {
	for _, args := range [][]string{
		{"-alg", "none"}, {"-alg", "RS512"}, {"-addr", "localhost"}, {"-origin", "http://shop.example/"}, {"-origin", "*"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // of a server that starts after all
			defer cancel()
			out, err := exec.CommandContext(ctx, binary, append([]string{"-addr", "localhost:0"}, args...)...).CombinedOutput()
			if err == nil || strings.Contains(string(out), "listening") {
				t.Errorf("got %v %s", err, out)
			}
		})
	}
}

func TestInterrupt(t *testing.T) {
	p := start(t, "HS256")
	p.do(t, step{"list", "GET", "/auth/customer/providers", nil, "", 200, `"emailpass"`})
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("ended with %v: %s", err, p.log)
		}
	case <-time.After(20 * time.Second):
		t.Error("goes on")
	}
}

// Nothing that proves who somebody is gets into the log, and nothing but mail to standard output.
func TestSecrets(t *testing.T) {
	p := start(t, "HS256")
	ann := p.customer(t, "ann@example.com")
	p.do(t, step{"reset", "POST", logInCustomer + "/reset-password", nil, `{"identifier": "ann@example.com"}`, 201, "Created"})
	reset := p.mails.take(t, "ann@example.com", "reset")
	p.do(t, step{"update", "POST", logInCustomer + "/update", bearer(reset), `{"password": "another one of hers"}`, 200, "success"})
	p.do(t, step{"a bad token", "GET", "/store/customers/me", bearer(ann), "", 401, "unauthorized"})
	secrets := []string{ann, reset, password, "another one of hers", p.adminPassword, p.secretKey}
	if log := p.log.String(); slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(log, s) }) {
		t.Errorf("the log has a secret: %s", log)
	}
	p.mails.mu.Lock()
	defer p.mails.mu.Unlock()
	if len(p.mails.all) != 1 {
		t.Errorf("got %d lines, want 1", len(p.mails.all))
	}
}
