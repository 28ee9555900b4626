package console

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/countersign-go/countersign/auth"
)

// A console is what [New] returns a handler for. It does not change.
type console struct {
	config Config
	turns  turns
	pages  *auth.Guard // never asked who a request is from: it answers refusals by a page of the console
}

// New returns the handler that c describes, or all that is wrong with c. It serves Config.Path and everything below:
//
//	mux.Handle("/console/", handler)
func New(c Config) (http.Handler, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	k := &console{config: c, turns: newTurns()}
	nobody := auth.SchemeFunc(func(*http.Request) (*auth.AuthContext, error) { return nil, auth.NoCredentials() })
	k.pages = auth.New(nobody, &auth.Options{ErrorHandler: k.showRefusal, Logger: c.Logger})
	guarded := c.Guard.Require(c.Rules...)(k.mux())
	assets := newAssets(c.Path)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header())
		if asset, ok := assets[r.URL.Path]; ok {
			asset.ServeHTTP(w, r) // the same for everybody, so nobody is asked who they are
			return
		}
		if err := c.CrossOrigin.Check(r); err != nil {
			c.Guard.Refuse(w, r, err)
			return
		}
		guarded.ServeHTTP(w, r)
	}), nil
}

// policy lets a page load the stylesheet and the script of the console, and send forms to the host it came from.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// secure sets what goes with every answer, whoever writes it.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	// Not no-referrer, by which browsers send "Origin: null" along with forms.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// methods are what can be done at one path.
type methods map[string]func(*visit) error

// mux returns what is behind the guard.
func (k *console) mux() *http.ServeMux {
	mux := http.NewServeMux()
	start := methods{http.MethodGet: (*visit).start}
	routes := map[string]methods{"": start, "/{$}": start}
	if k.config.Keys != nil {
		maps.Copy(routes, keyRoutes)
	}
	if k.config.Sessions != nil {
		maps.Copy(routes, sessionRoutes)
	}
	for path, methods := range routes {
		mux.Handle(k.config.Path+path, k.serve(methods.answer))
	}
	mux.Handle("/", k.serve(func(*visit) error { return errNoPage }))
	return mux
}

// answer does what the method of the request asks for.
func (m methods) answer(v *visit) error {
	method := v.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if do := m[method]; do != nil {
		return do(v)
	}
	allowed := slices.Sorted(maps.Keys(m))
	if m[http.MethodGet] != nil {
		allowed = append(allowed, http.MethodHead)
	}
	v.w.Header().Set("Allow", strings.Join(allowed, ", "))
	return &auth.Error{Status: http.StatusMethodNotAllowed, Err: fmt.Errorf("console: method %.20q", v.r.Method)}
}

// start sends to the first page there is.
func (v *visit) start() error {
	if v.config.Keys != nil {
		return v.redirect("/keys", "")
	}
	return v.redirect("/sessions", "")
}
