package jwtx_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
)

// Staff and customers come from different issuers. Each has its keys, and what its tokens say is read in its own way.
func ExampleNewIssuers() {
	verifierFor := func(issuer, actorType string) *jwtx.Verifier {
		v, err := jwtx.NewVerifier(jwtx.Config{
			Issuer:     issuer,
			Audience:   []string{"https://api.example.com"},
			Algorithms: []string{"EdDSA"},
			Kinds:      []jwtx.Kind{jwtx.Access},
			Keys:       exampleKeys, // a jwks.Remote for each issuer
			ActorType:  actorType,
		})
		if err != nil {
			panic(err)
		}
		return v
	}
	both, err := jwtx.NewIssuers(
		verifierFor("https://login.example.com", "user"),
		verifierFor("https://shop.example.com", "customer"),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	ac, err := both.VerifyToken(context.Background(), auth.Credential{Token: exampleToken("s1")})
	fmt.Println(ac.Actor, ac.Issuer, err)
	// Output: {user u1} https://login.example.com <nil>
}

// Why tokens are refused is for metrics and logs, never for the client.
func ExampleReasonOf() {
	verifier, err := jwtx.NewVerifier(jwtx.Config{
		Issuer:     "https://login.example.com",
		Audience:   []string{"https://another.example.com"},
		Algorithms: []string{"EdDSA"},
		Kinds:      []jwtx.Kind{jwtx.Access},
		Keys:       exampleKeys,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	refusals := map[jwtx.Reason]int{}
	guard := auth.New(auth.Bearer(verifier, nil), &auth.Options{
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, e *auth.Error) {
			refusals[jwtx.ReasonOf(e)]++
			http.Error(w, e.Message, e.Status)
		},
	})
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+exampleToken("s1"))
	w := httptest.NewRecorder()
	guard.Require()(http.NotFoundHandler()).ServeHTTP(w, r)
	fmt.Println(w.Code, refusals)
	// Output: 401 map[wrong_audience:1]
}
