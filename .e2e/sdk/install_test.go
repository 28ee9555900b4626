package sdk_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// work is a folder for what the tests share.
var work string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	var err error
	if work, err = os.MkdirTemp("", "countersign-sdk"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(work)
	return m.Run()
}

// installed puts the SDK of package-lock.json into the folder, beside the scripts that use it.
var installed = sync.OnceValue(func() error {
	scripts, err := filepath.Glob("*.mjs")
	if err != nil {
		return err
	}
	for _, name := range append(scripts, "package.json", "package-lock.json") {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(work, name), text, 0o644); err != nil {
			return err
		}
	}
	npm := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=5")
	npm.Dir = work
	if out, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return nil
})

// install sees to it that the SDK is there, or skips the test, which fails where it is required.
func install(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil && os.Getenv("COUNTERSIGN_TEST_REQUIRED") == "" {
		t.Skip("there is no npm on this machine")
	}
	if err := installed(); err != nil {
		t.Fatal(err)
	}
}

// node runs a script, fails unless it succeeds, and returns how many calls of the SDK it says that it has made.
func node(t *testing.T, script string, env ...string) int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", script)
	cmd.Dir = work
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("node %s: %v\n%s", script, err, out)
	}
	var calls int
	if _, err := fmt.Sscanf(string(out), "calls: %d\n", &calls); err != nil || calls == 0 {
		t.Fatalf("node %s printed no count: %s", script, out)
	}
	return calls
}
