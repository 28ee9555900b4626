package jwks_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
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

// A resourceServer verifies the tokens of an identity provider of which it knows the URL.
type resourceServer struct {
	keys     *jwks.Remote
	verifier *jwtx.Verifier
}

func resourceServerOf(t *testing.T, idp *authtest.Issuer, changes ...func(c *jwks.RemoteConfig)) *resourceServer {
	t.Helper()
	c := jwks.RemoteConfig{Issuer: idp.URL(), RequestsPerMinute: 600, Logger: discardLogger}
	for _, change := range changes {
		change(&c)
	}
	keys := must(jwks.NewRemote(c))
	t.Cleanup(func() { _ = keys.Close() })
	return &resourceServer{keys, must(jwtx.NewVerifier(jwtx.Config{
		Issuer: idp.URL(), Audience: []string{authtest.DefaultAudience}, Algorithms: []string{"ES256"},
		Kinds: []jwtx.Kind{jwtx.Access}, Keys: keys, ActorType: "user of " + idp.URL(),
	}))}
}

// answer returns the status that a token gets.
func (s *resourceServer) answer(token string) int {
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	guard := auth.New(auth.Bearer(s.verifier, nil), &auth.Options{Logger: discardLogger})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	guard.Require()(ok).ServeHTTP(w, r)
	return w.Code
}

func checkAnswer(t *testing.T, what string, got, want int) {
	t.Helper()
	if got != want {
		t.Errorf("%s: answered with %d, want %d", what, got, want)
	}
}

// Over connections, whatever the provider does, the last good set stays, and the provider's recovery is found.
func TestRemoteOfFailingIssuer(t *testing.T) {
	for _, fault := range []authtest.Fault{
		authtest.Down, authtest.Hanging, authtest.Slow, authtest.ServerError, authtest.Limited, authtest.NoContent,
		authtest.Redirecting, authtest.NotJSON, authtest.EmptyObject, authtest.EmptySet, authtest.Truncated, authtest.Huge, authtest.Bomb,
	} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			idp := authtest.NewIssuer(t, nil)
			s := resourceServerOf(t, idp, func(c *jwks.RemoteConfig) { c.Timeout = 300 * time.Millisecond })
			old := idp.Token(nil)
			checkAnswer(t, "at first", until(s, old, http.StatusOK), http.StatusOK)
			idp.Fail(fault)
			idp.Rotate()
			checkAnswer(t, "a new key", until(s, idp.Token(nil), http.StatusServiceUnavailable), http.StatusServiceUnavailable)
			checkAnswer(t, "a known key", s.answer(old), http.StatusOK)
			idp.Fail(authtest.Well)
			checkAnswer(t, "a new key, later", until(s, idp.Token(nil), http.StatusOK), http.StatusOK)
		})
	}
}

// until asks again as long as the answer is another, for a while.
func until(s *resourceServer, token string, want int) (got int) {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if got = s.answer(token); got == want {
			return got
		}
	}
	return got
}

// A provider whose metadata is wrong has no keys here.
func TestRemoteOfWrongMetadata(t *testing.T) {
	for _, fault := range []authtest.Fault{authtest.WrongIssuer, authtest.OtherHost} {
		t.Run(string(fault), func(t *testing.T) {
			idp := authtest.NewIssuer(t, nil)
			idp.Fail(fault)
			s := resourceServerOf(t, idp)
			checkAnswer(t, "a good token", s.answer(idp.Token(nil)), http.StatusServiceUnavailable)
			if idp.KeyRequests() != 0 || s.keys.Ready(t.Context()) == nil {
				t.Errorf("%d requests for keys", idp.KeyRequests())
			}
		})
	}
}

// Bad signatures under a known kid are nobody else's business.
func TestRemoteBadSignatures(t *testing.T) {
	idp, forger := authtest.NewIssuer(t, nil), authtest.NewIssuer(t, nil)
	s := resourceServerOf(t, idp)
	checkAnswer(t, "a good token", s.answer(idp.Token(nil)), http.StatusOK)
	for range 200 {
		forged := forger.TokenWith(map[string]any{"kid": idp.KeyID()}, map[string]any{"iss": idp.URL()})
		checkAnswer(t, "a forged token", s.answer(forged), http.StatusUnauthorized)
	}
	if idp.KeyRequests() != 1 {
		t.Errorf("%d requests for keys", idp.KeyRequests())
	}
}

// Tokens of a key that was removed are refused, also those that are remembered.
func TestRemoteRemovedKey(t *testing.T) {
	idp := authtest.NewIssuer(t, nil)
	s := resourceServerOf(t, idp)
	old := idp.Token(nil)
	checkAnswer(t, "at first", s.answer(old), http.StatusOK)
	idp.Rotate()
	idp.Retire()
	checkAnswer(t, "the new key", until(s, idp.Token(nil), http.StatusOK), http.StatusOK)
	checkAnswer(t, "the old key", s.answer(old), http.StatusUnauthorized)
}

// Two providers use the same kid, and neither vouches for the other.
func TestRemoteOfTwoIssuers(t *testing.T) {
	first, second := authtest.NewIssuer(t, nil), authtest.NewIssuer(t, nil)
	same := strings.NewReplacer(first.KeyID(), "1", second.KeyID(), "1")
	first.SetKeys(same.Replace(first.Keys()))
	second.SetKeys(same.Replace(second.Keys()))
	a, b := resourceServerOf(t, first), resourceServerOf(t, second)
	both := must(jwtx.NewIssuers(a.verifier, b.verifier))
	for _, tt := range []struct {
		name     string
		by       *authtest.Issuer
		iss      string
		accepted bool
	}{
		{"the first", first, first.URL(), true},
		{"the second", second, second.URL(), true},
		{"the second for the first", second, first.URL(), false},
		{"the first for the second", first, second.URL(), false},
		{"the first for nobody", first, "https://nobody.example", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			token := tt.by.TokenWith(map[string]any{"kid": "1"}, map[string]any{"iss": tt.iss})
			ac, err := both.VerifyToken(t.Context(), auth.Credential{Token: token})
			if (err == nil) != tt.accepted || err == nil && ac.Issuer != tt.iss || err != nil && !errors.Is(err, auth.ErrInvalidCredentials) {
				t.Errorf("%v, %v", ac, err)
			}
		})
	}
}

// Nothing is left of a Remote that is closed, connections included.
func TestRemoteLeavesNothing(t *testing.T) {
	idp := authtest.NewIssuer(t, nil)
	before := runtime.NumGoroutine()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			r := must(jwks.NewRemote(jwks.RemoteConfig{Issuer: idp.URL(), Logger: discardLogger}))
			_ = r.Ready(context.Background())
			_ = r.Close()
		})
	}
	wg.Wait()
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond) // a connection that is closed takes a moment to notice
	}
	if left := runtime.NumGoroutine() - before; left > 0 {
		t.Errorf("%d goroutines are left", left)
	}
}
