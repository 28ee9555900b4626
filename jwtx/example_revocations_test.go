package jwtx_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/store/memory"
)

// Logging out everywhere: all tokens of an actor are refused from the next request on.
func ExampleRevocations() {
	revocations, err := jwtx.NewRevocations(jwtx.RevocationsConfig{
		Store:       memory.NewRevocations(nil),
		MaxLifetime: jwtx.DefaultTokenLifetime, // that of the signer
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier, err := jwtx.NewVerifier(jwtx.Config{
		Issuer:     "https://login.example.com",
		Audience:   []string{"https://api.example.com"},
		Algorithms: []string{"EdDSA"},
		Kinds:      []jwtx.Kind{jwtx.Access},
		Keys:       exampleKeys,
		Revoked:    revocations.Revoked,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	guard := auth.New(auth.Bearer(verifier, nil), nil)
	logOutEverywhere := guard.Require()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ac, _ := auth.FromContext(r.Context())
		if _, err := revocations.RevokeActor(r.Context(), ac.Actor); err != nil {
			guard.Refuse(w, r, err) // 503: "you are logged out" would be a lie
			return
		}
		fmt.Fprintln(w, "bye", ac.Actor.ID)
	}))

	phone, laptop := exampleToken("s1"), exampleToken("s2")
	for _, token := range []string{phone, phone, laptop} {
		r := httptest.NewRequest("POST", "/logout/everywhere", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		logOutEverywhere.ServeHTTP(w, r)
		fmt.Print(w.Code, " ", w.Body)
	}
	// Output:
	// 200 bye u1
	// 401 {"type":"unauthorized","message":"Unauthorized"}
	// 401 {"type":"unauthorized","message":"Unauthorized"}
}

// Logging out of one device. What the token says is in its claims; a context that [jwtx.Config].Identify made may name
// other IDs.
func ExampleRevocations_RevokeSession() {
	revocations, err := jwtx.NewRevocations(jwtx.RevocationsConfig{Store: memory.NewRevocations(nil), MaxLifetime: time.Hour})
	if err != nil {
		fmt.Println(err)
		return
	}
	logOut := func(ctx context.Context, ac auth.AuthContext) error {
		claims, _ := auth.Value[jwtx.Claims](ac)
		return revocations.RevokeSession(ctx, claims.Issuer, claims.SessionID)
	}

	verifier := verifierWith() // of the tests
	for _, token := range []string{hs256(claims()), hs256(claims("sid", ""))} {
		ac, err := verifier.VerifyToken(context.Background(), auth.Credential{Token: token})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(logOut(context.Background(), *ac))
	}
	// Output:
	// <nil>
	// jwtx: revocation of a session without an issuer or an ID
}
