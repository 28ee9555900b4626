package storetest_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/store/memory"
	"github.com/countersign-go/countersign/store/storetest"
)

// A tokens store does what its funcs do: at first that is right.
type tokens struct {
	put     func(ctx context.Context, t login.OneTimeToken) error
	get     func(ctx context.Context, id string, now time.Time) (login.OneTimeToken, error)
	consume func(ctx context.Context, id string, digest token.Digest, now time.Time) (login.OneTimeToken, error)
	delete  func(ctx context.Context, id string) error
}

func newTokens(m *memory.OneTimeTokens) *tokens { return &tokens{m.Put, m.Get, m.Consume, m.Delete} }

func (s *tokens) Put(ctx context.Context, t login.OneTimeToken) error { return s.put(ctx, t) }

func (s *tokens) Get(ctx context.Context, id string, now time.Time) (login.OneTimeToken, error) {
	return s.get(ctx, id, now)
}

func (s *tokens) Consume(ctx context.Context, id string, digest token.Digest, now time.Time) (login.OneTimeToken, error) {
	return s.consume(ctx, id, digest, now)
}

func (s *tokens) Delete(ctx context.Context, id string) error { return s.delete(ctx, id) }

// TestBrokenTokenStores shows that the suite finds each fault, and that each of its cases can fail.
func TestBrokenTokenStores(t *testing.T) {
	idle := maps.Clone(storetest.TokenCases)
	for _, broken := range slices.Concat(brokenTokens, brokenTokenRaces) {
		inBubble(t, broken.fault, func(t *testing.T) {
			m := memory.NewOneTimeTokens(nil)
			s := newTokens(m)
			broken.breaking(s, m)
			if storetest.TokenCases[broken.fails](t.Context(), s) == nil {
				t.Errorf("%q finds nothing wrong", broken.fails)
			}
		})
		delete(idle, broken.fails)
	}
	for name := range idle {
		t.Errorf("no store fails %q", name)
	}
}

// TestRightTokenStores shows that the suite demands nothing that the interface does not.
func TestRightTokenStores(t *testing.T) {
	shared := memory.NewOneTimeTokens(nil)
	for name, open := range map[string]func() login.TokenStore{
		"a new one for each case":          func() login.TokenStore { return memory.NewOneTimeTokens(nil) },
		"the same one for all cases":       func() login.TokenStore { return shared },
		"one that wraps its errors":        func() login.TokenStore { return wrappedTokens(memory.NewOneTimeTokens(nil)) },
		"one with times and text its own":  func() login.TokenStore { return rewrittenTokens(memory.NewOneTimeTokens(nil)) },
		"one that forgets what is no good": func() login.TokenStore { return forgetfulTokens(memory.NewOneTimeTokens(nil)) },
	} {
		t.Run(name, func(t *testing.T) {
			storetest.TestOneTimeTokens(t, func(testing.TB) login.TokenStore { return open() })
		})
	}
}

func wrappedTokens(m *memory.OneTimeTokens) login.TokenStore {
	s := newTokens(m)
	s.put = func(ctx context.Context, t login.OneTimeToken) error { return wrap(m.Put(ctx, t)) }
	s.get = func(ctx context.Context, id string, now time.Time) (login.OneTimeToken, error) {
		t, err := m.Get(ctx, id, now)
		return t, wrap(err)
	}
	s.consume = func(ctx context.Context, id string, digest token.Digest, now time.Time) (login.OneTimeToken, error) {
		t, err := m.Consume(ctx, id, digest, now)
		return t, wrap(err)
	}
	return s
}

// rewrittenTokens keeps microseconds since 1970, and empty data as an object.
func rewrittenTokens(m *memory.OneTimeTokens) login.TokenStore {
	s := newTokens(m)
	s.put = func(ctx context.Context, t login.OneTimeToken) error {
		if t.Check() == nil {
			text, _ := t.Data.MarshalJSON()
			t.Data, t.Expires = auth.RawMetadata(string(text)), time.UnixMicro(t.Expires.UnixMicro())
		}
		return m.Put(ctx, t)
	}
	return s
}

// forgetfulTokens keeps nothing that has expired when it is put, by its own clock.
func forgetfulTokens(m *memory.OneTimeTokens) login.TokenStore {
	s := newTokens(m)
	s.put = func(ctx context.Context, t login.OneTimeToken) error {
		if t.Check() == nil && !time.Now().Before(t.Expires) {
			return m.Delete(ctx, t.ID)
		}
		return m.Put(ctx, t)
	}
	return s
}

// In a test of your store, write this func as func TestOneTimeTokens(t *testing.T), and open your store instead of memory's.
func ExampleTestOneTimeTokens() {
	testOneTimeTokens := func(t *testing.T) {
		storetest.TestOneTimeTokens(t, func(testing.TB) login.TokenStore { return memory.NewOneTimeTokens(nil) })
	}
	_ = testOneTimeTokens
}

// putting has Put keep what change makes of a token.
func putting(change func(*login.OneTimeToken)) func(*tokens, *memory.OneTimeTokens) {
	return func(s *tokens, m *memory.OneTimeTokens) {
		s.put = func(ctx context.Context, t login.OneTimeToken) error {
			change(&t)
			return m.Put(ctx, t)
		}
	}
}

// readThenRemove makes Consume two steps.
func readThenRemove(s *tokens, m *memory.OneTimeTokens) {
	s.consume = func(ctx context.Context, id string, digest token.Digest, now time.Time) (login.OneTimeToken, error) {
		t, err := m.Get(ctx, id, now)
		if err != nil {
			return t, err
		}
		if !t.Digest.Equal(digest) {
			return login.OneTimeToken{}, login.ErrNotFound
		}
		pause()
		return t, m.Delete(ctx, id)
	}
}

// takeAny has Consume take the token, then look at its digest.
func takeAny(
	ctx context.Context, m *memory.OneTimeTokens, id string, digest token.Digest, now time.Time,
) (login.OneTimeToken, error) {
	t, err := m.Get(ctx, id, now)
	if err != nil {
		return t, err
	}
	if t, err = m.Consume(ctx, id, t.Digest, now); err == nil && !t.Digest.Equal(digest) {
		return login.OneTimeToken{}, login.ErrNotFound
	}
	return t, err
}

// keepFirst has Put keep the token that is there.
func keepFirst(s *tokens, m *memory.OneTimeTokens) {
	s.put = func(ctx context.Context, t login.OneTimeToken) error {
		if _, err := m.Get(ctx, t.ID, time.Now()); !errors.Is(err, login.ErrNotFound) {
			return err
		}
		return m.Put(ctx, t)
	}
}
