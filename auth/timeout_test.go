package auth_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// A subject is a context with a timeout, ours or the standard library's, and what can be done about it.
type subject struct {
	context.Context
	stop   func()
	parent context.CancelCauseFunc
	seen   []string
}

// ours and theirs make a subject of one second.
func ours(parent context.Context, cancel context.CancelCauseFunc) *subject {
	t := auth.NewTimeout(parent, time.Second)
	return &subject{Context: t, stop: t.Stop, parent: cancel}
}

func theirs(parent context.Context, cancel context.CancelCauseFunc) *subject {
	ctx, stop := context.WithTimeout(parent, time.Second)
	return &subject{Context: ctx, stop: stop, parent: cancel}
}

// look notes what can be seen of the subject. It waits on nothing, so it needs no Done.
func (s *subject) look() {
	synctest.Wait()
	at, ok := s.Deadline()
	s.seen = append(s.seen, fmt.Sprintf("%v; until %v %v; %v", s.Err(), time.Until(at), ok, s.Value(ownKey{})))
}

// cause notes why it is over.
func (s *subject) cause() {
	synctest.Wait()
	s.seen = append(s.seen, fmt.Sprint(context.Cause(s.Context)))
}

// done notes whether the channel is closed.
func (s *subject) done() {
	synctest.Wait()
	select {
	case <-s.Done():
		s.seen = append(s.seen, "done")
	default:
		s.seen = append(s.seen, "not done")
	}
}

// TestTimeout plays scripts with a Timeout and with a context.WithTimeout, and compares.
func TestTimeout(t *testing.T) {
	errGone := errors.New("gone")
	child := func(s *subject) {
		ctx, cancel := context.WithCancel(s)
		inner := &subject{Context: ctx, stop: cancel}
		inner.look()
		time.Sleep(time.Second)
		inner.look()
		inner.done()
		cancel()
		s.seen = append(s.seen, inner.seen...)
	}
	sleep := func(d time.Duration) func(*subject) { return func(*subject) { time.Sleep(d) } }
	look, done, cause := (*subject).look, (*subject).done, (*subject).cause
	stop := func(s *subject) { s.stop() }
	cancel := func(s *subject) { s.parent(errGone) }
	tests := []struct {
		name   string
		script []func(*subject)
	}{
		{"nothing happens", []func(*subject){look, cause, done, look, cause}},
		{"time passes", []func(*subject){look, sleep(time.Second - 1), look, cause, sleep(1), look, cause, done, look, cause}},
		{"time passes while somebody waits", []func(*subject){done, sleep(time.Second - 1), look, done, sleep(1), look, done, cause}},
		{"much time passes, and only then somebody waits", []func(*subject){sleep(time.Hour), done, look}},
		{"stopped", []func(*subject){look, stop, look, cause, done, look, cause}},
		{"stopped while somebody waits", []func(*subject){done, stop, look, done, cause}},
		{"stopped twice", []func(*subject){stop, stop, done, stop, look}},
		{"stopped, and time passes", []func(*subject){stop, look, sleep(time.Hour), look, done, look}},
		{"stopped, and the parent ends", []func(*subject){stop, look, cancel, look, done, look}},
		{"stopped, waited for, and the parent ends", []func(*subject){stop, done, look, cancel, look, done}},
		{"time passes, and it is stopped", []func(*subject){sleep(time.Hour), look, stop, look, done}},
		{"time passes, and the parent ends", []func(*subject){sleep(2 * time.Second), look, cancel, look, done, look}},
		{"the parent ends", []func(*subject){look, cancel, look, cause, done, look, cause}},
		{"the parent ends while somebody waits", []func(*subject){done, cancel, look, done, cause}},
		{"the parent ends, and time passes", []func(*subject){cancel, look, sleep(time.Hour), look, done}},
		{"the parent ends, and it is stopped", []func(*subject){cancel, look, stop, look, done, look}},
		{"a child outlives it", []func(*subject){child}},
		{"a child of one that was stopped", []func(*subject){stop, child}},
		{"a child of one whose parent has ended", []func(*subject){cancel, child}},
		{"a child of one that is over", []func(*subject){sleep(time.Hour), child}},
		{"two children", []func(*subject){child, child}},
	}
	for _, tt := range tests {
		for _, parent := range []time.Duration{time.Minute, time.Second, time.Millisecond} {
			t.Run(fmt.Sprintf("%s/%v", tt.name, parent), func(t *testing.T) {
				got, want := play(t, ours, parent, tt.script), play(t, theirs, parent, tt.script)
				check(t, got, want)
			})
		}
	}
}

// play returns what is seen of a subject whose parent has a deadline of its own. A goroutine or timer that is left behind
// fails the test.
func play(t *testing.T, subjectOf func(context.Context, context.CancelCauseFunc) *subject, parent time.Duration, script []func(*subject)) (seen string) {
	synctest.Test(t, func(*testing.T) {
		ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), ownKey{}, "x"), parent)
		defer cancel()
		ctx, cancelCause := context.WithCancelCause(ctx)
		defer cancelCause(nil)
		s := subjectOf(ctx, cancelCause)
		defer s.stop()
		for _, step := range script {
			step(s)
		}
		seen = fmt.Sprintf("%q", s.seen)
	})
	return seen
}

// Everything of package context that is built on another context works on a Timeout, without a goroutine of its own.
func TestTimeoutAsParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outer := auth.NewTimeout(t.Context(), time.Minute)
		defer outer.Stop()
		middle := auth.NewTimeout(outer, time.Hour) // ends with outer
		defer middle.Stop()
		inner, cancel := context.WithDeadline(context.WithValue(middle, ownKey{}, "x"), time.Now().Add(time.Hour))
		defer cancel()
		ran := 0
		context.AfterFunc(inner, func() { ran++ })
		stop := context.AfterFunc(middle, func() { t.Error("ran, although it was stopped") })
		check(t, stop(), true)
		forever := context.WithoutCancel(middle)

		at, _ := inner.Deadline()
		check(t, time.Until(at), time.Minute)
		time.Sleep(time.Minute)
		synctest.Wait()
		for _, ctx := range []context.Context{outer, middle, inner} {
			check(t, ctx.Err(), context.DeadlineExceeded)
			<-ctx.Done()
		}
		check(t, ran, 1)
		check(t, forever.Err(), nil)
	})
}

// A Timeout whose parent is nobody the standard library knows still ends with it.
func TestTimeoutForeignParent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent, cancel := context.WithCancel(t.Context())
		timeout := auth.NewTimeout(foreign{parent}, time.Hour)
		defer timeout.Stop()
		check(t, timeout.Err(), nil)
		done := timeout.Done()
		cancel()
		<-done
		check(t, timeout.Err(), context.Canceled)
	})
}

// foreign hides what a context is made of.
type foreign struct{ context.Context }

func (f foreign) Value(any) any { return nil }

// Many goroutines use one Timeout at once.
func TestTimeoutConcurrent(t *testing.T) {
	for range 20 {
		parent, cancel := context.WithCancel(t.Context())
		timeout := auth.NewTimeout(parent, time.Hour)
		var wg sync.WaitGroup
		for _, f := range []func(){
			timeout.Stop, cancel, func() { <-timeout.Done() }, func() { _ = timeout.Err() }, func() { timeout.Value(ownKey{}) },
			func() { timeout.Deadline() }, func() { context.AfterFunc(timeout, func() {})() }, func() { _ = context.Cause(timeout) },
			func() { auth.NewTimeout(timeout, time.Second).Stop() },
		} {
			wg.Go(f)
		}
		wg.Wait()
		check(t, timeout.Err(), context.Canceled)
	}
}
