package login_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth/login"
)

// TestAttackThrottle runs the known attacks by guessing, by the IDs of the project's list.
func TestAttackThrottle(t *testing.T) {
	for id, attack := range map[string]func(t *testing.T){
		"L007": manyFailures,
		"L009": strangersHammer,
		"L010": manySpellings,
		"L012": limiterDown,
	} {
		t.Run(id, func(t *testing.T) { synctest.Test(t, attack) })
	}
}

// manyFailures: from one place the eleventh is delayed; from as many places as there are attempts, the fifty-first.
func manyFailures(t *testing.T) {
	throttle, _ := newThrottling(login.Throttle{}, nil)
	for n := 1; n <= 101; n++ {
		wait := verdict(throttle.Try(t.Context(), login.From(ann, "192.0.2.1", "")))
		check(t, fmt.Sprint("attempt ", n, " is delayed"), wait > 0, n > 10)
	}
	throttle, _ = newThrottling(login.Throttle{}, nil)
	for n := 1; n <= 101; n++ {
		wait := verdict(throttle.Try(t.Context(), login.From(ann, strangers(n), "")))
		check(t, fmt.Sprint("attempt ", n, " from many places is delayed"), wait > 0, n > 50)
	}
	// Nor does patience help much: this is all that one place gets in a day and a half, and all that many get in an hour.
	throttle, _ = newThrottling(login.Throttle{}, nil)
	one, many := 0, 0
	for range 36 * 60 {
		one += guess(t, throttle, 20, login.From(bob, "192.0.2.1", ""))
		time.Sleep(time.Minute)
	}
	throttle, _ = newThrottling(login.Throttle{}, nil)
	for n := range 60 * 60 {
		many += guess(t, throttle, 1, login.From(bob, strangers(n), ""))
		time.Sleep(time.Second)
	}
	check(t, "of one place", one < 200, true)
	check(t, "of many", many < 130, true)
}

// strangersHammer: whoever hammers on an account from many networks, or from the owner's own, keeps the owner out of no
// place where they have logged in before: by the device, or by the network where no stranger is.
func strangersHammer(t *testing.T) {
	throttle, _ := newThrottling(login.Throttle{}, nil)
	const home, office = "192.0.2.1", "2001:db8:7::1"
	logIn(t, throttle, login.From(ann, office, ""))
	device := logIn(t, throttle, login.From(ann, home, "")) // her last: of a thousand new ones one takes another's place
	for range 12 {
		for n := range 300 {
			guess(t, throttle, 3, login.From(ann, strangers(n), ""))
			guess(t, throttle, 3, login.From(ann, home, ""))                                 // as she does
			guess(t, throttle, 3, login.From(fmt.Sprint("victim ", n), home, ""))            // so that all of home has to wait
			guess(t, throttle, 1, login.From(ann, strangers(n), "aaaaaaaaaaaaaaaaaaaaaaaa")) // a device that is none
		}
		check(t, "strangers have to wait", verdict(throttle.Try(t.Context(), login.From(ann, "198.51.100.1", ""))) > 0, true)
		check(t, "so does who is at home", verdict(throttle.Try(t.Context(), login.From(ann, home, ""))) > 0, true)
		check(t, "by her device, at home", logIn(t, throttle, login.From(ann, home, device)), "")
		check(t, "by her device, on the road", logIn(t, throttle, login.From(ann, strangers(7), device)), "")
		check(t, "from her office, without it", verdict(throttle.Try(t.Context(), login.From(ann, office, ""))), 0)
		time.Sleep(2 * time.Hour)
	}
	// A device in the hands of a thief is bounded as any place is.
	check(t, "a thief", guess(t, throttle, 100, login.From(ann, strangers(8), device)), 10)

	// So are all places together of a thief who had the password, and logged in from a thousand before it was changed.
	for _, byDevice := range []bool{true, false} {
		throttle, _ = newThrottling(login.Throttle{}, nil)
		var farm []login.Attempt
		for n := range 300 {
			a := login.From(bob, strangers(n), "")
			if device = logIn(t, throttle, a); byDevice {
				a = login.From(bob, "198.51.100.1", device)
			}
			farm = append(farm, a)
		}
		passed := 0
		for _, a := range farm {
			passed += guess(t, throttle, 10, a)
		}
		check(t, "a thief of many places", 100 <= passed && passed <= 150, true) // those that were forgotten count as unknown
		wait := verdict(throttle.Try(t.Context(), login.From(bob, "198.51.100.2", device)))
		check(t, "a device has to wait for devices alone", 0 < wait && wait <= time.Minute, byDevice)
	}
}

// manySpellings: what a provider makes one account is one counter, and nothing else is: no account gets at the counter of
// another, however they are spelled.
func manySpellings(t *testing.T) {
	throttle, _ := newThrottling(login.Throttle{}, nil)
	check(t, "one account", guess(t, throttle, 100, login.From(ann, "192.0.2.1", "")), 10)
	for _, other := range []string{
		"emailpass\x00ANN@example.com", "emailpas\x00sann@example.com",
		"emailpass\x00ann@example.com\x00", "other\x00ann@example.com",
	} {
		check(t, "another", guess(t, throttle, 10, login.From(other, "192.0.2.1", "")), 10)
	}
}

// limiterDown: what cannot be counted is not tried, and nobody is told that their password is wrong.
func limiterDown(t *testing.T) {
	for name, f := range outages {
		for _, verb := range []string{"Load", "Swap"} {
			throttle, attempts := newThrottling(login.Throttle{}, nil)
			a := login.From(ann, "192.0.2.1", logIn(t, throttle, login.From(ann, "192.0.2.1", "")))
			attempts.on(verb, f)
			for range 3 {
				check(t, verb+": the store "+name, verdict(throttle.Try(t.Context(), a)), -1)
				check(t, verb+": the store "+name+", a request", verdict(throttle.Request(t.Context(), "reset", a)), -1)
			}
			attempts.on(verb, nil)
			check(t, "when it is back", verdict(throttle.Try(t.Context(), a)), 0)
		}
	}
}
