package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"net/http"

	"golang.org/x/crypto/argon2"

	"github.com/countersign-go/countersign/auth"
)

const (
	demoEmail    = "demo@example.com"
	demoPassword = "correct horse battery staple"

	wrongPassword = "Invalid email or password"
	maxPassword   = 1024 // bytes
)

var demoActor = auth.Actor{Type: "user", ID: "demo"}

// users knows one user by a password, which is kept as an argon2id hash.
type users struct {
	salt, hash []byte
	hashing    chan struct{} // a hash takes 19 MiB: no more at once than there is room for
}

func newUsers() *users {
	u := &users{salt: make([]byte, 16), hashing: make(chan struct{}, 4)}
	rand.Read(u.salt)
	u.hash = u.hashOf(demoPassword)
	return u
}

// hashOf has the parameters that OWASP recommends for argon2id.
func (u *users) hashOf(password string) []byte {
	return argon2.IDKey([]byte(password), u.salt, 2, 19*1024, 1, 32)
}

// authenticate returns the user with the e-mail address and the password. It hashes whether there is one or not, so that
// nobody learns from the time it takes which addresses are known.
func (u *users) authenticate(ctx context.Context, email, password string) (auth.Actor, error) {
	if len(password) > maxPassword {
		return auth.Actor{}, wrong()
	}
	select {
	case u.hashing <- struct{}{}:
		defer func() { <-u.hashing }()
	case <-ctx.Done():
		return auth.Actor{}, fmt.Errorf("%w: %w", auth.ErrUnavailable, ctx.Err())
	}
	same := subtle.ConstantTimeCompare(u.hashOf(password), u.hash) == 1
	if !same || email != demoEmail {
		return auth.Actor{}, wrong()
	}
	return demoActor, nil
}

func wrong() error {
	return &auth.Error{Status: http.StatusUnauthorized, Message: wrongPassword, Err: auth.ErrInvalidCredentials}
}
