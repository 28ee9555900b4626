package login_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth/login"
)

// Of many at once, no more get through than of many in a row, whether they are on one account from one place, from many
// places, or on many accounts.
func TestThrottleParallel(t *testing.T) {
	tests := []struct {
		name string
		from func(n int) login.Attempt
		want int64
	}{
		{"one account, one place", func(int) login.Attempt { return login.From(ann, "192.0.2.1", "") }, 10},
		{"one account, many places", func(n int) login.Attempt { return login.From(ann, strangers(n), "") }, 50},
		{"many accounts, one place", func(n int) login.Attempt { return login.From(fmt.Sprint(n), "192.0.2.1", "") }, 100},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			throttle, attempts := newThrottling(login.Throttle{
				Client:  login.Pace{First: time.Hour, Most: time.Hour},
				Account: login.Pace{First: time.Hour, Most: time.Hour},
				Network: login.Pace{Free: 100, First: time.Hour, Most: time.Hour},
			}, nil)
			var passed, unknown, other atomic.Int64
			for range 4 {
				var all sync.WaitGroup
				for n := range 100 {
					all.Go(func() {
						switch wait := verdict(throttle.Try(t.Context(), tt.from(n))); {
						case wait == 0:
							passed.Add(1)
						case wait == -1:
							unknown.Add(1)
						case wait < 0:
							other.Add(1)
						}
					})
				}
				all.Wait()
			}
			check(t, "got through, of which some were turned away by others", passed.Load() <= tt.want, true)
			check(t, "got through or were told that nobody knows", passed.Load()+unknown.Load() >= tt.want, true)
			check(t, "errors of another kind", other.Load(), 0)
			for _, a := range attempts.all() {
				check(t, "counted more than once each", int64(a.Count) <= tt.want, true)
			}
		})
	}
}
