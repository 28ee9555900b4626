package oidc_test

import (
	"net/url"
	"testing"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/login/logintest"
	"github.com/countersign-go/countersign/auth/login/oidc"
	"github.com/countersign-go/countersign/auth/token"
)

// TestSuite holds a provider against the suite that all must pass.
func TestSuite(t *testing.T) {
	o := newOP(t)
	o.metadata = object{"authorization_response_iss_parameter_supported": true}
	p := must(oidc.New(configOf(o)))
	t.Cleanup(func() { check(t, "Close", p.Close(), nil) })
	with := func(name string, value any) func(logintest.Fields) logintest.Fields {
		return func(good logintest.Fields) logintest.Fields { return good.With(name, value) }
	}
	logintest.TestProvider(t, p, logintest.Requests{
		Account: func() (login.ProviderIdentity, logintest.Fields) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.person = token.NewID() // who is at the provider's pages from now on
			return login.ProviderIdentity{}, logintest.Fields{}
		},
		Elsewhere: func(location string) logintest.Fields {
			brought := o.logIn(location)
			return logintest.Fields{"code": brought.Get("code"), "state": brought.Get("state"), "iss": o.URL()}
		},
		Bad: map[string]func(logintest.Fields) logintest.Fields{
			"another code":  with("code", "another"),
			"no code":       with("code", nil),
			"an error":      with("error", "access_denied"),
			"no state":      with("state", nil),
			"another state": with("state", "another"),
			"of another":    with("iss", "https://evil.example"),
			"a code of another flow": func(good logintest.Fields) logintest.Fields {
				return good.With("code", o.logIn("?"+url.Values{"redirect_uri": {callbackURL}}.Encode()).Get("code"))
			},
		},
		Malformed: map[string]func(logintest.Fields) logintest.Fields{
			"a code that is a number": with("code", 1),
			"a list of issuers":       with("iss", []string{o.URL()}),
			"an error that is true":   with("error", true),
		},
		Secret: []string{"code", "state"},
	})
}
