package apikey_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/store/memory"
)

var (
	_ auth.TokenVerifier = (*apikey.Manager)(nil)
	_ auth.Recognizer    = (*apikey.Manager)(nil)
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func check[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\ngot  %+v\nwant %+v", what, got, want)
	}
}

var ann = auth.Actor{Type: "user", ID: "ann"}

// report is what most keys of the tests are for.
func report() apikey.Spec {
	return apikey.Spec{Title: "nightly report", Owner: ann, Scopes: auth.NewSet("reports:read", "reports:write")}
}

// A site is a server whose handlers want a key, carried in any of the usual ways.
type site struct {
	*apikey.Manager
	store *tap
	mux   *http.ServeMux
	log   *logbook
	calls atomic.Int64           // of handlers
	asked func(auth.AuthContext) // is shown the context of each request that passes
}

func newSite() *site { return newSiteOf(apikey.Config{}) }

// newSiteOf returns a site whose manager is as c says, but for its store and its log.
func newSiteOf(c apikey.Config) *site {
	s := &site{store: newTap(memory.NewAPIKeys(nil)), mux: http.NewServeMux(), log: &logbook{}}
	logger := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c.Store, c.Logger = s.store, logger
	s.Manager = must(apikey.New(c))
	s.asked = func(auth.AuthContext) {}
	jwts := fakeJWTs{}
	scheme := auth.AnyOf(
		auth.Header("X-API-Key", s),
		auth.Basic(s, &auth.BasicOptions{Challenge: true}),
		auth.Bearer(auth.Tokens(jwts, s), nil),
	)
	guard := auth.New(scheme, &auth.Options{Logger: logger})
	handler := http.HandlerFunc(s.serve)
	s.mux.Handle("/", guard.Require()(handler))
	s.mux.Handle("/reports", guard.Require(auth.Scopes("reports:read"))(handler))
	s.mux.Handle("/orders", guard.Require(auth.Scopes("reports:read", "orders:read"))(handler))
	s.mux.Handle("/page", guard.Optional()(handler))
	s.mux.HandleFunc("/issue", func(w http.ResponseWriter, r *http.Request) {
		k, _, err := s.Issue(r.Context(), report())
		answer(guard, w, r, k.ID, err)
	})
	s.mux.HandleFunc("/list", func(w http.ResponseWriter, r *http.Request) {
		keys, err := list(r.Context(), s.Manager, ann)
		answer(guard, w, r, len(keys), err)
	})
	for path, do := range map[string]func(ctx context.Context, id string) error{
		"/revoke/{id}": func(ctx context.Context, id string) error { return revoke(ctx, s.Manager, id, "ann") },
		"/update/{id}": func(ctx context.Context, id string) error {
			return second(s.Update(ctx, id, retitled("weekly report")))
		},
		"/disable/{id}": func(ctx context.Context, id string) error { return second(s.Disable(ctx, id, "ann")) },
		"/rotate/{id}": func(ctx context.Context, id string) error {
			_, _, err := s.Rotate(ctx, id, apikey.Rotation{By: "ann", Overlap: time.Hour})
			return err
		},
	} {
		s.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			answer(guard, w, r, "done", do(r.Context(), r.PathValue("id")))
		})
	}
	return s
}

// serve says whom the guard let pass.
func (s *site) serve(w http.ResponseWriter, r *http.Request) {
	s.calls.Add(1)
	ac, _ := auth.FromContext(r.Context())
	s.asked(ac)
	fmt.Fprint(w, ac.Actor.Type, " ", ac.Actor.ID)
}

func answer(guard *auth.Guard, w http.ResponseWriter, r *http.Request, body any, err error) {
	if err != nil {
		guard.Refuse(w, r, err)
		return
	}
	fmt.Fprint(w, body)
}

// fakeJWTs accepts what looks like a JWT.
type fakeJWTs struct{}

func (fakeJWTs) Recognizes(text string) bool { return strings.HasPrefix(text, "ey") }

func (fakeJWTs) VerifyToken(context.Context, auth.Credential) (*auth.AuthContext, error) {
	return &auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "by token"}, Scheme: "bearer"}, nil
}

// issue returns a new key and its text.
func (s *site) issue(t *testing.T, change func(*apikey.Spec)) (apikey.Key, string) {
	t.Helper()
	spec := report()
	if change != nil {
		change(&spec)
	}
	k, secret, err := s.Issue(t.Context(), spec)
	check(t, "issuing", err, nil)
	return k, secret.Reveal()
}

func second[T any](_ T, err error) error { return err }

// retitled is the change of a title.
func retitled(title string) apikey.Change { return apikey.Change{Title: &title, By: "ann"} }

// revoke ends a key at once.
func revoke(ctx context.Context, m *apikey.Manager, id, by string) error {
	_, err := m.Revoke(ctx, id, apikey.Revocation{By: by})
	return err
}

// list returns the keys of an owner.
func list(ctx context.Context, m *apikey.Manager, owner auth.Actor) ([]apikey.Key, error) {
	keys, _, err := m.Find(ctx, apikey.Query{Owner: owner})
	return keys, err
}

// A reply is what became of a request.
type reply struct {
	Status    int
	Body      string
	Challenge string // the WWW-Authenticate fields, one a line
	Cache     string
	Retry     string
}

// get has a request answered with the fields in lines, each "Name: value".
func (s *site) get(path string, lines ...string) reply { return s.send(request(path, lines...)) }

func (s *site) send(r *http.Request) reply {
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	h := w.Result().Header
	return reply{
		Status:    w.Code,
		Body:      strings.TrimSuffix(w.Body.String(), "\n"),
		Challenge: strings.Join(h["Www-Authenticate"], "\n"),
		Cache:     strings.Join(h["Cache-Control"], "\n"),
		Retry:     strings.Join(h["Retry-After"], "\n"),
	}
}

func request(path string, lines ...string) *http.Request {
	r := httptest.NewRequest("GET", "https://example.com"+path, nil)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		name = textproto.CanonicalMIMEHeaderKey(name)
		r.Header[name] = append(r.Header[name], value) // as it is, be it one that no field may have
	}
	return r
}

const (
	asksHeader = `ApiKey realm="api", header="X-Api-Key"`
	asksBasic  = `Basic realm="api"`
	asksBearer = `Bearer realm="api"`
)

// passed is the reply to a request with k.
func passed(k apikey.Key) reply {
	return reply{Status: 200, Body: "api-key " + k.ID, Cache: "private"}
}

// invalid is the reply to a request with a key that is no good, by the scheme that asks so.
func invalid(asks string) reply {
	return reply{401, `{"type":"unauthorized","message":"Unauthorized"}`, asks + `, error="invalid_token"`, "no-store", ""}
}

func malformed(asks string) reply {
	return reply{400, `{"type":"invalid_request","message":"Malformed or repeated credentials"}`, asks + `, error="invalid_request"`, "no-store", ""}
}

func lacking(scopes string) reply {
	return reply{403, `{"type":"forbidden","message":"Forbidden"}`, asksHeader + `, error="insufficient_scope", scope="` + scopes + `"`, "no-store", ""}
}

var (
	none        = reply{401, `{"type":"unauthorized","message":"Unauthorized"}`, asksHeader + "\n" + asksBasic + "\n" + asksBearer, "no-store", ""}
	unavailable = reply{503, `{"type":"unavailable","message":"Service Unavailable"}`, "", "no-store", "5"}
)

// another returns the text of a key with that prefix and ID that nobody issued.
func another(prefix, id string) string { return must(token.NewCodec(prefix)).New(id).Reveal() }

// secretOf returns the secret part of a key's text.
func secretOf(text string) string { return text[strings.LastIndexByte(text, '_')+1:] }

// tampered returns text with another character at i.
func tampered(text string, i int) string {
	other := map[bool]string{true: "b", false: "a"}[text[i] == 'a']
	return text[:i] + other + text[i+1:]
}

// A logbook is what was logged, by many goroutines at once.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// text returns that of an error, "" for none.
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// panics returns what f panics with.
func panics(f func()) (with string) {
	defer func() { with = fmt.Sprint(recover()) }()
	f()
	return ""
}

// soon is a while from now.
func soon(d time.Duration) time.Time { return time.Now().Add(d) }
