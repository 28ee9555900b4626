package oidc_test

import (
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/login/oidc"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// A shop is a site with everything real but the network behind it: it has a Method for each of several providers.
type shop struct {
	*login.Service
	url     string
	handler http.Handler
}

func newShop(providers map[string]login.Provider) *shop {
	const issuer = "https://shop.example"
	keys := must(jwks.NewSet(must(jwks.Generate("EdDSA", nil))))
	sessions := must(session.New(session.Config{
		Store: memory.NewSessions(nil), Keys: [][]byte{[]byte("a key of 32 bytes or more, for tests")}, Logger: discardLogger,
		Minter: must(jwtx.NewSigner(jwtx.SignerConfig{Issuer: issuer, Audience: []string{issuer}, Keys: keys})),
	}))
	c := login.Config{
		Store: memory.NewIdentities(nil), Tokens: memory.NewOneTimeTokens(nil), Attempts: memory.NewAttempts(nil), Sessions: sessions,
		Actors: map[string][]string{}, Logger: discardLogger,
	}
	for id, p := range providers {
		c.Methods = append(c.Methods, login.Method{ID: id, Provider: p})
		c.Actors["customer"] = append(c.Actors["customer"], id)
	}
	service := must(login.New(c))
	guard := auth.New(sessions.Scheme(), &auth.Options{Logger: discardLogger})
	return &shop{service, issuer, login.NewHandler(service, guard, nil)}
}

// A visitor is a browser that keeps the cookies of a shop.
type visitor struct {
	*shop
	jar *cookiejar.Jar
}

func (s *shop) visitor() visitor { return visitor{s, must(cookiejar.New(nil))} }

// ask returns the status of an answer, and the location in it.
func (v visitor) ask(method string, fields url.Values) (status int, location string) {
	at := must(url.Parse(v.url + "/auth/customer/" + method + "?" + fields.Encode()))
	r := httptest.NewRequest(http.MethodGet, at.String(), nil)
	for _, c := range v.jar.Cookies(at) {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	v.handler.ServeHTTP(w, r)
	v.jar.SetCookies(at, w.Result().Cookies())
	var answer struct{ Location string }
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		panic(err)
	}
	return w.Code, answer.Location
}

// bring returns what a visitor brings back from o, and has not handed on yet.
func (v visitor) bring(t *testing.T, method string, o *op) url.Values {
	t.Helper()
	status, location := v.ask(method, nil)
	check(t, "sent to the provider", status, http.StatusOK)
	return o.logIn(location)
}

// TestAttackService runs attacks that a [login.Service] has to withstand together with its provider.
func TestAttackService(t *testing.T) {
	for id, attack := range map[string]func(t *testing.T, s *shop, one, two *op){
		"L025": badStates,
		"L047": sameSubjects,
	} {
		t.Run(id, func(t *testing.T) {
			providers, ops := map[string]login.Provider{}, map[string]*op{"one": newOP(t), "two": newOP(t)}
			for name, o := range ops {
				p := must(oidc.New(configOf(o)))
				t.Cleanup(func() { check(t, "Close", p.Close(), nil) })
				providers[name] = p
			}
			attack(t, newShop(providers), ops["one"], ops["two"])
		})
	}
}

func badStates(t *testing.T, s *shop, one, _ *op) {
	ann, mallory := s.visitor(), s.visitor()
	for name, change := range map[string]func(url.Values){
		"none":               func(v url.Values) { v.Del("state") },
		"wrong":              func(v url.Values) { v.Set("state", v.Get("state")+"a") },
		"of another browser": func(v url.Values) { v["state"] = mallory.bring(t, "one", one)["state"] },
	} {
		brought := ann.bring(t, "one", one)
		change(brought)
		status, _ := ann.ask("one/callback", brought)
		check(t, name, status, http.StatusUnauthorized)
	}
	// Mallory's own log-in, whole, in Ann's browser: login CSRF.
	status, _ := ann.ask("one/callback", mallory.bring(t, "one", one))
	check(t, "a whole log-in of another", status, http.StatusUnauthorized)
	check(t, "codes exchanged", one.asked.Load(), 0)

	brought := ann.bring(t, "one", one)
	for _, want := range []int{http.StatusOK, http.StatusUnauthorized} {
		status, _ := ann.ask("one/callback", brought)
		check(t, "one's own, once", status, want)
	}
	check(t, "codes exchanged", one.asked.Load(), 1)
}

func sameSubjects(t *testing.T, s *shop, one, two *op) {
	ids := map[string]bool{}
	for name, o := range map[string]*op{"one": one, "two": two} {
		v := s.visitor()
		status, _ := v.ask(name+"/callback", v.bring(t, name, o))
		check(t, name, status, http.StatusOK)
		i, err := s.Find(t.Context(), name, "user-1")
		check(t, name, err, nil)
		check(t, "ways to log in", len(i.Providers), 1)
		ids[i.ID] = true
	}
	check(t, "accounts", len(ids), 2)
	v := s.visitor()
	status, _ := v.ask("one/callback", v.bring(t, "two", two))
	check(t, "the state of another issuer", status, http.StatusUnauthorized)
}

func TestLogInAtAnIssuerOfATest(t *testing.T) { testStaff(t) }
