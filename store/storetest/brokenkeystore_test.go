package storetest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/store/memory"
	"github.com/countersign-go/countersign/store/storetest"
)

// A keyStore does what its funcs do: at first that is right.
type keyStore struct {
	load func(ctx context.Context) ([]byte, int64, error)
	swap func(ctx context.Context, oldVersion int64, state []byte) error
}

func newKeyStore(m *memory.KeyStore) *keyStore { return &keyStore{m.Load, m.Swap} }

func (s *keyStore) Load(ctx context.Context) ([]byte, int64, error) { return s.load(ctx) }

func (s *keyStore) Swap(ctx context.Context, oldVersion int64, state []byte) error {
	return s.swap(ctx, oldVersion, state)
}

// TestBrokenKeyStores shows that the suite finds each fault, and that each of its cases can fail.
func TestBrokenKeyStores(t *testing.T) {
	idle := maps.Clone(storetest.KeyStoreCases)
	for _, broken := range slices.Concat(brokenKeyStores, brokenKeyStoreInterrupts) {
		inBubble(t, broken.fault, func(t *testing.T) {
			m := memory.NewKeyStore()
			s := newKeyStore(m)
			broken.breaking(s, m)
			if storetest.KeyStoreCases[broken.fails](t.Context(), s) == nil {
				t.Errorf("%q finds nothing wrong", broken.fails)
			}
		})
		delete(idle, broken.fails)
	}
	for name := range idle {
		t.Errorf("no store fails %q", name)
	}
}

// One whose errors are wrapped is right.
func TestWrappingKeyStore(t *testing.T) {
	storetest.TestKeyStore(t, func(testing.TB) jwks.KeyStore {
		m := memory.NewKeyStore()
		s := newKeyStore(m)
		s.swap = func(ctx context.Context, oldVersion int64, state []byte) error {
			return wrap(m.Swap(ctx, oldVersion, state))
		}
		return s
	})
}

// forceState keeps state, whatever version is there.
func forceState(ctx context.Context, m *memory.KeyStore, state []byte) error {
	for {
		_, version, err := m.Load(ctx)
		if err != nil {
			return err
		}
		if err := m.Swap(ctx, version, state); !errors.Is(err, jwks.ErrConflict) {
			return err
		}
	}
}

// kept has Swap keep what change makes of a state.
func kept(change func([]byte) []byte) func(*keyStore, *memory.KeyStore) {
	return func(s *keyStore, m *memory.KeyStore) {
		s.swap = func(ctx context.Context, oldVersion int64, state []byte) error {
			return m.Swap(ctx, oldVersion, change(bytes.Clone(state)))
		}
	}
}

func blindSwap(s *keyStore, m *memory.KeyStore) {
	s.swap = func(ctx context.Context, _ int64, state []byte) error { return forceState(ctx, m, state) }
}

func compareThenSwap(s *keyStore, m *memory.KeyStore) {
	s.swap = func(ctx context.Context, oldVersion int64, state []byte) error {
		_, version, err := m.Load(ctx)
		if err != nil {
			return err
		}
		if version != oldVersion {
			return jwks.ErrConflict
		}
		pause()
		return forceState(ctx, m, state)
	}
}

// shareState makes the store keep the slice that it is given, and hand it out.
func shareState(s *keyStore, m *memory.KeyStore) {
	var shared []byte
	s.load = func(ctx context.Context) ([]byte, int64, error) {
		_, version, err := m.Load(ctx)
		return shared, version, err
	}
	s.swap = func(ctx context.Context, oldVersion int64, state []byte) error {
		shared = state
		return m.Swap(ctx, oldVersion, state)
	}
}

// loadInTwo reads the version before the state.
func loadInTwo(s *keyStore, m *memory.KeyStore) {
	s.load = func(ctx context.Context) ([]byte, int64, error) {
		_, version, err := m.Load(ctx)
		if err != nil {
			return nil, 0, err
		}
		pause()
		state, _, err := m.Load(ctx)
		return state, version, err
	}
}

var brokenKeyStores = []broken[*keyStore, *memory.KeyStore]{
	{"Load of nothing is an error", "an empty store has no state and version 0", func(s *keyStore, m *memory.KeyStore) {
		s.load = func(ctx context.Context) ([]byte, int64, error) {
			state, version, err := m.Load(ctx)
			if err == nil && version == 0 {
				err = errors.New("no rows")
			}
			return state, version, err
		}
	}},
	{"the version begins at 0", "the version is 1 after the first Swap and one more after each", func(s *keyStore, m *memory.KeyStore) {
		s.load = func(ctx context.Context) ([]byte, int64, error) {
			state, version, err := m.Load(ctx)
			return state, max(0, version-1), err
		}
	}},
	{"the version does not move", "the version is 1 after the first Swap and one more after each", func(s *keyStore, m *memory.KeyStore) {
		blindSwap(s, m)
		s.load = func(ctx context.Context) ([]byte, int64, error) {
			state, version, err := m.Load(ctx)
			return state, min(version, 1), err
		}
	}},
	{"a state ends at its first NUL", "a state comes back byte for byte",
		kept(func(b []byte) []byte { before, _, _ := bytes.Cut(b, []byte{0}); return before })},
	{"a state has 64 KiB at most", "a state comes back byte for byte",
		kept(func(b []byte) []byte { return b[:min(len(b), 64<<10)] })},
	{"a state is UTF-8", "a state comes back byte for byte",
		kept(func(b []byte) []byte { return bytes.ToValidUTF8(b, []byte("\ufffd")) })},
	{"a state is trimmed", "a state comes back byte for byte", kept(bytes.TrimSpace)},
	{"a state is written as a database writes JSON", "a state comes back byte for byte", kept(func(b []byte) []byte {
		var value any
		if json.Unmarshal(b, &value) != nil {
			return b
		}
		text, _ := json.Marshal(value)
		return text
	})},
	{"Swap ignores the version", "Swap of another version is ErrConflict and changes nothing", blindSwap},
	{"Swap takes a later version", "Swap of another version is ErrConflict and changes nothing", func(s *keyStore, m *memory.KeyStore) {
		s.swap = func(ctx context.Context, oldVersion int64, state []byte) error {
			if _, version, err := m.Load(ctx); err == nil && oldVersion > version {
				return m.Swap(ctx, version, state)
			}
			return m.Swap(ctx, oldVersion, state)
		}
	}},
	{"Swap creates", "Swap of a version where there is none is ErrConflict and creates nothing", func(s *keyStore, m *memory.KeyStore) {
		s.swap = func(ctx context.Context, oldVersion int64, state []byte) error {
			if _, version, err := m.Load(ctx); err == nil && version == 0 {
				return m.Swap(ctx, 0, state)
			}
			return m.Swap(ctx, oldVersion, state)
		}
	}},
	{"a repeated Swap is nil", "a repeated Swap is ErrConflict and changes nothing", func(s *keyStore, m *memory.KeyStore) {
		s.swap = func(ctx context.Context, oldVersion int64, state []byte) error {
			current, _, _ := m.Load(ctx)
			err := m.Swap(ctx, oldVersion, state)
			if errors.Is(err, jwks.ErrConflict) && bytes.Equal(current, state) {
				return nil
			}
			return err
		}
	}},
	{"a repeated first Swap is done", "a repeated Swap is ErrConflict and changes nothing", func(s *keyStore, m *memory.KeyStore) {
		s.swap = func(ctx context.Context, oldVersion int64, state []byte) error {
			if oldVersion == 0 {
				return forceState(ctx, m, state)
			}
			return m.Swap(ctx, oldVersion, state)
		}
	}},
	{"the state is shared", "states are values", shareState},
	{"Swap ignores the context", "a context that is done is an error and changes nothing", func(s *keyStore, m *memory.KeyStore) {
		s.swap = func(ctx context.Context, oldVersion int64, state []byte) error {
			return m.Swap(context.WithoutCancel(ctx), oldVersion, state)
		}
	}},
	{"Load ignores the context", "a context that is done is an error and changes nothing", func(s *keyStore, m *memory.KeyStore) {
		s.load = func(ctx context.Context) ([]byte, int64, error) { return m.Load(context.WithoutCancel(ctx)) }
	}},
	{"a cancelled Swap is a conflict", "a context that is done is an error and changes nothing", func(s *keyStore, m *memory.KeyStore) {
		s.swap = func(ctx context.Context, oldVersion int64, state []byte) error {
			if ctx.Err() != nil {
				return jwks.ErrConflict
			}
			return m.Swap(ctx, oldVersion, state)
		}
	}},
	{"the first Swap compares, then writes", "one of many first Swaps wins", compareThenSwap},
	{"Swap compares, then writes", "one of many Swaps wins", compareThenSwap},
	{"an update is lost", "no update is lost", func(s *keyStore, m *memory.KeyStore) {
		var once sync.Once
		s.swap = func(ctx context.Context, oldVersion int64, state []byte) (err error) {
			lost := false
			if oldVersion > 0 {
				once.Do(func() { lost = true })
			}
			if lost {
				return nil
			}
			return m.Swap(ctx, oldVersion, state)
		}
	}},
	{"Load reads the version, then the state", "no reader sees half a change", loadInTwo},
}
