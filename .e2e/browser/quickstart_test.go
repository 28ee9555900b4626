package browser_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	_ "github.com/countersign-go/countersign/auth/console" // so that go test runs the tests again where it has changed
)

// program is where the quickstart is, in the folder for what the tests share.
var program, work string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "countersign-quickstart")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program, work = filepath.Join(dir, "quickstart"), dir
	build := exec.Command("go", "build", "-o", program, "./examples/quickstart")
	build.Dir = "../.."
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	defer func() {
		for _, end := range chromium.end {
			end()
		}
	}()
	return m.Run()
}

// A quickstart is the program, running on a port of its own.
type quickstart struct{ url, key string }

func startQuickstart(t *testing.T) quickstart {
	t.Helper()
	cmd := exec.Command(program, "-addr", "127.0.0.1:0")
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	var q quickstart
	if _, err := fmt.Fscanf(stdout, "listening on %s\napi key: %s\n", &q.url, &q.key); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, stdout) }() // or it would wait for a reader
	return q
}

const (
	email    = "demo@example.com"
	password = "correct horse battery staple"
)

// login opens a tab and logs in there.
func (q quickstart) login(t *testing.T, width int64) *tab {
	t.Helper()
	b := newTab(t, q.url, width)
	b.open("/")
	b.logIn()
	return b
}

func (b *tab) logIn() {
	b.Helper()
	b.fill("input[name=email]", email)
	b.fill("input[name=password]", password)
	if got := b.press("form[action='/login'] button"); got != 200 || b.where() != "/" {
		b.Fatalf("log-in: %d at %s", got, b.where())
	}
	b.want("Manage your API keys")
}

func quote(s string) string { return strconv.Quote(s) }
