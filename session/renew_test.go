package session_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// uses are the ways to use a session. Each reports whether it was good.
var uses = map[string]func(b *browser) bool{
	"a request": func(b *browser) bool { return b.get("/me").Status == 200 },
	"Renew":     func(b *browser) bool { return b.site.Renew(context.Background(), b.id) == nil },
	"Ended":     func(b *browser) bool { return !must(b.site.Ended(context.Background(), b.id)) },
}

func TestUse(t *testing.T) {
	every := func(wait time.Duration, times int) []time.Duration {
		return slices.Repeat([]time.Duration{wait}, times)
	}
	hour := func(c *session.Config) { c.Lifetime = time.Hour }
	tests := []struct {
		name   string
		change func(*session.Config)
		waits  []time.Duration // before each use
		good   bool            // the last use; all others are
		writes int
	}{
		{"at once", nil, every(0, 3), true, 0},
		{"a moment before the idle timeout", nil, every(30*time.Minute-time.Microsecond, 1), true, 1},
		{"at the idle timeout", nil, every(30*time.Minute, 1), false, 0},
		{"long after the idle timeout", nil, every(100*time.Hour, 1), false, 0},
		{"often enough, for long", nil, every(29*time.Minute, 40), true, 40},
		{"once, and then not for the idle timeout", nil, []time.Duration{29 * time.Minute, 30 * time.Minute}, false, 1},
		{"many times within the renewal interval", nil, every(time.Second, 59), true, 0},
		{"each second for an hour", nil, every(time.Second, 3600-1), true, 59},
		{"just at the renewal interval", nil, every(time.Minute, 10), true, 10},
		{"twice in each renewal interval", nil, every(30*time.Second, 10), true, 5},
		{"a moment before the end of the lifetime", hour, append(every(12*time.Minute, 4), 12*time.Minute-1), true, 5},
		{"at the end of the lifetime", hour, every(12*time.Minute, 5), false, 4},
		{"first at the end of a lifetime that is the idle timeout", func(c *session.Config) { c.Lifetime, c.IdleTimeout = time.Hour, time.Hour },
			every(time.Hour, 1), false, 0},
		{"with the shortest timeout", func(c *session.Config) { c.IdleTimeout = time.Second }, every(time.Second-time.Microsecond, 3), true, 3},
		{"by the shortest timeout", func(c *session.Config) { c.IdleTimeout = time.Second }, every(time.Second, 1), false, 0},
	}
	for _, tt := range tests {
		for how, use := range uses {
			t.Run(tt.name+" by "+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newSite(tt.change).logIn()
					last := len(tt.waits) - 1
					for i, wait := range tt.waits {
						time.Sleep(wait)
						check(t, fmt.Sprint("use ", i), use(b), tt.good || i < last)
					}
					check(t, "writes", b.site.store.count("Replace"), tt.writes)
				})
			})
		}
	}
}

// No record, at any time, says that its session goes on beyond its lifetime.
func TestNothingIsWrittenBeyondTheLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSite(func(c *session.Config) { c.Lifetime = 70 * time.Minute }).logIn()
		ends := time.Now().Add(70 * time.Minute)
		for range 6 {
			time.Sleep(10 * time.Minute)
			b.post("/rotate")
			b.get("/me")
			rec := must(b.site.store.inner.Get(t.Context(), b.id, time.Now()))
			check(t, "the end of the lifetime moved", rec.EndsBy.Equal(ends), true)
			check(t, "the session outlives its lifetime", rec.Expires.After(rec.EndsBy), false)
		}
		time.Sleep(10 * time.Minute)
		check(t, "a request then", b.get("/me"), unauthorized(clearing))
	})
}

// Many requests at the time of a renewal: all pass, and one of them writes.
func TestRenewalByManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSite(nil).logIn()
		time.Sleep(time.Minute)
		var wg sync.WaitGroup
		for range 64 {
			one := *b
			wg.Go(func() { check(t, "a request", one.get("/me"), passed("user ann")) })
		}
		wg.Wait()
		rec := must(b.site.store.inner.Get(t.Context(), b.id, time.Now()))
		check(t, "the version", rec.Version, 2)
	})
}

// A use that could not be noted is still one: the store said that the session is good.
func TestRenewalThatFails(t *testing.T) {
	tests := []struct {
		name  string
		fault fault
		logs  int
	}{
		{"the store is read-only", answering(errRefused), 2},
		{"the store writes, but does not say so", losing(errRefused), 1},
		{"the store is asked too much", hanging, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newSite(nil).logIn()
				b.site.store.on("Replace", tt.fault)
				time.Sleep(time.Minute)
				check(t, "a request", b.get("/me"), passed("user ann"))
				check(t, "asking Ended", must(b.site.Ended(t.Context(), b.id)), false)
				log := b.site.log.String()
				check(t, "failures logged", strings.Count(log, "level=ERROR msg=\"session: renewal\" session="+b.id), tt.logs)
				check(t, "the cookie is in the log", strings.Contains(log, b.value()) || strings.Contains(log, open(b.value())), false)
			})
		})
	}
}

// Renew is told what a request is not: whoever calls it has time to ask again.
func TestRenewThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSite(nil).logIn()
		time.Sleep(time.Minute)
		b.site.store.once("Replace", answering(errRefused))
		check(t, "Renew is unavailable", errors.Is(b.site.Renew(t.Context(), b.id), auth.ErrUnavailable), true)
		check(t, "Renew, again", b.site.Renew(t.Context(), b.id), nil)
		time.Sleep(30*time.Minute - 1)
		check(t, "a request", b.get("/me"), passed("user ann"))
	})
}

// A client that hangs up while its use is noted is no failure of ours, and nothing to wake anybody for.
func TestRenewalThatTheClientLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSite(nil).logIn()
		time.Sleep(time.Minute)
		ctx, leave := context.WithCancel(t.Context())
		b.site.store.on("Replace", func(ctx context.Context, call func() error) error {
			leave()
			return hanging(ctx, call)
		})
		b.site.send(request("GET", "/me", "Cookie: "+b.cookie).WithContext(ctx))
		check(t, "logged as an error", strings.Contains(b.site.log.String(), "level=ERROR"), false)
	})
}

// However many uses of a session are written at once, none of them is refused for that.
func TestRenewalThatIsAlwaysOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSite(nil).logIn()
		time.Sleep(time.Minute) // a renewal is due
		b.site.store.on("Replace", answering(session.ErrConflict))
		check(t, "a request", b.get("/me"), passed("user ann"))
		check(t, "tries", b.site.store.count("Replace"), 1)
	})
}
