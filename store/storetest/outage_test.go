package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
	"github.com/countersign-go/countersign/store/storetest"
)

var errOutage = fmt.Errorf("no answer: %w", auth.ErrUnavailable)

// An outage stands between the stores of a test and memory.
type outage struct {
	how   atomic.Pointer[func(ctx context.Context, call func(context.Context) error) error]
	later sync.WaitGroup // calls that are made after they have failed
}

// do makes a call, or what the fault that there is makes of it.
func (o *outage) do(ctx context.Context, call func(context.Context) error) (err error) {
	if how := o.how.Load(); how != nil {
		err = (*how)(ctx, call)
	} else {
		time.Sleep(rand.N(latency)) // or nobody would ever wait, and the clock of a bubble would stand still
		err = call(ctx)
	}
	if auth.IsUnavailable(err) {
		err = errors.Join(errOutage, err) // memory returns the error of the context alone
	}
	return err
}

// on reports whether there is a fault.
func (o *outage) on() bool { return o.how.Load() != nil }

func (o *outage) fault(name string, how func(ctx context.Context, call func(context.Context) error) error) storetest.Fault {
	return storetest.Fault{Name: name, Begin: func() { o.how.Store(&how) }, End: func() { o.how.Store(nil) }}
}

func (o *outage) faults() []storetest.Fault {
	return []storetest.Fault{
		o.fault("failed before", func(context.Context, func(context.Context) error) error { return errOutage }),
		o.fault("failed after", func(ctx context.Context, call func(context.Context) error) error {
			_ = call(ctx)
			return errOutage
		}),
		o.fault(someLate, func(ctx context.Context, call func(context.Context) error) error {
			if rand.N(2) == 0 {
				return call(ctx)
			}
			o.later.Go(func() {
				time.Sleep(rand.N(callDeadline))
				_ = call(context.WithoutCancel(ctx))
			})
			return errOutage
		}),
		o.fault("no answer", func(ctx context.Context, _ func(context.Context) error) error {
			<-ctx.Done()
			return errors.Join(errOutage, ctx.Err())
		}),
		o.fault("slow", func(ctx context.Context, call func(context.Context) error) error {
			select {
			case <-time.After(rand.N(callDeadline * 3 / 2)):
				return call(ctx)
			case <-ctx.Done():
				return errors.Join(errOutage, ctx.Err())
			}
		}),
	}
}

// through makes a call that returns a value by way of o.
func through[T any](ctx context.Context, o *outage, call func(context.Context) (T, error)) (T, error) {
	value := make(chan T, 1) // since a call that is made later returns to nobody
	err := o.do(ctx, func(ctx context.Context) error {
		v, err := call(ctx)
		value <- v
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return <-value, nil
}

// someLate is the fault that some calls are done after they have failed.
const someLate = "some are done later"

// callDeadline is also how late a call may be done after it has failed.
const callDeadline = 100 * time.Millisecond

// latency is less than how long a call takes where there is no fault.
const latency = 4 * time.Millisecond

// A server has memory behind an outage.
type server struct {
	outage      *outage
	memory      *memory.Sessions
	sessions    *sessions
	keys        *keys
	revocations *revocations
	keyStore    *keyStore
	identities  *identities
	tokens      *tokens
	attempts    *attempts
	faults      []storetest.Fault
	slack       time.Duration
}

func newServer() *server {
	o, m := &outage{}, memory.NewSessions(nil)
	s := &server{o, m, newSessions(m), newKeys(memory.NewAPIKeys(nil)), newRevocations(memory.NewRevocations(nil)),
		newKeyStore(memory.NewKeyStore()), newIdentities(memory.NewIdentities(nil)), newTokens(memory.NewOneTimeTokens(nil)),
		newAttempts(memory.NewAttempts(nil)), o.faults(), generous}
	s.sessions = faultySessions(*s.sessions, o)
	s.keys = faultyKeys(*s.keys, o)
	s.revocations = faultyRevocations(*s.revocations, o)
	s.keyStore = faultyKeyStore(*s.keyStore, o)
	s.identities = faultyIdentities(*s.identities, o)
	s.tokens = faultyTokens(*s.tokens, o)
	s.attempts = faultyAttempts(*s.attempts, o)
	return s
}

func faultySessions(s sessions, o *outage) *sessions {
	return &sessions{
		create: func(ctx context.Context, rec session.Record) error {
			return o.do(ctx, func(ctx context.Context) error { return s.create(ctx, rec) })
		},
		get: func(ctx context.Context, id string, now time.Time) (session.Record, error) {
			return through(ctx, o, func(ctx context.Context) (session.Record, error) { return s.get(ctx, id, now) })
		},
		replace: func(ctx context.Context, rec session.Record, now time.Time) error {
			return o.do(ctx, func(ctx context.Context) error { return s.replace(ctx, rec, now) })
		},
		delete: func(ctx context.Context, id string) error {
			return o.do(ctx, func(ctx context.Context) error { return s.delete(ctx, id) })
		},
		list: func(ctx context.Context, actor auth.Actor, now time.Time) ([]session.Record, error) {
			return through(ctx, o, func(ctx context.Context) ([]session.Record, error) { return s.list(ctx, actor, now) })
		},
		deleteAll: func(ctx context.Context, actor auth.Actor, except string) (int, error) {
			return through(ctx, o, func(ctx context.Context) (int, error) { return s.deleteAll(ctx, actor, except) })
		},
		deleteIdentity: func(ctx context.Context, identity, except string) (int, error) {
			return through(ctx, o, func(ctx context.Context) (int, error) { return s.deleteIdentity(ctx, identity, except) })
		},
	}
}

func faultyKeys(s keys, o *outage) *keys {
	return &keys{
		create: func(ctx context.Context, k apikey.Key) error {
			return o.do(ctx, func(ctx context.Context) error { return s.create(ctx, k) })
		},
		get: func(ctx context.Context, id string) (apikey.Key, error) {
			return through(ctx, o, func(ctx context.Context) (apikey.Key, error) { return s.get(ctx, id) })
		},
		replace: func(ctx context.Context, k apikey.Key) error {
			return o.do(ctx, func(ctx context.Context) error { return s.replace(ctx, k) })
		},
		delete: func(ctx context.Context, id string) error {
			return o.do(ctx, func(ctx context.Context) error { return s.delete(ctx, id) })
		},
		find: func(ctx context.Context, q apikey.Query) ([]apikey.Key, int, error) {
			type page struct {
				keys  []apikey.Key
				total int
			}
			p, err := through(ctx, o, func(ctx context.Context) (page, error) {
				keys, total, err := s.find(ctx, q)
				return page{keys, total}, err
			})
			return p.keys, p.total, err
		},
	}
}

func faultyRevocations(s revocations, o *outage) *revocations {
	return &revocations{
		revoke: func(ctx context.Context, key string, at, until time.Time) error {
			return o.do(ctx, func(ctx context.Context) error { return s.revoke(ctx, key, at, until) })
		},
		revocations: func(ctx context.Context, now time.Time, keys ...string) ([]time.Time, error) {
			return through(ctx, o, func(ctx context.Context) ([]time.Time, error) { return s.revocations(ctx, now, keys...) })
		},
	}
}

func faultyKeyStore(s keyStore, o *outage) *keyStore {
	type held struct {
		state   []byte
		version int64
	}
	return &keyStore{
		load: func(ctx context.Context) ([]byte, int64, error) {
			h, err := through(ctx, o, func(ctx context.Context) (held, error) {
				state, version, err := s.load(ctx)
				return held{state, version}, err
			})
			return h.state, h.version, err
		},
		swap: func(ctx context.Context, oldVersion int64, state []byte) error {
			return o.do(ctx, func(ctx context.Context) error { return s.swap(ctx, oldVersion, state) })
		},
	}
}

func faultyIdentities(s identities, o *outage) *identities {
	return &identities{
		create: func(ctx context.Context, i login.AuthIdentity) error {
			return o.do(ctx, func(ctx context.Context) error { return s.create(ctx, i) })
		},
		get: func(ctx context.Context, id string) (login.AuthIdentity, error) {
			return through(ctx, o, func(ctx context.Context) (login.AuthIdentity, error) { return s.get(ctx, id) })
		},
		find: func(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
			return through(ctx, o, func(ctx context.Context) (login.AuthIdentity, error) { return s.find(ctx, provider, entityID) })
		},
		replace: func(ctx context.Context, i login.AuthIdentity) error {
			return o.do(ctx, func(ctx context.Context) error { return s.replace(ctx, i) })
		},
		delete: func(ctx context.Context, id string) error {
			return o.do(ctx, func(ctx context.Context) error { return s.delete(ctx, id) })
		},
	}
}

func faultyTokens(s tokens, o *outage) *tokens {
	return &tokens{
		put: func(ctx context.Context, t login.OneTimeToken) error {
			return o.do(ctx, func(ctx context.Context) error { return s.put(ctx, t) })
		},
		get: func(ctx context.Context, id string, now time.Time) (login.OneTimeToken, error) {
			return through(ctx, o, func(ctx context.Context) (login.OneTimeToken, error) { return s.get(ctx, id, now) })
		},
		consume: func(ctx context.Context, id string, d token.Digest, now time.Time) (login.OneTimeToken, error) {
			return through(ctx, o, func(ctx context.Context) (login.OneTimeToken, error) { return s.consume(ctx, id, d, now) })
		},
		delete: func(ctx context.Context, id string) error {
			return o.do(ctx, func(ctx context.Context) error { return s.delete(ctx, id) })
		},
	}
}

func faultyAttempts(s attempts, o *outage) *attempts {
	return &attempts{
		load: func(ctx context.Context, key string, now time.Time) (login.Attempts, error) {
			return through(ctx, o, func(ctx context.Context) (login.Attempts, error) { return s.load(ctx, key, now) })
		},
		swap: func(ctx context.Context, a login.Attempts, now time.Time) error {
			return o.do(ctx, func(ctx context.Context) error { return s.swap(ctx, a, now) })
		},
	}
}

func (s *server) config() storetest.FaultConfig {
	return storetest.FaultConfig{
		Sessions: s.sessions, APIKeys: s.keys, Revocations: s.revocations, KeyStore: s.keyStore,
		Identities: s.identities, OneTimeTokens: s.tokens, Attempts: s.attempts,
		Faults: s.faults, Deadline: callDeadline,
	}
}
