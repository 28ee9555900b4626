package storetest

import (
	"context"
	"fmt"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// A store is a [session.Store], an [apikey.Store] or a [login.Store], seen alike: the demands on all are written once. Its
// methods work at the present time.
type store[R any] interface {
	Create(ctx context.Context, rec R) error
	Get(ctx context.Context, id string) (R, error)
	Replace(ctx context.Context, rec R) error
	Delete(ctx context.Context, id string) error
}

// A lister is a store that can list the records of an owner.
type lister[R any] interface {
	store[R]
	List(ctx context.Context, owner auth.Actor) ([]R, error)
}

// A kind says of records of type R what the suite needs to know of them.
type kind[R any] struct {
	list                       string      // what List of a lister is called in reports
	samples                    []sample[R] // the first has all fields set
	spots                      []spot[R]   // all its text
	fields                     func(*R) fields
	clone                      func(R) R    // a copy whose fields can be set, and those of the record stay
	mark                       func(*R)     // has another part of the record say what its note says
	marked                     func(R) bool // reports whether both say the same
	newID                      func(owner auth.Actor) string
	check                      func(R) error // what is wrong with a record that no store keeps
	notFound, exists, conflict error
}

// A sample is a record that is hard to keep, and each time it is made another one.
type sample[R any] struct {
	what string
	make func() R
}

// Fields are those that all records have, note, which holds any text, and those of some: nil is none.
type fields struct {
	id      *string
	version *int64
	owner   *auth.Actor // of a session and a key
	created *time.Time
	note    *string

	identity *string // of a session, which keeps it
}

func (k kind[R]) answers() []error { return []error{k.notFound, k.exists, k.conflict} }

// fresh returns a record with all fields set, which f may change, under an ID of its own.
func (k kind[R]) fresh(f func(fields)) R {
	rec := k.samples[0].make()
	if f != nil {
		f(k.fields(&rec))
	}
	*k.fields(&rec).id = k.newID(k.owner(rec))
	return rec
}

// owner returns whose a record is, nobody if it is nobody's.
func (k kind[R]) owner(rec R) auth.Actor {
	if owner := k.fields(&rec).owner; owner != nil {
		return *owner
	}
	return auth.Actor{}
}

// rival returns a record with all fields set, other ones than those of rec but for what a record keeps.
func (k kind[R]) rival(rec R) R { return k.successor(rec, k.samples[0].make()) }

// successor returns next with the ID, the owner and the identity of rec, which it is to replace.
func (k kind[R]) successor(rec, next R) R {
	old := k.fields(&rec)
	return k.with(next, func(f fields) {
		*f.id = *old.id
		if f.owner != nil {
			*f.owner = *old.owner
		}
		if f.identity != nil {
			*f.identity = *old.identity
		}
	})
}

// with returns rec as f changes it.
func (k kind[R]) with(rec R, f func(fields)) R {
	rec = k.clone(rec)
	f(k.fields(&rec))
	return rec
}

// create makes a record and keeps it. It returns the record as it should now be in the store.
func (k kind[R]) create(ctx context.Context, s store[R], f func(fields)) (rec R, err error) {
	rec = k.fresh(f)
	err = must("Create", s.Create(ctx, rec))
	*k.fields(&rec).version = 1
	return rec, err
}

// createTwo makes two records as create does, of which one is to stay as it is.
func (k kind[R]) createTwo(ctx context.Context, s store[R]) (rec, other R, err error) {
	if rec, err = k.create(ctx, s, nil); err == nil {
		other, err = k.create(ctx, s, nil)
	}
	return rec, other, err
}

// kept returns what is wrong unless the store holds want.
func (k kind[R]) kept(ctx context.Context, s store[R], want R, when string) error {
	got, err := s.Get(ctx, *k.fields(&want).id)
	if err != nil {
		return fmt.Errorf("%s, Get returned %s, want the record", when, quote(err))
	}
	if *k.fields(&got).id == "" {
		return fmt.Errorf("%s, Get returned neither a record nor an error", when)
	}
	if err := difference(got, want); err != nil {
		return fmt.Errorf("%s, the record differs: %w", when, err)
	}
	return nil
}

// missing returns what is wrong unless the store has nothing with the ID.
func (k kind[R]) missing(ctx context.Context, s store[R], id, when, why string) error {
	_, err := s.Get(ctx, id)
	return expect(when+", Get", err, k.notFound, why)
}

// ids returns the IDs of recs, in their order.
func (k kind[R]) ids(recs ...R) []string {
	var ids []string
	for _, rec := range recs {
		ids = append(ids, *k.fields(&rec).id)
	}
	return ids
}
