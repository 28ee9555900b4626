package apikey_test

import (
	"context"
	"strings"
	"testing"
)

// A store that does not answer is 503, whatever is asked, and what is left is what was there.
func TestHandlerOutage(t *testing.T) {
	tests := []struct{ verb, line, body string }{
		{"Find", "GET", ""},
		{"Create", "POST", secretKey},
		{"Get", "GET /ID", ""},
		{"Get", "POST /ID", `{"title":"y"}`},
		{"Replace", "POST /ID", `{"title":"y"}`},
		{"Get", "POST /ID/rotate", ""},
		{"Create", "POST /ID/rotate", ""},
		{"Replace", "POST /ID/rotate", ""},
		{"Get", "POST /ID/revoke", ""},
		{"Replace", "POST /ID/revoke", ""},
		{"Replace", "POST /ID/revoke", `{"revoke_in":60}`},
		{"Replace", "POST /ID/disable", ""},
		{"Replace", "POST /PK/sales-channels", `{"add":["a"]}`},
		{"Delete", "DELETE /OLD", ""},
	}
	for _, tt := range tests {
		t.Run(tt.verb+" at "+tt.line, func(t *testing.T) {
			d := newDesk(t, nil)
			id, text := d.make(t, "ann", secretKey)
			pk, _ := d.make(t, "ann", publishableKey)
			old, _ := d.make(t, "ann", secretKey)
			check(t, "revoking one", d.do(t, "ann", "POST /admin/api-keys/"+old+"/revoke", "").Status, 200)
			before := must(d.store.Get(t.Context(), id))
			method, path, _ := strings.Cut(tt.line, " ")
			line := method + " /admin/api-keys" + strings.NewReplacer("ID", id, "PK", pk, "OLD", old).Replace(path)

			d.store.on(tt.verb, answering(errRefused))
			got := d.do(t, "ann", line, tt.body)
			check(t, "the answer", got.refusal(), outage)
			check(t, "Retry-After", got.Header.Get("Retry-After"), "5")
			check(t, "it tells more", strings.Contains(got.Text, "10.0.0.7"), false)
			d.store.on(tt.verb, nil)

			after := must(d.store.Get(t.Context(), id))
			check(t, "the revocation", after.Revocation, before.Revocation)
			check(t, "the title", after.Title, before.Title)
			check(t, "the version", after.Version, before.Version)
			check(t, "the key is good", d.passes(t, text), true)
			check(t, "the keys", strings.HasSuffix(d.listed(t, "ann", ""), " of 3"), true)
			check(t, "once more", d.do(t, "ann", line, tt.body).Status, 200)
		})
	}
}

// The answer of the store to a write that it made may be lost: the client is told that it was made.
func TestHandlerLostReply(t *testing.T) {
	tests := []struct{ verb, line, body string }{
		{"Create", "POST", secretKey},
		{"Replace", "POST /ID", `{"title":"y"}`},
		{"Replace", "POST /ID/revoke", ""},
		{"Replace", "POST /ID/disable", ""},
		{"Replace", "POST /ID/rotate", ""},
	}
	for _, tt := range tests {
		t.Run(tt.verb+" at "+tt.line, func(t *testing.T) {
			d := newDesk(t, nil)
			id, _ := d.make(t, "ann", secretKey)
			method, path, _ := strings.Cut(strings.ReplaceAll(tt.line, "ID", id), " ")
			d.store.once(tt.verb, losing(errRefused))
			check(t, "the answer", d.do(t, "ann", method+" /admin/api-keys"+path, tt.body).Status, 200)
		})
	}
}

// A revocation that may not have been made is an error, and asking again tells.
func TestHandlerLostRevocation(t *testing.T) {
	d := newDesk(t, nil)
	id, text := d.make(t, "ann", secretKey)
	line := "POST /admin/api-keys/" + id + "/revoke"
	d.store.once("Replace", func(_ context.Context, call func() error) error {
		_ = call()
		d.store.on("Get", answering(errRefused)) // so that nobody can look
		return errRefused
	})
	check(t, "the answer", d.do(t, "ann", line, "").refusal(), outage)
	d.store.on("Get", nil)
	check(t, "the key", d.passes(t, text), false)
	check(t, "asking again", d.do(t, "ann", line, "").refusal(), "400 not_allowed: The API key is already revoked")
}
