package console_test

import (
	"context"
	"errors"
	"io"
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

// A store that does not answer is 503 on every page, and is logged.
func TestOutage(t *testing.T) {
	for _, r := range all(reads, keyChanges, otherChanges) {
		t.Run(r.method+" "+r.path, func(t *testing.T) {
			s := newSite(t, nil)
			k := s.issue(ann, "nightly report")
			s.down.Store(true)
			w := s.as(ann, r.method, r.at(k.ID), r.form)
			check(t, "status", w.Code, http.StatusServiceUnavailable)
			check(t, "Retry-After", w.Header().Get("Retry-After"), "5")
			check(t, "Content-Type", w.Header().Get("Content-Type"), "text/html; charset=utf-8")
			contains(t, "the page", w.Body.String(), "<h1>Not available right now</h1>", "<strong>ann</strong>")
			check(t, "try again", strings.Contains(w.Body.String(), "Try again"), r.method == "GET")
			check(t, "may have been done", strings.Contains(w.Body.String(), "may have been done all the same"), r.method == "POST")
			lacks(t, "the page", w.Body.String(), "test:", "auth:")
			contains(t, "the log", s.log.String(), "level=ERROR", "status=503")
			s.down.Store(false)
			check(t, "version", must(s.keys.Get(t.Context(), k.ID)).Version, k.Version)
			check(t, "keys", s.count(), 1)
		})
	}
}

// What is tried again is what was asked for, and stays on the host.
func TestTryAgain(t *testing.T) {
	s := newSite(t, nil)
	s.down.Store(true)
	for _, path := range []string{"/console/keys?q=a%26b&page=2", "/console/sessions?said=ended", "/console/keys/" + unknownID} {
		page := s.as(ann, "GET", path, nil).Body.String()
		contains(t, path, page, `<a class="button primary" href="`+strings.ReplaceAll(path, "&", "&amp;")+`">Try again</a>`)
	}
}

// So is one that goes away while a form is answered, and a visitor who does.
func TestHangUp(t *testing.T) {
	s := newSite(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, r := range all(reads, keyChanges, otherChanges) {
		w := s.send(request(r.method, r.at(unknownID), r.form).WithContext(ctx))
		check(t, r.path, w.Code, http.StatusServiceUnavailable)
	}
	check(t, "keys", s.count(), 0)
}

// What a policy forbids is answered by the program's guard, and not done.
func TestPolicy(t *testing.T) {
	forbid := func(actions ...apikey.Action) apikey.Policy {
		return func(_ context.Context, _ auth.AuthContext, action apikey.Action, _ apikey.Key) error {
			for _, a := range actions {
				if a == action {
					return no("Not today: " + string(action))
				}
			}
			return nil
		}
	}
	failing := func(context.Context, auth.AuthContext, apikey.Action, apikey.Key) error {
		return errors.New("test: boom")
	}
	unsure := func(context.Context, auth.AuthContext, apikey.Action, apikey.Key) error {
		return &auth.Error{Status: http.StatusForbidden, Err: errDown}
	}
	form := otherChanges[0].form
	tests := []struct {
		name   string
		policy apikey.Policy
		r      route
		status int
		want   string
	}{
		{"list", forbid(apikey.ActionList), reads[0], 403, "Not today: list"},
		{"the form for a key wants list", forbid(apikey.ActionList), reads[1], 403, "Not today: list"},
		{"read", forbid(apikey.ActionRead), reads[2], 404, "Nothing is here"},
		{"create", forbid(apikey.ActionCreate), route{"POST", "/console/keys", with(form, "seen", "1-%s")}, 403, "Not today: create"},
		{"rename", forbid(apikey.ActionUpdate), keyChanges[0], 403, "Not today: update"},
		{"rotate", forbid(apikey.ActionRotate), keyChanges[1], 403, "Not today: rotate"},
		{"revoke", forbid(apikey.ActionRevoke), keyChanges[2], 403, "Not today: revoke"},
		{"disable", forbid(apikey.ActionDisable), keyChanges[3], 403, "Not today: disable"},
		{"enable", forbid(apikey.ActionEnable), keyChanges[4], 403, "Not today: enable"},
		{"delete", forbid(apikey.ActionDelete), keyChanges[5], 403, "Not today: delete"},
		{"change what one may not read", forbid(apikey.ActionRead), keyChanges[2], 404, "Nothing is here"},
		{"a policy that cannot find out", unsure, reads[0], 503, "Not available right now"},
		{"a policy that cannot find out at a change", unsure, keyChanges[2], 503, "Not available right now"},
		{"a policy that fails", failing, reads[0], 500, "Something went wrong"},
		{"a policy that fails at a change", failing, keyChanges[2], 500, "Something went wrong"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, func(_ *console.Config, c *apikey.Config, _ *session.Config) { c.Policy = tt.policy })
			k := s.issue(ann, "nightly report")
			form := url.Values{}
			for name, values := range tt.r.form {
				form[name] = []string{strings.ReplaceAll(values[0], "%s", k.ID)}
			}
			w := s.as(ann, tt.r.method, tt.r.at(k.ID), form)
			check(t, "status", w.Code, tt.status)
			check(t, "by the guard", w.Header().Get("Content-Type") == "application/json", tt.status == http.StatusForbidden)
			contains(t, "the answer", w.Body.String(), tt.want)
			lacks(t, "the answer", w.Body.String(), "test:", "nightly report")
			check(t, "version", must(s.keys.Get(t.Context(), k.ID)).Version, k.Version)
			check(t, "keys", s.count(), 1)
		})
	}
}

// A key for everything manages what its owner does, one for something else nothing. A rule keeps keys out.
func TestVisitByKey(t *testing.T) {
	s := newSite(t, nil)
	text := func(scope string) string {
		_, text, err := s.keys.Issue(t.Context(), apikey.Spec{Title: "robot", Owner: ann.Actor, Scopes: auth.NewSet(scope)})
		check(t, "issue", err, nil)
		return text.Reveal()
	}
	all, one := text("*"), text("reports:read")
	seen := hidden.FindStringSubmatch(s.send(request("GET", "/console/keys/new", nil, "X-API-Key", all)).Body.String())[1]
	form := url.Values{"seen": {seen}, "title": {"t"}, "kind": {"secret"}, "expiry": {"30"}, "scopes": {"reports:read"}}
	check(t, "the form, to a key for something else", s.send(request("GET", "/console/keys/new", nil, "X-API-Key", one)).Code, 403)
	check(t, "by a key for something else", s.send(request("POST", "/console/keys", form, "X-API-Key", one)).Code, 403)
	check(t, "by a key for everything", s.send(request("POST", "/console/keys", form, "X-API-Key", all)).Code, 201)
	keys, total, err := s.keys.Find(t.Context(), apikey.Query{Newest: true})
	check(t, "find", err, nil)
	check(t, "keys", total, 3)
	check(t, "owner", keys[0].Owner, ann.Actor)
	contains(t, "no sessions", s.send(request("GET", "/console/sessions", nil, "X-API-Key", all)).Body.String(), "No sessions")
}

// What people typed and what clients sent is text, wherever it is shown.
func TestEscapes(t *testing.T) {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>'`
	s := newSite(t, func(c *console.Config, _ *apikey.Config, _ *session.Config) {
		c.Title, c.Scopes = evil, []string{"a'b<c>"}
	})
	eve := auth.AuthContext{Actor: auth.Actor{Type: evil, ID: evil}, Scheme: "test", Scopes: auth.NewSet("*")}
	me, _ := s.start(eve, evil)
	made := s.as(me, "POST", "/console/keys", with(s.newForm(t, me, evil), "scopes", "a'b<c>"))
	check(t, "created", made.Code, http.StatusCreated)
	id := s.find(t).ID
	mistake := with(url.Values{"title": {strings.Repeat(evil, 10)}, "kind": {evil}, "expiry": {evil}, "expiry_date": {evil}, "seen": {evil}}, "scopes", evil)
	pages := map[string]string{
		"a new key":   made.Body.String(),
		"a mistake":   s.as(me, "POST", "/console/keys", mistake).Body.String(),
		"a revoked":   s.as(me, "POST", "/console/keys/"+id+"/revoke", url.Values{"when": {"0"}, "reason": {evil}}).Body.String(),
		"keys":        s.as(me, "GET", "/console/keys", nil).Body.String(),
		"a key":       s.as(me, "GET", "/console/keys/"+id, nil).Body.String(),
		"a search":    s.as(me, "GET", "/console/keys?q="+url.QueryEscape(evil)+"&page="+url.QueryEscape(evil), nil).Body.String(),
		"a rename":    s.as(me, "POST", "/console/keys/"+id+"/rename", url.Values{"title": {strings.Repeat(evil, 10)}}).Body.String(),
		"sessions":    s.as(me, "GET", "/console/sessions", nil).Body.String(),
		"no page":     s.as(me, "GET", "/console/"+url.PathEscape(evil), nil).Body.String(),
		"a bad query": s.as(me, "GET", "/console/keys?said="+url.QueryEscape(evil), nil).Body.String(),
	}
	for name, page := range pages {
		lacks(t, name, page, "<script>", "<img", `"><`+"script", "a'b<c>")
	}
	contains(t, "the reason", pages["a key"], "<dt>Reason</dt><dd>&#34;&gt;&lt;script&gt;")
	contains(t, "the device", pages["sessions"], "&#34;&gt;&lt;script&gt;")
}

// Errors that are no question of the store are told without what they say.
func TestBadForms(t *testing.T) {
	s := newSite(t, nil)
	tests := []struct {
		name, contentType, body string
		status                  int
	}{
		{"too large", "application/x-www-form-urlencoded", "title=" + strings.Repeat("x", 64<<10), 413},
		{"an escape that is none", "application/x-www-form-urlencoded", "title=%zz", 400},
		{"semicolons", "application/x-www-form-urlencoded", "title=a;kind=b", 400},
		{"JSON", "application/json", `{"title": "x"}`, 415},
		{"in parts", "multipart/form-data; boundary=x", "--x--", 415},
		{"plain text", "text/plain", "title=x", 415},
		{"no type", "", "title=x", 415},
		{"many fields", "application/x-www-form-urlencoded", strings.Repeat("scopes=reports:read&", 3000), 422},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request("POST", "/console/keys", nil, "Content-Type", tt.contentType)
			r.Body = io.NopCloser(strings.NewReader(tt.body))
			w := s.send(authtest.As(r, ann))
			check(t, "status", w.Code, tt.status)
			contains(t, "the page", w.Body.String(), "<!doctype html>")
			check(t, "keys", s.count(), 0)
		})
	}
}
