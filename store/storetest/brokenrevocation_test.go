package storetest_test

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/countersign-go/countersign/store/memory"
)

// A revocations store does what its funcs do: at first that is right.
type revocations struct {
	revoke      func(ctx context.Context, key string, at, until time.Time) error
	revocations func(ctx context.Context, now time.Time, keys ...string) ([]time.Time, error)
}

func newRevocations(m *memory.Revocations) *revocations { return &revocations{m.Revoke, m.RevokedUpTo} }

func (s *revocations) Revoke(ctx context.Context, key string, at, until time.Time) error {
	return s.revoke(ctx, key, at, until)
}

func (s *revocations) RevokedUpTo(ctx context.Context, now time.Time, keys ...string) ([]time.Time, error) {
	return s.revocations(ctx, now, keys...)
}

// A ledger has no rule of its own: what is written into it stands, and what comes of that is up to who reads first.
type ledger struct {
	mu    sync.Mutex
	notes map[string][2]time.Time
}

func (l *ledger) read(key string) (at, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.notes[key][0], l.notes[key][1]
}

func (l *ledger) write(key string, at, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.notes[key] = [2]time.Time{at, until}
}

// inLedger has a store keep its notes in a ledger, by way of write.
func inLedger(write func(l *ledger, key string, at, until time.Time) error) func(*revocations, *memory.Revocations) {
	return func(s *revocations, _ *memory.Revocations) {
		l := &ledger{notes: map[string][2]time.Time{}}
		s.revoke = func(_ context.Context, key string, at, until time.Time) error { return write(l, key, at, until) }
		s.revocations = func(_ context.Context, now time.Time, keys ...string) ([]time.Time, error) {
			upTo := make([]time.Time, len(keys))
			for i, key := range keys {
				if at, until := l.read(key); now.Before(until) {
					upTo[i] = at
				}
			}
			return upTo, nil
		}
	}
}

// keyed has a store look at what change makes of a key.
func keyed(change func(string) string) func(*revocations, *memory.Revocations) {
	return func(s *revocations, m *memory.Revocations) {
		s.revoke = func(ctx context.Context, key string, at, until time.Time) error {
			return m.Revoke(ctx, change(key), at, until)
		}
		s.revocations = func(ctx context.Context, now time.Time, keys ...string) ([]time.Time, error) {
			var changed []string
			for _, key := range keys {
				changed = append(changed, change(key))
			}
			return m.RevokedUpTo(ctx, now, changed...)
		}
	}
}

// revoking has Revoke keep what change makes of the times.
func revoking(change func(at, until time.Time) (time.Time, time.Time)) func(*revocations, *memory.Revocations) {
	return func(s *revocations, m *memory.Revocations) {
		s.revoke = func(ctx context.Context, key string, at, until time.Time) error {
			at, until = change(at, until)
			return m.Revoke(ctx, key, at, until)
		}
	}
}

// answering has RevokedUpTo return what change makes of the answers.
func answering(change func(upTo []time.Time) []time.Time) func(*revocations, *memory.Revocations) {
	return func(s *revocations, m *memory.Revocations) {
		s.revocations = func(ctx context.Context, now time.Time, keys ...string) ([]time.Time, error) {
			upTo, err := m.RevokedUpTo(ctx, now, keys...)
			return change(upTo), err
		}
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

var brokenRevocations = []broken[*revocations, *memory.Revocations]{
	{"times have milliseconds", "what was revoked comes back to the microsecond", revoking(
		func(at, until time.Time) (time.Time, time.Time) {
			return at.Truncate(time.Millisecond), until.Truncate(time.Millisecond)
		})},
	{"times have no zone", "what was revoked comes back to the microsecond", revoking(
		func(at, until time.Time) (time.Time, time.Time) {
			const local = "2006-01-02 15:04:05.999999"
			at, _ = time.Parse(local, at.Format(local))
			return at, until
		})},
	{"a key has 64 characters at most", "keys compare byte for byte",
		keyed(func(k string) string { return k[:min(len(k), 64)] })},
	{"keys are in lower case", "keys compare byte for byte", keyed(strings.ToLower)},
	{"keys are trimmed", "keys compare byte for byte", keyed(func(k string) string { return strings.Trim(k, " f") })},
	{"the kind is the key", "IDs of any form are told apart", keyed(func(k string) string { return k[:min(len(k), 8)] })},
	{"an unknown key is 1970", "an unknown key is the zero time", answering(func(upTo []time.Time) []time.Time {
		for i := range upTo {
			upTo[i] = latest(upTo[i], time.Unix(0, 0))
		}
		return upTo
	})},
	{"unknown keys are left out", "answers are in the order of the keys", answering(func(upTo []time.Time) (known []time.Time) {
		for _, at := range upTo {
			if !at.IsZero() {
				known = append(known, at)
			}
		}
		return known
	})},
	{"a key counts once", "answers are in the order of the keys", func(s *revocations, m *memory.Revocations) {
		s.revocations = func(ctx context.Context, now time.Time, keys ...string) ([]time.Time, error) {
			upTo, err := m.RevokedUpTo(ctx, now, keys...)
			seen := map[string]bool{}
			for i, key := range keys {
				if seen[key] {
					upTo[i] = time.Time{}
				}
				seen[key] = true
			}
			return upTo, err
		}
	}},
	{"answers are cached and handed out", "answers are values", func(s *revocations, m *memory.Revocations) {
		cached := map[string][]time.Time{}
		s.revocations = func(ctx context.Context, now time.Time, keys ...string) (upTo []time.Time, err error) {
			if cached[keys[0]] == nil {
				cached[keys[0]], err = m.RevokedUpTo(ctx, now, keys...)
			}
			return cached[keys[0]], err
		}
	}},
	{"Revoke of what is revoked is an error", "a repeated Revoke is nil and changes nothing", inLedger(
		func(l *ledger, key string, at, until time.Time) error {
			if _, end := l.read(key); !end.IsZero() {
				return errThere
			}
			l.write(key, at, until)
			return nil
		})},
	{"the last Revoke wins", "the later times win, in whatever order they come", inLedger(
		func(l *ledger, key string, at, until time.Time) error {
			l.write(key, at, until)
			return nil
		})},
	{"the first Revoke wins", "the later times win, in whatever order they come", inLedger(
		func(l *ledger, key string, at, until time.Time) error {
			if _, end := l.read(key); end.IsZero() {
				l.write(key, at, until)
			}
			return nil
		})},
	{"the until of the later at wins", "the later times win, in whatever order they come", inLedger(
		func(l *ledger, key string, at, until time.Time) error {
			if kept, _ := l.read(key); at.After(kept) {
				l.write(key, at, until)
			}
			return nil
		})},
	{"until is the end of a second", "a note is gone at until, one microsecond before it is not", revoking(
		func(at, until time.Time) (time.Time, time.Time) {
			return at, until.Truncate(time.Second).Add(time.Second)
		})},
	{"notes stay for ever", "a note is gone at until, one microsecond before it is not",
		func(s *revocations, m *memory.Revocations) {
			s.revocations = func(ctx context.Context, _ time.Time, keys ...string) ([]time.Time, error) {
				return m.RevokedUpTo(ctx, time.Time{}, keys...)
			}
		}},
	{"who asks drops what has expired", "a clock that is ahead drops nothing", func(s *revocations, m *memory.Revocations) {
		var last time.Time
		s.revocations = func(ctx context.Context, now time.Time, keys ...string) ([]time.Time, error) {
			last = latest(last, now)
			return m.RevokedUpTo(ctx, last, keys...)
		}
	}},
	{"Revoke ignores the context", "a context that is done is an error and changes nothing",
		func(s *revocations, m *memory.Revocations) {
			s.revoke = func(ctx context.Context, key string, at, until time.Time) error {
				return m.Revoke(context.WithoutCancel(ctx), key, at, until)
			}
		}},
	{"RevokedUpTo ignores the context", "a context that is done is an error and changes nothing",
		func(s *revocations, m *memory.Revocations) {
			s.revocations = func(ctx context.Context, now time.Time, keys ...string) ([]time.Time, error) {
				return m.RevokedUpTo(context.WithoutCancel(ctx), now, keys...)
			}
		}},
	{"Revoke reads, then writes", "of many Revokes the latest times win", readLedgerThenWrite},
	{"Revoke deletes, then writes", "no reader sees a revocation undone", inLedger(
		func(l *ledger, key string, at, until time.Time) error {
			keptAt, keptUntil := l.read(key)
			l.write(key, time.Time{}, time.Time{})
			pause()
			l.write(key, latest(at, keptAt), latest(until, keptUntil))
			return nil
		})},
}

// readLedgerThenWrite makes Revoke two steps, with another racer's for the same key between them.
func readLedgerThenWrite(s *revocations, m *memory.Revocations) {
	var passing sync.Map // where two with the same key meet
	inLedger(func(l *ledger, key string, at, until time.Time) error {
		keptAt, keptUntil := l.read(key)
		place, _ := passing.LoadOrStore(key, make(chan struct{}))
		pauseAt(place.(chan struct{}))
		l.write(key, latest(at, keptAt), latest(until, keptUntil))
		return nil
	})(s, m)
}

// pauseAt is pause for those who meet at a place of their own.
func pauseAt(place chan struct{}) {
	select {
	case place <- struct{}{}:
	case <-place:
	case <-time.After(100 * time.Millisecond):
	}
}
