package jwks_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/countersign-go/countersign/jwks"
)

func ExampleNewRemote() {
	// The issuer, here in the same program. One that has metadata needs no URL.
	server := httptest.NewServer(must(jwks.Handler(must(jwks.NewSet(must(jwks.Generate("EdDSA", &jwks.KeyOptions{ID: "2026-11"})))))))
	defer server.Close()

	keys, err := jwks.NewRemote(jwks.RemoteConfig{Issuer: "https://login.example.com", URL: server.URL, Logger: discardLogger})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer keys.Close()
	if err := keys.Ready(context.Background()); err != nil {
		fmt.Println("not ready:", err)
		return
	}
	for _, kid := range []string{"2026-11", "2026-12"} { // a jwtx.Verifier asks, for each token
		key, err := keys.VerificationKey(context.Background(), "https://login.example.com", "EdDSA", kid)
		fmt.Printf("%T, %v\n", key, err)
	}
	stats := keys.Stats()
	fmt.Println(stats.Fetches, stats.Failures, stats.Keys)
	// Output:
	// ed25519.PublicKey, <nil>
	// <nil>, jwks: no key of the token's kid: auth: invalid credentials
	// 1 0 1
}

// Somebody else's server must not be able to read along, or to say something else.
func ExampleNewRemote_insecure() {
	_, err := jwks.NewRemote(jwks.RemoteConfig{Issuer: "http://login.example.com", MaxAge: 1000})
	fmt.Println(err)
	// Output:
	// jwks: remote: no URL, and Issuer cannot be asked for it: URL that is neither https nor http on loopback
	// jwks: remote: MaxAge is not between 1s and 24h0m0s
	// jwks: remote: MaxAge is less than two cooldowns of a minute divided by RequestsPerMinute
}
