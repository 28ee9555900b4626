//go:build unix

package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// A Server is a private database server on the loopback interface, which a test may kill and pause. It ends with the test,
// and its data with it.
//
// Its methods may be called from several goroutines. What goes wrong fails the test as Fatal does, so it ends the goroutine
// that called.
type Server struct {
	t        testing.TB
	kind     kind
	home     *home
	addr     string
	watchdog *watchdog

	mu      sync.Mutex
	process *process // nil if none runs
}

// A kind is what one kind of server has of its own. A command starts with the name of a program; data is the directory that
// the server has for itself, empty at first.
type kind struct {
	name    string
	account string                                      // who runs it if root runs the test; "" is root
	prepare func(data string) []string                  // fills data before the first start; returns nil if nothing does
	command func(data, port string) []string            // runs the server
	ready   string                                      // is in its log once it can be used
	dsn     func(addr string) string                    // see DSN
	ping    func(ctx context.Context, dsn string) error // is nil if the server answers
	lock    string                                      // a file in data that a killed server leaves in the way, if any
	forget  string                                      // a shell command in data that removes what would outlive data, if any
}

// launch returns a server that runs, on a port of its own.
func launch(t testing.TB, k kind) *Server {
	t.Helper()
	for _, args := range [][]string{k.prepare("data"), k.command("data", "port")} {
		if len(args) > 0 && program(args[0]) == "" {
			lack(t, "no program "+args[0]+": install "+k.name+", or add where it is to PATH")
		}
	}
	s := &Server{t: t, kind: k}
	var err error
	if s.home, err = newHome(k.account); err == nil {
		s.watchdog, err = startWatchdog(s.home.dir, k.forget)
	}
	if err != nil {
		t.Fatalf("%s: %v", k.name, err)
	}
	t.Cleanup(s.end)
	if err = s.firstStart(); err != nil {
		t.Fatal(err)
	}
	return s
}

// firstStart makes the data and finds a port.
func (s *Server) firstStart() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if args := s.kind.prepare(s.home.dir); len(args) > 0 {
		if out, err := s.home.run(args).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %s: %w:\n%s", s.kind.name, args[0], err, out[max(0, len(out)-tailSize):])
		}
	}
	var err error
	for range 10 { // somebody may take the port first, but not that often
		s.addr = spareAddr()
		if err = s.start(); !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	return err
}

// Addr returns host:port. It stays when the server is started again.
func (s *Server) Addr() string { return s.addr }

// DSN returns what the driver takes to reach the server: a URL for pgx and go-redis, a DSN for go-sql-driver/mysql.
func (s *Server) DSN() string { return s.DSNAt(s.addr) }

// DSNAt is like DSN for somebody at another address who passes on what is sent, such as a proxy.
func (s *Server) DSNAt(addr string) string { return s.kind.dsn(addr) }

// Kill ends the server at once, as a power cut would end its processes, also when it is paused. When Kill returns, none is
// left. What the operating system was given to write stays.
func (s *Server) Kill() {
	s.t.Helper()
	s.act("Kill", func(*process) error { return s.kill() })
}

// Pause stops every process of the server. Connections stay, and new ones are even accepted, by the operating system; but
// nothing is answered. To pause it again changes nothing.
func (s *Server) Pause() {
	s.t.Helper()
	s.act("Pause", func(p *process) error {
		pids, err := p.pause()
		if err == nil && len(pids) == 0 {
			err = errors.New("it has ended by itself")
		}
		return err
	})
}

// Resume ends a pause. What was sent during it is answered now. Without a pause it changes nothing.
func (s *Server) Resume() {
	s.t.Helper()
	s.act("Resume", (*process).resume)
}

// Start starts the server again after Kill, at the same address and with the same data. When it returns, the server answers.
func (s *Server) Start() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		s.t.Fatalf("%s: Start of a server that was not killed", s.kind.name)
	}
	var err error
	for range 10 { // somebody may have been given the port for a moment
		if err = s.start(); !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// act does something to the processes.
func (s *Server) act(what string, f func(*process) error) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		s.t.Fatalf("%s: %s of a server that was killed", s.kind.name, what)
	}
	if err := f(s.process); err != nil {
		s.t.Fatalf("%s: %s: %v, its log ends:\n%s", s.kind.name, what, err, s.process.log)
	}
}

// start returns syscall.EADDRINUSE, wrapped, if somebody else has the port.
func (s *Server) start() error {
	_, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		return err
	}
	if err = s.unlock(); err != nil {
		return fmt.Errorf("%s: %w", s.kind.name, err)
	}
	p, err := startProcess(s.home.run(s.kind.command(s.home.dir, port)), s.kind.ready)
	if err != nil {
		return fmt.Errorf("%s: %w", s.kind.name, err)
	}
	s.process = p
	err = s.watchdog.guard(p.cmd.Process.Pid)
	if err == nil {
		err = p.awaitReady()
	}
	if err == nil {
		err = s.answers()
	}
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s does not come up: %w, its log ends:\n%s", s.kind.name, errors.Join(err, s.kill()), p.log)
	if strings.Contains(p.log.String(), "ddress already in use") {
		err = fmt.Errorf("%w (%w)", err, syscall.EADDRINUSE)
	}
	return err
}

// unlock removes the lock of a server that is gone. It names a process ID, and another process may have that by now.
func (s *Server) unlock() error {
	if s.kind.lock == "" {
		return nil
	}
	err := os.Remove(filepath.Join(s.home.dir, s.kind.lock))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (s *Server) answers() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return s.kind.ping(ctx, s.DSN())
}

func (s *Server) kill() error {
	err := s.process.kill()
	s.process = nil
	return errors.Join(err, s.watchdog.release())
}

// end leaves nothing of the server.
func (s *Server) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.process != nil {
		err = s.kill()
	}
	if err = errors.Join(err, s.watchdog.close()); err != nil {
		s.t.Errorf("%s: end: %v", s.kind.name, err)
	}
}
