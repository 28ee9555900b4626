package auth

import (
	"slices"
	"time"
)

// An AuthContext says who a request is from and how that was established. A scheme makes it; a handler reads it with
// [FromContext]. What a handler gets is its own copy.
type AuthContext struct {
	Actor        Actor     // on whose behalf the request acts; its ID is empty while the identity has no actor yet
	IdentityID   string    // the auth identity that logged in; empty for keys
	Provider     string    // the login provider, such as "emailpass"
	Issuer       string    // the iss of a token; empty if the application vouches itself
	Scheme       string    // "session", "api-key", "bearer", or a custom scheme's name
	CredentialID string    // names the credential in logs and for revocation (session ID, key ID, jti); never a secret
	SessionID    string    // the session behind the credential, if there is one
	Scopes       Set       // what the credential may be used for; empty is nothing, "*" is everything
	Roles        Set       // what the actor may do
	Factors      []Factor  // how and when presence was proven
	Expires      time.Time // zero if the credential does not expire
	AppMetadata  Metadata  // what the application keeps with the identity
	UserMetadata Metadata  // what the user may change of it

	attached *attachment
}

// An Actor is the application's user, customer, key: whatever it wants to know a request by.
type Actor struct{ Type, ID string }

// A Factor is one proof of presence, such as a password, at a time. Methods are named as in RFC 8176 where it has a
// word: "pwd", "otp", "hwk".
type Factor struct {
	Method string
	At     time.Time
}

// An attachment is one value that was attached, and those that were before. It is never changed, so that copies of an
// AuthContext may share it.
type attachment struct {
	value any
	next  *attachment
}

// Attach adds v to this copy of the context, to be read with [Value] by its type: the application's own *User, loaded by
// [Then], or the claims of a token. A later value of the same type hides an earlier one. A verifier that returns the same
// context again should attach values that cannot be changed: what a pointer points to is shared by all requests.
func (ac *AuthContext) Attach(v any) { ac.attached = &attachment{value: v, next: ac.attached} }

// Allows reports whether the credential may be used for scope: it is among the Scopes, or "*" is.
func (ac AuthContext) Allows(scope string) bool { return ac.Scopes.Has(scope) || ac.Scopes.Has("*") }

// Value returns the value of type T that was attached last, and whether there is one. T is the exact type given to
// [AuthContext.Attach], or an interface that it implements.
func Value[T any](ac AuthContext) (T, bool) {
	for a := ac.attached; a != nil; a = a.next {
		if v, ok := a.value.(T); ok {
			return v, true
		}
	}
	var zero T
	return zero, false
}

// clone returns a copy that shares nothing which can be changed.
func (ac *AuthContext) clone() *AuthContext {
	c := *ac
	c.Factors = slices.Clone(c.Factors)
	return &c
}
