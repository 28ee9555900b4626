package drivertest_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

var update = flag.Bool("update", false, "write the table of suites into ../../README.md")

// readme has a table of the suites that each backend passes, between two lines that are comments.
const (
	readme = "../../README.md"
	begins = "<!-- suites: written by go -C store/internal/drivertest test . -update -->\n"
	ends   = "<!-- end of suites -->\n"
)

// TestMain does the job that a test has started this process for. Else it runs the tests, and holds the table against what
// passed, where all of it ran and nothing may be lacking.
func TestMain(m *testing.M) {
	if name := os.Getenv(jobVariable); name != "" {
		if err := doJob(jobs[name]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	flag.Parse()
	code := m.Run()
	whole := flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.list").Value.String() == ""
	if code == 0 && whole && (*update || os.Getenv("COUNTERSIGN_TEST_REQUIRED") != "") {
		if err := passed.compare(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// passed is what the suites of this run found.
var passed table

// A table has the suites that passed, by backend and by what is kept.
type table struct {
	mu       sync.Mutex
	backends []string
	suites   map[[2]string][]string
}

// suite runs a suite and notes that it passed.
func suite(t *testing.T, backend, of, name string, f func(t *testing.T)) {
	t.Run(of+" "+name, func(t *testing.T) {
		t.Cleanup(func() { passed.note(t, backend, of, name) })
		f(t)
	})
}

func (p *table) note(t *testing.T, backend, of, name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if backend == "" || t.Failed() || t.Skipped() {
		return
	}
	if !slices.Contains(p.backends, backend) {
		p.backends = append(p.backends, backend)
	}
	if p.suites == nil {
		p.suites = map[[2]string][]string{}
	}
	cell := [2]string{backend, of}
	if !slices.Contains(p.suites[cell], name) {
		p.suites[cell] = append(p.suites[cell], name)
		slices.Sort(p.suites[cell])
	}
}

// String returns the table as Markdown.
func (p *table) String() string {
	var b strings.Builder
	kinds := []string{"sessions", "API keys", "revocations", "key rings", "identities", "one-time tokens", "attempts"}
	fmt.Fprintf(&b, "| | %s |\n|---%s|\n", strings.Join(kinds, " | "), strings.Repeat("|---", len(kinds)))
	slices.Sort(p.backends)
	for _, backend := range p.backends {
		fmt.Fprintf(&b, "| %s |", backend)
		for _, of := range kinds {
			suites := p.suites[[2]string{backend, of}]
			if len(suites) == 0 {
				suites = []string{"–"}
			}
			fmt.Fprintf(&b, " %s |", strings.Join(suites, ", "))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// compare returns an error unless the README has this table, or gives it to it.
func (p *table) compare() error {
	text, err := os.ReadFile(readme)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(text), begins)
	was, after, alsoFound := strings.Cut(rest, ends)
	switch {
	case !found || !alsoFound:
		return fmt.Errorf("%s has no place for the table", readme)
	case was == p.String():
		return nil
	case *update:
		return os.WriteFile(readme, []byte(before+begins+p.String()+ends+after), 0o644)
	}
	return fmt.Errorf("%s has another table than what passed, see -update:\n%s", readme, p)
}
