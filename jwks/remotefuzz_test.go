package jwks_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/jwks"
)

// FuzzRemoteSet holds that whatever another issuer publishes, only public keys are used, each under a kid of its own, and
// they are what the strict parser reads too.
func FuzzRemoteSet(f *testing.F) {
	good := setDocument(keyNamed("1"), keyNamed("2"))
	for _, seed := range []string{
		good, `{}`, `{"keys":[]}`, `null`, ``, `{"keys":[{},1,null,` + octText + `]}`, `{"keys":[` + string(rsaJWK) + `,` + string(ecJWK) + `]}`,
		strings.Replace(good, `"2"`, `"1"`, 1), strings.Replace(good, `"sig"`, `"enc"`, 1), strings.Replace(good, `"kid"`, `"KID"`, 1),
		`{"keys":[` + string(with(rsaJWK, publicOnly)) + `,` + string(with(ecJWK, publicOnly)) + `]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		set, ignored, err := jwks.ReadRemote(document)
		if err != nil {
			return
		}
		if _, _, _, err := set.SigningKey(t.Context()); err == nil {
			t.Error("a key that signs")
		}
		published, err := set.PublicJWKSet()
		if err != nil {
			t.Fatalf("what is used cannot be published: %v", err)
		}
		if again, _, err := jwks.ReadRemote(published); err != nil || string(must(again.PublicJWKSet())) != string(published) {
			t.Errorf("read again: %v", err)
		}
		if whole, err := jwks.ParseSet(document); err == nil && len(ignored) == 0 && string(must(whole.PublicJWKSet())) != string(published) {
			t.Error("the strict parser reads other keys")
		}
	})
}

// FuzzMetadata holds that whatever an issuer's metadata says, keys are asked for over TLS, at the issuer's own host. That may
// be in capitals, as the names of hosts are the same in any case.
func FuzzMetadata(f *testing.F) {
	for _, seed := range []string{
		`{"issuer":"` + issuerURL + `","jwks_uri":"` + keysURL + `"}`, `{"issuer":"` + issuerURL + `","jwks_uri":"HTTPS://login.example.com:443/a?b#c"}`,
		`{"issuer":"` + issuerURL + `","jwks_uri":"https://login.example.com@evil.example/"}`, `{"issuer":"` + issuerURL + `"}`, `{}`, ``,
		`{"issuer":"` + issuerURL + `","jwks_uri":"https://login.example.com\\@evil.example/"}`,
		`{"issuer":"` + issuerURL + `","jwks_uri":"https://LOGIN.example.com/keys"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		place, err := jwks.ReadMetadata(issuerURL, document)
		if err != nil {
			return
		}
		u, err := url.Parse(place)
		if err != nil || u.Scheme != "https" || strings.ToLower(u.Host) != "login.example.com" || u.User != nil {
			t.Errorf("%q, %v", place, err)
		}
	})
}
