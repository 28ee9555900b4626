package storetest_test

import (
	"context"
	"errors"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// A sessions store does what its funcs do: at first that is right.
type sessions struct {
	create    func(ctx context.Context, rec session.Record) error
	get       func(ctx context.Context, id string, now time.Time) (session.Record, error)
	replace   func(ctx context.Context, rec session.Record, now time.Time) error
	delete    func(ctx context.Context, id string) error
	list      func(ctx context.Context, actor auth.Actor, now time.Time) ([]session.Record, error)
	deleteAll func(ctx context.Context, actor auth.Actor, except string) (int, error)

	deleteIdentity func(ctx context.Context, identity, except string) (int, error)
}

func newSessions(m *memory.Sessions) *sessions {
	return &sessions{m.Create, m.Get, m.Replace, m.Delete, m.List, m.DeleteAll, m.DeleteIdentity}
}

func (s *sessions) Create(ctx context.Context, rec session.Record) error { return s.create(ctx, rec) }

func (s *sessions) Get(ctx context.Context, id string, now time.Time) (session.Record, error) {
	return s.get(ctx, id, now)
}

func (s *sessions) Replace(ctx context.Context, rec session.Record, now time.Time) error {
	return s.replace(ctx, rec, now)
}

func (s *sessions) Delete(ctx context.Context, id string) error { return s.delete(ctx, id) }

func (s *sessions) List(ctx context.Context, actor auth.Actor, now time.Time) ([]session.Record, error) {
	return s.list(ctx, actor, now)
}

func (s *sessions) DeleteAll(ctx context.Context, actor auth.Actor, except string) (int, error) {
	return s.deleteAll(ctx, actor, except)
}

func (s *sessions) DeleteIdentity(ctx context.Context, identity, except string) (int, error) {
	return s.deleteIdentity(ctx, identity, except)
}

// pause waits in a bubble until all other racers have come as far, or wait for something else. Without that, a busy machine
// would run them one after the other, and what is broken would work.
func pause() { time.Sleep(time.Millisecond) }

// force puts rec in the place of what is there, whatever its version.
func force(ctx context.Context, m *memory.Sessions, rec session.Record, now time.Time) error {
	for {
		current, err := m.Get(ctx, rec.ID, now)
		if err != nil {
			return err
		}
		rec.Version = current.Version
		if err := m.Replace(ctx, rec, now); !errors.Is(err, session.ErrConflict) {
			return err
		}
	}
}

// upsert makes Replace create what is not there.
func upsert(s *sessions, m *memory.Sessions) {
	s.replace = func(ctx context.Context, rec session.Record, now time.Time) error {
		err := m.Replace(ctx, rec, now)
		if errors.Is(err, session.ErrNotFound) {
			err = m.Create(ctx, rec)
		}
		return err
	}
}

// readThenWrite makes Replace two steps.
func readThenWrite(s *sessions, m *memory.Sessions) {
	s.replace = func(ctx context.Context, rec session.Record, now time.Time) error {
		current, err := m.Get(ctx, rec.ID, now)
		if err != nil {
			return err
		}
		if current.Version != rec.Version {
			return session.ErrConflict
		}
		pause()
		return force(ctx, m, rec, now)
	}
}

// shareFactors makes the store keep the slice that it is given, and hand it out.
func shareFactors(s *sessions, m *memory.Sessions) {
	shared := map[string][]auth.Factor{}
	s.create = func(ctx context.Context, rec session.Record) error {
		shared[rec.ID] = rec.Login.Factors
		return m.Create(ctx, rec)
	}
	s.get = func(ctx context.Context, id string, now time.Time) (session.Record, error) {
		rec, err := m.Get(ctx, id, now)
		rec.Login.Factors = shared[id]
		return rec, err
	}
	s.list = func(ctx context.Context, actor auth.Actor, now time.Time) ([]session.Record, error) {
		recs, err := m.List(ctx, actor, now)
		for i := range recs {
			recs[i].Login.Factors = shared[recs[i].ID]
		}
		return recs, err
	}
}

// raise replaces rec until it has the version that its maker gave it.
func raise(ctx context.Context, m *memory.Sessions, rec session.Record) error {
	for version := int64(1); version < rec.Version; version++ {
		if err := force(ctx, m, rec, time.Now()); err != nil {
			return err
		}
	}
	return nil
}
