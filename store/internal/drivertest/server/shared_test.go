package server_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/countersign-go/countersign/store/internal/drivertest/server"
)

var sharedServers = []struct {
	name, variable string
	where          func(t testing.TB) string
}{
	{"PostgreSQL", "COUNTERSIGN_TEST_POSTGRES", server.Postgres},
	{"MySQL", "COUNTERSIGN_TEST_MYSQL", server.MySQL},
	{"Redis", "COUNTERSIGN_TEST_REDIS", server.Redis},
}

func TestSharedIsWhatTheVariableSays(t *testing.T) {
	for _, s := range sharedServers {
		t.Run(s.name, func(t *testing.T) {
			t.Setenv(s.variable, "anything")
			if got := s.where(t); got != "anything" {
				t.Errorf("%s, want anything", got)
			}
		})
	}
}

// TestSharedWithoutVariable holds whether or not this machine has the servers: either the default comes, or one line that
// says what to set, of a skip or of a failure.
func TestSharedWithoutVariable(t *testing.T) {
	for _, required := range []string{"", "1"} {
		for _, s := range sharedServers {
			t.Run(s.name+" required="+required, func(t *testing.T) {
				t.Setenv(s.variable, "")
				t.Setenv("COUNTERSIGN_TEST_REQUIRED", required)
				var got string
				o := observe(t, func(t testing.TB) { got = s.where(t) })
				told := o.how == how[required] && strings.Contains(o.said, s.variable) && !strings.Contains(o.said, "\n")
				if reached := o.how == "" && strings.Contains(got, "127.0.0.1"); reached == told {
					t.Errorf("got %q; test ended with %q: %q", got, o.how, o.said)
				}
			})
		}
	}
}

// how a test that lacks something ends, by what COUNTERSIGN_TEST_REQUIRED says.
var how = map[string]string{"": "Skip", "1": "Fatal"}

// An outcome is how a test ended that lacked something, and what it said.
type outcome struct {
	testing.TB
	how, said string
}

func (o *outcome) Skip(args ...any)  { o.end("Skip", args) }
func (o *outcome) Fatal(args ...any) { o.end("Fatal", args) }

func (o *outcome) Fatalf(format string, args ...any) {
	o.end("Fatalf", []any{fmt.Sprintf(format, args...)})
}

func (o *outcome) end(how string, args []any) {
	o.how, o.said = how, fmt.Sprint(args...)
	runtime.Goexit()
}

// observe runs f with a t that it may skip or fail.
func observe(t testing.TB, f func(t testing.TB)) *outcome {
	o := &outcome{TB: t}
	var running sync.WaitGroup
	running.Go(func() { f(o) })
	running.Wait()
	return o
}
