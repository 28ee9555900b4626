package memory

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

var (
	_ session.Store = (*Sessions)(nil)
	_ session.Index = (*Sessions)(nil)
)

// Sessions is a [session.Store] and a [session.Index]. Make one with [NewSessions], the zero value panics; many
// goroutines may use it at once. An error is that of the context, [ErrFull], that of [session.Record.Check], one of package
// session, itself, or says that a session keeps its actor and its identity.
type Sessions struct{ table *table[session.Record] }

// NewSessions returns an empty store. nil opts are fine; a negative Max panics.
func NewSessions(opts *Options) *Sessions {
	return &Sessions{newTable(opts, schema[session.Record]{
		columns: func(r session.Record) columns {
			return columns{
				id: r.ID, version: r.Version, owners: [...]any{somebody(r.Login.Actor), identity(r.Login.IdentityID)}, expires: r.Expires,
			}
		},
		clone: func(r session.Record, version int64) session.Record {
			r = r.Clone()
			r.Version = version
			return r
		},
		replace: func(last, next session.Record) (session.Record, error) {
			if next.Login.Actor != last.Login.Actor || next.Login.IdentityID != last.Login.IdentityID {
				return next, errors.New("memory: a session keeps its actor and its identity")
			}
			return next, nil
		},
		notFound: session.ErrNotFound,
		exists:   session.ErrExists,
		conflict: session.ErrConflict,
	})}
}

// An identityID is an owner of sessions, as an actor is.
type identityID string

// somebody returns the owner that actor is: none if it has no type or no ID.
func somebody(actor auth.Actor) any {
	if actor.Type == "" || actor.ID == "" {
		return nil
	}
	return actor
}

// identity returns the owner that an identity is: none if it is "".
func identity(id string) any {
	if id == "" {
		return nil
	}
	return identityID(id)
}

// Create keeps rec, see [session.Store]. A full store returns [ErrFull]. A record whose time has come by the clock of
// this process still counts as one until a Create has dropped it.
func (s *Sessions) Create(ctx context.Context, rec session.Record) error {
	if err := rec.Check(); err != nil {
		return err
	}
	return s.table.create(ctx, rec)
}

// Get returns the record, see [session.Store].
func (s *Sessions) Get(ctx context.Context, id string, now time.Time) (session.Record, error) {
	return s.table.get(ctx, id, now)
}

// Replace exchanges the record, see [session.Store]. It needs no room, so a full store does it too.
func (s *Sessions) Replace(ctx context.Context, rec session.Record, now time.Time) error {
	if err := rec.Check(); err != nil {
		return err
	}
	return s.table.replace(ctx, rec, now)
}

// Delete removes the record, see [session.Store].
func (s *Sessions) Delete(ctx context.Context, id string) error {
	return s.table.delete(ctx, id)
}

// List returns the sessions of the actor, see [session.Index]. Those that began at the same time are in the order of
// their IDs.
func (s *Sessions) List(ctx context.Context, actor auth.Actor, now time.Time) ([]session.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	records := slices.DeleteFunc(s.table.ofOwner(somebody(actor)), func(r session.Record) bool { return !now.Before(r.Expires) })
	slices.SortFunc(records, func(a, b session.Record) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return records, nil
}

// DeleteAll removes the sessions of the actor, see [session.Index]. It counts what was in the store, also what had
// expired there.
func (s *Sessions) DeleteAll(ctx context.Context, actor auth.Actor, except string) (int, error) {
	return s.table.deleteAll(ctx, somebody(actor), except)
}

// DeleteIdentity removes the sessions of the identity, see [session.Index], and counts as [Sessions.DeleteAll] does.
func (s *Sessions) DeleteIdentity(ctx context.Context, id string, except string) (int, error) {
	return s.table.deleteAll(ctx, identity(id), except)
}
