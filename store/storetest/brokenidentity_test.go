package storetest_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// An archive remembers the records that were created, as an index by identity that a store keeps beside them.
type archive struct {
	mu   sync.Mutex
	recs []session.Record
}

// kept has Create of s remember.
func (a *archive) kept(s *sessions) *archive {
	create := s.create
	s.create = func(ctx context.Context, rec session.Record) error {
		a.mu.Lock()
		a.recs = append(a.recs, rec)
		a.mu.Unlock()
		return create(ctx, rec)
	}
	return a
}

// of returns the records that match.
func (a *archive) of(match func(session.Record) bool) (recs []session.Record) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, rec := range a.recs {
		if match(rec) {
			recs = append(recs, rec)
		}
	}
	return recs
}

// end removes recs one by one, and counts those that were there.
func end(ctx context.Context, m *memory.Sessions, recs []session.Record, except string) (n int, err error) {
	for _, rec := range recs {
		if _, getErr := m.Get(ctx, rec.ID, time.Now()); getErr == nil && rec.ID != except {
			n++
			err = m.Delete(ctx, rec.ID)
		}
	}
	return n, err
}

// identified has DeleteIdentity end the records that match.
func identified(match func(identity string, rec session.Record) bool) func(*sessions, *memory.Sessions) {
	return func(s *sessions, m *memory.Sessions) {
		a := new(archive).kept(s)
		s.deleteIdentity = func(ctx context.Context, identity, except string) (int, error) {
			return end(ctx, m, a.of(func(rec session.Record) bool { return match(identity, rec) }), except)
		}
	}
}

// brokenIdentities have their faults in how the sessions of an identity end.
var brokenIdentities = []broken[*sessions, *memory.Sessions]{
	{"a collation compares identities", "DeleteIdentity removes what is the identity's and nothing else",
		identified(func(identity string, rec session.Record) bool {
			return strings.EqualFold(identity, rec.Login.IdentityID)
		})},
	{"DeleteIdentity does not know of visitors", "DeleteIdentity spares the exception",
		identified(func(identity string, rec session.Record) bool {
			return identity == rec.Login.IdentityID && rec.Login.Actor.ID != ""
		})},
	{"DeleteIdentity ends the sessions of the first actor alone", "DeleteIdentity spares the exception",
		func(s *sessions, m *memory.Sessions) {
			a := new(archive).kept(s)
			s.deleteIdentity = func(ctx context.Context, identity, except string) (int, error) {
				recs := a.of(func(rec session.Record) bool { return rec.Login.IdentityID == identity })
				recs = slices.DeleteFunc(recs, func(rec session.Record) bool { return rec.Login.Actor != recs[0].Login.Actor })
				return end(ctx, m, recs, except)
			}
		}},
	{"DeleteIdentity ignores the exception", "DeleteIdentity spares the exception", func(s *sessions, m *memory.Sessions) {
		s.deleteIdentity = func(ctx context.Context, identity, _ string) (int, error) { return m.DeleteIdentity(ctx, identity, "") }
	}},
	{"DeleteIdentity ignores the context", "DeleteIdentity with a context that is done is an error and changes nothing",
		func(s *sessions, m *memory.Sessions) {
			s.deleteIdentity = func(ctx context.Context, identity, except string) (int, error) {
				return m.DeleteIdentity(context.WithoutCancel(ctx), identity, except)
			}
		}},
	{"sessions without an identity are one identity's", "an identity that is empty has no sessions",
		identified(func(identity string, rec session.Record) bool { return identity == rec.Login.IdentityID })},
	{"DeleteIdentity lists, then deletes", "many calls of DeleteIdentity at once count each record once",
		func(s *sessions, m *memory.Sessions) {
			a := new(archive).kept(s)
			s.deleteIdentity = func(ctx context.Context, identity, _ string) (n int, err error) {
				recs := a.of(func(rec session.Record) bool { return rec.Login.IdentityID == identity })
				pause()
				for _, rec := range recs {
					err = m.Delete(ctx, rec.ID)
				}
				return len(recs), err
			}
		}},
	{"Replace brings back what DeleteIdentity removed", "DeleteIdentity is not undone by requests in flight", upsert},
	{"DeleteIdentity removes one page", "DeleteIdentity removes all that was there before it began",
		func(s *sessions, m *memory.Sessions) {
			a := new(archive).kept(s)
			s.deleteIdentity = func(ctx context.Context, identity, except string) (int, error) {
				recs := a.of(func(rec session.Record) bool { return rec.Login.IdentityID == identity })
				return end(ctx, m, recs[:min(len(recs), 5)], except)
			}
		}},
	{"an entry is there after the record", "DeleteIdentity removes all that was there before it began",
		func(s *sessions, m *memory.Sessions) {
			var once sync.Once
			a := new(archive)
			s.create = func(ctx context.Context, rec session.Record) error {
				err := m.Create(ctx, rec)
				late := false
				once.Do(func() { late = true })
				if !late { // the first one never comes to it
					a.mu.Lock()
					defer a.mu.Unlock()
					a.recs = append(a.recs, rec)
				}
				return err
			}
			s.deleteIdentity = func(ctx context.Context, identity, except string) (int, error) {
				return end(ctx, m, a.of(func(rec session.Record) bool { return rec.Login.IdentityID == identity }), except)
			}
		}},
}
