package jwtx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
)

// exampleKeys are for one process; a program has its own with jwks.ParsePEM or jwks.ParseSet.
var exampleKeys = func() *jwks.Set {
	key, err := jwks.Generate("EdDSA", &jwks.KeyOptions{ID: "2026-01"})
	if err != nil {
		panic(err)
	}
	keys, err := jwks.NewSet(key)
	if err != nil {
		panic(err)
	}
	return keys
}()

// exampleToken is a token that exampleKeys signed.
func exampleToken(sessionID string) string {
	signer, err := jwtx.NewSigner(jwtx.SignerConfig{
		Issuer:   "https://login.example.com",
		Audience: []string{"https://api.example.com"},
		Keys:     exampleKeys,
	})
	if err != nil {
		panic(err)
	}
	token, err := signer.Sign(context.Background(), auth.AuthContext{
		Actor: auth.Actor{Type: "user", ID: "u1"}, SessionID: sessionID, Scopes: auth.NewSet("orders:read"),
	})
	if err != nil {
		panic(err)
	}
	return token
}

func ExampleNewVerifier() {
	verifier, err := jwtx.NewVerifier(jwtx.Config{
		Issuer:     "https://login.example.com",
		Audience:   []string{"https://api.example.com"},
		Algorithms: []string{"EdDSA"},
		Kinds:      []jwtx.Kind{jwtx.Access},
		Keys:       exampleKeys,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	guard := auth.New(auth.Bearer(verifier, nil), nil)
	hello := guard.Require(auth.Scopes("orders:read"))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ac, _ := auth.FromContext(r.Context())
		fmt.Fprintln(w, "hello", ac.Actor.ID)
	}))

	for _, token := range []string{exampleToken("s1"), "not.a.token"} {
		r := httptest.NewRequest("GET", "/orders", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		hello.ServeHTTP(w, r)
		fmt.Printf("%d, challenge: %q\n%s", w.Code, w.Header().Get("WWW-Authenticate"), w.Body)
	}
	// Output:
	// 200, challenge: ""
	// hello u1
	// 401, challenge: "Bearer realm=\"api\", error=\"invalid_token\""
	// {"type":"unauthorized","message":"Unauthorized"}
}

// A verifier that would accept the tokens of anybody, or for anything, cannot be made. All that is missing is said at once.
func ExampleNewVerifier_mistakes() {
	_, err := jwtx.NewVerifier(jwtx.Config{
		Issuer:     "https://login.example.com",
		Algorithms: []string{"HS256", "RS256"},
		Keys:       exampleKeys,
	})
	fmt.Println(err)
	// Output:
	// jwtx: no Audience, or an empty one
	// jwtx: Algorithms mix secrets (HS*) with public keys
	// jwtx: no Kinds, or an empty one
}

func ExampleSigner_Sign() {
	signer, err := jwtx.NewSigner(jwtx.SignerConfig{
		Issuer:   "https://login.example.com",
		Audience: []string{"https://api.example.com"},
		Keys:     exampleKeys,
		Lifetime: 5 * time.Minute,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier, err := jwtx.NewVerifier(jwtx.Config{
		Issuer:     "https://login.example.com",
		Audience:   []string{"https://api.example.com"},
		Algorithms: []string{"EdDSA"},
		Kinds:      []jwtx.Kind{jwtx.Access, jwtx.Registration},
		Keys:       exampleKeys,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	for _, who := range []auth.AuthContext{
		{Actor: auth.Actor{Type: "user", ID: "u1"}, IdentityID: "i1", Provider: "emailpass"},
		{Actor: auth.Actor{Type: "user"}, IdentityID: "i2", Provider: "emailpass"}, // has no actor yet
	} {
		token, err := signer.Sign(ctx, who)
		if err != nil {
			fmt.Println(err)
			return
		}
		ac, err := verifier.VerifyToken(ctx, auth.Credential{Token: token})
		if err != nil {
			fmt.Println(err)
			return
		}
		claims, _ := auth.Value[jwtx.Claims](*ac)
		fmt.Printf("%s: actor %q, identity %q, sub %q, %v\n", claims.Kind, ac.Actor.ID, ac.IdentityID, claims.Subject,
			claims.Expires.Sub(claims.IssuedAt))
	}

	_, err = signer.Sign(ctx, auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "u1"}, Scopes: auth.NewSet("orders read")})
	fmt.Println(err) // it would be read as two
	// Output:
	// at+jwt: actor "u1", identity "i1", sub "u1", 5m0s
	// registration+jwt: actor "", identity "i2", sub "i2", 5m0s
	// jwtx: a scope with a space, or that is not plain text
}

// The tokens of other issuers say who somebody is in claims of their own.
func ExampleConfig_identify() {
	identify := func(_ context.Context, c jwtx.Claims) (*auth.AuthContext, error) {
		var email string
		var verified bool
		if _, err := c.Get("email", &email); err != nil {
			return nil, fmt.Errorf("%w: %w", auth.ErrInvalidCredentials, err)
		}
		// "true" and 1 are no booleans: an issuer that sends them has said nothing.
		if _, err := c.Get("email_verified", &verified); err != nil || !verified {
			return nil, fmt.Errorf("%w: the address is not verified", auth.ErrInvalidCredentials)
		}
		groups, err := c.Set("groups")
		if err != nil {
			return nil, fmt.Errorf("%w: %w", auth.ErrInvalidCredentials, err)
		}
		return &auth.AuthContext{Actor: auth.Actor{Type: "employee", ID: email}, Roles: groups}, nil
	}
	verifier, err := jwtx.NewVerifier(jwtx.Config{
		Issuer:     issuer,
		Audience:   []string{audience},
		Algorithms: []string{"HS256"},
		Kinds:      []jwtx.Kind{jwtx.Access},
		Keys:       secrets,
		Identify:   identify,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, verified := range []string{`true`, `"true"`} {
		token := hs256(foreign("email", `"ada@example.com"`, "email_verified", verified, "groups", `["staff","ops"]`))
		ac, err := verifier.VerifyToken(context.Background(), auth.Credential{Token: token})
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(ac.Actor, ac.Roles, ac.Issuer, ac.CredentialID)
	}
	// Output:
	// {employee ada@example.com} ops staff https://login.example.com t1
	// auth: invalid credentials: the address is not verified
}

// A token outlives the session that it was made for, unless somebody asks.
func ExampleConfig_revoked() {
	ended := map[string]bool{"s2": true}
	verifier, err := jwtx.NewVerifier(jwtx.Config{
		Issuer:     "https://login.example.com",
		Audience:   []string{"https://api.example.com"},
		Algorithms: []string{"EdDSA"},
		Kinds:      []jwtx.Kind{jwtx.Access},
		Keys:       exampleKeys,
		Revoked: func(_ context.Context, r jwtx.Revocable) (bool, error) {
			if r.SessionID == "s3" {
				return false, errors.New("the session store does not answer") // is 503, not a pass
			}
			return ended[r.SessionID], nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, session := range []string{"s1", "s2", "s3"} {
		_, err := verifier.VerifyToken(context.Background(), auth.Credential{Token: exampleToken(session)})
		fmt.Println(session, err)
	}
	// Output:
	// s1 <nil>
	// s2 jwtx: auth: invalid credentials: revoked
	// s3 jwtx: revocation: auth: unavailable: the session store does not answer
}

func ExampleClaims_Get() {
	verifier := verifierWith() // of the tests
	ac, err := verifier.VerifyToken(context.Background(), auth.Credential{Token: hs256(claims("address", `{"country":"NZ"}`))})
	if err != nil {
		fmt.Println(err)
		return
	}
	c, _ := auth.Value[jwtx.Claims](*ac) // as a handler does, with what auth.FromContext returned

	var address struct{ Country string }
	found, err := c.Get("address", &address)
	fmt.Println(found, err, address.Country)

	found, err = c.Get("Address", &address) // names are compared exactly
	fmt.Println(found, err)

	var text string
	found, err = c.Get("address", &text)
	fmt.Println(found, err)
	// Output:
	// true <nil> NZ
	// false <nil>
	// false jwtx: claim "address": json: cannot unmarshal object into Go value of type string
}
