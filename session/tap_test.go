package session_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// A tap is a store whose calls are counted, and with which something can be made to happen at each of them.
type tap struct {
	inner  *memory.Sessions
	mu     sync.Mutex
	counts map[string]int
	faults map[string]fault
}

// A fault is what happens at a call of the store, which it makes or not.
type fault func(ctx context.Context, call func() error) error

func newTap(inner *memory.Sessions) *tap {
	return &tap{inner: inner, counts: map[string]int{}, faults: map[string]fault{}}
}

// on has f happen at each call of verb from now on; nil heals it.
func (s *tap) on(verb string, f fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[verb] = f
}

// onAll has f happen at each call of every verb.
func (s *tap) onAll(f fault) {
	for _, verb := range []string{"Create", "Get", "Replace", "Delete", "List", "DeleteAll", "DeleteIdentity"} {
		s.on(verb, f)
	}
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

func (s *tap) Create(ctx context.Context, rec session.Record) error {
	return s.do(ctx, "Create", func() error { return s.inner.Create(ctx, rec) })
}

// Get returns the record beside an error, too, as no store should.
func (s *tap) Get(ctx context.Context, id string, now time.Time) (rec session.Record, err error) {
	err = s.do(ctx, "Get", func() (err error) {
		rec, err = s.inner.Get(ctx, id, now)
		return err
	})
	return rec, err
}

func (s *tap) Replace(ctx context.Context, rec session.Record, now time.Time) error {
	return s.do(ctx, "Replace", func() error { return s.inner.Replace(ctx, rec, now) })
}

func (s *tap) Delete(ctx context.Context, id string) error {
	return s.do(ctx, "Delete", func() error { return s.inner.Delete(ctx, id) })
}

func (s *tap) List(ctx context.Context, actor auth.Actor, now time.Time) (recs []session.Record, err error) {
	err = s.do(ctx, "List", func() (err error) {
		recs, err = s.inner.List(ctx, actor, now)
		return err
	})
	return recs, err
}

func (s *tap) DeleteAll(ctx context.Context, actor auth.Actor, except string) (n int, err error) {
	err = s.do(ctx, "DeleteAll", func() (err error) {
		n, err = s.inner.DeleteAll(ctx, actor, except)
		return err
	})
	return n, err
}

func (s *tap) DeleteIdentity(ctx context.Context, identity string, except string) (n int, err error) {
	err = s.do(ctx, "DeleteIdentity", func() (err error) {
		n, err = s.inner.DeleteIdentity(ctx, identity, except)
		return err
	})
	return n, err
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

// hangingAfter is the fault of a call that is made, but not answered.
func hangingAfter(ctx context.Context, call func() error) error {
	_ = call()
	return hanging(ctx, call)
}

// first returns the fault of a call that something gets ahead of.
func first(something func()) fault {
	return func(_ context.Context, call func() error) error {
		something()
		return call()
	}
}

// afterwards returns the fault of a call that something happens right after.
func afterwards(something func()) fault {
	return func(_ context.Context, call func() error) error {
		err := call()
		something()
		return err
	}
}
