package storetest

import (
	"io"
	"net"
	"sync"
)

// A pipe is one connection through a proxy.
type pipe struct {
	proxy  *Proxy
	client *net.TCPConn
	once   sync.Once
	cut    chan struct{} // closed when the pipe is

	mu     sync.Mutex
	server *net.TCPConn // nil until there is one

	// Of the replies, in the mode that they were counted in.
	mode   *mode
	passed int
}

// run passes on what comes in both directions, until both have ended or one of them has failed.
func (c *pipe) run() {
	defer c.proxy.remove(c)
	defer c.end(reset)
	if !c.pass() || !c.dial() {
		return
	}
	asked := make(chan struct{})
	c.proxy.running.Go(func() {
		defer close(asked)
		c.requests()
	})
	if c.replies() {
		_ = c.client.CloseWrite()
		<-asked
		c.end(func(conn *net.TCPConn) { _ = conn.Close() })
	}
}

// pass waits while connections hang, and reports whether this one is to go on.
func (c *pipe) pass() bool {
	for {
		switch m := c.proxy.now(); m.kind {
		case refusing, resetting:
			return false
		case hanging:
			if !c.outlasts(m) {
				return false
			}
		default:
			return true
		}
	}
}

// outlasts waits until m is over, and reports whether the pipe is still there then.
func (c *pipe) outlasts(m *mode) bool {
	select {
	case <-m.over:
		return true
	case <-c.cut:
		return false
	}
}

func (c *pipe) dial() bool {
	conn, err := net.DialTimeout("tcp", c.proxy.target, patience)
	if err != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.server = conn.(*net.TCPConn)
	select {
	case <-c.cut: // by one who has not seen the server
		reset(c.server)
		return false
	default:
		return true
	}
}

// end closes the pipe at both ends, for good.
func (c *pipe) end(closing func(*net.TCPConn)) {
	c.once.Do(func() {
		close(c.cut)
		closing(c.client)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.server != nil {
			closing(c.server)
		}
	})
}

// requests passes on what the client sends. When it sends no more, the server is told, after it has got what was sent: it
// may have been waiting here for a fault to end.
func (c *pipe) requests() {
	buf := make([]byte, 32<<10)
	for {
		n, err := c.client.Read(buf)
		if !c.pass() {
			c.end(reset)
			return
		}
		if _, writeErr := c.server.Write(buf[:n]); writeErr != nil {
			c.end(reset)
			return
		}
		if err != nil {
			_ = c.server.CloseWrite()
			return
		}
	}
}

// replies passes on what the server sends, as the mode allows, and reports whether it has ended in order.
func (c *pipe) replies() bool {
	buf := make([]byte, 32<<10)
	for {
		n, err := c.server.Read(buf)
		if n > 0 && !c.reply(buf[:n]) {
			return false
		}
		if err != nil {
			return c.pass() && err == io.EOF
		}
	}
}

// reply passes on one piece of a reply, and reports whether the connection is to go on.
func (c *pipe) reply(b []byte) bool {
	for {
		m := c.proxy.now()
		if m != c.mode {
			c.mode, c.passed = m, 0
		}
		n := min(len(b), max(m.bytes-c.passed, 0)) // of b pass if they are counted
		switch m.kind {
		case passing:
			return c.send(b)
		case truncating:
			if !c.send(b[:n]) || n < len(b) {
				return false
			}
			return true
		case losing:
			return c.passed < m.bytes && c.send(b)
		case stalling:
			if !c.send(b[:n]) {
				return false
			}
			b = b[n:]
			if len(b) == 0 {
				return true
			}
		case refusing, resetting:
			return false
		}
		if !c.outlasts(m) {
			return false
		}
	}
}

func (c *pipe) send(b []byte) bool {
	_, err := c.client.Write(b)
	c.passed += len(b)
	return err == nil
}
