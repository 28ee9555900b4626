package drivertest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// eachSessionStore runs f with a store of each kind.
func eachSessionStore(t *testing.T, f func(t *testing.T, store session.Store)) {
	t.Run("memory", func(t *testing.T) { f(t, memory.NewSessions(nil)) })
	eachBackend(t, func(t *testing.T, d *database) { f(t, d.Sessions()) })
	t.Run("Redis", func(t *testing.T) { f(t, redisStores(t, redisClient(t)).sessions) })
}

// newSessions returns a manager of sessions that writes each use.
func newSessions(t *testing.T, store session.Store, change func(*session.Config)) *session.Manager {
	t.Helper()
	c := session.Config{
		Store: store, Keys: [][]byte{[]byte("a key of 32 bytes or more, for tests")},
		RenewInterval: time.Nanosecond, StoreTimeout: patience,
	}
	change(&c)
	m, err := session.New(c)
	must(t, err)
	return m
}

func newRequest(t *testing.T) *http.Request {
	t.Helper()
	return httptest.NewRequestWithContext(t.Context(), http.MethodPost, "https://app.example/login", nil)
}

// Saves are what requests do to a session while its user logs out elsewhere.
var saves = []func(ctx context.Context, m *session.Manager, tokens session.Tokens) error{
	func(ctx context.Context, m *session.Manager, tokens session.Tokens) error {
		return m.Renew(ctx, tokens.Context.SessionID)
	},
	func(ctx context.Context, m *session.Manager, tokens session.Tokens) error {
		return m.Update(ctx, tokens.Context.SessionID, func(auth.Metadata) (auth.Metadata, error) {
			return auth.RawMetadata(`{"saved":true}`), nil
		})
	},
	func(ctx context.Context, m *session.Manager, tokens session.Tokens) error {
		_, err := m.Refresh(ctx, tokens.Refresh.Reveal())
		return err
	},
	func(ctx context.Context, m *session.Manager, tokens session.Tokens) error {
		_, err := m.RotateTokens(ctx, tokens.Context.SessionID, nil)
		return err
	},
}

// Logouts are the ways to log out.
var logouts = []func(ctx context.Context, m *session.Manager, ac auth.AuthContext) error{
	func(ctx context.Context, m *session.Manager, ac auth.AuthContext) error {
		return m.End(ctx, ac.SessionID)
	},
	func(ctx context.Context, m *session.Manager, ac auth.AuthContext) error {
		_, err := m.EndAll(ctx, ac.Actor, "")
		return err
	},
	func(ctx context.Context, m *session.Manager, ac auth.AuthContext) error {
		_, err := m.EndIdentity(ctx, ac.IdentityID, "")
		return err
	},
}

// A request saves a session while it is ended: whichever comes first, it is gone afterwards. 10,000 times for each store.
func TestNoSessionComesBack(t *testing.T) {
	const workers, rounds = 10, 1_000
	eachSessionStore(t, func(t *testing.T, store session.Store) {
		m := newSessions(t, store, func(*session.Config) {})
		var back atomic.Int64
		for _, err := range together(workers, func(worker int) error {
			for round := range rounds {
				gone, err := outlives(t, m, store, worker+round)
				if err != nil {
					return err
				}
				if !gone {
					back.Add(1)
				}
			}
			return nil
		}) {
			must(t, err)
		}
		check(t, "sessions that came back", back.Load(), 0)
		t.Logf("%d interleavings, %d back", workers*rounds, back.Load())
	})
}

// outlives logs somebody in, saves the session and ends it at once, and reports whether it is gone.
func outlives(t *testing.T, m *session.Manager, store session.Store, n int) (gone bool, err error) {
	ctx := t.Context()
	actor := somebody()
	tokens, err := m.StartTokens(newRequest(t), session.Login{Actor: actor, IdentityID: "of " + actor.ID})
	if err != nil {
		return false, err
	}
	errs := together(2, func(i int) error {
		if i == 0 {
			return logouts[n%len(logouts)](ctx, m, tokens.Context)
		}
		err := saves[n/len(logouts)%len(saves)](ctx, m, tokens)
		if errors.Is(err, session.ErrNotFound) || errors.Is(err, auth.ErrInvalidCredentials) {
			return nil // it came too late
		}
		return err
	})
	if err := errors.Join(errs...); err != nil {
		return false, err
	}
	_, err = store.Get(ctx, tokens.Context.SessionID, time.Now())
	return errors.Is(err, session.ErrNotFound), nil
}

// A session is followed by that of another actor while those of the identity are ended: none of the two goes on. 2,000 times
// for each store.
func TestNoSuccessorGoesOn(t *testing.T) {
	const workers, rounds = 4, 500
	eachSessionStore(t, func(t *testing.T, store session.Store) {
		m := newSessions(t, store, func(*session.Config) {})
		for _, err := range together(workers, func(int) error {
			for range rounds {
				if err := endsWithSuccessor(t, m, store); err != nil {
					return err
				}
			}
			return nil
		}) {
			must(t, err)
		}
	})
}

// endsWithSuccessor logs somebody in who becomes an actor while their sessions are ended, and says whether one goes on.
func endsWithSuccessor(t *testing.T, m *session.Manager, store session.Store) error {
	ctx, actor := t.Context(), somebody()
	before, err := m.StartTokens(newRequest(t), session.Login{Actor: auth.Actor{Type: actor.Type}, IdentityID: "of " + actor.ID})
	if err != nil {
		return err
	}
	after := before
	errs := together(2, func(i int) error {
		if i == 0 {
			_, err := m.EndIdentity(ctx, before.Context.IdentityID, "")
			return err
		}
		next, err := m.RotateTokens(ctx, before.Context.SessionID, func(l *session.Login) { l.Actor = actor })
		switch {
		case err == nil:
			after = next
		case errors.Is(err, auth.ErrInvalidCredentials):
			return nil // it came too late
		}
		return err
	})
	for _, tokens := range []session.Tokens{before, after} {
		if _, err := store.Get(ctx, tokens.Context.SessionID, time.Now()); !errors.Is(err, session.ErrNotFound) {
			errs = append(errs, fmt.Errorf("a session that goes on: %v", err))
		}
	}
	return errors.Join(errs...)
}

// Two requests each add 1 to a value of one session, again and again: none of it is lost.
func TestNoUpdateIsLost(t *testing.T) {
	const callers, rounds = 2, 500
	type values struct{ Count int }
	eachSessionStore(t, func(t *testing.T, store session.Store) {
		m := newSessions(t, store, func(*session.Config) {})
		tokens, err := m.StartTokens(newRequest(t), session.Login{Actor: somebody()})
		must(t, err)
		for _, err := range together(callers, func(int) error {
			for range rounds {
				if err := m.Update(t.Context(), tokens.Context.SessionID, func(kept auth.Metadata) (auth.Metadata, error) {
					var v values
					if err := kept.Decode(&v); err != nil {
						return kept, err
					}
					v.Count++
					return auth.NewMetadata(v)
				}); err != nil {
					return err
				}
			}
			return nil
		}) {
			must(t, err)
		}
		rec, err := store.Get(t.Context(), tokens.Context.SessionID, time.Now())
		must(t, err)
		var v values
		must(t, rec.Values.Decode(&v))
		check(t, "count", v.Count, callers*rounds)
	})
}

// Many log in at once who may have three sessions: there are never more, and never fewer where the oldest make room.
func TestLimitOfManyLogins(t *testing.T) {
	const limit, logins = 3, 16
	eachSessionStore(t, func(t *testing.T, store session.Store) {
		for name, evict := range map[string]bool{"the oldest make room": true, "refused": false} {
			t.Run(name, func(t *testing.T) {
				m := newSessions(t, store, func(c *session.Config) { c.MaxPerActor, c.EvictOldest = limit, evict })
				actor := somebody()
				let := 0
				for i, err := range together(logins, func(int) error {
					_, err := m.StartTokens(newRequest(t), session.Login{Actor: actor})
					return err
				}) {
					if err != nil && (evict || !errors.Is(err, session.ErrLimit)) {
						t.Errorf("log-in %d: %v", i, err)
					}
					let += map[bool]int{true: 1}[err == nil]
				}
				list, err := m.List(t.Context(), actor)
				must(t, err)
				if want := min(let, limit); len(list) != want {
					t.Errorf("%d sessions, want %d after %d log-ins that were let in", len(list), want, let)
				}
				if let > limit && !evict {
					t.Errorf("%d log-ins were let in, %d may be", let, limit)
				}
			})
		}
	})
}
