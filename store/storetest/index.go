package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// An indexed store is one that can find the sessions of an actor, and those of an identity.
type indexed interface {
	session.Store
	session.Index
}

// presentIndex is an indexed store at the present time.
type presentIndex struct {
	present
	index session.Index
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
		{"an actor without a type or an ID has no sessions", nobodyHasNone},
		{"an identity that is empty has no sessions", noIdentityHasNone},
		{"List and Get agree after many have come and gone", comeAndGo},
	},
	actorEnd.ending(),
	identityEnd.ending(),
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
			actorEnd.ends(ctx, s, session.Login{Actor: nobody}, "", 0))
	}
	for _, rec := range recs {
		errs = append(errs, sessions.kept(ctx, present{s}, rec, "after DeleteAll of nobody's"))
	}
	return errors.Join(errs...)
}

// noIdentityHasNone makes sessions that have no identity, and ends those of nobody.
func noIdentityHasNone(ctx context.Context, s indexed) error {
	var recs []session.Record
	for range 2 {
		rec, err := sessions.create(ctx, present{s}, func(f fields) { *f.identity = "" })
		if err != nil {
			return fmt.Errorf("for a session without an identity: %w", err)
		}
		recs = append(recs, rec)
	}
	errs := []error{identityEnd.ends(ctx, s, session.Login{}, "", 0)}
	for _, rec := range recs {
		errs = append(errs, sessions.kept(ctx, present{s}, rec, "after DeleteIdentity of nobody's"))
	}
	return errors.Join(append(errs, actorEnd.ends(ctx, s, recs[0].Login, "", 1))...)
}

// comeAndGo has all racers begin sessions of an actor, and end every other of them.
func comeAndGo(ctx context.Context, s indexed) error {
	actor := sessions.fresh(nil).Login.Actor
	ids := make([]string, racers*increments)
	errs := race(func(i int) error {
		for round := range increments {
			rec, err := sessions.create(ctx, present{s}, func(f fields) { *f.owner = actor })
			if err != nil {
				return err
			}
			ids[i*increments+round] = rec.ID
			if round%2 > 0 {
				continue
			}
			if err := must("Delete while others Create", s.Delete(ctx, rec.ID)); err != nil {
				return err
			}
		}
		return nil
	})
	if err := distinct(errs); err != nil {
		return err
	}
	recs, err := s.List(ctx, actor, time.Now())
	if err == nil && len(recs) != len(ids)/2 {
		err = fmt.Errorf("after many Creates and Deletes, List returned %d records, want %d", len(recs), len(ids)/2)
	}
	return errors.Join(err, sessions.agreeNow(ctx, asLister(s), actor, "after many Creates and Deletes", ids))
}
