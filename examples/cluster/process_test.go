package main_test

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const password = "correct horse battery staple"

// build returns where the program is.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "cluster")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// command returns a command that has these variables and no others of the program's.
func command(program string, variables []string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "SESSION_KEY=") && !strings.HasPrefix(v, "DEMO_PASSWORD=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, variables...)
	return cmd
}

// A process is one server.
type process struct {
	cmd    *exec.Cmd
	stdout io.Reader
	url    string
}

// A cluster is two processes over one database.
type cluster struct {
	t         *testing.T // it ends with
	program   string
	args      []string
	variables []string
	processes []*process
}

// start runs both processes at once, so that both make the tables.
func start(t *testing.T, program string, b backend) *cluster {
	t.Helper()
	prefix, database := "t"+strings.ToLower(rand.Text())+"_", b.url(t)
	if !strings.HasPrefix(database, "sqlite:") {
		t.Cleanup(func() { dropTables(t, database, prefix) })
	}
	key := make([]byte, 32)
	rand.Read(key)
	c := &cluster{
		t:         t,
		program:   program,
		args:      []string{"-addr", "127.0.0.1:0", "-database", database, "-prefix", prefix, "-renew", "2ms"},
		variables: []string{"SESSION_KEY=" + hex.EncodeToString(key), "DEMO_PASSWORD=" + password},
	}
	c.processes = []*process{c.launch(), c.launch()}
	for _, p := range c.processes {
		p.await(t)
	}
	return c
}

func (c *cluster) launch() *process {
	t := c.t
	t.Helper()
	p := &process{cmd: command(c.program, c.variables, c.args...)}
	p.cmd.Stderr = os.Stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); _ = p.cmd.Wait() })
	p.stdout = stdout
	return p
}

// await reads the URL, which ends the first line.
func (p *process) await(t *testing.T) {
	t.Helper()
	line, err := bufio.NewReader(p.stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("a server that does not start: %v", err)
	}
	p.url = strings.TrimSpace(line[strings.LastIndexByte(line, ' ')+1:])
}

var client = &http.Client{Timeout: 30 * time.Second}

// An answer is what a process says to a request.
type answer struct {
	status int
	body   string
	by     string // the process
	cookie string // that it sets
}

// call sends a request such as "GET /me" with a cookie, whatever processes have said of it.
func (p *process) call(request, cookie, device string) (answer, error) {
	method, path, _ := strings.Cut(request, " ")
	r, err := http.NewRequest(method, p.url+path, strings.NewReader(url.Values{"password": {password}}.Encode()))
	if err != nil {
		return answer{}, err
	}
	r.Header = http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "User-Agent": {device}, "Cookie": {cookie},
	}
	response, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	a := answer{status: response.StatusCode, body: string(body), by: response.Header.Get("Served-By")}
	for _, c := range response.Cookies() {
		a.cookie = c.Name + "=" + c.Value
	}
	return a, err
}

// run runs the program until it ends, and returns what it printed.
func run(t *testing.T, cmd *exec.Cmd) (output string, ok bool) {
	t.Helper()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	hanging := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer hanging.Stop()
	err := cmd.Wait()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return out.String(), err == nil
}
