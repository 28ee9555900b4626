package main_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// binary is where the program is.
var binary string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "countersign-medusa")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "medusa")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

const (
	origin     = "http://localhost:8000"
	adminEmail = "admin@example.com"
)

// A program is the server, running on a port of its own.
type program struct {
	cmd            *exec.Cmd
	url            string
	adminPassword  string
	secretKey      string
	publishableKey string

	mails *mailbox
	log   *log
}

// start runs the program and reads what it prints first.
func start(t *testing.T, algorithm string) *program {
	t.Helper()
	p := &program{
		cmd:   exec.Command(binary, "-addr", "localhost:0", "-alg", algorithm, "-origin", origin),
		mails: &mailbox{tokens: map[string]string{}}, log: &log{},
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stderr = p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); _ = p.cmd.Wait() })
	lines := bufio.NewScanner(stdout)
	for _, line := range []struct {
		into    *string
		pattern string
	}{
		{&p.url, `^listening on (http://localhost:[1-9][0-9]*)$`},
		{&p.adminPassword, `^admin: admin@example\.com (\S{20,})$`},
		{&p.secretKey, `^secret key: (sk_\S+)$`},
		{&p.publishableKey, `^publishable key: (pk_\S+)$`},
	} {
		lines.Scan()
		found := regexp.MustCompile(line.pattern).FindStringSubmatch(lines.Text())
		if found == nil {
			t.Fatalf("got the line %q, want %s", lines.Text(), line.pattern)
		}
		*line.into = found[1]
	}
	go p.mails.read(lines)
	return p
}

// A log is what the program writes to stderr.
type log struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// A mailbox has the mail that the program prints.
type mailbox struct {
	mu     sync.Mutex
	tokens map[string]string // the last by address and kind
	all    []string
}

var mailLine = regexp.MustCompile(`^mail to (\S+: (?:reset|verification|invite)) (\S+)$`)

func (m *mailbox) read(lines *bufio.Scanner) {
	for lines.Scan() {
		m.mu.Lock()
		if found := mailLine.FindStringSubmatch(lines.Text()); found != nil {
			m.tokens[found[1]] = found[2]
		}
		m.all = append(m.all, lines.Text())
		m.mu.Unlock()
	}
}

// take returns the token that was sent last to an address, and may still be on its way.
func (m *mailbox) take(t *testing.T, address, kind string) string {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		m.mu.Lock()
		key := address + ": " + kind
		text := m.tokens[key]
		delete(m.tokens, key)
		m.mu.Unlock()
		if text != "" {
			return text
		}
	}
	t.Fatalf("no mail: %s to %s", kind, address)
	return ""
}

// A step is one request, and what must come back.
type step struct {
	name   string
	method string
	path   string
	header http.Header
	body   string // JSON
	status int
	want   string // a part of the body
}

var client = &http.Client{
	Timeout:       20 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// do sends the request of s and checks the answer: what refuses says so in JSON.
func (p *program) do(t *testing.T, s step) (http.Header, string) {
	t.Helper()
	status, header, body := p.send(t, s)
	if status != s.status || !strings.Contains(body, s.want) {
		t.Fatalf("%s: %s %s: got %d %s, want %d with %q", s.name, s.method, s.path, status, body, s.status, s.want)
	}
	if status >= 400 {
		checkRefusal(t, s, header, body)
	}
	return header, body
}

func (p *program) send(t *testing.T, s step) (int, http.Header, string) {
	t.Helper()
	status, header, body, err := p.exchange(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return status, header, body
}

func (p *program) exchange(ctx context.Context, s step) (status int, header http.Header, body string, err error) {
	req, err := http.NewRequestWithContext(ctx, s.method, p.url+s.path, strings.NewReader(s.body))
	if err != nil {
		return 0, nil, "", err
	}
	req.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	for name, values := range s.header {
		req.Header[name] = values
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(text), err
}

func checkRefusal(t *testing.T, s step, header http.Header, body string) {
	t.Helper()
	var refusal struct{ Type, Message string }
	err := json.Unmarshal([]byte(body), &refusal)
	if s.method != http.MethodHead && (err != nil || refusal.Type == "" || refusal.Message == "" || header.Get("Content-Type") != "application/json") {
		t.Errorf("%s: %s %s: not the JSON of a refusal: %v %s", s.name, s.method, s.path, header, body)
	}
	if s.status == http.StatusUnauthorized && header.Get("Cache-Control") == "" {
		t.Errorf("%s: %s %s: may be cached: %v", s.name, s.method, s.path, header)
	}
}

// field returns a member of a JSON object, which may be in another: "customer.id".
func field(t *testing.T, body, path string) string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	for name := range strings.SplitSeq(path, ".") {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	text, ok := value.(string)
	if !ok {
		t.Fatalf("no %s in %s", path, body)
	}
	return text
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

const (
	registerCustomer = "/auth/customer/emailpass/register"
	registerUser     = "/auth/user/emailpass/register"
	logInCustomer    = "/auth/customer/emailpass"
	logInUser        = "/auth/user/emailpass"

	password = "nothing that is on a list"
)

func credentials(email string) string {
	return fmt.Sprintf(`{"email": %q, "password": %q}`, email, password)
}

// register returns the token of somebody who has registered and is nobody yet.
func (p *program) register(t *testing.T, path, email string) string {
	t.Helper()
	_, body := p.do(t, step{"register", "POST", path, nil, credentials(email), 200, `"token"`})
	return field(t, body, "token")
}

// customer returns the token of a new customer.
func (p *program) customer(t *testing.T, email string) string {
	t.Helper()
	token := p.register(t, registerCustomer, email)
	p.do(t, step{"create", "POST", "/store/customers", bearer(token), `{"email": "` + email + `"}`, 200, `"customer"`})
	_, body := p.do(t, step{"refresh", "POST", "/auth/token/refresh", bearer(token), "", 200, `"token"`})
	return field(t, body, "token")
}

// admin returns the token of the first administrator.
func (p *program) admin(t *testing.T) string {
	t.Helper()
	_, body := p.do(t, step{"log in", "POST", logInUser, nil,
		fmt.Sprintf(`{"email": %q, "password": %q}`, adminEmail, p.adminPassword), 200, `"token"`})
	return field(t, body, "token")
}

// invite returns the token of an invite.
func (p *program) invite(t *testing.T, email string) string {
	t.Helper()
	p.do(t, step{"invite", "POST", "/admin/invites", bearer(p.admin(t)), `{"email": "` + email + `"}`, 200, `"invite"`})
	return p.mails.take(t, email, "invite")
}

// cookie returns the session cookie of somebody who has a token.
func (p *program) cookie(t *testing.T, token string) http.Header {
	t.Helper()
	header, _ := p.do(t, step{"session", "POST", "/auth/session", bearer(token), "", 200, `"user"`})
	pair, _, _ := strings.Cut(header.Get("Set-Cookie"), ";")
	return http.Header{"Cookie": {pair}}
}
