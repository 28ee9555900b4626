package apikey

import (
	_ "embed" // the document
	"net/http"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/auth/wire"
)

// DefaultPath is where [NewHandler] expects to be served unless [HandlerOptions] says otherwise.
const DefaultPath = "/admin/api-keys"

// HandlerOptions are the settings of [NewHandler]. The zero value is the default.
type HandlerOptions struct {
	// Path is where the handler is served: there, and at all that is below. Default: "/admin/api-keys".
	Path string
	// Rules are what each request must satisfy, whatever it asks for. What it may do to which keys is up to Config.Policy.
	Rules []auth.Rule
	// Scopes are those of a new secret key for which a client names none, not even an empty list: clients of other servers
	// know no scopes. They need to be such as the policy of the manager lets that client give. Default: none, and the key
	// grants nothing.
	Scopes auth.Set
}

//go:embed openapi.json
var document []byte

// NewHandler returns the HTTP API to manage keys. It stands behind guard: each request needs an actor, and satisfies the
// rules of opts; what it does, it does by [Manager.As], so that the policy of m is asked about it. All refusals are guard's.
// The document that the handler serves at openapi.json, below its path, describes all of it: the kind of a key is its type
// there, which a new one has to name, its text the token, and its channels are sales_channels.
//
//	GET /admin/api-keys                      {api_keys, count, offset, limit}; q, id, title, type, revoked_at, order, limit, offset
//	POST /admin/api-keys                     {title, type, scopes?, expires_at?, metadata?, sales_channels?}: a new key
//	GET, POST, DELETE /admin/api-keys/{id}   see it, change {title?, metadata?}, forget one that was revoked
//	POST /admin/api-keys/{id}/rotate         {overlap?}: a new key in its place, beside which it works for so many seconds
//	POST /admin/api-keys/{id}/revoke         {revoke_in?, reason?}: its end for good, in so many seconds
//	POST /admin/api-keys/{id}/disable        it is refused until it is enabled
//	POST /admin/api-keys/{id}/enable
//	POST /admin/api-keys/{id}/sales-channels {add?, remove?}, of a publishable key
//	GET /admin/api-keys/openapi.json         all of this as an OpenAPI document
//
// What succeeds is 200, and {"api_key": {…}} where it is about one that is still there; that of a new key has its text in token.
//
// A mux needs it twice, for the path itself and for what is below:
//
//	mux.Handle(apikey.DefaultPath, handler)
//	mux.Handle(apikey.DefaultPath+"/", handler)
//
// The text of a new key is in the body of the answer to its creation or rotation, once, and nowhere else; lists have the text
// of publishable keys only. A key that is not there, and one that is not for the client to see, are answered alike.
//
// A key is revoked once, be it for later or by a rotation with an overlap, and a second time is refused. What then turns out
// to have leaked is disabled, which holds from the next request on; its end itself is brought forward by [Manager.Revoke],
// [Access.Revoke] or the pages of package auth/console.
//
// A guard that takes cookies refuses requests that other sites' pages make, see [auth.Cookie].
//
// NewHandler panics if m or guard is nil, and for a path that begins with no slash, ends with one, or has other characters in
// it than letters, digits and "-._~/". nil opts are fine.
func NewHandler(m *Manager, guard *auth.Guard, opts *HandlerOptions) http.Handler {
	if m == nil || guard == nil {
		panic("apikey: NewHandler: nil Manager or Guard")
	}
	var o HandlerOptions
	if opts != nil {
		o = *opts
	}
	if o.Path == "" {
		o.Path = DefaultPath
	}
	h := handler{m, o.Scopes}
	routes := wire.Routes{
		"GET /":                     h.list,
		"POST /":                    h.create,
		"GET /{id}":                 h.get,
		"POST /{id}":                changing(h, update),
		"DELETE /{id}":              h.delete,
		"POST /{id}/rotate":         changing(h, rotate),
		"POST /{id}/revoke":         changing(h, revoke),
		"POST /{id}/disable":        changing(h, disable),
		"POST /{id}/enable":         changing(h, enable),
		"POST /{id}/sales-channels": changing(h, assign),
		"GET /openapi.json": wire.OpenAPI(document, func(path string) string {
			return o.Path + strings.TrimPrefix(path, DefaultPath)
		}),
	}
	return guard.Require(o.Rules...)(routes.Under(o.Path).Handler(guard))
}

// A handler answers the requests that the guard let pass.
type handler struct {
	keys   *Manager
	scopes auth.Set // of new secret keys for which none are named
}

// access returns what whoever sent r may do.
func (h handler) access(r *http.Request) *Access {
	by, _ := auth.FromContext(r.Context())
	return h.keys.As(by)
}

func (h handler) list(w http.ResponseWriter, r *http.Request) error {
	q, err := listQuery(r)
	if err != nil {
		return err
	}
	keys, total, err := h.access(r).Find(r.Context(), q)
	if err != nil {
		return Refusal(err)
	}
	page := keyPage{Keys: []keyJSON{}, Count: total, Offset: q.Offset, Limit: q.Limit}
	for _, k := range keys {
		page.Keys = append(page.Keys, newKeyJSON(k, token.Secret{}))
	}
	wire.Write(w, http.StatusOK, page)
	return nil
}

func (h handler) get(w http.ResponseWriter, r *http.Request) error {
	if err := plainQuery(r); err != nil {
		return err
	}
	k, err := h.access(r).Get(r.Context(), r.PathValue("id"))
	return answer(w, k, token.Secret{}, err)
}

// A creation is the body of a request for a new key.
type creation struct {
	Title    string        `json:"title"`
	Type     string        `json:"type"`
	Scopes   []string      `json:"scopes"`
	Expires  *time.Time    `json:"expires_at"`
	Metadata auth.Metadata `json:"metadata"`
	Channels []string      `json:"sales_channels"`
}

// spec returns what key c asks for.
func (c creation) spec() (Spec, error) {
	s := Spec{Kind: Kind(c.Type), Title: c.Title, Metadata: c.Metadata}
	if s.Kind != Secret && s.Kind != Publishable {
		return Spec{}, invalidField("type")
	}
	var err error
	if s.Scopes, err = setOf("scopes", c.Scopes); err != nil {
		return Spec{}, err
	}
	if s.Channels, err = setOf("sales_channels", c.Channels); err != nil {
		return Spec{}, err
	}
	if c.Expires != nil {
		if c.Expires.IsZero() {
			return Spec{}, invalidField("expires_at") // it has passed; to a Spec it would be never
		}
		s.ExpiresAt = *c.Expires
	}
	return s, nil
}

// setOf returns the set of names, without losing an empty one unseen.
func setOf(field string, names []string) (auth.Set, error) {
	for _, name := range names {
		if name == "" {
			return auth.Set{}, invalidField(field)
		}
	}
	return auth.NewSet(names...), nil
}

func (h handler) create(w http.ResponseWriter, r *http.Request) error {
	var body creation
	if err := read(w, r, &body); err != nil {
		return err
	}
	spec, err := body.spec()
	if err != nil {
		return err
	}
	if spec.Kind == Secret && body.Scopes == nil {
		spec.Scopes = h.scopes
	}
	k, text, err := h.access(r).Issue(r.Context(), spec)
	return answer(w, k, text, err)
}

func (h handler) delete(w http.ResponseWriter, r *http.Request) error {
	if err := plainQuery(r); err != nil {
		return err
	}
	id := r.PathValue("id")
	if err := h.access(r).Delete(r.Context(), id); err != nil {
		return Refusal(err)
	}
	wire.Write(w, http.StatusOK, deletion{ID: id, Object: "api_key", Deleted: true})
	return nil
}

// read reads the query and the body of a request that wants both plain.
func read(w http.ResponseWriter, r *http.Request, body any) error {
	if err := plainQuery(r); err != nil {
		return err
	}
	return wire.Decode(w, r, body)
}
