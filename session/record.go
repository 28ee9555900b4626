package session

import (
	"errors"
	"slices"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// A Login is who logged in and how: what the application says when it starts a session.
type Login struct {
	Actor        auth.Actor    // its ID is empty while the identity has no actor yet
	IdentityID   string        // the auth identity that logged in
	Provider     string        // the login provider, such as "emailpass"
	Scopes       auth.Set      // what the session may be used for; empty is nothing, "*" is everything
	Roles        auth.Set      // what the actor may do
	Factors      []auth.Factor // how and when presence was proven
	AppMetadata  auth.Metadata
	UserMetadata auth.Metadata
}

// check returns an error if l does not say who logged in: such a session would be refused for ever.
func (l Login) check() error {
	if l.Actor.ID == "" && l.IdentityID == "" {
		return errors.New("session: a Login with neither an actor nor an identity")
	}
	if l.Actor.ID != "" && l.Actor.Type == "" {
		return errors.New("session: a Login of an actor without a type")
	}
	return nil
}

// whole returns a copy of l that shares nothing which can be changed, with times as every database keeps them.
func (l Login) whole() Login {
	l.Factors = slices.Clone(l.Factors)
	for i := range l.Factors {
		l.Factors[i].At = l.Factors[i].At.UTC().Truncate(time.Microsecond)
	}
	return l
}

// A Record is what a [Store] keeps of a session.
type Record struct {
	ID      string       // public, made by [token.NewID]
	Version int64        // counts the replacements; a store sets it
	Digest  token.Digest // of the token in the cookie
	Counter uint64       // the generation of what is derived from the session, such as refresh tokens
	Login   Login
	Created time.Time
	Renewed time.Time // the last use that was written
	Expires time.Time // when it ends unless it is renewed; never after EndsBy
	EndsBy  time.Time // the end of its lifetime
}

// Clone returns a copy of r that shares nothing which can be changed.
func (r Record) Clone() Record {
	r.Login.Factors = slices.Clone(r.Login.Factors)
	return r
}

// context returns what a guard attaches to a request of the session.
func (r Record) context() auth.AuthContext {
	return auth.AuthContext{
		Actor:        r.Login.Actor,
		IdentityID:   r.Login.IdentityID,
		Provider:     r.Login.Provider,
		Scheme:       "session",
		CredentialID: r.ID,
		SessionID:    r.ID,
		Scopes:       r.Login.Scopes,
		Roles:        r.Login.Roles,
		Factors:      r.Login.Factors,
		Expires:      r.EndsBy,
		AppMetadata:  r.Login.AppMetadata,
		UserMetadata: r.Login.UserMetadata,
	}
}
