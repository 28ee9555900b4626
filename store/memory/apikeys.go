package memory

import (
	"context"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
)

var (
	_ apikey.Store       = (*APIKeys)(nil)
	_ apikey.UseRecorder = (*APIKeys)(nil)
)

// APIKeys is an [apikey.Store] and an [apikey.UseRecorder]. Make one with [NewAPIKeys], the zero value panics; many
// goroutines may use it at once. An error is that of the context, [ErrFull], that of [apikey.Key.Check], or one of package
// apikey, itself.
//
// A key that has expired is forgotten sooner or later; one that is revoked counts towards Max until it expires.
type APIKeys struct{ table *table[apikey.Key] }

// NewAPIKeys returns an empty store. nil opts are fine; a negative Max panics.
func NewAPIKeys(opts *Options) *APIKeys {
	return &APIKeys{newTable(opts, schema[apikey.Key]{
		columns: keyColumns,
		clone: func(k apikey.Key, version int64) apikey.Key {
			k.Version = version // there is nothing in a key that could be shared
			return k
		},
		replace: func(last, next apikey.Key) (apikey.Key, error) {
			next.LastUsed = last.LastUsed
			return next, nil
		},
		notFound: apikey.ErrNotFound,
		exists:   apikey.ErrExists,
		conflict: apikey.ErrConflict,
	})}
}

// never is when a key without an end expires. With it such keys are ordered like all others.
var never = time.Unix(1<<60, 0)

func keyColumns(k apikey.Key) columns {
	expires := k.ExpiresAt
	if expires.IsZero() {
		expires = never
	}
	return columns{k.ID, k.Version, k.Owner, k.CreatedAt, expires}
}

// regardless is before every expiry: a key is handed out until it is forgotten, and the manager says what it is good for.
var regardless time.Time

// Create keeps k, see [apikey.Store]. A full store returns [ErrFull].
func (s *APIKeys) Create(ctx context.Context, k apikey.Key) error {
	if err := k.Check(); err != nil {
		return err
	}
	k.LastUsed = apikey.Use{}
	return s.table.create(ctx, k)
}

// Get returns the key, see [apikey.Store].
func (s *APIKeys) Get(ctx context.Context, id string) (apikey.Key, error) {
	return s.table.get(ctx, id, regardless)
}

// Replace exchanges the key, see [apikey.Store]. It needs no room, so a full store does it too.
func (s *APIKeys) Replace(ctx context.Context, k apikey.Key) error {
	if err := k.Check(); err != nil {
		return err
	}
	return s.table.replace(ctx, k, regardless)
}

// List returns the keys of the owner, see [apikey.Store]. Those that were made at the same time are in the order of their
// IDs.
func (s *APIKeys) List(ctx context.Context, owner auth.Actor) ([]apikey.Key, error) {
	return s.table.list(ctx, owner, regardless)
}

// RecordUses keeps when keys were used last, see [apikey.UseRecorder]. It is one step for each key.
func (s *APIKeys) RecordUses(ctx context.Context, uses map[string]apikey.Use) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for id, use := range uses {
		s.table.amend(id, func(k apikey.Key) apikey.Key {
			if use.At.After(k.LastUsed.At) && use.Check() == nil {
				k.LastUsed = use
			}
			return k
		})
	}
	return nil
}
