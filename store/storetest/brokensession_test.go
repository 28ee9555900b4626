package storetest_test

import (
	"context"
	"errors"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

var brokenSessions = []broken[*sessions, *memory.Sessions]{
	{"Create forgets the Counter", "a created record comes back whole", func(s *sessions, m *memory.Sessions) {
		s.create = func(ctx context.Context, rec session.Record) error {
			rec.Counter = 0
			return m.Create(ctx, rec)
		}
	}},
	{"Create forgets the Floor", "a created record comes back whole", func(s *sessions, m *memory.Sessions) {
		s.create = func(ctx context.Context, rec session.Record) error {
			rec.Floor = 0
			return m.Create(ctx, rec)
		}
	}},
	{"an address is that of IPv4 in it", "a created record comes back whole", func(s *sessions, m *memory.Sessions) {
		s.create = func(ctx context.Context, rec session.Record) error {
			rec.IP = rec.IP.Unmap()
			return m.Create(ctx, rec)
		}
	}},
	{"Replace keeps the Values", "a replaced record comes back whole", func(s *sessions, m *memory.Sessions) {
		s.replace = func(ctx context.Context, rec session.Record, now time.Time) error {
			if current, err := m.Get(ctx, rec.ID, now); err == nil {
				rec.Values = current.Values
			}
			return m.Replace(ctx, rec, now)
		}
	}},
	{"Create keeps milliseconds", "a created record comes back whole", func(s *sessions, m *memory.Sessions) {
		s.create = func(ctx context.Context, rec session.Record) error {
			rec.Renewed = rec.Renewed.Truncate(time.Millisecond)
			return m.Create(ctx, rec)
		}
	}},
	{"Create trims text", "a created record comes back whole", func(s *sessions, m *memory.Sessions) {
		s.create = func(ctx context.Context, rec session.Record) error {
			rec.UserAgent = strings.TrimSpace(rec.UserAgent)
			return m.Create(ctx, rec)
		}
	}},
	{"Create joins the scopes", "a created record comes back whole", func(s *sessions, m *memory.Sessions) {
		s.create = func(ctx context.Context, rec session.Record) error {
			rec.Login.Scopes = auth.NewSet(strings.Fields(rec.Login.Scopes.String())...)
			return m.Create(ctx, rec)
		}
	}},
	{"Replace forgets the Digest", "a replaced record comes back whole", func(s *sessions, m *memory.Sessions) {
		s.replace = func(ctx context.Context, rec session.Record, now time.Time) error {
			if current, err := m.Get(ctx, rec.ID, now); err == nil {
				rec.Digest = current.Digest
			}
			return m.Replace(ctx, rec, now)
		}
	}},
	{"Create keeps the Version it is given", "Version is 1 after Create and one more after each Replace",
		func(s *sessions, m *memory.Sessions) {
			s.create = func(ctx context.Context, rec session.Record) error {
				return errors.Join(m.Create(ctx, rec), raise(ctx, m, rec))
			}
		}},
	{"Create overwrites", "Create of an existing ID is ErrExists and changes nothing", func(s *sessions, m *memory.Sessions) {
		s.create = func(ctx context.Context, rec session.Record) error {
			return errors.Join(m.Delete(ctx, rec.ID), m.Create(ctx, rec))
		}
	}},
	{"Get of an unknown ID is an error of the driver", "Get of an unknown ID is ErrNotFound", func(s *sessions, m *memory.Sessions) {
		s.get = func(ctx context.Context, id string, now time.Time) (session.Record, error) {
			rec, err := m.Get(ctx, id, now)
			if err != nil {
				err = errors.New("no rows")
			}
			return rec, err
		}
	}},
	{"Get does not tell upper from lower case", "IDs compare byte for byte", func(s *sessions, m *memory.Sessions) {
		s.get = func(ctx context.Context, id string, now time.Time) (session.Record, error) {
			return m.Get(ctx, strings.ToLower(id), now)
		}
	}},
	{"Get takes an ID for a path", "an ID is no pattern, path or statement", func(s *sessions, m *memory.Sessions) {
		s.get = func(ctx context.Context, id string, now time.Time) (session.Record, error) {
			return m.Get(ctx, path.Base(id), now)
		}
	}},
	{"Replace ignores the Version", "Replace of another version is ErrConflict and changes nothing",
		func(s *sessions, m *memory.Sessions) {
			s.replace = func(ctx context.Context, rec session.Record, now time.Time) error {
				return force(ctx, m, rec, now)
			}
		}},
	{"Replace creates", "Replace of an unknown ID is ErrNotFound and creates nothing", upsert},
	{"the context is ignored", "a context that is done is an error and changes nothing", func(s *sessions, m *memory.Sessions) {
		s.replace = func(ctx context.Context, rec session.Record, now time.Time) error {
			return m.Replace(context.WithoutCancel(ctx), rec, now)
		}
	}},
	{"a cancelled context is a no", "a context that is done is an error and changes nothing", func(s *sessions, m *memory.Sessions) {
		s.get = func(ctx context.Context, id string, now time.Time) (session.Record, error) {
			if ctx.Err() != nil {
				return session.Record{}, session.ErrNotFound
			}
			return m.Get(ctx, id, now)
		}
	}},
	{"Create looks, then writes", "one of many Creates wins", func(s *sessions, m *memory.Sessions) {
		s.create = func(ctx context.Context, rec session.Record) error {
			if _, err := m.Get(ctx, rec.ID, time.Now()); err == nil {
				return session.ErrExists
			}
			pause()
			_ = m.Create(ctx, rec)
			return nil
		}
	}},
	{"Replace reads, then writes", "one of many Replaces wins", readThenWrite},
	{"Replace reads, then writes, and updates are lost", "no update is lost", readThenWrite},
	{"Replace writes one half, then the other", "no reader sees half a change", func(s *sessions, m *memory.Sessions) {
		s.replace = func(ctx context.Context, rec session.Record, now time.Time) error {
			half, err := m.Get(ctx, rec.ID, now)
			if err != nil {
				return err
			}
			half.UserAgent, half.Version = rec.UserAgent, rec.Version
			if err := m.Replace(ctx, half, now); err != nil {
				return err
			}
			pause()
			return force(ctx, m, rec, now)
		}
	}},
	{"Factors are shared", "records are values", shareFactors},
	{"Get ignores Expires", "Get at Expires is ErrNotFound, one microsecond before it is not", func(s *sessions, m *memory.Sessions) {
		s.get = func(ctx context.Context, id string, _ time.Time) (session.Record, error) {
			return m.Get(ctx, id, time.Now())
		}
	}},
	{"Get takes Expires for the last good time", "Get at Expires is ErrNotFound, one microsecond before it is not",
		func(s *sessions, m *memory.Sessions) {
			s.get = func(ctx context.Context, id string, now time.Time) (session.Record, error) {
				return m.Get(ctx, id, now.Add(-time.Nanosecond))
			}
		}},
	{"Get reckons in seconds", "Get at Expires is ErrNotFound, one microsecond before it is not", func(s *sessions, m *memory.Sessions) {
		s.get = func(ctx context.Context, id string, now time.Time) (session.Record, error) {
			return m.Get(ctx, id, now.Add(time.Second).Truncate(time.Second))
		}
	}},
	{"Replace ignores Expires", "Replace at Expires is ErrNotFound, one microsecond before it is not",
		func(s *sessions, m *memory.Sessions) {
			s.replace = func(ctx context.Context, rec session.Record, _ time.Time) error {
				return m.Replace(ctx, rec, time.Now())
			}
		}},
	{"Replace takes any actor", "Replace by a record of another actor is refused and changes nothing", func(s *sessions, m *memory.Sessions) {
		s.replace = func(ctx context.Context, rec session.Record, now time.Time) error {
			if kept, err := m.Get(ctx, rec.ID, now); err == nil {
				rec.Login.Actor = kept.Login.Actor
			}
			return m.Replace(ctx, rec, now)
		}
	}},
	{"Replace takes any identity", "Replace by a record of another identity is refused and changes nothing",
		func(s *sessions, m *memory.Sessions) {
			s.replace = func(ctx context.Context, rec session.Record, now time.Time) error {
				if kept, err := m.Get(ctx, rec.ID, now); err == nil {
					rec.Login.IdentityID = kept.Login.IdentityID
				}
				return m.Replace(ctx, rec, now)
			}
		}},
	{"another identity is a conflict", "Replace by a record of another identity is refused and changes nothing",
		func(s *sessions, m *memory.Sessions) {
			s.replace = func(ctx context.Context, rec session.Record, now time.Time) error {
				if kept, err := m.Get(ctx, rec.ID, now); err == nil && kept.Login.IdentityID != rec.Login.IdentityID {
					return session.ErrConflict
				}
				return m.Replace(ctx, rec, now)
			}
		}},
	{"Replace cannot bring the end nearer", "Replace moves Expires in both directions", func(s *sessions, m *memory.Sessions) {
		s.replace = func(ctx context.Context, rec session.Record, now time.Time) error {
			if current, err := m.Get(ctx, rec.ID, now); err == nil && rec.Expires.Before(current.Expires) {
				rec.Expires = current.Expires
			}
			return m.Replace(ctx, rec, now)
		}
	}},
	{"Get deletes what has expired", "a clock that is ahead removes nothing", func(s *sessions, m *memory.Sessions) {
		s.get = func(ctx context.Context, id string, now time.Time) (session.Record, error) {
			rec, err := m.Get(ctx, id, now)
			if errors.Is(err, session.ErrNotFound) {
				err = errors.Join(err, m.Delete(ctx, id))
			}
			return rec, err
		}
	}},
	{"Delete of nothing is an error", "Delete ends one record, and may be repeated", func(s *sessions, m *memory.Sessions) {
		s.delete = func(ctx context.Context, id string) error {
			if _, err := m.Get(ctx, id, time.Now()); err != nil {
				return err
			}
			return m.Delete(ctx, id)
		}
	}},
	{"Delete ignores the context", "Delete with a context that is done is an error and changes nothing",
		func(s *sessions, m *memory.Sessions) {
			s.delete = func(ctx context.Context, id string) error { return m.Delete(context.WithoutCancel(ctx), id) }
		}},
	{"Delete that loses a race is an error", "many Deletes at once are all nil", func(s *sessions, m *memory.Sessions) {
		var mu sync.Mutex
		s.delete = func(ctx context.Context, id string) error {
			if !mu.TryLock() {
				return session.ErrConflict
			}
			defer mu.Unlock()
			pause()
			return m.Delete(ctx, id)
		}
	}},
	{"Replace brings back what was deleted", "what was deleted is not brought back by a request in flight", upsert},
}
