package login

import (
	_ "embed" // the document
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/wire"
)

// DefaultPath is where [NewHandler] expects to be served unless [HandlerOptions] says otherwise.
const DefaultPath = "/auth"

// HandlerOptions are the settings of [NewHandler]. The zero value is the default.
type HandlerOptions struct {
	Path string // where the handler is served: all that is below. Default: "/auth"
}

//go:embed openapi.json
var document []byte

// NewHandler returns the HTTP API to log in, to register, to reset credentials and to end a session, as the package comment
// lists its routes. Those that want somebody who is logged in ask guard, which accepts the cookies and the tokens of the
// service's sessions, those of the kind jwtx.Registration included; all refusals are guard's. Whoever logs in needs no
// credentials but those in the body: others that come along, such as an access token that has expired, are not looked at.
// The document that the handler serves at openapi.json, below its path, describes all of it, to anybody.
//
//	mux.Handle(login.DefaultPath+"/", login.NewHandler(service, guard, nil))
//
// No answer is a redirection, and nothing in a request says where a browser goes; an http.ServeMux in front does redirect paths
// that are not clean. A page of another origin needs CORS, in front of the handler.
//
// NewHandler panics if s or guard is nil, and for a path that begins with no slash, ends with one, or has other characters in
// it than letters, digits and "-._~/". nil opts are fine.
func NewHandler(s *Service, guard *auth.Guard, opts *HandlerOptions) http.Handler {
	if s == nil || guard == nil {
		panic("login: NewHandler: nil Service or Guard")
	}
	path := DefaultPath
	if opts != nil && opts.Path != "" {
		path = opts.Path
	}
	h := handler{s, guard}
	return wire.Routes{
		"POST /{actor}/{provider}":                h.logIn,
		"GET /{actor}/{provider}":                 h.logIn,
		"POST /{actor}/{provider}/register":       h.register,
		"POST /{actor}/{provider}/callback":       h.callback,
		"GET /{actor}/{provider}/callback":        h.callback,
		"POST /{actor}/{provider}/reset-password": h.requestReset,
		"POST /{actor}/{provider}/update":         h.reset,
		"GET /{actor}/providers":                  h.providers,
		"POST /token/refresh":                     h.private(h.refresh),
		"POST /session":                           h.private(h.startSession),
		"DELETE /session":                         h.private(h.endSession),
		"POST /verification/request":              h.private(h.requestVerification),
		"POST /verification/confirm":              h.confirmVerification,
		"GET /openapi.json": wire.OpenAPI(document, func(below string) string {
			return path + strings.TrimPrefix(below, DefaultPath)
		}),
		// Or they would be log-ins, by "refresh" as a "token", which are not there.
		"GET /token/refresh":        onlyPost,
		"GET /verification/request": onlyPost,
		"GET /verification/confirm": onlyPost,
	}.Under(path).Handler(guard)
}

// private puts the handler of a route behind the guard, which lets in who has logged in, with or without an actor.
func (h handler) private(handle func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	behind := h.guard.Require(auth.AllowUnregistered)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			h.guard.Refuse(w, r, err)
		}
	}))
	return func(w http.ResponseWriter, r *http.Request) error {
		behind.ServeHTTP(w, r)
		return nil
	}
}

func onlyPost(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Allow", "POST")
	return &auth.Error{Status: http.StatusMethodNotAllowed}
}

// A handler answers the requests of the HTTP API.
type handler struct {
	*Service
	guard *auth.Guard
}

// method returns the method of an ID, if that type of actor may use it.
func (s *Service) method(kind, id string) (Method, error) {
	m, ok := s.methods[id]
	if !ok || !slices.Contains(s.config.Actors[kind], id) {
		return Method{}, wire.NotAllowed("The actor type %s is not allowed to use the auth provider %s", shown(kind), shown(id))
	}
	return m, nil
}

// shown returns a name from a path, or something in its place if it is not like names are.
func shown(name string) string {
	if !isPathName(strings.ToLower(name), "_.") {
		return "…"
	}
	return name
}

// named returns the type of actor and the ID of the method in r's path, unless they are words of the protocol.
func named(r *http.Request) (kind, id string, err error) {
	kind, id = r.PathValue("actor"), r.PathValue("provider")
	if slices.Contains(reservedActors, kind) || slices.Contains(reservedMethods, id) {
		return "", "", wire.NotFound("Not Found")
	}
	return kind, id, nil
}

// errEmbedded is for what another site's page embeds, such as an image: it would count as an attempt from the network of
// whoever looks at that page.
var errEmbedded = &auth.Error{
	Status: http.StatusForbidden, Err: errors.New("login: a request of another site's page, which cannot read the answer"),
}

// inquiry returns what a provider is asked about r, of which the path says which provider.
func (h handler) inquiry(w http.ResponseWriter, r *http.Request) (*inquiry, error) {
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Mode") == "no-cors" {
		return nil, errEmbedded
	}
	kind, id, err := named(r)
	if err != nil {
		return nil, err
	}
	m, err := h.method(kind, id)
	if err != nil {
		return nil, err
	}
	fields, err := readFields(w, r, m)
	if err != nil {
		return nil, err
	}
	return h.inquire(w, r, kind, m, fields), nil
}

// maxQuery bounds a query, in bytes.
const maxQuery = 8 << 10

// readFields returns what looks up the fields in r: in its body or, if it is a GET, in its query. A provider whose pages are
// not elsewhere gets nothing from a query, since a password would be in logs and histories.
func readFields(w http.ResponseWriter, r *http.Request, m Method) (func(string) (any, bool), error) {
	if r.Method == http.MethodPost {
		members, err := wire.Object(w, r)
		return func(name string) (any, bool) {
			var value any
			raw, ok := members[name]
			return value, ok && json.Unmarshal(raw, &value) == nil
		}, err
	}
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET, POST")
		return nil, &auth.Error{Status: http.StatusMethodNotAllowed} // HEAD logs nobody in
	}
	if len(r.URL.RawQuery) > maxQuery { // before it is taken apart
		return nil, wire.Invalid("Invalid request: The query is longer than 8 KiB")
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, wire.Invalid("Invalid request: The query is malformed")
	}
	_, elsewhere := m.Provider.(Callbacker)
	return func(name string) (any, bool) {
		switch texts := values[name]; {
		case len(texts) == 0 || !elsewhere:
			return nil, false
		case len(texts) > 1:
			return texts, true // which is no string
		default:
			return texts[0], true
		}
	}, nil
}

// bareSender returns who sent r, whose body says nothing.
func bareSender(w http.ResponseWriter, r *http.Request) (auth.AuthContext, error) {
	by, err := sender(r)
	if err == nil {
		_, err = wire.Object(w, r)
	}
	return by, err
}

// sender returns who sent r, which the guard let pass: somebody who logged in. An API key did not.
func sender(r *http.Request) (auth.AuthContext, error) {
	by, _ := auth.FromContext(r.Context())
	return by, mustLogIn(by)
}

type success struct {
	Success bool `json:"success"`
}
