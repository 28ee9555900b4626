package apikey_test

import (
	"context"
	"errors"
	"sync"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/store/memory"
)

// A tap is a store whose calls are counted, and with which something can be made to happen at each of them.
type tap struct {
	inner  *memory.APIKeys
	mu     sync.Mutex
	counts map[string]int
	faults map[string]fault
}

// A fault is what happens at a call of the store, which it makes or not.
type fault func(ctx context.Context, call func() error) error

func newTap(inner *memory.APIKeys) *tap {
	return &tap{inner: inner, counts: map[string]int{}, faults: map[string]fault{}}
}

// on has f happen at each call of verb from now on; nil heals it.
func (s *tap) on(verb string, f fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[verb] = f
}

// once has f happen at the next call of verb.
func (s *tap) once(verb string, f fault) {
	s.on(verb, func(ctx context.Context, call func() error) error {
		s.on(verb, nil)
		return f(ctx, call)
	})
}

// count returns how often verb was called.
func (s *tap) count(verb string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[verb]
}

func (s *tap) do(ctx context.Context, verb string, call func() error) error {
	s.mu.Lock()
	s.counts[verb]++
	f := s.faults[verb]
	s.mu.Unlock()
	if f == nil {
		return call()
	}
	return f(ctx, call)
}

func (s *tap) Create(ctx context.Context, k apikey.Key) error {
	return s.do(ctx, "Create", func() error { return s.inner.Create(ctx, k) })
}

// Get returns the key beside an error, too, as no store should.
func (s *tap) Get(ctx context.Context, id string) (k apikey.Key, err error) {
	err = s.do(ctx, "Get", func() (err error) {
		k, err = s.inner.Get(ctx, id)
		return err
	})
	return k, err
}

func (s *tap) Replace(ctx context.Context, k apikey.Key) error {
	return s.do(ctx, "Replace", func() error { return s.inner.Replace(ctx, k) })
}

func (s *tap) Delete(ctx context.Context, id string) error {
	return s.do(ctx, "Delete", func() error { return s.inner.Delete(ctx, id) })
}

func (s *tap) Find(ctx context.Context, q apikey.Query) (keys []apikey.Key, total int, err error) {
	err = s.do(ctx, "Find", func() (err error) {
		keys, total, err = s.inner.Find(ctx, q)
		return err
	})
	return keys, total, err
}

// errRefused holds what must not reach a client.
var errRefused = errors.New("dial tcp 10.0.0.7:5432: connection refused: password=hunter2")

// answering returns the fault of a call that is not made and answered with err.
func answering(err error) fault {
	return func(context.Context, func() error) error { return err }
}

// losing returns the fault of a call that is made, but answered with err.
func losing(err error) fault {
	return func(_ context.Context, call func() error) error {
		_ = call()
		return err
	}
}

// hanging is the fault of a call that is not answered.
func hanging(ctx context.Context, _ func() error) error {
	<-ctx.Done()
	return ctx.Err()
}

// first returns the fault of a call that something gets ahead of.
func first(something func()) fault {
	return func(_ context.Context, call func() error) error {
		something()
		return call()
	}
}
