package login

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/wire"
)

// ErrLinked is returned for an identity that has an actor of that type already.
var ErrLinked = errors.New("login: the identity has an actor of that type")

// Refusal returns what a client is told of an error of a [Service], for handlers of one's own: what [auth.Guard.Refuse] answers
// with 400 for [ErrLinked], 404 for [ErrNotFound] and 422 for [ErrExists]. Any other error is returned as it is, since a guard
// knows what to make of it; so is nil.
func Refusal(err error) error {
	var own *auth.Error
	switch {
	case err == nil || auth.IsUnavailable(err) || errors.As(err, &own):
		return err
	case errors.Is(err, ErrLinked):
		return wire.NotAllowed("The identity is linked to an actor of this type already")
	case errors.Is(err, ErrNotFound):
		return wire.NotFound("Identity was not found")
	case errors.Is(err, ErrExists):
		return &auth.Error{
			Status: http.StatusUnprocessableEntity, Type: "duplicate_error", Message: "Another identity logs in so already", Err: err,
		}
	}
	return err
}

// unauthorized returns the refusal of somebody, with what the operator is told of why.
func unauthorized(why string) error {
	return fmt.Errorf("login: %w: %s", auth.ErrInvalidCredentials, why)
}

// errNotLoggedIn is for credentials that no log-in is behind, such as an API key.
var errNotLoggedIn = unauthorized("no log-in is behind the credentials")

// errNoCallback is for somebody who comes from the pages of a provider that has none.
var errNoCallback = unauthorized("the provider is no Callbacker")

// errChanged is for credentials that were changed, and identities that were disabled, while somebody used them.
var errChanged = unauthorized("the identity was changed meanwhile")

// errDisabled is for what cannot be done to an identity that is disabled.
func errDisabled() error { return wire.NotAllowed("The identity is disabled") }

// errExists is for somebody who registers and is registered.
func errExists() error {
	return &auth.Error{
		Status: http.StatusUnauthorized, Message: "Identity with email already exists", Err: unauthorized("registered before"),
	}
}

// errToken is for a token that resets no credentials, or not these.
func errToken(err error) error {
	asks := auth.Challenge{Scheme: "Bearer"}.With(
		auth.Param{Name: "realm", Value: "api"}, auth.Param{Name: "error", Value: "invalid_token"},
	)
	return &auth.Error{Status: http.StatusUnauthorized, Message: "Invalid token", Err: err, Challenges: []auth.Challenge{asks}}
}
