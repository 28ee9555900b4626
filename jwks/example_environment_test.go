package jwks_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
)

// lookupIn stands for the environment of a process; a program gives nil for its own.
func lookupIn(variables map[string]string) func(name string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := variables[name]
		return value, ok
	}
}

// The variables make a signer and a verifier that fit together.
func ExampleFromEnvironment() {
	env, err := jwks.FromEnvironment(lookupIn(map[string]string{
		"JWT_SECRET_KEY": strings.ReplaceAll(strings.TrimSpace(privatePEM), "\n", `\n`), // all on one line
		"JWT_KEYID":      "2026-01",
		"JWT_ISSUER":     "https://login.example.com",
		"JWT_AUDIENCE":   "https://api.example.com",
		"JWT_EXPIRES_IN": "2h",
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	signer, err := jwtx.NewSigner(jwtx.SignerConfig{
		Issuer: env.Issuer, Audience: env.Audience, Keys: env.Keys, Lifetime: env.Lifetime,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier, err := jwtx.NewVerifier(jwtx.Config{
		Issuer: env.Issuer, Audience: env.Audience, Algorithms: env.Algorithms, Keys: env.Keys, Kinds: []jwtx.Kind{jwtx.Access},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	ctx := context.Background()
	token, err := signer.Sign(ctx, auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "u1"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ac, err := verifier.VerifyToken(ctx, auth.Credential{Token: token})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ac.Actor.ID, env.Algorithms)
	// Output: u1 [EdDSA]
}

// All mistakes are found at once, and no value is repeated: it might be a secret.
func ExampleFromEnvironment_mistakes() {
	_, err := jwks.FromEnvironment(lookupIn(map[string]string{
		"JWT_SECRET_KEY": "supersecret",
		"JWT_ISSUER":     "https://login.example.com",
		"JWT_AUDIENCE":   "",
		"JWT_EXPIRES_IN": "3600",
	}))
	fmt.Println(err)
	// Output:
	// jwks: JWT_AUDIENCE: set, but empty
	// jwks: JWT_SECRET_KEY: secret of 11 bytes, which are too few for HS256
	// jwks: JWT_EXPIRES_IN: number without a unit, which is seconds to some and milliseconds to others: add s, m, h, d or w
}
