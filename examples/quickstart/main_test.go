package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
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

const (
	email    = "demo@example.com"
	password = "correct horse battery staple"
)

// A program is the quickstart, running.
type program struct {
	t       *testing.T
	cmd     *exec.Cmd
	baseURL string
	key     string
	curls   []string
}

// start builds and runs the program, and reads what it prints first.
func start(t *testing.T) *program {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "quickstart")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	cmd := exec.Command(binary, "-addr", "127.0.0.1:0")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	p := &program{t: t, cmd: cmd}
	lines := bufio.NewScanner(stdout)
	for len(p.curls) < 3 && lines.Scan() {
		p.read(lines.Text())
	}
	return p
}

func (p *program) read(line string) {
	p.t.Helper()
	first, rest, _ := strings.Cut(line, " ")
	switch {
	case p.baseURL == "":
		p.baseURL, _ = strings.CutPrefix(line, "listening on ")
	case first == "curl":
		p.curls = append(p.curls, line)
	default:
		p.key, _ = strings.CutPrefix(rest, "key: ")
	}
}

// A step is one request, and what must come back.
type step struct {
	name   string
	method string
	path   string
	header http.Header
	body   string
	status int
	want   string // a part of the body
}

// do sends the request of s by client and returns the answer.
func (p *program) do(t *testing.T, client *http.Client, s step) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(s.method, p.baseURL+s.path, strings.NewReader(s.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = s.header.Clone()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != s.status || !strings.Contains(string(body), s.want) {
		t.Errorf("%s %s: got %d %s, want %d with %q", s.method, s.path, resp.StatusCode, body, s.status, s.want)
	}
	return resp, string(body)
}

// browse follows no redirection, so that a step sees it.
var browse = &http.Client{
	Timeout:       10 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

var (
	asJSON = http.Header{"Content-Type": {"application/json"}}
	asForm = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}

	jsonLogin = `{"email": "` + email + `", "password": "` + password + `"}`
	formLogin = url.Values{"email": {email}, "password": {password}}.Encode()
)

// login returns the cookie and the token of a new session.
func (p *program) login(t *testing.T) (cookie, bearer http.Header) {
	t.Helper()
	resp, body := p.do(t, browse, step{"log in", "POST", "/login", asJSON, jsonLogin, 200, `"token"`})
	var answer struct{ Token string }
	if err := json.Unmarshal([]byte(body), &answer); err != nil || len(resp.Cookies()) != 1 {
		t.Fatalf("got %d cookies and %s: %v", len(resp.Cookies()), body, err)
	}
	c := resp.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" {
		t.Errorf("the cookie is %v", c)
	}
	return http.Header{"Cookie": {c.Name + "=" + c.Value}}, http.Header{"Authorization": {"Bearer " + answer.Token}}
}

func TestQuickstart(t *testing.T) {
	p := start(t)
	t.Run("schemes", p.testSchemes)
	t.Run("refusals", p.testRefusals)
	t.Run("logout", p.testLogout)
	t.Run("browser", p.testBrowser)
	t.Run("curl", p.testCurl)
	t.Run("interrupt", p.testInterrupt)
}

func (p *program) testSchemes(t *testing.T) {
	cookie, bearer := p.login(t)
	key := http.Header{"X-Api-Key": {p.key}}
	for _, s := range []step{
		{"me by session", "GET", "/me", cookie, "", 200, `"scheme":"session"`},
		{"me by token", "GET", "/me", bearer, "", 200, `"actor_id":"demo","actor_type":"user","scheme":"bearer"`},
		{"me by key", "GET", "/me", key, "", 200, `"actor_type":"api-key","scheme":"api-key","scopes":["reports:read"],"expires":null`},
		{"me by nothing", "GET", "/me", nil, "", 401, `{"type":"unauthorized","message":"Unauthorized"}`},
		{"reports by key", "GET", "/reports", key, "", 200, "January"},
		{"reports by session", "GET", "/reports", cookie, "", 403, `"forbidden"`},
		{"reports by token", "GET", "/reports", bearer, "", 403, `"forbidden"`},
		{"public by nothing", "GET", "/public", nil, "", 200, "whoever"},
		{"public by token", "GET", "/public", bearer, "", 200, "user demo"},
		{"keys", "GET", "/.well-known/jwks.json", nil, "", 200, `"kty":"OKP"`},
	} {
		t.Run(s.name, func(t *testing.T) { p.do(t, browse, s) })
	}
}

func (p *program) testRefusals(t *testing.T) {
	cookie, bearer := p.login(t)
	both := http.Header{"Authorization": bearer["Authorization"], "X-Api-Key": {p.key}}
	twice := http.Header{"Authorization": {bearer.Get("Authorization"), "Bearer x"}}
	otherSite := http.Header{"Cookie": cookie["Cookie"], "Origin": {"https://evil.example"}}
	otherLogin := http.Header{"Content-Type": {"application/json"}, "Sec-Fetch-Site": {"cross-site"}}
	for _, s := range []step{
		{"wrong password", "POST", "/login", asJSON, `{"email": "` + email + `", "password": "x"}`, 401, "Invalid email or password"},
		{"unknown user", "POST", "/login", asJSON, `{"email": "x@example.com", "password": "x"}`, 401, "Invalid email or password"},
		{"no JSON", "POST", "/login", asJSON, `{"email": `, 400, "invalid_request"},
		{"too large", "POST", "/login", asJSON, `{"email": "` + strings.Repeat("x", 70_000), 413, `"message"`},
		{"another site's log-in", "POST", "/login", otherLogin, jsonLogin, 403, "Cross-origin"},
		{"another site's log-out", "POST", "/logout", otherSite, "", 403, "Cross-origin"},
		{"a key has no session", "POST", "/logout", http.Header{"X-Api-Key": {p.key}}, "", 400, "no session"},
		{"two credentials", "GET", "/me", both, "", 400, "invalid_request"},
		{"two fields", "GET", "/me", twice, "", 400, "invalid_request"},
		{"a tampered token", "GET", "/public", http.Header{"Authorization": {bearer.Get("Authorization") + "x"}}, "", 401, "unauthorized"},
		{"a key in the query", "GET", "/me?api_key=" + p.key, nil, "", 401, "unauthorized"},
	} {
		t.Run(s.name, func(t *testing.T) { p.do(t, browse, s) })
	}
}

func (p *program) testLogout(t *testing.T) {
	cookie, bearer := p.login(t)
	for _, s := range []step{
		{"before", "GET", "/me", bearer, "", 200, "demo"},
		{"log out", "POST", "/logout", cookie, "", 200, `"success":true`},
		{"cookie after", "GET", "/me", cookie, "", 401, "unauthorized"},
		{"token after", "GET", "/me", bearer, "", 401, "unauthorized"},
		{"page after", "GET", "/", cookie, "", 200, "Password"},
	} {
		t.Run(s.name, func(t *testing.T) { p.do(t, browse, s) })
	}
}

func (p *program) testBrowser(t *testing.T) {
	resp, _ := p.do(t, browse, step{"log in", "POST", "/login", asForm, formLogin, 303, ""})
	if resp.Header.Get("Location") != "/" || len(resp.Cookies()) != 1 {
		t.Fatalf("got %v", resp.Header)
	}
	c := resp.Cookies()[0]
	in := http.Header{"Cookie": {c.Name + "=" + c.Value}}
	out := http.Header{"Cookie": in["Cookie"], "Content-Type": asForm["Content-Type"]}
	again := out.Clone()
	again.Set("Sec-Fetch-Mode", "navigate")
	for _, s := range []step{
		{"the page has a form", "GET", "/", nil, "", 200, `action="/login"`},
		{"the page shows who", "GET", "/", in, "", 200, "demo"},
		{"a wrong password shows the form", "POST", "/login", asForm, "email=x&password=y", 401, "Invalid email or password"},
		{"log out", "POST", "/logout", out, "", 303, ""},
		{"log out again", "POST", "/logout", again, "", 303, ""},
		{"the page has a form again", "GET", "/", in, "", 200, `action="/login"`},
	} {
		t.Run(s.name, func(t *testing.T) { p.do(t, browse, s) })
	}
}

func (p *program) testCurl(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	for i, scheme := range []string{"api-key", "bearer", "session"} {
		t.Run(scheme, func(t *testing.T) {
			var stderr bytes.Buffer
			cmd := exec.Command("sh", "-c", p.curls[i])
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil || !strings.Contains(string(out), `"scheme":"`+scheme+`"`) {
				t.Errorf("%s\ngot %s %v %s", p.curls[i], out, err, &stderr)
			}
		})
	}
}

func (p *program) testInterrupt(t *testing.T) {
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
}
