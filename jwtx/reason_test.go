package jwtx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
)

func TestReasonOf(t *testing.T) {
	revoke := func(c *jwtx.Config) {
		c.Revoked = func(context.Context, jwtx.Revocable) (bool, error) { return true, nil }
	}
	for _, tt := range []struct {
		name, token string
		want        jwtx.Reason
		changes     []func(c *jwtx.Config)
	}{
		{"no JWT", "sk_abcdefgh", jwtx.ReasonMalformed, nil},
		{"too long", strings.Repeat("a", 9000), jwtx.ReasonMalformed, nil},
		{"alg twice", hs256Head(plus(head("HS256"), `"alg":"none"`)), jwtx.ReasonMalformed, nil},
		{"none, signed all the same", hs256Head(head("HS256", "alg", `"none"`)), jwtx.ReasonAlgorithm, nil},
		{"another typ", hs256Head(head("HS256", "typ", `"refresh+jwt"`)), jwtx.ReasonKind, nil},
		{"another kid", hs256Head(head("HS256", "kid", `"other"`)), jwtx.ReasonUnknownKey, nil},
		{"another secret", signed("HS256", b64(head("HS256"))+"."+b64(claims()), []byte("another secret")), jwtx.ReasonSignature, nil},
		{"exp as text", hs256(claims("exp", `"4102444800"`)), jwtx.ReasonClaims, nil},
		{"a claim twice", hs256(plus(claims(), `"sub":"admin"`)), jwtx.ReasonClaims, nil},
		{"an actor that is not sub", hs256(claims("sub", `"u2"`)), jwtx.ReasonClaims, nil},
		{"no sub", hs256(claims("sub", "")), jwtx.ReasonMissingClaim, nil},
		{"no exp", hs256(claims("exp", "")), jwtx.ReasonMissingClaim, nil},
		{"no client_id", hs256(claims("client_id", "")), jwtx.ReasonMissingClaim, nil},
		{"another issuer", hs256(claims("iss", `"x"`)), jwtx.ReasonIssuer, nil},
		{"another audience", hs256(claims("aud", `"x"`)), jwtx.ReasonAudience, nil},
		{"expired", hs256(claims("exp", "1700000001")), jwtx.ReasonExpired, nil},
		{"not yet valid", hs256(claims("nbf", "4102444000")), jwtx.ReasonNotYet, nil},
		{"bound", hs256(claims("cnf", `{"jkt":"x"}`)), jwtx.ReasonBound, nil},
		{"revoked", hs256(claims()), jwtx.ReasonRevoked, []func(*jwtx.Config){revoke}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := verify(verifierWith(tt.changes...), tt.token)
			if got := jwtx.ReasonOf(fmt.Errorf("wrapped: %w", err)); got != tt.want || !errors.Is(err, auth.ErrInvalidCredentials) {
				t.Errorf("%q, want %q; %v", got, tt.want, err)
			}
			if !strings.Contains(err.Error(), string(tt.want)) {
				t.Errorf("%q does not say %q", err, tt.want)
			}
		})
	}
}

// What is no refusal of a token has no reason.
func TestReasonOfOthers(t *testing.T) {
	_, down := verify(verifierWith(func(c *jwtx.Config) {
		c.Keys = hanging(func(context.Context) error { return errDown })
	}), hs256(claims()))
	_, refusal := verify(verifierWith(), hs256(claims("exp", "1700000001")))
	_, asked := verify(verifierWith(func(c *jwtx.Config) { // by asking somebody who was refused himself
		c.Revoked = func(context.Context, jwtx.Revocable) (bool, error) { return false, refusal }
	}), hs256(claims()))
	for _, err := range []error{nil, errDown, auth.ErrInvalidCredentials, auth.NoCredentials(), down, asked} {
		if got := jwtx.ReasonOf(err); got != "" {
			t.Errorf("%v: %q", err, got)
		}
	}
}

// An error handler counts reasons; the client is told none.
func TestReasonReachesTheErrorHandler(t *testing.T) {
	counted := map[jwtx.Reason]int{}
	guard := auth.New(auth.Bearer(verifierWith(), nil), &auth.Options{
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, e *auth.Error) {
			counted[jwtx.ReasonOf(e)]++
			w.WriteHeader(e.Status)
		},
	})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+hs256(claims("exp", "1700000001")))
	w := httptest.NewRecorder()
	guard.Require()(handler).ServeHTTP(w, r)
	if counted[jwtx.ReasonExpired] != 1 || strings.Contains(fmt.Sprint(w.Result()), "expired") {
		t.Errorf("counted %v, answered %v", counted, w.Result())
	}
}
