package storetest

import (
	"net"
	"sync"
	"testing"
	"time"
)

// A Proxy stands between a store and its server, and spoils what passes: each of its methods that returns a [Fault] says
// how. Without a fault it passes on all bytes as they come. Make one with [NewProxy]. Many goroutines may use it at once,
// but there is one fault at a time: one that begins takes the place of the one before.
type Proxy struct {
	t      testing.TB
	target string
	addr   string
	done   chan struct{} // closed when the proxy is

	running sync.WaitGroup // all its goroutines

	mu       sync.Mutex
	listener net.Listener // nil while connections are refused
	mode     *mode
	pipes    map[*pipe]bool
}

// NewProxy returns a proxy for the TCP server at target, a host with a port. The server may go away and come back: while it
// is away, each connection to the proxy is reset. The proxy listens on a port of its own at 127.0.0.1 until the test ends,
// and then leaves neither a connection nor a goroutine. If it cannot listen, the test fails at once.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("storetest: proxy: %v", err)
	}
	p := &Proxy{
		t: t, target: target, addr: listener.Addr().String(), done: make(chan struct{}),
		mode: &mode{over: make(chan struct{})}, pipes: map[*pipe]bool{},
	}
	p.serve(listener)
	t.Cleanup(p.close)
	return p
}

// Addr returns the host and the port at which the proxy listens, also while it refuses connections.
func (p *Proxy) Addr() string { return p.addr }

// serve accepts connections until listener is closed.
func (p *Proxy) serve(listener net.Listener) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed() {
		_ = listener.Close()
		return
	}
	p.listener = listener
	p.running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			p.add(conn.(*net.TCPConn))
		}
	})
}

// add passes on what comes from a new connection.
func (p *Proxy) add(client *net.TCPConn) {
	c := &pipe{proxy: p, client: client, cut: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed() {
		reset(client)
		return
	}
	p.pipes[c] = true
	p.running.Go(c.run)
}

func (p *Proxy) remove(c *pipe) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pipes, c)
}

func (p *Proxy) closed() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// now returns the mode that the proxy is in.
func (p *Proxy) now() *mode {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mode
}

// enter ends the mode that the proxy is in, and cuts all connections if those of the next are.
func (p *Proxy) enter(next mode) {
	next.over = make(chan struct{})
	p.mu.Lock()
	close(p.mode.over)
	p.mode = &next
	pipes := p.open()
	listener := p.listener
	if next.kind == refusing {
		p.listener = nil
	}
	p.mu.Unlock()

	if next.kind == refusing && listener != nil {
		_ = listener.Close()
	}
	if next.kind != refusing && listener == nil {
		p.listenAgain()
	}
	if next.kind == refusing || next.kind == resetting {
		for _, c := range pipes {
			c.end(reset)
		}
	}
}

// open returns the connections there are. Who calls it holds the lock.
func (p *Proxy) open() (pipes []*pipe) {
	for c := range p.pipes {
		pipes = append(pipes, c)
	}
	return pipes
}

// listenAgain takes back the port. Another process may have been given it meanwhile, most likely for a moment.
func (p *Proxy) listenAgain() {
	var listener net.Listener
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end) && !p.closed(); time.Sleep(breather) {
		if listener, err = net.Listen("tcp", p.addr); err == nil {
			p.serve(listener)
			return
		}
	}
	if err != nil {
		p.t.Errorf("storetest: proxy: %v", err)
	}
}

// close ends all that the proxy does, and waits for it.
func (p *Proxy) close() {
	p.mu.Lock()
	close(p.done)
	listener, pipes := p.listener, p.open()
	p.mu.Unlock()
	if listener != nil {
		_ = listener.Close()
	}
	for _, c := range pipes {
		c.end(reset)
	}
	p.running.Wait()
}

// reset closes a connection in such a way that the other side is told of an error, not of an end.
func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
}
