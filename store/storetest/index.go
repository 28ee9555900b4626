package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// An indexed store is one that can find the sessions of an actor.
type indexed interface {
	session.Store
	session.ActorIndex
}

// presentIndex is an indexed store at the present time.
type presentIndex struct {
	present
	index session.ActorIndex
}

// List returns the sessions of actor that have not expired by now.
func (p presentIndex) List(ctx context.Context, actor auth.Actor) ([]session.Record, error) {
	return p.index.List(ctx, actor, time.Now())
}

func asLister(s indexed) lister[session.Record] { return presentIndex{present{s}, s} }

var indexCases = slices.Concat(
	through(asLister, sessions.listing()),
	[]testCase[indexed]{
		{"listed records are values", listedAreValues},
		{"List leaves out what has expired", listLeavesOutExpired},
		{"List leaves out what was deleted", listLeavesOutDeleted},
		{"DeleteAll removes what is the actor's and nothing else", deleteAllComparesActor},
		{"DeleteAll spares the exception", deleteAllSpares},
		{"an actor without a type or an ID has no sessions", nobodyHasNone},
		{"DeleteAll of an actor that no store keeps removes nothing", deleteAllOdd},
		{"DeleteAll with a context that is done is an error and changes nothing", deleteAllDone},
		{"an interrupted DeleteAll leaves each record or nothing of it", deleteAllInterrupted},
		{"many DeleteAlls at once count each record once", deleteAllRace},
		{"List and Get agree after many have come and gone", comeAndGo},
		{"DeleteAll is not undone by requests in flight", deleteAllStays},
		{"DeleteAll removes all that was there before it began", deleteAllMisses},
	},
)

func listedAreValues(ctx context.Context, s indexed) error {
	rec, err := sessions.create(ctx, present{s}, nil)
	if err != nil {
		return err
	}
	got, err := s.List(ctx, rec.Login.Actor, time.Now())
	if err != nil || len(got) != 1 || len(got[0].Login.Factors) == 0 {
		return fmt.Errorf("List returned %d records and %s, want one with factors and nil", len(got), quote(err))
	}
	rec = rec.Clone() // the store may have kept the Factors themselves
	got[0].Login.Factors[0] = auth.Factor{Method: "none"}
	return sessions.kept(ctx, present{s}, rec, "after a change of the Factors that List returned")
}

func listLeavesOutExpired(ctx context.Context, s indexed) error {
	recs, actor, err := sessions.family(ctx, present{s}, 4)
	if err != nil {
		return err
	}
	end := recs[0].Expires
	for i := range recs {
		recs[i].Expires = end.Add(time.Duration(i) * tick)
		if err := must("Replace", s.Replace(ctx, recs[i], time.Now())); err != nil {
			return err
		}
	}
	var errs []error
	for i := range recs {
		got, err := s.List(ctx, actor, recs[i].Expires)
		if err != nil {
			return must("List", err)
		}
		if g, w := sessions.ids(got...), sessions.ids(recs[i+1:]...); !slices.Equal(g, w) {
			errs = append(errs, fmt.Errorf("List at the Expires of record %d returned the IDs %q, "+
				"want only those that expire after that: %q", i, g, w))
		}
	}
	return errors.Join(errs...)
}

func listLeavesOutDeleted(ctx context.Context, s indexed) error {
	recs, actor, err := sessions.family(ctx, present{s}, 3)
	if err != nil {
		return err
	}
	if err := must("Delete", s.Delete(ctx, recs[1].ID)); err != nil {
		return err
	}
	return sessions.lists(ctx, asLister(s), actor, "one of whose records was deleted", recs[0], recs[2])
}

func deleteAllComparesActor(ctx context.Context, s indexed) error {
	actors := lookalikes()
	var recs []session.Record
	for _, actor := range actors {
		rec, err := sessions.create(ctx, present{s}, func(f fields) { *f.owner = actor })
		if err != nil {
			return fmt.Errorf("for actor %q: %w", actor, err)
		}
		recs = append(recs, rec)
	}
	var errs []error
	for i, actor := range actors {
		if err := deletesAll(ctx, s, actor, "", 1); err != nil {
			return err
		}
		errs = append(errs, sessions.missing(ctx, present{s}, recs[i].ID, fmt.Sprintf("after DeleteAll of its actor, %q", actor),
			"the session has ended"))
		for _, rec := range recs[i+1:] {
			errs = append(errs, sessions.kept(ctx, present{s}, rec,
				fmt.Sprintf("after DeleteAll for %q, for the record of %q", actor, rec.Login.Actor)))
		}
	}
	return errors.Join(errs...)
}

// deletesAll returns what is wrong unless DeleteAll removes want records.
func deletesAll(ctx context.Context, s indexed, actor auth.Actor, except string, want int) error {
	n, err := s.DeleteAll(ctx, actor, except)
	if n != want || err != nil {
		return fmt.Errorf("DeleteAll for %.80q except %.80q returned %d and %s, want %d and nil", actor, except, n, quote(err), want)
	}
	return nil
}

func deleteAllSpares(ctx context.Context, s indexed) error {
	recs, actor, err := sessions.family(ctx, present{s}, 4)
	if err != nil {
		return err
	}
	stranger, err := sessions.create(ctx, present{s}, nil)
	if err != nil {
		return err
	}
	list := func(when string, want ...session.Record) error {
		return sessions.lists(ctx, asLister(s), actor, when, want...)
	}
	return errors.Join(
		deletesAll(ctx, s, actor, recs[2].ID, 3),
		list("after DeleteAll except one", recs[2]),
		sessions.kept(ctx, present{s}, recs[2], "after DeleteAll except it"),
		sessions.missing(ctx, present{s}, recs[0].ID, "after DeleteAll except another", "the session has ended"),
		deletesAll(ctx, s, actor, recs[2].ID, 0),
		deletesAll(ctx, s, actor, stranger.ID, 1),
		list("after DeleteAll except another actor's"),
		sessions.missing(ctx, present{s}, recs[2].ID, "after DeleteAll except another actor's", "the session has ended"),
		deletesAll(ctx, s, actor, "", 0),
		sessions.kept(ctx, present{s}, stranger, "after DeleteAll of another actor"),
	)
}

func deleteAllDone(ctx context.Context, s indexed) error {
	rec, err := sessions.create(ctx, present{s}, nil)
	if err != nil {
		return err
	}
	return errors.Join(
		refused(ctx, sessions.answers(), call{"DeleteAll", func(ctx context.Context) error {
			_, err := s.DeleteAll(ctx, rec.Login.Actor, "")
			return err
		}}),
		sessions.kept(ctx, present{s}, rec, "after a DeleteAll with a context that is done"),
	)
}

func deleteAllOdd(ctx context.Context, s indexed) error {
	recs, actor, err := sessions.family(ctx, present{s}, 2)
	if err != nil {
		return err
	}
	var errs []error
	for _, other := range oddOwners(actor) {
		errs = append(errs, deletesAll(ctx, s, other, "", 0))
	}
	return errors.Join(append(errs,
		sessions.lists(ctx, asLister(s), actor, "after DeleteAll of actors that no store keeps", recs...),
		deletesAll(ctx, s, actor, recs[0].ID+"\x00", 2),
	)...)
}

// deleteAllStays has all racers but one use the sessions of an actor, while that one ends them all.
func deleteAllStays(ctx context.Context, s indexed) error {
	recs, actor, err := sessions.family(ctx, present{s}, 8)
	if err != nil {
		return err
	}
	var ended atomic.Bool
	errs := race(func(i int) error {
		if i == racers/2 {
			defer ended.Store(true)
			return deletesAll(ctx, s, actor, "", len(recs))
		}
		return useUntil(ctx, s, recs[i%len(recs)], &ended)
	})
	for _, rec := range recs {
		errs = append(errs, sessions.missing(ctx, present{s}, rec.ID, "after DeleteAll while others Replace",
			"a logout everywhere would be undone"))
	}
	return distinct(append(errs,
		sessions.lists(ctx, asLister(s), actor, "after DeleteAll while others Replace")))
}

// deleteAllMisses has all racers but one begin new sessions of an actor, while that one ends all there are.
func deleteAllMisses(ctx context.Context, s indexed) error {
	recs, actor, err := sessions.family(ctx, present{s}, 8)
	if err != nil {
		return err
	}
	begin := func() (string, error) {
		rec, err := sessions.create(ctx, present{s}, func(f fields) { *f.owner = actor })
		return rec.ID, err
	}
	ids, removed := make([]string, racers), 0
	errs := race(func(i int) (err error) {
		if i == racers/2 {
			removed, err = s.DeleteAll(ctx, actor, "")
			return expect("DeleteAll while others Create", err, nil, "it must not need the actor to stand still")
		}
		ids[i], err = begin()
		return err
	})
	for _, rec := range recs {
		errs = append(errs, sessions.missing(ctx, present{s}, rec.ID, "after DeleteAll while others Create",
			"it was there before"))
	}
	ids[racers/2], err = begin()
	return distinct(append(errs, err, survivors(ctx, s, actor, ids, len(recs)+racers-removed)))
}

// survivors returns what is wrong unless want of ids are there, and these are what List returns.
func survivors(ctx context.Context, s indexed, actor auth.Actor, ids []string, want int) error {
	var found []string
	for _, id := range ids {
		if _, err := s.Get(ctx, id, time.Now()); err == nil {
			found = append(found, id)
		}
	}
	if len(found) != want {
		return fmt.Errorf("after DeleteAll while others Create, %d records are there, want %d by what it returned",
			len(found), want)
	}
	listed, err := s.List(ctx, actor, time.Now())
	if err != nil {
		return must("List", err)
	}
	inList := sessions.ids(listed...)
	slices.Sort(inList)
	slices.Sort(found)
	if !slices.Equal(inList, found) {
		return fmt.Errorf("after DeleteAll while others Create, List returned the IDs %q, want those that Get finds, %q: "+
			"a session that List misses cannot be ended", inList, found)
	}
	return nil
}

// nobodyHasNone makes sessions that have no actor yet, and asks for those of nobody.
func nobodyHasNone(ctx context.Context, s indexed) error {
	nobodies := []auth.Actor{{}, {Type: "user"}}
	var recs []session.Record
	for _, nobody := range nobodies {
		rec, err := sessions.create(ctx, present{s}, func(f fields) { *f.owner = nobody })
		if err != nil {
			return fmt.Errorf("for a session without an actor: %w", err)
		}
		recs = append(recs, rec)
	}
	var errs []error
	for _, nobody := range append(nobodies, auth.Actor{ID: "7"}) {
		errs = append(errs,
			sessions.lists(ctx, asLister(s), nobody, "who is nobody"),
			deletesAll(ctx, s, nobody, "", 0))
	}
	for _, rec := range recs {
		errs = append(errs, sessions.kept(ctx, present{s}, rec, "after DeleteAll of nobody's"))
	}
	return errors.Join(errs...)
}
