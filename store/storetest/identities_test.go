package storetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/store/memory"
	"github.com/countersign-go/countersign/store/storetest"
)

// An identities store does what its funcs do: at first that is right.
type identities struct {
	create  func(ctx context.Context, i login.AuthIdentity) error
	get     func(ctx context.Context, id string) (login.AuthIdentity, error)
	find    func(ctx context.Context, provider, entityID string) (login.AuthIdentity, error)
	replace func(ctx context.Context, i login.AuthIdentity) error
	delete  func(ctx context.Context, id string) error
}

func newIdentities(m *memory.Identities) *identities {
	return &identities{m.Create, m.Get, m.Find, m.Replace, m.Delete}
}

func (s *identities) Create(ctx context.Context, i login.AuthIdentity) error { return s.create(ctx, i) }

func (s *identities) Get(ctx context.Context, id string) (login.AuthIdentity, error) {
	return s.get(ctx, id)
}

func (s *identities) Find(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
	return s.find(ctx, provider, entityID)
}

func (s *identities) Replace(ctx context.Context, i login.AuthIdentity) error {
	return s.replace(ctx, i)
}

func (s *identities) Delete(ctx context.Context, id string) error { return s.delete(ctx, id) }

// TestBrokenIdentityStores shows that the suite finds each fault, and that each of its cases can fail.
func TestBrokenIdentityStores(t *testing.T) {
	idle := maps.Clone(storetest.IdentityCases)
	for _, broken := range slices.Concat(brokenRecords, brokenWays, brokenWayRaces) {
		inBubble(t, broken.fault, func(t *testing.T) {
			m := memory.NewIdentities(nil)
			s := newIdentities(m)
			broken.breaking(s, m)
			if storetest.IdentityCases[broken.fails](t.Context(), s) == nil {
				t.Errorf("%q finds nothing wrong", broken.fails)
			}
		})
		delete(idle, broken.fails)
	}
	for name := range idle {
		t.Errorf("no store fails %q", name)
	}
}

// TestRightIdentityStores shows that the suite demands nothing that the interface does not.
func TestRightIdentityStores(t *testing.T) {
	shared := memory.NewIdentities(nil)
	for name, open := range map[string]func() login.Store{
		"a new one for each case":    func() login.Store { return memory.NewIdentities(nil) },
		"the same one for all cases": func() login.Store { return shared },
		"one that wraps its errors":  func() login.Store { return wrappedIdentities(memory.NewIdentities(nil)) },
		"one that keeps JSON":        func() login.Store { return encodedIdentities(memory.NewIdentities(nil)) },
	} {
		t.Run(name, func(t *testing.T) {
			storetest.TestIdentities(t, func(testing.TB) login.Store { return open() })
		})
	}
}

func wrappedIdentities(m *memory.Identities) login.Store {
	s := newIdentities(m)
	s.create = func(ctx context.Context, i login.AuthIdentity) error { return wrap(m.Create(ctx, i)) }
	s.get = func(ctx context.Context, id string) (login.AuthIdentity, error) {
		i, err := m.Get(ctx, id)
		return i, wrap(err)
	}
	s.find = func(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
		i, err := m.Find(ctx, provider, entityID)
		return i, wrap(err)
	}
	s.replace = func(ctx context.Context, i login.AuthIdentity) error { return wrap(m.Replace(ctx, i)) }
	return s
}

// encodedIdentities keeps what JSON makes of an identity, its secrets apart: metadata is rewritten, zones are offsets.
func encodedIdentities(m *memory.Identities) login.Store {
	recode := func(i login.AuthIdentity) (decoded login.AuthIdentity, err error) {
		if err := i.Check(); err != nil {
			return i, err // JSON would make other text of it
		}
		var secrets []string
		plain := i.Clone()
		for n, p := range i.Providers {
			secrets, plain.Providers[n].Secret = append(secrets, p.Secret.Reveal()), token.Secret{}
		}
		type way struct {
			login.ProviderIdentity
			Secret string
		}
		record := struct {
			login.AuthIdentity
			Providers []way
		}{AuthIdentity: plain}
		for n, p := range plain.Providers {
			record.Providers = append(record.Providers, way{p, secrets[n]})
		}
		text, err := json.Marshal(record)
		if err != nil {
			return i, err
		}
		record.AuthIdentity, record.Providers = login.AuthIdentity{}, nil
		if err := json.Unmarshal(text, &record); err != nil {
			return i, err
		}
		for _, w := range record.Providers {
			w.ProviderIdentity.Secret = token.NewSecret(w.Secret)
			record.AuthIdentity.Providers = append(record.AuthIdentity.Providers, w.ProviderIdentity)
		}
		return record.AuthIdentity, nil
	}
	s := newIdentities(m)
	s.create = func(ctx context.Context, i login.AuthIdentity) error {
		i, err := recode(i)
		if err != nil {
			return err
		}
		return m.Create(ctx, i)
	}
	s.replace = func(ctx context.Context, i login.AuthIdentity) error {
		i, err := recode(i)
		if err != nil {
			return err
		}
		return m.Replace(ctx, i)
	}
	return s
}

// In a test of your store, write this func as func TestIdentities(t *testing.T), and open your store instead of memory's.
func ExampleTestIdentities() {
	testIdentities := func(t *testing.T) {
		storetest.TestIdentities(t, func(testing.TB) login.Store { return memory.NewIdentities(nil) })
	}
	_ = testIdentities
}

// enrolled has Create keep what change makes of an identity.
func enrolled(change func(*login.AuthIdentity)) func(*identities, *memory.Identities) {
	return func(s *identities, m *memory.Identities) {
		s.create = func(ctx context.Context, i login.AuthIdentity) error {
			i = i.Clone()
			change(&i)
			return m.Create(ctx, i)
		}
	}
}

// ofEach has Create keep what change makes of each provider.
func ofEach(change func(*login.ProviderIdentity)) func(*identities, *memory.Identities) {
	return enrolled(func(i *login.AuthIdentity) {
		for n := range i.Providers {
			change(&i.Providers[n])
		}
	})
}

// forceIdentity puts i in the place of what is there, whatever its version.
func forceIdentity(ctx context.Context, m *memory.Identities, i login.AuthIdentity) error {
	for {
		current, err := m.Get(ctx, i.ID)
		if err != nil {
			return err
		}
		i.Version = current.Version
		if err := m.Replace(ctx, i); !errors.Is(err, login.ErrConflict) {
			return err
		}
	}
}

// readThenWriteIdentity makes Replace two steps.
func readThenWriteIdentity(s *identities, m *memory.Identities) {
	s.replace = func(ctx context.Context, i login.AuthIdentity) error {
		current, err := m.Get(ctx, i.ID)
		if err != nil {
			return err
		}
		if current.Version != i.Version {
			return login.ErrConflict
		}
		pause()
		return forceIdentity(ctx, m, i)
	}
}

// upsertIdentity makes Replace create what is not there.
func upsertIdentity(s *identities, m *memory.Identities) {
	s.replace = func(ctx context.Context, i login.AuthIdentity) error {
		err := m.Replace(ctx, i)
		if errors.Is(err, login.ErrNotFound) {
			err = m.Create(ctx, i)
		}
		return err
	}
}

// withoutTaken returns i without the ways that others have.
func withoutTaken(ctx context.Context, m *memory.Identities, i login.AuthIdentity) login.AuthIdentity {
	i = i.Clone()
	i.Providers = slices.DeleteFunc(i.Providers, func(p login.ProviderIdentity) bool {
		other, err := m.Find(ctx, p.Provider, p.EntityID)
		return err == nil && other.ID != i.ID
	})
	return i
}

// shareActors makes the store keep the slice that it is given, and hand it out.
func shareActors(s *identities, m *memory.Identities) {
	shared := map[string][]auth.Actor{}
	s.create = func(ctx context.Context, i login.AuthIdentity) error {
		shared[i.ID] = i.Actors
		return m.Create(ctx, i)
	}
	s.get = func(ctx context.Context, id string) (login.AuthIdentity, error) {
		i, err := m.Get(ctx, id)
		i.Actors = shared[id]
		return i, err
	}
}
