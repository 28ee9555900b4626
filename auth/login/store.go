package login

import (
	"context"
	"errors"
)

// What a [Store] and a [TokenStore] return, itself or wrapped. Any other error means that they do not know.
var (
	ErrNotFound = errors.New("login: not found")
	ErrExists   = errors.New("login: exists already")
	ErrConflict = errors.New("login: changed in between")
	ErrCorrupt  = errors.New("login: record cannot be read")
)

// A Store keeps auth identities. Each method is one atomic step, also among processes that share the store, and may be
// repeated after its answer was lost. IDs and entities compare byte for byte; times are whole microseconds. Identities are
// handed over by value: neither side may change what the other holds, the slices included. All methods are called by
// many goroutines at once, return when ctx is done, and change nothing if it was done before. An error that says that a
// server does not answer wraps [auth.ErrUnavailable]. Each read sees each change that has returned, so it does not ask a
// replica that lags behind. Package store/storetest has the suite that a store must pass.
//
// Create and Replace refuse an identity that [AuthIdentity.Check] refuses. A Secret encodes as "[redacted]", in JSON too: a store
// writes what [token.Secret.Reveal] returns.
type Store interface {
	// Create keeps i with Version 1, or returns ErrExists if there is one with its ID, or one that logs in by one of its
	// providers as the same entity.
	Create(ctx context.Context, i AuthIdentity) error

	// Get returns the identity, or ErrNotFound. What is there but cannot be made out is ErrCorrupt.
	Get(ctx context.Context, id string) (AuthIdentity, error)

	// Find returns the identity that logs in by the provider as the entity, or ErrNotFound. It costs the same in both cases.
	Find(ctx context.Context, provider, entityID string) (AuthIdentity, error)

	// Replace puts i in the place of the identity with the same ID and Version, with Version plus 1, its providers
	// included. It returns ErrNotFound if there is none, ErrConflict if there is one of another version, and ErrExists if
	// another identity logs in by one of its providers as the same entity. It never creates one.
	Replace(ctx context.Context, i AuthIdentity) error

	// Delete removes the identity, and with it all ways in which it logged in. Where there is none it returns nil.
	Delete(ctx context.Context, id string) error
}
