package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/countersign-go/countersign/auth/token"
)

// deletion is what is demanded of Delete.
func (k kind[R]) deletion() []testCase[store[R]] {
	return []testCase[store[R]]{
		{"Delete ends one record, and may be repeated", k.deleteEnds},
		{"Delete with a context that is done is an error and changes nothing", k.deleteDone},
		{"Delete of an ID that no store keeps is nil and removes nothing", k.deleteOdd},
		{"many Deletes at once are all nil", k.deleteRace},
		{"an interrupted Delete leaves the record or nothing", k.deleteInterrupted},
		{"what was deleted is not brought back by a request in flight", k.endedStaysEnded},
	}
}

func (k kind[R]) deleteEnds(ctx context.Context, s store[R]) error {
	rec, other, err := k.createTwo(ctx, s)
	if err != nil {
		return err
	}
	// Of another version than any that its caller has read.
	if err := must("Replace", s.Replace(ctx, rec)); err != nil {
		return err
	}
	*k.fields(&rec).version = 2
	id := *k.fields(&rec).id
	var errs []error
	for _, id := range []string{"", "*", "%", id + " ", id[:8], token.NewID()} {
		errs = append(errs, expect(fmt.Sprintf("Delete of %q", id), s.Delete(ctx, id), nil, "there is no record to remove"))
	}
	errs = append(errs, k.kept(ctx, s, rec, "after Delete of other IDs"))
	first, second := s.Delete(ctx, id), s.Delete(ctx, id)
	return errors.Join(append(errs,
		expect("Delete", first, nil, "the record is there"),
		expect("a repeated Delete", second, nil, "who lost the first answer may ask again"),
		k.missing(ctx, s, id, "after Delete", "it has ended"),
		expect("Replace after Delete", s.Replace(ctx, rec), k.notFound, "what has ended would be back"),
		k.missing(ctx, s, id, "after Delete and Replace", "it has ended"),
		k.kept(ctx, s, other, "after Delete of another ID"),
	)...)
}

func (k kind[R]) deleteDone(ctx context.Context, s store[R]) error {
	rec, err := k.create(ctx, s, nil)
	if err != nil {
		return err
	}
	id := *k.fields(&rec).id
	return errors.Join(
		refused(ctx, k.answers(), call{"Delete", func(ctx context.Context) error { return s.Delete(ctx, id) }}),
		k.kept(ctx, s, rec, "after a Delete with a context that is done"),
	)
}

func (k kind[R]) deleteOdd(ctx context.Context, s store[R]) error {
	rec, err := k.create(ctx, s, nil)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range odd(*k.fields(&rec).id) {
		errs = append(errs, expect(fmt.Sprintf("Delete of %.60q", id), s.Delete(ctx, id), nil, "there cannot be such a record"))
	}
	return errors.Join(append(errs, k.kept(ctx, s, rec, "after Delete of IDs that no store keeps"))...)
}

func (k kind[R]) deleteRace(ctx context.Context, s store[R]) error {
	rec, err := k.create(ctx, s, nil)
	if err != nil {
		return err
	}
	id := *k.fields(&rec).id
	errs := race(func(int) error {
		return expect("one of many Deletes", s.Delete(ctx, id), nil, "the record has ended, whoever was first")
	})
	return distinct(append(errs, k.missing(ctx, s, id, "after many Deletes", "it has ended")))
}

func (k kind[R]) deleteInterrupted(ctx context.Context, s store[R]) error {
	return atEachMoment(func(m moment) error {
		rec, err := k.create(ctx, s, nil)
		if err != nil {
			return err
		}
		id := *k.fields(&rec).id
		remove := func(ctx context.Context) error { return s.Delete(ctx, id) }
		err, wrong := m.interrupt(ctx, "Delete", remove)
		if wrong != nil {
			return wrong
		}
		return errors.Join(
			k.either(ctx, s, "an interrupted Delete", err, &rec, nil),
			works(ctx, "Delete after an interrupted one", remove),
			k.missing(ctx, s, id, "after a repeated Delete", "it has ended"))
	})
}

// endedStaysEnded has all racers but one use a record, while that one ends it.
func (k kind[R]) endedStaysEnded(ctx context.Context, s store[R]) error {
	rec, err := k.create(ctx, s, nil)
	if err != nil {
		return err
	}
	id := *k.fields(&rec).id
	var ended atomic.Bool
	errs := race(func(i int) error {
		if i == racers/2 {
			defer ended.Store(true)
			return expect("Delete while others Replace", s.Delete(ctx, id), nil, "the record is there")
		}
		return k.useUntil(ctx, s, rec, &ended)
	})
	return distinct(append(errs,
		k.missing(ctx, s, id, "after Delete while others Replace", "a logout, or the end of a key, would be undone")))
}

// useUntil changes a record again and again until it has ended, and once more after that.
func (k kind[R]) useUntil(ctx context.Context, s store[R], rec R, ended *atomic.Bool) error {
	for last := false; !last; {
		last = ended.Load()
		rec = k.with(rec, func(f fields) { *f.note = token.NewID() })
		if err := s.Replace(ctx, rec); err != nil && !k.isAnswer(err) {
			return must("Replace of a record that another ends", err)
		}
		got, err := s.Get(ctx, *k.fields(&rec).id)
		switch {
		case err == nil:
			rec = got
		case !errors.Is(err, k.notFound):
			return must("Get of a record that another ends", err)
		}
		runtime.Gosched() // or on a single processor the one who ends it would wait long for its turn
	}
	return nil
}

// isAnswer reports whether err is what Replace answers where it changes nothing.
func (k kind[R]) isAnswer(err error) bool {
	return errors.Is(err, k.conflict) || errors.Is(err, k.notFound)
}
