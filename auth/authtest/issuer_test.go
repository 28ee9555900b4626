package authtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/authtest"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
)

// verifierOf returns a verifier of what an issuer publishes now.
func verifierOf(t *testing.T, idp *authtest.Issuer, alg string) *jwtx.Verifier {
	t.Helper()
	got := ask(context.Background(), idp.Transport(), idp.KeysURL())
	keys, err := jwks.ParseSet([]byte(got.body))
	if err != nil {
		t.Fatal(got.err, err)
	}
	v, err := jwtx.NewVerifier(jwtx.Config{
		Issuer: idp.URL(), Audience: []string{authtest.DefaultAudience}, Algorithms: []string{alg},
		Kinds: []jwtx.Kind{jwtx.Access}, Keys: keys, ActorType: "user",
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func verify(v *jwtx.Verifier, token string) (auth.AuthContext, error) {
	ac, err := v.VerifyToken(context.Background(), auth.Credential{Token: token})
	if ac == nil {
		ac = &auth.AuthContext{}
	}
	return *ac, err
}

func TestIssuerTokensVerify(t *testing.T) {
	for _, alg := range []string{"ES256", "ES384", "ES512", "EdDSA", "RS256", "PS512"} {
		t.Run(alg, func(t *testing.T) {
			idp := authtest.NewIssuer(t, &authtest.IssuerOptions{Algorithm: alg})
			ac, err := verify(verifierOf(t, idp, alg), idp.Token(map[string]any{"scope": "orders:read"}))
			if err != nil || ac.Actor != (auth.Actor{Type: "user", ID: "user-1"}) || !ac.Scopes.Has("orders:read") {
				t.Errorf("%+v, %v", ac, err)
			}
			if left := time.Until(ac.Expires); left > 5*time.Minute || left < 4*time.Minute || ac.CredentialID == "" {
				t.Errorf("expires in %v, ID %q", left, ac.CredentialID)
			}
		})
	}
}

func TestIssuerTokensWithChanges(t *testing.T) {
	idp := authtest.NewIssuer(t, nil)
	other := authtest.NewIssuer(t, nil)
	v := verifierOf(t, idp, "ES256")
	for _, test := range []struct {
		name, token, refused string
	}{
		{"unchanged", idp.Token(nil), ""},
		{"another subject", idp.Token(map[string]any{"sub": "u2"}), ""},
		{"an expiry as a time", idp.Token(map[string]any{"exp": time.Now().Add(time.Hour)}), ""},
		{"an expiry as a number", idp.Token(map[string]any{"exp": time.Now().Add(time.Hour).Unix()}), ""},
		{"expired", idp.Token(map[string]any{"exp": time.Now().Add(-time.Minute)}), "expired"},
		{"without an expiry", idp.Token(map[string]any{"exp": nil}), "missing_claim"},
		{"without a subject", idp.Token(map[string]any{"sub": nil}), "missing_claim"},
		{"for others", idp.Token(map[string]any{"aud": []string{"https://other.example"}}), "audience"},
		{"of another issuer", other.Token(nil), "unknown_key"},
		{"of an issuer that pretends", other.Token(map[string]any{"iss": idp.URL()}), "unknown_key"},
		{"forged", other.TokenWith(map[string]any{"kid": idp.KeyID()}, map[string]any{"iss": idp.URL()}), "bad_signature"},
		{"of another kind", idp.TokenWith(map[string]any{"typ": "logout+jwt"}, nil), "kind"},
		{"without a kind", idp.TokenWith(map[string]any{"typ": nil}, nil), "kind"},
		{"unsigned", idp.TokenWith(map[string]any{"alg": "none"}, nil), "algorithm"},
		{"with something critical", idp.TokenWith(map[string]any{"crit": []string{"x"}}, nil), "malformed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := verify(v, test.token)
			if (err == nil) != (test.refused == "") || !strings.Contains(fmt.Sprint(err), test.refused) {
				t.Errorf("got %v, want %q", err, test.refused)
			}
		})
	}
}

func TestIssuerRotates(t *testing.T) {
	idp := authtest.NewIssuer(t, nil)
	first := idp.Token(nil)
	idp.Rotate()
	second := idp.Token(nil)
	both := verifierOf(t, idp, "ES256")
	idp.Retire()
	last := verifierOf(t, idp, "ES256")
	for _, test := range []struct {
		name     string
		verifier *jwtx.Verifier
		token    string
		want     bool
	}{
		{"the former key is published until it is retired", both, first, true},
		{"the new key is published", both, second, true},
		{"the retired key is not published", last, first, false},
		{"the new key stays", last, second, true},
	} {
		if _, err := verify(test.verifier, test.token); (err == nil) != test.want {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestIssuerServesWhatItIsTold(t *testing.T) {
	idp := authtest.NewIssuer(t, nil)
	const odd = `{"keys":[1,1]}`
	idp.SetKeys(odd)
	idp.Rotate()
	if got := ask(t.Context(), http.DefaultTransport, idp.KeysURL()); got.body != odd || got.err != nil {
		t.Errorf("got %+v", got)
	}
	idp.SetKeys("")
	if got := ask(t.Context(), http.DefaultTransport, idp.KeysURL()); got.body != idp.Keys() || got.err != nil {
		t.Errorf("got %+v, want %s", got, idp.Keys())
	}
}

func TestIssuerDiscovery(t *testing.T) {
	const oauth = "/.well-known/oauth-authorization-server"
	for _, test := range []struct {
		name    string
		opts    authtest.IssuerOptions
		found   []string
		missing []string
	}{
		{"without a path", authtest.IssuerOptions{}, []string{openID, oauth}, []string{"", "/", "/.well-known/"}},
		{"with a slash only", authtest.IssuerOptions{Path: "/"}, []string{openID, oauth}, []string{"/" + openID, oauth + "/"}},
		{"with a path", authtest.IssuerOptions{Path: "/a/b"}, []string{"/a/b" + openID, oauth + "/a/b"}, []string{openID, oauth}},
		{"with a slash at the end", authtest.IssuerOptions{Path: "/a/"},
			[]string{"/a" + openID, oauth + "/a"}, []string{oauth + "/a/"}},
		{"where the copies are", authtest.IssuerOptions{Path: "/elsewhere"}, []string{"/elsewhere" + openID}, []string{openID}},
		{"OpenID only", authtest.IssuerOptions{NoOAuth: true}, []string{openID}, []string{oauth}},
		{"OAuth only", authtest.IssuerOptions{NoOpenID: true, Path: "/a"}, []string{oauth + "/a"}, []string{"/a" + openID}},
		{"neither", authtest.IssuerOptions{NoOpenID: true, NoOAuth: true}, nil, []string{openID, oauth}},
	} {
		t.Run(test.name, func(t *testing.T) {
			idp := authtest.NewIssuer(t, &test.opts)
			host := strings.TrimSuffix(idp.URL(), test.opts.Path)
			for _, path := range test.found {
				got := ask(t.Context(), http.DefaultTransport, host+path)
				if m := metadataOf(got); got.status != 200 || m.Issuer != idp.URL() || m.KeysURL != idp.KeysURL() {
					t.Errorf("%s: got %+v", path, got)
				}
			}
			if found := int64(len(test.found)); idp.DiscoveryRequests() != found {
				t.Errorf("counted %d, want %d", idp.DiscoveryRequests(), found)
			}
			for _, path := range test.missing {
				if got := ask(t.Context(), http.DefaultTransport, host+path); got.status != 404 || got.body != "" {
					t.Errorf("%s: got %+v", path, got)
				}
			}
			if got := ask(t.Context(), http.DefaultTransport, idp.KeysURL()); got.status != 200 || got.body != idp.Keys() {
				t.Errorf("keys: got %+v", got)
			}
		})
	}
}

// metadata is what a client reads of a discovery document.
type metadata struct {
	Issuer  string `json:"issuer"`
	KeysURL string `json:"jwks_uri"`
}

func metadataOf(a answer) (m metadata) {
	if json.Unmarshal([]byte(a.body), &m) != nil {
		return metadata{}
	}
	return m
}

func TestIssuerTellsCaches(t *testing.T) {
	idp := authtest.NewIssuer(t, &authtest.IssuerOptions{CacheControl: "max-age=60"})
	first := ask(t.Context(), http.DefaultTransport, idp.KeysURL())
	again := ask(t.Context(), http.DefaultTransport, idp.KeysURL(), "If-None-Match", first.header.Get("ETag"))
	idp.Rotate()
	rotated := ask(t.Context(), http.DefaultTransport, idp.KeysURL(), "If-None-Match", first.header.Get("ETag"))
	if first.status != 200 || again.status != 304 || again.body != "" || rotated.status != 200 {
		t.Errorf("got %d, %d, %d", first.status, again.status, rotated.status)
	}
	if other := ask(t.Context(), http.DefaultTransport, idp.URL()+openID); other.header.Get("Cache-Control") != "" {
		t.Errorf("discovery has %v", other.header)
	}
	for _, got := range []answer{first, again, rotated} {
		if got.header.Get("Cache-Control") != "max-age=60" || got.header.Get("ETag") == "" {
			t.Errorf("header %v", got.header)
		}
	}
}

// Everything at once, for the race detector.
func TestIssuerIsConcurrent(t *testing.T) {
	idp := authtest.NewIssuer(t, &authtest.IssuerOptions{InMemory: true})
	var wg sync.WaitGroup
	for range 8 {
		for _, f := range []func(){
			idp.Rotate, idp.Retire, func() { idp.SetKeys("{}") }, func() { idp.Fail(authtest.Limited) }, func() { idp.Token(nil) },
			func() { idp.FailDiscovery(authtest.NotJSON) }, func() { _ = idp.KeyID() + idp.Keys() },
			func() { ask(t.Context(), idp.Transport(), idp.KeysURL()) },
			func() { ask(t.Context(), idp.Transport(), idp.URL()+openID) },
		} {
			wg.Go(f)
		}
	}
	wg.Wait()
	if idp.KeyRequests() != 8 || idp.DiscoveryRequests() != 8 {
		t.Errorf("counted %d and %d", idp.KeyRequests(), idp.DiscoveryRequests())
	}
}

// A test that ends while clients wait, for an answer or before one that they do not read, ends at once and leaves nothing.
func TestIssuerEndsWithTheTest(t *testing.T) {
	var url string
	var waiting answer
	var unread *http.Response
	var wg sync.WaitGroup
	t.Run("its test", func(t *testing.T) {
		idp := authtest.NewIssuer(t, nil)
		url = idp.KeysURL()
		idp.Fail(authtest.Huge)
		var err error
		if unread, err = http.Get(url); err != nil {
			t.Fatal(err)
		}
		idp.Fail(authtest.Hanging)
		wg.Go(func() { waiting = ask(context.Background(), http.DefaultTransport, url) })
		for idp.KeyRequests() < 2 {
			runtime.Gosched()
		}
	})
	wg.Wait()
	_ = unread.Body.Close()
	if late := ask(t.Context(), http.DefaultTransport, url); waiting.err == nil || late.err == nil {
		t.Errorf("got %+v, then %+v", waiting, late)
	}
	for strings.Contains(stacks(), "authtest.(*Issuer)") { // net/http says that a handler has ended shortly before it has
		runtime.Gosched()
	}
}

func stacks() string {
	text := make([]byte, 1<<20)
	return string(text[:runtime.Stack(text, true)])
}

// tb is a test that notes how it was ended.
type tb struct {
	testing.TB
	fatal string
}

func (t *tb) Helper() {}

func (t *tb) Fatalf(format string, _ ...any) {
	t.fatal = format
	runtime.Goexit()
}

func TestIssuerNamesMistakes(t *testing.T) {
	noted := &tb{TB: t}
	idp := authtest.NewIssuer(noted, &authtest.IssuerOptions{InMemory: true})
	for name, mistake := range map[string]func(){
		"a path without a slash": func() { authtest.NewIssuer(noted, &authtest.IssuerOptions{Path: "a"}) },
		"a path with a query":    func() { authtest.NewIssuer(noted, &authtest.IssuerOptions{Path: "/a?b"}) },
		"no such algorithm":      func() { authtest.NewIssuer(noted, &authtest.IssuerOptions{Algorithm: "ES999"}) },
		"a secret":               func() { authtest.NewIssuer(noted, &authtest.IssuerOptions{Algorithm: "HS256"}) },
		"no such fault":          func() { idp.Fail("asleep") },
		"a claim that is a func": func() { idp.Token(map[string]any{"sub": func() {}}) },
		"a header that is one":   func() { idp.TokenWith(map[string]any{"kid": func() {}}, nil) },
	} {
		noted.fatal = ""
		var wg sync.WaitGroup
		wg.Go(mistake)
		wg.Wait()
		if !strings.HasPrefix(noted.fatal, "authtest: ") {
			t.Errorf("%s: got %q", name, noted.fatal)
		}
	}
}
