package login_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth/login"
)

func TestPaceDelay(t *testing.T) {
	p := login.Pace{Free: 10, First: time.Second, Most: 15 * time.Minute}
	for n, want := range map[int]time.Duration{
		0: 0, 1: 0, 10: 0, 11: time.Second, 12: 2 * time.Second, 13: 4 * time.Second, 20: 512 * time.Second, 21: 15 * time.Minute,
		22: 15 * time.Minute, 74: 15 * time.Minute, 75: 15 * time.Minute, 1_000_001: 15 * time.Minute,
	} {
		check(t, fmt.Sprint("the delay of attempt ", n), p.Delay(n), want)
	}
	check(t, "of the longest that double", login.Pace{Free: 1, First: 1, Most: 1 << 62}.Delay(64), 1<<62)
	check(t, "of the same all the time", login.Pace{Free: 1, First: 1, Most: 1}.Delay(1000), 1)
}

// Each place has its free attempts, then waits for twice as long each time; what comes too early changes nothing.
func TestThrottleDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle, _ := newThrottling(login.Throttle{}, nil)
		a := login.From(ann, "192.0.2.1", "")
		check(t, "free", guess(t, throttle, 10, a), 10)
		for _, want := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900} {
			wait := time.Duration(want) * time.Second
			for range 5 {
				check(t, "the wait", verdict(throttle.Try(t.Context(), a)), wait)
			}
			time.Sleep(wait - time.Millisecond)
			check(t, "the rest of it", verdict(throttle.Try(t.Context(), a)), time.Millisecond)
			time.Sleep(time.Millisecond)
			check(t, "then", verdict(throttle.Try(t.Context(), a)), 0)
		}
	})
}

// All is forgotten together, so that nothing adds up for ever, and the last wait is not cut short.
func TestThrottleWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		throttle, _ := newThrottling(login.Throttle{Window: time.Hour}, nil)
		a := login.From(ann, "192.0.2.1", "")
		check(t, "free", guess(t, throttle, 10, a), 10)
		time.Sleep(time.Hour - time.Microsecond)
		check(t, "just before the end", guess(t, throttle, 5, a), 1)
		time.Sleep(time.Microsecond)
		check(t, "at the end", verdict(throttle.Try(t.Context(), a)), 2*time.Second-time.Microsecond)
		time.Sleep(2 * time.Second)
		check(t, "then all is forgotten", guess(t, throttle, 20, a), 10)
	})
}

func TestNewThrottle(t *testing.T) {
	pace := login.Pace{Free: 5, First: time.Second, Most: time.Minute}
	tests := []struct {
		name   string
		config login.Throttle
		want   int // mistakes
	}{
		{"the default", login.Throttle{}, 0},
		{"its own", login.Throttle{Client: pace, Account: pace, Network: pace, Window: time.Hour, Known: time.Hour}, 0},
		{"a part", login.Throttle{Client: login.Pace{Free: 1}}, 0},
		{"as much as can be", free(100, 100, 100_000), 0},
		{"negative", login.Throttle{Client: login.Pace{Free: -1}, Window: -1, Known: -1}, 5},
		{"too many", free(101, 101, 100_001), 3},
		{"no wait", login.Throttle{Client: login.Pace{First: 1}}, 1},
		{"upside down", login.Throttle{Account: login.Pace{First: time.Minute, Most: time.Second}}, 1},
		{"a window without waits", login.Throttle{Window: time.Second}, 3},
		{"too long", login.Throttle{Window: 31 * 24 * time.Hour, Known: 401 * 24 * time.Hour}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := login.NewThrottling(tt.config, newAttemptStore(), newTokenStore(), time.Second)
			check(t, "mistakes", strings.Count(fmt.Sprint(err), "login: "), tt.want)
		})
	}
	_, err := login.NewThrottling(login.Throttle{}, nil, newTokenStore(), time.Second)
	check(t, "no AttemptStore", err != nil, true)
	_, err = login.NewThrottling(login.Throttle{}, newAttemptStore(), nil, time.Second)
	check(t, "no TokenStore", err != nil, true)
	_, err = login.NewThrottling(login.Throttle{}, newAttemptStore(), newTokenStore(), 0)
	check(t, "no timeout", err != nil, true)
}

func free(client, account, network int) login.Throttle {
	return login.Throttle{Client: login.Pace{Free: client}, Account: login.Pace{Free: account}, Network: login.Pace{Free: network}}
}
