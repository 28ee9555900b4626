package storetest_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/store/memory"
)

// swapping has Swap do as do does.
func swapping(
	do func(ctx context.Context, m *memory.Attempts, a login.Attempts, now time.Time) error,
) func(*attempts, *memory.Attempts) {
	return func(s *attempts, m *memory.Attempts) {
		s.swap = func(ctx context.Context, a login.Attempts, now time.Time) error { return do(ctx, m, a, now) }
	}
}

var brokenAttempts = []broken[*attempts, *memory.Attempts]{
	{"Load of nothing is an error", "Load of an unknown key is nothing but the key", func(s *attempts, m *memory.Attempts) {
		s.load = func(ctx context.Context, key string, now time.Time) (login.Attempts, error) {
			a, err := m.Load(ctx, key, now)
			if err == nil && a.Version == 0 {
				err = login.ErrNotFound
			}
			return a, err
		}
	}},
	{"Load of nothing has no key", "Load of an unknown key is nothing but the key", loading(func(a *login.Attempts) {
		if a.Version == 0 {
			*a = login.Attempts{}
		}
	})},
	{"Load of nothing has times", "Load of an unknown key is nothing but the key", loading(func(a *login.Attempts) {
		if a.Next.IsZero() {
			a.Next = time.Unix(0, 0)
		}
	})},
	{"no delay becomes 1970", "attempts come back whole", counting(func(a *login.Attempts) {
		if a.Next.IsZero() {
			a.Next = time.Unix(0, 0)
		}
	})},
	{"a count has 16 bits", "attempts come back whole", counting(func(a *login.Attempts) { a.Count &= 1<<16 - 1 })},
	{"Next is in milliseconds", "attempts come back whole",
		counting(func(a *login.Attempts) { a.Next = a.Next.Truncate(time.Millisecond) })},
	{"Expires is in milliseconds", "attempts come back whole",
		counting(func(a *login.Attempts) { a.Expires = a.Expires.Truncate(time.Millisecond) })},
	{"a delay ends with the count", "attempts come back whole", counting(func(a *login.Attempts) {
		if a.Next.After(a.Expires) {
			a.Next = a.Expires
		}
	})},
	{"a count of nothing is not kept", "attempts come back whole", swapping(
		func(ctx context.Context, m *memory.Attempts, a login.Attempts, now time.Time) error {
			if a.Count == 0 {
				return ctx.Err()
			}
			return m.Swap(ctx, a, now)
		})},
	{"a delay only grows", "attempts come back whole", swapping(
		func(ctx context.Context, m *memory.Attempts, a login.Attempts, now time.Time) error {
			if old, err := m.Load(ctx, a.Key, now); err == nil && old.Next.After(a.Next) {
				a.Next = old.Next
			}
			return m.Swap(ctx, a, now)
		})},
	{"the version begins at 0", "Version is 1 after the first Swap and one more after each",
		loading(func(a *login.Attempts) { a.Version = max(0, a.Version-1) })},
	{"the version does not move", "Version is 1 after the first Swap and one more after each",
		func(s *attempts, m *memory.Attempts) {
			swapping(forced)(s, m)
			loading(func(a *login.Attempts) { a.Version = min(a.Version, 1) })(s, m)
		}},
	{"Version 0 is any", "Swap of Version 0 where something is counted is ErrConflict and changes nothing", swapping(
		func(ctx context.Context, m *memory.Attempts, a login.Attempts, now time.Time) error {
			if a.Version == 0 {
				return forceAttempts(ctx, m, a, now)
			}
			return m.Swap(ctx, a, now)
		})},
	{"Swap ignores the version", "Swap of another version is ErrConflict and changes nothing", swapping(forced)},
	{"Swap takes a later version", "Swap of another version is ErrConflict and changes nothing", swapping(
		func(ctx context.Context, m *memory.Attempts, a login.Attempts, now time.Time) error {
			if old, err := m.Load(ctx, a.Key, now); err == nil && old.Version > 0 && a.Version > old.Version {
				a.Version = old.Version
			}
			return m.Swap(ctx, a, now)
		})},
	{"Swap of what there is not is nil", "Swap of a version where there is none is ErrConflict and counts nothing", swapping(
		func(ctx context.Context, m *memory.Attempts, a login.Attempts, now time.Time) error {
			if old, err := m.Load(ctx, a.Key, now); err == nil && old.Version == 0 && a.Version > 0 {
				return nil // no row was changed
			}
			return m.Swap(ctx, a, now)
		})},
	{"Swap creates", "Swap of a version where there is none is ErrConflict and counts nothing", swapping(
		func(ctx context.Context, m *memory.Attempts, a login.Attempts, now time.Time) error {
			if old, err := m.Load(ctx, a.Key, now); err == nil && old.Version == 0 {
				a.Version = 0
			}
			return m.Swap(ctx, a, now)
		})},
	{"a repeated Swap is nil", "a repeated Swap is ErrConflict and counts once", swapping(
		func(ctx context.Context, m *memory.Attempts, a login.Attempts, now time.Time) error {
			old, _ := m.Load(ctx, a.Key, now)
			err := m.Swap(ctx, a, now)
			if errors.Is(err, login.ErrConflict) && old.Count == a.Count && old.Version == a.Version+1 {
				return nil
			}
			return err
		})},
	{"Load takes Expires for the last moment", "Load at Expires is nothing but the key, one microsecond before it is not",
		func(s *attempts, m *memory.Attempts) {
			s.load = func(ctx context.Context, key string, now time.Time) (login.Attempts, error) {
				return m.Load(ctx, key, now.Add(-time.Nanosecond))
			}
		}},
	{"Load ignores Expires", "Load at Expires is nothing but the key, one microsecond before it is not",
		func(s *attempts, m *memory.Attempts) {
			s.load = func(ctx context.Context, key string, _ time.Time) (login.Attempts, error) {
				return m.Load(ctx, key, time.Now())
			}
		}},
	{"what has expired is in the way", "Swap of Version 0 takes the place of what has expired, and of nothing else", swapping(
		func(ctx context.Context, m *memory.Attempts, a login.Attempts, _ time.Time) error {
			return m.Swap(ctx, a, time.Now())
		})},
	{"Swap reckons in seconds", "Swap of Version 0 takes the place of what has expired, and of nothing else", swapping(
		func(ctx context.Context, m *memory.Attempts, a login.Attempts, now time.Time) error {
			return m.Swap(ctx, a, now.Add(time.Second).Truncate(time.Second))
		})},
	{"Swap goes on with what has expired", "Swap of the version that has expired is ErrConflict and changes nothing", swapping(
		func(ctx context.Context, m *memory.Attempts, a login.Attempts, now time.Time) error {
			if a.Version > 0 {
				now = time.Now()
			}
			return m.Swap(ctx, a, now)
		})},
	{"Swap cannot bring the end nearer", "Swap moves Expires in both directions", swapping(
		func(ctx context.Context, m *memory.Attempts, a login.Attempts, now time.Time) error {
			if old, err := m.Load(ctx, a.Key, now); err == nil && old.Expires.After(a.Expires) {
				a.Expires = old.Expires
			}
			return m.Swap(ctx, a, now)
		})},
	{"Load forgets what has expired", "Load by a clock that is ahead forgets nothing", func(s *attempts, m *memory.Attempts) {
		s.load = func(ctx context.Context, key string, now time.Time) (login.Attempts, error) {
			a, err := m.Load(ctx, key, now)
			if old, _ := m.Load(ctx, key, time.Time{}); err == nil && a.Version == 0 && old.Version > 0 {
				old.Expires = time.Unix(0, 0)
				err = m.Swap(ctx, old, time.Time{})
			}
			return a, err
		}
	}},
	{"Load does not tell upper from lower case", "keys compare byte for byte", func(s *attempts, m *memory.Attempts) {
		s.load = func(ctx context.Context, key string, now time.Time) (login.Attempts, error) {
			a, err := m.Load(ctx, strings.ToLower(key), now)
			a.Key = key
			return a, err
		}
	}},
	{"Swap trims", "keys compare byte for byte", counting(func(a *login.Attempts) { a.Key = strings.TrimSpace(a.Key) })},
	{"Load of NUL is an error of the driver", "a key that no store keeps is never counted",
		func(s *attempts, m *memory.Attempts) {
			s.load = func(ctx context.Context, key string, now time.Time) (login.Attempts, error) {
				if err := errEncoding(key); err != nil {
					return login.Attempts{}, err
				}
				return m.Load(ctx, key, now)
			}
		}},
	{"Swap reads to the first NUL", "a key that no store keeps is never counted",
		counting(func(a *login.Attempts) { a.Key = untilNUL(a.Key) })},
	{"a count is bounded in silence", "attempts that no store keeps are refused and change nothing",
		counting(func(a *login.Attempts) { a.Count = max(0, min(a.Count, 1_000_000)) })},
	{"a key is cut", "attempts that no store keeps are refused and change nothing",
		counting(func(a *login.Attempts) { a.Key = a.Key[:min(len(a.Key), 24)] })},
	{"what cannot be kept is an outage", "attempts that no store keeps are refused and change nothing", swapping(
		func(ctx context.Context, m *memory.Attempts, a login.Attempts, now time.Time) error {
			if a.Check() != nil {
				return auth.ErrUnavailable
			}
			return m.Swap(ctx, a, now)
		})},
	{"what cannot be kept is a conflict", "attempts that no store keeps are refused and change nothing", swapping(
		func(ctx context.Context, m *memory.Attempts, a login.Attempts, now time.Time) error {
			if a.Check() != nil {
				return login.ErrConflict
			}
			return m.Swap(ctx, a, now)
		})},
	{"Swap ignores the context", "a context that is done is an error and changes nothing", swapping(
		func(ctx context.Context, m *memory.Attempts, a login.Attempts, now time.Time) error {
			return m.Swap(context.WithoutCancel(ctx), a, now)
		})},
	{"Load of a request that has ended is nothing", "a context that is done is an error and changes nothing",
		func(s *attempts, m *memory.Attempts) {
			s.load = func(ctx context.Context, key string, now time.Time) (login.Attempts, error) {
				if ctx.Err() != nil {
					return login.Attempts{Key: key}, nil
				}
				return m.Load(ctx, key, now)
			}
		}},
	{"the first Swap compares, then writes", "one of many first Swaps wins", compareThenCount},
	{"Swap compares, then writes", "one of many Swaps wins", compareThenCount},
	{"what has expired is removed, then counted anew", "one of many who begin anew after Expires wins", compareThenCount},
	{"an attempt is free", "no attempt is lost", func(s *attempts, m *memory.Attempts) {
		var once sync.Once
		s.swap = func(ctx context.Context, a login.Attempts, now time.Time) error {
			lost := false
			if a.Version > 0 {
				once.Do(func() { lost = true })
			}
			if lost {
				return nil
			}
			return m.Swap(ctx, a, now)
		}
	}},
	{"a Swap that wins is a conflict too", "no attempt is lost", func(s *attempts, m *memory.Attempts) {
		every := sometimes(100)
		s.swap = func(ctx context.Context, a login.Attempts, now time.Time) error {
			err := m.Swap(ctx, a, now)
			if err == nil && every() {
				err = login.ErrConflict
			}
			return err
		}
	}},
	{"Load reads the count, then the delay", "no reader sees half a change", func(s *attempts, m *memory.Attempts) {
		s.load = func(ctx context.Context, key string, now time.Time) (login.Attempts, error) {
			a, err := m.Load(ctx, key, now)
			if err != nil {
				return a, err
			}
			pause()
			later, err := m.Load(ctx, key, now)
			a.Next = later.Next
			return a, err
		}
	}},
	{"Load lags behind", "no reader sees half a change", func(s *attempts, m *memory.Attempts) {
		var mu sync.Mutex
		seen := map[string]login.Attempts{}
		s.load = func(ctx context.Context, key string, now time.Time) (login.Attempts, error) {
			mu.Lock()
			defer mu.Unlock()
			if a, ok := seen[key]; ok {
				delete(seen, key)
				return a, nil
			}
			a, err := m.Load(ctx, key, now)
			seen[key] = a
			return a, err
		}
	}},
	{"an interrupted Swap is nil", "an interrupted Swap leaves the old count or the new one", swapping(
		func(ctx context.Context, m *memory.Attempts, a login.Attempts, now time.Time) error {
			if slowly(ctx) != nil {
				return nil
			}
			return m.Swap(ctx, a, now)
		})},
	{"an interrupted Swap writes half", "an interrupted Swap leaves the old count or the new one", swapping(
		func(ctx context.Context, m *memory.Attempts, a login.Attempts, now time.Time) error {
			if err := slowly(ctx); err != nil {
				a.Next = time.Time{}
				return errors.Join(err, m.Swap(context.WithoutCancel(ctx), a, now))
			}
			return m.Swap(ctx, a, now)
		})},
}

// forced is a Swap that ignores the version.
func forced(ctx context.Context, m *memory.Attempts, a login.Attempts, now time.Time) error {
	return forceAttempts(ctx, m, a, now)
}
