package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// listing is what is demanded of List, or of the verb that is seen as it.
func (k kind[R]) listing() []testCase[lister[R]] {
	return []testCase[lister[R]]{
		{k.list + " holds what is the owner's and nothing else", k.listComparesOwner},
		{k.list + " is the oldest first", k.listIsOrdered},
		{k.list + " returns whole records", k.listKeepsAll},
		{k.list + " of an owner that no store keeps is empty", k.listOdd},
		{k.list + " with a context that is done is an error", k.listDone},
		{k.list + " misses nothing while others Create", k.listRace},
		{k.list + " and Get agree after interrupted calls", k.listInterrupted},
	}
}

// lookalikes returns owners of whom each is another, though a store might take some for the same.
func lookalikes() []auth.Actor {
	id := token.NewID()
	upper := strings.ToUpper(id)
	return []auth.Actor{
		{Type: "user", ID: id},
		{Type: "customer", ID: id},
		{Type: "user", ID: upper}, // as a collation may see it, like the next five
		{Type: "User", ID: id},
		{Type: "user", ID: id + " "},
		{Type: "user", ID: "\u00e9" + id},
		{Type: "user", ID: "e\u0301" + id},
		{Type: "user", ID: "e" + id},
		{Type: "user", ID: id[:8] + "%"}, // as a pattern
		{Type: "user", ID: id[:8] + "*"},
		{Type: "user" + id[:4], ID: id[4:]}, // joined without a separator, or with one that an ID may hold
		{Type: "user", ID: id[:4] + ":" + id[4:]},
		{Type: "user:" + id[:4], ID: id[4:]},
		{Type: "user", ID: id[:4] + "/" + id[4:]},
		{Type: "user/" + id[:4], ID: id[4:]},
	}
}

func (k kind[R]) listComparesOwner(ctx context.Context, s lister[R]) error {
	owners := lookalikes()
	recs := make([]R, len(owners))
	for i, owner := range owners {
		rec, err := k.create(ctx, s, func(f fields) { *f.owner = owner })
		if err != nil {
			return fmt.Errorf("for owner %q: %w", owner, err)
		}
		recs[i] = rec
	}
	var errs []error
	for i, owner := range owners {
		errs = append(errs, k.lists(ctx, s, owner, fmt.Sprintf("where %d others have records", len(owners)-1), recs[i]))
	}
	nobody := auth.Actor{Type: "user", ID: token.NewID()}
	return errors.Join(append(errs, k.lists(ctx, s, nobody, "where others have records"))...)
}

// lists returns what is wrong unless the records of owner are want, in that order.
func (k kind[R]) lists(ctx context.Context, s lister[R], owner auth.Actor, when string, want ...R) error {
	got, err := s.List(ctx, owner)
	if err != nil {
		return must(fmt.Sprintf("%s for %q %s", k.list, owner, when), err)
	}
	if g, w := k.ids(got...), k.ids(want...); !slices.Equal(g, w) {
		return fmt.Errorf("%s for %q %s returned the IDs %q, want %q", k.list, owner, when, g, w)
	}
	return nil
}

// family creates n records of one owner, and returns them the oldest first. They are not created in this order.
func (k kind[R]) family(ctx context.Context, s store[R], n int) ([]R, auth.Actor, error) {
	first := k.fresh(nil)
	owner, created := *k.fields(&first).owner, *k.fields(&first).created
	recs := make([]R, n)
	for i := range n {
		place := (i*5 + 3) % n // another order, if n is no multiple of 5
		rec, err := k.create(ctx, s, func(f fields) {
			*f.owner, *f.created = owner, created.Add(time.Duration(place)*time.Microsecond)
		})
		if err != nil {
			return nil, owner, err
		}
		recs[place] = rec
	}
	return recs, owner, nil
}

func (k kind[R]) listIsOrdered(ctx context.Context, s lister[R]) error {
	recs, owner, err := k.family(ctx, s, 7)
	if err != nil {
		return err
	}
	return k.lists(ctx, s, owner, "who has records that were made one microsecond after another", recs...)
}

func (k kind[R]) listKeepsAll(ctx context.Context, s lister[R]) error {
	var errs []error
	for _, sample := range k.samples {
		owner := auth.Actor{Type: "user", ID: token.NewID()}
		rec := k.with(sample.make(), func(f fields) { *f.owner, *f.id = owner, k.newID(owner) })
		if err := must("Create of "+sample.what, s.Create(ctx, rec)); err != nil {
			errs = append(errs, err)
			continue
		}
		*k.fields(&rec).version = 1
		got, err := s.List(ctx, owner)
		if err != nil || len(got) != 1 {
			errs = append(errs, fmt.Errorf("%s after Create of %s returned %d records and %s, want 1 and nil",
				k.list, sample.what, len(got), quote(err)))
			continue
		}
		if err := difference(got[0], rec); err != nil {
			errs = append(errs, fmt.Errorf("in %s of %s, the record differs: %w", k.list, sample.what, err))
		}
	}
	return errors.Join(errs...)
}

func (k kind[R]) listDone(ctx context.Context, s lister[R]) error {
	rec, err := k.create(ctx, s, nil)
	if err != nil {
		return err
	}
	return refused(ctx, k.answers(), call{k.list, func(ctx context.Context) error {
		_, err := s.List(ctx, *k.fields(&rec).owner)
		return err
	}})
}
