//go:build unix

package server_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"
)

// TestProcessEnds runs itself once more for each kind, which starts a server and pauses it, and kills that process.
func TestProcessEnds(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			if os.Getenv("COUNTERSIGN_TEST_CHILD") != "" {
				s := k.start(t)
				k.open(t, s) // connected: PostgreSQL has a process for it
				s.Pause()
				fmt.Println(s.Addr())
				select {}
			}
			k.start(t) // skips if that cannot be
			tmp := openDir(t)
			addr := killedChild(t)
			deadline := time.Now().Add(time.Minute)
			for len(entries(t, tmp)) > 0 || listens(addr) {
				if time.Now().After(deadline) {
					t.Fatalf("the server at %s, or what is in %s, outlives the process of its test", addr, tmp)
				}
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
}

// killedChild returns the address of the server that the child, which is gone, had started.
func killedChild(t *testing.T) string {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), "COUNTERSIGN_TEST_CHILD=1")
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	_ = child.Process.Kill()
	_ = child.Wait() // it was killed, and says so
	if err != nil {
		t.Fatalf("the child said %q: %v", line, err)
	}
	return line[:len(line)-1]
}

// listens asks by taking the address: a paused server takes connections only until its queue is full.
func listens(addr string) bool {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return true
	}
	_ = l.Close()
	return false
}
