package storetest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/storetest"
)

// sometimes returns a func that reports true at each call of so many.
func sometimes(many int64) func() bool {
	var calls atomic.Int64
	return func() bool { return calls.Add(1)%many == 0 }
}

func lost(c storetest.FaultCounts) int        { return c.Lost }
func resurrected(c storetest.FaultCounts) int { return c.Resurrected }
func half(c storetest.FaultCounts) int        { return c.Half }
func late(c storetest.FaultCounts) int        { return c.Late }
func unclear(c storetest.FaultCounts) int     { return c.Unclear }

// brokenServers each have one fault that a server which fails can bring to light.
var brokenServers = []struct {
	fault    string
	counted  func(storetest.FaultCounts) int
	breaking func(s *server)
}{
	{"Create says that it has written", lost, func(s *server) {
		create, lose := s.sessions.create, sometimes(20)
		s.sessions.create = func(ctx context.Context, rec session.Record) error {
			if lose() {
				return nil
			}
			return create(ctx, rec)
		}
	}},
	{"Replace of a session says that it has written", lost, func(s *server) {
		replace, lose := s.sessions.replace, sometimes(20)
		s.sessions.replace = func(ctx context.Context, rec session.Record, now time.Time) error {
			if lose() {
				return nil
			}
			return replace(ctx, rec, now)
		}
	}},
	{"Replace of a key says that it has written", lost, func(s *server) {
		replace, lose := s.keys.replace, sometimes(20)
		s.keys.replace = func(ctx context.Context, k apikey.Key) error {
			if lose() {
				return nil
			}
			return replace(ctx, k)
		}
	}},
	{"Revoke says that it has written", lost, func(s *server) {
		revoke := s.revocations.revoke
		s.revocations.revoke = func(ctx context.Context, key string, at, until time.Time) error {
			if s.outage.on() {
				return nil
			}
			return revoke(ctx, key, at, until)
		}
	}},
	{"an outage is a no", lost, func(s *server) {
		get := s.sessions.get
		s.sessions.get = func(ctx context.Context, id string, now time.Time) (session.Record, error) {
			rec, err := get(ctx, id, now)
			if errors.Is(err, auth.ErrUnavailable) {
				err = session.ErrNotFound
			}
			return rec, err
		}
	}},
	{"Swap takes a conflict for its own second try", lost, func(s *server) {
		swap := s.keyStore.swap
		s.keyStore.swap = func(ctx context.Context, oldVersion int64, state []byte) error {
			if err := swap(ctx, oldVersion, state); !errors.Is(err, jwks.ErrConflict) {
				return err
			}
			return nil
		}
	}},
	{"Replace creates what is not there, also when it is late", resurrected, func(s *server) {
		s.faults = slices.DeleteFunc(s.faults, func(f storetest.Fault) bool { return f.Name != someLate })
		late := *newSessions(s.memory)
		upsert(&late, s.memory)
		s.sessions.replace = faultySessions(late, s.outage).replace
	}},
	{"Delete empties a cache", resurrected, func(s *server) {
		remove := s.sessions.delete
		s.sessions.delete = func(ctx context.Context, id string) error {
			if s.outage.on() {
				return nil
			}
			return remove(ctx, id)
		}
	}},
	{"Delete of a key says that it is done", resurrected, func(s *server) {
		remove := s.keys.delete
		s.keys.delete = func(ctx context.Context, id string) error {
			if s.outage.on() {
				return nil
			}
			return remove(ctx, id)
		}
	}},
	{"revocations are forgotten when the server fails", resurrected, func(s *server) {
		var forgetting atomic.Bool
		revocations := s.revocations.revocations
		s.revocations.revocations = func(ctx context.Context, now time.Time, keys ...string) ([]time.Time, error) {
			forgetting.CompareAndSwap(false, s.outage.on())
			upTo, err := revocations(ctx, now, keys...)
			if forgetting.Load() {
				clear(upTo)
			}
			return upTo, err
		}
	}},
	{"the index misses what is written during an outage", half, func(s *server) {
		create, list := s.sessions.create, s.sessions.list
		var missed shelf
		s.sessions.create = func(ctx context.Context, rec session.Record) error {
			err := create(ctx, rec)
			if s.outage.on() {
				missed.put(rec.ID)
			}
			return err
		}
		s.sessions.list = func(ctx context.Context, actor auth.Actor, now time.Time) ([]session.Record, error) {
			recs, err := list(ctx, actor, now)
			return slices.DeleteFunc(recs, func(rec session.Record) bool { return missed.has(rec.ID) }), err
		}
	}},
	{"text is cut", half, func(s *server) {
		create := s.keys.create
		s.keys.create = func(ctx context.Context, k apikey.Key) error {
			if s.outage.on() {
				k.Title = strings.ToValidUTF8(k.Title[:20], "")
			}
			return create(ctx, k)
		}
	}},
	{"DeleteAll stops when the server fails", half, func(s *server) {
		s.sessions.deleteAll = func(ctx context.Context, actor auth.Actor, except string) (n int, err error) {
			recs, err := s.memory.List(ctx, actor, time.Now())
			for _, rec := range recs[:len(recs)/2] {
				if rec.ID != except {
					err = errors.Join(err, s.memory.Delete(ctx, rec.ID))
				}
			}
			return len(recs) / 2, err
		}
	}},
	{"DeleteIdentity stops when the server fails", half, func(s *server) {
		s.sessions.deleteIdentity = func(context.Context, string, string) (int, error) { return 0, nil }
	}},
	{"Find misses what is written during an outage", half, func(s *server) {
		create, find := s.keys.create, s.keys.find
		var missed shelf
		s.keys.create = func(ctx context.Context, k apikey.Key) error {
			err := create(ctx, k)
			if s.outage.on() {
				missed.put(k.ID)
			}
			return err
		}
		s.keys.find = func(ctx context.Context, q apikey.Query) ([]apikey.Key, int, error) {
			keys, _, err := find(ctx, q)
			keys = slices.DeleteFunc(keys, func(k apikey.Key) bool { return missed.has(k.ID) })
			return keys, len(keys), err
		}
	}},
	{"a state is cut", half, func(s *server) {
		swap := s.keyStore.swap
		s.keyStore.swap = func(ctx context.Context, oldVersion int64, state []byte) error {
			return swap(ctx, oldVersion, state[:min(len(state), 1<<10)])
		}
	}},
	{"Replace of an identity says that it has written", lost, func(s *server) {
		replace, lose := s.identities.replace, sometimes(20)
		s.identities.replace = func(ctx context.Context, i login.AuthIdentity) error {
			if lose() {
				return nil
			}
			return replace(ctx, i)
		}
	}},
	{"Find of an outage is a no", lost, func(s *server) {
		find := s.identities.find
		s.identities.find = func(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
			i, err := find(ctx, provider, entityID)
			if errors.Is(err, auth.ErrUnavailable) {
				err = login.ErrNotFound
			}
			return i, err
		}
	}},
	{"Delete of an identity says that it is done", resurrected, func(s *server) {
		remove := s.identities.delete
		s.identities.delete = func(ctx context.Context, id string) error {
			if s.outage.on() {
				return nil
			}
			return remove(ctx, id)
		}
	}},
	{"the ways stay that Replace removes during an outage", resurrected, func(s *server) {
		var mu sync.Mutex
		stay := map[string]login.AuthIdentity{}
		replace, find, get := s.identities.replace, s.identities.find, s.identities.get
		s.identities.replace = func(ctx context.Context, i login.AuthIdentity) error {
			last, _ := get(ctx, i.ID)
			err := replace(ctx, i)
			if err == nil && s.outage.on() && len(last.Providers) > 0 {
				mu.Lock()
				stay[last.Providers[0].EntityID] = last
				mu.Unlock()
			}
			return err
		}
		s.identities.find = func(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
			mu.Lock()
			last, ok := stay[entityID]
			mu.Unlock()
			if ok {
				return last, nil
			}
			return find(ctx, provider, entityID)
		}
	}},
	{"an identity that is written during an outage has one way", half, func(s *server) {
		create := s.identities.create
		s.identities.create = func(ctx context.Context, i login.AuthIdentity) error {
			if s.outage.on() {
				i.Providers = i.Providers[:1]
			}
			return create(ctx, i)
		}
	}},
	{"Put says that it has written", lost, func(s *server) {
		put, lose := s.tokens.put, sometimes(20)
		s.tokens.put = func(ctx context.Context, t login.OneTimeToken) error {
			if lose() {
				return nil
			}
			return put(ctx, t)
		}
	}},
	{"Consume answers, and removes later", resurrected, func(s *server) {
		get := s.tokens.get
		consume := s.tokens.consume
		s.tokens.consume = func(ctx context.Context, id string, d token.Digest, now time.Time) (login.OneTimeToken, error) {
			t, err := get(ctx, id, now)
			if err == nil && t.Digest == d && s.outage.on() {
				return t, nil
			}
			return consume(ctx, id, d, now)
		}
	}},
	{"Delete of a token says that it is done", resurrected, func(s *server) {
		remove := s.tokens.delete
		s.tokens.delete = func(ctx context.Context, id string) error {
			if s.outage.on() {
				return nil
			}
			return remove(ctx, id)
		}
	}},
	{"data that is written during an outage is cut", half, func(s *server) {
		put := s.tokens.put
		s.tokens.put = func(ctx context.Context, t login.OneTimeToken) error {
			if s.outage.on() {
				t.Data = auth.Metadata{}
			}
			return put(ctx, t)
		}
	}},
	{"Swap of attempts says that it has counted", lost, func(s *server) {
		swap, lose := s.attempts.swap, sometimes(20)
		s.attempts.swap = func(ctx context.Context, a login.Attempts, now time.Time) error {
			if lose() {
				return nil
			}
			return swap(ctx, a, now)
		}
	}},
	{"an outage counts no attempts", lost, func(s *server) {
		load := s.attempts.load
		s.attempts.load = func(ctx context.Context, key string, now time.Time) (login.Attempts, error) {
			a, err := load(ctx, key, now)
			if errors.Is(err, auth.ErrUnavailable) {
				return login.Attempts{Key: key}, nil
			}
			return a, err
		}
	}},
	{"a count that is written during an outage delays nothing", half, func(s *server) {
		swap := s.attempts.swap
		s.attempts.swap = func(ctx context.Context, a login.Attempts, now time.Time) error {
			if s.outage.on() {
				a.Next = time.Time{}
			}
			return swap(ctx, a, now)
		}
	}},
	{"an outage is the error of the driver", unclear, func(s *server) {
		replace := s.keys.replace
		s.keys.replace = func(ctx context.Context, k apikey.Key) error {
			err := replace(ctx, k)
			if errors.Is(err, auth.ErrUnavailable) {
				err = errors.New(strings.ReplaceAll(err.Error(), ":", ""))
			}
			return err
		}
	}},
	{"a call outlives its deadline", late, func(s *server) {
		s.slack = shortSlack
		get := s.sessions.get
		s.sessions.get = func(ctx context.Context, id string, now time.Time) (session.Record, error) {
			if s.outage.on() {
				time.Sleep(shortSlack + 300*time.Millisecond)
			}
			return get(ctx, id, now)
		}
	}},
}
