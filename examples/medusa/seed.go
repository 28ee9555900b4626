package main

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

const adminEmail = "admin@example.com"

// A seed is what the first administrator needs to know. It is shown once, at start.
type seed struct{ password, secretKey, publishableKey string }

// seed makes the first administrator, whom nobody could invite, and their keys.
func (a *app) seed(ctx context.Context) (seed, error) {
	s := seed{password: rand.Text()}
	byPassword, err := a.passwords.NewIdentity(ctx, adminEmail, s.password)
	if err != nil {
		return seed{}, err
	}
	identity, err := a.login.Create(ctx, login.AuthIdentity{Providers: []login.ProviderIdentity{byPassword}})
	if err != nil {
		return seed{}, err
	}
	now := time.Now().UTC()
	admin := auth.Actor{Type: userType, ID: token.NewID()}
	err = a.users.register(ctx, a.login, identity.ID, admin, user{ID: admin.ID, Email: adminEmail, CreatedAt: now, UpdatedAt: now})
	if err != nil {
		return seed{}, err
	}
	_, secret, err := a.keys.Issue(ctx, apikey.Spec{Title: "made at start", Owner: admin, Scopes: auth.NewSet("*")})
	if err != nil {
		return seed{}, err
	}
	_, publishable, err := a.keys.Issue(ctx, apikey.Spec{
		Kind: apikey.Publishable, Title: "web shop", Owner: admin, Channels: auth.NewSet(webChannel),
	})
	if err != nil {
		return seed{}, err
	}
	s.secretKey, s.publishableKey = secret.Reveal(), publishable.Reveal()
	return s, nil
}
