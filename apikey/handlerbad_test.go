package apikey_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// deskPolicy is the policy of a desk where everybody may do everything.
func deskPolicy(context.Context, auth.AuthContext, apikey.Action, apikey.Key) error { return nil }

const (
	badTitle    = "Field 'title' must be plain text of 1 to 200 characters"
	badScopes   = "Field 'scopes' must be at most 100 scopes, for secret keys, of at most 128 visible characters of ASCII each, without quotes and backslashes"
	badExpiry   = "Field 'expires_at' must lie ahead, and be there and not further than keys may last here"
	badChannels = "Field 'sales_channels' must be at most 100 sales channels, for publishable keys, in plain text of at most 256 bytes each"
	badMetadata = "Field 'metadata' must be an object of at most 16 KiB"
)

// names returns a JSON array of n different strings.
func names(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("%q", fmt.Sprint("a", i)))
	}
	return "[" + strings.Join(all, ",") + "]"
}

func TestHandlerBadBodies(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	creating := func(fields string) string { return `{"title":"x","type":"secret",` + fields + "}" }
	big := `{"a":"` + strings.Repeat("x", 17<<10) + `"}`
	tests := []struct{ name, line, body, want string }{
		{"no title", "POST", `{"type":"secret"}`, badTitle},
		{"an empty title", "POST", `{"title":"","type":"secret"}`, badTitle},
		{"a title of 201 characters", "POST", `{"title":"` + long[:201] + `","type":"secret"}`, badTitle},
		{"a title of 10,000 characters", "POST", `{"title":"` + long + `","type":"secret"}`, badTitle},
		{"a title with a line break", "POST", `{"title":"a\nb","type":"secret"}`, badTitle},
		{"a title with a NUL", "POST", `{"title":"a\u0000b","type":"secret"}`, badTitle},
		{"a number as a title", "POST", `{"title":7,"type":"secret"}`, "Field 'title' must be a string"},
		{"no type", "POST", `{"title":"x"}`, "Field 'type' must be one of secret, publishable"},
		{"another type", "POST", `{"title":"x","type":"s3cr3t"}`, "Field 'type' must be one of secret, publishable"},
		{"a type in capitals", "POST", `{"title":"x","type":"Secret"}`, "Field 'type' must be one of secret, publishable"},
		{"a scope with a space", "POST", creating(`"scopes":["s3cr3t b"]`), badScopes},
		{"an empty scope", "POST", creating(`"scopes":["a",""]`), badScopes},
		{"a null scope", "POST", creating(`"scopes":[null]`), badScopes},
		{"a scope with a quote", "POST", creating(`"scopes":["a\"b"]`), badScopes},
		{"a scope of 129 characters", "POST", creating(`"scopes":["` + long[:129] + `"]`), badScopes},
		{"101 scopes", "POST", creating(`"scopes":` + names(101)), badScopes},
		{"scopes in one string", "POST", creating(`"scopes":"a b"`), "Field 'scopes' must be an array of strings"},
		{"scopes of a publishable key", "POST", `{"title":"x","type":"publishable","scopes":["a"]}`, badScopes},
		{"an expiry in the past", "POST", creating(`"expires_at":"2020-01-02T03:04:05Z"`), badExpiry},
		{"an expiry in the year 1", "POST", creating(`"expires_at":"0001-01-01T00:00:00Z"`), badExpiry},
		{"an expiry beyond what keys may last", "POST", creating(`"expires_at":"9999-01-02T03:04:05Z"`), badExpiry},
		{"an expiry that is no time", "POST", creating(`"expires_at":"s3cr3t"`), "Field 'expires_at' must be a time such as 2006-01-02T15:04:05Z"},
		{"a number as an expiry", "POST", creating(`"expires_at":1767225600`), "Field 'expires_at' must be a time such as 2006-01-02T15:04:05Z"},
		{"metadata that is an array", "POST", creating(`"metadata":[]`), "Field 'metadata' must be an object"},
		{"metadata of 17 KiB", "POST", creating(`"metadata":` + big), badMetadata},
		{"channels of a secret key", "POST", creating(`"sales_channels":["a"]`), badChannels},
		{"an empty channel", "POST", `{"title":"x","type":"publishable","sales_channels":[""]}`, badChannels},
		{"a channel of 257 bytes", "POST", `{"title":"x","type":"publishable","sales_channels":["` + long[:257] + `"]}`, badChannels},
		{"101 channels", "POST", `{"title":"x","type":"publishable","sales_channels":` + names(101) + "}", badChannels},
		{"several mistakes", "POST", `{"title":"","type":"secret","scopes":["a b"],"expires_at":"2020-01-02T03:04:05Z"}`,
			badExpiry + "; " + badScopes + "; " + badTitle},
		{"an unknown field", "POST", creating(`"owner":"bob"`), "Unrecognized fields: 'owner'"},
		{"fields that only the server may set", "POST", creating(`"id":"x","token":"x","created_by":"bob","digest":"x"`),
			"Unrecognized fields: 'created_by', 'digest', 'id', 'token'"},
		{"a field in capitals", "POST", creating(`"Scopes":["*"]`), "Unrecognized fields: 'Scopes'"},
		{"a field that is there twice", "POST", creating(`"type":"publishable"`), "Field 'type' is there twice"},
		{"half a surrogate pair in the metadata", "POST", creating(`"metadata":{"a":"\ud800"}`), "The body has text that is not Unicode"},
		{"no JSON", "POST", `title=x`, "The body is not valid JSON"},
		{"an array", "POST", `[]`, "The body must be a JSON object"},

		{"an empty title later", "POST /ID", `{"title":""}`, badTitle},
		{"a type later", "POST /ID", `{"type":"publishable"}`, "Unrecognized fields: 'type'"},
		{"scopes later", "POST /ID", `{"scopes":["*"]}`, "Unrecognized fields: 'scopes'"},
		{"metadata of 17 KiB later", "POST /ID", `{"metadata":` + big + "}", badMetadata},
		{"an overlap below zero", "POST /ID/rotate", `{"overlap":-1}`, "Field 'overlap' must be a number of seconds, 315360000 at most"},
		{"an overlap of 300 years", "POST /ID/rotate", `{"overlap":9460800000}`, "Field 'overlap' must be a number of seconds, 315360000 at most"},
		{"an overlap of half a second", "POST /ID/rotate", `{"overlap":0.5}`, "Field 'overlap' must be a whole number"},
		{"an overlap in words", "POST /ID/rotate", `{"overlap":"1h"}`, "Field 'overlap' must be a whole number"},
		{"a revocation in the past", "POST /ID/revoke", `{"revoke_in":-1}`, "Field 'revoke_in' must be a number of seconds, 315360000 at most"},
		{"a revocation that overflows", "POST /ID/revoke", `{"revoke_in":9223372036854775807}`, "Field 'revoke_in' must be a number of seconds, 315360000 at most"},
		{"a reason with a NUL", "POST /ID/revoke", `{"reason":"a\u0000"}`, "Field 'reason' must be plain text of at most 1 KiB"},
		{"a reason of 10,000 characters", "POST /ID/revoke", `{"reason":"` + long + `"}`, "Field 'reason' must be plain text of at most 1 KiB"},
		{"somebody else's revocation", "POST /ID/revoke", `{"revoked_by":"bob"}`, "Unrecognized fields: 'revoked_by'"},
		{"a body to disable", "POST /ID/disable", `{"until":1}`, "Unrecognized fields: 'until'"},
		{"a body to enable", "POST /ID/enable", `{"until":1}`, "Unrecognized fields: 'until'"},
		{"an empty channel later", "POST /PK/sales-channels", `{"add":[""]}`, badChannels},
		{"101 channels later", "POST /PK/sales-channels", `{"add":` + names(101) + "}", badChannels},
		{"101 channels to remove", "POST /PK/sales-channels", `{"remove":` + names(101) + "}", badChannels},
		{"channels in one string", "POST /PK/sales-channels", `{"add":"a"}`, "Field 'add' must be an array of strings"},
	}
	d := newDesk(t, func(c *apikey.Config) { c.MaxLifetime = 24 * time.Hour })
	day := fmt.Sprintf(`,"expires_at":%q}`, soon(time.Hour).Format(time.RFC3339))
	id, _ := d.make(t, "ann", strings.Replace(secretKey, "}", day, 1))
	pk, _ := d.make(t, "ann", strings.Replace(publishableKey, "}", day, 1))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			method, path, _ := strings.Cut(tt.line, " ")
			line := method + " /admin/api-keys" + strings.NewReplacer("ID", id, "PK", pk).Replace(path)
			body := tt.body
			if path == "" && !strings.Contains(body, "expires_at") && strings.HasPrefix(body, "{") {
				body = strings.TrimSuffix(body, "}") + day
			}
			check(t, "the answer", d.do(t, "ann", line, body).refusal(), "400 invalid_data: Invalid request: "+tt.want)
		})
	}
	check(t, "there are two keys", strings.HasSuffix(d.listed(t, "ann", ""), " of 2"), true)
	check(t, "one is as it was", must(d.Get(t.Context(), id)).Version, int64(1))
	check(t, "the other too", must(d.Get(t.Context(), pk)).Version, int64(1))
	check(t, "what was sent is told", strings.Contains(d.said.String()+d.log.String(), "s3cr3t"), false)
}

func TestHandlerBadKinds(t *testing.T) {
	d := newDesk(t, nil)
	id, _ := d.make(t, "ann", secretKey)
	for _, line := range []string{"POST /admin/api-keys", "POST /admin/api-keys/" + id, "POST /admin/api-keys/" + id + "/revoke",
		"POST /admin/api-keys/" + id + "/rotate", "POST /admin/api-keys/" + id + "/disable"} {
		got := d.do(t, "ann", line, secretKey, "Content-Type: text/plain")
		check(t, line+" in text", got.refusal(), "415 invalid_data: Invalid request: The body must be application/json")
		got = d.do(t, "ann", line, `{"title":"`+strings.Repeat("x", 64<<10)+`"}`)
		check(t, line+" of 64 KiB", got.refusal(), "413 invalid_data: Invalid request: The body is larger than 64 KiB")
	}
	check(t, "the key is as it was", must(d.Get(t.Context(), id)).Version, int64(1))
}

// What is not there, what is somebody else's, and what is no ID are answered alike, whatever is asked.
func TestHandlerUnknown(t *testing.T) {
	d := newDesk(t, nil)
	foreign, text := d.make(t, "bob", secretKey)
	publishable, _ := d.make(t, "bob", publishableKey)
	gone, _ := d.make(t, "ann", secretKey)
	check(t, "revoking one", d.do(t, "ann", "POST /admin/api-keys/"+gone+"/revoke", "").Status, 200)
	check(t, "deleting it", d.do(t, "ann", "DELETE /admin/api-keys/"+gone, "").Status, 200)
	ids := map[string]string{
		"unknown": token.NewID(), "foreign": foreign, "a foreign publishable one": publishable, "deleted": gone, "short": "x",
		"in capitals": strings.ToUpper(foreign), "with a space": foreign + "%20", "a NUL": "%00", "not UTF-8": "%ff",
		"a slash": foreign + "%2Frevoke", "dots": "%2e%2e", "long": strings.Repeat("a", 4000), "the text of a key": text, "null": "null",
	}
	lines := []string{"GET /ID", "POST /ID", "DELETE /ID", "POST /ID/rotate", "POST /ID/revoke", "POST /ID/disable", "POST /ID/enable", "POST /ID/sales-channels"}
	for name, id := range ids {
		for _, line := range lines {
			method, path, _ := strings.Cut(strings.ReplaceAll(line, "ID", id), " ")
			got := d.do(t, "ann", method+" /admin/api-keys"+path, "")
			check(t, name+", "+line, strings.TrimSpace(got.Text), `{"type":"not_found","message":"API key was not found"}`)
			check(t, name+", "+line+": the status", got.Status, 404)
		}
	}
	check(t, "the foreign key is as it was", must(d.Get(t.Context(), foreign)).Version, int64(1))
	check(t, "it is good", d.passes(t, text), true)
}

// One's own keys can be seen when they have ended, so that lists are complete.
func TestHandlerEnded(t *testing.T) {
	d := newDesk(t, nil)
	revoked, text := d.make(t, "ann", secretKey)
	check(t, "revoking it", d.do(t, "ann", "POST /admin/api-keys/"+revoked+"/revoke", "").Status, 200)
	check(t, "a revoked one", d.do(t, "ann", "GET /admin/api-keys/"+revoked, "").Status, 200)
	check(t, "by itself", d.do(t, text, "GET /admin/api-keys/"+revoked, "").refusal(), "401 unauthorized: Unauthorized")
}

// The zero time is one that has passed, and not never, also where keys may last for ever.
func TestHandlerZeroExpiry(t *testing.T) {
	d := newDesk(t, nil)
	got := d.do(t, "ann", "POST /admin/api-keys", `{"title":"x","type":"secret","expires_at":"0001-01-01T00:00:00Z"}`)
	check(t, "the answer", got.refusal(), "400 invalid_data: Invalid request: "+badExpiry)
}
