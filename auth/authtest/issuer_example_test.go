package authtest_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/authtest"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
)

// guarded is what is tested: it lets those in who have a token of the issuer, for orders:read.
func guarded(issuer string, keys jwtx.KeySource) (http.Handler, error) {
	verifier, err := jwtx.NewVerifier(jwtx.Config{
		Issuer: issuer, Audience: []string{authtest.DefaultAudience}, Algorithms: []string{"ES256"},
		Kinds: []jwtx.Kind{jwtx.Access}, Keys: keys, ActorType: "user",
	})
	if err != nil {
		return nil, err
	}
	guard := auth.New(auth.Bearer(verifier, nil), nil)
	return guard.Require(auth.Scopes("orders:read"))(http.HandlerFunc(showActor)), nil
}

// In a test of a handler behind a guard. What it prints is for go test -v.
func ExampleNewIssuer() {
	_ = func(t *testing.T) {
		idp := authtest.NewIssuer(t, nil)
		keys, err := jwks.ParseSet([]byte(idp.Keys()))
		if err != nil {
			t.Fatal(err)
		}
		handler, err := guarded(idp.URL(), keys)
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			name   string
			claims map[string]any
			want   int
		}{
			{"with the scope", map[string]any{"scope": "orders:read"}, 200},
			{"with another scope", map[string]any{"scope": "orders:write"}, 403},
			{"without a subject", map[string]any{"scope": "orders:read", "sub": nil}, 401},
			{"expired", map[string]any{"scope": "orders:read", "exp": time.Now().Add(-time.Minute)}, 401},
		} {
			r := httptest.NewRequest("GET", "/orders", nil)
			r.Header.Set("Authorization", "Bearer "+idp.Token(test.claims))
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != test.want {
				t.Errorf("%s: got %d, want %d", test.name, w.Code, test.want)
			}
		}
	}
	// Output:
}

// In a bubble of testing/synctest, what takes long takes no time.
func ExampleIssuer_Transport() {
	_ = func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			idp := authtest.NewIssuer(t, &authtest.IssuerOptions{InMemory: true})
			client := &http.Client{Transport: idp.Transport(), Timeout: 5 * time.Second}

			idp.Fail(authtest.Hanging)
			start := time.Now()
			if _, err := client.Get(idp.KeysURL()); err == nil || time.Since(start) != client.Timeout {
				t.Errorf("%v after %v", err, time.Since(start))
			}
		})
	}
	// Output:
}
