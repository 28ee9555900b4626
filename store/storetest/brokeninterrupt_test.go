package storetest_test

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// slowly takes as long as a server may, unless ctx is done before.
func slowly(ctx context.Context) error {
	select {
	case <-time.After(2 * time.Millisecond):
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// brokenInterrupts have their faults in what becomes of a call whose context ends.
var brokenInterrupts = []broken[*sessions, *memory.Sessions]{
	{"Create writes one half, then the other", "an interrupted Create leaves the record or nothing",
		func(s *sessions, m *memory.Sessions) {
			s.create = func(ctx context.Context, rec session.Record) error {
				half := rec
				half.Login.Factors = nil
				if err := m.Create(ctx, half); err != nil {
					return err
				}
				if err := slowly(ctx); err != nil {
					return err
				}
				return m.Replace(ctx, restored(rec), time.Now())
			}
		}},
	{"an interrupted Create is nil", "an interrupted Create leaves the record or nothing", func(s *sessions, m *memory.Sessions) {
		s.create = func(ctx context.Context, rec session.Record) error {
			if slowly(ctx) != nil {
				return nil
			}
			return m.Create(ctx, rec)
		}
	}},
	{"Replace deletes, then creates", "an interrupted Replace leaves the old record or the new one",
		func(s *sessions, m *memory.Sessions) {
			s.replace = func(ctx context.Context, rec session.Record, now time.Time) error {
				if err := m.Delete(ctx, rec.ID); err != nil {
					return err
				}
				if err := slowly(ctx); err != nil {
					return err
				}
				rec.Version++
				if err := m.Create(ctx, rec); err != nil {
					return err
				}
				return raise(ctx, m, rec)
			}
		}},
	{"an interrupted Replace leaves a lock", "an interrupted Replace leaves the old record or the new one", lockReplace},
	{"an interrupted Replace is not found", "an interrupted Replace leaves the old record or the new one",
		func(s *sessions, m *memory.Sessions) {
			s.replace = func(ctx context.Context, rec session.Record, now time.Time) error {
				if slowly(ctx) != nil {
					return session.ErrNotFound
				}
				return m.Replace(ctx, rec, now)
			}
		}},
	{"an interrupted Delete is nil", "an interrupted Delete leaves the record or nothing", func(s *sessions, m *memory.Sessions) {
		s.delete = func(ctx context.Context, id string) error {
			if slowly(ctx) != nil {
				return nil
			}
			return m.Delete(ctx, id)
		}
	}},
	{"DeleteAll lists, then deletes, and counts too much", "an interrupted DeleteAll leaves each record or nothing of it",
		func(s *sessions, m *memory.Sessions) {
			s.deleteAll = func(ctx context.Context, actor auth.Actor, _ string) (int, error) {
				recs, err := m.List(ctx, actor, time.Now())
				for _, rec := range recs {
					if slowly(ctx) != nil {
						break
					}
					err = m.Delete(ctx, rec.ID)
				}
				return len(recs), err
			}
		}},
	{"DeleteIdentity of one request does nothing, and counts", "an interrupted DeleteIdentity leaves each record or nothing of it",
		func(s *sessions, m *memory.Sessions) {
			s.deleteIdentity = func(ctx context.Context, identity, except string) (int, error) {
				if slowly(ctx) != nil {
					return 3, nil
				}
				return m.DeleteIdentity(ctx, identity, except)
			}
		}},
	{"an interrupted Create is not in the index", "List and Get agree after interrupted calls", func(s *sessions, m *memory.Sessions) {
		var missed shelf
		s.create = func(ctx context.Context, rec session.Record) error {
			if err := m.Create(ctx, rec); err != nil {
				return err
			}
			err := slowly(ctx)
			if err != nil {
				missed.put(rec.ID)
			}
			return err
		}
		hide(s, m, &missed)
	}},
	{"List misses the last Create", "List misses nothing while others Create", func(s *sessions, m *memory.Sessions) {
		s.list = func(ctx context.Context, actor auth.Actor, now time.Time) ([]session.Record, error) {
			recs, err := m.List(ctx, actor, now)
			return recs[:max(0, len(recs)-1)], err
		}
	}},
	{"DeleteAll lists, then deletes", "many calls of DeleteAll at once count each record once", func(s *sessions, m *memory.Sessions) {
		s.deleteAll = func(ctx context.Context, actor auth.Actor, _ string) (int, error) {
			recs, err := m.List(ctx, actor, time.Now())
			pause()
			for _, rec := range recs {
				err = m.Delete(ctx, rec.ID)
			}
			return len(recs), err
		}
	}},
	{"the index is read, then written", "List and Get agree after many have come and gone", func(s *sessions, m *memory.Sessions) {
		var mu sync.Mutex
		var missed shelf
		s.create = func(ctx context.Context, rec session.Record) error {
			if mu.TryLock() {
				defer mu.Unlock()
				pause()
			} else {
				missed.put(rec.ID) // who writes the index now does not know of it
			}
			return m.Create(ctx, rec)
		}
		hide(s, m, &missed)
	}},
}

// restored returns rec as it replaces the first version.
func restored(rec session.Record) session.Record {
	rec.Version = 1
	return rec
}

// hide keeps what was missed out of the list.
func hide(s *sessions, m *memory.Sessions, missed *shelf) {
	s.list = func(ctx context.Context, actor auth.Actor, now time.Time) ([]session.Record, error) {
		recs, err := m.List(ctx, actor, now)
		return slices.DeleteFunc(recs, func(rec session.Record) bool { return missed.has(rec.ID) }), err
	}
}

// lockReplace has Replace take a lock of the record, and keep it if it is interrupted.
func lockReplace(s *sessions, m *memory.Sessions) {
	var locks sync.Map
	s.replace = func(ctx context.Context, rec session.Record, now time.Time) error {
		of, _ := locks.LoadOrStore(rec.ID, make(chan struct{}, 1))
		lock := of.(chan struct{})
		select {
		case lock <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := slowly(ctx); err != nil {
			return err
		}
		err := m.Replace(ctx, rec, now)
		<-lock
		return err
	}
}

var brokenKeyInterrupts = []broken[*keys, *memory.APIKeys]{
	{"an interrupted Create is nil", "an interrupted Create leaves the record or nothing", func(s *keys, m *memory.APIKeys) {
		s.create = func(ctx context.Context, k apikey.Key) error {
			if slowly(ctx) != nil {
				return nil
			}
			return m.Create(ctx, k)
		}
	}},
	{"an interrupted Delete is nil", "an interrupted Delete leaves the record or nothing", func(s *keys, m *memory.APIKeys) {
		s.delete = func(ctx context.Context, id string) error {
			if slowly(ctx) != nil {
				return nil
			}
			return m.Delete(ctx, id)
		}
	}},
	{"an interrupted Create is not in the index", "Find by owner and Get agree after interrupted calls",
		func(s *keys, m *memory.APIKeys) {
			var missed shelf
			s.create = func(ctx context.Context, k apikey.Key) error {
				if err := m.Create(ctx, k); err != nil {
					return err
				}
				err := slowly(ctx)
				if err != nil {
					missed.put(k.ID)
				}
				return err
			}
			s.find = found(m, func(_ apikey.Query, recs []apikey.Key) []apikey.Key {
				return slices.DeleteFunc(recs, func(k apikey.Key) bool { return missed.has(k.ID) })
			})
		}},
	{"Find misses the last Create", "Find by owner misses nothing while others Create", func(s *keys, m *memory.APIKeys) {
		s.find = found(m, func(_ apikey.Query, recs []apikey.Key) []apikey.Key { return recs[:max(0, len(recs)-1)] })
	}},
	{"an interrupted Replace is nil", "an interrupted Replace leaves the old record or the new one",
		func(s *keys, m *memory.APIKeys) {
			s.replace = func(ctx context.Context, k apikey.Key) error {
				if slowly(ctx) != nil {
					return nil
				}
				return m.Replace(ctx, k)
			}
		}},
	{"Replace writes the index, then compares", "a key that many give away has one owner", func(s *keys, m *memory.APIKeys) {
		var given shelf
		s.replace = func(ctx context.Context, k apikey.Key) error {
			given.put(k.Owner.ID + k.ID)
			return m.Replace(ctx, k)
		}
		s.find = func(ctx context.Context, q apikey.Query) ([]apikey.Key, int, error) {
			recs, _, err := m.Find(ctx, q)
			if err == nil && len(recs) == 0 {
				for _, id := range given.under(q.Owner.ID) {
					k, _ := m.Get(ctx, id)
					recs = append(recs, k)
				}
			}
			return recs, len(recs), err
		}
	}},
}

var brokenRevocationInterrupts = []broken[*revocations, *memory.Revocations]{
	{"an interrupted Revoke is nil", "an interrupted Revoke is done or not, and can be repeated",
		func(s *revocations, m *memory.Revocations) {
			s.revoke = func(ctx context.Context, key string, at, until time.Time) error {
				if slowly(ctx) != nil {
					return nil
				}
				return m.Revoke(ctx, key, at, until)
			}
		}},
}

var brokenKeyStoreInterrupts = []broken[*keyStore, *memory.KeyStore]{
	{"an interrupted Swap is nil", "an interrupted Swap leaves the old state or the new one", func(s *keyStore, m *memory.KeyStore) {
		s.swap = func(ctx context.Context, oldVersion int64, state []byte) error {
			if oldVersion > 0 && slowly(ctx) != nil {
				return nil
			}
			return m.Swap(ctx, oldVersion, state)
		}
	}},
	{"an interrupted Swap writes half", "an interrupted Swap leaves the old state or the new one",
		func(s *keyStore, m *memory.KeyStore) {
			s.swap = func(ctx context.Context, oldVersion int64, state []byte) error {
				if oldVersion > 0 && slowly(ctx) != nil {
					_ = m.Swap(context.WithoutCancel(ctx), oldVersion, state[:len(state)/2])
					return ctx.Err()
				}
				return m.Swap(ctx, oldVersion, state)
			}
		}},
}
