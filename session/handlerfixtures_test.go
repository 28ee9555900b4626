package session_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// A desk is a server with the HTTP APIs of sessions. Who sends a request is the access token in its Authorization, or the
// cookie.
type desk struct {
	*session.Manager
	store  *tap
	log    *logbook
	server *httptest.Server
	said   *logbook // all answers, headers included
}

// newDesk returns the desk whose manager has what change does to its configuration; nil is fine.
func newDesk(t *testing.T, change func(*session.Config), rules ...auth.Rule) *desk {
	d := &desk{store: newTap(memory.NewSessions(nil)), log: &logbook{}, said: &logbook{}}
	logger := slog.New(slog.NewTextHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c := session.Config{Store: d.store, Keys: [][]byte{keyA}, Logger: logger, Minter: session.MinterFunc(mint)}
	if change != nil {
		change(&c)
	}
	d.Manager = must(session.New(c))
	scheme := auth.AnyOf(d.Scheme(), auth.Bearer(auth.TokenVerifierFunc(verifyMinted), nil))
	guard := auth.New(scheme, &auth.Options{Logger: logger})
	mux := http.NewServeMux()
	mux.Handle("/", session.NewHandler(d.Manager, guard, &session.HandlerOptions{Rules: rules}))
	mux.Handle(session.DefaultRefreshPath, session.NewRefreshHandler(d.Manager, guard))
	d.server = httptest.NewServer(mux)
	t.Cleanup(d.server.Close)
	return d
}

// mint makes access tokens that the tests can read.
func mint(_ context.Context, ac auth.AuthContext) (string, error) {
	return "at." + ac.Actor.Type + "." + ac.Actor.ID + "." + ac.SessionID, nil
}

// verifyMinted takes what mint has made.
func verifyMinted(_ context.Context, c auth.Credential) (*auth.AuthContext, error) {
	parts := strings.Split(c.Token, ".")
	if len(parts) != 4 || parts[0] != "at" {
		return nil, auth.ErrInvalidCredentials
	}
	return &auth.AuthContext{Actor: auth.Actor{Type: parts[1], ID: parts[2]}, CredentialID: parts[3], SessionID: parts[3]}, nil
}

// begin starts a session of somebody.
func (d *desk) begin(t *testing.T, actor auth.Actor) session.Tokens {
	t.Helper()
	r := httptest.NewRequest("POST", "/", nil)
	r.Header.Set("User-Agent", "a browser")
	tokens, err := d.StartTokens(r, session.Login{Actor: actor, Provider: "emailpass", Factors: annsLogin().Factors})
	check(t, "starting a session", err, nil)
	return tokens
}

// A deskAnswer is the answer of a desk.
type deskAnswer struct {
	Status int
	Header http.Header
	Text   string
	Body   map[string]any
}

// do sends what line says, such as "GET /admin/sessions", with an access token; a body is sent as JSON.
func (d *desk) do(t *testing.T, access, line, body string, fields ...string) deskAnswer {
	t.Helper()
	method, path, _ := strings.Cut(line, " ")
	r := must(http.NewRequest(method, d.server.URL+path, strings.NewReader(body)))
	r.Header.Set("Content-Type", "application/json")
	if access != "" {
		r.Header.Set("Authorization", "Bearer "+access)
	}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		r.Header.Set(name, value)
	}
	response, err := d.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	got := deskAnswer{Status: response.StatusCode, Header: response.Header, Text: string(must(io.ReadAll(response.Body)))}
	fmt.Fprintln(d.said, got.Status, got.Header, got.Text)
	numbers := json.NewDecoder(bytes.NewReader([]byte(got.Text)))
	numbers.UseNumber()
	if err := numbers.Decode(&got.Body); err != nil {
		t.Fatalf("%s: %q: %v", line, got.Text, err)
	}
	check(t, line+": Content-Type", got.Header.Get("Content-Type"), "application/json")
	check(t, line+": Cache-Control", got.Header.Get("Cache-Control"), "no-store")
	check(t, line+": Location", got.Header.Get("Location"), "")
	return got
}

// at returns what is in the body under names that are separated by dots: text as it is, everything else as JSON.
func (a deskAnswer) at(path string) string {
	var value any = a.Body
	for name := range strings.SplitSeq(path, ".") {
		members, _ := value.(map[string]any)
		value = members[name]
	}
	if text, ok := value.(string); ok {
		return text
	}
	return string(must(json.Marshal(value)))
}

// refusal returns the status, type and message of a refusal.
func (a deskAnswer) refusal() string {
	return fmt.Sprintf("%d %s: %s", a.Status, a.at("type"), a.at("message"))
}

var bob = auth.Actor{Type: "user", ID: "bob"}

const (
	notFound      = "404 not_found: Session was not found"
	notFoundRoute = "404 not_found: Not Found"
	wrongMethod   = "405 not_allowed: Method Not Allowed"
	outage        = "503 unavailable: Service Unavailable"
	nobodys       = "401 unauthorized: Unauthorized"
)
