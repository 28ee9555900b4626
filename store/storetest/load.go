package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// A load is what workers ask of the stores while faults come and go.
type load struct {
	tally
	config FaultConfig
	limits
	chain   *chain
	fault   atomic.Int64 // the number of the fault that is there, from 1; 0 if none is
	last    atomic.Int64 // the number of the fault that was there last, from 1; 0 if none was
	stopped atomic.Bool
	met     []int // how many calls each fault made fail; guarded by the lock of the tally
}

const (
	workers       = 16
	minOperations = 2000
	minFaults     = 200 // of these, in all
	breather      = 10 * time.Millisecond
)

// run has the workers work through all faults, and then verifies what they know.
func (l *load) run(ctx context.Context) error {
	if len(l.config.Faults) == 0 {
		return errors.New("a FaultConfig without Faults")
	}
	first := l.newWorker(workers) // works alone, before and between the others
	if len(first.parts) == 0 {
		return errors.New("a FaultConfig without a store")
	}
	if err := l.recovered(ctx, first, "before the first fault"); err != nil {
		return err
	}
	first.each(func(p part) { p.begin(ctx) })

	crew := []*worker{first}
	var working sync.WaitGroup
	for i := range workers {
		w := l.newWorker(i)
		crew = append(crew, w)
		working.Go(func() { w.work(ctx) })
	}
	err := l.faults(ctx, first)
	l.stopped.Store(true)
	working.Wait()
	if err != nil {
		return err
	}
	return l.verify(ctx, crew)
}

// faults lets each fault happen, and some calls between two of them that should not fail.
func (l *load) faults(ctx context.Context, first *worker) error {
	spell := minOperations/(len(l.config.Faults)+1) + 1
	share := minFaults/len(l.config.Faults) + 1
	for i, f := range l.config.Faults {
		begun := l.now().Operations
		l.until(ctx, func() bool { return l.now().Operations >= begun+spell })
		l.meet(ctx, i, f, share)
		if err := l.recovered(ctx, first, "after "+f.Name); err != nil {
			return err
		}
	}
	begun := l.now().Operations
	l.until(ctx, func() bool { return l.now().Operations >= begun+spell })
	return nil
}

// find counts a flaw, and tells which fault there was last.
func (l *load) find(f flaw, format string, args ...any) {
	last := int(l.last.Load())
	if f == sound || last == 0 {
		l.tally.find(f, format, args...)
		return
	}
	l.tally.find(f, "in or after %q, "+format, append([]any{l.config.Faults[last-1].Name}, args...)...)
}

// meet has f happen until so many calls failed because of it.
func (l *load) meet(ctx context.Context, i int, f Fault, share int) {
	l.fault.Store(int64(i) + 1)
	l.last.Store(int64(i) + 1)
	defer l.fault.Store(0)
	f.Begin()
	defer f.End()
	l.until(ctx, func() bool { return l.metBy(i) >= share })
}

func (l *load) metBy(i int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.met[i]
}

// until waits for what the workers do, but not for ever, and not when each of them already has had to wait in vain.
func (l *load) until(ctx context.Context, enough func() bool) {
	for end := time.Now().Add(l.recovery); !enough() && time.Now().Before(end) && ctx.Err() == nil; {
		if l.now().Late >= workers {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// recovered waits until all stores answer. w must not be at work.
func (l *load) recovered(ctx context.Context, w *worker, when string) (err error) {
	for end := time.Now().Add(l.recovery); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(breather) {
		err = nil
		w.each(func(p part) { err = errors.Join(err, p.probe(ctx)) })
		if err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s, the stores did not answer for %v: %w", when, l.recovery, errors.Join(err, ctx.Err()))
}

// verify has all workers look at what they made, when nothing is under way any more.
func (l *load) verify(ctx context.Context, crew []*worker) error {
	if l.now().Late > 0 {
		return nil // some of it is
	}
	time.Sleep(l.config.Deadline)
	if err := l.recovered(ctx, crew[0], "after the last fault"); err != nil {
		return err
	}
	counted := l.now().Operations
	var verifying sync.WaitGroup
	for _, w := range crew {
		verifying.Go(func() { w.each(func(p part) { p.verify(ctx) }) })
	}
	verifying.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.Operations = counted
	return nil
}

// result returns what was counted, and all that was wrong.
func (l *load) result() (FaultCounts, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, met := range l.met {
		l.counts.Faults += met
		if met == 0 {
			l.complaints = append(l.complaints, fmt.Errorf("no call failed during %q: nothing is known about it",
				l.config.Faults[i].Name))
		}
	}
	if l.counts.Faults < minFaults {
		l.complaints = append(l.complaints, fmt.Errorf("%d calls failed because of a fault, want %d: "+
			"fewer show nothing", l.counts.Faults, minFaults))
	}
	if l.counts.Operations < minOperations {
		l.complaints = append(l.complaints, fmt.Errorf("%d calls were made, want %d", l.counts.Operations, minOperations))
	}
	return l.counts, errors.Join(l.complaints...)
}

// errUnknown says that a call did not say what it has done.
var errUnknown = errors.New("the outcome is not known")

// ask makes a call, and returns what it returned: with nil, with one of the answers itself, or errUnknown.
func ask[T any](
	ctx context.Context, l *load, name string, do func(context.Context) (T, error), answers ...error,
) (T, error) {
	type reply struct {
		value T
		err   error
	}
	ctx, cancel := context.WithTimeout(ctx, l.config.Deadline)
	defer cancel()
	before := l.fault.Load()
	replied := make(chan reply, 1)
	go func() {
		value, err := do(ctx)
		replied <- reply{value, err}
	}()
	var none T
	select {
	case r := <-replied:
		if err := l.judge(name, before, r.err, answers); err != nil {
			return none, err
		}
		return r.value, nil
	case <-time.After(l.config.Deadline + l.slack):
		l.find(late, "%s did not return in %v after its deadline: a request must not outlive it", name, l.slack)
		return none, l.failed(before)
	}
}

// tell is ask for a call that returns an error alone.
func tell(ctx context.Context, l *load, name string, do func(context.Context) error, answers ...error) error {
	_, err := ask(ctx, l, name, func(ctx context.Context) (struct{}, error) { return struct{}{}, do(ctx) }, answers...)
	return err
}

// judge counts a call that has returned.
func (l *load) judge(name string, before int64, err error, answers []error) error {
	switch {
	case err == nil:
		l.count(0)
		return nil
	case errors.Is(err, auth.ErrUnavailable):
		return l.failed(before)
	}
	for _, answer := range answers {
		if errors.Is(err, answer) {
			l.count(0)
			return answer
		}
	}
	l.find(unclear, "%s returned %s, which is no answer to it, and does not wrap %s: "+
		"nobody can tell an outage from a mistake", name, quote(err), quote(auth.ErrUnavailable))
	return l.failed(before)
}

// failed counts a call that began during the fault called before, or during none, and did not say what it has done.
func (l *load) failed(before int64) error {
	if before == 0 {
		before = l.fault.Load()
	}
	l.count(before)
	return errUnknown
}

// count counts a call, which the fault of that number made fail, if it is not 0.
func (l *load) count(fault int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.Operations++
	if fault > 0 {
		l.met[fault-1]++
	}
}
