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

// login returns the cookie of a new session.
func (p *program) login(t *testing.T) http.Header {
	t.Helper()
	resp, _ := p.do(t, browse, step{"log in", "POST", "/login", asForm, formLogin, 303, ""})
	if resp.Header.Get("Location") != "/" || len(resp.Cookies()) != 1 {
		t.Fatalf("got %v", resp.Header)
	}
	c := resp.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" {
		t.Errorf("the cookie is %v", c)
	}
	return http.Header{"Cookie": {c.Name + "=" + c.Value}}
}

// tokens are what a client that keeps no cookie is given.
type tokens struct {
	Access  string `json:"token"`
	Refresh string `json:"refresh_token"`
}

func (k tokens) bearer() http.Header { return http.Header{"Authorization": {"Bearer " + k.Access}} }

// tokens returns what is given for a body at a path.
func (p *program) tokens(t *testing.T, path, body string) (k tokens) {
	t.Helper()
	resp, text := p.do(t, browse, step{"tokens", "POST", path, asJSON, body, 200, `"refresh_token"`})
	if err := json.Unmarshal([]byte(text), &k); err != nil || len(resp.Cookies()) != 0 {
		t.Fatalf("got %d cookies and %s: %v", len(resp.Cookies()), text, err)
	}
	return k
}

// both returns a session carried by its cookie, and another one by its token.
func (p *program) both(t *testing.T) (cookie, bearer http.Header) {
	t.Helper()
	return p.login(t), p.tokens(t, "/login", jsonLogin).bearer()
}

func TestQuickstart(t *testing.T) {
	p := start(t)
	t.Run("schemes", p.testSchemes)
	t.Run("refusals", p.testRefusals)
	t.Run("logout", p.testLogout)
	t.Run("refresh", p.testRefresh)
	t.Run("browser", p.testBrowser)
	t.Run("console", p.testConsole)
	t.Run("curl", p.testCurl)
	t.Run("interrupt", p.testInterrupt)
}

func (p *program) testSchemes(t *testing.T) {
	cookie, bearer := p.both(t)
	key := http.Header{"X-Api-Key": {p.key}}
	for _, s := range []step{
		{"me by session", "GET", "/me", cookie, "", 200, `"scheme":"session"`},
		{"me by token", "GET", "/me", bearer, "", 200, `"actor_id":"demo","actor_type":"user","scheme":"bearer"`},
		{"me by key", "GET", "/me", key, "", 200, `"actor_type":"api-key","scheme":"api-key","scopes":["reports:read"],"expires":null`},
		{"me by nothing", "GET", "/me", nil, "", 401, `{"type":"unauthorized","message":"Unauthorized"}`},
		{"reports by key", "GET", "/reports", key, "", 200, "January"},
		{"reports by session", "GET", "/reports", cookie, "", 200, "January"},
		{"reports by token", "GET", "/reports", bearer, "", 200, "January"},
		{"public by nothing", "GET", "/public", nil, "", 200, "whoever"},
		{"public by token", "GET", "/public", bearer, "", 200, "user demo"},
		{"keys", "GET", "/.well-known/jwks.json", nil, "", 200, `"kty":"OKP"`},
	} {
		t.Run(s.name, func(t *testing.T) { p.do(t, browse, s) })
	}
}

func (p *program) testRefusals(t *testing.T) {
	cookie, bearer := p.both(t)
	both := http.Header{"Authorization": bearer["Authorization"], "X-Api-Key": {p.key}}
	twice := http.Header{"Authorization": {bearer.Get("Authorization"), "Bearer x"}}
	otherSite := http.Header{"Cookie": cookie["Cookie"], "Origin": {"https://evil.example"}}
	otherLogin := http.Header{"Content-Type": asForm["Content-Type"], "Sec-Fetch-Site": {"cross-site"}}
	for _, s := range []step{
		{"wrong password", "POST", "/login", asJSON, `{"email": "` + email + `", "password": "x"}`, 401, "Invalid email or password"},
		{"unknown user", "POST", "/login", asJSON, `{"email": "x@example.com", "password": "x"}`, 401, "Invalid email or password"},
		{"no JSON", "POST", "/login", asJSON, `{"email": `, 400, "invalid_request"},
		{"too large", "POST", "/login", asJSON, `{"email": "` + strings.Repeat("x", 70_000), 413, `"message"`},
		{"another site's log-in", "POST", "/login", otherLogin, formLogin, 403, "Cross-origin"},
		{"another site's log-out", "POST", "/logout", otherSite, "", 403, "Cross-origin"},
		{"a key has no session", "POST", "/logout", http.Header{"X-Api-Key": {p.key}}, "", 400, "no session to end"},
		{"two credentials", "GET", "/me", both, "", 400, "invalid_request"},
		{"two fields", "GET", "/me", twice, "", 400, "invalid_request"},
		{"a tampered token", "GET", "/public", http.Header{"Authorization": {bearer.Get("Authorization") + "x"}}, "", 401, "unauthorized"},
		{"a key in the query", "GET", "/me?api_key=" + p.key, nil, "", 401, "unauthorized"},
	} {
		t.Run(s.name, func(t *testing.T) { p.do(t, browse, s) })
	}
}

func (p *program) testLogout(t *testing.T) {
	cookie, bearer := p.both(t)
	for _, s := range []step{
		{"before", "GET", "/me", bearer, "", 200, "demo"},
		{"log out by token", "POST", "/logout", bearer, "", 200, `"success":true`},
		{"token after", "GET", "/me", bearer, "", 401, "unauthorized"},
		{"the other session goes on", "GET", "/me", cookie, "", 200, "demo"},
		{"log out by cookie", "POST", "/logout", cookie, "", 200, `"success":true`},
		{"cookie after", "GET", "/me", cookie, "", 401, "unauthorized"},
		{"page after", "GET", "/", cookie, "", 200, "Password"},
	} {
		t.Run(s.name, func(t *testing.T) { p.do(t, browse, s) })
	}
}

// testRefresh exchanges a refresh token, and logs out.
func (p *program) testRefresh(t *testing.T) {
	first := p.tokens(t, "/login", jsonLogin)
	next := p.tokens(t, "/refresh", `{"refresh_token": "`+first.Refresh+`"}`)
	if next.Refresh == first.Refresh {
		t.Error("the refresh token is the same")
	}
	for _, s := range []step{
		{"the first token", "GET", "/me", first.bearer(), "", 200, "demo"},
		{"the next token", "GET", "/me", next.bearer(), "", 200, "demo"},
		{"no refresh token", "POST", "/refresh", asJSON, "{}", 400, "refresh_token"},
		{"log out", "POST", "/logout", next.bearer(), "", 200, `"success":true`},
		{"the refresh token after", "POST", "/refresh", asJSON, `{"refresh_token": "` + next.Refresh + `"}`, 401, "unauthorized"},
		{"the first token after", "GET", "/me", first.bearer(), "", 401, "unauthorized"},
	} {
		t.Run(s.name, func(t *testing.T) { p.do(t, browse, s) })
	}
}

func (p *program) testBrowser(t *testing.T) {
	in := p.login(t)
	out := http.Header{"Cookie": in["Cookie"], "Content-Type": asForm["Content-Type"]}
	again := out.Clone()
	again.Set("Sec-Fetch-Mode", "navigate")
	for _, s := range []step{
		{"the page has a form", "GET", "/", nil, "", 200, `action="/login"`},
		{"the page shows who", "GET", "/", in, "", 200, "demo"},
		{"the page leads to the console", "GET", "/", in, "", 200, `<a href="/console/">`},
		{"a wrong password shows the form", "POST", "/login", asForm, "email=x&password=y", 401, "Invalid email or password"},
		{"log out", "POST", "/logout", out, "", 303, ""},
		{"log out again", "POST", "/logout", again, "", 303, ""},
		{"the page has a form again", "GET", "/", in, "", 200, `action="/login"`},
	} {
		t.Run(s.name, func(t *testing.T) { p.do(t, browse, s) })
	}
}

// testConsole makes a key on the pages of the console, and revokes it there. With another scope it opens another door only.
func (p *program) testConsole(t *testing.T) {
	in, bearer := p.both(t)
	in.Set("Content-Type", asForm.Get("Content-Type"))
	navigating := http.Header{"Sec-Fetch-Mode": {"navigate"}}
	for _, s := range []step{
		{"the start", "GET", "/console/", in, "", 303, ""},
		{"without a log-in", "GET", "/console/keys", nil, "", 401, "unauthorized"},
		{"a browser without a log-in", "GET", "/console/keys", navigating, "", 303, ""},
		{"by key", "GET", "/console/keys", http.Header{"X-Api-Key": {p.key}}, "", 403, "forbidden"},
		{"by token", "GET", "/console/keys", bearer, "", 200, "quickstart"},
		{"sessions", "GET", "/console/sessions", in, "", 200, "This one"},
	} {
		t.Run(s.name, func(t *testing.T) { p.do(t, browse, s) })
	}
	for scope, status := range map[string]int{"reports:read": 200, "profile": 403} {
		_, page := p.do(t, browse, step{"the form", "GET", "/console/keys/new", in, "", 200, "Create key"})
		form := url.Values{"seen": {between(page, `name="seen" value="`, `"`)}, "title": {"t"}, "kind": {"secret"}, "scopes": {scope}, "expiry": {"7"}}
		_, page = p.do(t, browse, step{"create", "POST", "/console/keys", in, form.Encode(), 201, "Copy the key now"})
		key := http.Header{"X-Api-Key": {between(page, "spellcheck=\"false\" aria-describedby=\"secret-says\">", "<")}}
		path := between(page, `class="button primary" href="`, `"`)
		p.do(t, browse, step{"use", "GET", "/reports", key, "", status, ""})
		p.do(t, browse, step{"revoke", "POST", path + "/revoke", in, "when=0", 303, ""})
		p.do(t, browse, step{"use it after", "GET", "/reports", key, "", 401, "unauthorized"})
	}
}

// between returns what is between two texts in page.
func between(page, before, after string) string {
	_, rest, _ := strings.Cut(page, before)
	found, _, _ := strings.Cut(rest, after)
	return found
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
