package console_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/authtest"
	"github.com/countersign-go/countersign/auth/console"
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

// contains fails the test unless each part is in text.
func contains(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s has no %q:\n%s", what, part, text)
		}
	}
}

func lacks(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(text, part) {
			t.Errorf("%s has %q:\n%s", what, part, text)
		}
	}
}

var (
	ann = auth.AuthContext{
		Actor: auth.Actor{Type: "user", ID: "ann"}, Scheme: "test", CredentialID: "test",
		Scopes: auth.NewSet("reports:read", "reports:write"),
	}
	bob = auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "bob"}, Scheme: "test", CredentialID: "test"}
)

var errDown = fmt.Errorf("test: %w", auth.ErrUnavailable)

// keyStore and sessionStore are down when the switch says so.
type (
	keyStore struct {
		*memory.APIKeys
		down  *atomic.Bool
		delay time.Duration // of Find
	}
	sessionStore struct {
		*memory.Sessions
		down *atomic.Bool
	}
)

func (s keyStore) Create(ctx context.Context, k apikey.Key) error {
	return either(s.down, func() error { return s.APIKeys.Create(ctx, k) })
}

func (s keyStore) Get(ctx context.Context, id string) (k apikey.Key, err error) {
	err = either(s.down, func() error { k, err = s.APIKeys.Get(ctx, id); return err })
	return k, err
}

func (s keyStore) Find(ctx context.Context, q apikey.Query) (keys []apikey.Key, n int, err error) {
	err = either(s.down, func() error { keys, n, err = s.APIKeys.Find(ctx, q); return err })
	time.Sleep(s.delay)
	return keys, n, err
}

func (s sessionStore) Get(ctx context.Context, id string, now time.Time) (rec session.Record, err error) {
	err = either(s.down, func() error { rec, err = s.Sessions.Get(ctx, id, now); return err })
	return rec, err
}

func (s sessionStore) List(ctx context.Context, actor auth.Actor, now time.Time) (all []session.Record, err error) {
	err = either(s.down, func() error { all, err = s.Sessions.List(ctx, actor, now); return err })
	return all, err
}

func (s sessionStore) DeleteAll(ctx context.Context, actor auth.Actor, except string) (n int, err error) {
	err = either(s.down, func() error { n, err = s.Sessions.DeleteAll(ctx, actor, except); return err })
	return n, err
}

func either(down *atomic.Bool, do func() error) error {
	if down.Load() {
		return errDown
	}
	return do()
}

// A logbook is what a logger wrote.
type logbook struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

// A site is a server with a console and nothing else.
type site struct {
	http.Handler
	keys     *apikey.Manager
	sessions *session.Manager
	store    *memory.APIKeys
	down     atomic.Bool
	log      logbook
}

// newSite makes a site, of which edit may change the configurations.
func newSite(t *testing.T, edit func(*console.Config, *apikey.Config, *session.Config)) *site {
	t.Helper()
	s := &site{store: memory.NewAPIKeys(nil)}
	logger := slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	keys := apikey.Config{Store: keyStore{s.store, &s.down, 0}, Logger: logger}
	sessions := session.Config{
		Store: sessionStore{memory.NewSessions(nil), &s.down}, Keys: [][]byte{[]byte(strings.Repeat("k", 32))}, Logger: logger,
	}
	c := console.Config{Scopes: []string{"reports:read", "reports:write", "admin"}, Logger: logger, Title: "Test & Sons"}
	if edit != nil {
		edit(&c, &keys, &sessions)
	}
	s.keys, s.sessions = must(apikey.New(keys)), must(session.New(sessions))
	t.Cleanup(func() { _ = s.keys.Close(context.Background()) })
	c.Keys, c.Sessions = s.keys, s.sessions
	c.Guard = auth.New(auth.AnyOf(s.sessions.Scheme(), auth.Header("X-API-Key", s.keys)), &auth.Options{Logger: logger})
	s.Handler = must(console.New(c))
	return s
}

// as sends a request as somebody who has been let in.
func (s *site) as(who auth.AuthContext, method, path string, form url.Values, fields ...string) *httptest.ResponseRecorder {
	return s.send(authtest.As(request(method, path, form, fields...), who))
}

func (s *site) send(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// request returns a request with a form and header fields, each as a name and a value.
func request(method, path string, form url.Values, fields ...string) *http.Request {
	r := httptest.NewRequest(method, "https://example.com"+path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	return r
}

// issue makes a key of somebody without the console.
func (s *site) issue(who auth.AuthContext, title string) apikey.Key {
	k, _, err := s.keys.Issue(context.Background(), apikey.Spec{Title: title, Owner: who.Actor, Scopes: auth.NewSet("reports:read")})
	return must(k, err)
}

// start begins a session of somebody at a device.
func (s *site) start(who auth.AuthContext, device string) (auth.AuthContext, *http.Cookie) {
	w, r := httptest.NewRecorder(), request(http.MethodPost, "/login", nil, "User-Agent", device)
	ac := must(s.sessions.Start(w, r, session.Login{Actor: who.Actor, IdentityID: who.Actor.ID, Scopes: who.Scopes}))
	return ac, w.Result().Cookies()[0]
}

var hidden = regexp.MustCompile(`<input type="hidden" name="seen" value="([^"]*)">`)

// newForm opens the form for a key as somebody and returns it filled in.
func (s *site) newForm(t *testing.T, who auth.AuthContext, title string) url.Values {
	t.Helper()
	w := s.as(who, http.MethodGet, "/console/keys/new", nil)
	seen := hidden.FindStringSubmatch(w.Body.String())
	if w.Code != http.StatusOK || seen == nil {
		t.Fatalf("the form: %d\n%s", w.Code, w.Body)
	}
	return url.Values{
		"seen": {html.UnescapeString(seen[1])}, "title": {title}, "kind": {"secret"}, "scopes": {"reports:read"}, "expiry": {"30"},
	}
}

var shown = regexp.MustCompile(`<textarea id="secret"[^>]*>([^<]*)</textarea>`)

// secretOf returns the text of the key that a page shows, or "".
func secretOf(w *httptest.ResponseRecorder) string {
	if m := shown.FindStringSubmatch(w.Body.String()); m != nil {
		return m[1]
	}
	return ""
}

// count returns how many keys there are.
func (s *site) count() int {
	_, n, err := s.keys.Find(context.Background(), apikey.Query{})
	return must(n, err)
}

// with returns a copy of form with fields changed, each as a name and its values.
func with(form url.Values, name string, values ...string) url.Values {
	c := url.Values{}
	for k, v := range form {
		c[k] = v
	}
	c[name] = values
	return c
}

// verify returns nil if text is that of a key that works.
func (s *site) verify(text string) error {
	_, err := s.keys.VerifyToken(context.Background(), auth.Credential{Token: text})
	return err
}

// no is a policy's refusal.
func no(message string) error {
	return &auth.Error{Status: http.StatusForbidden, Message: message, Err: errors.New("test: no")}
}
