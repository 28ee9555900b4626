package wire

import (
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/countersign-go/countersign/auth"
)

// Routes are the handlers of an API by their patterns, which are those of [http.ServeMux] with a method in front, such as
// "GET /orders/{id}". The error of a handler is refused by a guard: it is one of [Decode], an [auth.Error], or whatever else
// [auth.Guard.Refuse] can tell; a handler that returns one has not answered.
type Routes map[string]func(w http.ResponseWriter, r *http.Request) error

// Under returns the routes with a path in front of theirs: "/" becomes that path itself. It panics unless the path begins
// with a slash, does not end with one, and has nothing in it that an URL or a pattern would read otherwise.
func (rs Routes) Under(parent string) Routes {
	if !isPath(parent) {
		panic("wire: Under: not a path: " + parent)
	}
	moved := Routes{}
	for pattern, h := range rs {
		method, below, _ := strings.Cut(pattern, " ")
		moved[method+" "+parent+strings.TrimSuffix(below, "/")] = h
	}
	return moved
}

func isPath(p string) bool {
	return len(p) > 1 && path.Clean(p) == p && p[0] == '/' && !strings.ContainsFunc(p, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("/-._~", c)
	})
}

// Handler returns the mux of the routes, whose refusals are those of guard, and which it does not put behind guard. A path
// that no pattern has is answered with 404, a method that its patterns do not have with 405 and Allow, both in JSON. Nothing
// is redirected: a path with a trailing slash, or one that is not clean, is another path, and one that no pattern has: a
// pattern that ends with a slash, or with {name...}, is for what is below. A pattern for GET takes HEAD too.
// What happens to rs afterwards does not matter.
//
// Handler panics if guard is nil, and for patterns that http.ServeMux panics for, or that have no method.
func (rs Routes) Handler(guard *auth.Guard) http.Handler {
	if guard == nil {
		panic("wire: Routes: nil Guard")
	}
	m := &mux{guard: guard, patterns: http.NewServeMux()}
	for _, pattern := range slices.Sorted(maps.Keys(rs)) {
		method, _, ok := strings.Cut(pattern, " ")
		if !ok || method == "" || rs[pattern] == nil {
			panic("wire: Routes: a pattern without a method, or without a handler: " + pattern)
		}
		m.methods = append(m.methods, method)
		m.patterns.Handle(pattern, route{guard, rs[pattern]})
	}
	if slices.Contains(m.methods, http.MethodGet) {
		m.methods = append(m.methods, http.MethodHead)
	}
	slices.Sort(m.methods)
	m.methods = slices.Compact(m.methods)
	return m
}

type mux struct {
	guard    *auth.Guard
	patterns *http.ServeMux
	methods  []string
}

// A route is the handler of one pattern.
type route struct {
	guard  *auth.Guard
	handle func(w http.ResponseWriter, r *http.Request) error
}

// ServeHTTP calls the handler, and refuses its error.
func (rt route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := rt.handle(w, r); err != nil {
		rt.guard.Refuse(w, r, err)
	}
}

// ServeHTTP calls the handler of the route that r asks for.
func (m *mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !isClean(r.URL):
		m.guard.Refuse(w, r, NotFound("Not Found"))
	case m.has(r, r.Method):
		m.patterns.ServeHTTP(w, r)
	default:
		m.refuse(w, r)
	}
}

// isClean reports whether http.ServeMux would look for u's path as it is, and not redirect to another.
func isClean(u *url.URL) bool {
	asked := u.EscapedPath()
	return path.Clean("/"+asked) == asked
}

// has reports whether there is a route for r's path and a method. Where only a slash is missing at the end of the path
// http.ServeMux has a handler of its own, which would redirect.
func (m *mux) has(r *http.Request, method string) bool {
	h, _ := m.patterns.Handler(&http.Request{Method: method, Host: r.Host, URL: r.URL})
	_, ok := h.(route)
	return ok
}

// refuse answers a request that there is no route for.
func (m *mux) refuse(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range m.methods {
		if m.has(r, method) {
			allowed = append(allowed, method)
		}
	}
	if allowed == nil {
		m.guard.Refuse(w, r, NotFound("Not Found"))
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	m.guard.Refuse(w, r, &auth.Error{Status: http.StatusMethodNotAllowed})
}
