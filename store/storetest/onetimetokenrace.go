package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

// oneTimeTokenRaces are what many callers can see of a store who all want the same token, and what becomes of a call whose
// context ends.
var oneTimeTokenRaces = []testCase[login.TokenStore]{
	{"one of many Consumes gets the token", consumeRace},
	{"one of many Consumes gets the token, whatever digests others try", consumeAmongWrong},
	{"of many Puts at once one is good, whole", putRace},
	{"no token is good twice while others Put and Consume", putConsumeRace},
	{"Consume gets nothing after Delete", deleteConsumeRace},
	{"no reader sees half a token", tokenReadRace},
	{"an interrupted Put leaves the old token or the new one", putInterrupted},
	{"an interrupted Consume leaves the token or nothing", consumeInterrupted},
	{"an interrupted Delete leaves the token or nothing", tokenDeleteInterrupted},
}

// consume returns the error of a Consume, or what is wrong with the token that came.
func consume(ctx context.Context, s login.TokenStore, want login.OneTimeToken) error {
	got, err := s.Consume(ctx, want.ID, want.Digest, time.Now())
	if err != nil {
		return err
	}
	if err := difference(got, want); err != nil {
		return fmt.Errorf("the token that Consume returned differs: %w", err)
	}
	return nil
}

func consumeRace(ctx context.Context, s login.TokenStore) error {
	for range increments {
		t, err := newPut(ctx, s)
		if err != nil {
			return err
		}
		errs := race(func(int) error { return consume(ctx, s, t) })
		if _, err := oneWon("Consume of one token", errs, login.ErrNotFound, "a token is good once"); err != nil {
			return err
		}
		if err := spent(ctx, s, t, "after the race", "it is good once"); err != nil {
			return err
		}
	}
	return nil
}

// consumeAmongWrong has half of the racers try the right digest, and the other half wrong ones, some of them before.
func consumeAmongWrong(ctx context.Context, s login.TokenStore) error {
	for range increments {
		t, err := newPut(ctx, s)
		if err != nil {
			return err
		}
		other := newToken()
		other.ID = t.ID
		errs := race(func(i int) error {
			if i%4 > 0 {
				if err := void(ctx, s, other, "while others Consume", "it has another digest"); err != nil {
					return err
				}
			}
			if i%2 > 0 {
				return login.ErrNotFound // as those are told who come too late
			}
			return consume(ctx, s, t)
		})
		const why = "a token is good once, and a wrong digest takes it from nobody"
		if _, err := oneWon("Consume, half of them of the right digest,", errs, login.ErrNotFound, why); err != nil {
			return err
		}
	}
	return nil
}

func putRace(ctx context.Context, s login.TokenStore) error {
	id, all := token.NewID(), make([]login.OneTimeToken, racers)
	for i := range all {
		all[i] = newToken()
		all[i].ID, all[i].Expires = id, all[i].Expires.Add(time.Duration(i)*time.Minute)
	}
	errs := race(func(i int) error { return put(ctx, s, all[i]) })
	if err := distinct(errs); err != nil {
		return err
	}
	got, err := s.Get(ctx, id, time.Now())
	if err != nil {
		return must("Get after many Puts", err)
	}
	won := 0
	for _, t := range all {
		err := consume(ctx, s, t)
		switch {
		case err == nil && t.Digest != got.Digest:
			return errors.New("after many Puts, Get returned one token and Consume another")
		case err == nil:
			won++
		case !errors.Is(err, login.ErrNotFound):
			return must("Consume after many Puts", err)
		}
	}
	if won != 1 {
		return fmt.Errorf("of %d tokens that were put at once with one ID, %d were good, want 1: each voids the others", racers, won)
	}
	return nil
}

// putConsumeRace has a quarter of the racers put tokens with one ID, and the others use what they find there.
func putConsumeRace(ctx context.Context, s login.TokenStore) error {
	id := token.NewID()
	var mu sync.Mutex
	uses := map[token.Digest]int{}
	errs := race(func(i int) error {
		for range 2 * increments {
			if i%4 == 0 {
				t := newToken()
				t.ID = id
				if err := put(ctx, s, t); err != nil {
					return err
				}
			}
			t, err := s.Get(ctx, id, time.Now())
			if err == nil {
				err = consume(ctx, s, t)
			}
			if err != nil && !errors.Is(err, login.ErrNotFound) {
				return must("Get or Consume while others Put and Consume", err)
			}
			if err == nil {
				mu.Lock()
				uses[t.Digest]++
				mu.Unlock()
			}
		}
		return nil
	})
	for _, many := range uses {
		if many > 1 {
			errs = append(errs, fmt.Errorf("a token was put once and used %d times while others put theirs, want at most 1", many))
		}
	}
	return distinct(errs)
}

// deleteConsumeRace has half of the racers delete tokens, and the other half use them, from the other end.
func deleteConsumeRace(ctx context.Context, s login.TokenStore) error {
	var tokens [2 * increments]login.OneTimeToken
	var uses [len(tokens)]atomic.Int32
	for n := range tokens {
		t, err := newPut(ctx, s)
		if err != nil {
			return err
		}
		tokens[n] = t
	}
	errs := race(func(i int) error {
		for n := range tokens {
			if i%2 == 0 {
				n = len(tokens) - 1 - n
			} else if err := must("Delete while others Consume", s.Delete(ctx, tokens[n].ID)); err != nil {
				return err
			}
			switch err := consume(ctx, s, tokens[n]); {
			case err == nil && i%2 > 0:
				return errors.New("a token came from Consume after Delete had returned: it was made void")
			case err == nil:
				uses[n].Add(1)
			case !errors.Is(err, login.ErrNotFound):
				return must("Consume while others Delete", err)
			}
		}
		return nil
	})
	for n := range uses {
		if many := uses[n].Load(); many > 1 {
			errs = append(errs, fmt.Errorf("a token that some used and others deleted was used %d times, want at most 1", many))
		}
		errs = append(errs, spent(ctx, s, tokens[n], "after the race", "it was made void"))
	}
	return distinct(errs)
}

// tokenReadRace has half of the racers put tokens whose data says their digest, and the other half read both.
func tokenReadRace(ctx context.Context, s login.TokenStore) error {
	id := token.NewID()
	telling := func(text string) login.OneTimeToken {
		t := newToken()
		t.ID, t.Digest, t.Data = id, token.Sum(text), metadata(map[string]any{"text": text})
		return t
	}
	if err := put(ctx, s, telling("first")); err != nil {
		return err
	}
	errs := race(func(i int) error {
		for round := range increments {
			if i%2 == 0 {
				if err := put(ctx, s, telling(fmt.Sprint(i, round))); err != nil {
					return err
				}
				continue
			}
			got, err := s.Get(ctx, id, time.Now())
			if err != nil {
				return must("Get while others Put", err)
			}
			if text, ok := got.Data.Get("text").(string); !ok || got.Digest != token.Sum(text) {
				return errors.New("Get returned a token of which one half is from before a Put and one from after")
			}
		}
		return nil
	})
	return distinct(errs)
}

func putInterrupted(ctx context.Context, s login.TokenStore) error {
	return atEachMoment(func(m moment) error {
		old, err := newPut(ctx, s)
		if err != nil {
			return err
		}
		next := newToken()
		next.ID = old.ID
		do := func(ctx context.Context) error { return s.Put(ctx, next) }
		err, wrong := m.interrupt(ctx, "Put", do)
		if wrong != nil {
			return wrong
		}
		got, getErr := s.Get(ctx, old.ID, time.Now())
		switch {
		case getErr != nil:
			return fmt.Errorf("after an interrupted Put that returned %s, Get returned %s, want the old token or the new one",
				quote(err), quote(getErr))
		case difference(got, next) == nil:
		case difference(got, old) != nil:
			return fmt.Errorf("after an interrupted Put that returned %s, there is %s, want the old token or the new one",
				quote(err), show(got))
		case err == nil:
			return errors.New("an interrupted Put returned nil, but it was not done: the older token is still good")
		}
		return errors.Join(
			works(ctx, "Put after an interrupted one", do),
			void(ctx, s, old, "after a repeated Put", "the newer one voids it"),
			consumes(ctx, s, next, "after a repeated Put"))
	})
}

func consumeInterrupted(ctx context.Context, s login.TokenStore) error {
	return atEachMoment(func(m moment) error {
		t, err := newPut(ctx, s)
		if err != nil {
			return err
		}
		err, wrong := m.interrupt(ctx, "Consume", func(ctx context.Context) error { return consume(ctx, s, t) })
		switch {
		case wrong != nil:
			return wrong
		case errors.Is(err, login.ErrNotFound):
			return fmt.Errorf("an interrupted Consume returned %s, want an error that is no answer: the token was there", quote(err))
		case err == nil:
			return spent(ctx, s, t, "after an interrupted Consume that returned the token", "it is good once")
		}
		got, getErr := s.Get(ctx, t.ID, time.Now())
		if !errors.Is(getErr, login.ErrNotFound) && (getErr != nil || difference(got, t) != nil) {
			return fmt.Errorf("after an interrupted Consume that returned %s, Get returned %s and %s, want all of the token or nothing",
				quote(err), show(got), quote(getErr))
		}
		err = works(ctx, "Consume after an interrupted one", func(ctx context.Context) error {
			if err := consume(ctx, s, t); !errors.Is(err, login.ErrNotFound) {
				return err
			}
			return nil
		})
		return errors.Join(err, spent(ctx, s, t, "after a repeated Consume", "it is good once"))
	})
}

func tokenDeleteInterrupted(ctx context.Context, s login.TokenStore) error {
	return atEachMoment(func(m moment) error {
		t, err := newPut(ctx, s)
		if err != nil {
			return err
		}
		do := func(ctx context.Context) error { return s.Delete(ctx, t.ID) }
		err, wrong := m.interrupt(ctx, "Delete", do)
		if wrong != nil {
			return wrong
		}
		got, getErr := s.Get(ctx, t.ID, time.Now())
		switch {
		case errors.Is(getErr, login.ErrNotFound):
		case getErr != nil || difference(got, t) != nil:
			return fmt.Errorf("after an interrupted Delete that returned %s, Get returned %s and %s, want all of the token or nothing",
				quote(err), show(got), quote(getErr))
		case err == nil:
			return errors.New("an interrupted Delete returned nil, but it was not done: what was made void is good")
		}
		return errors.Join(
			works(ctx, "Delete after an interrupted one", do),
			spent(ctx, s, t, "after a repeated Delete", "it was made void"))
	})
}
