package storetest_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/store/memory"
)

// brokenTokenRaces have their faults in what many do at once, or what becomes of a call whose context ends.
var brokenTokenRaces = []broken[*tokens, *memory.OneTimeTokens]{
	{"Consume reads, then removes", "one of many Consumes gets the token", readThenRemove},
	{"Consume that loses a race is a conflict", "one of many Consumes gets the token",
		func(s *tokens, m *memory.OneTimeTokens) {
			var mu sync.Mutex
			s.consume = func(ctx context.Context, id string, d token.Digest, now time.Time) (login.OneTimeToken, error) {
				if !mu.TryLock() {
					return login.OneTimeToken{}, login.ErrConflict
				}
				defer mu.Unlock()
				pause()
				return m.Consume(ctx, id, d, now)
			}
		}},
	{"Consume takes the token, then puts it back", "one of many Consumes gets the token, whatever digests others try",
		consuming(func(
			ctx context.Context, m *memory.OneTimeTokens, id string, d token.Digest, now time.Time,
		) (login.OneTimeToken, error) {
			t, err := m.Get(ctx, id, now)
			if err != nil {
				return t, err
			}
			if t.Digest.Equal(d) {
				pause() // or it might be taken before anybody has guessed at it
				return m.Consume(ctx, id, d, now)
			}
			if t, err = m.Consume(ctx, id, t.Digest, now); err != nil {
				return t, err
			}
			time.AfterFunc(time.Second, func() { _ = m.Put(context.WithoutCancel(ctx), t) })
			return login.OneTimeToken{}, login.ErrNotFound
		})},
	{"Put looks for the older token, then writes beside it", "of many Puts at once one is good, whole",
		func(s *tokens, m *memory.OneTimeTokens) {
			var mu sync.Mutex
			beside := map[token.Digest]login.OneTimeToken{}
			s.put = func(ctx context.Context, t login.OneTimeToken) error {
				mu.Lock()
				beside[t.Digest] = t
				mu.Unlock()
				return m.Put(ctx, t)
			}
			s.consume = func(_ context.Context, _ string, d token.Digest, _ time.Time) (login.OneTimeToken, error) {
				mu.Lock()
				defer mu.Unlock()
				if t, ok := beside[d]; ok {
					delete(beside, d)
					return t, nil
				}
				return login.OneTimeToken{}, login.ErrNotFound
			}
		}},
	{"Put that loses a race is an error", "of many Puts at once one is good, whole", func(s *tokens, m *memory.OneTimeTokens) {
		var mu sync.Mutex
		s.put = func(ctx context.Context, t login.OneTimeToken) error {
			if !mu.TryLock() {
				return login.ErrConflict
			}
			defer mu.Unlock()
			pause()
			return m.Put(ctx, t)
		}
	}},
	{"Consume reads, then removes whatever is there", "no token is good twice while others Put and Consume", readThenRemove},
	{"Delete that loses a race is an error", "Consume gets nothing after Delete", func(s *tokens, m *memory.OneTimeTokens) {
		var mu sync.Mutex
		s.delete = func(ctx context.Context, id string) error {
			if !mu.TryLock() {
				return login.ErrConflict
			}
			defer mu.Unlock()
			pause()
			return m.Delete(ctx, id)
		}
	}},
	{"Get reads the digest, then the data", "no reader sees half a token", func(s *tokens, m *memory.OneTimeTokens) {
		s.get = func(ctx context.Context, id string, now time.Time) (login.OneTimeToken, error) {
			t, err := m.Get(ctx, id, now)
			if err != nil {
				return t, err
			}
			pause()
			later, err := m.Get(ctx, id, now)
			t.Data = later.Data
			return t, err
		}
	}},
	{"an interrupted Put is nil", "an interrupted Put leaves the old token or the new one",
		func(s *tokens, m *memory.OneTimeTokens) {
			s.put = func(ctx context.Context, t login.OneTimeToken) error {
				if slowly(ctx) != nil {
					return nil
				}
				return m.Put(ctx, t)
			}
		}},
	{"Put deletes, then writes", "an interrupted Put leaves the old token or the new one",
		func(s *tokens, m *memory.OneTimeTokens) {
			s.put = func(ctx context.Context, t login.OneTimeToken) error {
				if err := m.Delete(ctx, t.ID); err != nil {
					return err
				}
				if err := slowly(ctx); err != nil {
					return err
				}
				return m.Put(ctx, t)
			}
		}},
	{"an interrupted Consume returns the token, and leaves it", "an interrupted Consume leaves the token or nothing",
		consuming(func(
			ctx context.Context, m *memory.OneTimeTokens, id string, d token.Digest, now time.Time,
		) (login.OneTimeToken, error) {
			t, err := m.Get(ctx, id, now)
			if err != nil || t.Digest != d {
				return login.OneTimeToken{}, errors.Join(err, login.ErrNotFound)
			}
			if slowly(ctx) != nil {
				return t, nil
			}
			return m.Consume(ctx, id, d, now)
		})},
	{"an interrupted Consume is a no", "an interrupted Consume leaves the token or nothing",
		consuming(func(
			ctx context.Context, m *memory.OneTimeTokens, id string, d token.Digest, now time.Time,
		) (login.OneTimeToken, error) {
			if slowly(ctx) != nil {
				return login.OneTimeToken{}, login.ErrNotFound
			}
			return m.Consume(ctx, id, d, now)
		})},
	{"an interrupted Delete is nil", "an interrupted Delete leaves the token or nothing",
		func(s *tokens, m *memory.OneTimeTokens) {
			s.delete = func(ctx context.Context, id string) error {
				if slowly(ctx) != nil {
					return nil
				}
				return m.Delete(ctx, id)
			}
		}},
}
