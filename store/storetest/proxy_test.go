package storetest_test

import (
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/countersign-go/countersign/store/storetest"
)

// An echo server sends back what it gets, and counts it.
type echo struct {
	net.Listener
	bytes atomic.Int64
}

func newEcho(t testing.TB, addr string) *echo {
	t.Helper()
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	e := &echo{Listener: listener}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go e.serve(conn)
		}
	}()
	return e
}

func (e *echo) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	buf := make([]byte, 1<<10)
	for {
		n, err := conn.Read(buf)
		e.bytes.Add(int64(n))
		if _, writeErr := conn.Write(buf[:n]); err != nil || writeErr != nil {
			return
		}
	}
}

// A client has a connection through a proxy.
type client struct {
	t testing.TB
	net.Conn
}

func dial(t testing.TB, p *storetest.Proxy) client {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return client{t, conn}
}

// exchange sends text and returns what comes back. After as much as is sure to come it waits only so long.
func (c client) exchange(text, sure string, wait time.Duration) (string, error) {
	_ = c.SetDeadline(time.Now().Add(generous))
	if _, err := io.WriteString(c, text); err != nil {
		return "", err
	}
	buf := make([]byte, len(text))
	first, err := io.ReadFull(c, buf[:len(sure)])
	if err != nil {
		return string(buf[:first]), err
	}
	_ = c.SetDeadline(time.Now().Add(wait))
	n, err := io.ReadFull(c, buf[first:])
	return string(buf[:first+n]), err
}

// attempt dials and exchanges. Who is reset at once may not even get a connection.
func attempt(t testing.TB, p *storetest.Proxy, sure string, wait time.Duration) (string, error) {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	return client{t, conn}.exchange("hello", sure, wait)
}

// works fails the test unless what is sent comes back.
func (c client) works() {
	c.t.Helper()
	got, err := c.exchange("hello", "hello", generous)
	if got != "hello" || err != nil {
		c.t.Fatalf("got %q and %v, want hello", got, err)
	}
}

const (
	generous = 10 * time.Second
	enough   = 50 * time.Millisecond // to see that nothing comes
)

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func isRefused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

func isTimeout(err error) bool {
	var netErr net.Error
	return errors.As(err, &netErr) && netErr.Timeout()
}

// TestProxyFaults begins each fault with a connection open, and looks at that and at a new one.
func TestProxyFaults(t *testing.T) {
	for name, tt := range map[string]struct {
		fault     func(*storetest.Proxy) storetest.Fault
		open, new string           // what comes back of "hello"
		fails     func(error) bool // how it fails
		newFails  func(error) bool
		processed int64 // bytes that the server gets
	}{
		"refused":             {(*storetest.Proxy).Refuse, "", "", isReset, isRefused, 0},
		"no answer":           {(*storetest.Proxy).Hang, "", "", isTimeout, isTimeout, 0},
		"reset":               {(*storetest.Proxy).Reset, "", "", isReset, isReset, 0},
		"cut at once":         {cutAfter(0), "", "", isReset, isReset, 10},
		"cut in the middle":   {cutAfter(3), "hel", "hel", isReset, isReset, 10},
		"hangs at once":       {stallAfter(0), "", "", isTimeout, isTimeout, 10},
		"hangs in the middle": {stallAfter(3), "hel", "hel", isTimeout, isTimeout, 10},
		"lost":                {loseAfter(0), "", "", isReset, isReset, 10},
	} {
		t.Run(name, func(t *testing.T) {
			server := newEcho(t, "127.0.0.1:0")
			p := storetest.NewProxy(t, server.Addr().String())
			open := dial(t, p)
			open.works()
			fault := tt.fault(p)
			fault.Begin()

			got, err := open.exchange("hello", tt.open, waitFor(tt.fails))
			if got != tt.open || !tt.fails(err) {
				t.Errorf("an open connection: got %q and %v, want %q", got, err, tt.open)
			}
			got, err = attempt(t, p, tt.new, waitFor(tt.fails))
			if got != tt.new || !tt.newFails(err) {
				t.Errorf("a new connection: got %q and %v, want %q", got, err, tt.new)
			}
			if got := server.bytes.Load() - 5; got != tt.processed {
				t.Errorf("the server got %d bytes, want %d", got, tt.processed)
			}
			fault.End()
			dial(t, p).works()
		})
	}
}

func waitFor(fails func(error) bool) time.Duration {
	if fails(syscall.ECONNRESET) {
		return generous
	}
	return enough
}

func cutAfter(bytes int) func(*storetest.Proxy) storetest.Fault {
	return func(p *storetest.Proxy) storetest.Fault { return p.Truncate(bytes) }
}

func stallAfter(bytes int) func(*storetest.Proxy) storetest.Fault {
	return func(p *storetest.Proxy) storetest.Fault { return p.Stall(bytes) }
}

func loseAfter(bytes int) func(*storetest.Proxy) storetest.Fault {
	return func(p *storetest.Proxy) storetest.Fault { return p.LoseReplies(bytes) }
}

// TestProxyLosesWholeReplies has the first reply pass, and the second one not even in part.
func TestProxyLosesWholeReplies(t *testing.T) {
	server := newEcho(t, "127.0.0.1:0")
	p := storetest.NewProxy(t, server.Addr().String())
	p.LoseReplies(3).Begin()
	c := dial(t, p)
	c.works()
	if got, err := c.exchange("again", "", generous); got != "" || !isReset(err) {
		t.Errorf("got %q and %v, want nothing and a reset", got, err)
	}
	if got := server.bytes.Load(); got != 10 {
		t.Errorf("the server got %d bytes, want 10", got)
	}
}

// TestProxyDelivers shows that what was sent while nobody answered arrives when the fault ends, also from one who has left.
func TestProxyDelivers(t *testing.T) {
	server := newEcho(t, "127.0.0.1:0")
	p := storetest.NewProxy(t, server.Addr().String())
	stays, leaves := dial(t, p), dial(t, p)
	stays.works()
	leaves.works()
	fault := p.Hang()
	fault.Begin()
	for _, c := range []client{stays, leaves} {
		if got, err := c.exchange("hello", "", enough); got != "" || !isTimeout(err) {
			t.Errorf("got %q and %v, want nothing in time", got, err)
		}
	}
	_ = leaves.Close()
	fault.End()
	_ = stays.SetDeadline(time.Now().Add(generous))
	if _, err := io.ReadFull(stays, make([]byte, 5)); err != nil {
		t.Errorf("the reply did not come when the fault had ended: %v", err)
	}
	eventually(t, "the server gets what was sent", func() bool { return server.bytes.Load() == 20 })
}

// TestProxyWithoutServer has the server go away and come back.
func TestProxyWithoutServer(t *testing.T) {
	server := newEcho(t, "127.0.0.1:0")
	p := storetest.NewProxy(t, server.Addr().String())
	dial(t, p).works()
	_ = server.Close()
	if got, err := attempt(t, p, "", generous); got != "" || err == nil || isTimeout(err) {
		t.Errorf("without a server: got %q and %v, want nothing and a reset", got, err)
	}
	newEcho(t, server.Addr().String())
	dial(t, p).works()
}

// TestProxyEndsInOrder has one side end first, and the other one get all of a long text.
func TestProxyEndsInOrder(t *testing.T) {
	p := storetest.NewProxy(t, newEcho(t, "127.0.0.1:0").Addr().String())
	c := dial(t, p)
	text := strings.Repeat("0123456789", 1<<17)
	go func() {
		_, _ = io.WriteString(c, text)
		_ = c.Conn.(*net.TCPConn).CloseWrite()
	}()
	_ = c.SetDeadline(time.Now().Add(generous))
	got, err := io.ReadAll(c)
	if err != nil || string(got) != text {
		t.Errorf("got %d bytes and %v, want %d", len(got), err, len(text))
	}
}

// TestProxyLeavesNothing ends proxies in the middle of each fault.
func TestProxyLeavesNothing(t *testing.T) {
	server := newEcho(t, "127.0.0.1:0")
	t.Run("proxies", func(t *testing.T) {
		for i := range storetest.NewProxy(t, server.Addr().String()).Faults() {
			p := storetest.NewProxy(t, server.Addr().String())
			c := dial(t, p)
			c.works()
			p.Faults()[i].Begin()
			_, _ = c.exchange("hello", "", enough)
		}
	})
	eventually(t, "no goroutine is left", func() bool {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		return !strings.Contains(string(stacks), "storetest.(*Proxy)") && !strings.Contains(string(stacks), "storetest.(*pipe)")
	})
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(generous); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in %v: %s", generous, what)
		}
	}
}
