package storetest_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/store/memory"
)

// brokenRecords have their faults in what identities have in common with sessions and keys.
var brokenRecords = []broken[*identities, *memory.Identities]{
	{"the version is kept", "Version is 1 after Create and one more after each Replace",
		func(s *identities, m *memory.Identities) {
			s.get = func(ctx context.Context, id string) (login.AuthIdentity, error) {
				i, err := m.Get(ctx, id)
				i.Version = min(i.Version, 1)
				return i, err
			}
			s.replace = func(ctx context.Context, i login.AuthIdentity) error { return forceIdentity(ctx, m, i) }
		}},
	{"a secret is redacted", "a created record comes back whole", ofEach(func(p *login.ProviderIdentity) {
		text, _ := p.Secret.MarshalText()
		p.Secret = token.NewSecret(string(text))
	})},
	{"a secret is trimmed", "a created record comes back whole", ofEach(func(p *login.ProviderIdentity) {
		p.Secret = token.NewSecret(strings.TrimSpace(p.Secret.Reveal()))
	})},
	{"a secret has 255 bytes at most", "a created record comes back whole", ofEach(func(p *login.ProviderIdentity) {
		text := p.Secret.Reveal()
		p.Secret = token.NewSecret(text[:min(len(text), 255)])
	})},
	{"no secret is an empty one, and all are", "a created record comes back whole", ofEach(func(p *login.ProviderIdentity) {
		p.Secret = token.Secret{}
	})},
	{"an identifier is what is compared", "a created record comes back whole",
		ofEach(func(p *login.ProviderIdentity) { p.Identifier = p.EntityID })},
	{"no verification becomes 1970", "a created record comes back whole", ofEach(func(p *login.ProviderIdentity) {
		if p.VerifiedAt.IsZero() {
			p.VerifiedAt = time.Unix(0, 0).UTC()
		}
	})},
	{"what is not disabled was so in 1970", "a created record comes back whole", enrolled(func(i *login.AuthIdentity) {
		if i.DisabledAt.IsZero() {
			i.DisabledAt = time.Unix(0, 0).UTC()
		}
	})},
	{"a provider is as old as its identity", "a created record comes back whole", enrolled(func(i *login.AuthIdentity) {
		for n := range i.Providers {
			i.Providers[n].CreatedAt = i.CreatedAt
		}
	})},
	{"times are milliseconds", "a created record comes back whole", ofEach(func(p *login.ProviderIdentity) {
		p.UpdatedAt = p.UpdatedAt.Truncate(time.Millisecond)
	})},
	{"times end with 32 bits", "a created record comes back whole", enrolled(func(i *login.AuthIdentity) {
		if i.UpdatedAt.Unix() > 1<<32 {
			i.UpdatedAt = time.Unix(1<<32, 0).UTC()
		}
	})},
	{"ways are in an order of their own", "a created record comes back whole", enrolled(func(i *login.AuthIdentity) {
		slices.SortFunc(i.Providers, func(a, b login.ProviderIdentity) int {
			return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.EntityID, b.EntityID))
		})
	})},
	{"actors are in an order of their own", "a created record comes back whole", enrolled(func(i *login.AuthIdentity) {
		slices.SortFunc(i.Actors, func(a, b auth.Actor) int { return cmp.Compare(a.Type, b.Type) })
	})},
	{"there are ten ways at most", "a created record comes back whole", enrolled(func(i *login.AuthIdentity) {
		i.Providers = i.Providers[:min(len(i.Providers), 10)]
	})},
	{"metadata of a user is decoded and encoded", "a created record comes back whole", ofEach(func(p *login.ProviderIdentity) {
		var members map[string]any
		_ = p.UserMetadata.Decode(&members)
		p.UserMetadata, _ = auth.NewMetadata(members)
	})},
	{"Replace leaves the actors", "a replaced record comes back whole",
		replacing(func(last login.AuthIdentity, next *login.AuthIdentity) {
			next.Actors = last.Actors
		})},
	{"Replace adds to the providers", "a replaced record comes back whole",
		replacing(func(last login.AuthIdentity, next *login.AuthIdentity) {
			next.Providers = append(next.Providers, last.Providers[0])
		})},
	{"Replace cannot enable", "a replaced record comes back whole",
		replacing(func(last login.AuthIdentity, next *login.AuthIdentity) {
			if next.DisabledAt.IsZero() {
				next.DisabledAt = last.DisabledAt
			}
		})},
	{"Create overwrites", "Create of an existing ID is ErrExists and changes nothing",
		func(s *identities, m *memory.Identities) {
			s.create = func(ctx context.Context, i login.AuthIdentity) error {
				return errors.Join(m.Delete(ctx, i.ID), m.Create(ctx, i))
			}
		}},
	{"a repeated Create is nil", "Create of an existing ID is ErrExists and changes nothing",
		func(s *identities, m *memory.Identities) {
			s.create = func(ctx context.Context, i login.AuthIdentity) error {
				if err := m.Create(ctx, i); !errors.Is(err, login.ErrExists) {
					return err
				}
				return nil
			}
		}},
	{"Get of nothing is nothing", "Get of an unknown ID is ErrNotFound", func(s *identities, m *memory.Identities) {
		s.get = func(ctx context.Context, id string) (login.AuthIdentity, error) {
			i, err := m.Get(ctx, id)
			if errors.Is(err, login.ErrNotFound) {
				err = nil
			}
			return i, err
		}
	}},
	{"Replace creates", "Replace of an unknown ID is ErrNotFound and creates nothing", upsertIdentity},
	{"Get does not tell upper from lower case", "IDs compare byte for byte", func(s *identities, m *memory.Identities) {
		s.get = func(ctx context.Context, id string) (login.AuthIdentity, error) {
			return m.Get(ctx, strings.ToLower(id))
		}
	}},
	{"Get pads", "IDs compare byte for byte", func(s *identities, m *memory.Identities) {
		s.get = func(ctx context.Context, id string) (login.AuthIdentity, error) {
			return m.Get(ctx, strings.TrimRight(id, " "))
		}
	}},
	{"Get takes an ID for a path", "an ID is no pattern, path or statement", func(s *identities, m *memory.Identities) {
		s.get = func(ctx context.Context, id string) (login.AuthIdentity, error) { return m.Get(ctx, path.Base(id)) }
	}},
	{"Replace ignores the Version", "Replace of another version is ErrConflict and changes nothing",
		func(s *identities, m *memory.Identities) {
			s.replace = func(ctx context.Context, i login.AuthIdentity) error { return forceIdentity(ctx, m, i) }
		}},
	{"Create ignores the context", "a context that is done is an error and changes nothing",
		func(s *identities, m *memory.Identities) {
			s.create = func(ctx context.Context, i login.AuthIdentity) error { return m.Create(context.WithoutCancel(ctx), i) }
		}},
	{"a secret is cut at NUL", "text that no store keeps is refused and changes nothing",
		ofEach(func(p *login.ProviderIdentity) {
			p.Secret = token.NewSecret(untilNUL(p.Secret.Reveal()))
		})},
	{"an entity is mended", "text that no store keeps is refused and changes nothing", ofEach(func(p *login.ProviderIdentity) {
		p.EntityID = mended(p.EntityID)
	})},
	{"text that cannot be kept is an outage", "text that no store keeps is refused and changes nothing",
		func(s *identities, m *memory.Identities) {
			s.replace = func(ctx context.Context, i login.AuthIdentity) error {
				err := m.Replace(ctx, i)
				if i.Check() != nil {
					err = fmt.Errorf("%w: %w", auth.ErrUnavailable, err)
				}
				return err
			}
		}},
	{"an entity is cut", "text of a megabyte is refused and changes nothing", ofEach(func(p *login.ProviderIdentity) {
		p.EntityID = p.EntityID[:min(len(p.EntityID), 256)]
	})},
	{"Get reads to the first NUL", "Get of an ID that no store keeps is ErrNotFound",
		func(s *identities, m *memory.Identities) {
			s.get = func(ctx context.Context, id string) (login.AuthIdentity, error) { return m.Get(ctx, untilNUL(id)) }
		}},
	{"Create looks, then writes", "one of many Creates wins", func(s *identities, m *memory.Identities) {
		s.create = func(ctx context.Context, i login.AuthIdentity) error {
			if _, err := m.Get(ctx, i.ID); err == nil {
				return login.ErrExists
			}
			pause()
			_ = m.Create(ctx, i)
			return nil
		}
	}},
	{"Replace reads, then writes", "one of many Replaces wins", readThenWriteIdentity},
	{"Replace reads, then writes, and updates are lost", "no update is lost", readThenWriteIdentity},
	{"Replace writes the identity, then its ways", "no reader sees half a change", func(s *identities, m *memory.Identities) {
		s.replace = func(ctx context.Context, i login.AuthIdentity) error {
			half := i.Clone()
			if current, err := m.Get(ctx, i.ID); err == nil {
				half.Providers = current.Providers
			}
			if err := m.Replace(ctx, half); err != nil {
				return err
			}
			pause()
			i.Version++
			return m.Replace(ctx, i)
		}
	}},
	{"an interrupted Create is nil", "an interrupted Create leaves the record or nothing",
		func(s *identities, m *memory.Identities) {
			s.create = func(ctx context.Context, i login.AuthIdentity) error {
				if slowly(ctx) != nil {
					return nil
				}
				return m.Create(ctx, i)
			}
		}},
	{"an interrupted Replace is nil", "an interrupted Replace leaves the old record or the new one",
		func(s *identities, m *memory.Identities) {
			s.replace = func(ctx context.Context, i login.AuthIdentity) error {
				if slowly(ctx) != nil {
					return nil
				}
				return m.Replace(ctx, i)
			}
		}},
	{"Delete of nothing is an error", "Delete ends one record, and may be repeated", func(s *identities, m *memory.Identities) {
		s.delete = func(ctx context.Context, id string) error {
			if _, err := m.Get(ctx, id); err != nil {
				return err
			}
			return m.Delete(ctx, id)
		}
	}},
	{"Delete ignores the context", "Delete with a context that is done is an error and changes nothing",
		func(s *identities, m *memory.Identities) {
			s.delete = func(ctx context.Context, id string) error { return m.Delete(context.WithoutCancel(ctx), id) }
		}},
	{"Delete reads to the first NUL", "Delete of an ID that no store keeps is nil and removes nothing",
		func(s *identities, m *memory.Identities) {
			s.delete = func(ctx context.Context, id string) error { return m.Delete(ctx, untilNUL(id)) }
		}},
	{"Delete that loses a race is an error", "many Deletes at once are all nil", func(s *identities, m *memory.Identities) {
		var mu sync.Mutex
		s.delete = func(ctx context.Context, id string) error {
			if !mu.TryLock() {
				return login.ErrConflict
			}
			defer mu.Unlock()
			pause()
			return m.Delete(ctx, id)
		}
	}},
	{"an interrupted Delete is nil", "an interrupted Delete leaves the record or nothing",
		func(s *identities, m *memory.Identities) {
			s.delete = func(ctx context.Context, id string) error {
				if slowly(ctx) != nil {
					return nil
				}
				return m.Delete(ctx, id)
			}
		}},
	{"Replace brings back what was deleted", "what was deleted is not brought back by a request in flight", upsertIdentity},
	{"the actors are shared", "identities are values", shareActors},
	{"an error tells what was refused", "no error tells a Secret", func(s *identities, m *memory.Identities) {
		s.replace = func(ctx context.Context, i login.AuthIdentity) error {
			err := m.Replace(ctx, i)
			if err != nil {
				err = fmt.Errorf("UPDATE ways SET secret = '%s': %w", i.Providers[0].Secret.Reveal(), err)
			}
			return err
		}
	}},
	{"an error holds what was refused", "no error tells a Secret", func(s *identities, m *memory.Identities) {
		s.create = func(ctx context.Context, i login.AuthIdentity) error {
			if err := m.Create(ctx, i); err != nil {
				return statementError{err, i.Providers[0].Secret.Reveal()}
			}
			return nil
		}
	}},
}

// A statementError is that of a driver.
type statementError struct {
	error
	Argument string
}

func (e statementError) Unwrap() error { return e.error }

// replacing has Replace keep what change makes of an identity.
func replacing(change func(last login.AuthIdentity, next *login.AuthIdentity)) func(*identities, *memory.Identities) {
	return func(s *identities, m *memory.Identities) {
		s.replace = func(ctx context.Context, i login.AuthIdentity) error {
			i = i.Clone()
			if last, err := m.Get(ctx, i.ID); err == nil {
				change(last, &i)
			}
			return m.Replace(ctx, i)
		}
	}
}
