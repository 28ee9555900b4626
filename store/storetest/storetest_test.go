package storetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
	"github.com/countersign-go/countersign/store/storetest"
)

// A broken store has one fault: what breaking does to an S over a right M. The case called fails must find it.
type broken[S, M any] struct {
	fault    string
	fails    string
	breaking func(s S, m M)
}

// TestBrokenSessionStores shows that the suite finds each fault, and that each of its cases can fail.
func TestBrokenSessionStores(t *testing.T) {
	idle := maps.Clone(storetest.SessionCases)
	for _, broken := range slices.Concat(brokenSessions, brokenIndexes, brokenIdentities, brokenTexts, brokenInterrupts) {
		inBubble(t, broken.fault, func(t *testing.T) {
			m := memory.NewSessions(nil)
			s := newSessions(m)
			broken.breaking(s, m)
			if storetest.SessionCases[broken.fails](t.Context(), s) == nil {
				t.Errorf("%q finds nothing wrong", broken.fails)
			}
		})
		delete(idle, broken.fails)
	}
	for name := range idle {
		t.Errorf("no store fails %q", name)
	}
}

func TestBrokenAPIKeyStores(t *testing.T) {
	idle := maps.Clone(storetest.APIKeyCases)
	for _, broken := range slices.Concat(brokenKeys, brokenKeyDeletes, brokenFinds, brokenKeyTexts, brokenKeyInterrupts) {
		inBubble(t, broken.fault, func(t *testing.T) {
			m := memory.NewAPIKeys(nil)
			s := newKeys(m)
			broken.breaking(s, m)
			if storetest.APIKeyCases[broken.fails](t.Context(), s) == nil {
				t.Errorf("%q finds nothing wrong", broken.fails)
			}
		})
		delete(idle, broken.fails)
	}
	for name := range idle {
		t.Errorf("no store fails %q", name)
	}
}

// TestRightStores shows that the suites demand nothing that the interfaces do not.
func TestRightStores(t *testing.T) {
	sharedSessions, sharedKeys := memory.NewSessions(nil), memory.NewAPIKeys(nil)
	for _, right := range []struct {
		name     string
		sessions func() session.Store
		keys     func() apikey.Store
	}{
		{
			"a new one for each case",
			func() session.Store { return memory.NewSessions(nil) },
			func() apikey.Store { return memory.NewAPIKeys(nil) },
		}, {
			"the same one for all cases",
			func() session.Store { return sharedSessions },
			func() apikey.Store { return sharedKeys },
		}, {
			"one without an index, the errors of which are wrapped",
			func() session.Store { return struct{ session.Store }{wrapped(memory.NewSessions(nil))} },
			func() apikey.Store { return struct{ apikey.Store }{wrappedKeys(memory.NewAPIKeys(nil))} },
		}, {
			"one that keeps JSON",
			func() session.Store { return encoded(memory.NewSessions(nil)) },
			func() apikey.Store { return memory.NewAPIKeys(nil) },
		},
	} {
		t.Run(right.name, func(t *testing.T) {
			storetest.TestSessionStore(t, func(testing.TB) session.Store { return right.sessions() })
			storetest.TestAPIKeyStore(t, func(testing.TB) apikey.Store { return right.keys() })
		})
	}
}

// TestSamplesLeaveNoFieldOut fails when a field is added to a record that the suites do not set.
func TestSamplesLeaveNoFieldOut(t *testing.T) {
	for _, record := range []any{
		storetest.FullSession(), storetest.FullSession().Login, storetest.FullKey(), storetest.FullKey().Revocation,
		storetest.FullIdentity(), storetest.FullIdentity().Providers[0], storetest.NewToken(),
	} {
		v := reflect.ValueOf(record)
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			if v.Field(i).IsZero() && name != "LastUsed" { // which RecordUses sets, and cases of its own look at
				t.Errorf("%T: %s is zero", record, name)
			}
		}
	}
}

func wrap(err error) error {
	if err != nil {
		err = fmt.Errorf("wrapped: %w", err)
	}
	return err
}

func wrapped(m *memory.Sessions) session.Store {
	s := newSessions(m)
	s.create = func(ctx context.Context, rec session.Record) error { return wrap(m.Create(ctx, rec)) }
	s.get = func(ctx context.Context, id string, now time.Time) (session.Record, error) {
		rec, err := m.Get(ctx, id, now)
		return rec, wrap(err)
	}
	s.replace = func(ctx context.Context, rec session.Record, now time.Time) error {
		return wrap(m.Replace(ctx, rec, now))
	}
	return s
}

func wrappedKeys(m *memory.APIKeys) apikey.Store {
	s := newKeys(m)
	s.create = func(ctx context.Context, k apikey.Key) error { return wrap(m.Create(ctx, k)) }
	s.get = func(ctx context.Context, id string) (apikey.Key, error) {
		k, err := m.Get(ctx, id)
		return k, wrap(err)
	}
	s.replace = func(ctx context.Context, k apikey.Key) error { return wrap(m.Replace(ctx, k)) }
	return s
}

// encoded keeps what JSON makes of a record: metadata is rewritten, zones are offsets, an empty slice is nil.
func encoded(m *memory.Sessions) session.Store {
	recode := func(rec session.Record) (decoded session.Record, err error) {
		if err := rec.Check(); err != nil {
			return rec, err // JSON would make other text of it
		}
		text, err := json.Marshal(rec)
		return decoded, errors.Join(err, json.Unmarshal(text, &decoded))
	}
	s := newSessions(m)
	s.create = func(ctx context.Context, rec session.Record) error {
		rec, err := recode(rec)
		if err != nil {
			return err
		}
		return m.Create(ctx, rec)
	}
	s.replace = func(ctx context.Context, rec session.Record, now time.Time) error {
		rec, err := recode(rec)
		if err != nil {
			return err
		}
		return m.Replace(ctx, rec, now)
	}
	return s
}

// inBubble runs a test in which time passes only while nothing is done: it waits for nothing, and a machine that is busy changes
// nothing.
func inBubble(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			defer time.Sleep(time.Minute) // until calls have returned for which nobody waits
			f(t)
		})
	})
}
