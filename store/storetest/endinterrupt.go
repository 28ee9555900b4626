package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/countersign-go/countersign/session"
)

func deleteInterrupted(ctx context.Context, s session.Store) error {
	return atEachMoment(func(m moment) error {
		rec, err := sessions.create(ctx, present{s}, nil)
		if err != nil {
			return err
		}
		remove := func(ctx context.Context) error { return s.Delete(ctx, rec.ID) }
		err, wrong := m.interrupt(ctx, "Delete", remove)
		if wrong != nil {
			return wrong
		}
		return errors.Join(
			sessions.either(ctx, present{s}, "an interrupted Delete", err, &rec, nil),
			works(ctx, "Delete after an interrupted one", remove),
			sessions.missing(ctx, present{s}, rec.ID, "after a repeated Delete", "the session has ended"))
	})
}

// deleteAllInterrupted demands less than of one record: those of an actor need not end in one step.
func deleteAllInterrupted(ctx context.Context, s indexed) error {
	return atEachMoment(func(m moment) error {
		recs, actor, err := sessions.family(ctx, present{s}, 3)
		if err != nil {
			return err
		}
		removed := 0
		removeAll := func(ctx context.Context) (err error) {
			removed, err = s.DeleteAll(ctx, actor, "")
			return err
		}
		err, wrong := m.interrupt(ctx, "DeleteAll", removeAll)
		if wrong != nil {
			return wrong
		}
		if err == nil && removed != len(recs) {
			return fmt.Errorf("an interrupted DeleteAll returned %d and nil, want %d", removed, len(recs))
		}
		var errs []error
		for _, rec := range recs {
			errs = append(errs, sessions.either(ctx, present{s}, "an interrupted DeleteAll", err, &rec, nil))
		}
		return errors.Join(append(errs,
			sessions.agree(ctx, asLister(s), actor, "after an interrupted DeleteAll", sessions.ids(recs...)...),
			works(ctx, "DeleteAll after an interrupted one", removeAll),
			sessions.lists(ctx, asLister(s), actor, "after a repeated DeleteAll"))...)
	})
}

// deleteAllRace has all racers end all sessions of an actor.
func deleteAllRace(ctx context.Context, s indexed) error {
	recs, actor, err := sessions.family(ctx, present{s}, 8)
	if err != nil {
		return err
	}
	removed := make([]int, racers)
	errs := race(func(i int) (err error) {
		removed[i], err = s.DeleteAll(ctx, actor, "")
		return expect("one of many DeleteAlls", err, nil, "the sessions have ended, whoever was first")
	})
	all := 0
	for _, n := range removed {
		all += n
	}
	if all != len(recs) {
		errs = append(errs, fmt.Errorf("%d DeleteAlls at once returned %d in sum, want %d: each record is removed once",
			racers, all, len(recs)))
	}
	return distinct(append(errs, sessions.lists(ctx, asLister(s), actor, "after many DeleteAlls")))
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
