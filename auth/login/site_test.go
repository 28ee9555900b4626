package login_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// A logbook keeps what was logged.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
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

func (l *logbook) errors() int { return strings.Count(l.String(), "level=ERROR") }

// A site is a server with everything real behind it.
type site struct {
	*login.Service
	handler    http.Handler
	guard      *auth.Guard
	identities *identityStore
	tokens     *tokenStore
	attempts   *attemptStore
	sessions   *sessionTap
	keys       *apikey.Manager
	passwords  *passwords
	pages      *pages
	log        *logbook

	mu     sync.Mutex
	events []login.Event
}

// newSite returns a site with what change does to its configuration; nil is fine.
func newSite(change func(*login.Config)) *site {
	s := &site{
		identities: &identityStore{inner: memory.NewIdentities(nil)}, tokens: newTokenStore(), attempts: newAttemptStore(),
		passwords: &passwords{}, pages: &pages{}, log: &logbook{},
	}
	logger := slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.guard = s.startSessions(logger)
	c := login.Config{
		Store: s.identities, Tokens: s.tokens, Attempts: s.attempts, Sessions: s.sessions,
		Methods: []login.Method{
			{ID: "password", DisplayName: "Password", Provider: s.passwords},
			{ID: "pages", Provider: s.pages},
			{ID: "others", Provider: s.pages},
		},
		Actors:  map[string][]string{"customer": {"password", "pages", "others"}, "user": {"password"}},
		OnEvent: s.onEvent, Logger: logger,
	}
	if change != nil {
		change(&c)
	}
	s.Service = must(login.New(c))
	s.handler = newPages(login.NewHandler(s.Service, s.guard, nil), s.guard)
	return s
}

// newPages returns a handler that says at /me who somebody is, and else what api says. It is no mux, which would redirect.
func newPages(api http.Handler, guard *auth.Guard) http.Handler {
	me := guard.Require()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ac, _ := auth.FromContext(r.Context())
		fmt.Fprint(w, ac.Actor.Type, " ", ac.Actor.ID, " ", ac.Scopes)
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/me" {
			me.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
}

// startSessions makes the sessions and the guard that knows them, and API keys beside them.
func (s *site) startSessions(logger *slog.Logger) *auth.Guard {
	secret := make([]byte, 32)
	rand.Read(secret)
	keys := must(jwks.NewSet(must(jwks.NewSecret(secret, &jwks.KeyOptions{Algorithm: "HS256"}))))
	signer := must(jwtx.NewSigner(jwtx.SignerConfig{Issuer: "https://shop.example", Audience: []string{"shop"}, Keys: keys}))
	s.sessions = &sessionTap{Manager: must(session.New(session.Config{
		Store: memory.NewSessions(nil), Keys: [][]byte{secret}, Minter: signer, Logger: logger,
	}))}
	verifier := must(jwtx.NewVerifier(jwtx.Config{
		Issuer: "https://shop.example", Audience: []string{"shop"}, Algorithms: []string{"HS256"}, Keys: keys,
		Kinds:   []jwtx.Kind{jwtx.Access, jwtx.Registration},
		Revoked: func(ctx context.Context, r jwtx.Revocable) (bool, error) { return s.sessions.Ended(ctx, r.SessionID) },
	}))
	s.keys = must(apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil), Logger: logger}))
	return auth.New(auth.AnyOf(s.sessions.Scheme(), auth.Bearer(auth.Tokens(s.keys, verifier), nil)), &auth.Options{Logger: logger})
}

func (s *site) onEvent(_ context.Context, e login.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
}

// mail returns the last event of a kind, and the zero one if there is none.
func (s *site) mail(kind login.EventKind) (last login.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e.Kind == kind {
			last = e
		}
	}
	return last
}

// sent returns how many events of a kind there were.
func (s *site) sent(kind login.EventKind) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// A browser keeps cookies and sends what lines say.
type browser struct {
	site    *site
	address string
	cookies map[string]string
}

func (s *site) browser() *browser {
	return &browser{site: s, address: "192.0.2.1:1234", cookies: map[string]string{}}
}

// A reply is what became of a request.
type reply struct {
	Status int
	Text   string
	Header http.Header
	Body   map[string]any
}

// at returns a member of the body as text.
func (r reply) at(name string) string {
	if text, ok := r.Body[name].(string); ok {
		return text
	}
	return string(must(json.Marshal(r.Body[name])))
}

func (r reply) refusal() string {
	return fmt.Sprintf("%d %s: %s", r.Status, r.at("type"), r.at("message"))
}

// send sends a request, such as "POST /auth/customer/password", with a body in JSON and fields, each "Name: value".
func (b *browser) send(line, body string, fields ...string) reply {
	method, path, _ := strings.Cut(line, " ")
	r := httptest.NewRequest(method, "https://shop.example"+path, strings.NewReader(body))
	r.RemoteAddr = b.address
	r.Header.Set("Content-Type", "application/json")
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		r.Header.Add(name, value)
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return b.do(r)
}

func (b *browser) do(r *http.Request) reply {
	w := httptest.NewRecorder()
	b.site.handler.ServeHTTP(w, r)
	got := reply{Status: w.Code, Text: strings.TrimSpace(w.Body.String()), Header: w.Header()}
	_ = json.Unmarshal(w.Body.Bytes(), &got.Body) // what is no JSON is looked at as text
	for _, c := range w.Result().Cookies() {
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return got
}

// as returns the field that carries a token.
func as(token string) string { return "Authorization: Bearer " + token }

const (
	annsLogin  = `{"email":"ann@example.com","password":"correct horse"}`
	wrongLogin = `{"email":"ann@example.com","password":"wrong"}`
	toPassword = "POST /auth/customer/password"
	badLogin   = "401 unauthorized: Invalid email or password"
	nobodys    = "401 unauthorized: Unauthorized"
	badToken   = "401 unauthorized: Invalid token"
	outage     = "503 unavailable: Service Unavailable"
	noRoute    = "404 not_found: Not Found"
)

// register registers ann and links her to a customer, and returns the identity.
func (s *site) register(t *testing.T) login.AuthIdentity {
	t.Helper()
	got := s.browser().send(toPassword+"/register", annsLogin)
	check(t, "registering", got.Status, 200)
	i := must(s.Find(t.Context(), "password", "ann@example.com"))
	check(t, "linking", s.Link(t.Context(), i.ID, auth.Actor{Type: "customer", ID: "cus_1"}), nil)
	return i
}

// logIn returns an access token of ann's.
func (b *browser) logIn(t *testing.T) string {
	t.Helper()
	got := b.send(toPassword, annsLogin)
	check(t, "logging in: "+got.Text, got.Status, 200)
	return got.at("token")
}
