package storetest_test

import (
	"context"
	"errors"
	"sync"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/store/memory"
)

// lookFirst makes a call that looks whether the ways of i are free, then forces it through without those that are not.
func lookFirst(
	ctx context.Context, m *memory.Identities, i login.AuthIdentity, do func(context.Context, login.AuthIdentity) error,
) error {
	if len(withoutTaken(ctx, m, i).Providers) < len(i.Providers) {
		return login.ErrExists
	}
	pause()
	err := do(ctx, i)
	if errors.Is(err, login.ErrExists) {
		err = do(ctx, withoutTaken(ctx, m, i))
	}
	return err
}

// brokenWayRaces have their faults in what many do at once, or what becomes of a call whose context ends.
var brokenWayRaces = []broken[*identities, *memory.Identities]{
	{"Create looks for the ways, then writes", "of many Creates by one way, under IDs of their own, one wins",
		func(s *identities, m *memory.Identities) {
			s.create = func(ctx context.Context, i login.AuthIdentity) error { return lookFirst(ctx, m, i, m.Create) }
		}},
	{"Replace looks for the ways, then writes", "of many who add one way, one wins", func(s *identities, m *memory.Identities) {
		s.replace = func(ctx context.Context, i login.AuthIdentity) error { return lookFirst(ctx, m, i, m.Replace) }
	}},
	{"Create and Replace look for the ways, then write", "of a Create and a Replace by one way, one wins",
		func(s *identities, m *memory.Identities) {
			s.create = func(ctx context.Context, i login.AuthIdentity) error { return lookFirst(ctx, m, i, m.Create) }
			s.replace = func(ctx context.Context, i login.AuthIdentity) error { return lookFirst(ctx, m, i, m.Replace) }
		}},
	{"Replace removes the old ways, then adds the new ones", "of two who each want the ways of the other neither wins",
		func(s *identities, m *memory.Identities) {
			s.replace = func(ctx context.Context, i login.AuthIdentity) error {
				bare, old := i.Clone(), i.Version
				bare.Providers = []login.ProviderIdentity{{
					Provider: "none", EntityID: token.NewID(), CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt,
				}}
				if err := m.Replace(ctx, bare); err != nil {
					return err
				}
				pause()
				i.Version = old + 1
				return m.Replace(ctx, i)
			}
		}},
	{"two who wait for each other wait for ever", "of two who each want the ways of the other neither wins",
		func(s *identities, m *memory.Identities) {
			s.replace = func(ctx context.Context, i login.AuthIdentity) error {
				<-ctx.Done()
				return ctx.Err()
			}
		}},
	{"Replace adds its ways, then looks whether it is there", "what was deleted logs in no more, whatever is in flight",
		func(s *identities, m *memory.Identities) {
			var mu sync.Mutex
			added := map[string]login.AuthIdentity{}
			begun := make(chan struct{})
			begin := sync.OnceFunc(func() { close(begun) })
			s.replace = func(ctx context.Context, i login.AuthIdentity) error {
				mu.Lock()
				added[i.Providers[0].EntityID] = i
				mu.Unlock()
				begin()
				return m.Replace(ctx, i)
			}
			s.delete = func(ctx context.Context, id string) error {
				<-begun // or it might come first, and nothing would be in flight
				return m.Delete(ctx, id)
			}
			s.find = func(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
				i, err := m.Find(ctx, provider, entityID)
				mu.Lock()
				defer mu.Unlock()
				if left, ok := added[entityID]; ok && errors.Is(err, login.ErrNotFound) {
					return left, nil
				}
				return i, err
			}
		}},
	{"Find reads the identity, then its ways", "Find sees an identity before a Replace or after it",
		func(s *identities, m *memory.Identities) {
			s.find = func(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
				i, err := m.Find(ctx, provider, entityID)
				if err != nil {
					return i, err
				}
				pause()
				now, err := m.Find(ctx, provider, entityID)
				i.Providers = now.Providers
				return i, err
			}
		}},
	{"the index of ways lags behind", "a way that goes from one to another has one owner",
		func(s *identities, m *memory.Identities) {
			var mu sync.Mutex
			seen := map[string]login.AuthIdentity{}
			s.find = func(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
				mu.Lock()
				defer mu.Unlock()
				if i, ok := seen[entityID]; ok {
					return i, nil
				}
				i, err := m.Find(ctx, provider, entityID)
				if err == nil {
					seen[entityID] = i
				}
				return i, err
			}
		}},
	{"an interrupted Create has no ways", "an interrupted call leaves all ways of an identity or none",
		func(s *identities, m *memory.Identities) {
			var missed shelf
			s.create = func(ctx context.Context, i login.AuthIdentity) error {
				if err := m.Create(ctx, i); err != nil {
					return err
				}
				err := slowly(ctx)
				if err != nil {
					missed.put(i.Providers[0].EntityID)
				}
				return err
			}
			s.find = func(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
				if missed.has(entityID) {
					return login.AuthIdentity{}, login.ErrNotFound
				}
				return m.Find(ctx, provider, entityID)
			}
		}},
	{"an interrupted Replace has lost its old ways", "an interrupted call leaves all ways of an identity or none",
		func(s *identities, m *memory.Identities) {
			var missed shelf
			s.replace = func(ctx context.Context, i login.AuthIdentity) error {
				last, _ := m.Get(ctx, i.ID)
				if err := slowly(ctx); err != nil && len(last.Providers) > 0 {
					missed.put(last.Providers[0].EntityID)
					return err
				}
				return m.Replace(ctx, i)
			}
			s.find = func(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
				if missed.has(entityID) {
					return login.AuthIdentity{}, login.ErrNotFound
				}
				return m.Find(ctx, provider, entityID)
			}
		}},
}
