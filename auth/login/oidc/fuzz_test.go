package oidc_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/countersign-go/countersign/auth/login/oidc"
)

// FuzzParsers has providers say anything: what is made of it is clean, bounded, and where it is a URL, one that may be asked.
func FuzzParsers(f *testing.F) {
	c := oidc.Config{Issuer: "https://a.example", UserInfo: true}
	for _, seed := range []string{
		`{"issuer":"https://a.example","authorization_endpoint":"https://a.example/a","token_endpoint":"https://a.example/t",` +
			`"jwks_uri":"https://a.example/k","userinfo_endpoint":"https://a.example/u"}`,
		`{"sub":"1","email":"a@b.example","email_verified":true,"name":"A","picture":"https://a.example/p.png"}`,
		`{"id":1,"login":"a","avatar_url":"https://a.example/p.png"}`,
		`[{"email":"a@b.example","primary":true,"verified":true}]`,
		`{"issuer":"https://a.example","authorization_endpoint":"HTTPS://A.example/a","token_endpoint":"https://A.EXAMPLE/t",` +
			`"jwks_uri":"https://a.EXAMPLE","userinfo_endpoint":"https://A.example?u"}`,
		`{"a":1,"a":2}`, `{"sub":"\ud800"}`, `[`, `null`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for name, parse := range oidc.Parsers {
			made, err := parse(c, data)
			if err != nil && strings.ContainsFunc(err.Error(), unicode.IsControl) {
				t.Errorf("%s: error %q", name, err)
			}
			for _, text := range made {
				if err == nil && (len(text) > 2048 || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl)) {
					t.Errorf("%s: %q", name, text)
				}
				if u, urlErr := url.Parse(text); err == nil && name == "metadata" && (urlErr != nil || u.Scheme != "https" || !strings.EqualFold(u.Host, "a.example")) {
					t.Errorf("%s: %q", name, text)
				}
			}
		}
	})
}
