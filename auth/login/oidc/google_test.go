package oidc_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/countersign-go/countersign/auth/login/oidc"
)

const google = "https://accounts.google.com"

// A googleOP is an op that answers at the addresses of Google, to a provider that is Google's.
type googleOP struct{ *op }

// RoundTrip answers a request.
func (g googleOP) RoundTrip(r *http.Request) (*http.Response, error) {
	path, ok := map[string]string{
		google + "/.well-known/openid-configuration":   "/.well-known/openid-configuration",
		"https://oauth2.googleapis.com/token":          "/token",
		"https://www.googleapis.com/oauth2/v3/certs":   "/jwks",
		"https://openidconnect.googleapis.com/v1/info": "/userinfo",
	}[r.URL.String()]
	if !ok {
		return nil, fmt.Errorf("%s is not Google's", r.URL)
	}
	r = r.Clone(r.Context())
	r.URL = must(url.Parse(g.URL() + path))
	return g.op.RoundTrip(r)
}

func TestGoogle(t *testing.T) {
	for name, tt := range map[string]struct {
		claims object
		want   string
	}{
		"verified":                {object{"email": "ann@gmail.com", "email_verified": true}, "ok"},
		"not verified":            {object{"email": "ann@example.com", "email_verified": false}, unverified},
		"nothing said":            {object{"email": "ann@example.com"}, unverified},
		"said in another type":    {object{"email": "ann@example.com", "email_verified": "true"}, unverified},
		"no address":              {object{"email_verified": true}, unverified},
		"another issuer":          {object{"iss": "https://evil.example", "email": "ann@gmail.com", "email_verified": true}, rejected},
		"as it was spelled once":  {object{"iss": "accounts.google.com", "email": "ann@gmail.com", "email_verified": true}, rejected},
		"an answer with its name": {object{"email": "ann@gmail.com", "email_verified": true}, "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOP(t)
				o.metadata = object{
					"issuer": google, "authorization_endpoint": google + "/o/oauth2/v2/auth", "token_endpoint": "https://oauth2.googleapis.com/token",
					"jwks_uri": "https://www.googleapis.com/oauth2/v3/certs", "userinfo_endpoint": "https://openidconnect.googleapis.com/v1/info",
					"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic"},
				}
				o.claims = changed(object{"iss": google, "sub": "110169484474386276334"}, tt.claims)
				c := configOf(o)
				c.Issuer, c.Transport = "", googleOP{o}
				p := must(oidc.Google(c))
				defer func() { check(t, "Close", p.Close(), nil) }()
				b := newBrowser(p)
				location := must(b.start(t.Context(), nil))
				check(t, location, strings.HasPrefix(location, google+"/o/oauth2/v2/auth?"), true)
				answer := o.logIn(location)
				check(t, "scope", o.codes[answer.Get("code")].Get("scope"), "email profile openid")
				answer.Set("iss", google) // which its metadata do not promise
				got, err := b.finish(t.Context(), answer)
				check(t, "error", verdict(err), tt.want)
				check(t, "entity", got.EntityID, map[string]string{"ok": "110169484474386276334"}[tt.want])
				check(t, "address", got.VerifiedEmail, map[string]string{"ok": "ann@gmail.com"}[tt.want])
			})
		})
	}
}

func TestGoogleMistakes(t *testing.T) {
	for _, tt := range []struct {
		change func(c *oidc.Config)
		want   string
	}{
		{func(c *oidc.Config) { c.Issuer = google }, "Google: an Issuer"},
		{func(c *oidc.Config) { c.Scopes = []string{"openid"} }, "Google: Scopes without email"},
		{func(c *oidc.Config) { c.CallbackURLs = nil }, "no CallbackURLs"},
	} {
		c := goodConfig(t)
		c.Issuer = ""
		tt.change(&c)
		p, err := oidc.Google(c)
		check(t, fmt.Sprint(err), p == nil && strings.Contains(fmt.Sprint(err), tt.want), true)
	}
}
