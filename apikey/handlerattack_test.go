package apikey_test

import (
	"strings"
	"testing"
)

func TestAttackHandler(t *testing.T) {
	t.Run("P009", newKeyInURL)
}

// newKeyInURL looks for the text of new keys in all that is said and logged but the one body it belongs into.
func newKeyInURL(t *testing.T) {
	d := newDesk(t, nil)
	made := d.do(t, "ann", "POST /admin/api-keys", secretKey)
	rotated := d.do(t, "ann", "POST /admin/api-keys/"+made.at("api_key.id")+"/rotate", `{"overlap":60}`)
	for _, got := range []deskAnswer{made, rotated} {
		text, id := got.at("api_key.token"), got.at("api_key.id")
		check(t, "the status", got.Status, 200)
		check(t, "Location", got.Header.Get("Location"), "")
		check(t, "Refresh", got.Header.Get("Refresh"), "")
		check(t, "the text is in the body", strings.Count(got.Text, text), 1)
		for _, line := range []string{"GET /admin/api-keys", "GET /admin/api-keys/" + id, "POST /admin/api-keys/" + id, "POST /admin/api-keys/" + id + "/disable",
			"POST /admin/api-keys/" + id + "/enable", "GET /admin/api-keys?q=" + text, "GET /admin/api-keys/" + text, "POST /admin/api-keys/" + id + "/revoke", "DELETE /admin/api-keys/" + id} {
			d.do(t, "ann", line, "")
			d.do(t, text, line, "")
		}
		check(t, "the secret in all answers", strings.Count(d.said.String(), secretOf(text)), 1)
		check(t, "the secret in the log", strings.Count(d.log.String(), secretOf(text)), 0)
	}
}

// Nobody gets more by the API than they have themselves, and a key that is not for everything gets nothing.
func TestHandlerScopes(t *testing.T) {
	d := newDesk(t, nil)
	wide := strings.Replace(secretKey, "reports:read", "*", 1)
	got := d.do(t, "bob", "POST /admin/api-keys", wide)
	check(t, "everything", got.refusal(), "403 forbidden: You may not give a key scopes that you do not have")
	got = d.do(t, "bob", "POST /admin/api-keys", strings.Replace(secretKey, "reports:read", "reports:write", 1))
	check(t, "another scope", got.refusal(), "403 forbidden: You may not give a key scopes that you do not have")
	check(t, "what he has", d.do(t, "bob", "POST /admin/api-keys", secretKey).Status, 200)
	other, text := d.make(t, "ann", secretKey)
	got = d.do(t, text, "POST /admin/api-keys", secretKey)
	check(t, "a key for one thing", got.refusal(), "403 forbidden: This key is not for managing keys")
	got = d.do(t, text, "POST /admin/api-keys/"+other+"/revoke", "")
	check(t, "ending another key", got.refusal(), "404 not_found: API key was not found")
	_, text = d.make(t, "ann", wide)
	check(t, "a key for everything", d.do(t, text, "POST /admin/api-keys", wide).Status, 200)
}
