package apikey_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

func TestRevoke(t *testing.T) {
	s := newSite()
	k, text := s.issue(t, nil)
	for _, id := range []string{token.NewID(), k.ID[1:] + "a"} {
		check(t, "revoking an unknown one", s.Revoke(t.Context(), id, "ann"), apikey.ErrNotFound)
	}
	reads := s.store.count("Get")
	for _, id := range []string{"", "x", text, strings.ToUpper(k.ID), "../../etc/passwd", "a\x00b"} {
		check(t, "revoking "+id, s.Revoke(t.Context(), id, "ann"), apikey.ErrNotFound)
	}
	for _, by := range []string{"", "a\nb", "\xff", strings.Repeat("a", 257)} {
		check(t, "revoked by "+by, s.Revoke(t.Context(), k.ID, by) != nil, true)
	}
	check(t, "reads for what is no ID, or no name", s.store.count("Get"), reads)
	check(t, "writes", s.store.count("Replace"), 0)
	check(t, "a request", s.get("/", "X-API-Key: "+text), passed(k))

	check(t, "revoking it", s.Revoke(t.Context(), k.ID, "ann"), nil)
	check(t, "the next request", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
	check(t, "revoking it again", s.Revoke(t.Context(), k.ID, "ann"), apikey.ErrRevoked)
	check(t, "revoking it again by another", s.Revoke(t.Context(), k.ID, "bob"), apikey.ErrRevoked)
	kept := must(s.List(t.Context(), ann))[0]
	check(t, "who did it", kept.RevokedBy, "ann")
	check(t, "the version", kept.Version, 2)
}

// Two people revoke a key, one within the other: who comes second is told so, and does not take the place of the first.
func TestTwoRevocations(t *testing.T) {
	tests := []struct {
		name  string
		first time.Duration // how long the second had begun when the first was done
	}{
		{"at the same time", 0},
		{"one after the other", time.Second},
		{"one after the other, by a microsecond", time.Microsecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite()
				k, text := s.issue(t, nil)
				s.store.once("Replace", first(func() {
					time.Sleep(tt.first)
					check(t, "the first", s.Revoke(t.Context(), k.ID, "ann"), nil)
				}))
				check(t, "the second", s.Revoke(t.Context(), k.ID, "bob"), apikey.ErrRevoked)
				check(t, "who did it", must(s.List(t.Context(), ann))[0].RevokedBy, "ann")
				check(t, "a request", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
			})
		})
	}
}

// Many people at once: one did it.
func TestManyRevocations(t *testing.T) {
	for range 20 {
		s := newSite()
		k, text := s.issue(t, nil)
		errs := make([]error, 16)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { errs[i] = s.Revoke(context.Background(), k.ID, fmt.Sprint("admin ", i)) })
			wg.Go(func() { s.get("/", "X-API-Key: "+text) })
		}
		wg.Wait()
		count, by := map[error]int{}, ""
		for i, err := range errs {
			count[err]++
			by += map[bool]string{true: fmt.Sprint("admin ", i)}[err == nil]
		}
		check(t, "told that they did it", count[nil], 1)
		check(t, "told that it was done", count[apikey.ErrRevoked], 15)
		check(t, "who did it", must(s.List(t.Context(), ann))[0].RevokedBy, by)
		check(t, "a request", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
	}
}

// A key is revoked, and then asked for where the clock is behind: on another machine, or on this one after it was set.
func TestRevocationDoesNotDependOnTheClock(t *testing.T) {
	s := newSite()
	k, text := s.issue(t, nil)
	check(t, "revoking it", s.Revoke(t.Context(), k.ID, "ann"), nil)
	synctest.Test(t, func(t *testing.T) { // the clock says 2000-01-01
		check(t, "a request", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
		check(t, "revoking it again", s.Revoke(t.Context(), k.ID, "bob"), apikey.ErrRevoked)
	})
}

func TestLostReplyToARevocation(t *testing.T) {
	tests := []struct {
		name  string
		fault fault
		err   error // that of the first; the second is told that it was done
	}{
		{"as a failure", losing(errRefused), auth.ErrUnavailable},
		{"as a time-out", losing(context.DeadlineExceeded), auth.ErrUnavailable},
		{"which the driver sent twice", losing(apikey.ErrConflict), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite()
			k, text := s.issue(t, nil)
			s.store.once("Replace", tt.fault)
			check(t, "the first", errors.Is(s.Revoke(t.Context(), k.ID, "ann"), tt.err), true)
			check(t, "the second", s.Revoke(t.Context(), k.ID, "ann"), apikey.ErrRevoked)
			check(t, "a request", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
			check(t, "the version", must(s.List(t.Context(), ann))[0].Version, 2)
		})
	}
}

// What is not stored is not said to be done, and another try does it.
func TestRevocationThatFails(t *testing.T) {
	tests := []struct {
		name  string
		fault fault
	}{
		{"the store fails", answering(errRefused)},
		{"the store is read-only", answering(errors.New("READONLY You can't write against a read only replica"))},
		{"the key changes all the time", answering(apikey.ErrConflict)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite()
			k, text := s.issue(t, nil)
			s.store.on("Replace", tt.fault)
			check(t, "the error is an outage", errors.Is(s.Revoke(t.Context(), k.ID, "ann"), auth.ErrUnavailable), true)
			check(t, "a request", s.get("/", "X-API-Key: "+text), passed(k))
			s.store.on("Replace", nil)
			check(t, "another try", s.Revoke(t.Context(), k.ID, "ann"), nil)
			check(t, "a request then", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
		})
	}
}
