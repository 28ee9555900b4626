package authtest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/authtest"
)

// refuseAll is a scheme that nobody gets past.
var refuseAll = auth.SchemeFunc(func(*http.Request) (*auth.AuthContext, error) { return nil, noTicket })

func TestAsEnforcesTheRules(t *testing.T) {
	user := auth.Actor{Type: "user", ID: "u1"}
	for _, test := range []struct {
		name string
		ac   auth.AuthContext
		want int
	}{
		{"an actor with the scope passes", auth.AuthContext{Actor: user, Scopes: auth.NewSet("read")}, 200},
		{"an actor without the scope does not", auth.AuthContext{Actor: user}, 403},
		{"nobody does not", auth.AuthContext{Scopes: auth.NewSet("read")}, 401},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			h := auth.New(refuseAll, nil).Require(auth.Scopes("read"))(http.HandlerFunc(showActor))
			h.ServeHTTP(w, authtest.As(httptest.NewRequest("GET", "/", nil), test.ac))
			if w.Code != test.want {
				t.Errorf("got %d %s, want %d", w.Code, w.Body, test.want)
			}
		})
	}
}

func TestAsReachesAHandlerWithoutAGuard(t *testing.T) {
	ac := auth.AuthContext{Factors: []auth.Factor{{Method: "pwd"}}}
	r := authtest.As(httptest.NewRequest("GET", "/", nil), ac)
	got, ok := auth.FromContext(r.Context())
	if !ok {
		t.Fatal("found nothing")
	}
	got.Factors[0].Method = "changed"
	if again, _ := auth.FromContext(r.Context()); again.Factors[0].Method != "pwd" {
		t.Error("a handler's change reached the next look")
	}
}

// TestAsWorksInTestsOnly runs a program that is none.
func TestAsWorksInTestsOnly(t *testing.T) {
	const program = `package main

import (
	"net/http/httptest"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/authtest"
)

func main() { authtest.As(httptest.NewRequest("GET", "/", nil), auth.AuthContext{}) }
`
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "run", file).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "authtest: As: not in a test") {
		t.Errorf("got %v: %s", err, out)
	}
}

func showActor(w http.ResponseWriter, r *http.Request) {
	ac, _ := auth.FromContext(r.Context())
	fmt.Fprintln(w, ac.Actor.Type, ac.Actor.ID)
}

func ExampleAs() {
	guard := auth.New(refuseAll, nil)
	handler := guard.Require(auth.Roles("admin"))(http.HandlerFunc(showActor))

	r := authtest.As(httptest.NewRequest("GET", "/settings", nil), auth.AuthContext{
		Actor: auth.Actor{Type: "user", ID: "u1"},
		Roles: auth.NewSet("admin"),
	})
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Print(w.Code, " ", w.Body)
	// Output: 200 user u1
}
