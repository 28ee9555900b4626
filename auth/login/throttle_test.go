package login_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
)

// newThrottling returns a throttle whose places are in tokens, a new store if that is nil, and the store it counts in.
func newThrottling(c login.Throttle, tokens *tokenStore) (*login.Throttling, *attemptStore) {
	if tokens == nil {
		tokens = newTokenStore()
	}
	if c.Network == (login.Pace{}) {
		c.Network = login.Pace{Free: 100, First: time.Second, Most: 15 * time.Minute} // fewer than by default, to get there
	}
	attempts := newAttemptStore()
	return must(login.NewThrottling(c, attempts, tokens, login.DefaultStoreTimeout)), attempts
}

// verdict is what an error of the throttle says: how long to wait, 0 for a pass, -1 for a 503, -2 for anything else.
func verdict(err error) time.Duration {
	var refusal *auth.Error
	switch {
	case err == nil:
		return 0
	case errors.Is(err, auth.ErrUnavailable):
		return -1
	case errors.As(err, &refusal) && refusal.Status == 429 && refusal.Type == "too_many_requests" && refusal.Message != "" &&
		refusal.RetryAfter > 0:
		return refusal.RetryAfter
	}
	return -2
}

// guess makes n attempts at once, and returns how many got through.
func guess(t *testing.T, throttle *login.Throttling, n int, a login.Attempt) (passed int) {
	t.Helper()
	for range n {
		err := throttle.Try(t.Context(), a)
		if err == nil {
			passed++
		}
		check(t, "an error that is no 429", verdict(err) < 0, false)
	}
	return passed
}

// logIn has the owner log in, who must get in at once, and returns the device that they have then.
func logIn(t *testing.T, throttle *login.Throttling, a login.Attempt) string {
	t.Helper()
	check(t, "the owner has to wait", verdict(throttle.Try(t.Context(), a)), 0)
	return must(throttle.Succeeded(t.Context(), a))
}

const ann, bob = "emailpass\x00ann@example.com", "emailpass\x00bob@example.com"

// strangers returns an address in the nth of many networks.
func strangers(n int) string { return fmt.Sprintf("10.%d.%d.1", n/250, n%250) }

// A log-in gives back what it took, from its own account, its own place and its own network, and nothing that others have
// tried there.
func TestThrottleSucceeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle, _ := newThrottling(login.Throttle{}, nil)
		home := login.From(ann, "192.0.2.1", "")
		check(t, "her typing errors", guess(t, throttle, 9, home), 9)
		device := logIn(t, throttle, home)
		check(t, "she has all attempts again", guess(t, throttle, 20, home), 10)
		check(t, "by her device, too", guess(t, throttle, 20, login.From(ann, "192.0.2.1", device)), 10)
		check(t, "her success does not help who has no account", verdict(throttle.Try(t.Context(), home)) > 0, true)

		// 9 errors in an unknown place count for the account: 41 are left to strangers.
		passed := 0
		for n := range 100 {
			passed += guess(t, throttle, 1, login.From(ann, strangers(n), ""))
		}
		check(t, "strangers on her account", passed, 41)
		check(t, "another account", guess(t, throttle, 20, login.From(bob, strangers(0), "")), 10)
	})
}

// All the people of a busy network may log in.
func TestThrottleBusyNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle, _ := newThrottling(login.Throttle{}, nil)
		for n := range 1000 {
			logIn(t, throttle, login.From(fmt.Sprint("person ", n), "192.0.2.1", ""))
		}
		check(t, "failures", failures(t, throttle, 200, "192.0.2.1"), 100)
		time.Sleep(time.Second)
		// A success at the limit makes it no worse: the next wait is what it was before.
		logIn(t, throttle, login.From("another", "192.0.2.1", ""))
		check(t, "the wait", verdict(throttle.Try(t.Context(), login.From("victim", "192.0.2.1", ""))), time.Second)
	})
}

// failures makes n attempts on as many accounts from one address, and returns how many got through.
func failures(t *testing.T, throttle *login.Throttling, n int, client string) (passed int) {
	t.Helper()
	for i := range n {
		passed += guess(t, throttle, 1, login.From(fmt.Sprint("victim ", i), client, ""))
	}
	return passed
}

// Who owns accounts, and logs in to them between guesses at others, guesses at no more of them.
func TestThrottleOwnAccount(t *testing.T) {
	const here = "192.0.2.1"
	for name, turn := range map[string]func(t *testing.T, throttle *login.Throttling, n int){
		"never": func(*testing.T, *login.Throttling, int) {},
		"to the same each time": func(t *testing.T, throttle *login.Throttling, _ int) {
			mayLogIn(t, throttle, login.From("own", here, ""), 1)
		},
		"to another each time": func(t *testing.T, throttle *login.Throttling, n int) {
			mayLogIn(t, throttle, login.From(fmt.Sprint("own ", n), here, ""), 1)
		},
		"with errors before": func(t *testing.T, throttle *login.Throttling, n int) {
			mayLogIn(t, throttle, login.From(fmt.Sprint("own ", n), here, ""), 3)
		},
		"in a way that was not counted": func(t *testing.T, throttle *login.Throttling, n int) {
			must(throttle.Succeeded(t.Context(), login.From(fmt.Sprint("own ", n), here, "")))
		},
		"once, and it is told often": func(t *testing.T, throttle *login.Throttling, n int) {
			a := login.From(fmt.Sprint("own ", n), here, "")
			mayLogIn(t, throttle, a, 1)
			must(throttle.Succeeded(t.Context(), a))
			must(throttle.Succeeded(t.Context(), a))
		},
		"in a way that has no account": func(t *testing.T, throttle *login.Throttling, n int) {
			must(throttle.Succeeded(t.Context(), login.From("", here, "")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				throttle, _ := newThrottling(login.Throttle{}, nil)
				passed := 0
				for n := range 300 {
					passed += guess(t, throttle, 1, login.From(fmt.Sprint("guessed ", n), here, ""))
					turn(t, throttle, n)
				}
				check(t, "guesses that got through", 25 <= passed && passed <= 100, true)
			})
		})
	}
}

// mayLogIn makes n attempts, of which the last is a log-in if it gets through.
func mayLogIn(t *testing.T, throttle *login.Throttling, a login.Attempt, n int) {
	t.Helper()
	guess(t, throttle, n-1, a)
	if throttle.Try(t.Context(), a) == nil {
		must(throttle.Succeeded(t.Context(), a))
	}
}

// An attempt on no account counts for its network, and no other.
func TestThrottleNoAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle, _ := newThrottling(login.Throttle{}, nil)
		check(t, "from one", guess(t, throttle, 200, login.From("", "192.0.2.1", "")), 100)
		check(t, "on an account from there", guess(t, throttle, 1, login.From(ann, "192.0.2.1", "")), 0)
		check(t, "from another", guess(t, throttle, 1, login.From(ann, "192.0.2.2", "")), 1)
		check(t, "the device of nobody", must(throttle.Succeeded(t.Context(), login.From("", "192.0.2.1", ""))), "")
	})
}

// Requests for mail are few for each address, and attempts as any other for a network.
func TestThrottleRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle, _ := newThrottling(login.Throttle{}, nil)
		request := func(kind, account, client string) time.Duration {
			return verdict(throttle.Request(t.Context(), kind, login.From(account, client, "")))
		}
		for n := range 10 {
			check(t, "free", request("reset", ann, strangers(n)), 0)
		}
		for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
			check(t, "the wait", request("reset", ann, "192.0.2.1"), want*time.Minute)
			time.Sleep(want * time.Minute)
			check(t, "then", request("reset", ann, "192.0.2.1"), 0)
		}
		check(t, "of another kind", request("verification", ann, "192.0.2.1"), 0)
		check(t, "for another", request("reset", bob, "192.0.2.1"), 0)
		check(t, "it is no attempt to log in", guess(t, throttle, 10, login.From(ann, "192.0.2.1", "")), 10)
		passed := 0
		for n := range 200 {
			if request("register", fmt.Sprint("person ", n), "192.0.2.3") == 0 {
				passed++
			}
		}
		check(t, "from one network", passed, 100)
		check(t, "for nobody in particular", request("register", "", "192.0.2.3"), time.Second)
		check(t, "for nobody, from elsewhere", request("register", "", "192.0.2.4"), 0)
	})
}

// The application is told once that an account begins to be delayed, for a place and for all that are not known.
func TestOnThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle, _ := newThrottling(login.Throttle{}, nil)
		var told []string
		throttle.OnThrottled(func(_ context.Context, a login.Attempt) { told = append(told, a.Account()) })
		guess(t, throttle, 9, login.From(ann, "192.0.2.1", ""))
		check(t, "before", len(told), 0)
		guess(t, throttle, 1, login.From(ann, "192.0.2.1", ""))
		check(t, "when others have to wait", strings.Join(told, " "), ann)
		for range 20 {
			guess(t, throttle, 3, login.From(ann, "192.0.2.1", ""))
			time.Sleep(time.Minute)
		}
		check(t, "later", len(told), 1)
		for n := range 100 {
			guess(t, throttle, 1, login.From(bob, strangers(n), ""))
		}
		check(t, "all together", strings.Join(told, " "), ann+" "+bob)
		for n := range 100 {
			guess(t, throttle, 1, login.From(fmt.Sprint("victim ", n), "192.0.2.7", ""))
		}
		check(t, "a network is no account's", len(told), 2)
	})
}

// An attempt that others get in before, while it is counted, is one that comes after them.
func TestThrottleOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle, attempts := newThrottling(login.Throttle{}, nil)
		a := login.From(ann, "192.0.2.1", "")
		attempts.on("Swap", func(_ context.Context, call func() error) error {
			attempts.on("Swap", nil)
			check(t, "the others", guess(t, throttle, 10, a), 10)
			return call()
		})
		check(t, "the wait", verdict(throttle.Try(t.Context(), a)), time.Second)
		for _, counted := range attempts.all() {
			check(t, "counted", counted.Count, 10)
		}
	})
}

// A log-in gives back nothing of what was forgotten meanwhile.
func TestThrottleSucceededLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle, _ := newThrottling(login.Throttle{Window: time.Hour}, nil)
		check(t, "the first of the network", guess(t, throttle, 1, login.From(bob, "192.0.2.1", "")), 1)
		time.Sleep(time.Hour - time.Second)
		check(t, "hers", guess(t, throttle, 1, login.From(ann, "192.0.2.1", "")), 1)
		time.Sleep(time.Second)
		must(throttle.Succeeded(t.Context(), login.From(ann, "192.0.2.1", "")))
		check(t, "of the network, anew", failures(t, throttle, 200, "192.0.2.1"), 100)
	})
}

// A log-in gives back nothing where it was not counted, although the place was known then and is not now.
func TestThrottleSucceededElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := newTokenStore()
		throttle, _ := newThrottling(login.Throttle{}, tokens)
		a := login.From(ann, "192.0.2.1", "")
		logIn(t, throttle, a)
		check(t, "failures", failures(t, throttle, 200, "192.0.2.1"), 100)
		for range 5 {
			check(t, "where it is known", verdict(throttle.Try(t.Context(), a)), 0)
			clear(tokens.kept)
			must(throttle.Succeeded(t.Context(), a))
		}
		check(t, "the wait", verdict(throttle.Try(t.Context(), login.From("victim", "192.0.2.1", ""))), time.Second)
	})
}
