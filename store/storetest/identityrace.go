package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/countersign-go/countersign/auth/login"
)

// wayRaces are what many callers can see of a store who all want the same ways.
var wayRaces = []testCase[login.Store]{
	{"of many Creates by one way, under IDs of their own, one wins", wayCreateRace},
	{"of many who add one way, one wins", wayReplaceRace},
	{"of a Create and a Replace by one way, one wins", wayMixedRace},
	{"of two who each want the ways of the other neither wins", wayExchangeRace},
	{"what was deleted logs in no more, whatever is in flight", wayEndedStaysEnded},
	{"Find sees an identity before a Replace or after it", wayReadRace},
	{"a way that goes from one to another has one owner", wayHandover},
	{"an interrupted call leaves all ways of an identity or none", wayInterrupted},
}

// wayCreateRace has each racer create an identity with a way of its own and one that all want.
func wayCreateRace(ctx context.Context, s login.Store) error {
	wanted, all := newWay(), make([]login.AuthIdentity, racers)
	for n := range all {
		all[n] = fullIdentity()
		all[n].Providers[n%len(all[n].Providers)] = wanted
	}
	errs := race(func(n int) error { return s.Create(ctx, all[n]) })
	winner, err := oneWon("Create by one way", errs, login.ErrExists, "the others believe that they can log in")
	if err != nil {
		return err
	}
	return wayWon(ctx, s, wanted, winner, all)
}

// wayWon returns what is wrong unless there is the winner, whole, and nothing of the others.
func wayWon(ctx context.Context, s login.Store, wanted login.ProviderIdentity, winner int, all []login.AuthIdentity) error {
	var errs []error
	for n, i := range all {
		if n == winner {
			i.Version = 1
			errs = append(errs, intact(ctx, s, i, "after the race"))
			continue
		}
		own := slices.DeleteFunc(slices.Clone(i.Providers), func(p login.ProviderIdentity) bool {
			return p.EntityID == wanted.EntityID
		})
		errs = append(errs,
			identities.missing(ctx, s, i.ID, "after the race", "its Create was refused"),
			free(ctx, s, "after the race", "the Create of its owner was refused", own...))
	}
	return distinct(errs)
}

func wayReplaceRace(ctx context.Context, s login.Store) error {
	wanted, all := newWay(), make([]login.AuthIdentity, racers)
	for n := range all {
		i, err := identities.create(ctx, s, nil)
		if err != nil {
			return err
		}
		all[n] = i
	}
	errs := race(func(n int) error {
		next := all[n].Clone()
		next.Providers = append(next.Providers, wanted)
		return s.Replace(ctx, next)
	})
	winner, err := oneWon("Replace that adds one way", errs, login.ErrExists, "one would log in as another")
	if err != nil {
		return err
	}
	all[winner].Providers, all[winner].Version = append(all[winner].Clone().Providers, wanted), 2
	for _, i := range all {
		err = errors.Join(err, intact(ctx, s, i, "after the race"))
	}
	return err
}

// wayMixedRace has half of the racers create an identity with the way, and the other half add it to theirs.
func wayMixedRace(ctx context.Context, s login.Store) error {
	wanted := newWay()
	all := make([]login.AuthIdentity, racers)
	for n := range all {
		all[n] = fullIdentity()
		if n%2 == 0 {
			all[n].Providers[0] = wanted
			continue
		}
		if err := must("Create", s.Create(ctx, all[n])); err != nil {
			return err
		}
		all[n].Version, all[n].Providers = 1, append(all[n].Clone().Providers, wanted)
	}
	errs := race(func(n int) error {
		if n%2 == 0 {
			return s.Create(ctx, all[n])
		}
		return s.Replace(ctx, all[n])
	})
	winner, err := oneWon("Create and Replace by one way", errs, login.ErrExists, "one would log in as another")
	if err != nil {
		return err
	}
	got, err := s.Find(ctx, wanted.Provider, wanted.EntityID)
	if err != nil || got.ID != all[winner].ID {
		return fmt.Errorf("after the race, Find returned the identity %q and %s, want that of the winner, %q",
			got.ID, quote(err), all[winner].ID)
	}
	return nil
}

// wayExchangeRace has pairs of racers try to take over the way of the other, which the other gives up in the same step: in no
// order of the two can that succeed for both, and a store that locks must not wait for ever.
func wayExchangeRace(ctx context.Context, s login.Store) error {
	var pairs [racers / 2][2]login.AuthIdentity
	for n := range pairs {
		for side := range 2 {
			i, err := identities.create(ctx, s, nil)
			if err != nil {
				return err
			}
			pairs[n][side] = i
		}
	}
	errs := race(func(n int) error {
		pair := pairs[n/2]
		mine, others := pair[n%2].Clone(), pair[1-n%2].Providers
		mine.Providers = slices.Clone(others)
		// A database that finds deadlocks may need a second for each, one after another.
		err := worksWithin(ctx, "Replace by the ways of another who does the same", 6*patience, func(ctx context.Context) error {
			if err := s.Replace(ctx, mine); !errors.Is(err, login.ErrExists) {
				return fmt.Errorf("got %s, want %s", quote(err), quote(login.ErrExists))
			}
			return nil
		})
		return err
	})
	for _, pair := range pairs {
		errs = append(errs, intact(ctx, s, pair[0], "after the race"), intact(ctx, s, pair[1], "after the race"))
	}
	return distinct(errs)
}

// wayEndedStaysEnded has racers give an identity other ways again and again, and look for it by these, while one deletes it.
func wayEndedStaysEnded(ctx context.Context, s login.Store) error {
	i, err := identities.create(ctx, s, nil)
	if err != nil {
		return err
	}
	var ended atomic.Bool
	var used [racers][]login.ProviderIdentity
	errs := race(func(n int) error {
		if n == racers/2 {
			defer ended.Store(true)
			return expect("Delete while others Replace", s.Delete(ctx, i.ID), nil, "the record is there")
		}
		for last := false; !last; runtime.Gosched() {
			last = ended.Load()
			got, err := s.Get(ctx, i.ID)
			if errors.Is(err, login.ErrNotFound) {
				continue
			}
			if err != nil {
				return must("Get of an identity that another deletes", err)
			}
			way := newWay()
			used[n] = append(used[n], way)
			got.Providers = []login.ProviderIdentity{way, i.Providers[1]}
			if err := s.Replace(ctx, got); err != nil && !identities.isAnswer(err) {
				return must("Replace of an identity that another deletes", err)
			}
		}
		return nil
	})
	gone := nothingOf(ctx, s, i, "after Delete while others Replace", "who was deleted would log in")
	for _, ways := range used {
		errs = append(errs, free(ctx, s, "after Delete while others Replace", "who was deleted would log in", ways...))
	}
	return distinct(append(errs, gone))
}

// wayReadRace has half of the racers change an identity, of which each part says the same, and the other half look for it.
func wayReadRace(ctx context.Context, s login.Store) error {
	i := identities.fresh(nil)
	identities.mark(&i)
	if err := must("Create", s.Create(ctx, i)); err != nil {
		return err
	}
	stays := i.Providers[0]
	errs := race(func(n int) error {
		for round := range increments {
			got, err := s.Find(ctx, stays.Provider, stays.EntityID)
			if err != nil {
				return must("Find by a way that stays", err)
			}
			if !identities.marked(got) || len(got.Providers) != len(i.Providers) {
				return errors.New("one part of the identity that Find returned is from before a Replace, and one from after")
			}
			if n%2 == 0 {
				continue
			}
			got.Providers[1] = newWay()
			got.Providers[0].Identifier = fmt.Sprint(n, round)
			identities.mark(&got)
			if err := s.Replace(ctx, got); err != nil && !errors.Is(err, login.ErrConflict) {
				return must("Replace", err)
			}
		}
		return nil
	})
	return distinct(errs)
}

// wayHandover has racers, each with an identity of its own, take a way that one gives up, and give it up again.
func wayHandover(ctx context.Context, s login.Store) error {
	way := newWay()
	var owners atomic.Int32
	errs := race(func(int) error {
		i, err := identities.create(ctx, s, nil)
		if err != nil {
			return err
		}
		for range increments {
			with, without := i.Clone(), i.Clone()
			with.Providers = append(with.Providers, way)
			err := s.Replace(ctx, with)
			if errors.Is(err, login.ErrExists) {
				runtime.Gosched()
				continue
			}
			if err != nil {
				return must("Replace that takes a way that others take and give up", err)
			}
			if n := owners.Add(1); n != 1 {
				return fmt.Errorf("%d identities log in by one way", n)
			}
			got, err := s.Find(ctx, way.Provider, way.EntityID)
			if err != nil || got.ID != i.ID {
				return fmt.Errorf("after Replace that takes a way, Find returned the identity %q and %s, want %q", got.ID, quote(err), i.ID)
			}
			owners.Add(-1)
			without.Version = with.Version + 1
			if err := must("Replace that gives up a way", s.Replace(ctx, without)); err != nil {
				return err
			}
			i.Version += 2
		}
		return intact(ctx, s, i, "after a way was taken and given up")
	})
	return distinct(append(errs, free(ctx, s, "after all have given it up", "nobody logs in by it", way)))
}

// wayInterrupted interrupts a Create, a Replace and a Delete, and looks each time by all ways.
func wayInterrupted(ctx context.Context, s login.Store) error {
	return atEachMoment(func(m moment) error {
		i := identities.fresh(nil)
		next := identities.rival(i)
		next.Version = 1
		for _, step := range []struct {
			verb string
			done error // what is said if the interrupted call did it
			do   func(ctx context.Context) error
		}{
			{"Create", login.ErrExists, func(ctx context.Context) error { return s.Create(ctx, i) }},
			{"Replace", login.ErrConflict, func(ctx context.Context) error { return s.Replace(ctx, next) }},
			{"Delete", nil, func(ctx context.Context) error { return s.Delete(ctx, i.ID) }},
		} {
			_, wrong := m.interrupt(ctx, step.verb, step.do)
			if wrong == nil {
				wrong = waysAgree(ctx, s, i.ID, "after an interrupted "+step.verb, slices.Concat(i.Providers, next.Providers))
			}
			if wrong == nil {
				wrong = works(ctx, step.verb+" after an interrupted one", func(ctx context.Context) error {
					if err := step.do(ctx); !errors.Is(err, step.done) {
						return err
					}
					return nil
				})
			}
			if wrong != nil {
				return wrong
			}
		}
		return nothingOf(ctx, s, next, "after a repeated Delete", "it has ended")
	})
}

// waysAgree is waysAgreeNow, or before long.
func waysAgree(ctx context.Context, s login.Store, id, when string, ways []login.ProviderIdentity) error {
	for end := time.Now().Add(settling); ; time.Sleep(breather) {
		err := waysAgreeNow(ctx, s, id, when, ways)
		if err == nil || time.Now().After(end) {
			return err
		}
	}
}

// waysAgreeNow returns what is wrong unless Find knows those of the ways that the identity has, and no other.
func waysAgreeNow(ctx context.Context, s login.Store, id, when string, ways []login.ProviderIdentity) error {
	got, err := s.Get(ctx, id)
	if err != nil && !errors.Is(err, login.ErrNotFound) {
		return must("Get "+when, err)
	}
	for _, p := range ways {
		_, has := got.By(p.Provider, p.EntityID)
		found, err := s.Find(ctx, p.Provider, p.EntityID)
		switch {
		case err != nil && !errors.Is(err, login.ErrNotFound):
			return must("Find "+when, err)
		case (err == nil) != has:
			return fmt.Errorf("%s, whether Get returns an identity with a way is %v, and Find by that way returned %s",
				when, has, quote(err))
		case has && difference(found, got) != nil:
			return fmt.Errorf("%s, Find and Get do not return the same identity: %w", when, difference(found, got))
		}
	}
	return nil
}
