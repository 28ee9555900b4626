package apikey_test

import (
	"encoding/base64"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/authtest"
	"github.com/countersign-go/countersign/auth/token"
)

func TestLifecycle(t *testing.T) {
	s := newSite()
	check(t, "without a key", s.get("/"), none)
	k, text := s.issue(t, nil)
	check(t, "with it", s.get("/", "X-API-Key: "+text), passed(k))
	other, otherText := s.issue(t, nil)
	check(t, "with another", s.get("/", "X-API-Key: "+otherText), passed(other))
	check(t, "revoking it", revoke(t.Context(), s.Manager, k.ID, "ann"), nil)
	check(t, "with it afterwards", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
	check(t, "with it where none is needed", s.get("/page", "X-API-Key: "+text), invalid(asksHeader))
	check(t, "with the other", s.get("/", "X-API-Key: "+otherText), passed(other))
	check(t, "handlers called", s.calls.Load(), 3)
}

// basic is what curl -u sends.
func basic(userpass string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(userpass))
}

func TestCarriers(t *testing.T) {
	s := newSite()
	k, text := s.issue(t, nil)
	unknown := another("sk", k.ID)
	byToken := reply{Status: 200, Body: "user by token", Cache: "private"}
	tests := []struct {
		name, line string
		want       reply
	}{
		{"in its own field", "X-API-Key: " + text, passed(k)},
		{"in its own field, in lower case", "x-api-key: " + text, passed(k)},
		{"by curl -u KEY:", basic(text + ":"), passed(k)},
		{"by curl -u KEY: in lower case", strings.Replace(basic(text+":"), "Basic", "basic", 1), passed(k)},
		{"as a bearer token", "Authorization: Bearer " + text, passed(k)},
		{"a JWT in its place", "Authorization: Bearer eyJ0eXAi.eyJhIjox.c2ln", byToken},

		{"a wrong one in its own field", "X-API-Key: " + unknown, invalid(asksHeader)},
		{"a wrong one by curl", basic(unknown + ":"), invalid(asksBasic)},
		{"a wrong one as a bearer token", "Authorization: Bearer " + unknown, invalid(asksBearer)},
		{"neither a key nor a JWT", "Authorization: Bearer abc", invalid(asksBearer)},
		{"as a password", basic(":" + text), invalid(asksBasic)},
		{"as a user with a password", basic(text + ":x"), invalid(asksBasic)},
		{"of another scheme", "Authorization: ApiKey " + text, none},
		{"without a scheme", "Authorization: " + text, malformed(asksBasic)},
		{"in another field", "Api-Key: " + text, none},
		{"in a cookie", "Cookie: X-API-Key=" + text, none},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, "the answer", s.get("/", tt.line), tt.want) })
	}
	check(t, "in the query", s.get("/?api_key="+text+"&access_token="+text), none)
}

func TestAuthContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite()
		k, text := s.issue(t, func(spec *apikey.Spec) { spec.ExpiresAt = soon(time.Hour) })
		var got auth.AuthContext
		s.asked = func(ac auth.AuthContext) { got = ac }
		for _, line := range []string{"X-API-Key: " + text, basic(text + ":"), "Authorization: Bearer " + text} {
			check(t, "the answer", s.get("/", line), passed(k))
			kept, ok := auth.Value[apikey.Key](got)
			check(t, "the key is attached", ok && reflect.DeepEqual(kept, k), true)
			want := auth.AuthContext{
				Actor:        auth.Actor{Type: "api-key", ID: k.ID},
				Scheme:       "api-key",
				CredentialID: k.ID,
				Scopes:       auth.NewSet("reports:read", "reports:write"),
				Expires:      k.ExpiresAt,
			}
			want.Attach(kept)
			check(t, "the context", reflect.DeepEqual(got, want), true)
		}
	})
}

// A key has scopes, and nothing else is granted.
func TestScopes(t *testing.T) {
	tests := []struct {
		name   string
		scopes []string
		want   map[string]int // statuses by path
	}{
		{"none", nil, map[string]int{"/": 200, "/reports": 403, "/orders": 403}},
		{"one of them", []string{"reports:read"}, map[string]int{"/": 200, "/reports": 200, "/orders": 403}},
		{"the other", []string{"orders:read"}, map[string]int{"/": 200, "/reports": 403, "/orders": 403}},
		{"all that is wanted", []string{"orders:read", "reports:read"}, map[string]int{"/": 200, "/reports": 200, "/orders": 200}},
		{"everything", []string{"*"}, map[string]int{"/": 200, "/reports": 200, "/orders": 200}},
		{"a pattern, which is none", []string{"reports:*", "*:read"}, map[string]int{"/": 200, "/reports": 403, "/orders": 403}},
		{"a part of one", []string{"reports", "reports:"}, map[string]int{"/": 200, "/reports": 403, "/orders": 403}},
		{"another case", []string{"Reports:Read"}, map[string]int{"/": 200, "/reports": 403, "/orders": 403}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite()
			_, text := s.issue(t, func(spec *apikey.Spec) { spec.Scopes = auth.NewSet(tt.scopes...) })
			for path, status := range tt.want {
				check(t, path, s.get(path, "X-API-Key: "+text).Status, status)
			}
		})
	}
	s := newSite()
	_, text := s.issue(t, nil)
	check(t, "what is said", s.get("/orders", "X-API-Key: "+text), lacking("orders:read reports:read"))
}

func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite()
		k, text := s.issue(t, func(spec *apikey.Spec) { spec.ExpiresAt = soon(time.Hour) })
		time.Sleep(time.Hour - time.Nanosecond)
		check(t, "a moment before", s.get("/", "X-API-Key: "+text), passed(k))
		time.Sleep(time.Nanosecond)
		check(t, "then", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
		time.Sleep(1000 * time.Hour)
		check(t, "long after", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
	})
}

func TestFind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite()
		a, _ := s.issue(t, nil)
		time.Sleep(time.Second)
		b, _ := s.issue(t, nil)
		others, _ := s.issue(t, func(spec *apikey.Spec) { spec.Owner = auth.Actor{Type: "customer", ID: "ann"} })
		check(t, "revoking one", revoke(t.Context(), s.Manager, a.ID, "bob"), nil)
		keys := must(list(t.Context(), s.Manager, ann))
		check(t, "keys", len(keys), 2)
		check(t, "the older", keys[0].ID, a.ID)
		check(t, "who revoked it", keys[0].Revocation.By, "bob")
		check(t, "when", keys[0].Revocation.At, time.Now().UTC())
		check(t, "the newer", keys[1].ID, b.ID)
		check(t, "when it was revoked", keys[1].Revocation.At, time.Time{})
		check(t, "the other's", must(list(t.Context(), s.Manager, others.Owner))[0].ID, others.ID)
		check(t, "everybody's", len(must(list(t.Context(), s.Manager, auth.Actor{}))), 3)
	})
}

func TestScheme(t *testing.T) {
	s := newSite()
	_, good := s.issue(t, nil)
	gone, revoked := s.issue(t, nil)
	check(t, "revoking one", revoke(t.Context(), s.Manager, gone.ID, "ann"), nil)
	schemes := map[string]struct {
		scheme auth.Scheme
		line   func(text string) string
	}{
		"Header": {auth.Header("X-API-Key", s), func(text string) string { return "X-API-Key: " + text }},
		"Basic":  {auth.Basic(s, nil), func(text string) string { return basic(text + ":") }},
		"Bearer": {auth.Bearer(s, nil), func(text string) string { return "Authorization: Bearer " + text }},
	}
	for name, by := range schemes {
		with := func(text string) func() *http.Request {
			return func() *http.Request { return request("/", by.line(text)) }
		}
		t.Run(name, func(t *testing.T) {
			authtest.TestScheme(t, by.scheme, authtest.Requests{
				Good: with(good),
				Bad: map[string]func() *http.Request{
					"revoked":       with(revoked),
					"unknown":       with(another("sk", token.NewID())),
					"tampered with": with(tampered(good, 40)),
					"for a session": with(another("ses", gone.ID)),
				},
				Down: func() *http.Request {
					s.store.once("Get", answering(errRefused))
					return with(good)()
				},
			})
		})
	}
}
