package browser_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	_ "github.com/countersign-go/countersign/auth/login/emailpass" // so that go test runs the tests again where it has changed
)

// shopProgram makes examples/medusa, once, and returns where it is.
var shopProgram = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(work, "medusa")
	build := exec.Command("go", "build", "-o", binary, "./examples/medusa")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
})

// modules gets the SDK of the lock file of ../sdk, once, and returns the folder that has its node_modules.
var modules = sync.OnceValues(func() (string, error) {
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join("..", "sdk", name))
		if err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(work, name), text, 0o644); err != nil {
			return "", err
		}
	}
	npm := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=5")
	npm.Dir = work
	if out, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return work, nil
})

// servePages serves the page of the shop, with the SDK as it comes from npm, and returns its origin.
func servePages(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil && os.Getenv("COUNTERSIGN_TEST_REQUIRED") == "" {
		t.Skip("there is no npm on this machine")
	}
	dir, err := modules()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir("shop")))
	mux.Handle("/node_modules/", http.FileServer(http.Dir(dir)))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1) // the same site as the API
}

// A shop is examples/medusa, running on a port of its own for the pages of an origin.
type shop struct{ url, publishableKey string }

func startShop(t *testing.T, origin string) shop {
	t.Helper()
	binary, err := shopProgram()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "-addr", "localhost:0", "-alg", "RS256", "-origin", origin)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	var s shop
	var password, secretKey string
	if _, err := fmt.Fscanf(stdout, "listening on %s\nadmin: admin@example.com %s\nsecret key: %s\npublishable key: %s\n",
		&s.url, &password, &secretKey, &s.publishableKey); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }() // or it would wait for a reader
	return s
}

// visit opens the page, where the SDK has the settings of auth.
func (s shop) visit(b *tab, auth map[string]string) {
	b.Helper()
	config, err := json.Marshal(map[string]any{"baseUrl": s.url, "publishableKey": s.publishableKey, "auth": auth})
	if err != nil {
		b.Fatal(err)
	}
	b.open("/?" + url.Values{"config": {string(config)}}.Encode())
	b.await(`window.outcome !== undefined`)
}

// call has the SDK do something, and fails the test unless that comes out as it should.
func (b *tab) call(expression, want string) {
	b.Helper()
	got := run(b, expression, chromedp.Evaluate[string](`outcome(sdk.`+expression+`)`, chromedp.EvalAwaitPromise))
	if got != want {
		b.Errorf("%s: got %q, want %q", expression, got, want)
	}
}

func (b *tab) reload() {
	b.Helper()
	b.leave("reload", chromedp.Reload())
	b.await(`window.outcome !== undefined`)
}

const (
	annPassword = "only the page knows it"
	credentials = `"customer", "emailpass", {email: "ann@example.com", password: "` + annPassword + `"}`
	turnedAway  = "FetchError 401 Unauthorized"
)

// register makes a customer. The token of the registration is handed over as it is where the SDK sends none.
func (b *tab) register() {
	b.Helper()
	b.call(`auth.register(`+credentials+`).then(token =>
		sdk.store.customer.create({email: "ann@example.com"}, {}, {Authorization: "Bearer " + token}))`, "ann@example.com")
}

func TestShopLogIn(t *testing.T) {
	for name, auth := range map[string]map[string]string{
		"local storage":   {"type": "jwt", "jwtTokenStorageMethod": "local"},
		"session storage": {"type": "jwt", "jwtTokenStorageMethod": "session"},
		"the default":     {"type": "jwt"},
		"cookies":         {"type": "session"},
		"cookies, said":   {"type": "session", "fetchCredentials": "include"},
	} {
		t.Run(name, func(t *testing.T) {
			origin := servePages(t)
			s := startShop(t, origin)
			b := newTab(t, origin, 1280)
			s.visit(b, auth)
			b.call(`store.customer.retrieve()`, turnedAway)
			b.register()
			b.call(`auth.login("customer", "emailpass", {email: "ann@example.com", password: "not hers at all"})`,
				"FetchError 401 Invalid email or password")
			b.call(`auth.login(`+credentials+`)`, "ok")
			b.call(`store.customer.retrieve()`, "ann@example.com")
			b.reload()
			b.call(`store.customer.retrieve()`, "ann@example.com")
			b.call(`auth.refresh()`, "ok")
			b.call(`store.customer.retrieve()`, "ann@example.com")
			b.reload()
			b.call(`store.customer.retrieve()`, "ann@example.com")
			b.call(`store.product.list()`, "ok")
			expect(t, "cookies that scripts see", eval[string](b, `document.cookie`), "")
			b.call(`auth.logout()`, "ok")
			b.call(`store.customer.retrieve()`, turnedAway)
			b.reload()
			b.call(`store.customer.retrieve()`, turnedAway)
			b.call(`auth.login(`+credentials+`)`, "ok")
			b.call(`store.customer.retrieve()`, "ann@example.com")
		})
	}
}

// Where the SDK is told to leave cookies out, whoever logs in stays a stranger: the cookie is neither kept nor sent.
func TestShopWithoutCookies(t *testing.T) {
	for _, credentialsMode := range []string{"same-origin", "omit"} {
		t.Run(credentialsMode, func(t *testing.T) {
			origin := servePages(t)
			s := startShop(t, origin)
			b := newTab(t, origin, 1280)
			s.visit(b, map[string]string{"type": "session", "fetchCredentials": credentialsMode})
			b.register()
			b.call(`auth.login(`+credentials+`)`, "ok")
			b.call(`store.customer.retrieve()`, turnedAway)
			b.call(`auth.refresh()`, turnedAway)
			b.call(`auth.logout()`, turnedAway)
			b.reload()
			b.call(`store.customer.retrieve()`, turnedAway)
		})
	}
}

// A page of an origin that the server was not told of gets no answer, cookie or not.
func TestShopOfAnotherOrigin(t *testing.T) {
	origin, other := servePages(t), servePages(t)
	s := startShop(t, origin)
	b := newTab(t, origin, 1280)
	s.visit(b, map[string]string{"type": "session"})
	b.register()
	b.call(`auth.login(`+credentials+`)`, "ok")
	b.base = other
	for _, kind := range []string{"session", "jwt"} {
		s.visit(b, map[string]string{"type": kind})
		b.call(`store.customer.retrieve()`, "TypeError Failed to fetch")
		b.call(`auth.logout()`, map[string]string{"session": "TypeError Failed to fetch", "jwt": "ok"}[kind])
	}
	b.base = origin
	s.visit(b, map[string]string{"type": "session"})
	b.call(`store.customer.retrieve()`, "ann@example.com")
}
