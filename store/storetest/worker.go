package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// A part is what one worker does with one store. It knows what must be there, since nobody else touches what it made.
type part interface {
	// begin looks at the store before anybody has changed it.
	begin(ctx context.Context)

	// step makes a call or two, and reports whether one of them failed.
	step(ctx context.Context) bool

	// probe returns an error unless the store answers.
	probe(ctx context.Context) error

	// verify looks at all that there should be, when no call is under way.
	verify(ctx context.Context)
}

// A worker makes one call after the other.
type worker struct {
	load  *load
	rng   *rand.Rand
	parts []part
	turns []part // the same, those more often of which there is more to know
}

func (l *load) newWorker(i int) *worker {
	w := &worker{load: l, rng: rand.New(rand.NewPCG(l.config.Seed, uint64(i)))}
	add := func(p part, turns int) {
		w.parts = append(w.parts, p)
		w.turns = append(w.turns, slices.Repeat([]part{p}, turns)...)
	}
	if s := l.config.Sessions; s != nil {
		add(sessionsKeeper(w, s), 5)
	}
	if s := l.config.APIKeys; s != nil {
		add(keysKeeper(w, s), 2)
	}
	if s := l.config.Revocations; s != nil {
		add(&revoker{worker: w, store: s}, 2)
	}
	if s := l.config.Identities; s != nil {
		add(identitiesKeeper(w, s), 3)
	}
	if s := l.config.OneTimeTokens; s != nil {
		add(&issuer{worker: w, store: s}, 2)
	}
	if s := l.config.Attempts; s != nil {
		add(&counter{worker: w, store: s}, 2)
	}
	if s := l.config.KeyStore; s != nil {
		add(&swapper{worker: w, store: s, name: fmt.Sprint("worker ", i)}, 1)
	}
	return w
}

func sessionsKeeper(w *worker, s session.Store) part {
	k := &keeper[session.Record]{worker: w, what: "session", kind: sessions, store: present{s}}
	if index, ok := s.(session.Index); ok {
		k.list = presentIndex{present{s}, index}.List
		k.ends = []end{
			{"DeleteAll", func(ctx context.Context, owner auth.Actor, _, except string) (int, error) {
				return index.DeleteAll(ctx, owner, except)
			}},
			{"DeleteIdentity", func(ctx context.Context, _ auth.Actor, identity, except string) (int, error) {
				return index.DeleteIdentity(ctx, identity, except)
			}},
		}
	}
	k.renewOwner()
	return k
}

func keysKeeper(w *worker, s apikey.Store) part {
	k := &keeper[apikey.Key]{worker: w, what: "key", kind: keys, store: s}
	if index, ok := s.(apikey.Index); ok {
		k.list = ownersKeys{s, index}.List
	}
	k.renewOwner()
	return k
}

func (w *worker) each(do func(part)) {
	for _, p := range w.parts {
		do(p)
	}
}

// work goes on until the load is stopped. Whoever is told of an outage waits a little, as programs should.
func (w *worker) work(ctx context.Context) {
	for !w.load.stopped.Load() && ctx.Err() == nil {
		if failed := pick(w.rng, w.turns).step(ctx); failed {
			time.Sleep(breather)
		}
	}
}

// insist repeats a call that should not fail, until it does not. It returns errUnknown only after it has complained.
func insist[T any](l *load, do func() (T, error)) (value T, err error) {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(breather) {
		if value, err = do(); err != errUnknown {
			return value, err
		}
	}
	l.complain(fmt.Sprintf("a store did not answer for %v, though the last fault has ended", patience))
	return value, err
}

func pick[T any](rng *rand.Rand, all []T) T { return all[rng.IntN(len(all))] }
