package storetest

import (
	"context"
	"fmt"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// A store is a [session.Store] or an [apikey.Store], seen alike: the demands on both are written once. Its methods work at
// the present time.
type store[R any] interface {
	Create(ctx context.Context, rec R) error
	Get(ctx context.Context, id string) (R, error)
	Replace(ctx context.Context, rec R) error
}

// A lister is a store that can list the records of an owner.
type lister[R any] interface {
	store[R]
	List(ctx context.Context, owner auth.Actor) ([]R, error)
}

// A kind says of records of type R what the suite needs to know of them.
type kind[R any] struct {
	samples                    []sample[R] // the first has all fields set
	spots                      []spot[R]   // all its text
	fields                     func(*R) fields
	newID                      func(owner auth.Actor) string
	check                      func(R) error // what is wrong with a record that no store keeps
	notFound, exists, conflict error
}

// A sample is a record that is hard to keep, and each time it is made another one.
type sample[R any] struct {
	what string
	make func() R
}

// Fields are those that both sessions and keys have, and note, which holds any text.
type fields struct {
	id      *string
	version *int64
	digest  *token.Digest
	owner   *auth.Actor
	created *time.Time
	note    *string
}

func (k kind[R]) answers() []error { return []error{k.notFound, k.exists, k.conflict} }

// fresh returns a record with all fields set, which f may change, under an ID of its own.
func (k kind[R]) fresh(f func(fields)) R {
	rec := k.samples[0].make()
	if f != nil {
		f(k.fields(&rec))
	}
	*k.fields(&rec).id = k.newID(*k.fields(&rec).owner)
	return rec
}

// rival returns a record with all fields set, other ones than those of rec but for ID and owner.
func (k kind[R]) rival(rec R) R {
	return k.with(k.samples[0].make(), func(f fields) { *f.id, *f.owner = *k.fields(&rec).id, *k.fields(&rec).owner })
}

// with returns rec as f changes it.
func (k kind[R]) with(rec R, f func(fields)) R {
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
