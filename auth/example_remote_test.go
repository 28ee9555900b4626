package auth_test

import (
	"log"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
)

func Example_identityProvider() {
	keys, err := jwks.NewRemote(jwks.RemoteConfig{Issuer: "https://login.example.com"}) // finds and refreshes the keys
	if err != nil {
		log.Fatal(err)
	}
	defer keys.Close()
	verifier, err := jwtx.NewVerifier(jwtx.Config{
		Issuer:     "https://login.example.com",
		Audience:   []string{"https://api.example.com"},
		Algorithms: []string{"RS256", "ES256"},
		Kinds:      []jwtx.Kind{jwtx.Access}, // jwtx.Plain where typ is "JWT"
		Keys:       keys,
		ActorType:  "user", // of whom sub is the ID
	})
	if err != nil {
		log.Fatal(err)
	}
	guard := auth.New(auth.Bearer(verifier, nil), nil)
	_ = guard.Require(auth.Scopes("reports:read")) // middleware
}
