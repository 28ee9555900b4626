package storetest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/store/memory"
)

// A keys store does what its funcs do: at first that is right.
type keys struct {
	create  func(ctx context.Context, k apikey.Key) error
	get     func(ctx context.Context, id string) (apikey.Key, error)
	replace func(ctx context.Context, k apikey.Key) error
	list    func(ctx context.Context, owner auth.Actor) ([]apikey.Key, error)
}

func newKeys(m *memory.APIKeys) *keys { return &keys{m.Create, m.Get, m.Replace, m.List} }

func (s *keys) Create(ctx context.Context, k apikey.Key) error { return s.create(ctx, k) }

func (s *keys) Get(ctx context.Context, id string) (apikey.Key, error) { return s.get(ctx, id) }

func (s *keys) Replace(ctx context.Context, k apikey.Key) error { return s.replace(ctx, k) }

func (s *keys) List(ctx context.Context, owner auth.Actor) ([]apikey.Key, error) {
	return s.list(ctx, owner)
}

// forceKey puts k in the place of what is there, whatever its version.
func forceKey(ctx context.Context, m *memory.APIKeys, k apikey.Key) error {
	for {
		current, err := m.Get(ctx, k.ID)
		if err != nil {
			return err
		}
		k.Version = current.Version
		if err := m.Replace(ctx, k); !errors.Is(err, apikey.ErrConflict) {
			return err
		}
	}
}

// created has Create keep what change makes of a key.
func created(change func(*apikey.Key)) func(*keys, *memory.APIKeys) {
	return func(s *keys, m *memory.APIKeys) {
		s.create = func(ctx context.Context, k apikey.Key) error {
			change(&k)
			return m.Create(ctx, k)
		}
	}
}

var brokenKeys = []broken[*keys, *memory.APIKeys]{
	{"Replace leaves the index as it was", "List follows a change of the owner", func(s *keys, m *memory.APIKeys) {
		first := map[auth.Actor]string{}
		s.create = func(ctx context.Context, k apikey.Key) error {
			first[k.Owner] = k.ID
			return m.Create(ctx, k)
		}
		s.list = func(ctx context.Context, owner auth.Actor) ([]apikey.Key, error) {
			if first[owner] == "" {
				return nil, nil
			}
			k, err := m.Get(ctx, first[owner])
			return []apikey.Key{k}, err
		}
	}},
	{"the digest is lost", "a created record comes back whole", created(func(k *apikey.Key) { k.Digest = token.Digest{} })},
	{"a title has 255 bytes at most", "a created record comes back whole",
		created(func(k *apikey.Key) { k.Title = k.Title[:min(len(k.Title), 255)] })},
	{"no expiry becomes 1970", "a created record comes back whole", created(func(k *apikey.Key) {
		if k.ExpiresAt.IsZero() {
			k.ExpiresAt = time.Unix(0, 0)
		}
	})},
	{"Replace writes the revocation alone", "a replaced record comes back whole", func(s *keys, m *memory.APIKeys) {
		s.replace = func(ctx context.Context, k apikey.Key) error {
			current, err := m.Get(ctx, k.ID)
			if err != nil {
				return err
			}
			current.Version, current.RevokedAt, current.RevokedBy = k.Version, k.RevokedAt, k.RevokedBy
			return m.Replace(ctx, current)
		}
	}},
	{"Replace does not count", "Version is 1 after Create and one more after each Replace", func(s *keys, m *memory.APIKeys) {
		s.get = func(ctx context.Context, id string) (apikey.Key, error) {
			k, err := m.Get(ctx, id)
			k.Version = min(k.Version, 1)
			return k, err
		}
		s.replace = func(ctx context.Context, k apikey.Key) error { return forceKey(ctx, m, k) }
	}},
	{"Create of an existing ID is nil", "Create of an existing ID is ErrExists and changes nothing", func(s *keys, m *memory.APIKeys) {
		s.create = func(ctx context.Context, k apikey.Key) error {
			if err := m.Create(ctx, k); !errors.Is(err, apikey.ErrExists) {
				return err
			}
			return forceKey(ctx, m, k)
		}
	}},
	{"Get of an unknown ID is a zero key", "Get of an unknown ID is ErrNotFound", func(s *keys, m *memory.APIKeys) {
		s.get = func(ctx context.Context, id string) (apikey.Key, error) {
			k, err := m.Get(ctx, id)
			if errors.Is(err, apikey.ErrNotFound) {
				err = nil
			}
			return k, err
		}
	}},
	{"Get trims", "IDs compare byte for byte", func(s *keys, m *memory.APIKeys) {
		s.get = func(ctx context.Context, id string) (apikey.Key, error) {
			return m.Get(ctx, strings.TrimRight(id, " "))
		}
	}},
	{"Replace ignores the Version", "Replace of another version is ErrConflict and changes nothing", func(s *keys, m *memory.APIKeys) {
		s.replace = func(ctx context.Context, k apikey.Key) error { return forceKey(ctx, m, k) }
	}},
	{"Replace creates", "Replace of an unknown ID is ErrNotFound and creates nothing", func(s *keys, m *memory.APIKeys) {
		s.replace = func(ctx context.Context, k apikey.Key) error {
			err := m.Replace(ctx, k)
			if errors.Is(err, apikey.ErrNotFound) {
				err = m.Create(ctx, k)
			}
			return err
		}
	}},
	{"Replace reads, then writes", "one of many Replaces wins", func(s *keys, m *memory.APIKeys) {
		s.replace = func(ctx context.Context, k apikey.Key) error {
			current, err := m.Get(ctx, k.ID)
			if err != nil {
				return err
			}
			if current.Version != k.Version {
				return apikey.ErrConflict
			}
			pause()
			return forceKey(ctx, m, k)
		}
	}},
	{"Create ignores the context", "a context that is done is an error and changes nothing", func(s *keys, m *memory.APIKeys) {
		s.create = func(ctx context.Context, k apikey.Key) error { return m.Create(context.WithoutCancel(ctx), k) }
	}},
	{"List looks at the ID of the owner alone", "List holds what is the owner's and nothing else", func(s *keys, m *memory.APIKeys) {
		s.list = func(ctx context.Context, owner auth.Actor) (all []apikey.Key, err error) {
			for _, other := range others(owner) {
				recs, listErr := m.List(ctx, other)
				all, err = append(all, recs...), listErr
			}
			return all, err
		}
	}},
	{"List is the newest first", "List is the oldest first", func(s *keys, m *memory.APIKeys) {
		s.list = func(ctx context.Context, owner auth.Actor) ([]apikey.Key, error) {
			recs, err := m.List(ctx, owner)
			slices.Reverse(recs)
			return recs, err
		}
	}},
	{"List leaves out what is revoked", "a revoked key stays in Get and List", func(s *keys, m *memory.APIKeys) {
		s.list = func(ctx context.Context, owner auth.Actor) ([]apikey.Key, error) {
			recs, err := m.List(ctx, owner)
			return slices.DeleteFunc(recs, func(k apikey.Key) bool { return !k.RevokedAt.IsZero() }), err
		}
	}},
}
