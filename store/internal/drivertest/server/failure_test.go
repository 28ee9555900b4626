//go:build unix

package server_test

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/store/internal/drivertest/server"
)

func TestNoProgram(t *testing.T) {
	for required, end := range how {
		t.Run("required="+required, func(t *testing.T) {
			t.Setenv("PATH", t.TempDir())
			t.Setenv("COUNTERSIGN_TEST_REQUIRED", required)
			o := observe(t, func(t testing.TB) { server.StartRedis(t) })
			if o.how != end || !strings.Contains(o.said, "redis-server") {
				t.Errorf("test ended with %q: %q, want %s", o.how, o.said, end)
			}
		})
	}
}

// TestDoesNotComeUp shows why.
func TestDoesNotComeUp(t *testing.T) {
	server.StartRedis(t) // skips if there is none
	o := observe(t, func(t testing.TB) { server.StartRedis(t, "--maxmemory", "much") })
	if o.how != "Fatal" || !strings.Contains(o.said, "maxmemory") {
		t.Errorf("test ended with %q: %q, want Fatal and the log", o.how, o.said)
	}
}

// TestEndedByItself has a server that was told to end, not killed by its test.
func TestEndedByItself(t *testing.T) {
	o := observe(t, func(t testing.TB) {
		s := server.StartRedis(t)
		conn, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = conn.Write([]byte("SHUTDOWN\r\n"))
		_, _ = io.Copy(io.Discard, conn) // until it is gone
		s.Pause()
	})
	if o.how == "Skip" {
		t.Skip(o.said)
	}
	if o.how != "Fatalf" || !strings.Contains(o.said, "ended by itself") {
		t.Errorf("test ended with %q: %q, want Fatalf", o.how, o.said)
	}
}
