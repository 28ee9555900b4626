package login_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

// Faults are what happens at the calls of a store, by their verbs.
type faults struct {
	mu     sync.Mutex
	counts map[string]int
	at     map[string]fault
}

// A fault is what happens at a call of the store, which it makes or not.
type fault func(ctx context.Context, call func() error) error

// on has f happen at each call of verb from now on; nil heals it.
func (s *faults) on(verb string, f fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == nil {
		s.at = map[string]fault{}
	}
	s.at[verb] = f
}

// nth has f happen at the nth call of verb from now on, and nothing at others.
func (s *faults) nth(verb string, n int, f fault) {
	var mu sync.Mutex
	s.on(verb, func(ctx context.Context, call func() error) error {
		mu.Lock()
		n--
		now := n == 0
		mu.Unlock()
		if now {
			return f(ctx, call)
		}
		return call()
	})
}

// calls returns how often the store was called.
func (s *faults) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.counts {
		n += c
	}
	return n
}

func (s *faults) do(ctx context.Context, verb string, call func() error) error {
	s.mu.Lock()
	if s.counts == nil {
		s.counts = map[string]int{}
	}
	s.counts[verb]++
	f := s.at[verb]
	s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if f == nil {
		return call()
	}
	return f(ctx, call)
}

var (
	errRefused   = errors.New("dial tcp: connection refused")
	errCancelled = context.Canceled
	errLate      = os.ErrDeadlineExceeded
)

// answering is the fault of a store that does nothing but return err.
func answering(err error) fault {
	return func(context.Context, func() error) error { return err }
}

// hanging is the fault of a store that does not answer.
func hanging(ctx context.Context, _ func() error) error {
	<-ctx.Done()
	return fmt.Errorf("store: %w", ctx.Err())
}

// hangingAfter is the fault of a store that does all, and does not answer.
func hangingAfter(ctx context.Context, call func() error) error {
	_ = call()
	return hanging(ctx, call)
}

// losing is the fault of a store whose answer is lost when all is done.
func losing(_ context.Context, call func() error) error {
	_ = call()
	return errRefused
}

// tokenStore keeps one-time tokens in a map.
type tokenStore struct {
	faults
	kept map[string]login.OneTimeToken
	edit func(*login.OneTimeToken) // what Get and Consume return, if it is not nil
}

func newTokenStore() *tokenStore { return &tokenStore{kept: map[string]login.OneTimeToken{}} }

// locked calls f while nobody else does.
func (s *faults) locked(f func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f()
}

func (s *tokenStore) Put(ctx context.Context, t login.OneTimeToken) error {
	return s.do(ctx, "Put", func() error {
		return s.locked(func() error {
			if err := t.Check(); err != nil {
				return err
			}
			s.kept[t.ID] = t
			return nil
		})
	})
}

func (s *tokenStore) Get(ctx context.Context, id string, now time.Time) (login.OneTimeToken, error) {
	var t login.OneTimeToken
	err := s.do(ctx, "Get", func() error {
		return s.locked(func() (err error) { t, err = s.find(id, now); return err })
	})
	return t, err
}

func (s *tokenStore) Consume(ctx context.Context, id string, d token.Digest, now time.Time) (login.OneTimeToken, error) {
	var t login.OneTimeToken
	err := s.do(ctx, "Consume", func() error {
		return s.locked(func() (err error) {
			if t, err = s.find(id, now); err == nil && !s.kept[id].Digest.Equal(d) {
				t, err = login.OneTimeToken{}, login.ErrNotFound
			}
			if err == nil {
				delete(s.kept, id)
			}
			return err
		})
	})
	return t, err
}

func (s *tokenStore) find(id string, now time.Time) (login.OneTimeToken, error) {
	t, ok := s.kept[id]
	if !ok || !now.Before(t.Expires) {
		return login.OneTimeToken{}, login.ErrNotFound
	}
	if s.edit != nil {
		s.edit(&t)
	}
	return t, nil
}

func (s *tokenStore) Delete(ctx context.Context, id string) error {
	return s.do(ctx, "Delete", func() error {
		return s.locked(func() error { delete(s.kept, id); return nil })
	})
}

// all returns what is kept.
func (s *tokenStore) all() []login.OneTimeToken { return slices.Collect(maps.Values(s.kept)) }

// attemptStore counts in a map.
type attemptStore struct {
	faults
	kept map[string]login.Attempts
	edit func(*login.Attempts) // what Load returns, if it is not nil
}

func newAttemptStore() *attemptStore { return &attemptStore{kept: map[string]login.Attempts{}} }

func (s *attemptStore) Load(ctx context.Context, key string, now time.Time) (login.Attempts, error) {
	var a login.Attempts
	err := s.do(ctx, "Load", func() error {
		return s.locked(func() error {
			a = s.live(key, now)
			if s.edit != nil {
				s.edit(&a)
			}
			return nil
		})
	})
	return a, err
}

func (s *attemptStore) live(key string, now time.Time) login.Attempts {
	if a, ok := s.kept[key]; ok && now.Before(a.Expires) {
		return a
	}
	return login.Attempts{Key: key}
}

func (s *attemptStore) Swap(ctx context.Context, a login.Attempts, now time.Time) error {
	return s.do(ctx, "Swap", func() error {
		return s.locked(func() error {
			if err := a.Check(); err != nil {
				return err
			}
			if s.live(a.Key, now).Version != a.Version {
				return login.ErrConflict
			}
			a.Version++
			s.kept[a.Key] = a
			return nil
		})
	})
}

// all returns what is counted.
func (s *attemptStore) all() []login.Attempts { return slices.Collect(maps.Values(s.kept)) }
