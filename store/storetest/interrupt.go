package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// A moment is when the context of a call ends: 0 as it begins, the last one when most calls have long returned.
type moment int

const (
	moments = 200
	span    = 4 * time.Millisecond // from the first to the last
	lanes   = 8                    // that share them
)

// atEachMoment makes all checks, unless one finds something.
func atEachMoment(check func(m moment) error) error {
	errs := make([]error, moments)
	var found atomic.Bool
	var running sync.WaitGroup
	for lane := range lanes {
		running.Go(func() {
			for i := lane; i < moments && !found.Load(); i += lanes {
				if errs[i] = check(moment(i)); errs[i] != nil {
					found.Store(true)
				}
			}
		})
	}
	running.Wait()
	return distinct(errs)
}

// interrupt makes a call whose context ends at that moment, by a deadline or because its caller has left. It returns what
// the call did, or what is wrong if it does not return.
func (m moment) interrupt(ctx context.Context, name string, do func(context.Context) error) (err, wrong error) {
	after := span * time.Duration(m*m) / (moments * moments) // more of them are early
	ending, end := context.WithTimeout(ctx, after)
	if m%2 > 0 {
		ending, end = context.WithCancel(ctx)
		time.AfterFunc(after, end)
	}
	defer end()
	return prompt(ending, name+" whose context ends", 2*patience, do)
}

// prompt makes a call, and returns what is wrong if it does not return within a limit.
func prompt(ctx context.Context, name string, limit time.Duration, do func(context.Context) error) (err, wrong error) {
	returned := make(chan error, 1)
	go func() { returned <- do(ctx) }()
	select {
	case err := <-returned:
		return err, nil
	case <-time.After(limit):
		return nil, fmt.Errorf("%s did not return in %v: a request must not outlive its deadline", name, limit)
	}
}

// works makes a call that must not fail, and return soon.
func works(ctx context.Context, name string, do func(context.Context) error) error {
	return worksWithin(ctx, name, patience, do)
}

// worksWithin makes a call that must not fail, and return soon after a limit at the latest.
func worksWithin(ctx context.Context, name string, limit time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err, wrong := prompt(ctx, name, limit+patience, do)
	if wrong == nil && err != nil {
		wrong = fmt.Errorf("%s returned %s, want nil within %v: has an interrupted call left a lock behind, or are calls slow?",
			name, quote(err), limit)
	}
	return wrong
}

// interrupted is what is demanded of calls whose context ends while they are under way.
func (k kind[R]) interrupted() []testCase[store[R]] {
	return []testCase[store[R]]{
		{"an interrupted Create leaves the record or nothing", k.createInterrupted},
		{"an interrupted Replace leaves the old record or the new one", k.replaceInterrupted},
	}
}

func (k kind[R]) createInterrupted(ctx context.Context, s store[R]) error {
	return atEachMoment(func(m moment) error {
		rec := k.fresh(nil)
		kept := k.with(rec, func(f fields) { *f.version = 1 })
		err, wrong := m.interrupt(ctx, "Create", func(ctx context.Context) error { return s.Create(ctx, rec) })
		if wrong == nil {
			wrong = k.either(ctx, s, "an interrupted Create", err, nil, &kept)
		}
		if wrong != nil {
			return wrong
		}
		return errors.Join(
			works(ctx, "Create after an interrupted one", func(ctx context.Context) error {
				if err := s.Create(ctx, rec); !errors.Is(err, k.exists) {
					return err
				}
				return nil
			}),
			k.kept(ctx, s, kept, "after a repeated Create"))
	})
}

// either returns what is wrong unless a call that returned err has left a record as it was, or as it was to be: nil is none.
func (k kind[R]) either(ctx context.Context, s store[R], call string, err error, before, after *R) error {
	rec := after
	if rec == nil {
		rec = before
	}
	got, getErr := s.Get(ctx, *k.fields(rec).id)
	is := func(want *R) bool {
		if want == nil {
			return errors.Is(getErr, k.notFound)
		}
		return getErr == nil && difference(got, *want) == nil
	}
	switch {
	case is(after):
		return nil
	case !is(before):
		return fmt.Errorf("after %s that returned %s, Get returned %s and %s, want all of it or nothing",
			call, quote(err), show(got), quote(getErr))
	case err == nil:
		return fmt.Errorf("%s returned nil, but it was not done", call)
	}
	return nil
}

func (k kind[R]) replaceInterrupted(ctx context.Context, s store[R]) error {
	return atEachMoment(func(m moment) error {
		old, err := k.create(ctx, s, nil)
		if err != nil {
			return err
		}
		next := k.rival(old)
		kept := k.with(next, func(f fields) { *f.version = 2 })
		err, wrong := m.interrupt(ctx, "Replace", func(ctx context.Context) error { return s.Replace(ctx, next) })
		switch {
		case wrong != nil:
			return wrong
		case errors.Is(err, k.notFound) && !auth.IsUnavailable(err):
			return fmt.Errorf("an interrupted Replace returned %s, want an error that is no answer: the record is there", quote(err))
		}
		if wrong := k.either(ctx, s, "an interrupted Replace", err, &old, &kept); wrong != nil {
			return wrong
		}
		return works(ctx, "Replace after an interrupted one", func(ctx context.Context) error { return k.touch(ctx, s, old) })
	})
}

// touch changes a record, also if others still do.
func (k kind[R]) touch(ctx context.Context, s store[R], rec R) error {
	for {
		got, err := s.Get(ctx, *k.fields(&rec).id)
		if err != nil {
			return err
		}
		if err = s.Replace(ctx, got); !errors.Is(err, k.conflict) {
			return err
		}
	}
}

// listInterrupted interrupts a Create and a Replace.
func (k kind[R]) listInterrupted(ctx context.Context, s lister[R]) error {
	return atEachMoment(func(m moment) error {
		owner := auth.Actor{Type: "user", ID: token.NewID()}
		created := k.fresh(func(f fields) { *f.owner = owner })
		old, err := k.create(ctx, s, func(f fields) { *f.owner = owner })
		if err != nil {
			return err
		}
		next := k.rival(old)
		_, wrong := m.interrupt(ctx, "Create", func(ctx context.Context) error { return s.Create(ctx, created) })
		_, wrongToo := m.interrupt(ctx, "Replace", func(ctx context.Context) error { return s.Replace(ctx, next) })
		return errors.Join(wrong, wrongToo,
			k.agree(ctx, s, owner, "after interrupted calls", *k.fields(&old).id, *k.fields(&created).id))
	})
}

// settling is more than a server needs for what was interrupted, and may yet be done.
const settling = time.Second

// agree is agreeNow, or before long.
func (k kind[R]) agree(ctx context.Context, s lister[R], owner auth.Actor, when string, ids ...string) error {
	for end := time.Now().Add(settling); ; time.Sleep(breather) {
		err := k.agreeNow(ctx, s, owner, when, ids)
		if err == nil || time.Now().After(end) {
			return err
		}
	}
}

// agreeNow returns what is wrong unless List returns those records of the IDs that Get does.
func (k kind[R]) agreeNow(ctx context.Context, s lister[R], owner auth.Actor, when string, ids []string) error {
	recs, err := s.List(ctx, owner)
	if err != nil {
		return must(k.list+" "+when, err)
	}
	listed := map[string]R{}
	for _, rec := range recs {
		listed[*k.fields(&rec).id] = rec
	}
	if len(listed) != len(recs) {
		return fmt.Errorf("%s, %s returned %d records with %d IDs", when, k.list, len(recs), len(listed))
	}
	for _, id := range ids {
		got, err := s.Get(ctx, id)
		if err != nil && !errors.Is(err, k.notFound) {
			return must("Get "+when, err)
		}
		rec, ok := listed[id]
		if ok != (err == nil) {
			return fmt.Errorf("%s, Get of a record returned %s, and whether it is in %s is %v", when, quote(err), k.list, ok)
		}
		if err := difference(rec, got); ok && err != nil {
			return fmt.Errorf("%s, %s and Get do not return the same record: %w", when, k.list, err)
		}
		delete(listed, id)
	}
	if len(listed) > 0 {
		return fmt.Errorf("%s, %s returned %d records that nobody has created", when, k.list, len(listed))
	}
	return nil
}
