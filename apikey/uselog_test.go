package apikey_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/store/memory"
)

// A recorder is a store whose RecordUses does what a func says, and which counts its calls.
type recorder struct {
	*memory.APIKeys
	mu    sync.Mutex
	calls int
	fault func() error // nil is none
	most  int          // uses that were told at once
}

func (r *recorder) RecordUses(ctx context.Context, uses map[string]apikey.Use) error {
	r.mu.Lock()
	r.calls++
	fault := r.fault
	r.most = max(r.most, len(uses))
	r.mu.Unlock()
	if fault != nil {
		if err := fault(); err != nil {
			return err
		}
	}
	return r.APIKeys.RecordUses(ctx, uses)
}

// breaks sets what happens at each RecordUses from now on.
func (r *recorder) breaks(fault func() error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault = fault
}

// count returns how often RecordUses was called.
func (r *recorder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls
}

// A user is somebody with a key.
type user struct {
	*apikey.Manager
	store *recorder
	key   apikey.Key
	text  token.Secret
	log   *logbook
}

func newUser(t *testing.T, c apikey.Config) *user {
	t.Helper()
	u := &user{store: &recorder{APIKeys: memory.NewAPIKeys(nil)}, log: &logbook{}}
	c.Store, c.Logger = u.store, slog.New(slog.NewTextHandler(u.log, nil))
	u.Manager = must(apikey.New(c))
	var err error
	if u.key, u.text, err = u.Issue(t.Context(), report()); err != nil {
		t.Fatal(err)
	}
	return u
}

func (u *user) use(t *testing.T, from string) {
	t.Helper()
	if _, err := u.VerifyToken(t.Context(), auth.Credential{Token: u.text.Reveal(), Remote: from}); err != nil {
		t.Error(err)
	}
}

// last returns when and from where the store says the key was used, in seconds since then.
func (u *user) last(t *testing.T) string {
	t.Helper()
	use := must(list(t.Context(), u.Manager, ann))[0].LastUsed
	if use.At.IsZero() {
		return "never"
	}
	return fmt.Sprintf("%v ago from %v", time.Since(use.At), use.IP)
}

// Uses are written together, an interval after the first.
func TestUsesAreCollected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := newUser(t, apikey.Config{})
		for range 100 {
			u.use(t, "192.0.2.1:1000")
			time.Sleep(100 * time.Millisecond)
		}
		u.use(t, "[2001:db8::1%eth0]:1000")
		check(t, "before the interval is over", u.last(t), "never")
		time.Sleep(50*time.Second + time.Millisecond)
		synctest.Wait()
		check(t, "after it", u.last(t), "50.001s ago from 2001:db8::1")
		check(t, "writes", u.store.count(), 1)
		time.Sleep(time.Hour)
		check(t, "writes while nothing happens", u.store.count(), 1)
		u.use(t, "192.0.2.1:1000")
		check(t, "Close", u.Close(t.Context()), nil)
		check(t, "after Close", u.last(t), "0s ago from 192.0.2.1")
	})
}

// A use that a store could not take is written later, unless there was a later one.
func TestUsesAreWrittenAgain(t *testing.T) {
	for name, fault := range map[string]func() error{
		"an outage": func() error { return errors.New("connection refused") },
		"a panic":   func() error { panic("a bug") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := newUser(t, apikey.Config{UseInterval: time.Second})
				u.store.breaks(fault)
				u.use(t, "192.0.2.1:1000")
				time.Sleep(3500 * time.Millisecond)
				check(t, "during it", u.last(t), "never")
				check(t, "tries", u.store.count(), 3)
				check(t, "errors logged", strings.Count(u.log.String(), "level=ERROR msg=\"apikey: record uses"), 3)
				u.store.breaks(nil)
				time.Sleep(time.Second)
				synctest.Wait()
				check(t, "after it", u.last(t), "4.5s ago from 192.0.2.1")
				time.Sleep(time.Hour)
				check(t, "tries, once it was written", u.store.count(), 4)
			})
		})
	}
}

// A Close that fails loses nothing: it may be called again, also when its context was done.
func TestCloseThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := newUser(t, apikey.Config{})
		u.use(t, "192.0.2.1:1000")
		u.store.breaks(func() error { return errors.New("connection refused") })
		check(t, "Close in an outage", errors.Is(u.Close(t.Context()), auth.ErrUnavailable), true)
		u.store.breaks(nil)
		done, cancel := context.WithCancel(t.Context())
		cancel()
		check(t, "Close with a context that is done", errors.Is(u.Close(done), auth.ErrUnavailable), true)
		check(t, "Close", u.Close(t.Context()), nil)
		check(t, "after Close", u.last(t), "0s ago from 192.0.2.1")
		u.use(t, "192.0.2.2:1000") // verifies, and is not recorded
		time.Sleep(time.Hour)
		check(t, "an hour after Close", u.last(t), "1h0m0s ago from 192.0.2.1")
		check(t, "Close again", u.Close(t.Context()), nil)
	})
}

func TestUsesThatAreNotKept(t *testing.T) {
	tests := []struct {
		name string
		use  func(t *testing.T, u *user)
		c    apikey.Config
	}{
		{"of a key that is refused", func(t *testing.T, u *user) {
			check(t, "revoking", revoke(t.Context(), u.Manager, u.key.ID, "ann"), nil)
			_, _ = u.VerifyToken(t.Context(), auth.Credential{Token: u.text.Reveal()})
		}, apikey.Config{}},
		{"of junk", func(t *testing.T, u *user) {
			_, _ = u.VerifyToken(t.Context(), auth.Credential{Token: "sk_junk"})
		}, apikey.Config{}},
		{"where nobody wants them", func(t *testing.T, u *user) { u.use(t, "") }, apikey.Config{UseInterval: -1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := newUser(t, tt.c)
				tt.use(t, u)
				time.Sleep(time.Hour)
				check(t, "Close", u.Close(t.Context()), nil)
				check(t, "writes", u.store.count(), 0)
			})
		})
	}
}

// A store that is no UseRecorder is told nothing, and Close is nothing.
func TestStoreWithoutUses(t *testing.T) {
	keys := must(apikey.New(apikey.Config{Store: struct{ apikey.Store }{memory.NewAPIKeys(nil)}}))
	_, text, err := keys.Issue(t.Context(), report())
	check(t, "Issue", err, nil)
	_, err = keys.VerifyToken(t.Context(), auth.Credential{Token: text.Reveal(), Remote: "192.0.2.1:1000"})
	check(t, "VerifyToken", err, nil)
	check(t, "Close", keys.Close(t.Context()), nil)
}

// While a store is down, uses of 10,000 keys are kept, not of any number.
func TestUsesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := newUser(t, apikey.Config{})
		u.store.breaks(func() error { return errors.New("connection refused") })
		const many = 10_001
		for range many {
			_, text, err := u.Issue(t.Context(), report())
			check(t, "Issue", err, nil)
			_, err = u.VerifyToken(t.Context(), auth.Credential{Token: text.Reveal()})
			check(t, "VerifyToken", err, nil)
		}
		u.store.breaks(nil)
		check(t, "Close", u.Close(t.Context()), nil)
		used := map[bool]int{}
		for _, k := range must(list(t.Context(), u.Manager, ann)) {
			used[!k.LastUsed.At.IsZero()]++
		}
		check(t, "keys with a use", used[true], many-1)
		check(t, "keys without", used[false], 2)
	})
}

// An outage that lasts does not let them grow: what was given back counts too.
func TestUsesAreBoundedThroughAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := newUser(t, apikey.Config{})
		u.store.breaks(func() error { time.Sleep(time.Second); return errors.New("connection refused") })
		for range 3 {
			for range 10_000 {
				_, text, err := u.Issue(t.Context(), report())
				check(t, "Issue", err, nil)
				_, err = u.VerifyToken(t.Context(), auth.Credential{Token: text.Reveal()})
				check(t, "VerifyToken", err, nil)
			}
			time.Sleep(time.Minute + 500*time.Millisecond) // in the middle of a write that fails
		}
		time.Sleep(time.Hour)
		u.store.mu.Lock()
		defer u.store.mu.Unlock()
		check(t, "the most that were written at once", u.store.most, 10_000)
	})
}

// Close waits for a write that is under way no longer than its context allows.
func TestCloseEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := newUser(t, apikey.Config{StoreTimeout: time.Hour})
		u.store.breaks(func() error { time.Sleep(30 * time.Minute); return nil })
		u.use(t, "192.0.2.1:1000")
		time.Sleep(time.Minute + time.Second) // in the middle of a write that hangs
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		started := time.Now()
		check(t, "Close", errors.Is(u.Close(ctx), auth.ErrUnavailable), true)
		check(t, "it took", time.Since(started), time.Second)
		u.store.breaks(nil)
		time.Sleep(time.Hour)
		check(t, "Close, once it does not hang", u.Close(t.Context()), nil)
	})
}

// Many requests, writes and a Close at once lose nothing.
func TestUsesInParallel(t *testing.T) {
	u := newUser(t, apikey.Config{UseInterval: time.Microsecond})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 200 {
				u.use(t, "192.0.2.1:1000")
			}
		})
	}
	wg.Wait()
	before := time.Now().Truncate(time.Microsecond)
	u.use(t, "192.0.2.2:1000")
	check(t, "Close", u.Close(t.Context()), nil)
	use := must(list(t.Context(), u.Manager, ann))[0].LastUsed
	check(t, "the last use is kept", use.At.Before(before), false)
	check(t, "and where from", use.IP.String(), "192.0.2.2")
}
