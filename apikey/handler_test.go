package apikey_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

func TestHandlerCreate(t *testing.T) {
	d := newDesk(t, nil)
	got := d.do(t, "ann", "POST /admin/api-keys?fields=id,title", `{"title":"nightly report","type":"secret",
		"scopes":["reports:write","reports:read"],"expires_at":"2999-01-02T03:04:05Z","metadata":{"a":[1]}}`)
	text, id := got.at("api_key.token"), got.at("api_key.id")
	for path, want := range map[string]string{
		"type": "secret", "title": "nightly report", "redacted": text[:6] + "***" + text[len(text)-3:],
		"scopes": `["reports:read","reports:write"]`, "expires_at": "2999-01-02T03:04:05Z", "metadata": `{"a":[1]}`,
		"created_by": "ann", "revoked_at": "null", "revoked_by": "null", "revoke_reason": "null", "disabled_at": "null",
		"disabled_by": "null", "owner_type": "user", "owner_id": "ann",
		"last_used_at": "null", "last_used_ip": "null", "environment": "null", "sales_channels": "[]", "replaces": "null",
		"replaced_by": "null", "updated_at": got.at("api_key.created_at"),
	} {
		check(t, path, got.at("api_key."+path), want)
	}
	check(t, "the status", got.Status, 200)
	check(t, "the members", len(got.Body["api_key"].(map[string]any)), 24)
	check(t, "the ID", token.IsID(id), true)
	check(t, "when", time.Since(must(time.Parse(time.RFC3339Nano, got.at("api_key.created_at")))) < time.Minute, true)
	check(t, "the key is good", d.passes(t, text), true)

	kept := d.do(t, "ann", "GET /admin/api-keys/"+id, "")
	check(t, "its text later", kept.at("api_key.token"), "")
	check(t, "its title later", kept.at("api_key.title"), "nightly report")
	check(t, "its owner", must(d.Get(t.Context(), id)).Owner, ann)
}

// What a key grants is decided where it is made: by the client, or in its place by the options.
func TestHandlerDefaultScopes(t *testing.T) {
	d := newDesk(t, nil)
	guard := auth.New(auth.Bearer(auth.TokenVerifierFunc(people), nil), nil)
	opts := &apikey.HandlerOptions{Scopes: auth.NewSet("reports:read")}
	d.server = httptest.NewServer(apikey.NewHandler(d.Manager, guard, opts))
	t.Cleanup(d.server.Close)
	for body, want := range map[string]string{
		`{"title":"t","type":"secret"}`:                            `["reports:read"]`,
		`{"title":"t","type":"secret","scopes":null}`:              `["reports:read"]`,
		`{"title":"t","type":"secret","scopes":[]}`:                `[]`,
		`{"title":"t","type":"secret","scopes":["reports:write"]}`: `["reports:write"]`,
		`{"title":"t","type":"publishable"}`:                       `[]`,
	} {
		t.Run(body, func(t *testing.T) {
			check(t, "the scopes", d.do(t, "ann", "POST /admin/api-keys", body).at("api_key.scopes"), want)
		})
	}
}

func TestHandlerPublishable(t *testing.T) {
	d := newDesk(t, nil)
	got := d.do(t, "ann", "POST /admin/api-keys", `{"title":"shop","type":"publishable","sales_channels":["b","a"],"metadata":{}}`)
	id, text := got.at("api_key.id"), got.at("api_key.token")
	check(t, "the kind", text[:3], "pk_")
	check(t, "the channels", got.at("api_key.sales_channels"), `[{"id":"a"},{"id":"b"}]`)
	got = d.do(t, "ann", "GET /admin/api-keys/"+id, "")
	check(t, "the text later", got.at("api_key.token"), text)
	got = d.do(t, "ann", "GET /admin/api-keys", "")
	check(t, "the text in the list", strings.Contains(got.Text, text), true)
	got = d.do(t, "ann", "POST /admin/api-keys/"+id+"/sales-channels", `{"add":["c"],"remove":["a","x"]}`)
	check(t, "the channels that changed", got.at("api_key.sales_channels"), `[{"id":"b"},{"id":"c"}]`)
	secret, _ := d.make(t, "ann", secretKey)
	got = d.do(t, "ann", "POST /admin/api-keys/"+secret+"/sales-channels", `{"add":["c"]}`)
	check(t, "channels of a secret key", got.refusal(), "400 invalid_data: Sales channels can only be associated with publishable API keys")
	got = d.do(t, "ann", "POST /admin/api-keys/"+secret+"/sales-channels", "{}")
	check(t, "no channels of a secret key", got.refusal(), "400 invalid_data: Sales channels can only be associated with publishable API keys")
}

func TestHandlerChange(t *testing.T) {
	d := newDesk(t, nil)
	id, text := d.make(t, "ann", secretKey)
	path := "POST /admin/api-keys/" + id

	got := d.do(t, "ann", path, `{"title":"weekly report","metadata":{"a":1}}`)
	check(t, "the title", got.at("api_key.title"), "weekly report")
	check(t, "the metadata", got.at("api_key.metadata"), `{"a":1}`)
	check(t, "the text", got.at("api_key.token"), "")
	got = d.do(t, "ann", path, `{}`)
	check(t, "the title stays", got.at("api_key.title"), "weekly report")
	got = d.do(t, "ann", path, `{"metadata":{}}`)
	check(t, "the metadata goes", got.at("api_key.metadata"), "{}")

	got = d.do(t, "ann", path+"/disable", "")
	check(t, "disabled", got.at("api_key.disabled_at") == "null", false)
	check(t, "a disabled key", d.passes(t, text), false)
	check(t, "disabling it again", d.do(t, "ann", path+"/disable", "{}").Status, 200)
	got = d.do(t, "ann", path+"/rotate", "")
	check(t, "rotating it", got.refusal(), "400 not_allowed: The API key is disabled")
	got = d.do(t, "ann", path+"/enable", "")
	check(t, "enabled", got.at("api_key.disabled_at"), "null")
	check(t, "an enabled key", d.passes(t, text), true)
}

func TestHandlerRotate(t *testing.T) {
	d := newDesk(t, nil)
	id, text := d.make(t, "ann", secretKey)
	got := d.do(t, "ann", "POST /admin/api-keys/"+id+"/rotate", `{"overlap":3600}`)
	next := got.at("api_key.token")
	check(t, "the new key is another", next != text && next != "", true)
	check(t, "it replaces", got.at("api_key.replaces"), id)
	check(t, "it is like the old one", got.at("api_key.scopes"), `["reports:read"]`)
	check(t, "the old key", d.passes(t, text), true)
	check(t, "the new key", d.passes(t, next), true)
	old := d.do(t, "ann", "GET /admin/api-keys/"+id, "")
	check(t, "the old key is replaced by", old.at("api_key.replaced_by"), got.at("api_key.id"))
	check(t, "when it ends", must(time.Parse(time.RFC3339Nano, old.at("api_key.revoked_at"))).After(time.Now().Add(50*time.Minute)), true)
	again := d.do(t, "ann", "POST /admin/api-keys/"+id+"/rotate", "")
	check(t, "rotating it again", again.refusal(), "400 not_allowed: The API key is already revoked")
	again = d.do(t, "ann", "POST /admin/api-keys/"+id+"/revoke", "")
	check(t, "revoking it", again.refusal(), "400 not_allowed: The API key is already revoked")
	last := d.do(t, "ann", "POST /admin/api-keys/"+got.at("api_key.id")+"/rotate", "")
	check(t, "rotating the new one", last.Status, 200)
	check(t, "the new key without an overlap", d.passes(t, next), false)
}

func TestHandlerRevoke(t *testing.T) {
	d := newDesk(t, nil)
	id, text := d.make(t, "ann", secretKey)
	path := "/admin/api-keys/" + id
	const early = "400 not_allowed: An API key that is not revoked cannot be deleted"
	const twice = "400 not_allowed: The API key is already revoked"
	check(t, "deleting it first", d.do(t, "ann", "DELETE "+path, "").refusal(), early)
	got := d.do(t, "ann", "POST "+path+"/revoke", `{"revoke_in":3600,"reason":"leaked"}`)
	check(t, "why", got.at("api_key.revoke_reason"), "leaked")
	check(t, "by whom", got.at("api_key.revoked_by"), "ann")
	check(t, "when", must(time.Parse(time.RFC3339Nano, got.at("api_key.revoked_at"))).After(time.Now().Add(50*time.Minute)), true)
	check(t, "the key until then", d.passes(t, text), true)
	check(t, "deleting it until then", d.do(t, "ann", "DELETE "+path, "").refusal(), early)
	check(t, "revoking it for later still", d.do(t, "ann", "POST "+path+"/revoke", `{"revoke_in":7200}`).refusal(), twice)
	check(t, "revoking it for sooner", d.do(t, "ann", "POST "+path+"/revoke", `{"revoke_in":60}`).refusal(), twice)
	check(t, "revoking it now", d.do(t, "ann", "POST "+path+"/revoke", "").refusal(), twice)
	kept := d.do(t, "ann", "GET "+path, "")
	check(t, "what is kept", kept.at("api_key.revoked_at")+kept.at("api_key.revoke_reason"), got.at("api_key.revoked_at")+"leaked")
	check(t, "disabling it", d.do(t, "ann", "POST "+path+"/disable", "").Status, 200)
	check(t, "the key then", d.passes(t, text), false)
	check(t, "bringing its end forward in Go", revoke(t.Context(), d.Manager, id, "ann"), nil)
	check(t, "revoking what has ended", d.do(t, "ann", "POST "+path+"/revoke", "").refusal(), twice)
	check(t, "enabling it", d.do(t, "ann", "POST "+path+"/enable", "").refusal(), twice)
	got = d.do(t, "ann", "DELETE "+path, "")
	check(t, "deleting it", strings.TrimSpace(got.Text), `{"id":"`+id+`","object":"api_key","deleted":true}`)
	check(t, "deleting it again", d.do(t, "ann", "DELETE "+path, "").refusal(), notFound)
}

// Of two who revoke a key at once, one is told that it is revoked already, whoever wants it to end sooner.
func TestHandlerRevokeTwice(t *testing.T) {
	for _, bodies := range [][2]string{{"", ""}, {"", `{"revoke_in":60}`}, {`{"revoke_in":3600}`, `{"revoke_in":60}`}} {
		for range 20 {
			d := newDesk(t, nil)
			id, _ := d.make(t, "ann", secretKey)
			var wg sync.WaitGroup
			var answers [2]deskAnswer
			for i, body := range bodies {
				wg.Go(func() { answers[i] = d.do(t, "ann", "POST /admin/api-keys/"+id+"/revoke", body) })
			}
			wg.Wait()
			check(t, "the sum of 200 and 400", answers[0].Status+answers[1].Status, 600)
			check(t, "already revoked", strings.Contains(answers[0].Text+answers[1].Text, "already revoked"), true)
		}
	}
}

// Nor does it take the place of a revocation that is made between its look at the key and its write.
func TestHandlerRevokeMeanwhile(t *testing.T) {
	for _, body := range []string{"", `{"revoke_in":60}`} {
		d := newDesk(t, nil)
		id, text := d.make(t, "ann", secretKey)
		line := "POST /admin/api-keys/" + id + "/revoke"
		d.store.once("Replace", first(func() {
			check(t, "the first", d.do(t, "ann", line, `{"revoke_in":3600,"reason":"the first"}`).Status, 200)
		}))
		check(t, "the second", d.do(t, "ann", line, body).refusal(), "400 not_allowed: The API key is already revoked")
		check(t, "what is kept", must(d.Get(t.Context(), id)).Revocation.Reason, "the first")
		check(t, "the key", d.passes(t, text), true)
	}
}

func TestHandlerOptions(t *testing.T) {
	d := newDesk(t, nil)
	guard := auth.New(auth.Bearer(auth.TokenVerifierFunc(people), nil), nil)
	want := "apikey: NewHandler: nil Manager or Guard"
	check(t, "no manager", panics(func() { apikey.NewHandler(nil, guard, nil) }), want)
	check(t, "no guard", panics(func() { apikey.NewHandler(d.Manager, nil, nil) }), want)
	for _, path := range []string{"/", "keys", "/keys/", "/{keys}"} {
		check(t, path, panics(func() { apikey.NewHandler(d.Manager, guard, &apikey.HandlerOptions{Path: path}) }), "wire: Under: not a path: "+path)
	}
	d.server.Config.Handler = apikey.NewHandler(d.Manager, guard, &apikey.HandlerOptions{Path: "/v1/keys"})
	check(t, "the path", d.do(t, "ann", "GET /v1/keys", "").Status, 200)
	check(t, "the usual path", d.do(t, "ann", "GET /admin/api-keys", "").refusal(), notFoundRoute)
	document := d.do(t, "ann", "GET /v1/keys/openapi.json", "")
	check(t, "the path in the document", strings.Contains(document.Text, `"/v1/keys/{id}/revoke"`), true)
	check(t, "the usual path in the document", strings.Contains(document.Text, `"/admin/api-keys`), false)
	check(t, "its version", document.at("openapi"), "3.1.0")
}

func TestHandlerMethods(t *testing.T) {
	d := newDesk(t, nil)
	id, _ := d.make(t, "ann", secretKey)
	tests := []struct{ line, want, allow string }{
		{"PUT /admin/api-keys", "405 not_allowed: Method Not Allowed", "GET, HEAD, POST"},
		{"OPTIONS /admin/api-keys", "405 not_allowed: Method Not Allowed", "GET, HEAD, POST"},
		{"PATCH /admin/api-keys/" + id, "405 not_allowed: Method Not Allowed", "DELETE, GET, HEAD, POST"},
		{"GET /admin/api-keys/" + id + "/revoke", "405 not_allowed: Method Not Allowed", "POST"},
		{"GET /admin/api-keys/", notFoundRoute, ""},
		{"GET /admin/api-keys/" + id + "/", notFoundRoute, ""},
		{"POST /admin/api-keys/" + id + "/sell", notFoundRoute, ""},
		{"GET /admin", notFoundRoute, ""},
	}
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			got := d.do(t, "ann", tt.line, "")
			check(t, "the answer", got.refusal(), tt.want)
			check(t, "Allow", got.Header.Get("Allow"), tt.allow)
			check(t, "to somebody else", d.do(t, "", tt.line, "").Status, 401)
		})
	}
	check(t, "HEAD", d.do(t, "ann", "HEAD /admin/api-keys/"+id, "").Status, 200)
}

// What the rules and the policy say is what is told.
func TestHandlerRefusals(t *testing.T) {
	policy := func(answer error, on apikey.Action) func(*apikey.Config) {
		return func(c *apikey.Config) {
			c.Policy = func(_ context.Context, _ auth.AuthContext, action apikey.Action, _ apikey.Key) error {
				return map[bool]error{true: answer}[action == on]
			}
		}
	}
	no := &auth.Error{Status: http.StatusForbidden, Message: "Not on a Sunday"}
	never := []auth.Rule{func(*http.Request, auth.AuthContext) error { return no }}
	tests := []struct {
		name   string
		change func(*apikey.Config)
		rules  []auth.Rule
		who    string
		line   string
		body   string
		want   string
	}{
		{"nobody", nil, nil, "", "GET /admin/api-keys", "", "401 unauthorized: Unauthorized"},
		{"bad credentials", nil, nil, "eve", "GET /admin/api-keys", "", "401 unauthorized: Unauthorized"},
		{"an identity without an actor", nil, nil, "guest", "GET /admin/api-keys", "", "401 unauthorized: Unauthorized"},
		{"a rule", nil, never, "ann", "GET /admin/api-keys", "", "403 forbidden: Not on a Sunday"},
		{"a rule, for the document", nil, never, "ann", "GET /admin/api-keys/openapi.json", "", "403 forbidden: Not on a Sunday"},
		{"a rule, for what is not there", nil, never, "ann", "GET /admin/api-keys/x/y", "", "403 forbidden: Not on a Sunday"},
		{"a policy, for the list", policy(no, apikey.ActionList), nil, "ann", "GET /admin/api-keys", "", "403 forbidden: Not on a Sunday"},
		{"a policy, for a new key", policy(no, apikey.ActionCreate), nil, "ann", "POST /admin/api-keys", secretKey, "403 forbidden: Not on a Sunday"},
		{"a policy, to read", policy(no, apikey.ActionRead), nil, "ann", "GET /admin/api-keys/ID", "", notFound},
		{"a policy, to update", policy(no, apikey.ActionUpdate), nil, "ann", "POST /admin/api-keys/ID", "", "403 forbidden: Not on a Sunday"},
		{"a policy, to rotate", policy(no, apikey.ActionRotate), nil, "ann", "POST /admin/api-keys/ID/rotate", "", "403 forbidden: Not on a Sunday"},
		{"a policy, to revoke", policy(no, apikey.ActionRevoke), nil, "ann", "POST /admin/api-keys/ID/revoke", "", "403 forbidden: Not on a Sunday"},
		{"a policy, to disable", policy(no, apikey.ActionDisable), nil, "ann", "POST /admin/api-keys/ID/disable", "", "403 forbidden: Not on a Sunday"},
		{"a policy, to delete", policy(no, apikey.ActionDelete), nil, "ann", "DELETE /admin/api-keys/ID", "", "403 forbidden: Not on a Sunday"},
		{"a policy that could not find out", policy(auth.ErrUnavailable, apikey.ActionRevoke), nil, "ann", "POST /admin/api-keys/ID/revoke", "", outage},
		{"a policy that fails", policy(errors.New("s3cr3t"), apikey.ActionRevoke), nil, "ann", "POST /admin/api-keys/ID/revoke", "", "500 internal: Internal Server Error"},
		{"a policy that was refused itself", policy(fmt.Errorf("s3cr3t: %w", auth.ErrInvalidCredentials), apikey.ActionRevoke), nil, "ann", "POST /admin/api-keys/ID/revoke", "",
			"500 internal: Internal Server Error"},
		{"a policy that says no credentials", policy(auth.NoCredentials(), apikey.ActionList), nil, "ann", "GET /admin/api-keys", "", "500 internal: Internal Server Error"},
		{"a scope that bob has", nil, nil, "bob", "POST /admin/api-keys", `{"title":"x","type":"secret","scopes":["reports:write"]}`,
			"403 forbidden: You may not give a key scopes that you do not have"},
		{"bob, whose key it is not", nil, nil, "bob", "GET /admin/api-keys/ID", "", notFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, tt.change, tt.rules...)
			k, _, err := d.Issue(t.Context(), apikey.Spec{Title: "x", Owner: ann})
			check(t, "issuing", err, nil)
			got := d.do(t, tt.who, strings.ReplaceAll(tt.line, "ID", k.ID), tt.body)
			check(t, "the answer", got.refusal(), tt.want)
			check(t, "the key is as it was", must(d.Get(t.Context(), k.ID)).Version, int64(1))
		})
	}
}
