package storetest_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/store/memory"
	"github.com/countersign-go/countersign/store/storetest"
)

var errThere = errors.New("duplicate key")

// TestBrokenRevocationStores shows that the suite finds each fault, and that each of its cases can fail.
func TestBrokenRevocationStores(t *testing.T) {
	idle := maps.Clone(storetest.RevocationCases)
	for _, broken := range slices.Concat(brokenRevocations, brokenRevocationInterrupts) {
		inBubble(t, broken.fault, func(t *testing.T) {
			m := memory.NewRevocations(nil)
			s := newRevocations(m)
			broken.breaking(s, m)
			if storetest.RevocationCases[broken.fails](t.Context(), s) == nil {
				t.Errorf("%q finds nothing wrong", broken.fails)
			}
		})
		delete(idle, broken.fails)
	}
	for name := range idle {
		t.Errorf("no store fails %q", name)
	}
}

// TestRightRevocationStores shows that the suite demands nothing that the interface does not.
func TestRightRevocationStores(t *testing.T) {
	shared := memory.NewRevocations(nil)
	for name, open := range map[string]func() jwtx.RevocationStore{
		"a new one for each case":       func() jwtx.RevocationStore { return memory.NewRevocations(nil) },
		"the same one for all cases":    func() jwtx.RevocationStore { return shared },
		"one with times of its own":     func() jwtx.RevocationStore { return inUnix(memory.NewRevocations(nil)) },
		"one that wraps all its errors": func() jwtx.RevocationStore { return wrappedRevocations(memory.NewRevocations(nil)) },
	} {
		t.Run(name, func(t *testing.T) {
			storetest.TestRevocationStore(t, func(testing.TB) jwtx.RevocationStore { return open() })
		})
	}
}

// inUnix keeps microseconds since 1970, and answers in the zone of the machine.
func inUnix(m *memory.Revocations) jwtx.RevocationStore {
	s := newRevocations(m)
	s.revoke = func(ctx context.Context, key string, at, until time.Time) error {
		return m.Revoke(ctx, key, time.UnixMicro(at.UnixMicro()), time.UnixMicro(until.UnixMicro()))
	}
	return s
}

func wrappedRevocations(m *memory.Revocations) jwtx.RevocationStore {
	s := newRevocations(m)
	s.revoke = func(ctx context.Context, key string, at, until time.Time) error {
		return wrap(m.Revoke(ctx, key, at, until))
	}
	s.revocations = func(ctx context.Context, now time.Time, keys ...string) ([]time.Time, error) {
		upTo, err := m.RevokedUpTo(ctx, now, keys...)
		return upTo, wrap(err)
	}
	return s
}

// In a test of your store, write this func as func TestRevocations(t *testing.T), and open your store instead of memory's.
func ExampleTestRevocationStore() {
	testRevocations := func(t *testing.T) {
		storetest.TestRevocationStore(t, func(testing.TB) jwtx.RevocationStore {
			return memory.NewRevocations(nil)
		})
	}
	_ = testRevocations
}
