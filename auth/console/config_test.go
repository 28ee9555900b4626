package console_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/console"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

func TestConfig(t *testing.T) {
	keys := must(apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil)}))
	t.Cleanup(func() { _ = keys.Close(context.Background()) })
	guard := auth.New(auth.Header("X-API-Key", keys), nil)
	tests := []struct {
		name string
		edit func(*console.Config)
		want string // what is wrong, one in each line
	}{
		{"the least", func(*console.Config) {}, ""},
		{"a longer path", func(c *console.Config) { c.Path = "/admin/console" }, ""},
		{"nothing to manage", func(c *console.Config) { c.Keys = nil }, "console: neither Keys nor Sessions"},
		{"no guard", func(c *console.Config) { c.Guard = nil }, "console: no Guard"},
		{"a nil rule", func(c *console.Config) { c.Rules = []auth.Rule{nil} }, "console: a nil Rule"},
		{"a path without a slash", func(c *console.Config) { c.Path = "console" }, `console: Path "console" is not a clean path below /, without a slash at its end`},
		{"a path with a slash at its end", func(c *console.Config) { c.Path = "/c/" }, `console: Path "/c/" is not a clean path below /, without a slash at its end`},
		{"the root", func(c *console.Config) { c.Path = "/" }, `console: Path "/" is not a clean path below /, without a slash at its end`},
		{"a pattern", func(c *console.Config) { c.Path = "/{x}" }, `console: Path "/{x}" is not a clean path below /, without a slash at its end`},
		{"a path to be escaped", func(c *console.Config) { c.Path = "/a b" }, `console: Path "/a b" is not a clean path below /, without a slash at its end`},
		{"another host", func(c *console.Config) { c.SignedOut = "https://evil.example/" }, `console: SignedOut "https://evil.example/" is not a path on the same host`},
		{"another host without a scheme", func(c *console.Config) { c.SignedOut = "//evil.example" }, `console: SignedOut "//evil.example" is not a path on the same host`},
		{"another host by a backslash", func(c *console.Config) { c.SignedOut = `/\evil.example` }, `console: SignedOut "/\\evil.example" is not a path on the same host`},
		{"no scope", func(c *console.Config) { c.Scopes = []string{"a", "", "b c", "a"} },
			"console: Scopes[1] is not a scope\nconsole: Scopes[2] is not a scope\nconsole: Scopes[3] is there twice"},
		{"too many scopes", func(c *console.Config) { c.Scopes = strings.Split(strings.Repeat("x", 101), "") }, "console: more than 100 Scopes\n" +
			strings.Join(twice(101), "\n")},
		{"all of it", func(c *console.Config) { *c = console.Config{Path: "x"} },
			"console: neither Keys nor Sessions\nconsole: no Guard\nconsole: Path \"x\" is not a clean path below /, without a slash at its end"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := console.Config{Keys: keys, Guard: guard}
			tt.edit(&c)
			h, err := console.New(c)
			check(t, "mistakes", text(err), tt.want)
			check(t, "there is a handler", h != nil, err == nil)
		})
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// twice are the mistakes of n times the same scope.
func twice(n int) (all []string) {
	for i := 1; i < n; i++ {
		all = append(all, fmt.Sprintf("console: Scopes[%d] is there twice", i))
	}
	return all
}

// What a manager is not there for has no pages, and the first page is one that is there.
func TestConfigOneManager(t *testing.T) {
	keys := must(apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil)}))
	t.Cleanup(func() { _ = keys.Close(context.Background()) })
	sessions := must(session.New(session.Config{Store: memory.NewSessions(nil), Keys: [][]byte{[]byte(strings.Repeat("k", 32))}}))
	guard := auth.New(sessions.Scheme(), nil)
	tests := []struct {
		name        string
		config      console.Config
		first       string
		keys, login int
	}{
		{"keys only", console.Config{Keys: keys, Guard: guard, Path: "/a/b"}, "/a/b/keys", http.StatusOK, http.StatusNotFound},
		{"sessions only", console.Config{Sessions: sessions, Guard: guard, Path: "/a/b"}, "/a/b/sessions", http.StatusNotFound, http.StatusOK},
		{"both", console.Config{Keys: keys, Sessions: sessions, Guard: guard, Path: "/a/b"}, "/a/b/keys", http.StatusOK, http.StatusOK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &site{Handler: must(console.New(tt.config))}
			check(t, "from the path", s.as(ann, "GET", "/a/b", nil).Header().Get("Location"), tt.first)
			check(t, "from the start", s.as(ann, "GET", "/a/b/", nil).Header().Get("Location"), tt.first)
			check(t, "keys", s.as(ann, "GET", "/a/b/keys", nil).Code, tt.keys)
			check(t, "sessions", s.as(ann, "GET", "/a/b/sessions", nil).Code, tt.login)
		})
	}
}

// What is handed to New is its own from then on.
func TestConfigCopied(t *testing.T) {
	scopes, rules := []string{"reports:read"}, []auth.Rule{auth.ActorType("user")}
	s := newSite(t, func(c *console.Config, _ *apikey.Config, _ *session.Config) { c.Scopes, c.Rules = scopes, rules })
	scopes[0], rules[0] = "changed", func(*http.Request, auth.AuthContext) error { return no("changed") }
	w := s.as(ann, "GET", "/console/keys/new", nil)
	check(t, "status", w.Code, http.StatusOK)
	contains(t, "the form", w.Body.String(), `value="reports:read"`)
}
