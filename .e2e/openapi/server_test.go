package openapi_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var ann = auth.Actor{Type: "user", ID: "ann"}

// A server has all HTTP APIs, behind a guard that takes the cookie of a session, an access token or an API key.
type server struct {
	keys     *apikey.Manager
	sessions *session.Manager
	logins   *login.Service
	fails    error       // what all answer that have to be asked: the minter, the verifier, the store of identities, the pages
	mail     login.Event // the last
	*httptest.Server
}

// newServer returns a server with what change does to the configuration of its log-ins; nil is fine.
func newServer(t *testing.T, change func(*login.Config)) *server {
	quiet := slog.New(slog.DiscardHandler)
	s := &server{keys: must(apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil), Environment: "live"}))}
	s.sessions = must(session.New(session.Config{
		Store: memory.NewSessions(nil), Keys: [][]byte{bytes.Repeat([]byte("k"), 32)}, Minter: session.MinterFunc(s.mint), Logger: quiet,
	}))
	s.logins = s.newLogins(quiet, change)
	tokens := auth.Tokens(s.keys, auth.TokenVerifierFunc(s.verify))
	guard := auth.New(auth.AnyOf(s.sessions.Scheme(), auth.Bearer(tokens, nil)), &auth.Options{Logger: quiet})
	mux := http.NewServeMux()
	mux.Handle("/admin/api-keys", apikey.NewHandler(s.keys, guard, &apikey.HandlerOptions{Rules: []auth.Rule{faults}}))
	mux.Handle("/admin/api-keys/", apikey.NewHandler(s.keys, guard, &apikey.HandlerOptions{Rules: []auth.Rule{faults}}))
	mux.Handle("/admin/sessions", session.NewHandler(s.sessions, guard, &session.HandlerOptions{Rules: []auth.Rule{faults}}))
	mux.Handle("/admin/sessions/", session.NewHandler(s.sessions, guard, &session.HandlerOptions{Rules: []auth.Rule{faults}}))
	mux.Handle(session.DefaultRefreshPath, session.NewRefreshHandler(s.sessions, guard))
	mux.Handle(login.DefaultPath+"/", login.NewHandler(s.logins, guard, nil))
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// Claims are what is in an access token.
type claims struct {
	Type     string `json:"actor_type"`
	Actor    string `json:"sub"`
	Identity string `json:"identity"`
	Provider string `json:"provider"`
	Session  string `json:"sid"`
	Expires  int64  `json:"exp"`
}

// mint makes a JWT that only verify takes.
func (s *server) mint(_ context.Context, ac auth.AuthContext) (string, error) {
	text := must(json.Marshal(claims{
		Type: ac.Actor.Type, Actor: ac.Actor.ID, Identity: ac.IdentityID, Provider: ac.Provider, Session: ac.SessionID,
		Expires: time.Now().Add(time.Hour).Unix(),
	}))
	return "e30." + base64.RawURLEncoding.EncodeToString(text) + ".c2ln", s.fails
}

func (s *server) verify(_ context.Context, c auth.Credential) (*auth.AuthContext, error) {
	if s.fails != nil {
		return nil, s.fails
	}
	var said claims
	_, payload, _ := strings.Cut(c.Token, ".")
	payload, _, _ = strings.Cut(payload, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil || json.Unmarshal(text, &said) != nil {
		return nil, auth.ErrInvalidCredentials
	}
	return &auth.AuthContext{
		Actor: auth.Actor{Type: said.Type, ID: said.Actor}, IdentityID: said.Identity, Provider: said.Provider,
		Scopes: auth.NewSet("*"), SessionID: said.Session,
	}, nil
}

// faults is a rule that answers as a request asks for.
func faults(r *http.Request, _ auth.AuthContext) error {
	return map[string]error{
		"403": &auth.Error{Status: http.StatusForbidden},
		"500": errors.New("broken"),
		"503": auth.ErrUnavailable,
	}[r.Header.Get("X-Fault")]
}

// logIn begins a session of ann.
func (s *server) logIn() session.Tokens { return s.logInAs(ann, "") }

// logInAs begins a session of an actor and an identity.
func (s *server) logInAs(actor auth.Actor, identity string) session.Tokens {
	r := httptest.NewRequest("POST", "/login", nil)
	r.Header.Set("User-Agent", "a browser")
	return must(s.sessions.StartTokens(r, session.Login{
		Actor: actor, IdentityID: identity, Provider: "emailpass",
		Factors: []auth.Factor{{Method: "pwd", At: time.Now()}, {Method: "otp"}},
	}))
}

// A client sends requests through a recorder.
type client struct {
	t        *testing.T
	server   *server
	recorder *recorder
	access   string
	cookie   string // the last, such as "a=b"
}

// newClient returns the client that reads the document at path.
func newClient(t *testing.T, s *server, path string) *client {
	c := &client{t: t, server: s, access: s.logIn().Access.Reveal()}
	r := must(http.NewRequest("GET", s.URL+path, nil))
	r.Header.Set("Authorization", "Bearer "+c.access)
	response := must(s.Client().Do(r))
	defer response.Body.Close()
	c.recorder = newRecorder(t, must(io.ReadAll(response.Body)))
	return c
}

// do sends what line says, such as "GET /admin/api-keys", and returns the body of the answer. conforms is whether the
// document allows the request: "yes", "no", or "" for either.
func (c *client) do(conforms, line, body string, status int, fields ...string) map[string]any {
	c.t.Helper()
	method, path, _ := strings.Cut(line, " ")
	r := must(http.NewRequest(method, c.server.URL+path, strings.NewReader(body)))
	r.Header.Set("Content-Type", "application/json")
	if c.access != "" {
		r.Header.Set("Authorization", "Bearer "+c.access)
	}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		r.Header.Set(name, value)
	}
	c.recorder.conforms = conforms
	response, err := (&http.Client{Transport: c.recorder}).Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	for _, cookie := range response.Cookies() {
		c.cookie = cookie.Name + "=" + cookie.Value
	}
	answer := map[string]any{}
	if text := must(io.ReadAll(response.Body)); json.Unmarshal(text, &answer) != nil {
		answer["text"] = string(text) // whether it may be none is for the document to say
	}
	if response.StatusCode != status {
		c.t.Errorf("%s %.80s: got %d %v, want %d", line, body, response.StatusCode, answer, status)
	}
	return answer
}
