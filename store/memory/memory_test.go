package memory_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
	"github.com/countersign-go/countersign/store/storetest"
)

func TestSessions(t *testing.T) {
	storetest.TestSessionStore(t, func(testing.TB) session.Store { return memory.NewSessions(nil) })
}

func TestAPIKeys(t *testing.T) {
	storetest.TestAPIKeyStore(t, func(testing.TB) apikey.Store { return memory.NewAPIKeys(nil) })
}

func TestKeyStore(t *testing.T) {
	storetest.TestKeyStore(t, func(testing.TB) jwks.KeyStore { return memory.NewKeyStore() })
	storetest.TestKeyStore(t, func(testing.TB) jwks.KeyStore { return &memory.KeyStore{} })
}

// A keeper is a store of three records.
type keeper struct {
	create func(id string, expires time.Time) error
	has    func(id string) bool
}

// eachKeeper runs f with a new store of each kind, at a time of its own.
func eachKeeper(t *testing.T, f func(t *testing.T, k keeper)) {
	for name, open := range map[string]func(t *testing.T) keeper{
		"sessions": sessionKeeper,
		"API keys": keyKeeper,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { f(t, open(t)) })
		})
	}
}

func sessionKeeper(t *testing.T) keeper {
	s := memory.NewSessions(&memory.Options{Max: 3})
	return keeper{
		create: func(id string, expires time.Time) error {
			return s.Create(t.Context(), session.Record{ID: id, Expires: expires})
		},
		has: func(id string) bool {
			_, err := s.Get(t.Context(), id, time.Time{})
			return err == nil
		},
	}
}

func keyKeeper(t *testing.T) keeper {
	s := memory.NewAPIKeys(&memory.Options{Max: 3})
	return keeper{
		create: func(id string, expires time.Time) error {
			return s.Create(t.Context(), apikey.Key{ID: id, Kind: apikey.Secret, ExpiresAt: expires})
		},
		has: func(id string) bool {
			_, err := s.Get(t.Context(), id)
			return err == nil
		},
	}
}

// fill makes records that expire after 1, 2 and 3 hours.
func fill(t *testing.T, k keeper) {
	for i := range 3 {
		if err := k.create(fmt.Sprint(i), time.Now().Add(time.Duration(i+1)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFullStoreKeepsTheLiving(t *testing.T) {
	eachKeeper(t, func(t *testing.T, k keeper) {
		fill(t, k)
		time.Sleep(time.Hour - 1)
		err := k.create("new", time.Now().Add(time.Hour))
		if !errors.Is(err, memory.ErrFull) || !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("Create in a full store: %v, want ErrFull, which is ErrUnavailable", err)
		}
		for id, want := range map[string]bool{"0": true, "1": true, "2": true, "new": false} {
			if k.has(id) != want {
				t.Errorf("has %s: %v, want %v", id, !want, want)
			}
		}
	})
}

func TestExpiredMakeRoom(t *testing.T) {
	eachKeeper(t, func(t *testing.T, k keeper) {
		fill(t, k)
		time.Sleep(time.Hour)
		if err := k.create("new", time.Now().Add(time.Hour)); err != nil {
			t.Error(err)
		}
		for id, want := range map[string]bool{"0": false, "1": true, "2": true, "new": true} {
			if k.has(id) != want {
				t.Errorf("has %s: %v, want %v", id, !want, want)
			}
		}
	})
}

// A Create that was answered, but not heard, is told that the record is there, also by a store that is full.
func TestFullStoreKnowsWhatItHas(t *testing.T) {
	eachKeeper(t, func(t *testing.T, k keeper) {
		fill(t, k)
		time.Sleep(24 * time.Hour)
		for _, id := range []string{"0", "1", "2"} {
			err := k.create(id, time.Now().Add(time.Hour))
			if !errors.Is(err, session.ErrExists) && !errors.Is(err, apikey.ErrExists) {
				t.Errorf("Create of %s again: %v, want ErrExists", id, err)
			}
		}
	})
}

// Whatever has expired at once goes two by two, and the store shrinks to what is live.
func TestStoreShrinks(t *testing.T) {
	eachKeeper(t, func(t *testing.T, k keeper) {
		fill(t, k)
		time.Sleep(24 * time.Hour)
		for i, want := range []int{1, 0, 0} {
			if err := k.create(fmt.Sprint("new", i), time.Now().Add(time.Hour)); err != nil {
				t.Error(err)
			}
			old := 0
			for _, id := range []string{"0", "1", "2"} {
				if k.has(id) {
					old++
				}
			}
			if old != want {
				t.Errorf("after %d Creates there are %d old records, want %d", i+1, old, want)
			}
		}
	})
}

func TestKeysWithoutAnEndAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := keyKeeper(t)
		for i := range 3 {
			if err := k.create(fmt.Sprint(i), time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(100 * 365 * 24 * time.Hour)
		if err := k.create("new", time.Time{}); !errors.Is(err, memory.ErrFull) {
			t.Errorf("Create in a full store: %v, want ErrFull", err)
		}
		for i := range 3 {
			if !k.has(fmt.Sprint(i)) {
				t.Errorf("%d is gone", i)
			}
		}
	})
}

// Those that began at the same time are in the order of their IDs.
func TestListBreaksTies(t *testing.T) {
	s := memory.NewSessions(nil)
	now := time.Now()
	ann := auth.Actor{Type: "user", ID: "ann"}
	for _, id := range []string{"b", "c", "a"} {
		rec := session.Record{
			ID: session.Place(ann) + id, Login: session.Login{Actor: ann}, Created: now, Expires: now.Add(time.Hour),
		}
		if err := s.Create(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
	}
	var got string
	recs, err := s.List(t.Context(), ann, now)
	for _, rec := range recs {
		got += rec.ID[len(rec.ID)-1:]
	}
	if got != "abc" || err != nil {
		t.Errorf("List: %q, %v; want abc and nil", got, err)
	}
}

func TestOptions(t *testing.T) {
	for _, open := range []func(*memory.Options){
		func(o *memory.Options) { memory.NewSessions(o) },
		func(o *memory.Options) { memory.NewAPIKeys(o) },
	} {
		for opts, want := range map[*memory.Options]any{
			nil: nil, {}: nil, {Max: 1}: nil, {Max: -1}: "memory: negative Max",
		} {
			if got := recovered(func() { open(opts) }); got != want {
				t.Errorf("%+v: panic %v, want %v", opts, got, want)
			}
		}
	}
}

func recovered(f func()) (value any) {
	defer func() { value = recover() }()
	f()
	return nil
}
