package resourceserver_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/countersign-go/countersign/auth"
	_ "github.com/countersign-go/countersign/jwks"
	_ "github.com/countersign-go/countersign/jwtx"
	_ "github.com/countersign-go/countersign/store/memory"
)

// build returns where both programs are. That they are read here, and what they are made of is imported, tells Go when a
// result of this test is out of date.
func build(t *testing.T) string {
	t.Helper()
	programs := t.TempDir()
	for _, source := range []string{"issuer/main.go", "api/main.go"} {
		if _, err := os.ReadFile(source); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("go", "build", "-o", programs, "./issuer", "./api").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return programs
}

// start runs a program, and returns the URL that ends its first line.
func start(t *testing.T, program string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, append([]string{"-addr", "127.0.0.1:0"}, args...)...)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line[strings.LastIndexByte(strings.TrimSpace(line), ' ')+1:])
}

func mint(t *testing.T, issuer, path string) string {
	t.Helper()
	answer, err := http.Post(issuer+path, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	token, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", path, answer.Status, err)
	}
	return strings.TrimSpace(string(token))
}

// call returns the status that the resource server answers a token with.
func call(t *testing.T, api, token string) int {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, api+"/orders", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// kid returns the ID of the key that signed a token.
func kid(t *testing.T, token string) string {
	t.Helper()
	head, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(head)
	var header struct{ Kid string }
	if err != nil || json.Unmarshal(text, &header) != nil || header.Kid == "" {
		t.Fatalf("header %s", text)
	}
	return header.Kid
}

// Over ten changes of the key no good token is refused, and in the end those of retired keys are.
func TestRotations(t *testing.T) {
	const rotations = 10
	programs := build(t)
	issuer := start(t, filepath.Join(programs, "issuer"), "-rotate", "1400ms")
	api := start(t, filepath.Join(programs, "api"), "-issuer", issuer)
	retired := mint(t, issuer, "/token-for-too-long")
	if got := call(t, api, retired); got != http.StatusOK {
		t.Fatalf("the first token: answered with %d", got)
	}
	keys, tokens, refused := map[string]bool{}, 0, 0
	for deadline := time.Now().Add(time.Minute); len(keys) <= rotations && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		token := mint(t, issuer, "/token")
		keys[kid(t, token)] = true
		tokens++
		if got := call(t, api, token); got != http.StatusOK {
			refused++
			t.Errorf("token %d, of key %d: answered with %d", tokens, len(keys), got)
		}
	}
	t.Logf("%d tokens of %d keys, %d refused", tokens, len(keys), refused)
	if len(keys) <= rotations {
		t.Errorf("%d keys in a minute, want more than %d", len(keys), rotations)
	}
	if got := call(t, api, retired); got != http.StatusUnauthorized {
		t.Errorf("a token of a retired key: answered with %d", got)
	}
}
