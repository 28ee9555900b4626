package console

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

const (
	// DefaultPath is where the console is mounted unless [Config] says otherwise.
	DefaultPath = "/console"

	// DefaultTitle is what the console is called unless [Config] says otherwise.
	DefaultTitle = "Console"

	maxScopes = 100 // that can be offered
)

// Config says what is managed on the pages, and who may come in. Guard is required, and at least one manager.
type Config struct {
	Keys     *apikey.Manager  // its store is an apikey.Index; nil: there are no pages about keys
	Sessions *session.Manager // its store is a session.Index; nil: there are no pages about sessions

	// Guard lets in whom it accepts and who satisfies all Rules, see [auth.Guard.Require]. It answers everybody else, and
	// what a policy forbids, in its own way.
	Guard *auth.Guard
	Rules []auth.Rule

	// Path is where the handler is mounted, such as "/admin/console". Default: [DefaultPath].
	Path string
	// Title is what the pages call the console, such as the name of the application. Default: [DefaultTitle].
	Title string
	// Scopes are offered for new keys, to somebody who has them. Default: they are typed in.
	Scopes []string
	// SignedOut is the path on the same host that somebody is sent to who has ended the session they came with. What is there
	// must not redirect to another host: browsers do not follow, see the package comment. Default: "/".
	SignedOut string
	// CrossOrigin refuses requests made by other sites' pages. Default: only the server's own origin is trusted, which is
	// https but for loopback hosts.
	CrossOrigin *auth.CrossOrigin
	// Logger gets what could not be found out, without credentials. Default: slog.Default().
	Logger *slog.Logger
}

// withDefaults returns c with defaults for what is zero, and all that is wrong with it.
func (c Config) withDefaults() (Config, error) {
	setDefault(&c.Path, DefaultPath)
	setDefault(&c.Title, DefaultTitle)
	setDefault(&c.SignedOut, "/")
	c.Rules, c.Scopes = slices.Clone(c.Rules), slices.Clone(c.Scopes)
	var errs []error
	wrong := func(is bool, format string, args ...any) {
		if is {
			errs = append(errs, fmt.Errorf("console: "+format, args...))
		}
	}
	wrong(c.Keys == nil && c.Sessions == nil, "neither Keys nor Sessions")
	wrong(c.Guard == nil, "no Guard")
	wrong(slices.ContainsFunc(c.Rules, func(r auth.Rule) bool { return r == nil }), "a nil Rule")
	wrong(!isPath(c.Path) || c.Path == "/", "Path %q is not a clean path below /, without a slash at its end", c.Path)
	wrong(!isLocal(c.SignedOut), "SignedOut %q is not a path on the same host", c.SignedOut)
	wrong(len(c.Scopes) > maxScopes, "more than %d Scopes", maxScopes)
	for i, scope := range c.Scopes {
		wrong(!auth.IsScope(scope), "Scopes[%d] is not a scope", i)
		wrong(slices.Contains(c.Scopes[:i], scope), "Scopes[%d] is there twice", i)
	}
	return c, errors.Join(errs...)
}

func setDefault(s *string, to string) {
	if *s == "" {
		*s = to
	}
}

// isPath reports whether p can be the beginning of a pattern of [http.ServeMux].
func isPath(p string) bool {
	return strings.HasPrefix(p, "/") && path.Clean(p) == p && (&url.URL{Path: p}).EscapedPath() == p && !strings.ContainsAny(p, "{}")
}

// isLocal reports whether a browser that is sent to target stays on the host. A backslash is a slash to it.
func isLocal(target string) bool {
	u, err := url.Parse(target)
	return err == nil && u.Scheme == "" && u.Host == "" && strings.HasPrefix(target, "/") &&
		!strings.HasPrefix(target, "//") && !strings.Contains(target, `\`)
}
