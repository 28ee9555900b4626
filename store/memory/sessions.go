package memory

import (
	"context"
	"errors"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

var (
	_ session.Store      = (*Sessions)(nil)
	_ session.ActorIndex = (*Sessions)(nil)
)

// Sessions is a [session.Store] and a [session.ActorIndex]. Make one with [NewSessions], the zero value panics; many
// goroutines may use it at once. An error is that of the context, [ErrFull], that of [session.Record.Check], one of package
// session, itself, or says that a session keeps its actor.
type Sessions struct{ table *table[session.Record] }

// NewSessions returns an empty store. nil opts are fine; a negative Max panics.
func NewSessions(opts *Options) *Sessions {
	return &Sessions{newTable(opts, schema[session.Record]{
		columns: func(r session.Record) columns {
			return columns{r.ID, r.Version, r.Login.Actor, r.Created, r.Expires}
		},
		clone: func(r session.Record, version int64) session.Record {
			r = r.Clone()
			r.Version = version
			return r
		},
		replace: func(last, next session.Record) (session.Record, error) {
			if next.Login.Actor != last.Login.Actor {
				return next, errors.New("memory: a session keeps its actor")
			}
			return next, nil
		},
		notFound: session.ErrNotFound,
		exists:   session.ErrExists,
		conflict: session.ErrConflict,
	})}
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

// List returns the sessions of the actor, see [session.ActorIndex]. Those that began at the same time are in the order of
// their IDs.
func (s *Sessions) List(ctx context.Context, actor auth.Actor, now time.Time) ([]session.Record, error) {
	if actor.Type == "" || actor.ID == "" {
		return nil, ctx.Err()
	}
	return s.table.list(ctx, actor, now)
}

// DeleteAll removes the sessions of the actor, see [session.ActorIndex]. It counts what was in the store, also what had
// expired there.
func (s *Sessions) DeleteAll(ctx context.Context, actor auth.Actor, except string) (int, error) {
	if actor.Type == "" || actor.ID == "" {
		return 0, ctx.Err()
	}
	return s.table.deleteAll(ctx, actor, except)
}
