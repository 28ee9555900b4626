package main_test

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestCluster(t *testing.T) {
	program := build(t)
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			c := start(t, program, b)
			t.Run("two browsers", c.testBrowsers)
			t.Run("ended in flight", c.testInFlight)
			t.Run("killed", c.testKilled)
			t.Run("interrupted", c.testInterrupt)
		})
	}
}

// must calls a process, and fails where the answer is another.
func (c *cluster) must(t *testing.T, at int, request, cookie, device string, status int, want string) answer {
	t.Helper()
	p := c.processes[at]
	a, err := p.call(request, cookie, device)
	if err != nil {
		t.Fatal(err)
	}
	if a.status != status || !strings.Contains(a.body, want) || a.by != strconv.Itoa(p.cmd.Process.Pid) {
		t.Errorf("%s: got %d %s, by process %s, want %d with %q, by %d",
			request, a.status, a.body, a.by, status, want, p.cmd.Process.Pid)
	}
	return a
}

// What one process does, the other knows at the next request, which carries the cookie as it was.
func (c *cluster) testBrowsers(t *testing.T) {
	cookies := map[string]string{}
	for _, s := range []struct {
		name    string
		at      int
		browser string
		request string
		status  int
		want    string
	}{
		{"a stranger is refused", 1, "laptop", "GET /me", 401, "unauthorized"},
		{"the laptop logs in at the first", 0, "laptop", "POST /login", 200, "laptop"},
		{"and is known at the second", 1, "laptop", "GET /me", 200, "demo's on laptop"},
		{"the phone logs in at the second", 1, "phone", "POST /login", 200, "phone"},
		{"and is known at the first", 0, "phone", "GET /me", 200, "demo's on phone"},
		{"the first lists both", 0, "laptop", "GET /sessions", 200, `["laptop","phone"]`},
		{"the second does, too", 1, "phone", "GET /sessions", 200, `["laptop","phone"]`},
		{"the tablet logs in at the first", 0, "tablet", "POST /login", 200, "tablet"},
		{"and out at the second", 1, "tablet", "POST /logout", 200, `"ended":1`},
		{"so the first refuses it", 0, "tablet", "GET /me", 401, "unauthorized"},
		{"but not the others", 0, "phone", "GET /sessions", 200, `["laptop","phone"]`},
		{"the laptop logs out everywhere at the first", 0, "laptop", "POST /logout-everywhere", 200, `"ended":2`},
		{"so the second refuses the laptop", 1, "laptop", "GET /me", 401, "unauthorized"},
		{"and the phone", 1, "phone", "GET /me", 401, "unauthorized"},
		{"the first refuses the laptop as well", 0, "laptop", "POST /logout", 401, "unauthorized"},
		{"and the phone", 0, "phone", "GET /sessions", 401, "unauthorized"},
	} {
		t.Run(s.name, func(t *testing.T) {
			a := c.must(t, s.at, s.request, cookies[s.browser], s.browser, s.status, s.want)
			if s.request == "POST /login" {
				cookies[s.browser] = a.cookie
			}
		})
	}
}

// A session that ends at the first, while requests of it are renewing it at the second, stays ended.
func (c *cluster) testInFlight(t *testing.T) {
	for range 10 {
		cookie := c.must(t, 0, "POST /login", "", "laptop", 200, "").cookie
		var ended atomic.Bool
		var begun, all sync.WaitGroup
		for range 4 {
			begun.Add(1)
			all.Go(func() { c.callUntil(t, &ended, cookie, begun.Done) })
		}
		begun.Wait()
		c.logoutEverywhere(t, cookie)
		ended.Store(true)
		c.must(t, 1, "GET /me", cookie, "laptop", 401, "unauthorized")
		all.Wait()
		c.must(t, 0, "GET /me", cookie, "laptop", 401, "unauthorized")
		c.must(t, 1, "GET /me", cookie, "laptop", 401, "unauthorized")
	}
	only := c.must(t, 0, "POST /login", "", "phone", 200, "").cookie
	c.must(t, 1, "GET /sessions", only, "phone", 200, `["phone"]`)
	c.logoutEverywhere(t, only)
}

// callUntil calls the second process until a call has begun after the session ended, and tells when it has begun to.
func (c *cluster) callUntil(t *testing.T, ended *atomic.Bool, cookie string, begun func()) {
	begun = sync.OnceFunc(begun)
	defer begun()
	for late := false; !late; {
		late = ended.Load()
		a, err := c.processes[1].call("GET /me", cookie, "laptop")
		good := a.status == 200 && !late || a.status == 401
		if err != nil || !good {
			t.Errorf("got %d %s, begun after the end: %t, %v", a.status, a.body, late, err)
			return
		}
		begun()
	}
}

// logoutEverywhere logs out at the first process.
func (c *cluster) logoutEverywhere(t *testing.T, cookie string) {
	t.Helper()
	c.must(t, 0, "POST /logout-everywhere", cookie, "", 200, `"ended":1`)
}

// A session outlives the process that began it.
func (c *cluster) testKilled(t *testing.T) {
	cookie := c.must(t, 0, "POST /login", "", "laptop", 200, "").cookie
	if err := c.processes[0].cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.processes[0].cmd.Wait() // its error is that it was killed
	c.must(t, 1, "GET /me", cookie, "laptop", 200, "demo's on laptop")
	c.processes[0] = c.launch()
	c.processes[0].await(t)
	c.must(t, 0, "GET /me", cookie, "laptop", 200, "demo's on laptop")
	c.must(t, 1, "POST /logout", cookie, "laptop", 200, `"ended":1`)
	c.must(t, 0, "GET /me", cookie, "laptop", 401, "unauthorized")
}

func (c *cluster) testInterrupt(t *testing.T) {
	for _, p := range c.processes {
		if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("ended with %v", err)
		}
	}
}

func TestDemonstration(t *testing.T) {
	output, ok := run(t, command(build(t), nil))
	for _, want := range []string{"listens on http://127.0.0.1:", `"devices":["laptop","phone"]`, `"ended":2`, " 401 "} {
		if !ok || !strings.Contains(output, want) {
			t.Errorf("it ended well: %t, want %s in\n%s", ok, want, output)
		}
	}
}

// A process that would not be part of the cluster does not start, and tells nobody the password of the database.
func TestRefusesToStart(t *testing.T) {
	program := build(t)
	key, pass := "SESSION_KEY="+strings.Repeat("5e", 32), "DEMO_PASSWORD="+password
	database := "sqlite:" + t.TempDir() + "/app.db"
	for _, s := range []struct {
		name      string
		variables []string
		database  string
		want      string
	}{
		{"no key", []string{pass}, database, "openssl rand -hex 32"},
		{"a short key", []string{key[:len(key)-2], pass}, database, "openssl rand -hex 32"},
		{"a key that is not in hex", []string{key[:len(key)-1] + "g", pass}, database, "openssl rand -hex 32"},
		{"a key of zeroes", []string{"SESSION_KEY=" + strings.Repeat("0", 64), pass}, database, "all zeroes"},
		{"no password", []string{key}, database, "DEMO_PASSWORD"},
		{"no database", []string{key, pass}, "", "-database"},
		{"an unknown database", []string{key, pass}, "oracle://ann:s3cr3t@127.0.0.1/x", "-database"},
		{"a PostgreSQL that is not there", []string{key, pass}, "postgres://ann:s3cr3t@127.0.0.1:1/x", "connect"},
		{"a URL that is none", []string{key, pass}, "postgres://ann:s3cr3t@127.0.0.1:x/x", "parse"},
		{"a DSN that is none", []string{key, pass}, "mysql://ann:s3cr3t@127.0.0.1", "DSN"},
	} {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			output, ok := run(t, command(program, s.variables, "-addr", "127.0.0.1:0", "-database", s.database))
			if ok || !strings.Contains(output, s.want) || strings.Contains(output, "s3cr3t") {
				t.Errorf("it ended well: %t, want %s in\n%s", ok, s.want, output)
			}
		})
	}
}
