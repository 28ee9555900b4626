package oidc_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth/login/oidc"
	"github.com/countersign-go/countersign/auth/token"
)

// noTransport fails the test that asks anybody.
type noTransport struct{ t *testing.T }

func (n noTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	n.t.Errorf("%s was asked", r.URL)
	return nil, errors.New("nobody is to be asked")
}

func goodConfig(t *testing.T) oidc.Config {
	return oidc.Config{
		Issuer: "https://login.example.com", ClientID: clientID, ClientSecret: token.NewSecret(clientSecret),
		CallbackURLs: []string{callbackURL}, Transport: noTransport{t}, Logger: discardLogger,
	}
}

func TestConfigMistakes(t *testing.T) {
	for _, tt := range []struct {
		change func(c *oidc.Config)
		want   string
	}{
		{func(c *oidc.Config) { c.Issuer = "" }, "Issuer: no absolute URL"},
		{func(c *oidc.Config) { c.Issuer = "login.example.com" }, "Issuer: no absolute URL"},
		{func(c *oidc.Config) { c.Issuer = "http://login.example.com" }, "Issuer: URL that is neither https nor http on loopback"},
		{func(c *oidc.Config) { c.Issuer = "http://localhost.example.com" }, "Issuer: URL that is neither https nor http on loopback"},
		{func(c *oidc.Config) { c.Issuer = "https://login.example.com/?a" }, "Issuer: URL with a query"},
		{func(c *oidc.Config) { c.Issuer = "https://login.example.com?" }, "Issuer: URL with a query"},
		{func(c *oidc.Config) { c.Issuer = "https://a:canary@login.example.com" }, "Issuer: URL with a password or a fragment"},
		{func(c *oidc.Config) { c.Issuer = "https://login.example.com#" }, "Issuer: URL with a password or a fragment"},
		{func(c *oidc.Config) { c.ClientID = "" }, "no ClientID"},
		{func(c *oidc.Config) { c.ClientSecret = token.NewSecret("canary\n") }, "ClientSecret with control characters"},
		{func(c *oidc.Config) { c.AuthMethod = "private_key_jwt" }, `AuthMethod "private_key_jwt" is not known`},
		{func(c *oidc.Config) { c.AuthMethod = oidc.NoSecret }, `AuthMethod "none" with a ClientSecret`},
		{func(c *oidc.Config) { c.AuthMethod, c.ClientSecret = oidc.ClientSecretPost, token.Secret{} },
			`AuthMethod "client_secret_post" without a ClientSecret`},
		{func(c *oidc.Config) { c.CallbackURLs = nil }, "no CallbackURLs"},
		{func(c *oidc.Config) { c.CallbackURLs = []string{"/callback"} }, `CallbackURLs: "/callback": no absolute URL`},
		{func(c *oidc.Config) { c.CallbackURLs = []string{"http://shop.example/"} }, "neither https nor http on loopback"},
		{func(c *oidc.Config) { c.CallbackURLs = []string{callbackURL + "#"} }, "URL with a password or a fragment"},
		{func(c *oidc.Config) { c.CallbackURLs = []string{"javascript:alert(1)"} }, "no absolute URL"},
		{func(c *oidc.Config) { c.CallbackURLs = []string{callbackURL, otherURL, callbackURL} }, "is there twice"},
		{func(c *oidc.Config) { c.CallbackURLs = []string{callbackURL + strings.Repeat("a", 2<<10)} }, "more than 2048 bytes"},
		{func(c *oidc.Config) { c.Scopes = []string{"openid email"} }, `Scopes: "openid email" is not one word`},
		{func(c *oidc.Config) { c.Scopes = []string{"email"} }, `Scopes without "openid"`},
		{func(c *oidc.Config) { c.Scopes = []string{""} }, `Scopes: "" is not one word`},
		{func(c *oidc.Config) { c.ACRValues = []string{"a\nb"} }, "ACRValues"},
		{func(c *oidc.Config) { c.Hosts = []string{"https://example.com"} }, "is no host"},
		{func(c *oidc.Config) { c.Hosts = []string{""} }, `Hosts: "" is no host`},
		{func(c *oidc.Config) { c.Algorithms = []string{"none"} }, `algorithm "none" is none of public keys`},
		{func(c *oidc.Config) { c.Algorithms = []string{"RS256", "HS256"} }, `algorithm "HS256" is none of public keys`},
		{func(c *oidc.Config) { c.MaxAge = 1500 * time.Millisecond }, "MaxAge"},
		{func(c *oidc.Config) { c.MaxAge = -time.Second }, "MaxAge"},
		{func(c *oidc.Config) { c.Leeway = time.Hour }, "Leeway"},
		{func(c *oidc.Config) { c.Timeout = -1 }, "Timeout is negative"},
	} {
		c := goodConfig(t)
		tt.change(&c)
		p, err := oidc.New(c)
		check(t, tt.want, p == nil && strings.Contains(fmt.Sprint(err), tt.want), true)
		check(t, fmt.Sprint("a secret in ", err), strings.Contains(fmt.Sprint(err), "canary"), false)
	}
}

// All mistakes are said at once, and nobody is asked.
func TestConfig(t *testing.T) {
	_, err := oidc.New(oidc.Config{Leeway: -1, Scopes: []string{" "}})
	check(t, "mistakes", strings.Count(fmt.Sprint(err), "\n"), 5)
	for _, change := range []func(c *oidc.Config){
		func(*oidc.Config) {},
		func(c *oidc.Config) { c.Issuer = "http://127.0.0.1:9000/tenant/" },
		func(c *oidc.Config) {
			c.CallbackURLs = []string{"http://localhost:8000/callback", "http://[::1]:8000/callback"}
		},
		func(c *oidc.Config) { c.ClientSecret = token.Secret{} },
	} {
		c := goodConfig(t)
		change(&c)
		p := must(oidc.New(c))
		check(t, "Close", p.Close(), nil)
		check(t, "Close again", p.Close(), nil)
	}
}

// What a program changes in its slices later changes nothing.
func TestConfigIsCopied(t *testing.T) {
	in(t, func(t *testing.T, w world) {
		urls := []string{callbackURL}
		c := configOf(w.op)
		c.CallbackURLs = urls
		p := must(oidc.New(c))
		defer func() { check(t, "Close", p.Close(), nil) }()
		urls[0] = "https://evil.example"
		location := must(newBrowser(p).start(t.Context(), nil))
		check(t, location, strings.Contains(location, "redirect_uri=https%3A%2F%2Fshop.example%2Fcallback&"), true)
	})
}

func TestConfigIsRedacted(t *testing.T) {
	c := goodConfig(t)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		check(t, format, strings.Contains(fmt.Sprintf(format, c), "hunter2"), false)
	}
	p := must(oidc.New(c))
	check(t, "provider", strings.Contains(fmt.Sprintf("%+v", p), "hunter2"), false)
}
