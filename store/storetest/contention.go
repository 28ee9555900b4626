package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
)

// contention is what many callers can see of a store who all want the same record.
func (k kind[R]) contention() []testCase[store[R]] {
	return []testCase[store[R]]{
		{"one of many Creates wins", k.createRace},
		{"one of many Replaces wins", k.replaceRace},
		{"no update is lost", k.counterRace},
		{"no reader sees half a change", k.readRace},
	}
}

func (k kind[R]) createRace(ctx context.Context, s store[R]) error {
	recs := make([]R, racers)
	recs[0] = k.fresh(nil)
	for i := range recs[1:] {
		recs[i+1] = k.rival(recs[0])
	}
	errs := race(func(i int) error { return s.Create(ctx, recs[i]) })
	winner, err := oneWon("Create of one ID", errs, k.exists, "the others believe that their record is kept")
	if err != nil {
		return err
	}
	kept := k.with(recs[winner], func(f fields) { *f.version = 1 })
	return k.kept(ctx, s, kept, "after the race")
}

func (k kind[R]) replaceRace(ctx context.Context, s store[R]) error {
	rec, err := k.create(ctx, s, nil)
	if err != nil {
		return err
	}
	note := func(i int) func(fields) {
		return func(f fields) { *f.note = strconv.Itoa(i) }
	}
	errs := race(func(i int) error { return s.Replace(ctx, k.with(rec, note(i))) })
	winner, err := oneWon("Replace of one version", errs, k.conflict, "the changes of the others are lost")
	if err != nil {
		return err
	}
	*k.fields(&rec).version = 2
	return k.kept(ctx, s, k.with(rec, note(winner)), "after the race")
}

// increments is how many times each racer adds one.
const increments = 4

func (k kind[R]) counterRace(ctx context.Context, s store[R]) error {
	rec, err := k.create(ctx, s, func(f fields) { *f.note = "0" })
	if err != nil {
		return err
	}
	const all = racers * increments
	errs := race(func(int) error {
		for range increments {
			if err := k.increment(ctx, s, *k.fields(&rec).id); err != nil {
				return err
			}
		}
		return nil
	})
	if err := distinct(errs); err != nil {
		return err
	}
	counted := k.with(rec, func(f fields) { *f.note, *f.version = strconv.Itoa(all), all+1 })
	return k.kept(ctx, s, counted, fmt.Sprintf("after %d increments", all))
}

// increment adds one to the number in the note, and tries again when something got in between.
func (k kind[R]) increment(ctx context.Context, s store[R], id string) error {
	// Whoever is told that there was a conflict lost against a change that was made, so there cannot be many more
	// conflicts than changes.
	for range 4 * racers * increments {
		rec, err := s.Get(ctx, id)
		if err != nil {
			return must("Get", err)
		}
		n, err := strconv.Atoi(*k.fields(&rec).note)
		if err != nil {
			return err
		}
		*k.fields(&rec).note = strconv.Itoa(n + 1)
		if err = s.Replace(ctx, rec); !errors.Is(err, k.conflict) {
			return must("Replace", err)
		}
	}
	return fmt.Errorf("Replace of what Get had just returned is %s again and again, more often than there were changes",
		quote(k.conflict))
}

// readRace has half of the racers write a note and what says the same, and the other half read both.
func (k kind[R]) readRace(ctx context.Context, s store[R]) error {
	rec := k.fresh(nil)
	k.mark(&rec)
	if err := must("Create", s.Create(ctx, rec)); err != nil {
		return err
	}
	id := *k.fields(&rec).id
	errs := race(func(i int) error {
		for round := range increments {
			got, err := s.Get(ctx, id)
			if err != nil {
				return must("Get", err)
			}
			if !k.marked(got) {
				return errors.New("Get returned a record of which one half is from before a Replace and one from after")
			}
			if i%2 == 0 {
				continue
			}
			*k.fields(&got).note = fmt.Sprint(i, round)
			k.mark(&got)
			if err := s.Replace(ctx, got); err != nil && !errors.Is(err, k.conflict) {
				return must("Replace", err)
			}
		}
		return nil
	})
	return distinct(errs)
}
