package openapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// A row is a request, whether the document allows it, and the status of the answer.
type row struct {
	name, line, body string
	conforms         string
	status           int
}

// try sends the requests in rows, with IDs in the places of words.
func (c *client) try(rows []row, ids ...string) {
	words := strings.NewReplacer(ids...)
	for _, tt := range rows {
		c.t.Run(tt.name, func(t *testing.T) {
			mine := *c
			mine.t, mine.recorder.t = t, t
			mine.do(tt.conforms, words.Replace(tt.line), words.Replace(tt.body), tt.status)
		})
	}
	c.recorder.t = c.t
}

// refusals sends each operation of the document with all that any request may be refused for.
func (c *client) refusals(ids *strings.Replacer, except string) {
	c.recorder.operations(func(method, path string, operation *v3.Operation) {
		line := method + " " + ids.Replace(path)
		if path == except {
			return
		}
		c.strangers(line)
		for fault, status := range map[string]int{"403": 403, "500": 500, "503": 503} {
			c.do("", line, "", status, "X-Fault: "+fault)
		}
		if operation.RequestBody != nil {
			c.bodies(line)
		}
		if strings.Contains(path, "{id}") {
			c.do("", strings.ReplaceAll(method+" "+path, "{id}", "unknown"), "", http.StatusNotFound)
		}
	})
}

// strangers sends requests whose access token is no good.
func (c *client) strangers(line string) {
	c.do("", line, "", http.StatusUnauthorized, "Authorization: Bearer none")
	c.do("", line, "", http.StatusBadRequest, "Authorization: Bearer")
}

// bodies sends requests whose body is not read.
func (c *client) bodies(line string) {
	c.do("", line, `{"a":"`+strings.Repeat("x", 64<<10)+`"}`, http.StatusRequestEntityTooLarge)
	c.do("", line, "{}", http.StatusUnsupportedMediaType, "Content-Type: text/plain")
}

// complete tells what of the document never happened.
func (c *client) complete() {
	for _, name := range c.recorder.unseen() {
		c.t.Errorf("%s is in the document, and was not seen", name)
	}
}

func text(answer map[string]any, names ...string) string {
	var value any = answer
	for _, name := range names {
		members, _ := value.(map[string]any)
		value = members[name]
	}
	return fmt.Sprint(value)
}

func TestKeys(t *testing.T) {
	c := newClient(t, newServer(t, nil), "/admin/api-keys/openapi.json")
	secret := c.do("yes", "POST /admin/api-keys", `{"title":"a","type":"secret","scopes":["a:b","*"],"expires_at":"2999-01-02T03:04:05.678Z","metadata":{"x":[null]}}`, 200)
	publishable := c.do("yes", "POST /admin/api-keys?fields=id", `{"title":"b","type":"publishable","sales_channels":["c1"]}`, 200)
	leaked := c.do("yes", "POST /admin/api-keys", `{"title":"c","type":"secret"}`, 200)
	id, pk := text(secret, "api_key", "id"), text(publishable, "api_key", "id")
	long := strings.Repeat("x", 10_000)
	mine := *c
	mine.access = text(secret, "api_key", "token")
	mine.do("yes", "GET /admin/api-keys/"+id, "", 200) // so that there is a last use, some time

	c.try([]row{
		{"the document", "GET /admin/api-keys/openapi.json", "", "yes", 200},
		{"the list", "GET /admin/api-keys", "", "yes", 200},
		{"the list, with all filters", "GET /admin/api-keys?q=a&id=ID&id=PK&id[]=ID&title=a&type=secret&order=-created_at&limit=100&offset=0&fields=id,title", "", "yes", 200},
		{"the list, by revocation", "GET /admin/api-keys?revoked_at[$gt]=2026-01-02T03:04:05Z&revoked_at[$lt]=2999-01-02T03:04:05Z&revoked_at[$exists]=true", "", "yes", 200},
		{"the list, by revocation, with bounds", "GET /admin/api-keys?revoked_at[$gte]=2026-01-02T03:04:05Z&revoked_at[$lte]=2026-01-02T03:04:05Z&revoked_at=2026-01-02T03:04:05Z", "", "yes", 200},
		{"a limit of zero", "GET /admin/api-keys?limit=0", "", "no", 400},
		{"a limit that is too large", "GET /admin/api-keys?limit=101", "", "no", 400},
		{"an offset below zero", "GET /admin/api-keys?offset=-1", "", "no", 400},
		{"an unknown order", "GET /admin/api-keys?order=title", "", "no", 400},
		{"an unknown type", "GET /admin/api-keys?type=private", "", "no", 400},
		{"what is no time", "GET /admin/api-keys?revoked_at[$gt]=now", "", "no", 400},
		{"an unknown parameter", "GET /admin/api-keys?owner=bob", "", "no", 400},

		{"no title", "POST /admin/api-keys", `{"type":"secret"}`, "no", 400},
		{"a long title", "POST /admin/api-keys", `{"type":"secret","title":"` + long + `"}`, "no", 400},
		{"no type", "POST /admin/api-keys", `{"title":"x"}`, "no", 400},
		{"another type", "POST /admin/api-keys", `{"title":"x","type":"x"}`, "no", 400},
		{"a scope with a space", "POST /admin/api-keys", `{"title":"x","type":"secret","scopes":["a b"]}`, "no", 400},
		{"an empty scope", "POST /admin/api-keys", `{"title":"x","type":"secret","scopes":[""]}`, "no", 400},
		{"a scope with a quote", "POST /admin/api-keys", `{"title":"x","type":"secret","scopes":["a\"b"]}`, "no", 400},
		{"scopes in one string", "POST /admin/api-keys", `{"title":"x","type":"secret","scopes":"a b"}`, "no", 400},
		{"an expiry in the past", "POST /admin/api-keys", `{"title":"x","type":"secret","expires_at":"2020-01-02T03:04:05Z"}`, "yes", 400},
		{"an expiry that is no time", "POST /admin/api-keys", `{"title":"x","type":"secret","expires_at":"soon"}`, "no", 400},
		{"metadata that is no object", "POST /admin/api-keys", `{"title":"x","type":"secret","metadata":[]}`, "no", 400},
		{"an unknown field", "POST /admin/api-keys", `{"title":"x","type":"secret","owner":"bob"}`, "no", 400},
		{"null for all that may be left out", "POST /admin/api-keys", `{"title":"x","type":"secret","scopes":null,"expires_at":null,"metadata":null,"sales_channels":null}`, "yes", 200},

		{"a key", "GET /admin/api-keys/ID", "", "yes", 200},
		{"a publishable key", "GET /admin/api-keys/PK", "", "yes", 200},
		{"a title", "POST /admin/api-keys/ID", `{"title":"c"}`, "yes", 200},
		{"no metadata", "POST /admin/api-keys/ID", `{"metadata":{}}`, "yes", 200},
		{"nothing", "POST /admin/api-keys/ID", "{}", "yes", 200},
		{"a type later", "POST /admin/api-keys/ID", `{"type":"secret"}`, "no", 400},
		{"channels", "POST /admin/api-keys/PK/sales-channels", `{"add":["c2"],"remove":["c1"]}`, "yes", 200},
		{"an empty channel", "POST /admin/api-keys/PK/sales-channels", `{"add":[""]}`, "no", 400},
		{"channels of a secret key", "POST /admin/api-keys/ID/sales-channels", `{"add":["c"]}`, "yes", 400},
		{"disable", "POST /admin/api-keys/ID/disable", "{}", "yes", 200},
		{"rotate what is disabled", "POST /admin/api-keys/ID/rotate", "{}", "yes", 400},
		{"a field to disable", "POST /admin/api-keys/ID/disable", `{"until":1}`, "no", 400},
		{"a disabled key", "GET /admin/api-keys/ID", "", "yes", 200},
		{"enable", "POST /admin/api-keys/ID/enable", "", "yes", 200},
		{"a field to enable", "POST /admin/api-keys/ID/enable", `{"until":1}`, "no", 400},
		{"an overlap below zero", "POST /admin/api-keys/ID/rotate", `{"overlap":-1}`, "no", 400},
		{"rotate", "POST /admin/api-keys/ID/rotate", `{"overlap":3600}`, "yes", 200},
		{"rotate again", "POST /admin/api-keys/ID/rotate", "", "yes", 400},
		{"a key that was rotated", "GET /admin/api-keys/ID", "", "yes", 200},
		{"delete what is not revoked", "DELETE /admin/api-keys/PK", "", "yes", 400},
		{"a revocation in the past", "POST /admin/api-keys/PK/revoke", `{"revoke_in":-1}`, "no", 400},
		{"revoke for later", "POST /admin/api-keys/LEAKED/revoke", `{"revoke_in":3600,"reason":"leaked"}`, "yes", 200},
		{"revoke what is revoked for later", "POST /admin/api-keys/LEAKED/revoke", "", "yes", 400},
		{"disable what is revoked for later", "POST /admin/api-keys/LEAKED/disable", "", "yes", 200},
		{"revoke", "POST /admin/api-keys/PK/revoke", "", "yes", 200},
		{"revoke again", "POST /admin/api-keys/PK/revoke", "{}", "yes", 400},
		{"the list of all", "GET /admin/api-keys", "", "yes", 200},
		{"delete", "DELETE /admin/api-keys/PK", "", "yes", 200},
		{"delete again", "DELETE /admin/api-keys/PK", "", "yes", 404},
	}, "ID", id, "PK", pk, "LEAKED", text(leaked, "api_key", "id"))
	c.refusals(strings.NewReplacer("{id}", id), "")
	c.complete()
}

func TestSessions(t *testing.T) {
	s := newServer(t, nil)
	c := newClient(t, s, "/admin/sessions/openapi.json")
	one, two := s.logIn(), s.logIn()
	c.try([]row{
		{"the document", "GET /admin/sessions/openapi.json", "", "yes", 200},
		{"the list", "GET /admin/sessions", "", "yes", 200},
		{"a page", "GET /admin/sessions?limit=1&offset=1&actor_type=user&actor_id=ann", "", "yes", 200},
		{"a limit of zero", "GET /admin/sessions?limit=0", "", "no", 400},
		{"an unknown parameter", "GET /admin/sessions?actor=ann", "", "no", 400},
		{"half an actor", "GET /admin/sessions?actor_type=user", "", "yes", 400},
		{"somebody else's", "GET /admin/sessions?actor_type=user&actor_id=bob", "", "yes", 403},
		{"a session", "GET /admin/sessions/ID", "", "yes", 200},
		{"end it", "DELETE /admin/sessions/ID", "", "yes", 200},
		{"end it again", "DELETE /admin/sessions/ID", "", "yes", 404},
		{"a field to end others", "POST /admin/sessions/end-others", `{"a":1}`, "no", 400},
		{"end others", "POST /admin/sessions/end-others", "", "yes", 200},
		{"half an actor to end all", "POST /admin/sessions/end-all", `{"actor_id":"ann"}`, "yes", 400},
		{"a number to end all", "POST /admin/sessions/end-all", `{"actor_id":7}`, "no", 400},
		{"end all of somebody else", "POST /admin/sessions/end-all", `{"actor_type":"user","actor_id":"bob"}`, "yes", 403},
	}, "ID", one.Context.SessionID)
	c.refusals(strings.NewReplacer("{id}", two.Context.SessionID), session.DefaultRefreshPath)
	c.do("yes", "POST /admin/sessions/end-all", `{"actor_type":"user","actor_id":"ann"}`, 200)
	c.do("yes", "POST /admin/sessions/end-all", `{"actor_type":null}`, 200)
	c.refresh()
	c.complete()
}

// refresh sends all kinds of requests for new tokens.
func (c *client) refresh() {
	const line = "POST " + session.DefaultRefreshPath
	body := func(token string) string { return fmt.Sprintf(`{"refresh_token":%q}`, token) }
	next := c.do("yes", line, body(c.server.logIn().Refresh.Reveal()), 200)
	if text(next, "token") == "" || text(next, "expires_in") == "" {
		c.t.Errorf("tokens: %v", next)
	}
	good := body(text(next, "refresh_token"))
	for want, err := range map[int]error{500: errors.New("broken"), 503: auth.ErrUnavailable} {
		c.server.fails = err
		c.do("yes", line, good, want)
		c.server.fails = nil
	}
	c.do("yes", line, body("rt_junk"), http.StatusUnauthorized)
	c.do("no", line, "{}", http.StatusBadRequest)
	c.do("no", line, `{"refresh_token":""}`, http.StatusBadRequest)
	c.do("no", line, `{"refresh_token":"x","a":1}`, http.StatusBadRequest)
	c.bodies(line)
}

// What is no route is answered as a refusal is, and is in no document.
func TestNoRoutes(t *testing.T) {
	s := newServer(t, nil)
	access := s.logIn().Access.Reveal()
	for line, want := range map[string]string{
		"PUT /admin/api-keys":               "405 not_allowed Method Not Allowed",
		"GET /admin/api-keys/x/revoke":      "405 not_allowed Method Not Allowed",
		"GET /admin/api-keys/":              "404 not_found Not Found",
		"POST /admin/api-keys/x/y":          "404 not_found Not Found",
		"PATCH /admin/sessions/x":           "405 not_allowed Method Not Allowed",
		"GET /admin/sessions/x/y":           "404 not_found Not Found",
		"GET " + session.DefaultRefreshPath: "405 not_allowed Method Not Allowed",
		"PUT /auth/customer/emailpass":      "405 not_allowed Method Not Allowed",
		"GET /auth/session":                 "405 not_allowed Method Not Allowed",
		"GET /auth/token/refresh":           "405 not_allowed Method Not Allowed",
		"GET /auth/verification/request":    "405 not_allowed Method Not Allowed",
		"GET /auth/customer":                "404 not_found Not Found",
		"POST /auth/customer/emailpass/x":   "404 not_found Not Found",
	} {
		t.Run(line, func(t *testing.T) {
			method, path, _ := strings.Cut(line, " ")
			r := must(http.NewRequest(method, s.URL+path, nil))
			r.Header.Set("Authorization", "Bearer "+access)
			response := must(s.Client().Do(r))
			defer response.Body.Close()
			var answer struct{ Type, Message string }
			if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
				t.Error(err)
			}
			if got := fmt.Sprint(response.StatusCode, " ", answer.Type, " ", answer.Message); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
