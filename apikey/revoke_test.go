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
		check(t, "revoking an unknown one", revoke(t.Context(), s.Manager, id, "ann"), apikey.ErrNotFound)
	}
	reads := s.store.count("Get")
	for _, id := range []string{"", "x", text, strings.ToUpper(k.ID), "../../etc/passwd", "a\x00b"} {
		check(t, "revoking "+id, revoke(t.Context(), s.Manager, id, "ann"), apikey.ErrNotFound)
	}
	for _, by := range []string{"", "a\nb", "\xff", strings.Repeat("a", 257)} {
		check(t, "revoked by "+by, revoke(t.Context(), s.Manager, k.ID, by) != nil, true)
	}
	check(t, "reads for what is no ID, or no name", s.store.count("Get"), reads)
	check(t, "writes", s.store.count("Replace"), 0)
	check(t, "a request", s.get("/", "X-API-Key: "+text), passed(k))

	check(t, "revoking it", revoke(t.Context(), s.Manager, k.ID, "ann"), nil)
	check(t, "the next request", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
	check(t, "revoking it again", revoke(t.Context(), s.Manager, k.ID, "ann"), apikey.ErrRevoked)
	check(t, "revoking it again by another", revoke(t.Context(), s.Manager, k.ID, "bob"), apikey.ErrRevoked)
	kept := must(list(t.Context(), s.Manager, ann))[0]
	check(t, "who did it", kept.Revocation.By, "ann")
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
					check(t, "the first", revoke(t.Context(), s.Manager, k.ID, "ann"), nil)
				}))
				check(t, "the second", revoke(t.Context(), s.Manager, k.ID, "bob"), apikey.ErrRevoked)
				check(t, "who did it", must(list(t.Context(), s.Manager, ann))[0].Revocation.By, "ann")
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
			wg.Go(func() { errs[i] = revoke(context.Background(), s.Manager, k.ID, fmt.Sprint("admin ", i)) })
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
		check(t, "who did it", must(list(t.Context(), s.Manager, ann))[0].Revocation.By, by)
		check(t, "a request", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
	}
}

// A key is revoked, and then asked for where the clock is behind: on another machine, or on this one after it was set.
func TestRevocationDoesNotDependOnTheClock(t *testing.T) {
	s := newSite()
	k, text := s.issue(t, nil)
	check(t, "revoking it", revoke(t.Context(), s.Manager, k.ID, "ann"), nil)
	synctest.Test(t, func(t *testing.T) { // the clock says 2000-01-01
		check(t, "a request", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
		check(t, "revoking it again", revoke(t.Context(), s.Manager, k.ID, "bob"), apikey.ErrRevoked)
	})
}

func TestLostReplyToARevocation(t *testing.T) {
	tests := []struct {
		name  string
		fault fault
	}{
		{"as a failure", losing(errRefused)},
		{"as a time-out", losing(context.DeadlineExceeded)},
		{"which the driver sent twice", losing(apikey.ErrConflict)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite()
			k, text := s.issue(t, nil)
			s.store.once("Replace", tt.fault)
			check(t, "the first", revoke(t.Context(), s.Manager, k.ID, "ann"), nil)
			check(t, "the second", revoke(t.Context(), s.Manager, k.ID, "ann"), apikey.ErrRevoked)
			check(t, "a request", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
			check(t, "the version", must(list(t.Context(), s.Manager, ann))[0].Version, 2)
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
			check(t, "the error is an outage", errors.Is(revoke(t.Context(), s.Manager, k.ID, "ann"), auth.ErrUnavailable), true)
			check(t, "a request", s.get("/", "X-API-Key: "+text), passed(k))
			s.store.on("Replace", nil)
			check(t, "another try", revoke(t.Context(), s.Manager, k.ID, "ann"), nil)
			check(t, "a request then", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
		})
	}
}

// A revocation for later lets the key work until then, whatever happens to it in between, and can be brought forward only.
func TestScheduledRevocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite()
		k, text := s.issue(t, func(spec *apikey.Spec) { spec.ExpiresAt = soon(time.Hour) })
		at := func(d time.Duration) apikey.Revocation {
			return apikey.Revocation{By: "bob", Reason: "leak", Until: soon(d)}
		}
		got, err := s.Revoke(t.Context(), k.ID, at(time.Minute))
		check(t, "for later", err, nil)
		check(t, "what is kept", got.Revocation, apikey.Revocation{At: k.CreatedAt, By: "bob", Reason: "leak", Until: k.CreatedAt.Add(time.Minute)})
		check(t, "a request", s.get("/", "X-API-Key: "+text), passed(k))
		ac, err := s.VerifyToken(t.Context(), auth.Credential{Token: text})
		check(t, "verifying it", err, nil)
		check(t, "when its context ends", ac.Expires, k.CreatedAt.Add(time.Minute))
		check(t, "for the same time", second(s.Revoke(t.Context(), k.ID, at(time.Minute))), apikey.ErrRevoked)
		check(t, "for later still", second(s.Revoke(t.Context(), k.ID, at(time.Hour))), apikey.ErrRevoked)
		check(t, "deleting it", s.Delete(t.Context(), k.ID), apikey.ErrNotRevoked)
		check(t, "disabling it", second(s.Disable(t.Context(), k.ID, "ann")), nil)
		check(t, "enabling it", second(s.Enable(t.Context(), k.ID, "ann")), nil)
		check(t, "sooner", second(s.Revoke(t.Context(), k.ID, at(time.Second))), nil)
		time.Sleep(time.Second - time.Nanosecond)
		check(t, "a request a moment before", s.get("/", "X-API-Key: "+text), passed(k))
		time.Sleep(time.Nanosecond)
		check(t, "a request then", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
		check(t, "again", revoke(t.Context(), s.Manager, k.ID, "ann"), apikey.ErrRevoked)
		check(t, "deleting it then", s.Delete(t.Context(), k.ID), nil)
	})
}

// What is to end later can be ended at once.
func TestRevocationBroughtForward(t *testing.T) {
	s := newSite()
	k, text := s.issue(t, nil)
	check(t, "for later", second(s.Revoke(t.Context(), k.ID, apikey.Revocation{By: "bob", Until: soon(time.Hour)})), nil)
	check(t, "at once", revoke(t.Context(), s.Manager, k.ID, "ann"), nil)
	check(t, "who did it", must(s.Get(t.Context(), k.ID)).Revocation.By, "ann")
	check(t, "a request", s.get("/", "X-API-Key: "+text), invalid(asksHeader))

	k, text = s.issue(t, nil)
	by := s.As(as(ann))
	check(t, "for later, by somebody", second(by.Revoke(t.Context(), k.ID, apikey.Revocation{Until: soon(time.Hour)})), nil)
	check(t, "sooner, by somebody", second(by.Revoke(t.Context(), k.ID, apikey.Revocation{Until: soon(time.Minute)})), nil)
	check(t, "at once, by somebody", second(by.Revoke(t.Context(), k.ID, apikey.Revocation{})), nil)
	check(t, "a request then", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
}

func TestRevocationThatIsWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		tests := []struct {
			name string
			rev  apikey.Revocation
			want string
		}{
			{"by nobody", apikey.Revocation{}, "apikey: revoked_by is not plain text of 1 to 256 bytes"},
			{"with a reason of 1 KiB", apikey.Revocation{By: "ann", Reason: strings.Repeat("r", 1024)}, ""},
			{"with a reason of 1 KiB and a byte", apikey.Revocation{By: "ann", Reason: strings.Repeat("r", 1025)}, "apikey: reason is not plain text of 1024 bytes at most"},
			{"with a reason on two lines", apikey.Revocation{By: "ann", Reason: "a\nb"}, "apikey: reason is not plain text of 1024 bytes at most"},
			{"for now", apikey.Revocation{By: "ann", Until: now}, "apikey: revoke_in ends in the past"},
			{"for the past", apikey.Revocation{By: "ann", Until: now.Add(-time.Hour)}, "apikey: revoke_in ends in the past"},
			{"for the year 10000", apikey.Revocation{By: "ann", Until: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, "apikey: revoke_in ends after the year 9999"},
			{"at a time that somebody made up", apikey.Revocation{By: "ann", At: now.Add(-time.Hour)}, ""},
			{"all that can be wrong", apikey.Revocation{Reason: "\n", Until: now},
				"apikey: revoked_by is not plain text of 1 to 256 bytes\napikey: reason is not plain text of 1024 bytes at most\napikey: revoke_in ends in the past"},
		}
		for _, tt := range tests {
			s := newSite()
			k, _ := s.issue(t, nil)
			got, err := s.Revoke(t.Context(), k.ID, tt.rev)
			check(t, tt.name, text(err), tt.want)
			check(t, tt.name+": when", got.Revocation.At, map[bool]time.Time{true: k.CreatedAt}[tt.want == ""])
			check(t, tt.name+": reads", s.store.count("Get"), map[bool]int{true: 1}[tt.want == ""])
		}
	})
}

func TestDelete(t *testing.T) {
	s := newSite()
	k, text := s.issue(t, nil)
	check(t, "a key that works", s.Delete(t.Context(), k.ID), apikey.ErrNotRevoked)
	check(t, "disabling it", second(s.Disable(t.Context(), k.ID, "ann")), nil)
	check(t, "a key that is disabled", s.Delete(t.Context(), k.ID), apikey.ErrNotRevoked)
	check(t, "calls of the store", s.store.count("Delete"), 0)
	check(t, "revoking it", revoke(t.Context(), s.Manager, k.ID, "ann"), nil)
	s.store.once("Delete", answering(errRefused))
	check(t, "while the store is down", errors.Is(s.Delete(t.Context(), k.ID), auth.ErrUnavailable), true)
	check(t, "it is there", must(s.Get(t.Context(), k.ID)).ID, k.ID)
	s.store.once("Delete", losing(errRefused))
	check(t, "while the answer is lost", s.Delete(t.Context(), k.ID), nil)
	check(t, "again", s.Delete(t.Context(), k.ID), apikey.ErrNotFound)
	check(t, "it is gone", second(s.Get(t.Context(), k.ID)), apikey.ErrNotFound)
	check(t, "a request", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
	check(t, "what is no ID", s.Delete(t.Context(), "../x"), apikey.ErrNotFound)
}

// Whoever changes a key all the time does not keep it from being revoked.
func TestRevocationInAStorm(t *testing.T) {
	s := newSite()
	k, text := s.issue(t, nil)
	storm := 0
	s.store.on("Replace", func(ctx context.Context, call func() error) error {
		if storm++; storm < 20 {
			kept := must(s.store.inner.Get(ctx, k.ID))
			kept.Title = fmt.Sprint("storm ", storm)
			check(t, "the storm", s.store.inner.Replace(ctx, kept), nil)
		}
		return call()
	})
	check(t, "revoking it", revoke(t.Context(), s.Manager, k.ID, "ann"), nil)
	check(t, "a request", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
}

// Somebody revokes a key twice in the same microsecond: once it is done, and once it was done already.
func TestRevokedInOneMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite()
		k, _ := s.issue(t, nil)
		var read sync.WaitGroup
		read.Add(2)
		s.store.on("Get", func(_ context.Context, call func() error) error {
			err := call()
			if s.store.count("Get") <= 2 { // both have read the key before one of them writes
				read.Done()
				read.Wait()
			}
			return err
		})
		errs := make([]error, 2)
		var both sync.WaitGroup
		for i := range errs {
			both.Go(func() { _, errs[i] = s.Revoke(t.Context(), k.ID, apikey.Revocation{By: "ann"}) })
		}
		both.Wait()
		check(t, "one is done", errs[0] == nil || errs[1] == nil, true)
		check(t, "the other was done already", errors.Is(errors.Join(errs...), apikey.ErrRevoked), true)
	})
}
