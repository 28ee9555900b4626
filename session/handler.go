package session

import (
	_ "embed" // the document
	"math"
	"net/http"
	"strings"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/wire"
)

// Where [NewHandler] and [NewRefreshHandler] expect to be served unless [HandlerOptions] says otherwise.
const (
	DefaultPath        = "/admin/sessions"
	DefaultRefreshPath = "/auth/session/refresh"
)

// HandlerOptions are the settings of [NewHandler]. The zero value is the default.
type HandlerOptions struct {
	// Path is where the handler is served: there, and at all that is below. Default: "/admin/sessions".
	Path string
	// RefreshPath is where [NewRefreshHandler] is served, for the document to say: it serves nothing there itself.
	// Default: "/auth/session/refresh".
	RefreshPath string
	// Rules are what each request must satisfy, whatever it asks for. Whose sessions it may see and end is up to
	// Config.Policy.
	Rules []auth.Rule
}

//go:embed openapi.json
var document []byte

// NewHandler returns the HTTP API to see and end sessions. It stands behind guard: each request needs an actor, and satisfies
// the rules of opts; what it does, it does by [Manager.As], so that the policy of m is asked about it. All refusals are
// guard's. The document that the handler serves at openapi.json, below its path, describes all of it.
//
//	GET /admin/sessions               {sessions, count, offset, limit}, the oldest first; actor_type, actor_id, limit, offset
//	GET, DELETE /admin/sessions/{id}  see it, end it
//	POST /admin/sessions/end-others   end one's own, but not the one behind the request
//	POST /admin/sessions/end-all      {actor_type?, actor_id?}: end somebody's; default: one's own
//	GET /admin/sessions/openapi.json  all of this as an OpenAPI document
//
// A mux needs it twice, for the path itself and for what is below:
//
//	mux.Handle(session.DefaultPath, handler)
//	mux.Handle(session.DefaultPath+"/", handler)
//
// A session that is not there, and one that is not for the client to see, are answered alike. The store of m has to be an
// [Index], or what is about all sessions of an actor is 500.
//
// A guard that takes cookies refuses requests that other sites' pages make, see [auth.Cookie].
//
// NewHandler panics if m or guard is nil, and for a path that begins with no slash, ends with one, or has other characters in
// it than letters, digits and "-._~/". nil opts are fine.
func NewHandler(m *Manager, guard *auth.Guard, opts *HandlerOptions) http.Handler {
	if m == nil || guard == nil {
		panic("session: NewHandler: nil Manager or Guard")
	}
	o := HandlerOptions{Path: DefaultPath, RefreshPath: DefaultRefreshPath}
	if opts != nil {
		o.Rules = opts.Rules
		setPath(&o.Path, opts.Path)
		setPath(&o.RefreshPath, opts.RefreshPath)
	}
	h := handler{m}
	routes := wire.Routes{
		"GET /":            h.list,
		"GET /{id}":        h.get,
		"DELETE /{id}":     h.end,
		"POST /end-others": h.endOthers,
		"POST /end-all":    h.endAll,
		"GET /openapi.json": wire.OpenAPI(document, func(path string) string {
			if path == DefaultRefreshPath {
				return o.RefreshPath
			}
			return o.Path + strings.TrimPrefix(path, DefaultPath)
		}),
	}
	return guard.Require(o.Rules...)(routes.Under(o.Path).Handler(guard))
}

func setPath(path *string, to string) {
	if to != "" {
		*path = to
	}
}

// A handler answers the requests that the guard let pass.
type handler struct{ sessions *Manager }

// by returns who sent r, and what they may do.
func (h handler) by(r *http.Request) (auth.AuthContext, *Access) {
	by, _ := auth.FromContext(r.Context())
	return by, h.sessions.As(by)
}

const (
	defaultLimit = 20
	maxLimit     = 100
	maxOffset    = math.MaxInt32
)

func (h handler) list(w http.ResponseWriter, r *http.Request) error {
	q := wire.ParseQuery(r)
	limit, offset := q.Int("limit", defaultLimit, 1, maxLimit), q.Int("offset", 0, 0, maxOffset)
	kind, _ := q.Text("actor_type")
	id, _ := q.Text("actor_id")
	actor, err := actorOf(kind, id)
	if q.Err() != nil {
		return q.Err()
	}
	if err != nil {
		return err
	}
	by, access := h.by(r)
	records, err := access.List(r.Context(), actor)
	if err != nil {
		return Refusal(err)
	}
	page := sessionPage{Sessions: []sessionJSON{}, Count: len(records), Offset: offset, Limit: limit}
	rest := records[min(offset, len(records)):]
	for _, rec := range rest[:min(limit, len(rest))] {
		page.Sessions = append(page.Sessions, newSessionJSON(rec, by))
	}
	wire.Write(w, http.StatusOK, page)
	return nil
}

// actorOf returns the actor that a client names, the zero one if it names none.
func actorOf(kind, id string) (auth.Actor, error) {
	if (kind == "") != (id == "") {
		return auth.Actor{}, wire.Invalid("Invalid request: Fields 'actor_type' and 'actor_id' are required together")
	}
	return auth.Actor{Type: kind, ID: id}, nil
}

func (h handler) get(w http.ResponseWriter, r *http.Request) error {
	if err := wire.ParseQuery(r).Err(); err != nil {
		return err
	}
	by, access := h.by(r)
	rec, err := access.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return Refusal(err)
	}
	wire.Write(w, http.StatusOK, struct {
		Session sessionJSON `json:"session"`
	}{newSessionJSON(rec, by)})
	return nil
}

func (h handler) end(w http.ResponseWriter, r *http.Request) error {
	if err := wire.ParseQuery(r).Err(); err != nil {
		return err
	}
	_, access := h.by(r)
	id := r.PathValue("id")
	if err := access.End(r.Context(), id); err != nil {
		return Refusal(err)
	}
	wire.Write(w, http.StatusOK, deletion{ID: id, Object: "session", Deleted: true})
	return nil
}

func (h handler) endOthers(w http.ResponseWriter, r *http.Request) error {
	if err := read(w, r, &struct{}{}); err != nil {
		return err
	}
	_, access := h.by(r)
	n, err := access.EndOthers(r.Context())
	return answer(w, n, err)
}

func (h handler) endAll(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Type string `json:"actor_type"`
		ID   string `json:"actor_id"`
	}
	if err := read(w, r, &body); err != nil {
		return err
	}
	actor, err := actorOf(body.Type, body.ID)
	if err != nil {
		return err
	}
	_, access := h.by(r)
	n, err := access.EndAll(r.Context(), actor)
	return answer(w, n, err)
}

// read reads the body of a request that has nothing behind the question mark.
func read(w http.ResponseWriter, r *http.Request, body any) error {
	if err := wire.ParseQuery(r).Err(); err != nil {
		return err
	}
	return wire.Decode(w, r, body)
}
