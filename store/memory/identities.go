package memory

import (
	"context"

	"github.com/countersign-go/countersign/auth/login"
)

var _ login.Store = (*Identities)(nil)

// Identities is a [login.Store]. Make one with [NewIdentities], the zero value panics; many goroutines may use it at once.
// An error is that of the context, [ErrFull], that of [login.AuthIdentity.Check], or one of package login, itself.
//
// An identity stays until it is deleted, and counts towards Max until then.
type Identities struct{ table *table[login.AuthIdentity] }

// NewIdentities returns an empty store. nil opts are fine; a negative Max panics.
func NewIdentities(opts *Options) *Identities {
	return &Identities{newTable(opts, schema[login.AuthIdentity]{
		columns: func(i login.AuthIdentity) columns { return columns{id: i.ID, version: i.Version, expires: never} },
		clone: func(i login.AuthIdentity, version int64) login.AuthIdentity {
			i = i.Clone()
			i.Version = version
			return i
		},
		replace:  func(_, next login.AuthIdentity) (login.AuthIdentity, error) { return next, nil },
		names:    ways,
		notFound: login.ErrNotFound,
		exists:   login.ErrExists,
		conflict: login.ErrConflict,
	})}
}

// ways returns the names of an identity: those under which the providers know it.
func ways(i login.AuthIdentity) []name {
	names := make([]name, len(i.Providers))
	for n, p := range i.Providers {
		names[n] = name{p.Provider, p.EntityID}
	}
	return names
}

// Create keeps i, see [login.Store]. A full store returns [ErrFull].
func (s *Identities) Create(ctx context.Context, i login.AuthIdentity) error {
	if err := i.Check(); err != nil {
		return err
	}
	return s.table.create(ctx, i)
}

// Get returns the identity, see [login.Store].
func (s *Identities) Get(ctx context.Context, id string) (login.AuthIdentity, error) {
	return s.table.get(ctx, id, regardless)
}

// Find returns the identity that logs in so, see [login.Store].
func (s *Identities) Find(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
	return s.table.ofName(ctx, name{provider, entityID})
}

// Replace exchanges the identity, see [login.Store]. It needs no room, so a full store does it too.
func (s *Identities) Replace(ctx context.Context, i login.AuthIdentity) error {
	if err := i.Check(); err != nil {
		return err
	}
	return s.table.replace(ctx, i, regardless)
}

// Delete removes the identity, see [login.Store].
func (s *Identities) Delete(ctx context.Context, id string) error {
	return s.table.delete(ctx, id)
}
