package login_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth/login"
)

func TestThrottlePlaces(t *testing.T) {
	tests := []struct {
		name       string
		one, other string
		same       bool
	}{
		{"two addresses", "192.0.2.1", "192.0.2.2", false},
		{"two of one IPv6 network", "2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", true},
		{"two IPv6 networks", "2001:db8:0:1::1", "2001:db8:0:2::1", false},
		{"one address in two ways", "192.0.2.1", "::ffff:192.0.2.1", true},
		{"two addresses in IPv6", "::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
		{"one address in two zones", "fe80::1%eth0", "fe80::1%eth1", true},
		{"nobody knows", "", "", true},
		{"nobody knows and somebody", "", "192.0.2.1", false},
		{"nothing and an address", "0.0.0.0", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				throttle, _ := newThrottling(login.Throttle{}, nil)
				check(t, "from one", guess(t, throttle, 10, login.From(ann, tt.one, "")), 10)
				want := 10
				if tt.same {
					want = 0
				}
				check(t, "from the other", guess(t, throttle, 10, login.From(ann, tt.other, "")), want)
			})
		})
	}
}

// A device is a place if somebody has logged in to the account with it, and no other account.
func TestThrottleDevices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle, _ := newThrottling(login.Throttle{}, nil)
		anns := logIn(t, throttle, login.From(ann, "192.0.2.1", ""))
		bobs := logIn(t, throttle, login.From(bob, "192.0.2.2", ""))
		check(t, "both have one", len(anns) == 24 && len(bobs) == 24 && anns != bobs, true)
		for _, tt := range []struct {
			what, account, device string
			want                  bool
		}{
			{"her own", ann, anns, true}, {"his own", bob, bobs, true},
			{"his for her", ann, bobs, false}, {"hers for him", bob, anns, false},
			{"none", ann, "", false}, {"one that was made up", ann, strings.Repeat("a", 24), false},
			{"a part of it", ann, anns[:16], false}, {"more than it", ann, anns + "a", false},
			{"a long one", ann, strings.Repeat("a", 1<<20), false},
			{"in upper case", ann, strings.ToUpper(anns), false}, {"with a NUL", ann, anns[:23] + "\x00", false},
		} {
			a := login.From(tt.account, "198.51.100.1", tt.device)
			check(t, tt.what, must(throttle.Knows(t.Context(), a)), tt.want)
		}
		check(t, "a known one is no news", logIn(t, throttle, login.From(ann, "198.51.100.1", anns)), "")
		check(t, "nor is the network then", must(throttle.Knows(t.Context(), login.From(ann, "198.51.100.1", ""))), false)
		check(t, "one of another's is", len(logIn(t, throttle, login.From(ann, "198.51.100.2", bobs))), 24)
		check(t, "and is not taken over", must(throttle.Knows(t.Context(), login.From(ann, "198.51.100.9", bobs))), false)
		time.Sleep(90*24*time.Hour - time.Second)
		check(t, "after long", must(throttle.Knows(t.Context(), login.From(bob, "198.51.100.1", bobs))), true)
		check(t, "her network after long", must(throttle.Knows(t.Context(), login.From(ann, "192.0.2.1", ""))), true)
		check(t, "it is used", logIn(t, throttle, login.From(bob, "198.51.100.1", bobs)), "")
		time.Sleep(time.Second)
		check(t, "what was not used is forgotten", must(throttle.Knows(t.Context(), login.From(ann, "198.51.100.1", anns))), false)
		check(t, "and the network", must(throttle.Knows(t.Context(), login.From(ann, "192.0.2.1", ""))), false)
		check(t, "what was used is not", must(throttle.Knows(t.Context(), login.From(bob, "198.51.100.1", bobs))), true)
	})
}

// Who can make up as many devices as they like gets no more attempts by it.
func TestThrottleInventedDevices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle, _ := newThrottling(login.Throttle{}, nil)
		passed := 0
		for n := range 200 {
			device := strings.Repeat("a", 22) + string(rune('a'+n%26)) + string(rune('a'+n/26))
			passed += guess(t, throttle, 1, login.From(ann, "192.0.2.1", device))
		}
		check(t, "got through", passed, 10)
	})
}

// Somebody has as many devices and networks as they like, and fills no store with them.
func TestThrottlePlacesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := newTokenStore()
		throttle, attempts := newThrottling(login.Throttle{}, tokens)
		for n := range 10_000 {
			logIn(t, throttle, login.From(ann, strangers(n), ""))
		}
		check(t, "kept", len(tokens.all()) <= 2048, true)
		check(t, "kept of the networks", len(tokens.all()) > 1500, true)
		for _, a := range attempts.all() {
			check(t, "counted", a.Count, 0)
		}
	})
}

// An unknown address is nobody's place: many may be behind it.
func TestThrottleNowhere(t *testing.T) {
	throttle, _ := newThrottling(login.Throttle{}, nil)
	device := logIn(t, throttle, login.From(ann, "", ""))
	check(t, "the address is known", must(throttle.Knows(t.Context(), login.From(ann, "", ""))), false)
	check(t, "the device is known", must(throttle.Knows(t.Context(), login.From(ann, "", device))), true)
}
