package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/authtest"
	"github.com/countersign-go/countersign/auth/console"
	"github.com/countersign-go/countersign/session"
)

const (
	wantPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	unknownID  = "aaaaaaaaaaaaaaaaaaaaaaaa"
)

// A route is something that can be asked of the console. %s in a path is the ID of a key or a session.
type route struct {
	method, path string
	form         url.Values
}

var keyChanges = []route{
	{"POST", "/console/keys/%s/rename", url.Values{"title": {"new"}}},
	{"POST", "/console/keys/%s/rotate", url.Values{"overlap": {"0"}}},
	{"POST", "/console/keys/%s/revoke", url.Values{"when": {"0"}}},
	{"POST", "/console/keys/%s/disable", nil},
	{"POST", "/console/keys/%s/enable", nil},
	{"POST", "/console/keys/%s/delete", nil},
}

var otherChanges = []route{
	{"POST", "/console/keys", url.Values{"title": {"t"}, "kind": {"secret"}, "expiry": {"30"}, "seen": {"0-"}}},
	{"POST", "/console/sessions/%s/end", nil},
	{"POST", "/console/sessions/end-others", nil},
	{"POST", "/console/sessions/end-all", nil},
}

var reads = []route{
	{"GET", "/console/keys", nil},
	{"GET", "/console/keys/new", nil},
	{"GET", "/console/keys/%s", nil},
	{"GET", "/console/sessions", nil},
}

// all joins routes.
func all(lists ...[]route) (joined []route) {
	for _, l := range lists {
		joined = append(joined, l...)
	}
	return joined
}

func (r route) at(id string) string { return strings.ReplaceAll(r.path, "%s", id) }

func TestHeaders(t *testing.T) {
	s := newSite(t, func(c *console.Config, _ *apikey.Config, _ *session.Config) {
		c.Rules = []auth.Rule{auth.ActorType("user")}
	})
	k := s.issue(ann, "nightly report")
	robot := auth.AuthContext{Actor: auth.Actor{Type: "robot", ID: "r"}, Scheme: "test"}
	tests := []struct {
		name   string
		who    auth.AuthContext
		r      *http.Request
		status int
	}{
		{"keys", ann, request("GET", "/console/keys", nil), 200},
		{"the form for a key", ann, request("GET", "/console/keys/new", nil), 200},
		{"a key", ann, request("GET", "/console/keys/"+k.ID, nil), 200},
		{"sessions", ann, request("GET", "/console/sessions", nil), 200},
		{"a new key", ann, request("POST", "/console/keys", s.newForm(t, ann, "t")), 201},
		{"a change", ann, request("POST", "/console/keys/"+k.ID+"/disable", nil), 303},
		{"the start", ann, request("GET", "/console/", nil), 303},
		{"a mistake", ann, request("POST", "/console/keys", nil), 422},
		{"a bad search", ann, request("GET", "/console/keys?q="+strings.Repeat("x", 201), nil), 400},
		{"no page", ann, request("GET", "/console/nothing", nil), 404},
		{"no key", ann, request("GET", "/console/keys/"+unknownID, nil), 404},
		{"another method", ann, request("DELETE", "/console/keys", nil), 405},
		{"no form", ann, request("POST", "/console/keys", nil, "Content-Type", "text/plain"), 415},
		{"a form that is too large", ann, request("POST", "/console/keys", url.Values{"title": {strings.Repeat("x", 70_000)}}), 413},
		{"another site's form", ann, request("POST", "/console/keys", nil, "Sec-Fetch-Site", "cross-site"), 403},
		{"a rule that says no", robot, request("GET", "/console/keys", nil), 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := s.send(authtest.As(tt.r, tt.who))
			check(t, "status", w.Code, tt.status)
			h := w.Header()
			check(t, "Content-Security-Policy", h.Get("Content-Security-Policy"), wantPolicy)
			check(t, "Referrer-Policy", h.Get("Referrer-Policy"), "same-origin")
			check(t, "X-Content-Type-Options", h.Get("X-Content-Type-Options"), "nosniff")
			check(t, "X-Frame-Options", h.Get("X-Frame-Options"), "DENY")
			check(t, "Cache-Control", h.Get("Cache-Control"), "no-store")
			check(t, "cookies", len(h["Set-Cookie"]), 0)
		})
	}
}

// Pages are for those whom the guard lets in, whatever the path and the method.
func TestGuarded(t *testing.T) {
	s := newSite(t, func(c *console.Config, _ *apikey.Config, _ *session.Config) {
		c.Rules = []auth.Rule{auth.ActorType("user")}
	})
	k := s.issue(ann, "nightly report")
	_, cookie := s.start(ann, "")
	_, key, err := s.keys.Issue(t.Context(), apikey.Spec{Title: "t", Owner: ann.Actor})
	check(t, "issue", err, nil)
	login := cookie.Name + "=" + cookie.Value
	for _, r := range all(reads, keyChanges, otherChanges, []route{{"GET", "/console/", nil}, {"GET", "/console/nothing", nil}, {"PUT", "/console/keys", nil}}) {
		t.Run(r.method+" "+r.path, func(t *testing.T) {
			path := r.at(k.ID)
			w := s.send(request(r.method, path, r.form))
			check(t, "without credentials", w.Code, 401)
			check(t, "its policy", w.Header().Get("Content-Security-Policy"), wantPolicy)
			check(t, "with a bad key", s.send(request(r.method, path, r.form, "X-API-Key", "sk_bad")).Code, 401)
			check(t, "with a good one, which a rule forbids", s.send(request(r.method, path, r.form, "X-API-Key", key.Reveal())).Code, 403)
		})
	}
	for _, r := range reads {
		check(t, "with a cookie: "+r.path, s.send(request(r.method, r.at(k.ID), nil, "Cookie", login)).Code, 200)
	}
}

// Another origin's page changes nothing, however the visitor came in.
func TestCrossSite(t *testing.T) {
	s := newSite(t, nil)
	k := s.issue(ann, "nightly report")
	me, cookie := s.start(ann, "")
	_, key, err := s.keys.Issue(t.Context(), apikey.Spec{Title: "t", Owner: ann.Actor})
	check(t, "issue", err, nil)
	before := must(s.keys.Get(t.Context(), k.ID))
	from := []struct {
		name   string
		fields []string
	}{
		{"another site", []string{"Sec-Fetch-Site", "cross-site"}},
		{"a sibling", []string{"Sec-Fetch-Site", "same-site"}},
		{"another origin", []string{"Origin", "https://evil.example"}},
		{"an opaque origin", []string{"Origin", "null"}},
		{"the same host without TLS", []string{"Origin", "http://example.com"}},
		{"both, of which one lies", []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}},
	}
	by := map[string][]string{"by cookie": {"Cookie", cookie.Name + "=" + cookie.Value}, "by key": {"X-API-Key", key.Reveal()}, "by nothing": nil}
	for _, r := range all(keyChanges, otherChanges) {
		for _, tt := range from {
			for how, fields := range by {
				t.Run(r.path+" from "+tt.name+" "+how, func(t *testing.T) {
					w := s.send(request(r.method, r.at(k.ID), r.form, append(tt.fields, fields...)...))
					check(t, "status", w.Code, http.StatusForbidden)
					contains(t, "the answer", w.Body.String(), "Cross-origin request refused")
				})
			}
			check(t, "what a guard let pass before", s.as(ann, r.method, r.at(k.ID), r.form, tt.fields...).Code, http.StatusForbidden)
		}
	}
	after := must(s.keys.Get(t.Context(), k.ID))
	check(t, "the key's version", after.Version, before.Version)
	check(t, "keys", s.count(), 2)
	check(t, "sessions", len(must(s.sessions.List(t.Context(), me.Actor))), 1)
}

// The browser's own request passes, and so does one of an origin that is trusted.
func TestSameOrigin(t *testing.T) {
	trusted := must(auth.NewCrossOrigin(auth.CrossOriginConfig{Origins: []string{"https://app.example"}}))
	s := newSite(t, func(c *console.Config, _ *apikey.Config, _ *session.Config) { c.CrossOrigin = trusted })
	k := s.issue(ann, "nightly report")
	for _, fields := range [][]string{
		nil, {"Origin", "https://example.com"}, {"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "none"},
		{"Origin", "null", "Sec-Fetch-Site", "same-origin"}, {"Origin", "https://app.example", "Sec-Fetch-Site", "cross-site"},
	} {
		w := s.as(ann, "POST", "/console/keys/"+k.ID+"/disable", nil, fields...)
		check(t, strings.Join(fields, " "), w.Code, http.StatusSeeOther)
	}
}

func TestMethods(t *testing.T) {
	s := newSite(t, nil)
	k := s.issue(ann, "nightly report")
	tests := []struct{ method, path, allow string }{
		{"PUT", "/console/keys", "GET, POST, HEAD"},
		{"DELETE", "/console/keys/" + k.ID, "GET, HEAD"},
		{"GET", "/console/keys/" + k.ID + "/revoke", "POST"},
		{"HEAD", "/console/sessions/end-all", "POST"},
		{"POST", "/console/sessions", "GET, HEAD"},
		{"OPTIONS", "/console/", "GET, HEAD"},
	}
	for _, tt := range tests {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			w := s.as(ann, tt.method, tt.path, nil)
			check(t, "status", w.Code, http.StatusMethodNotAllowed)
			check(t, "Allow", w.Header().Get("Allow"), tt.allow)
		})
	}
	check(t, "HEAD", s.as(ann, "HEAD", "/console/keys", nil).Code, http.StatusOK)
}

func TestAssets(t *testing.T) {
	s := newSite(t, nil)
	tests := []struct{ path, contentType, part string }{
		{"/console/console.css", "text/css; charset=utf-8", "prefers-color-scheme: dark"},
		{"/console/console.js", "text/javascript; charset=utf-8", "clipboard"},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			w := s.send(request("GET", tt.path, nil))
			check(t, "status", w.Code, http.StatusOK)
			check(t, "Content-Type", w.Header().Get("Content-Type"), tt.contentType)
			check(t, "Cache-Control", w.Header().Get("Cache-Control"), "no-cache")
			check(t, "X-Content-Type-Options", w.Header().Get("X-Content-Type-Options"), "nosniff")
			contains(t, "the file", w.Body.String(), tt.part)
			etag := w.Header().Get("ETag")
			check(t, "an ETag", len(etag) > 10, true)
			again := s.send(request("GET", tt.path, nil, "If-None-Match", etag))
			check(t, "again", again.Code, http.StatusNotModified)
			check(t, "its body", again.Body.Len(), 0)
			check(t, "another", s.send(request("GET", tt.path, nil, "If-None-Match", `"x"`)).Code, http.StatusOK)
			check(t, "POST", s.send(request("POST", tt.path, nil)).Code, http.StatusMethodNotAllowed)
		})
	}
}
