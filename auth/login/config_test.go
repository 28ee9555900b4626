package login_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth/login"
)

// goodConfig is all that is required.
func goodConfig() login.Config {
	s := newSite(nil)
	return login.Config{
		Store: s.identities, Tokens: s.tokens, Attempts: s.attempts, Sessions: s.sessions,
		Methods: []login.Method{{ID: "password", Provider: s.passwords}, {ID: "pages", Provider: login.ProviderFunc(s.pages.Authenticate)}},
		Actors:  map[string][]string{"customer": {"password"}},
	}
}

func TestNew(t *testing.T) {
	for want, change := range map[string]func(c *login.Config){
		"": func(*login.Config) {},
		"login: no Store\nlogin: no Tokens\nlogin: no Attempts\nlogin: no Sessions\nlogin: no Methods\nlogin: no Actors": func(c *login.Config) {
			*c = login.Config{}
		},
		"login: Methods[0]: an ID of other characters than a-z, 0-9 and -, or too long": func(c *login.Config) {
			c.Methods[0].ID, c.Actors = "Pass_word", map[string][]string{"customer": {"Pass_word"}}
		},
		"login: Methods[1]: providers cannot be an ID":   func(c *login.Config) { c.Methods[1].ID = "providers" },
		"login: Methods[1]: user cannot be an ID":        func(c *login.Config) { c.Methods[1].ID = "user" },
		"login: Methods[1]: no Provider":                 func(c *login.Config) { c.Methods[1].Provider = nil },
		"login: Methods[1]: another has the ID password": func(c *login.Config) { c.Methods[1].ID = "password" },
		"login: Actors: session cannot be a type":        func(c *login.Config) { c.Actors["session"] = []string{"password"} },
		"login: Actors: a type of other characters than a-z, 0-9, - and _, or too long": func(c *login.Config) {
			c.Actors["Customer"] = []string{"password"}
		},
		`login: Actors["customer"][1] is not the ID of a method`: func(c *login.Config) {
			c.Actors["customer"] = []string{"password", "nosuch"}
		},
		`login: Actors["customer"][1] is there twice`: func(c *login.Config) {
			c.Actors["customer"] = []string{"password", "password"}
		},
		"login: VerifyFirst without OnEvent: nobody would ever be verified":         func(c *login.Config) { c.VerifyFirst = true },
		"login: LinkByEmail is not the ID of a method whose Provider is an Updater": func(c *login.Config) { c.LinkByEmail = "pages" },
		"login: ResetLifetime is not between 1 second and 1h0m0s":                   func(c *login.Config) { c.ResetLifetime = 2 * time.Hour },
		"login: VerificationLifetime is not between 1 second and 24h0m0s":           func(c *login.Config) { c.VerificationLifetime = -1 },
		"login: FlowLifetime is not between 1 second and 1h0m0s":                    func(c *login.Config) { c.FlowLifetime = time.Millisecond },
		"login: a negative StoreTimeout\nlogin: a negative ProviderTimeout": func(c *login.Config) {
			c.StoreTimeout, c.ProviderTimeout = -1, -1
		},
		"login: TrustedProxies[0] is no network": func(c *login.Config) { c.TrustedProxies = []netip.Prefix{{}} },
		"login: TrustedProxies[0] is one of IPv4 written as IPv6, which no address is in": func(c *login.Config) {
			c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("::ffff:10.0.0.0/104")}
		},
	} {
		c := goodConfig()
		change(&c)
		_, err := login.New(c)
		got := ""
		if err != nil {
			got = err.Error()
		}
		check(t, "the mistakes", got, want)
	}
	c := goodConfig()
	c.Throttle.Window = -1
	_, err := login.New(c)
	check(t, "the throttle's are told, too", err != nil, true)
	c.Store = nil
	_, both := login.New(c)
	check(t, "beside others", fmt.Sprint(both), "login: no Store\n"+fmt.Sprint(err))
}

// What happens to a configuration afterwards does not matter.
func TestConfigIsCopied(t *testing.T) {
	var c login.Config
	s := newSite(func(config *login.Config) { c = *config })
	c.Actors["customer"][0], c.Actors["vendor"] = "nosuch", []string{"password"}
	c.Methods[0] = login.Method{}
	s.register(t)
	check(t, "a vendor", s.browser().send("POST /auth/vendor/password", annsLogin).Status, 400)
}

func TestNewHandlerPanics(t *testing.T) {
	s := newSite(nil)
	for name, f := range map[string]func(){
		"nil Service": func() { login.NewHandler(nil, s.guard, nil) },
		"nil Guard":   func() { login.NewHandler(s.Service, nil, nil) },
		"a path":      func() { login.NewHandler(s.Service, s.guard, &login.HandlerOptions{Path: "auth/"}) },
	} {
		func() {
			defer func() { check(t, name, recover() != nil, true) }()
			f()
		}()
	}
	s.handler = login.NewHandler(s.Service, s.guard, &login.HandlerOptions{Path: "/shop/login"})
	got := s.browser().send("GET /shop/login/customer/providers", "")
	check(t, "another path", strings.HasPrefix(got.Text, `{"providers":[{"id":"password"`), true)
	document := s.browser().send("GET /shop/login/openapi.json", "", as("broken")).Text
	for text, want := range map[string]bool{
		`"/shop/login/{actor}/{provider}/register"`: true, `"/shop/login/session"`: true, `"` + login.DefaultPath: false, `"openapi":"3.1.0"`: true,
	} {
		check(t, "in the document: "+text, strings.Contains(document, text), want)
	}
}

// A Request that no Service made, as in a test of a provider, knows nobody.
func TestRequestOfNoService(t *testing.T) {
	r := &login.Request{}
	ctx := t.Context()
	_, err := r.Text("email")
	check(t, "Text", err != nil, true)
	_, err = r.Find(ctx, "x")
	check(t, "Find", err != nil, true)
	_, err = r.TakeState(ctx, "x")
	check(t, "TakeState", err != nil, true)
	s := newSite(nil)
	_, err = r.KeepState(ctx, must(s.Get(ctx, s.register(t).ID)).AppMetadata)
	check(t, "KeepState", err != nil, true)
}
