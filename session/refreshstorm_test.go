package session_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/session"
)

// Many tabs in front of two processes use one token at once: one generation advances, and all get the token that is current.
func TestRefreshStorm(t *testing.T) {
	for range 20 {
		c := newClient(func(c *session.Config) { c.RenewInterval = 1 })
		other := newSite(func(config *session.Config) { config.Store = c.site.store })
		got := make([]string, 64)
		errs := make([]error, len(got))
		var wg sync.WaitGroup
		for i := range got {
			m := []*session.Manager{c.site.Manager, other.Manager}[i%2]
			wg.Go(func() {
				tokens, err := m.Refresh(context.Background(), c.tokens[0])
				got[i], errs[i] = tokens.Refresh.Reveal(), err
			})
		}
		wg.Wait()
		for i := range got {
			check(t, "an error", errs[i], nil)
			check(t, "a token", got[i], c.site.RefreshToken(c.id, 1))
		}
		rec := must(c.site.store.inner.Get(t.Context(), c.id, time.Now()))
		check(t, "generations", rec.Counter, 1)
		c.tokens = append(c.tokens, got[0])
		check(t, "the token works", c.refresh(1), "2")
		check(t, "told of reuse", len(c.reused), 0)
	}
}

// Many use an old token at once, in two processes: the session ends, and one of them says so.
func TestReuseStorm(t *testing.T) {
	for range 20 {
		var mu sync.Mutex
		told := 0
		onReuse := func(context.Context, session.Record) { mu.Lock(); told++; mu.Unlock() }
		c := newClient(func(c *session.Config) { c.OnReuse = onReuse })
		other := newSite(func(config *session.Config) { config.Store, config.OnReuse = c.site.store, onReuse })
		c.refresh(0)
		c.refresh(1)
		var wg sync.WaitGroup
		for i := range 64 {
			m := []*session.Manager{c.site.Manager, other.Manager}[i%2]
			wg.Go(func() {
				_, err := m.Refresh(context.Background(), c.tokens[i/2%2*2])
				check(t, "not invalid, and no token", err != nil && !isInvalid(err), false)
			})
		}
		wg.Wait()
		check(t, "told", told, 1)
		check(t, "the session goes on", c.alive(), false)
	}
}

// Clocks of processes differ: the one that is behind neither takes a token for stolen nor an end for none.
func TestRefreshByAClockThatIsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(nil)
		ahead := &shifted{c.site.store, 5 * time.Second}
		other := must(session.New(session.Config{Store: ahead, Keys: [][]byte{keyA}, Logger: slog.New(slog.DiscardHandler)}))
		must(other.Refresh(t.Context(), c.tokens[0]))
		check(t, "the token before", c.refresh(0), "1")
		c.refresh(1)
		c.site.store.on("Delete", answering(errRefused)) // so that only the record tells
		_, err := other.Refresh(t.Context(), c.tokens[0])
		check(t, "reuse is found", isInvalid(err), true)
		for nth := range c.tokens {
			check(t, "a token where the clock is behind", c.refresh(nth), "invalid")
		}
		check(t, "told where the clock is behind", len(c.reused), 0)
	})
}

// A shifted store is used by a process whose clock is ahead.
type shifted struct {
	session.Store
	ahead time.Duration
}

func (s *shifted) Get(ctx context.Context, id string, now time.Time) (session.Record, error) {
	rec, err := s.Store.Get(ctx, id, now)
	rec.Refreshed = back(rec.Refreshed, -s.ahead)
	return rec, err
}

func (s *shifted) Replace(ctx context.Context, rec session.Record, now time.Time) error {
	rec.Refreshed = back(rec.Refreshed, s.ahead)
	if !rec.Expires.After(now) {
		rec.Expires = rec.Expires.Add(s.ahead)
	}
	return s.Store.Replace(ctx, rec, now)
}

// back returns t as a clock that is off by d tells it.
func back(t time.Time, d time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(d)
}
