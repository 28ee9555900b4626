package main

import (
	"crypto/rand"
	"net/http"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

const shop = "https://shop.example"

// newShop returns a service with one method, and the HTTP API to it.
func newShop(provider login.Provider) (*login.Service, http.Handler) {
	keys := must(jwks.NewSet(must(jwks.Generate("EdDSA", nil))))
	sessions := must(session.New(session.Config{
		Store: memory.NewSessions(nil), Keys: [][]byte{[]byte(rand.Text() + rand.Text())},
		Minter: must(jwtx.NewSigner(jwtx.SignerConfig{Issuer: shop, Audience: []string{shop}, Keys: keys})),
	}))
	service := must(login.New(login.Config{
		Store: memory.NewIdentities(nil), Tokens: memory.NewOneTimeTokens(nil), Attempts: memory.NewAttempts(nil), Sessions: sessions,
		Methods: []login.Method{{ID: "code", DisplayName: "Code by mail", Provider: provider}},
		Actors:  map[string][]string{"customer": {"code"}},
	}))
	return service, login.NewHandler(service, auth.New(sessions.Scheme(), nil), nil)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
