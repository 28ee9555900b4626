package apikey_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
)

// listed returns the titles of the keys that a query finds, and how many there are.
func (d *desk) listed(t *testing.T, who, query string) string {
	t.Helper()
	got := d.do(t, who, "GET /admin/api-keys?"+query, "")
	check(t, query, got.Status, 200)
	var titles []string
	for _, k := range got.Body["api_keys"].([]any) {
		titles = append(titles, k.(map[string]any)["title"].(string))
	}
	return fmt.Sprint(strings.Join(titles, " "), " of ", got.Body["count"])
}

func TestHandlerList(t *testing.T) {
	d := newDesk(t, nil)
	ids := map[string]string{}
	for _, title := range []string{"one", "two", "three", "four"} {
		kind := map[bool]string{true: "publishable", false: "secret"}[title == "four"]
		ids[title], _ = d.make(t, "ann", fmt.Sprintf(`{"title":%q,"type":%q}`, title, kind))
		for start := time.Now(); time.Since(start) < 2*time.Microsecond; { // so that no two are made at once
		}
	}
	_, _ = d.make(t, "bob", `{"title":"bob's","type":"secret"}`)
	check(t, "revoking one", d.do(t, "ann", "POST /admin/api-keys/"+ids["one"]+"/revoke", "").Status, 200)
	later := d.do(t, "ann", "POST /admin/api-keys/"+ids["two"]+"/revoke", `{"revoke_in":3600}`)
	check(t, "revoking another", later.Status, 200)
	at := must(time.Parse(time.RFC3339Nano, later.at("api_key.revoked_at")))
	when := func(name string, t time.Time) string {
		return "revoked_at" + url.QueryEscape(name) + "=" + url.QueryEscape(t.Format(time.RFC3339Nano))
	}
	tests := []struct{ name, query, want string }{
		{"all", "", "one two three four of 4"},
		{"the newest first", "order=-created_at", "four three two one of 4"},
		{"the oldest first", "order=created_at", "one two three four of 4"},
		{"a page", "limit=2", "one two of 4"},
		{"the next page", "limit=2&offset=2", "three four of 4"},
		{"a page beyond", "offset=100", " of 4"},
		{"a part of the title", "q=HREE", "three of 1"},
		{"a part that none has", "q=five", " of 0"},
		{"an empty part", "q=", "one two three four of 4"},
		{"a title", "title=two", "two of 1"},
		{"a part of a title", "title=tw", " of 0"},
		{"a type", "type=publishable", "four of 1"},
		{"an ID", "id=" + ids["two"], "two of 1"},
		{"IDs", "id[]=" + ids["two"] + "&id[]=" + ids["one"], "one two of 2"},
		{"IDs as the npm client sends them", "id%5B0%5D=" + ids["two"] + "&id%5B1%5D=x", "two of 1"},
		{"what is no ID", "id=x", " of 0"},
		{"revoked", "revoked_at[$exists]=true", "one two of 2"},
		{"not revoked", "revoked_at[$exists]=false", "three four of 2"},
		{"revoked for later", when("[$gt]", time.Now()), "two of 1"},
		{"revoked by now", when("[$lte]", time.Now()), "one of 1"},
		{"revoked for exactly then", when("", at), "two of 1"},
		{"revoked for a moment later", when("", at.Add(time.Microsecond)), " of 0"},
		{"revoked for then or later", when("[$gte]", at), "two of 1"},
		{"revoked for after that", when("[$gt]", at), " of 0"},
		{"revoked for a moment before or later", when("[$gt]", at.Add(-time.Microsecond)), "two of 1"},
		{"revoked for a part of a moment later", when("[$gte]", at.Add(time.Nanosecond)), " of 0"},
		{"revoked for then or earlier", when("[$lte]", at), "one two of 2"},
		{"revoked for before that", when("[$lt]", at), "one of 1"},
		{"revoked for before a part of a moment later", when("[$lt]", at.Add(time.Nanosecond)), "one two of 2"},
		{"revoked between", when("[$gt]", time.Now()) + "&" + when("[$lt]", at.Add(time.Hour)), "two of 1"},
		{"several at once", "type=secret&revoked_at[$exists]=false&order=-created_at&fields=id", "three of 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, "found", d.listed(t, "ann", tt.query), tt.want) })
	}
	check(t, "bob's", d.listed(t, "bob", ""), "bob's of 1")
	got := d.do(t, "ann", "GET /admin/api-keys?offset=1", "")
	check(t, "offset and limit", got.at("offset")+" "+got.at("limit"), "1 20")
}

// A list has 100 keys at most, whatever is asked for.
func TestHandlerListBounds(t *testing.T) {
	d := newDesk(t, func(c *apikey.Config) { c.Policy = deskPolicy })
	for i := range 120 {
		_, _, err := d.Issue(t.Context(), apikey.Spec{Title: fmt.Sprint(i), Owner: auth.Actor{Type: "user", ID: fmt.Sprint(i)}})
		check(t, "issuing", err, nil)
	}
	tests := []struct{ query, want string }{
		{"", "20 of 120"},
		{"limit=100", "100 of 120"},
		{"limit=100&offset=100", "20 of 120"},
	}
	for _, tt := range tests {
		got := d.do(t, "ann", "GET /admin/api-keys?"+tt.query, "")
		check(t, tt.query, fmt.Sprint(len(got.Body["api_keys"].([]any)), " of ", got.Body["count"]), tt.want)
	}
}

func TestHandlerBadQueries(t *testing.T) {
	const when = " must be a time such as 2006-01-02T15:04:05Z"
	tests := []struct{ query, want string }{
		{"limit=0", "Field 'limit' must be a whole number from 1 to 100"},
		{"limit=101", "Field 'limit' must be a whole number from 1 to 100"},
		{"limit=ten", "Field 'limit' must be a whole number from 1 to 100"},
		{"offset=-1", "Field 'offset' must be a whole number from 0 to 2147483647"},
		{"order=title", "Field 'order' must be one of created_at, -created_at"},
		{"type=private", "Field 'type' must be one of secret, publishable"},
		{"type=secret&type=secret", "Field 'type' must be there once"},
		{"title=a%00", "Field 'title' must be plain text"},
		{"q=%ff", "Field 'q' must be plain text"},
		{"revoked_at=now", "Field 'revoked_at'" + when},
		{"revoked_at[$gt]=1", "Field 'revoked_at[$gt]'" + when},
		{"revoked_at[$lte]=", "Field 'revoked_at[$lte]'" + when},
		{"revoked_at[$exists]=1", "Field 'revoked_at[$exists]' must be one of true, false"},
		{"revoked_at[$ne]=1", "Unrecognized fields: 'revoked_at[$ne]'"},
		{"owner=bob", "Unrecognized fields: 'owner'"},
		{"ID=x", "Unrecognized fields: 'ID'"},
		{strings.Repeat("id=a&", 101), "Field 'id' must be there 100 times at most"},
	}
	d := newDesk(t, nil)
	for _, tt := range tests {
		t.Run(tt.query[:min(20, len(tt.query))], func(t *testing.T) {
			check(t, "the answer", d.do(t, "ann", "GET /admin/api-keys?"+tt.query, "").refusal(), "400 invalid_data: Invalid request: "+tt.want)
		})
	}
	id, _ := d.make(t, "ann", secretKey)
	for _, line := range []string{"POST /", "GET /ID", "POST /ID", "DELETE /ID", "POST /ID/rotate", "POST /ID/revoke", "POST /ID/disable"} {
		method, path, _ := strings.Cut(strings.ReplaceAll(line, "ID", id), " ")
		got := d.do(t, "ann", method+" /admin/api-keys"+strings.TrimSuffix(path, "/")+"?token=x", secretKey)
		check(t, line, got.refusal(), "400 invalid_data: Invalid request: Unrecognized fields: 'token'")
	}
	check(t, "the key is as it was", must(d.Get(t.Context(), id)).Version, int64(1))
	check(t, "there is one key", strings.HasSuffix(d.listed(t, "ann", ""), " of 1"), true)
	check(t, "searches of the store", d.store.count("Find"), 1)
}
