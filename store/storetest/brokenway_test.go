package storetest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/store/memory"
)

// lookingFor has Find look for what change makes of a way.
func lookingFor(change func(provider, entityID string) (string, string)) func(*identities, *memory.Identities) {
	return func(s *identities, m *memory.Identities) {
		s.find = func(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
			provider, entityID = change(provider, entityID)
			return m.Find(ctx, provider, entityID)
		}
	}
}

// folded has Find, Create and Replace take for the same what change makes the same.
func folded(change func(string) string) func(*identities, *memory.Identities) {
	return func(s *identities, m *memory.Identities) {
		var mu sync.Mutex
		owners := map[string]string{} // IDs, by what change has made of their entities
		s.create = func(ctx context.Context, i login.AuthIdentity) error {
			mu.Lock()
			defer mu.Unlock()
			for _, p := range i.Providers {
				if _, ok := owners[p.Provider+" "+change(p.EntityID)]; ok {
					return login.ErrExists
				}
			}
			for _, p := range i.Providers {
				owners[p.Provider+" "+change(p.EntityID)] = i.ID
			}
			return m.Create(ctx, i)
		}
		s.find = func(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
			mu.Lock()
			defer mu.Unlock()
			if id, ok := owners[provider+" "+change(entityID)]; ok {
				return m.Get(ctx, id)
			}
			return m.Find(ctx, provider, entityID)
		}
	}
}

// brokenWays have their faults in what an identity is found by.
var brokenWays = []broken[*identities, *memory.Identities]{
	{"Find returns one way alone", "Find returns whole identities, by each of their ways",
		func(s *identities, m *memory.Identities) {
			s.find = func(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
				i, err := m.Find(ctx, provider, entityID)
				if p, ok := i.By(provider, entityID); ok {
					i.Providers = []login.ProviderIdentity{p}
				}
				return i, err
			}
		}},
	{"Find knows the first way", "Find returns whole identities, by each of their ways",
		func(s *identities, m *memory.Identities) {
			s.find = func(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
				i, err := m.Find(ctx, provider, entityID)
				if err == nil && i.Providers[0].EntityID != entityID {
					return login.AuthIdentity{}, login.ErrNotFound
				}
				return i, err
			}
		}},
	{"Find of nothing is nothing", "Find of an unknown way is ErrNotFound", func(s *identities, m *memory.Identities) {
		s.find = func(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
			i, err := m.Find(ctx, provider, entityID)
			if errors.Is(err, login.ErrNotFound) {
				err = nil
			}
			return i, err
		}
	}},
	{"Find of nothing is an error of the driver", "Find of an unknown way is ErrNotFound",
		func(s *identities, m *memory.Identities) {
			s.find = func(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
				i, err := m.Find(ctx, provider, entityID)
				if errors.Is(err, login.ErrNotFound) {
					err = errors.New("no rows")
				}
				return i, err
			}
		}},
	{"Find forgets the provider", "Find of an unknown way is ErrNotFound", func(s *identities, m *memory.Identities) {
		lookingFor(func(_, entityID string) (string, string) { return "emailpass", entityID })(s, m)
	}},
	{"Find folds case", "ways compare byte for byte", folded(strings.ToLower)},
	{"Find trims", "ways compare byte for byte", lookingFor(func(provider, entityID string) (string, string) {
		return provider, strings.TrimRight(entityID, " ")
	})},
	{"Find trims the provider", "ways compare byte for byte", lookingFor(func(provider, entityID string) (string, string) {
		return strings.TrimRight(provider, " "), entityID
	})},
	{"Find composes", "ways compare byte for byte", lookingFor(func(provider, entityID string) (string, string) {
		return provider, strings.ReplaceAll(entityID, "e\u0308", "\u00eb")
	})},
	{"Find knows look-alikes", "ways compare byte for byte", lookingFor(func(provider, entityID string) (string, string) {
		return provider, strings.NewReplacer("\u0451", "\u00eb", "\uff3a", "Z", "\u0131", "i", "\u212a", "K").Replace(entityID)
	})},
	{"Find takes an entity for a path", "ways compare byte for byte",
		lookingFor(func(provider, entityID string) (string, string) {
			return provider, strings.TrimPrefix(entityID, "./")
		})},
	{"case makes no difference", "ways that differ in little are different ones", folded(strings.ToUpper)},
	{"accents make no difference", "ways that differ in little are different ones", folded(func(entity string) string {
		return strings.NewReplacer("\u00eb", "e", "e\u0308", "e").Replace(entity)
	})},
	{"blanks make no difference", "ways that differ in little are different ones", folded(strings.TrimSpace)},
	{"a provider and an entity are joined", "ways that differ in little are different ones",
		func(s *identities, m *memory.Identities) {
			joined := map[string]bool{}
			s.create = func(ctx context.Context, i login.AuthIdentity) error {
				for _, p := range i.Providers {
					if joined[p.Provider+p.EntityID] {
						return login.ErrExists
					}
					joined[p.Provider+p.EntityID] = true
				}
				return m.Create(ctx, i)
			}
		}},
	{"Find reads to the first NUL", "Find of a way that no store keeps is ErrNotFound",
		lookingFor(func(provider, entityID string) (string, string) {
			return provider, untilNUL(entityID)
		})},
	{"Find of NUL is an error of the driver", "Find of a way that no store keeps is ErrNotFound",
		func(s *identities, m *memory.Identities) {
			s.find = func(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
				if err := errEncoding(provider, entityID); err != nil {
					return login.AuthIdentity{}, err
				}
				return m.Find(ctx, provider, entityID)
			}
		}},
	{"Create takes ways away", "Create of a way that another logs in by is ErrExists and keeps nothing",
		func(s *identities, m *memory.Identities) {
			s.create = func(ctx context.Context, i login.AuthIdentity) error {
				for _, p := range i.Providers {
					if other, err := m.Find(ctx, p.Provider, p.EntityID); err == nil && other.ID != i.ID {
						_ = m.Delete(ctx, other.ID)
					}
				}
				return m.Create(ctx, i)
			}
		}},
	{"Create leaves out the ways of others", "Create of a way that another logs in by is ErrExists and keeps nothing",
		func(s *identities, m *memory.Identities) {
			s.create = func(ctx context.Context, i login.AuthIdentity) error {
				if free := withoutTaken(ctx, m, i); len(free.Providers) > 0 {
					i = free
				}
				return m.Create(ctx, i)
			}
		}},
	{"Create keeps what it can, then refuses", "Create of a way that another logs in by is ErrExists and keeps nothing",
		func(s *identities, m *memory.Identities) {
			s.create = func(ctx context.Context, i login.AuthIdentity) error {
				err := m.Create(ctx, i)
				if _, getErr := m.Get(ctx, i.ID); errors.Is(err, login.ErrExists) && getErr != nil {
					_ = m.Create(ctx, withoutTaken(ctx, m, i))
				}
				return err
			}
		}},
	{"Replace leaves the old ways behind", "Replace adds and removes ways, and what it removes is free",
		func(s *identities, m *memory.Identities) {
			left := map[[2]string]string{}
			s.replace = func(ctx context.Context, i login.AuthIdentity) error {
				last, _ := m.Get(ctx, i.ID)
				err := m.Replace(ctx, i)
				for _, p := range last.Providers {
					left[[2]string{p.Provider, p.EntityID}] = i.ID
				}
				return err
			}
			s.find = func(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
				i, err := m.Find(ctx, provider, entityID)
				if id := left[[2]string{provider, entityID}]; err != nil && id != "" {
					return m.Get(ctx, id)
				}
				return i, err
			}
		}},
	{"a way can never be taken again", "Replace adds and removes ways, and what it removes is free",
		func(s *identities, m *memory.Identities) {
			first := map[[2]string]string{}
			s.replace = func(ctx context.Context, i login.AuthIdentity) error {
				last, _ := m.Get(ctx, i.ID)
				for _, p := range append(last.Providers, i.Providers...) {
					key := [2]string{p.Provider, p.EntityID}
					if first[key] == "" {
						first[key] = i.ID
					}
					if first[key] != i.ID {
						return login.ErrExists
					}
				}
				return m.Replace(ctx, i)
			}
		}},
	{"a way keeps its secret", "Replace adds and removes ways, and what it removes is free",
		replacing(func(last login.AuthIdentity, next *login.AuthIdentity) {
			for n, p := range next.Providers {
				if old, ok := last.By(p.Provider, p.EntityID); ok {
					next.Providers[n].Secret = old.Secret
				}
			}
		})},
	{"Replace takes ways away", "Replace by a way that another logs in by is ErrExists and changes nothing",
		func(s *identities, m *memory.Identities) {
			s.replace = func(ctx context.Context, i login.AuthIdentity) error {
				for _, p := range i.Providers {
					if other, err := m.Find(ctx, p.Provider, p.EntityID); err == nil && other.ID != i.ID {
						_ = m.Delete(ctx, other.ID)
					}
				}
				return m.Replace(ctx, i)
			}
		}},
	{"Replace does what it can, then refuses", "Replace by a way that another logs in by is ErrExists and changes nothing",
		func(s *identities, m *memory.Identities) {
			s.replace = func(ctx context.Context, i login.AuthIdentity) error {
				err := m.Replace(ctx, i)
				if errors.Is(err, login.ErrExists) {
					_ = m.Replace(ctx, withoutTaken(ctx, m, i))
				}
				return err
			}
		}},
	{"a way of another is a conflict", "Replace by a way that another logs in by is ErrExists and changes nothing",
		func(s *identities, m *memory.Identities) {
			s.replace = func(ctx context.Context, i login.AuthIdentity) error {
				err := m.Replace(ctx, i)
				if errors.Is(err, login.ErrExists) {
					err = login.ErrConflict
				}
				return err
			}
		}},
	{"Replace looks at the ways first", "Replace of another version or of none says that, whatever its ways",
		func(s *identities, m *memory.Identities) {
			s.replace = func(ctx context.Context, i login.AuthIdentity) error {
				if i.Check() == nil && len(withoutTaken(ctx, m, i).Providers) < len(i.Providers) {
					return login.ErrExists
				}
				return m.Replace(ctx, i)
			}
		}},
	{"Delete leaves the ways", "Delete frees all ways", func(s *identities, m *memory.Identities) {
		left := map[string]bool{}
		s.delete = func(ctx context.Context, id string) error {
			i, _ := m.Get(ctx, id)
			for _, p := range i.Providers {
				left[p.EntityID] = true
			}
			return m.Delete(ctx, id)
		}
		s.create = func(ctx context.Context, i login.AuthIdentity) error {
			if slices.ContainsFunc(i.Providers, func(p login.ProviderIdentity) bool { return left[p.EntityID] }) {
				return login.ErrExists
			}
			return m.Create(ctx, i)
		}
	}},
	{"Delete empties", "Delete frees all ways", func(s *identities, m *memory.Identities) {
		deleted := map[string]bool{}
		s.delete = func(ctx context.Context, id string) error { deleted[id] = true; return ctx.Err() }
		s.get = func(ctx context.Context, id string) (login.AuthIdentity, error) {
			if deleted[id] {
				return login.AuthIdentity{}, login.ErrNotFound
			}
			return m.Get(ctx, id)
		}
	}},
	{"Find ignores the context", "Find with a context that is done is an error", func(s *identities, m *memory.Identities) {
		s.find = func(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
			return m.Find(context.WithoutCancel(ctx), provider, entityID)
		}
	}},
	{"Find of a request that has ended is a no", "Find with a context that is done is an error",
		func(s *identities, m *memory.Identities) {
			s.find = func(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
				i, err := m.Find(ctx, provider, entityID)
				if err != nil {
					err = login.ErrNotFound
				}
				return i, err
			}
		}},
}
