package session_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
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

// The keys of cookies that the tests know.
var keyA, keyB, keyC = bytes.Repeat([]byte("a"), 32), bytes.Repeat([]byte("b"), 32), bytes.Repeat([]byte("c"), 32)

var ann = auth.Actor{Type: "user", ID: "ann"}

// annsLogin is a login with everything in it.
func annsLogin() session.Login {
	return session.Login{
		Actor:        ann,
		IdentityID:   "identity of ann",
		Provider:     "emailpass",
		Scopes:       auth.NewSet("orders:read", "orders:write"),
		Roles:        auth.NewSet("admin"),
		Factors:      []auth.Factor{{Method: "pwd", At: time.Now().UTC().Truncate(time.Microsecond)}},
		AppMetadata:  must(auth.NewMetadata(map[string]any{"user_id": "7"})),
		UserMetadata: must(auth.NewMetadata(map[string]any{"name": "Ann"})),
	}
}

// A site is a server with everything real behind it: each method of its manager has a handler.
type site struct {
	*session.Manager
	store *tap
	guard *auth.Guard
	mux   *http.ServeMux
	log   *logbook
	calls atomic.Int64                             // of handlers
	login session.Login                            // what POST /login starts
	asked func(auth.AuthContext)                   // is shown the context of each request that passes
	edit  func(*session.Login)                     // what POST /rotate changes
	admit func(*auth.AuthContext)                  // what POST /refreshaccess finds out to be otherwise
	page  func(http.ResponseWriter, *http.Request) // what GET /page does, for anybody
}

// newSite returns a site whose manager has key A and what change does to its configuration; nil is fine.
func newSite(change func(*session.Config)) *site {
	s := &site{store: newTap(memory.NewSessions(nil)), log: &logbook{}, mux: http.NewServeMux(), login: annsLogin()}
	logger := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c := session.Config{Store: s.store, Keys: [][]byte{keyA}, Logger: logger, Minter: session.MinterFunc(minted)}
	if change != nil {
		change(&c)
	}
	s.Manager = must(session.New(c))
	s.guard = auth.New(s.Scheme(), &auth.Options{Logger: logger})
	s.asked, s.page = func(auth.AuthContext) {}, func(http.ResponseWriter, *http.Request) {}
	s.admit = func(*auth.AuthContext) {}
	s.handle()
	return s
}

// minted is what the access token for ac says.
func minted(_ context.Context, ac auth.AuthContext) (string, error) {
	return fmt.Sprintf("%s %s %s until %s", ac.SessionID, ac.Actor.ID, ac.Roles, ac.Expires.Format(time.RFC3339Nano)), nil
}

func (s *site) handle() {
	s.mux.Handle("/me", s.guard.Require()(http.HandlerFunc(s.me)))
	s.mux.Handle("/page", s.guard.Optional()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.page(w, r)
		s.me(w, r)
	})))
	s.mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		ac, err := s.Start(w, r, s.login)
		s.answer(w, r, ac.SessionID, err)
	})
	s.mux.HandleFunc("/rotate", func(w http.ResponseWriter, r *http.Request) {
		ac, err := s.Rotate(w, r, s.edit)
		s.answer(w, r, ac.SessionID, err)
	})
	s.mux.Handle("/logout", s.guard.Require()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ac, _ := auth.FromContext(r.Context())
		err := s.End(r.Context(), ac.SessionID)
		if err == nil {
			s.ClearCookie(w)
		}
		s.answer(w, r, "bye", err)
	})))
	s.mux.HandleFunc("/renew/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.answer(w, r, "renewed", s.Renew(r.Context(), r.PathValue("id")))
	})
	s.mux.HandleFunc("/ended/{id}", func(w http.ResponseWriter, r *http.Request) {
		ended, err := s.Ended(r.Context(), r.PathValue("id"))
		s.answer(w, r, ended, err)
	})
	s.mux.HandleFunc("/end/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.answer(w, r, "ended", s.End(r.Context(), r.PathValue("id")))
	})
	s.mux.HandleFunc("/list", func(w http.ResponseWriter, r *http.Request) {
		records, err := s.List(r.Context(), s.login.Actor)
		s.answer(w, r, len(records), err)
	})
	s.mux.HandleFunc("/endall", func(w http.ResponseWriter, r *http.Request) {
		n, err := s.EndAll(r.Context(), s.login.Actor, r.URL.Query().Get("except"))
		s.answer(w, r, n, err)
	})
	s.mux.HandleFunc("/endidentity", func(w http.ResponseWriter, r *http.Request) {
		n, err := s.EndIdentity(r.Context(), s.login.IdentityID, r.URL.Query().Get("except"))
		s.answer(w, r, n, err)
	})
	s.handleTokens()
	s.handleAccess()
	s.handleVisitors()
}

func (s *site) handleTokens() {
	s.mux.HandleFunc("/tokens", func(w http.ResponseWriter, r *http.Request) {
		tokens, err := s.StartTokens(r, s.login)
		s.answer(w, r, tokens.Context.SessionID, err)
	})
	s.mux.HandleFunc("/refresh/{id}", func(w http.ResponseWriter, r *http.Request) {
		tokens, err := s.Refresh(r.Context(), s.RefreshToken(r.PathValue("id"), 0))
		s.answer(w, r, tokens.Context.SessionID, err)
	})
	s.mux.HandleFunc("/rotatetokens/{id}", func(w http.ResponseWriter, r *http.Request) {
		tokens, err := s.RotateTokens(r.Context(), r.PathValue("id"), s.edit)
		s.answer(w, r, tokens.Context.SessionID, err)
	})
}

func (s *site) handleAccess() {
	s.mux.HandleFunc("/startaccess", func(w http.ResponseWriter, r *http.Request) {
		access, err := s.StartAccess(r, s.who(""))
		s.answer(w, r, access, err)
	})
	s.mux.HandleFunc("/refreshaccess/{id}", func(w http.ResponseWriter, r *http.Request) {
		access, err := s.RefreshAccess(w, r, s.who(r.PathValue("id")))
		s.answer(w, r, access, err)
	})
	s.mux.HandleFunc("/startcookie/{id}", func(w http.ResponseWriter, r *http.Request) {
		ac, err := s.StartCookie(w, r, r.PathValue("id"))
		s.answer(w, r, ac.SessionID, err)
	})
}

// who returns who is found to be behind the session with the ID.
func (s *site) who(id string) auth.AuthContext {
	who := auth.AuthContext{
		Actor: s.login.Actor, IdentityID: s.login.IdentityID, Provider: s.login.Provider, SessionID: id, Scheme: "bearer", CredentialID: "jti",
		Scopes: s.login.Scopes, Roles: s.login.Roles, Factors: s.login.Factors, Issuer: "https://example.com",
		AppMetadata: s.login.AppMetadata, UserMetadata: s.login.UserMetadata,
	}
	s.admit(&who)
	return who
}

func (s *site) handleVisitors() {
	s.mux.HandleFunc("/visit", func(w http.ResponseWriter, r *http.Request) {
		rec, err := s.StartAnonymous(w, r)
		s.answer(w, r, rec.ID, err)
	})
	s.mux.HandleFunc("/current", func(w http.ResponseWriter, r *http.Request) {
		rec, err := s.Current(r)
		s.answer(w, r, rec.ID, err)
	})
	s.mux.HandleFunc("/count/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.answer(w, r, "counted", s.Update(r.Context(), r.PathValue("id"), addOne))
	})
}

// me says whom the guard let pass.
func (s *site) me(w http.ResponseWriter, r *http.Request) {
	s.calls.Add(1)
	who := "anonymous"
	if ac, ok := auth.FromContext(r.Context()); ok {
		s.asked(ac)
		who = ac.Actor.Type + " " + ac.Actor.ID
	}
	s.answer(w, r, who, nil)
}

func (s *site) answer(w http.ResponseWriter, r *http.Request, body any, err error) {
	if err != nil {
		s.guard.Refuse(w, r, err)
		return
	}
	fmt.Fprint(w, body)
}

// A reply is what became of a request.
type reply struct {
	Status    int
	Body      string
	Challenge string // the WWW-Authenticate fields, one a line
	Cache     string
	Retry     string
	SetCookie string // the Set-Cookie fields, one a line
}

// send has r answered.
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
		SetCookie: strings.Join(h["Set-Cookie"], "\n"),
	}
}

const clearing = "__Host-sid=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"

// passed is the reply of a handler behind the guard.
func passed(body string) reply { return reply{Status: 200, Body: body, Cache: "private"} }

// unauthorized is the reply to a request without a good cookie; setCookie is what clears a bad one.
func unauthorized(setCookie string) reply {
	return reply{401, `{"type":"unauthorized","message":"Unauthorized"}`, `Cookie realm="api"`, "no-store", "", setCookie}
}

var (
	unavailable = reply{503, `{"type":"unavailable","message":"Service Unavailable"}`, "", "no-store", "5", ""}
	crossOrigin = reply{403, `{"type":"forbidden","message":"Cross-origin request refused"}`, "", "no-store", "", ""}
)

// request returns one to https://example.com with the fields in lines, each "Name: value".
func request(method, path string, lines ...string) *http.Request {
	r := httptest.NewRequest(method, "https://example.com"+path, nil)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		name = textproto.CanonicalMIMEHeaderKey(name)
		r.Header[name] = append(r.Header[name], value) // as it is, be it one that no field may have
	}
	return r
}

// A browser keeps the cookie of a site.
type browser struct {
	site   *site
	cookie string   // name=value
	id     string   // of the last session that it was told
	given  []string // all values it was ever given
}

// logIn returns a browser that is logged in.
func (s *site) logIn() *browser {
	b := &browser{site: s}
	b.id = b.post("/login").Body
	return b
}

func (b *browser) get(path string, lines ...string) reply  { return b.send("GET", path, lines...) }
func (b *browser) post(path string, lines ...string) reply { return b.send("POST", path, lines...) }

func (b *browser) send(method, path string, lines ...string) reply {
	if b.cookie != "" {
		lines = append(lines, "Cookie: "+b.cookie)
	}
	got := b.site.send(request(method, path, lines...))
	b.keep(got.SetCookie)
	return got
}

// keep does with Set-Cookie fields what a browser does.
func (b *browser) keep(fields string) {
	for line := range strings.Lines(fields) {
		cookie := must(http.ParseSetCookie(strings.TrimSpace(line)))
		if cookie.MaxAge < 0 {
			b.cookie = ""
			continue
		}
		b.cookie = cookie.Name + "=" + cookie.Value
		b.given = append(b.given, cookie.Value)
	}
}

// value returns the value of the cookie.
func (b *browser) value() string {
	_, value, _ := strings.Cut(b.cookie, "=")
	return value
}

// addOne counts in the values of a session.
func addOne(values auth.Metadata) (auth.Metadata, error) {
	return auth.NewMetadata(map[string]any{"count": countOf(values) + 1})
}

func countOf(values auth.Metadata) float64 {
	count, _ := values.Get("count").(float64)
	return count
}
