package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
)

func deleteEnds(ctx context.Context, s session.Store) error {
	rec, err := sessions.create(ctx, present{s}, nil)
	if err != nil {
		return err
	}
	other, err := sessions.create(ctx, present{s}, nil)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range []string{"", "*", "%", rec.ID + " ", rec.ID[:8], token.NewID()} {
		errs = append(errs, expect(fmt.Sprintf("Delete of %q", id), s.Delete(ctx, id), nil, "there is no record to remove"))
	}
	errs = append(errs, sessions.kept(ctx, present{s}, rec, "after Delete of other IDs"))
	first, second := s.Delete(ctx, rec.ID), s.Delete(ctx, rec.ID)
	return errors.Join(append(errs,
		expect("Delete", first, nil, "the record is there"),
		expect("a repeated Delete", second, nil, "who lost the first answer may ask again"),
		sessions.missing(ctx, present{s}, rec.ID, "after Delete", "the session has ended"),
		expect("Replace after Delete", s.Replace(ctx, rec, time.Now()), session.ErrNotFound, "the session would be back"),
		sessions.missing(ctx, present{s}, rec.ID, "after Delete and Replace", "the session has ended"),
		sessions.kept(ctx, present{s}, other, "after Delete of another ID"),
	)...)
}

func deleteDone(ctx context.Context, s session.Store) error {
	rec, err := sessions.create(ctx, present{s}, nil)
	if err != nil {
		return err
	}
	return errors.Join(
		refused(ctx, sessions.answers(),
			call{"Delete", func(ctx context.Context) error { return s.Delete(ctx, rec.ID) }}),
		sessions.kept(ctx, present{s}, rec, "after a Delete with a context that is done"),
	)
}

func deleteOdd(ctx context.Context, s session.Store) error {
	rec, err := sessions.create(ctx, present{s}, nil)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range odd(rec.ID) {
		errs = append(errs, expect(fmt.Sprintf("Delete of %.60q", id), s.Delete(ctx, id), nil, "there cannot be such a record"))
	}
	return errors.Join(append(errs, sessions.kept(ctx, present{s}, rec, "after Delete of IDs that no store keeps"))...)
}

func deleteRace(ctx context.Context, s session.Store) error {
	rec, err := sessions.create(ctx, present{s}, nil)
	if err != nil {
		return err
	}
	errs := race(func(int) error {
		return expect("one of many Deletes", s.Delete(ctx, rec.ID), nil, "the session has ended, whoever was first")
	})
	return distinct(append(errs,
		sessions.missing(ctx, present{s}, rec.ID, "after many Deletes", "the session has ended")))
}

// endedStaysEnded has all racers but one use a session, while that one ends it.
func endedStaysEnded(ctx context.Context, s session.Store) error {
	rec, err := sessions.create(ctx, present{s}, nil)
	if err != nil {
		return err
	}
	var ended atomic.Bool
	errs := race(func(i int) error {
		if i == racers/2 {
			defer ended.Store(true)
			return expect("Delete while others Replace", s.Delete(ctx, rec.ID), nil, "the record is there")
		}
		return useUntil(ctx, s, rec, &ended)
	})
	return distinct(append(errs,
		sessions.missing(ctx, present{s}, rec.ID, "after Delete while others Replace", "a logout would be undone")))
}

// useUntil renews a session again and again until it has ended, and once more after that.
func useUntil(ctx context.Context, s session.Store, rec session.Record, ended *atomic.Bool) error {
	for last := false; !last; {
		last = ended.Load()
		rec.Renewed = rec.Renewed.Add(tick)
		if err := s.Replace(ctx, rec, time.Now()); err != nil && !isAnswer(err) {
			return must("Replace of a session that another ends", err)
		}
		got, err := s.Get(ctx, rec.ID, time.Now())
		switch {
		case err == nil:
			rec = got
		case !errors.Is(err, session.ErrNotFound):
			return must("Get of a session that another ends", err)
		}
		runtime.Gosched() // or on a single processor the one who ends it would wait long for its turn
	}
	return nil
}

func isAnswer(err error) bool {
	return errors.Is(err, session.ErrConflict) || errors.Is(err, session.ErrNotFound)
}
