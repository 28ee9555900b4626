package apikey_test

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

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/store/memory"
)

// A desk is a server with the HTTP API to manage keys. Who sends a request is the name in its Authorization.
type desk struct {
	*apikey.Manager
	store  *tap
	log    *logbook
	server *httptest.Server
	said   *logbook // all answers, headers included
}

// newDesk returns the desk whose manager has what change does to its configuration; nil is fine.
func newDesk(t *testing.T, change func(*apikey.Config), rules ...auth.Rule) *desk {
	d := &desk{store: newTap(memory.NewAPIKeys(nil)), log: &logbook{}, said: &logbook{}}
	logger := slog.New(slog.NewTextHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c := apikey.Config{Store: d.store, Logger: logger}
	if change != nil {
		change(&c)
	}
	d.Manager = must(apikey.New(c))
	scheme := auth.Bearer(auth.Tokens(d, auth.TokenVerifierFunc(people)), nil)
	guard := auth.New(scheme, &auth.Options{Logger: logger})
	d.server = httptest.NewServer(apikey.NewHandler(d.Manager, guard, &apikey.HandlerOptions{Rules: rules}))
	t.Cleanup(d.server.Close)
	return d
}

// people are those who may have keys: ann may do everything, bob has one scope, and guest has nobody.
func people(_ context.Context, c auth.Credential) (*auth.AuthContext, error) {
	switch c.Token {
	case "ann":
		return &auth.AuthContext{Actor: ann, Scopes: auth.NewSet("*")}, nil
	case "bob":
		return &auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "bob"}, Scopes: auth.NewSet("reports:read")}, nil
	case "guest":
		return &auth.AuthContext{Actor: auth.Actor{Type: "user"}, IdentityID: "guest"}, nil
	}
	return nil, auth.ErrInvalidCredentials
}

// A deskAnswer is the answer of a desk.
type deskAnswer struct {
	Status int
	Header http.Header
	Text   string
	Body   map[string]any
}

// do sends what line says, such as "POST /admin/api-keys", for somebody; a body is sent as JSON.
func (d *desk) do(t *testing.T, who, line, body string, fields ...string) deskAnswer {
	t.Helper()
	method, path, _ := strings.Cut(line, " ")
	r := must(http.NewRequest(method, d.server.URL+path, strings.NewReader(body)))
	r.Header.Set("Content-Type", "application/json") // also where there is no body, as the npm client does
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+who)
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
	if err := numbers.Decode(&got.Body); err != nil && method != "HEAD" {
		t.Fatalf("%s: %q: %v", line, got.Text, err)
	}
	check(t, line+": Content-Type", got.Header.Get("Content-Type"), "application/json")
	check(t, line+": Cache-Control", got.Header.Get("Cache-Control"), "no-store")
	check(t, line+": Location", got.Header.Get("Location"), "")
	check(t, line+": Set-Cookie", got.Header.Get("Set-Cookie"), "")
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

// make returns the ID and the text of a new key of somebody.
func (d *desk) make(t *testing.T, who, body string) (id, text string) {
	t.Helper()
	got := d.do(t, who, "POST /admin/api-keys", body)
	check(t, "making a key", got.Status, 200)
	return got.at("api_key.id"), got.at("api_key.token")
}

const (
	secretKey      = `{"title":"nightly report","type":"secret","scopes":["reports:read"]}`
	publishableKey = `{"title":"shop","type":"publishable"}`
	notFound       = "404 not_found: API key was not found"
	notFoundRoute  = "404 not_found: Not Found"
	outage         = "503 unavailable: Service Unavailable"
)

// passes reports whether the text of a key is good for something.
func (d *desk) passes(t *testing.T, text string) bool {
	return d.do(t, text, "GET /admin/api-keys?limit=1", "").Status != 401 // it may be good for something else
}
