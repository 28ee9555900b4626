package oidc_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// install puts the provider of package-lock.json into a new folder, beside the script that serves it, and returns the folder.
func install(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil && os.Getenv("COUNTERSIGN_TEST_REQUIRED") == "" {
		t.Skip("there is no npm on this machine")
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "provider.mjs"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=5")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm: %v\n%s", err, out)
	}
	return dir
}

// serve starts the provider, which ends with the test, and returns its issuer.
func serve(t *testing.T, dir string) string {
	t.Helper()
	cmd := exec.Command("node", "provider.mjs")
	cmd.Dir = dir
	var log strings.Builder
	cmd.Stderr = &log
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if inErr != nil || outErr != nil {
		t.Fatal(inErr, outErr)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		timer := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
		_ = cmd.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if issuer, ok := strings.CutPrefix(lines.Text(), "issuer: "); ok {
			return issuer
		}
	}
	_ = cmd.Wait()
	t.Fatalf("the provider does not start: %s", log.String())
	return ""
}

// A browser is somebody's: it keeps the cookies of the provider and of the site, and follows no redirect by itself.
type browser struct{ *http.Client }

func newBrowser(t *testing.T, transport http.RoundTripper) browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return browser{&http.Client{
		Transport: transport, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

var action = regexp.MustCompile(`action="([^"]+)" method="post">\s*<input type="hidden" name="prompt" value="([a-z]+)"`)

// logIn does what somebody does on the provider's pages, from where the site sent the browser to until the provider sends it
// back, and returns what it brings along.
func (b browser) logIn(t *testing.T, location, name string) url.Values {
	t.Helper()
	for range 20 {
		page, next := b.get(t, location)
		if next == "" {
			form := action.FindStringSubmatch(page)
			if form == nil {
				t.Fatalf("a page without a form: %s", page)
			}
			if name == "" { // who has changed his mind
				next = form[1] + "/abort"
			} else {
				next = b.post(t, form[1], url.Values{"prompt": {form[2]}, "login": {name}, "password": {"any"}})
			}
		}
		to, err := url.Parse(location)
		if err == nil {
			to, err = to.Parse(next)
		}
		if err != nil {
			t.Fatal(err)
		}
		if to.Host == "shop.example" {
			return to.Query()
		}
		location = to.String()
	}
	t.Fatal("the provider sends the browser around")
	return nil
}

// get returns a page, or where it redirects to.
func (b browser) get(t *testing.T, location string) (page, next string) {
	t.Helper()
	r, err := b.Get(location)
	if err != nil {
		t.Fatal(err)
	}
	return body(t, r), r.Header.Get("Location")
}

func (b browser) post(t *testing.T, location string, form url.Values) (next string) {
	t.Helper()
	r, err := b.PostForm(location, form)
	if err != nil {
		t.Fatal(err)
	}
	if text := body(t, r); r.Header.Get("Location") == "" {
		t.Fatalf("status %d: %s", r.StatusCode, text)
	}
	return r.Header.Get("Location")
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
