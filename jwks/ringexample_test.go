package jwks_test

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/store/memory"
)

func ExampleNewRing() {
	ctx := context.Background()
	ring, err := jwks.NewRing(ctx, jwks.RingConfig{
		Store:         memory.NewKeyStore(), // of one process; the processes of an issuer share one
		SealingKeys:   [][]byte{[]byte("32 random bytes from your vault!")},
		TokenLifetime: 15 * time.Minute,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ring.Close()

	// It is the Keys of a jwtx.Signer and a jwtx.Verifier, and others verify with what it publishes.
	published, err := jwks.Handler(ring)
	if err != nil {
		fmt.Println(err)
		return
	}
	http.Handle("/.well-known/jwks.json", published)

	kid, alg, _, err := ring.SigningKey(ctx)
	fmt.Println(alg, err)
	_, err = ring.VerificationKey(ctx, "https://issuer.example", alg, kid)
	fmt.Println(err)
	// Output:
	// EdDSA <nil>
	// <nil>
}

// Tokens that live for a day need a key that is kept for a day: a shorter Retention is not taken.
func ExampleNewRing_unsafe() {
	_, err := jwks.NewRing(context.Background(), jwks.RingConfig{
		Store:         memory.NewKeyStore(),
		SealingKeys:   [][]byte{[]byte("32 random bytes from your vault!")},
		TokenLifetime: 24 * time.Hour,
		Retention:     time.Hour,
		Lead:          time.Minute,
	})
	fmt.Println(err)
	// Output:
	// jwks: ring: Lead of 1m0s is shorter than Timeout + Refresh + CacheAge + Leeway, 7m2s: a key would sign that a verifier does not know
	// jwks: ring: Retention of 1h0m0s is shorter than TokenLifetime + Leeway, 24h1m0s: a key would be removed before its last token expires
}

// A key may have leaked: find it, and have it removed at once.
func ExampleRing_Revoke() {
	ctx := context.Background()
	ring, err := jwks.NewRing(ctx, jwks.RingConfig{
		Store:         memory.NewKeyStore(),
		SealingKeys:   [][]byte{[]byte("32 random bytes from your vault!")},
		TokenLifetime: 15 * time.Minute,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ring.Close()
	keys, err := ring.Keys(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(ring.Revoke(ctx, keys[0].ID))
	_, err = ring.VerificationKey(ctx, "https://issuer.example", keys[0].Algorithm, keys[0].ID)
	fmt.Println(err)
	// Output:
	// <nil>
	// jwks: no key of the token's kid: auth: invalid credentials
}
