package memory

import (
	"context"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
)

var (
	_ apikey.Store       = (*APIKeys)(nil)
	_ apikey.Index       = (*APIKeys)(nil)
	_ apikey.UseRecorder = (*APIKeys)(nil)
)

// APIKeys is an [apikey.Store], an [apikey.Index] and an [apikey.UseRecorder]. Make one with [NewAPIKeys], the zero value
// panics; many goroutines may use it at once. An error is that of the context, [ErrFull], that of [apikey.Key.Check], or one
// of package apikey, itself.
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
	return columns{id: k.ID, version: k.Version, owners: [...]any{k.Owner, nil}, expires: expires}
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

// Delete removes the key, see [apikey.Store].
func (s *APIKeys) Delete(ctx context.Context, id string) error {
	return s.table.delete(ctx, id)
}

// Find returns the keys that q asks for, see [apikey.Index]. Without an owner it looks at all keys.
func (s *APIKeys) Find(ctx context.Context, q apikey.Query) ([]apikey.Key, int, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	var keys []apikey.Key
	if q.Owner != (auth.Actor{}) {
		keys = s.table.ofOwner(q.Owner)
	} else {
		keys = s.table.all()
	}
	page, total := q.Select(keys)
	return page, total, nil
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
