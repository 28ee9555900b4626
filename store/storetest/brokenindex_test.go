package storetest_test

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// others returns the actors that have the ID of actor.
func others(actor auth.Actor) []auth.Actor {
	return []auth.Actor{{Type: "user", ID: actor.ID}, {Type: "customer", ID: actor.ID}}
}

// brokenIndexes have their faults in what only an Index does.
var brokenIndexes = []broken[*sessions, *memory.Sessions]{
	{"List looks at the ID of the actor alone", "List holds what is the owner's and nothing else", func(s *sessions, m *memory.Sessions) {
		s.list = func(ctx context.Context, actor auth.Actor, now time.Time) (all []session.Record, err error) {
			for _, other := range others(actor) {
				recs, listErr := m.List(ctx, other, now)
				all, err = append(all, recs...), listErr
			}
			return all, err
		}
	}},
	{"List is the newest first", "List is the oldest first", func(s *sessions, m *memory.Sessions) {
		s.list = func(ctx context.Context, actor auth.Actor, now time.Time) ([]session.Record, error) {
			recs, err := m.List(ctx, actor, now)
			slices.Reverse(recs)
			return recs, err
		}
	}},
	{"List forgets the metadata", "List returns whole records", func(s *sessions, m *memory.Sessions) {
		s.list = func(ctx context.Context, actor auth.Actor, now time.Time) ([]session.Record, error) {
			recs, err := m.List(ctx, actor, now)
			for i := range recs {
				recs[i].Login.UserMetadata = auth.Metadata{}
			}
			return recs, err
		}
	}},
	{"List ignores the context", "List with a context that is done is an error", func(s *sessions, m *memory.Sessions) {
		s.list = func(ctx context.Context, actor auth.Actor, now time.Time) ([]session.Record, error) {
			return m.List(context.WithoutCancel(ctx), actor, now)
		}
	}},
	{"List shares the Factors", "listed records are values", shareFactors},
	{"List ignores Expires", "List leaves out what has expired", func(s *sessions, m *memory.Sessions) {
		s.list = func(ctx context.Context, actor auth.Actor, _ time.Time) ([]session.Record, error) {
			return m.List(ctx, actor, time.Now())
		}
	}},
	{"Delete leaves the index as it was", "List leaves out what was deleted", func(s *sessions, m *memory.Sessions) {
		s.delete = func(context.Context, string) error { return nil }
	}},
	{"sessions without an actor are one actor's", "an actor without a type or an ID has no sessions",
		func(s *sessions, m *memory.Sessions) {
			var nobodys []session.Record
			s.create = func(ctx context.Context, rec session.Record) error {
				if rec.Login.Actor.ID == "" {
					nobodys = append(nobodys, rec)
				}
				return m.Create(ctx, rec)
			}
			s.list = func(ctx context.Context, actor auth.Actor, now time.Time) ([]session.Record, error) {
				if actor.ID == "" {
					return nobodys, nil
				}
				return m.List(ctx, actor, now)
			}
		}},
	{"DeleteAll looks at the ID of the actor alone", "DeleteAll removes what is the actor's and nothing else",
		func(s *sessions, m *memory.Sessions) {
			s.deleteAll = func(ctx context.Context, actor auth.Actor, except string) (n int, err error) {
				for _, other := range others(actor) {
					removed, deleteErr := m.DeleteAll(ctx, other, except)
					n, err = n+removed, deleteErr
				}
				return n, err
			}
		}},
	{"DeleteAll ignores the exception", "DeleteAll spares the exception", func(s *sessions, m *memory.Sessions) {
		s.deleteAll = func(ctx context.Context, actor auth.Actor, _ string) (int, error) {
			return m.DeleteAll(ctx, actor, "")
		}
	}},
	{"DeleteAll counts the exception", "DeleteAll spares the exception", func(s *sessions, m *memory.Sessions) {
		s.deleteAll = func(ctx context.Context, actor auth.Actor, except string) (int, error) {
			n, err := m.DeleteAll(ctx, actor, except)
			return n + min(len(except), 1), err
		}
	}},
	{"DeleteAll ignores the context", "DeleteAll with a context that is done is an error and changes nothing",
		func(s *sessions, m *memory.Sessions) {
			s.deleteAll = func(ctx context.Context, actor auth.Actor, except string) (int, error) {
				return m.DeleteAll(context.WithoutCancel(ctx), actor, except)
			}
		}},
	{"Replace brings back what DeleteAll removed", "DeleteAll is not undone by requests in flight", upsert},
	{"DeleteAll removes one page", "DeleteAll removes all that was there before it began", func(s *sessions, m *memory.Sessions) {
		s.deleteAll = func(ctx context.Context, actor auth.Actor, except string) (n int, err error) {
			recs, err := m.List(ctx, actor, time.Now())
			for _, rec := range recs[:min(len(recs), 5)] {
				n, err = n+1, m.Delete(ctx, rec.ID)
			}
			return n, err
		}
	}},
	{"DeleteAll empties the index and misses a record", "DeleteAll removes all that was there before it began",
		func(s *sessions, m *memory.Sessions) {
			var mu sync.Mutex
			hidden := map[auth.Actor]bool{}
			s.deleteAll = func(ctx context.Context, actor auth.Actor, except string) (int, error) {
				n, err := m.DeleteAll(ctx, actor, except)
				pause()
				mu.Lock()
				defer mu.Unlock()
				hidden[actor] = true
				return n, err
			}
			s.list = func(ctx context.Context, actor auth.Actor, now time.Time) ([]session.Record, error) {
				mu.Lock()
				defer mu.Unlock()
				if hidden[actor] {
					return nil, nil
				}
				return m.List(ctx, actor, now)
			}
		}},
}
