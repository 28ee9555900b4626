package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/countersign-go/countersign/auth/login"
)

// attemptRaces are what many callers can see of a store who all count the same, and what becomes of a call whose context ends.
var attemptRaces = []testCase[login.AttemptStore]{
	{"one of many first Swaps wins", attemptsFirstRace},
	{"one of many Swaps wins", attemptsSwapRace},
	{"one of many who begin anew after Expires wins", attemptsExpiredRace},
	{"no attempt is lost", attemptsSumRace},
	{"no reader sees half a change", attemptsReadRace},
	{"an interrupted Swap leaves the old count or the new one", attemptsInterrupted},
}

// rivals have all racers swap a, each with a Count of its own, and returns what is wrong unless one has won.
func rivals(ctx context.Context, s login.AttemptStore, a login.Attempts, now time.Time, what string) error {
	errs := race(func(i int) error {
		next := a
		next.Count = i
		return s.Swap(ctx, next, now)
	})
	winner, err := oneWon(what, errs, login.ErrConflict, "the attempts of the others are forgotten")
	if err != nil {
		return err
	}
	a.Count, a.Version = winner, a.Version+1
	return counted(ctx, s, a, "after the race")
}

func attemptsFirstRace(ctx context.Context, s login.AttemptStore) error {
	return rivals(ctx, s, newAttempts(), time.Now(), "Swap of Version 0")
}

func attemptsSwapRace(ctx context.Context, s login.AttemptStore) error {
	a, err := swap(ctx, s, newAttempts())
	if err != nil {
		return err
	}
	return rivals(ctx, s, a, time.Now(), "Swap of one version")
}

func attemptsExpiredRace(ctx context.Context, s login.AttemptStore) error {
	a, err := swap(ctx, s, newAttempts())
	if err != nil {
		return err
	}
	expired := a.Expires
	a.Version, a.Expires = 0, expired.Add(time.Hour)
	return rivals(ctx, s, a, expired, "Swap of Version 0 in the place of what has expired")
}

// Sixteen who guess passwords, fifty each: that many must be counted, since each of them is let through by its own Swap.
const (
	guessers = 16
	guesses  = 50
)

func attemptsSumRace(ctx context.Context, s login.AttemptStore) error {
	a := newAttempts()
	a.Count = 0
	errs := race(func(i int) error {
		if i >= guessers {
			return nil
		}
		for range guesses {
			if err := guess(ctx, s, a); err != nil {
				return err
			}
		}
		return nil
	})
	if err := distinct(errs); err != nil {
		return err
	}
	a.Count, a.Version = guessers*guesses, guessers*guesses
	return counted(ctx, s, a, fmt.Sprintf("after %d counted %d attempts each", guessers, guesses))
}

// guess counts one more attempt, and tries again when another has counted in between.
func guess(ctx context.Context, s login.AttemptStore, a login.Attempts) error {
	for range 4 * guessers * guesses { // as for a record
		got, err := s.Load(ctx, a.Key, time.Now())
		if err != nil {
			return must("Load", err)
		}
		a.Version, a.Count = got.Version, got.Count+1
		if err = s.Swap(ctx, a, time.Now()); !errors.Is(err, login.ErrConflict) {
			return must("Swap", err)
		}
	}
	return fmt.Errorf("a Swap of what Load had just returned is %s again and again, more often than there were changes",
		quote(login.ErrConflict))
}

// attemptsReadRace has half of the racers count, each time with a Next that says the Count, and the other half read both.
func attemptsReadRace(ctx context.Context, s login.AttemptStore) error {
	a := newAttempts()
	first := a.Next.Add(-time.Duration(a.Count) * time.Second)
	a, err := swap(ctx, s, a)
	if err != nil {
		return err
	}
	var newest atomic.Int64
	errs := race(func(i int) error {
		for range increments {
			least := newest.Load()
			got, err := s.Load(ctx, a.Key, time.Now())
			if err != nil {
				return must("Load", err)
			}
			if !got.Next.Equal(first.Add(time.Duration(got.Count) * time.Second)) {
				return errors.New("one half of the attempts that Load returned is from before a Swap, and one from after")
			}
			if got.Version < least {
				return fmt.Errorf("version %d came from Load after the Swap that makes version %d had returned", got.Version, least)
			}
			if i%2 == 0 {
				continue
			}
			got.Count++
			got.Next = first.Add(time.Duration(got.Count) * time.Second)
			switch err := s.Swap(ctx, got, time.Now()); {
			case err == nil:
				raise(&newest, got.Version+1)
			case !errors.Is(err, login.ErrConflict):
				return must("Swap", err)
			}
		}
		return nil
	})
	return distinct(errs)
}

// raise sets at to value, unless it is higher.
func raise(at *atomic.Int64, value int64) {
	for seen := at.Load(); seen < value && !at.CompareAndSwap(seen, value); {
		seen = at.Load()
	}
}

// attemptsInterrupted interrupts a first Swap, and one of what that has left.
func attemptsInterrupted(ctx context.Context, s login.AttemptStore) error {
	return atEachMoment(func(m moment) error {
		a := newAttempts()
		before := uncounted(a.Key)
		for range 2 {
			after := a
			after.Version++
			err, wrong := m.interrupt(ctx, "Swap", func(ctx context.Context) error { return s.Swap(ctx, a, time.Now()) })
			if wrong != nil {
				return wrong
			}
			got, loadErr := s.Load(ctx, a.Key, time.Now())
			switch {
			case loadErr != nil:
				return must("Load after an interrupted Swap", loadErr)
			case difference(got, after) == nil:
			case difference(got, before) != nil:
				return fmt.Errorf("after an interrupted Swap that returned %s, there is %s, want what was there or what was to be",
					quote(err), show(got))
			case err == nil:
				return errors.New("an interrupted Swap returned nil, but it was not done: an attempt is free")
			}
			a.Count += 10
			wrong = works(ctx, "Swap after an interrupted one", func(ctx context.Context) error { return guess(ctx, s, a) })
			if wrong != nil {
				return wrong
			}
			if before, err = s.Load(ctx, a.Key, time.Now()); err != nil {
				return must("Load", err)
			}
			a = before
			a.Count++
		}
		return nil
	})
}
