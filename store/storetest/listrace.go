package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// listRace has half of the racers create records of one owner, and the other half list them.
func (k kind[R]) listRace(ctx context.Context, s lister[R]) error {
	owner := auth.Actor{Type: "user", ID: token.NewID()}
	var mu sync.Mutex
	created := map[string]R{}
	before := func() []string {
		mu.Lock()
		defer mu.Unlock()
		var ids []string
		for id := range created {
			ids = append(ids, id)
		}
		return ids
	}
	begin := func() error {
		rec, err := k.create(ctx, s, func(f fields) { *f.owner = owner })
		if err == nil {
			mu.Lock()
			defer mu.Unlock()
			created[*k.fields(&rec).id] = rec
		}
		return err
	}
	look := func() error {
		there := before()
		recs, err := s.List(ctx, owner)
		if err != nil {
			return must(k.list+" while others Create", err)
		}
		ids := k.ids(recs...)
		if slices.Sort(ids); len(slices.Compact(slices.Clone(ids))) != len(ids) {
			return errors.New(k.list + " while others Create returned a record twice")
		}
		for _, id := range there {
			if _, ok := slices.BinarySearch(ids, id); !ok {
				return errors.New(k.list + " while others Create missed a record that was there when it began: " +
					"what is not seen is not ended")
			}
		}
		return nil
	}
	errs := race(func(i int) error {
		for range increments {
			if err := []func() error{begin, look}[i%2](); err != nil {
				return err
			}
		}
		return nil
	})
	return distinct(append(errs, k.agreeNow(ctx, s, owner, "after many Creates", before())))
}

// ownerRace has all racers give away one key, each to an owner of its own.
func ownerRace(ctx context.Context, s findable) error {
	key, err := keys.create(ctx, s, nil)
	if err != nil {
		return err
	}
	last := key.Owner
	owners := make([]auth.Actor, racers)
	for i := range owners {
		owners[i] = auth.Actor{Type: "user", ID: token.NewID()}
	}
	errs := race(func(i int) error {
		key := key
		key.Owner = owners[i]
		return s.Replace(ctx, key)
	})
	winner, err := oneWon("Replace that gives away a key", errs, apikey.ErrConflict, "it would be in two lists")
	if err != nil {
		return err
	}
	key.Owner, key.Version = owners[winner], 2
	errs = []error{keys.lists(ctx, asKeyLister(s), last, "who has given away a key"), keys.lists(ctx, asKeyLister(s), key.Owner, "who was first", key)}
	for _, owner := range slices.Delete(owners, winner, winner+1) {
		errs = append(errs, keys.lists(ctx, asKeyLister(s), owner, "who was not first"))
	}
	return distinct(errs)
}
