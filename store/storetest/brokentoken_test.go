package storetest_test

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/store/memory"
)

// consuming returns what has Consume do as do does.
func consuming(
	do func(
		ctx context.Context, m *memory.OneTimeTokens, id string, digest token.Digest, now time.Time,
	) (login.OneTimeToken, error),
) func(*tokens, *memory.OneTimeTokens) {
	return func(s *tokens, m *memory.OneTimeTokens) {
		s.consume = func(ctx context.Context, id string, digest token.Digest, now time.Time) (login.OneTimeToken, error) {
			return do(ctx, m, id, digest, now)
		}
	}
}

var brokenTokens = []broken[*tokens, *memory.OneTimeTokens]{
	{"data is lost", "a token that was put comes back whole, by Get and by Consume",
		putting(func(t *login.OneTimeToken) { t.Data = auth.Metadata{} })},
	{"data is decoded and encoded", "a token that was put comes back whole, by Get and by Consume",
		putting(func(t *login.OneTimeToken) {
			var members map[string]any
			_ = t.Data.Decode(&members)
			t.Data, _ = auth.NewMetadata(members)
		})},
	{"Expires is in milliseconds", "a token that was put comes back whole, by Get and by Consume",
		putting(func(t *login.OneTimeToken) { t.Expires = t.Expires.Truncate(time.Millisecond) })},
	{"Consume returns no data", "a token that was put comes back whole, by Get and by Consume",
		consuming(func(
			ctx context.Context, m *memory.OneTimeTokens, id string, d token.Digest, now time.Time,
		) (login.OneTimeToken, error) {
			t, err := m.Consume(ctx, id, d, now)
			t.Data = auth.Metadata{}
			return t, err
		})},
	{"a digest ends at its first NUL", "a token that was put comes back whole, by Get and by Consume",
		putting(func(t *login.OneTimeToken) {
			text := untilNUL(string(t.Digest[:]))
			clear(t.Digest[copy(t.Digest[:], text):])
			t.Digest[31] |= 1
		})},
	{"Put keeps the data that is there", "Put puts a token in the place of any other",
		func(s *tokens, m *memory.OneTimeTokens) {
			s.put = func(ctx context.Context, t login.OneTimeToken) error {
				if old, err := m.Get(ctx, t.ID, time.Now()); err == nil && t.Data.IsZero() {
					t.Data = old.Data
				}
				return m.Put(ctx, t)
			}
		}},
	{"Put keeps the older token", "Put voids the token with its ID, and no other", keepFirst},
	{"Put adds", "Put voids the token with its ID, and no other", func(s *tokens, m *memory.OneTimeTokens) {
		older := map[token.Digest]login.OneTimeToken{}
		s.put = func(ctx context.Context, t login.OneTimeToken) error {
			if old, err := m.Get(ctx, t.ID, time.Now()); err == nil {
				older[old.Digest] = old
			}
			return m.Put(ctx, t)
		}
		s.consume = func(ctx context.Context, id string, d token.Digest, now time.Time) (login.OneTimeToken, error) {
			if old, ok := older[d]; ok && old.ID == id {
				delete(older, d)
				return old, nil
			}
			return m.Consume(ctx, id, d, now)
		}
	}},
	{"a repeated Put is an error", "a repeated Put changes nothing", func(s *tokens, m *memory.OneTimeTokens) {
		s.put = func(ctx context.Context, t login.OneTimeToken) error {
			if old, err := m.Get(ctx, t.ID, time.Now()); err == nil && old.Digest == t.Digest {
				return login.ErrExists
			}
			return m.Put(ctx, t)
		}
	}},
	{"Get of nothing is nothing", "Get of an unknown ID is ErrNotFound", func(s *tokens, m *memory.OneTimeTokens) {
		s.get = func(ctx context.Context, id string, now time.Time) (login.OneTimeToken, error) {
			t, err := m.Get(ctx, id, now)
			if errors.Is(err, login.ErrNotFound) {
				err = nil
			}
			return t, err
		}
	}},
	{"Get takes Expires for the last good time", "Get at Expires is ErrNotFound, one microsecond before it is not",
		func(s *tokens, m *memory.OneTimeTokens) {
			s.get = func(ctx context.Context, id string, now time.Time) (login.OneTimeToken, error) {
				return m.Get(ctx, id, now.Add(-time.Nanosecond))
			}
		}},
	{"Get returns what has expired beside its error", "Get at Expires is ErrNotFound, one microsecond before it is not",
		func(s *tokens, m *memory.OneTimeTokens) {
			s.get = func(ctx context.Context, id string, now time.Time) (login.OneTimeToken, error) {
				t, err := m.Get(ctx, id, now)
				if errors.Is(err, login.ErrNotFound) {
					t, _ = m.Get(ctx, id, time.Time{})
				}
				return t, err
			}
		}},
	{"Put cannot bring the end nearer", "Put moves Expires in both directions", func(s *tokens, m *memory.OneTimeTokens) {
		s.put = func(ctx context.Context, t login.OneTimeToken) error {
			if old, err := m.Get(ctx, t.ID, time.Now()); err == nil && t.Expires.Before(old.Expires) {
				t.Expires = old.Expires
			}
			return m.Put(ctx, t)
		}
	}},
	{"Put cannot put the end off", "Put moves Expires in both directions", func(s *tokens, m *memory.OneTimeTokens) {
		s.put = func(ctx context.Context, t login.OneTimeToken) error {
			if old, err := m.Get(ctx, t.ID, time.Now()); err == nil {
				t.Expires = old.Expires
			}
			return m.Put(ctx, t)
		}
	}},
	{"what has expired is refused", "what has expired gives place to the next", func(s *tokens, m *memory.OneTimeTokens) {
		s.put = func(ctx context.Context, t login.OneTimeToken) error {
			if !time.Now().Before(t.Expires) {
				return errors.New("a token without a future")
			}
			return m.Put(ctx, t)
		}
	}},
	{"what has expired is in the way", "what has expired gives place to the next", func(s *tokens, m *memory.OneTimeTokens) {
		s.put = func(ctx context.Context, t login.OneTimeToken) error {
			if old, err := m.Get(ctx, t.ID, time.Time{}); err == nil && !time.Now().Before(old.Expires) {
				return nil
			}
			return m.Put(ctx, t)
		}
	}},
	{"Consume removes nothing", "Consume returns a token once",
		consuming(func(
			ctx context.Context, m *memory.OneTimeTokens, id string, d token.Digest, now time.Time,
		) (login.OneTimeToken, error) {
			t, err := m.Get(ctx, id, now)
			if err != nil || t.Digest != d {
				return login.OneTimeToken{}, login.ErrNotFound
			}
			return t, nil
		})},
	{"what was used is in the way", "Consume returns a token once", func(s *tokens, m *memory.OneTimeTokens) {
		used := map[string]bool{}
		s.consume = func(ctx context.Context, id string, d token.Digest, now time.Time) (login.OneTimeToken, error) {
			t, err := m.Consume(ctx, id, d, now)
			used[id] = used[id] || err == nil
			return t, err
		}
		s.put = func(ctx context.Context, t login.OneTimeToken) error {
			if used[t.ID] {
				return nil
			}
			return m.Put(ctx, t)
		}
	}},
	{"Consume removes what has another digest", "Consume of another digest is ErrNotFound and removes nothing",
		consuming(takeAny)},
	{"Consume compares the first half", "Consume of another digest is ErrNotFound and removes nothing",
		consuming(func(
			ctx context.Context, m *memory.OneTimeTokens, id string, d token.Digest, now time.Time,
		) (login.OneTimeToken, error) {
			if t, err := m.Get(ctx, id, now); err == nil && string(t.Digest[:16]) == string(d[:16]) {
				d = t.Digest
			}
			return m.Consume(ctx, id, d, now)
		})},
	{"Consume ignores case", "Consume of another digest is ErrNotFound and removes nothing",
		consuming(func(
			ctx context.Context, m *memory.OneTimeTokens, id string, d token.Digest, now time.Time,
		) (login.OneTimeToken, error) {
			if t, err := m.Get(ctx, id, now); err == nil && t.Digest[0]&^0x20 == d[0]&^0x20 && string(t.Digest[1:]) == string(d[1:]) {
				d = t.Digest
			}
			return m.Consume(ctx, id, d, now)
		})},
	{"Consume of no digest is of any", "Consume of another digest is ErrNotFound and removes nothing",
		consuming(func(
			ctx context.Context, m *memory.OneTimeTokens, id string, d token.Digest, now time.Time,
		) (login.OneTimeToken, error) {
			if t, err := m.Get(ctx, id, now); err == nil && d == (token.Digest{}) {
				d = t.Digest
			}
			return m.Consume(ctx, id, d, now)
		})},
	{"Consume ignores Expires", "Consume at Expires is ErrNotFound, one microsecond before it is not",
		consuming(func(
			ctx context.Context, m *memory.OneTimeTokens, id string, d token.Digest, _ time.Time,
		) (login.OneTimeToken, error) {
			return m.Consume(ctx, id, d, time.Now())
		})},
	{"Consume reckons in seconds", "Consume at Expires is ErrNotFound, one microsecond before it is not",
		consuming(func(
			ctx context.Context, m *memory.OneTimeTokens, id string, d token.Digest, now time.Time,
		) (login.OneTimeToken, error) {
			return m.Consume(ctx, id, d, now.Truncate(time.Second))
		})},
	{"Consume removes what has expired", "a clock that is ahead removes nothing",
		consuming(func(
			ctx context.Context, m *memory.OneTimeTokens, id string, d token.Digest, now time.Time,
		) (login.OneTimeToken, error) {
			t, err := m.Consume(ctx, id, d, now)
			if errors.Is(err, login.ErrNotFound) {
				err = errors.Join(err, m.Delete(ctx, id))
			}
			return t, err
		})},
	{"Get removes what has expired", "a clock that is ahead removes nothing", func(s *tokens, m *memory.OneTimeTokens) {
		s.get = func(ctx context.Context, id string, now time.Time) (login.OneTimeToken, error) {
			t, err := m.Get(ctx, id, now)
			if errors.Is(err, login.ErrNotFound) {
				err = errors.Join(err, m.Delete(ctx, id))
			}
			return t, err
		}
	}},
	{"Delete of nothing is an error", "Delete ends a token, and may be repeated", func(s *tokens, m *memory.OneTimeTokens) {
		s.delete = func(ctx context.Context, id string) error {
			if _, err := m.Get(ctx, id, time.Now()); err != nil {
				return err
			}
			return m.Delete(ctx, id)
		}
	}},
	{"Delete hides", "Delete ends a token, and may be repeated", func(s *tokens, m *memory.OneTimeTokens) {
		hidden := map[string]bool{}
		s.delete = func(_ context.Context, id string) error { hidden[id] = true; return nil }
		s.get = func(ctx context.Context, id string, now time.Time) (login.OneTimeToken, error) {
			if hidden[id] {
				return login.OneTimeToken{}, login.ErrNotFound
			}
			return m.Get(ctx, id, now)
		}
	}},
	{"Delete is done later", "Delete ends a token, and may be repeated", func(s *tokens, m *memory.OneTimeTokens) {
		s.delete = func(ctx context.Context, id string) error {
			time.AfterFunc(10*time.Millisecond, func() { _ = m.Delete(context.WithoutCancel(ctx), id) })
			return nil
		}
	}},
	{"Get does not tell upper from lower case", "IDs compare byte for byte", func(s *tokens, m *memory.OneTimeTokens) {
		s.get = func(ctx context.Context, id string, now time.Time) (login.OneTimeToken, error) {
			return m.Get(ctx, strings.ToLower(id), now)
		}
	}},
	{"Consume pads", "IDs compare byte for byte",
		consuming(func(
			ctx context.Context, m *memory.OneTimeTokens, id string, d token.Digest, now time.Time,
		) (login.OneTimeToken, error) {
			return m.Consume(ctx, strings.TrimRight(id, " "), d, now)
		})},
	{"Delete takes an ID for a path", "IDs compare byte for byte", func(s *tokens, m *memory.OneTimeTokens) {
		s.delete = func(ctx context.Context, id string) error { return m.Delete(ctx, strings.TrimPrefix(id, "./")) }
	}},
	{"Consume reads to the first NUL", "an ID that no store keeps stands for nothing",
		consuming(func(
			ctx context.Context, m *memory.OneTimeTokens, id string, d token.Digest, now time.Time,
		) (login.OneTimeToken, error) {
			return m.Consume(ctx, untilNUL(id), d, now)
		})},
	{"Delete of NUL is an error of the driver", "an ID that no store keeps stands for nothing",
		func(s *tokens, m *memory.OneTimeTokens) {
			s.delete = func(ctx context.Context, id string) error { return errors.Join(errEncoding(id), m.Delete(ctx, id)) }
		}},
	{"Put cuts an ID", "what no store keeps is refused and changes nothing",
		putting(func(t *login.OneTimeToken) { t.ID = t.ID[:min(len(t.ID), 24)] })},
	{"Put leaves out data that is too large", "what no store keeps is refused and changes nothing",
		putting(func(t *login.OneTimeToken) {
			if t.Check() != nil {
				t.Data = auth.Metadata{}
			}
		})},
	{"Put keeps what has no digest", "what no store keeps is refused and changes nothing", putting(func(t *login.OneTimeToken) {
		if t.Digest == (token.Digest{}) {
			t.Digest = token.Sum("")
		}
	})},
	{"Consume ignores the context", "a context that is done is an error and changes nothing",
		consuming(func(
			ctx context.Context, m *memory.OneTimeTokens, id string, d token.Digest, now time.Time,
		) (login.OneTimeToken, error) {
			return m.Consume(context.WithoutCancel(ctx), id, d, now)
		})},
	{"Put ignores the context", "a context that is done is an error and changes nothing",
		func(s *tokens, m *memory.OneTimeTokens) {
			s.put = func(ctx context.Context, t login.OneTimeToken) error { return m.Put(context.WithoutCancel(ctx), t) }
		}},
	{"a request that has ended is a no", "a context that is done is an error and changes nothing",
		func(s *tokens, m *memory.OneTimeTokens) {
			s.get = func(ctx context.Context, id string, now time.Time) (login.OneTimeToken, error) {
				if ctx.Err() != nil {
					return login.OneTimeToken{}, login.ErrNotFound
				}
				return m.Get(ctx, id, now)
			}
		}},
}
