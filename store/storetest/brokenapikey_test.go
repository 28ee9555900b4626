package storetest_test

import (
	"context"
	"errors"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/store/memory"
)

// A keys store does what its funcs do: at first that is right.
type keys struct {
	create  func(ctx context.Context, k apikey.Key) error
	get     func(ctx context.Context, id string) (apikey.Key, error)
	replace func(ctx context.Context, k apikey.Key) error
	delete  func(ctx context.Context, id string) error
	find    func(ctx context.Context, q apikey.Query) ([]apikey.Key, int, error)
}

func newKeys(m *memory.APIKeys) *keys { return &keys{m.Create, m.Get, m.Replace, m.Delete, m.Find} }

func (s *keys) Create(ctx context.Context, k apikey.Key) error { return s.create(ctx, k) }

func (s *keys) Get(ctx context.Context, id string) (apikey.Key, error) { return s.get(ctx, id) }

func (s *keys) Replace(ctx context.Context, k apikey.Key) error { return s.replace(ctx, k) }

func (s *keys) Delete(ctx context.Context, id string) error { return s.delete(ctx, id) }

func (s *keys) Find(ctx context.Context, q apikey.Query) ([]apikey.Key, int, error) {
	return s.find(ctx, q)
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
	{"the digest is lost", "a created record comes back whole", created(func(k *apikey.Key) { k.Digest = token.Digest{} })},
	{"a title has 255 bytes at most", "a created record comes back whole",
		created(func(k *apikey.Key) { k.Title = k.Title[:min(len(k.Title), 255)] })},
	{"a revocation is at once", "a created record comes back whole", created(func(k *apikey.Key) { k.Revocation.Until = time.Time{} })},
	{"every key is secret", "a created record comes back whole", created(func(k *apikey.Key) { k.Kind = apikey.Secret })},
	{"channels are scopes", "a created record comes back whole", created(func(k *apikey.Key) { k.Channels = k.Scopes })},
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
			current.Version, current.Revocation = k.Version, k.Revocation
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
	{"Replace creates", "Replace of an unknown ID is ErrNotFound and creates nothing", upsertKey},
	{"Replace reads, then writes", "one of many Replaces wins", readThenWriteKey},
	{"Create ignores the context", "a context that is done is an error and changes nothing", func(s *keys, m *memory.APIKeys) {
		s.create = func(ctx context.Context, k apikey.Key) error { return m.Create(context.WithoutCancel(ctx), k) }
	}},
	{"Create looks, then writes", "one of many Creates wins", func(s *keys, m *memory.APIKeys) {
		s.create = func(ctx context.Context, k apikey.Key) error {
			if _, err := m.Get(ctx, k.ID); err == nil {
				return apikey.ErrExists
			}
			pause()
			_ = m.Create(ctx, k)
			return nil
		}
	}},
	{"Replace reads, then writes, and updates are lost", "no update is lost", readThenWriteKey},
	{"Replace writes one half, then the other", "no reader sees half a change", func(s *keys, m *memory.APIKeys) {
		s.replace = func(ctx context.Context, k apikey.Key) error {
			half, err := m.Get(ctx, k.ID)
			if err != nil {
				return err
			}
			half.Title, half.Version = k.Title, k.Version
			if err := m.Replace(ctx, half); err != nil {
				return err
			}
			pause()
			return forceKey(ctx, m, k)
		}
	}},
	{"Get takes an ID for a path", "an ID is no pattern, path or statement", func(s *keys, m *memory.APIKeys) {
		s.get = func(ctx context.Context, id string) (apikey.Key, error) { return m.Get(ctx, path.Base(id)) }
	}},
	{"a revoked key is not there", "a revoked key stays in Get", func(s *keys, m *memory.APIKeys) {
		s.get = func(ctx context.Context, id string) (apikey.Key, error) {
			k, err := m.Get(ctx, id)
			if err == nil && !k.Revocation.At.IsZero() {
				return apikey.Key{}, apikey.ErrNotFound
			}
			return k, err
		}
	}},
}

// readThenWriteKey makes Replace two steps.
func readThenWriteKey(s *keys, m *memory.APIKeys) {
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
}

// upsertKey makes Replace create what is not there.
func upsertKey(s *keys, m *memory.APIKeys) {
	s.replace = func(ctx context.Context, k apikey.Key) error {
		err := m.Replace(ctx, k)
		if errors.Is(err, apikey.ErrNotFound) {
			err = m.Create(ctx, k)
		}
		return err
	}
}

// brokenKeyDeletes have their faults in what becomes of a key that is deleted.
var brokenKeyDeletes = []broken[*keys, *memory.APIKeys]{
	{"Delete of nothing is an error", "Delete ends one record, and may be repeated", func(s *keys, m *memory.APIKeys) {
		s.delete = func(ctx context.Context, id string) error {
			if _, err := m.Get(ctx, id); err != nil {
				return err
			}
			return m.Delete(ctx, id)
		}
	}},
	{"Delete looks at the version", "Delete ends one record, and may be repeated", func(s *keys, m *memory.APIKeys) {
		s.delete = func(ctx context.Context, id string) error {
			if k, err := m.Get(ctx, id); err == nil && k.Version > 1 {
				return apikey.ErrConflict
			}
			return m.Delete(ctx, id)
		}
	}},
	{"Delete ignores the context", "Delete with a context that is done is an error and changes nothing",
		func(s *keys, m *memory.APIKeys) {
			s.delete = func(ctx context.Context, id string) error { return m.Delete(context.WithoutCancel(ctx), id) }
		}},
	{"Delete that loses a race is an error", "many Deletes at once are all nil", func(s *keys, m *memory.APIKeys) {
		var mu sync.Mutex
		s.delete = func(ctx context.Context, id string) error {
			if !mu.TryLock() {
				return apikey.ErrConflict
			}
			defer mu.Unlock()
			pause()
			return m.Delete(ctx, id)
		}
	}},
	{"Replace brings back what was deleted", "what was deleted is not brought back by a request in flight", upsertKey},
}
