package sdk_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	// So that go test runs the tests again where the program has changed.
	_ "github.com/countersign-go/countersign/apikey"
	_ "github.com/countersign-go/countersign/auth/console"
	_ "github.com/countersign-go/countersign/auth/login"
	_ "github.com/countersign-go/countersign/auth/login/emailpass"
)

// built makes examples/medusa, once, and returns where it is.
var built = sync.OnceValues(func() (string, error) {
	binary := filepath.Join(work, "medusa")
	build := exec.Command("go", "build", "-o", binary, "./examples/medusa")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
})

// A shop is examples/medusa, running on a port of its own.
type shop struct {
	url, password, secretKey, publishableKey string

	mails *httptest.Server
	mu    sync.Mutex
	sent  map[string]string // the last token by address and kind
}

// start runs the program, and reads what it prints. Its mail is served to scripts.
func start(t *testing.T, algorithm string) *shop {
	t.Helper()
	binary, err := built()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "-addr", "localhost:0", "-alg", algorithm, "-origin", "http://localhost:8000")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &shop{sent: map[string]string{}}
	s.mails = httptest.NewServer(s)
	t.Cleanup(func() {
		s.mails.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the program logged:\n%s", &log)
		}
	})
	lines := bufio.NewReader(stdout)
	if _, err := fmt.Fscanf(lines, "listening on %s\nadmin: admin@example.com %s\nsecret key: %s\npublishable key: %s\n",
		&s.url, &s.password, &s.secretKey, &s.publishableKey); err != nil {
		t.Fatal(err)
	}
	go s.read(lines)
	return s
}

// read keeps the mail that the program prints, until it ends.
func (s *shop) read(lines *bufio.Reader) {
	for {
		var address, kind, token string
		if _, err := fmt.Fscanf(lines, "mail to %s %s %s\n", &address, &kind, &token); err != nil {
			return
		}
		s.mu.Lock()
		s.sent[strings.TrimSuffix(address, ":")+" "+kind] = token
		s.mu.Unlock()
	}
}

// ServeHTTP answers with the token that was sent last to an address, which may still be on its way.
func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := r.FormValue("address") + " " + r.FormValue("kind")
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		token, ok := s.sent[key]
		delete(s.sent, key)
		s.mu.Unlock()
		if ok {
			fmt.Fprint(w, token)
			return
		}
	}
	http.NotFound(w, r)
}

// All that the SDK can do, in each of its modes, with tokens signed by a secret and by a key pair.
func TestShop(t *testing.T) {
	install(t)
	total := 0
	for _, algorithm := range []string{"HS256", "RS256"} {
		for _, mode := range []string{"memory", "custom", "nostore", "session", "key"} {
			t.Run(algorithm+" "+mode, func(t *testing.T) {
				s := start(t, algorithm) // each its own: the throttle takes all of them for one client
				calls := node(t, "shop.mjs", "BASE_URL="+s.url, "MAIL_URL="+s.mails.URL, "MODE="+mode, "ALGORITHM="+algorithm,
					"ADMIN_PASSWORD="+s.password, "SECRET_KEY="+s.secretKey, "PUBLISHABLE_KEY="+s.publishableKey)
				t.Logf("calls: %d", calls)
				total += calls
			})
		}
	}
	t.Logf("calls in all: %d", total)
}
