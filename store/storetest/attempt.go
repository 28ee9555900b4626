package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

// TestAttempts tests whether the stores that open returns are as [login.AttemptStore] says. The package comment says what
// open may return.
func TestAttempts(t *testing.T, open func(t testing.TB) login.AttemptStore) {
	t.Helper()
	run(t, attemptCases, open)
}

var attemptCases = slices.Concat([]testCase[login.AttemptStore]{
	{"Load of an unknown key is nothing but the key", attemptsUnknown},
	{"attempts come back whole", attemptsKeepAll},
	{"Version is 1 after the first Swap and one more after each", attemptsCount},
	{"Swap of Version 0 where something is counted is ErrConflict and changes nothing", attemptsSwapFirst},
	{"Swap of another version is ErrConflict and changes nothing", attemptsSwapCompares},
	{"Swap of a version where there is none is ErrConflict and counts nothing", attemptsSwapNeverCreates},
	{"a repeated Swap is ErrConflict and counts once", attemptsSwapRepeated},
	{"Load at Expires is nothing but the key, one microsecond before it is not", attemptsExpire},
	{"Swap of Version 0 takes the place of what has expired, and of nothing else", attemptsSwapExpired},
	{"Swap of the version that has expired is ErrConflict and changes nothing", attemptsSwapStale},
	{"Swap moves Expires in both directions", attemptsMoveExpires},
	{"Load by a clock that is ahead forgets nothing", attemptsClockAhead},
	{"keys compare byte for byte", attemptKeysAreBytes},
	{"a key that no store keeps is never counted", attemptOddKeys},
	{"attempts that no store keeps are refused and change nothing", attemptsRefused},
	{"a context that is done is an error and changes nothing", attemptsDone},
}, attemptRaces)

// swap keeps a, and returns it as it should be now.
func swap(ctx context.Context, s login.AttemptStore, a login.Attempts) (login.Attempts, error) {
	err := must(fmt.Sprintf("Swap of version %d", a.Version), s.Swap(ctx, a, time.Now()))
	a.Version++
	return a, err
}

// counted returns what is wrong unless the store says want of its key.
func counted(ctx context.Context, s login.AttemptStore, want login.Attempts, when string) error {
	return countedAt(ctx, s, want, time.Now(), when)
}

func countedAt(ctx context.Context, s login.AttemptStore, want login.Attempts, now time.Time, when string) error {
	got, err := s.Load(ctx, want.Key, now)
	if err != nil {
		return fmt.Errorf("%s, Load of %.60q returned %s, want what is counted: an error lets nobody in", when, want.Key, quote(err))
	}
	if err := difference(got, want); err != nil {
		return fmt.Errorf("%s, what Load of %.60q returned differs: %w", when, want.Key, err)
	}
	return nil
}

// uncounted is what is counted of a key at first.
func uncounted(key string) login.Attempts { return login.Attempts{Key: key} }

func attemptsUnknown(ctx context.Context, s login.AttemptStore) error {
	if _, err := swap(ctx, s, newAttempts()); err != nil {
		return err
	}
	return errors.Join(
		counted(ctx, s, uncounted(token.NewID()), "for a key that was never used"),
		counted(ctx, s, uncounted(""), "for an empty key"),
		countedAt(ctx, s, uncounted(token.NewID()), time.Time{}, "for a key that was never used, at the zero time"))
}

// attemptsKeepAll counts each sample as the first, and has it take the place of another.
func attemptsKeepAll(ctx context.Context, s login.AttemptStore) error {
	last, err := swap(ctx, s, newAttempts())
	if err != nil {
		return err
	}
	var errs []error
	for _, sample := range append(slices.Clone(attemptSamples), attemptSamples[0]) {
		first, next := sample.make(), sample.make()
		next.Key, next.Version = last.Key, last.Version
		if first, err = swap(ctx, s, first); err != nil {
			errs = append(errs, fmt.Errorf("of %s, %w", sample.what, err))
			continue
		}
		if next, err = swap(ctx, s, next); err != nil {
			return errors.Join(append(errs, fmt.Errorf("of %s in the place of others, %w", sample.what, err))...)
		}
		errs = append(errs,
			counted(ctx, s, first, "after the first Swap of "+sample.what),
			counted(ctx, s, next, "after Swap of "+sample.what+" in the place of others"))
		last = next
	}
	return errors.Join(errs...)
}

func attemptsCount(ctx context.Context, s login.AttemptStore) error {
	a := newAttempts()
	for version := range int64(4) {
		if a.Version != version {
			return fmt.Errorf("after %d times Load and Swap, Version is %d, want %d: the store counts", version, a.Version, version)
		}
		a.Count = int(version) * 10
		if _, err := swap(ctx, s, a); err != nil {
			return err
		}
		got, err := s.Load(ctx, a.Key, time.Now())
		if err != nil {
			return must("Load", err)
		}
		if got.Count != a.Count {
			return fmt.Errorf("after Swap of the Count %d, Load returned %d", a.Count, got.Count)
		}
		a = got
	}
	return nil
}

// lostCount is why a Swap must fail.
const lostCount = "attempts that another has counted would be forgotten, and whoever guesses gets more of them"

func attemptsSwapFirst(ctx context.Context, s login.AttemptStore) error {
	a, err := swap(ctx, s, newAttempts())
	if err != nil {
		return err
	}
	again := newAttempts()
	again.Key, again.Count, again.Expires = a.Key, 1, a.Expires.Add(time.Hour)
	return errors.Join(
		expect("Swap of Version 0 where version 1 is there", s.Swap(ctx, again, time.Now()), login.ErrConflict, lostCount),
		expect("Swap of Version 0 one microsecond before Expires", s.Swap(ctx, again, a.Expires.Add(-tick)), login.ErrConflict,
			lostCount),
		counted(ctx, s, a, "after Swap of Version 0"))
}

func attemptsSwapCompares(ctx context.Context, s login.AttemptStore) error {
	a, err := swap(ctx, s, newAttempts())
	if err == nil {
		a, err = swap(ctx, s, a)
	}
	if err != nil {
		return err
	}
	var errs []error
	for _, version := range []int64{1, 0, 3, 1 << 40} {
		other := a
		other.Version, other.Count = version, 1
		errs = append(errs, expect(fmt.Sprintf("Swap of version %d where 2 is there", version),
			s.Swap(ctx, other, time.Now()), login.ErrConflict, lostCount))
	}
	return errors.Join(append(errs, counted(ctx, s, a, "after Swap of other versions"))...)
}

func attemptsSwapNeverCreates(ctx context.Context, s login.AttemptStore) error {
	var errs []error
	for _, version := range []int64{1, 2} {
		a := newAttempts()
		a.Version = version
		errs = append(errs,
			expect(fmt.Sprintf("Swap of version %d where there is none", version), s.Swap(ctx, a, time.Now()), login.ErrConflict,
				"what was read is there no more"),
			counted(ctx, s, uncounted(a.Key), "after Swap of a version where there is none"))
	}
	return errors.Join(errs...)
}

func attemptsSwapRepeated(ctx context.Context, s login.AttemptStore) error {
	a := newAttempts()
	for range 2 {
		next, err := swap(ctx, s, a)
		if err != nil {
			return err
		}
		err = errors.Join(
			expect("a repeated Swap", s.Swap(ctx, a, time.Now()), login.ErrConflict, "who lost the first answer must look again"),
			counted(ctx, s, next, "after a repeated Swap"))
		if err != nil {
			return err
		}
		a = next
	}
	return nil
}

func attemptsExpire(ctx context.Context, s login.AttemptStore) error {
	a, err := swap(ctx, s, newAttempts())
	if err != nil {
		return err
	}
	return errors.Join(
		countedAt(ctx, s, a, a.Expires.Add(-tick), "one microsecond before Expires"),
		countedAt(ctx, s, uncounted(a.Key), a.Expires, "at Expires"),
		countedAt(ctx, s, uncounted(a.Key), a.Expires.Add(24*time.Hour), "a day after Expires"))
}

// attemptsSwapExpired has attempts of version 2 expire, and begins anew.
func attemptsSwapExpired(ctx context.Context, s login.AttemptStore) error {
	a, err := swap(ctx, s, newAttempts())
	if err == nil {
		a, err = swap(ctx, s, a)
	}
	if err != nil {
		return err
	}
	next := newAttempts()
	next.Key, next.Count, next.Expires = a.Key, 1, a.Expires.Add(time.Hour)
	before := s.Swap(ctx, next, a.Expires.Add(-tick))
	unchanged := counted(ctx, s, a, "after Swap of Version 0 one microsecond before Expires")
	at := s.Swap(ctx, next, a.Expires)
	next.Version = 1
	return errors.Join(
		expect("Swap of Version 0 one microsecond before Expires", before, login.ErrConflict, lostCount),
		unchanged,
		expect("Swap of Version 0 at Expires", at, nil, "what has expired must not be in the way for ever"),
		counted(ctx, s, next, "after Swap of Version 0 at Expires"),
		expect("Swap of the version that has expired", s.Swap(ctx, a, time.Now()), login.ErrConflict, lostCount),
		counted(ctx, s, next, "after Swap of the version that has expired"))
}

func attemptsSwapStale(ctx context.Context, s login.AttemptStore) error {
	a, err := swap(ctx, s, newAttempts())
	if err != nil {
		return err
	}
	next := a
	next.Count, next.Expires = 1, a.Expires.Add(time.Hour)
	const why = "what has expired is none: Load says Version 0 of it"
	return errors.Join(
		expect("Swap at Expires of the version that expires then", s.Swap(ctx, next, a.Expires), login.ErrConflict, why),
		expect("Swap a day after Expires", s.Swap(ctx, next, a.Expires.Add(24*time.Hour)), login.ErrConflict, why),
		counted(ctx, s, a, "after Swap of a version at its Expires"),
		expect("Swap one microsecond before Expires", s.Swap(ctx, next, a.Expires.Add(-tick)), nil, "it has not expired"))
}

// attemptsMoveExpires has attempts be remembered for longer, then for less.
func attemptsMoveExpires(ctx context.Context, s login.AttemptStore) error {
	a, err := swap(ctx, s, newAttempts())
	if err != nil {
		return err
	}
	var errs []error
	for _, by := range []time.Duration{time.Hour, -90 * time.Minute} {
		a.Expires = a.Expires.Add(by)
		if a, err = swap(ctx, s, a); err != nil {
			return err
		}
		moved := fmt.Sprintf("after Swap has moved Expires by %v, ", by)
		errs = append(errs,
			countedAt(ctx, s, a, a.Expires.Add(-tick), moved+"one microsecond before it"),
			countedAt(ctx, s, uncounted(a.Key), a.Expires, moved+"at it"))
	}
	return errors.Join(errs...)
}

func attemptsClockAhead(ctx context.Context, s login.AttemptStore) error {
	a, err := swap(ctx, s, newAttempts())
	if err != nil {
		return err
	}
	return errors.Join(
		countedAt(ctx, s, uncounted(a.Key), a.Expires.Add(24*time.Hour), "a day after Expires"),
		counted(ctx, s, a, "after Load by a clock that is ahead"))
}

func attemptKeysAreBytes(ctx context.Context, s login.AttemptStore) error {
	a, err := swap(ctx, s, newAttempts())
	if err != nil {
		return err
	}
	return notCounted(ctx, s, a, likeID(a.Key))
}

func attemptOddKeys(ctx context.Context, s login.AttemptStore) error {
	a, err := swap(ctx, s, newAttempts())
	if err != nil {
		return err
	}
	return notCounted(ctx, s, a, odd(a.Key))
}

// notCounted returns what is wrong unless nothing is counted of keys that are like that of a.
func notCounted(ctx context.Context, s login.AttemptStore, a login.Attempts, keys []string) error {
	var errs []error
	for _, key := range keys {
		errs = append(errs, counted(ctx, s, uncounted(key), "for a key like one of which something is counted"))
		other := a
		other.Key, other.Count = key, 1
		if err := s.Swap(ctx, other, time.Now()); err == nil {
			errs = append(errs, fmt.Errorf("a Swap of version 1 of %.60q returned nil, want an error: only %q is counted", key, a.Key))
		}
	}
	return errors.Join(append(errs, counted(ctx, s, a, "after calls with other keys"))...)
}

// attemptsRefused tries to keep attempts that no store keeps, under keys of their own, and in the place of others.
func attemptsRefused(ctx context.Context, s login.AttemptStore) error {
	old, err := swap(ctx, s, newAttempts())
	if err != nil {
		return err
	}
	unkept := map[string]func(*login.Attempts){
		"without a key":              func(a *login.Attempts) { a.Key = "" },
		"with a key in upper case":   func(a *login.Attempts) { a.Key = strings.ToUpper(a.Key) },
		"with a key of a megabyte":   func(a *login.Attempts) { a.Key += strings.Repeat("a", 1<<20) },
		"with a Count below 0":       func(a *login.Attempts) { a.Count = -1 },
		"with a Count that is huge":  func(a *login.Attempts) { a.Count = 1_000_001 },
		"with a Version below 0":     func(a *login.Attempts) { a.Version = -1 },
		"that have no end":           func(a *login.Attempts) { a.Expires = time.Time{} },
		"that end before 1970":       func(a *login.Attempts) { a.Expires = time.Unix(-1, 0).UTC() },
		"that end after 9999":        func(a *login.Attempts) { a.Expires = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"that delay until after9999": func(a *login.Attempts) { a.Next = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
	}
	for _, text := range bad {
		unkept[fmt.Sprintf("with %q in their key", text)] = func(a *login.Attempts) { a.Key += text }
	}
	var errs []error
	for what, change := range unkept {
		first, next := newAttempts(), old
		key := first.Key
		change(&first)
		change(&next)
		what = "Swap of attempts " + what
		errs = append(errs,
			refusal(what, s.Swap(ctx, first, time.Now()), loginAnswers),
			refusal(what, s.Swap(ctx, next, time.Now()), loginAnswers),
			counted(ctx, s, uncounted(key), "after "+what),
			counted(ctx, s, old, "after "+what+" in their place"))
	}
	return errors.Join(errs...)
}

func attemptsDone(ctx context.Context, s login.AttemptStore) error {
	a, err := swap(ctx, s, newAttempts())
	if err != nil {
		return err
	}
	other, next, first := newAttempts(), a, a
	next.Count, first.Version = 1, 0
	return errors.Join(
		refused(ctx, loginAnswers,
			call{"Load", func(ctx context.Context) error { _, err := s.Load(ctx, a.Key, time.Now()); return err }},
			call{"Load of an unknown key", func(ctx context.Context) error {
				_, err := s.Load(ctx, other.Key, time.Now())
				return err
			}},
			call{"the first Swap", func(ctx context.Context) error { return s.Swap(ctx, other, time.Now()) }},
			call{"Swap", func(ctx context.Context) error { return s.Swap(ctx, next, time.Now()) }},
			call{"Swap of another version", func(ctx context.Context) error { return s.Swap(ctx, first, time.Now()) }},
		),
		counted(ctx, s, uncounted(other.Key), "after a Swap with a context that is done"),
		counted(ctx, s, a, "after a Swap with a context that is done"))
}
