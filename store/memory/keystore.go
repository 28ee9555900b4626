package memory

import (
	"context"
	"slices"
	"sync"

	"github.com/countersign-go/countersign/jwks"
)

var _ jwks.KeyStore = (*KeyStore)(nil)

// KeyStore is a [jwks.KeyStore]: it holds the state of one ring. Make one with [NewKeyStore]; the zero value is empty too.
// Many goroutines may use it at once. An error is that of the context or [jwks.ErrConflict], itself.
//
// The signing keys are gone when the program ends, and all tokens with them.
type KeyStore struct {
	mu      sync.Mutex
	state   []byte
	version int64
}

// NewKeyStore returns an empty store.
func NewKeyStore() *KeyStore { return &KeyStore{} }

// Load returns the state, see [jwks.KeyStore].
func (s *KeyStore) Load(ctx context.Context) (state []byte, version int64, err error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.state), s.version, nil
}

// Swap replaces the state, see [jwks.KeyStore].
func (s *KeyStore) Swap(ctx context.Context, oldVersion int64, state []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if oldVersion != s.version {
		return jwks.ErrConflict
	}
	s.state, s.version = append([]byte{}, state...), s.version+1
	return nil
}
