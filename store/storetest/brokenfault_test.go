package storetest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
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
	{"a state is cut", half, func(s *server) {
		swap := s.keyStore.swap
		s.keyStore.swap = func(ctx context.Context, oldVersion int64, state []byte) error {
			return swap(ctx, oldVersion, state[:min(len(state), 1<<10)])
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
