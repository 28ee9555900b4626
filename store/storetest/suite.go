package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"
)

// A testCase is one thing that a suite demands of a store.
type testCase[S any] struct {
	name  string
	check func(ctx context.Context, s S) error // what is wrong, in words
}

func run[S any](t *testing.T, cases []testCase[S], open func(t testing.TB) S) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if err := c.check(t.Context(), open(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

// through returns cases for stores of type T that are seen as an S.
func through[S, T any](view func(T) S, cases []testCase[S]) []testCase[T] {
	seen := make([]testCase[T], 0, len(cases))
	for _, c := range cases {
		seen = append(seen, testCase[T]{c.name, func(ctx context.Context, s T) error {
			return c.check(ctx, view(s))
		}})
	}
	return seen
}

// expect returns nil if got is want, itself or wrapped, and else a sentence.
func expect(call string, got, want error, why string) error {
	if errors.Is(got, want) {
		return nil
	}
	return fmt.Errorf("%s returned %s, want %s: %s", call, quote(got), quote(want), why)
}

// must returns nil if err is, and else a sentence about a call without which a case cannot go on.
func must(call string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s returned %s, want nil", call, quote(err))
}

func quote(err error) string {
	if err == nil {
		return "nil"
	}
	return strconv.Quote(err.Error())
}

// A call is one method with its arguments.
type call struct {
	name string
	do   func(ctx context.Context) error
}

// patience is more than a store needs to see that a context is done.
const patience = 5 * time.Second

// refused makes calls with contexts that are done: one was cancelled, and the deadline of one has passed. Each must return
// an error, and none of answers, which would say that the store has looked.
func refused(ctx context.Context, answers []error, calls ...call) error {
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	passed, cancel := context.WithDeadline(ctx, time.Now().Add(-time.Second))
	defer cancel()
	return errors.Join(
		refusedBy(cancelled, "a cancelled context", answers, calls),
		refusedBy(passed, "a context whose deadline has passed", answers, calls))
}

func refusedBy(ctx context.Context, done string, answers []error, calls []call) error {
	var errs []error
	for _, c := range calls {
		returned := make(chan error, 1)
		go func() { returned <- c.do(ctx) }()
		select {
		case err := <-returned:
			errs = append(errs, isNoAnswer(c.name+" with "+done, err, answers))
		case <-time.After(patience):
			errs = append(errs, fmt.Errorf("%s with %s did not return in %v: "+
				"a request must not outlive its deadline", c.name, done, patience))
		}
	}
	return errors.Join(errs...)
}

func isNoAnswer(name string, err error, answers []error) error {
	if err == nil {
		return fmt.Errorf("%s returned nil, want an error: "+
			"the caller is told that something was done for a request that has ended", name)
	}
	for _, answer := range answers {
		if errors.Is(err, answer) {
			return fmt.Errorf("%s returned %s, which is an answer: "+
				"want an error that says that the store did not look", name, quote(err))
		}
	}
	return nil
}
