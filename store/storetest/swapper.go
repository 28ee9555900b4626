package storetest

import (
	"context"
	"fmt"
	"strings"

	"github.com/countersign-go/countersign/jwks"
)

// A swapper changes the one state that all workers share.
type swapper struct {
	*worker
	store   jwks.KeyStore
	name    string
	version int64 // that was there when it last looked
	swaps   int
}

// begin tells the chain what is there already.
func (s *swapper) begin(ctx context.Context) {
	held, err := insist(s.load, func() (loaded, error) { return s.read(ctx) })
	if err == nil {
		s.load.chain.begin(held)
	}
}

func (s *swapper) probe(ctx context.Context) error {
	_, err := s.read(ctx)
	return err
}

func (s *swapper) step(ctx context.Context) (failed bool) {
	if s.rng.IntN(2) == 0 {
		return s.look(ctx) == errUnknown
	}
	return s.swap(ctx)
}

// A loaded state is what Load returned.
type loaded struct {
	state   string
	version int64
}

func (s *swapper) read(ctx context.Context) (loaded, error) {
	return ask(ctx, s.load, "Load", func(ctx context.Context) (loaded, error) {
		state, version, err := s.store.Load(ctx)
		return loaded{string(state), version}, err
	})
}

func (s *swapper) look(ctx context.Context) error {
	newest := s.load.chain.last()
	held, err := s.read(ctx)
	if err == nil {
		f, text := s.load.chain.saw(held, newest)
		s.load.find(f, "by Load: %s", text)
		s.version = held.version
	}
	return err
}

// swap tries once. If that fails, or another was faster, the next Load says which version there is.
func (s *swapper) swap(ctx context.Context) bool {
	s.swaps++
	next := loaded{strings.Repeat(fmt.Sprintf("Swap %d of %s\n", s.swaps, s.name), 200), s.version + 1}
	s.load.chain.try(next)
	err := tell(ctx, s.load, "Swap", func(ctx context.Context) error {
		return s.store.Swap(ctx, next.version-1, []byte(next.state))
	}, jwks.ErrConflict)
	if err == nil {
		f, text := s.load.chain.acknowledged(next)
		s.load.find(f, "by Swap: %s", text)
		s.version = next.version
	}
	return err == errUnknown
}

func (s *swapper) verify(ctx context.Context) {
	_, _ = insist(s.load, func() (struct{}, error) { return struct{}{}, s.look(ctx) })
}
