package logintest

import (
	"context"
	"fmt"
	"sync"

	"github.com/countersign-go/countersign/auth/login"
)

// A call is one of a provider's methods, and what came of it.
type call struct {
	out   login.Outcome
	err   error
	finds int // how often it called Request.Find
}

// A spy writes down what a provider does.
type spy struct {
	found func() int // how often Request.Find was called

	mu      sync.Mutex
	calls   []call
	context func(context.Context) context.Context // changes that of a call; may be nil
}

func (s *spy) watch(ctx context.Context, f func(context.Context) (login.Outcome, error)) (login.Outcome, error) {
	s.mu.Lock()
	if s.context != nil {
		ctx = s.context(ctx)
	}
	s.mu.Unlock()
	before := s.found()
	c := call{err: errPanic}
	defer func() {
		c.finds = s.found() - before
		s.mu.Lock()
		defer s.mu.Unlock()
		s.calls = append(s.calls, c)
	}()
	c.out, c.err = f(ctx)
	return c.out, c.err
}

// take returns the calls since it was asked last.
func (s *spy) take() []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
}

func (s *spy) setContext(f func(context.Context) context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.context = f
}

// said is what somebody may read of c in a log.
func (c call) said() string { return fmt.Sprintf("%v %+v %v %+v", c.err, c.err, c.out, c.out) }

// around returns p, which can do what it could, with s watching.
func (s *spy) around(p login.Provider) login.Provider {
	r, isRegistrar := p.(login.Registrar)
	u, isUpdater := p.(login.Updater)
	c, isCallbacker := p.(login.Callbacker)
	a, by := provider{s, p}, registrar{s, r}
	of, back := updater{s, u}, callbacker{s, c}
	switch {
	case isRegistrar && isUpdater && isCallbacker:
		return struct {
			provider
			registrar
			updater
			callbacker
		}{a, by, of, back}
	case isRegistrar && isUpdater:
		return struct {
			provider
			registrar
			updater
		}{a, by, of}
	case isRegistrar && isCallbacker:
		return struct {
			provider
			registrar
			callbacker
		}{a, by, back}
	case isUpdater && isCallbacker:
		return struct {
			provider
			updater
			callbacker
		}{a, of, back}
	case isRegistrar:
		return struct {
			provider
			registrar
		}{a, by}
	case isUpdater:
		return struct {
			provider
			updater
		}{a, of}
	case isCallbacker:
		return struct {
			provider
			callbacker
		}{a, back}
	}
	return a
}

type provider struct {
	spy *spy
	of  login.Provider
}

// Authenticate asks the provider, and is watched.
func (p provider) Authenticate(ctx context.Context, req *login.Request) (login.Outcome, error) {
	return p.spy.watch(ctx, func(ctx context.Context) (login.Outcome, error) { return p.of.Authenticate(ctx, req) })
}

type registrar struct {
	spy *spy
	of  login.Registrar
}

// Register asks the provider, and is watched.
func (p registrar) Register(ctx context.Context, req *login.Request) (login.Outcome, error) {
	return p.spy.watch(ctx, func(ctx context.Context) (login.Outcome, error) { return p.of.Register(ctx, req) })
}

type callbacker struct {
	spy *spy
	of  login.Callbacker
}

// Callback asks the provider, and is watched.
func (p callbacker) Callback(ctx context.Context, req *login.Request) (login.Outcome, error) {
	return p.spy.watch(ctx, func(ctx context.Context) (login.Outcome, error) { return p.of.Callback(ctx, req) })
}

type updater struct {
	spy *spy
	of  login.Updater
}

// EntityID asks the provider.
func (p updater) EntityID(identifier string) (string, error) { return p.of.EntityID(identifier) }

// Update asks the provider, and is watched.
func (p updater) Update(
	ctx context.Context, req *login.Request, current login.ProviderIdentity,
) (next login.ProviderIdentity, err error) {
	_, err = p.spy.watch(ctx, func(ctx context.Context) (login.Outcome, error) {
		next, err = p.of.Update(ctx, req, current)
		return login.Outcome{}, err
	})
	return next, err
}
