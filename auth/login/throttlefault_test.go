package login_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

// throttleCalls are all calls that the throttle makes of its stores.
var throttleCalls = []struct {
	what, store, verb string
	nth               int
	do                func(t *testing.T, throttle *login.Throttling) error
}{
	{"Try, asking for the device", "tokens", "Get", 1, tryAnn},
	{"Try, asking for the network", "tokens", "Get", 2, tryAnn},
	{"Try, reading of the place", "attempts", "Load", 1, tryAnn},
	{"Try, reading of the account", "attempts", "Load", 2, tryAnn},
	{"Try, reading of the network", "attempts", "Load", 3, tryAnn},
	{"Try, counting for the place", "attempts", "Swap", 1, tryAnn},
	{"Try, counting for the account", "attempts", "Swap", 2, tryAnn},
	{"Try, counting for the network", "attempts", "Swap", 3, tryAnn},
	{"Succeeded, asking for the device", "tokens", "Get", 1, succeedAnn},
	{"Succeeded, asking for the network", "tokens", "Get", 2, succeedAnn},
	{"Succeeded, reading of the place", "attempts", "Load", 1, succeedAnn},
	{"Succeeded, forgetting the place", "attempts", "Swap", 1, succeedAnn},
	{"Succeeded, reading of the account", "attempts", "Load", 2, succeedAnn},
	{"Succeeded, taking back from the account", "attempts", "Swap", 2, succeedAnn},
	{"Succeeded, reading of the network", "attempts", "Load", 3, succeedAnn},
	{"Succeeded, taking back from the network", "attempts", "Swap", 3, succeedAnn},
	{"Succeeded, keeping the device", "tokens", "Put", 1, succeedAnn},
	{"Succeeded, keeping the network", "tokens", "Put", 2, succeedAnn},
	{"Try at home, reading of what is known", "attempts", "Load", 2, tryAnnAtHome},
	{"Try at home, counting for what is known", "attempts", "Swap", 2, tryAnnAtHome},
	{"Succeeded at home, taking back from what is known", "attempts", "Swap", 2, succeedAnnAtHome},
	{"Succeeded at home, keeping the device", "tokens", "Put", 2, succeedAnnAtHome},
	{"Request, reading of the network", "attempts", "Load", 1, requestAnn},
	{"Request, reading of the account", "attempts", "Load", 2, requestAnn},
	{"Request, counting for the network", "attempts", "Swap", 1, requestAnn},
	{"Request, counting for the account", "attempts", "Swap", 2, requestAnn},
}

// Nobody has logged in as Ann from anywhere but her home, by a network that is known.
var (
	annAnywhere = login.From(ann, "192.0.2.1", token.NewID())
	annAtHome   = login.From(ann, "198.51.100.1", token.NewID())
)

func tryAnn(t *testing.T, throttle *login.Throttling) error {
	return throttle.Try(t.Context(), annAnywhere)
}

func tryAnnAtHome(t *testing.T, throttle *login.Throttling) error {
	return throttle.Try(t.Context(), annAtHome)
}

func succeedAnnAtHome(t *testing.T, throttle *login.Throttling) error {
	device, err := throttle.Succeeded(t.Context(), annAtHome)
	check(t, "the device", device, "")
	return err
}

func succeedAnn(t *testing.T, throttle *login.Throttling) error {
	device, err := throttle.Succeeded(t.Context(), annAnywhere)
	check(t, "the device", device, "")
	return err
}

func requestAnn(t *testing.T, throttle *login.Throttling) error {
	return throttle.Request(t.Context(), "reset", annAnywhere)
}

// What cannot be counted is not tried, and what is not known is no "no". It takes no longer than a call may.
func TestThrottleOutage(t *testing.T) {
	for _, tt := range throttleCalls {
		for name, f := range outages {
			t.Run(tt.what+": the store "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					tokens := newTokenStore()
					throttle, attempts := newThrottling(login.Throttle{}, tokens)
					logIn(t, throttle, annAtHome)
					check(t, "an attempt before", throttle.Try(t.Context(), annAnywhere), nil)
					check(t, "one at home", throttle.Try(t.Context(), annAtHome), nil)
					map[string]*faults{"tokens": &tokens.faults, "attempts": &attempts.faults}[tt.store].nth(tt.verb, tt.nth, f)
					start := time.Now()
					check(t, "the answer", verdict(tt.do(t, throttle)), -1)
					check(t, "it took too long", time.Since(start) > login.DefaultStoreTimeout, false)
				})
			})
		}
	}
}

// An attempt whose answer was lost counts.
func TestThrottleLostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle, attempts := newThrottling(login.Throttle{}, nil)
		a := login.From(ann, "192.0.2.1", "")
		for range 10 {
			attempts.nth("Swap", 1, losing)
			check(t, "the answer", verdict(throttle.Try(t.Context(), a)), -1)
		}
		check(t, "all of them count", verdict(throttle.Try(t.Context(), a)), time.Second)
	})
}

// A store that answers with something else than what it was asked for is not believed.
func TestThrottleAmissAnswer(t *testing.T) {
	tests := []struct {
		name string
		edit func(a *login.Attempts)
		want time.Duration
	}{
		{"another key", func(a *login.Attempts) { a.Key = token.NewID() }, -1},
		{"no key", func(a *login.Attempts) { a.Key = "" }, -1},
		{"nothing at all", func(a *login.Attempts) { *a = login.Attempts{} }, -1},
		{"a negative count", func(a *login.Attempts) { a.Count = -5 }, -1},
		{"an impossible count", func(a *login.Attempts) { a.Count = 1_000_001 }, -1},
		{"a count without a version", func(a *login.Attempts) { a.Version = 0 }, -1},
		{"a negative version", func(a *login.Attempts) { a.Version = -1 }, -1},
		{"no expiry", func(a *login.Attempts) { a.Expires = time.Time{} }, -1},
		{"an impossible time", func(a *login.Attempts) { a.Next = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) }, -1},
		{"another version, each time", func(a *login.Attempts) { a.Version++ }, -1},
		{"the largest count", func(a *login.Attempts) { a.Count = 1_000_000 }, 0},
		{"it expired, and is in the way", func(a *login.Attempts) { a.Expires = time.Now().Add(-time.Second) }, -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				throttle, attempts := newThrottling(login.Throttle{}, nil)
				a := login.From(ann, "192.0.2.1", "")
				check(t, "before", verdict(throttle.Try(t.Context(), a)), 0)
				attempts.edit = tt.edit
				check(t, "the answer", verdict(throttle.Try(t.Context(), a)), tt.want)
			})
		})
	}
}

// Nor is it believed when it says what would be nobody's attempt yet, or what it keeps of another key.
func TestThrottleAmissFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle, attempts := newThrottling(login.Throttle{}, nil)
		attempts.edit = func(a *login.Attempts) { a.Count = 5 }
		check(t, "a count without a version", verdict(throttle.Try(t.Context(), login.From("", "192.0.2.1", ""))), -1)
		attempts.edit = nil
		check(t, "one", verdict(throttle.Try(t.Context(), login.From("", "192.0.2.1", ""))), 0)
		other := attempts.all()[0]
		attempts.edit = func(a *login.Attempts) { *a = other }
		check(t, "the record of another", verdict(throttle.Try(t.Context(), login.From("", "192.0.2.2", ""))), -1)
		check(t, "what is kept of it", attempts.all()[0], other)
	})
}

// A place is known by what the store keeps of it, all of it.
func TestThrottleAmissPlace(t *testing.T) {
	for name, edit := range map[string]func(rec *login.OneTimeToken){
		"another ID":      func(rec *login.OneTimeToken) { rec.ID = token.NewID() },
		"another digest":  func(rec *login.OneTimeToken) { rec.Digest[0]++ },
		"no digest":       func(rec *login.OneTimeToken) { rec.Digest = token.Digest{} },
		"it has expired":  func(rec *login.OneTimeToken) { rec.Expires = time.Now() },
		"nothing at all":  func(rec *login.OneTimeToken) { *rec = login.OneTimeToken{} },
		"it never passes": func(rec *login.OneTimeToken) { rec.Expires = time.Time{} },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tokens := newTokenStore()
				throttle, _ := newThrottling(login.Throttle{}, tokens)
				a := login.From(ann, "192.0.2.1", logIn(t, throttle, login.From(ann, "192.0.2.1", "")))
				check(t, "before", must(throttle.Knows(t.Context(), a)), true)
				tokens.edit = edit
				check(t, "then", must(throttle.Knows(t.Context(), a)), false)
			})
		})
	}
	tokens := newTokenStore()
	throttle, _ := newThrottling(login.Throttle{}, tokens)
	a := login.From(ann, "192.0.2.1", logIn(t, throttle, login.From(ann, "192.0.2.1", "")))
	tokens.on("Get", answering(fmt.Errorf("row 7: %w", login.ErrCorrupt)))
	check(t, "a record that cannot be read", must(throttle.Knows(t.Context(), a)), false)
}

// Who changes what others change, too, tries again, and not for ever.
func TestThrottleConflicts(t *testing.T) {
	for _, tt := range []struct {
		conflicts int
		want      time.Duration
	}{{1, 0}, {15, 0}, {16, -1}, {1000, -1}} {
		t.Run(fmt.Sprint(tt.conflicts), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				throttle, attempts := newThrottling(login.Throttle{}, nil)
				left := tt.conflicts
				attempts.on("Swap", func(_ context.Context, call func() error) error {
					if left--; left >= 0 {
						return fmt.Errorf("store: %w", login.ErrConflict)
					}
					return call()
				})
				start := time.Now()
				check(t, "the answer", verdict(throttle.Try(t.Context(), login.From(ann, "192.0.2.1", ""))), tt.want)
				check(t, "it took too long", time.Since(start) > time.Second, false)
			})
		})
	}
}

// A client that hangs up while others are in between is not waited for, and what it was asking for is not tried.
func TestThrottleHangsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle, attempts := newThrottling(login.Throttle{}, nil)
		ctx, hangUp := context.WithCancel(t.Context())
		n := 0
		var gone time.Time
		attempts.on("Swap", func(context.Context, func() error) error {
			if n++; n == 12 {
				hangUp()
				gone = time.Now()
			}
			return login.ErrConflict
		})
		err := throttle.Try(ctx, login.From(ann, "192.0.2.1", ""))
		check(t, "the answer", verdict(err), -1)
		check(t, "the reason", errors.Is(err, context.Canceled), true)
		check(t, "how often it was tried", n, 12)
		check(t, "waited for", time.Since(gone), 0)
	})
}
