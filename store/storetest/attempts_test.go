package storetest_test

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/store/memory"
	"github.com/countersign-go/countersign/store/storetest"
)

// An attempts store does what its funcs do: at first that is right.
type attempts struct {
	load func(ctx context.Context, key string, now time.Time) (login.Attempts, error)
	swap func(ctx context.Context, a login.Attempts, now time.Time) error
}

func newAttempts(m *memory.Attempts) *attempts { return &attempts{m.Load, m.Swap} }

func (s *attempts) Load(ctx context.Context, key string, now time.Time) (login.Attempts, error) {
	return s.load(ctx, key, now)
}

func (s *attempts) Swap(ctx context.Context, a login.Attempts, now time.Time) error {
	return s.swap(ctx, a, now)
}

// TestBrokenAttemptStores shows that the suite finds each fault, and that each of its cases can fail.
func TestBrokenAttemptStores(t *testing.T) {
	idle := maps.Clone(storetest.AttemptCases)
	for _, broken := range brokenAttempts {
		inBubble(t, broken.fault, func(t *testing.T) {
			m := memory.NewAttempts(nil)
			s := newAttempts(m)
			broken.breaking(s, m)
			if storetest.AttemptCases[broken.fails](t.Context(), s) == nil {
				t.Errorf("%q finds nothing wrong", broken.fails)
			}
		})
		delete(idle, broken.fails)
	}
	for name := range idle {
		t.Errorf("no store fails %q", name)
	}
}

// TestRightAttemptStores shows that the suite demands nothing that the interface does not.
func TestRightAttemptStores(t *testing.T) {
	shared := memory.NewAttempts(nil)
	for name, open := range map[string]func() login.AttemptStore{
		"a new one for each case":    func() login.AttemptStore { return memory.NewAttempts(nil) },
		"the same one for all cases": func() login.AttemptStore { return shared },
		"one that wraps its errors":  func() login.AttemptStore { return wrappedAttempts(memory.NewAttempts(nil)) },
	} {
		t.Run(name, func(t *testing.T) {
			storetest.TestAttempts(t, func(testing.TB) login.AttemptStore { return open() })
		})
	}
}

func wrappedAttempts(m *memory.Attempts) login.AttemptStore {
	s := newAttempts(m)
	s.load = func(ctx context.Context, key string, now time.Time) (login.Attempts, error) {
		a, err := m.Load(ctx, key, now)
		a.Next, a.Expires = inLocal(a.Next), inLocal(a.Expires)
		return a, wrap(err)
	}
	s.swap = func(ctx context.Context, a login.Attempts, now time.Time) error { return wrap(m.Swap(ctx, a, now)) }
	return s
}

// inLocal returns t in the zone of the machine, as drivers do, and the zero time as it is.
func inLocal(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Local()
}

// In a test of your store, write this func as func TestAttempts(t *testing.T), and open your store instead of memory's.
func ExampleTestAttempts() {
	testAttempts := func(t *testing.T) {
		storetest.TestAttempts(t, func(testing.TB) login.AttemptStore { return memory.NewAttempts(nil) })
	}
	_ = testAttempts
}

// counting has Swap keep what change makes of attempts.
func counting(change func(*login.Attempts)) func(*attempts, *memory.Attempts) {
	return func(s *attempts, m *memory.Attempts) {
		s.swap = func(ctx context.Context, a login.Attempts, now time.Time) error {
			change(&a)
			return m.Swap(ctx, a, now)
		}
	}
}

// loading has Load return what change makes of attempts.
func loading(change func(*login.Attempts)) func(*attempts, *memory.Attempts) {
	return func(s *attempts, m *memory.Attempts) {
		s.load = func(ctx context.Context, key string, now time.Time) (login.Attempts, error) {
			a, err := m.Load(ctx, key, now)
			change(&a)
			return a, err
		}
	}
}

// forceAttempts keeps a, whatever version is there.
func forceAttempts(ctx context.Context, m *memory.Attempts, a login.Attempts, now time.Time) error {
	for {
		current, err := m.Load(ctx, a.Key, now)
		if err != nil {
			return err
		}
		a.Version = current.Version
		if err := m.Swap(ctx, a, now); !errors.Is(err, login.ErrConflict) {
			return err
		}
	}
}

// compareThenCount makes Swap two steps.
func compareThenCount(s *attempts, m *memory.Attempts) {
	s.swap = func(ctx context.Context, a login.Attempts, now time.Time) error {
		current, err := m.Load(ctx, a.Key, now)
		if err != nil {
			return err
		}
		if current.Version != a.Version {
			return login.ErrConflict
		}
		pause()
		return forceAttempts(ctx, m, a, now)
	}
}
