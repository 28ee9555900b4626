package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
)

func TestHandlerGet(t *testing.T) {
	d := newDesk(t, nil)
	tokens := d.begin(t, ann)
	other := d.begin(t, ann)
	id := tokens.Context.SessionID
	got := d.do(t, tokens.Access.Reveal(), "GET /admin/sessions/"+id, "")
	rec := must(d.store.Get(t.Context(), id, time.Now()))
	stamp := func(t time.Time) string { return t.Format(time.RFC3339Nano) }
	for path, want := range map[string]string{
		"id": id, "current": "true", "actor_type": "user", "actor_id": "ann", "provider": "emailpass", "ip": "192.0.2.1",
		"user_agent": "a browser", "created_at": stamp(rec.Created), "last_seen_at": stamp(rec.Renewed), "expires_at": stamp(rec.Expires),
		"factors": `[{"at":"` + stamp(rec.Login.Factors[0].At) + `","method":"pwd"}]`,
	} {
		check(t, path, got.at("session."+path), want)
	}
	check(t, "the members", len(got.Body["session"].(map[string]any)), 11)
	got = d.do(t, other.Access.Reveal(), "GET /admin/sessions/"+id, "")
	check(t, "current to another", got.at("session.current"), "false")
	check(t, "secrets in the answers", strings.Contains(d.said.String(), "rt_"), false)
}

func TestHandlerList(t *testing.T) {
	d := newDesk(t, nil)
	var ids []string
	var access string
	for range 25 {
		tokens := d.begin(t, ann)
		ids, access = append(ids, tokens.Context.SessionID), tokens.Access.Reveal()
		for start := time.Now(); time.Since(start) < 2*time.Microsecond; { // so that no two begin at once
		}
	}
	_ = d.begin(t, bob)
	tests := []struct {
		query    string
		from, to int
	}{
		{"", 0, 20},
		{"?limit=3", 0, 3},
		{"?limit=3&offset=2", 2, 5},
		{"?limit=100", 0, 25},
		{"?offset=20", 20, 25},
		{"?offset=1000", 25, 25},
		{"?actor_type=user&actor_id=ann&limit=1", 0, 1},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			got := d.do(t, access, "GET /admin/sessions"+tt.query, "")
			var found []string
			for _, s := range got.Body["sessions"].([]any) {
				member := s.(map[string]any)
				found = append(found, member["id"].(string))
				check(t, "current", member["current"] == true, member["id"] == ids[24])
			}
			check(t, "found", strings.Join(found, " "), strings.Join(ids[tt.from:tt.to], " "))
			check(t, "count", got.at("count"), "25")
		})
	}
}

func TestHandlerEnd(t *testing.T) {
	d := newDesk(t, nil)
	a, b, c, other := d.begin(t, ann), d.begin(t, ann), d.begin(t, ann), d.begin(t, bob)
	left := func() string {
		return fmt.Sprint(len(must(d.List(t.Context(), ann))), " ", len(must(d.List(t.Context(), bob))))
	}
	access, path := a.Access.Reveal(), "DELETE /admin/sessions/"+b.Context.SessionID
	got := d.do(t, access, path, "")
	check(t, "ending one", strings.TrimSpace(got.Text), `{"id":"`+b.Context.SessionID+`","object":"session","deleted":true}`)
	check(t, "ending it again", d.do(t, access, path, "").refusal(), notFound)
	check(t, "ending bob's", d.do(t, access, "DELETE /admin/sessions/"+other.Context.SessionID, "").refusal(), notFound)
	check(t, "left", left(), "2 1")
	check(t, "ending others", strings.TrimSpace(d.do(t, access, "POST /admin/sessions/end-others", "").Text), `{"ended":1}`)
	check(t, "the other one", must(d.Ended(t.Context(), c.Context.SessionID)), true)
	check(t, "this one", must(d.Ended(t.Context(), a.Context.SessionID)), false)
	check(t, "left then", left(), "1 1")
	_ = d.begin(t, ann)
	check(t, "ending bob's, all of them", d.do(t, access, "POST /admin/sessions/end-all", `{"actor_type":"user","actor_id":"bob"}`).Status, 403)
	check(t, "ending all", strings.TrimSpace(d.do(t, access, "POST /admin/sessions/end-all", "{}").Text), `{"ended":2}`)
	check(t, "left at last", left(), "0 1")
}

// Whoever the policy lets may see and end the sessions of others.
func TestHandlerPolicy(t *testing.T) {
	d := newDesk(t, func(c *session.Config) {
		c.Policy = func(_ context.Context, by auth.AuthContext, actor auth.Actor) error {
			if by.Actor == ann {
				return nil
			}
			return session.OwnSessions(t.Context(), by, actor)
		}
	})
	admin, other := d.begin(t, ann).Access.Reveal(), d.begin(t, bob)
	path := "/admin/sessions/" + other.Context.SessionID
	const bobs = "actor_type=user&actor_id=bob"
	check(t, "listing", d.do(t, admin, "GET /admin/sessions?"+bobs, "").at("count"), "1")
	check(t, "getting", d.do(t, admin, "GET "+path, "").at("session.actor_id"), "bob")
	check(t, "ending all", d.do(t, admin, "POST /admin/sessions/end-all", `{"actor_type":"user","actor_id":"bob"}`).at("ended"), "1")
	check(t, "getting it then", d.do(t, admin, "GET "+path, "").refusal(), notFound)
	other = d.begin(t, bob)
	check(t, "the other way round", d.do(t, other.Access.Reveal(), "GET /admin/sessions?actor_type=user&actor_id=ann", "").Status, 403)
}

func TestHandlerRefusals(t *testing.T) {
	d := newDesk(t, nil)
	mine, other := d.begin(t, ann), d.begin(t, bob)
	ended := d.begin(t, ann)
	check(t, "ending one", d.End(t.Context(), ended.Context.SessionID), nil)
	access := mine.Access.Reveal()
	bad := func(text string) string { return "400 invalid_data: Invalid request: " + text }
	const together = "Fields 'actor_type' and 'actor_id' are required together"
	tests := []struct{ name, access, line, body, want string }{
		{"nobody", "", "GET /admin/sessions", "", nobodys},
		{"nobody, for the document", "", "GET /admin/sessions/openapi.json", "", nobodys},
		{"nobody, for what is not there", "", "GET /x", "", nobodys},
		{"bad credentials", "x", "GET /admin/sessions", "", nobodys},
		{"an unknown session", access, "GET /admin/sessions/" + token.NewID(), "", notFound},
		{"one that has ended", access, "GET /admin/sessions/" + ended.Context.SessionID, "", notFound},
		{"a foreign one", access, "GET /admin/sessions/" + other.Context.SessionID, "", notFound},
		{"what is no ID", access, "GET /admin/sessions/x", "", notFound},
		{"what is no ID, to end", access, "DELETE /admin/sessions/%00", "", notFound},
		{"a slash", access, "DELETE /admin/sessions/end-all%2Fx", "", notFound},
		{"a refresh token as an ID", access, "GET /admin/sessions/" + mine.Refresh.Reveal(), "", notFound},
		{"an ID of 4,000 characters", access, "GET /admin/sessions/" + strings.Repeat("a", 4000), "", notFound},
		{"a type without an ID", access, "GET /admin/sessions?actor_type=user", "", bad(together)},
		{"an ID without a type", access, "GET /admin/sessions?actor_id=bob", "", bad(together)},
		{"a limit of zero", access, "GET /admin/sessions?limit=0", "", bad("Field 'limit' must be a whole number from 1 to 100")},
		{"an unknown parameter", access, "GET /admin/sessions?actor=bob", "", bad("Unrecognized fields: 'actor'")},
		{"a parameter to get", access, "GET /admin/sessions/x?limit=1", "", bad("Unrecognized fields: 'limit'")},
		{"a parameter to end", access, "DELETE /admin/sessions/x?all=1", "", bad("Unrecognized fields: 'all'")},
		{"a parameter to end all", access, "POST /admin/sessions/end-all?actor_id=bob", "", bad("Unrecognized fields: 'actor_id'")},
		{"somebody else's", access, "GET /admin/sessions?actor_type=user&actor_id=bob", "", "403 forbidden: Forbidden"},
		{"a field to end others", access, "POST /admin/sessions/end-others", `{"except":"x"}`, bad("Unrecognized fields: 'except'")},
		{"a field to end all", access, "POST /admin/sessions/end-all", `{"except":"x"}`, bad("Unrecognized fields: 'except'")},
		{"half an actor to end all", access, "POST /admin/sessions/end-all", `{"actor_id":"bob"}`, bad(together)},
		{"a number as an actor", access, "POST /admin/sessions/end-all", `{"actor_id":7}`, bad("Field 'actor_id' must be a string")},
		{"a body of 64 KiB", access, "POST /admin/sessions/end-all", `{"a":"` + strings.Repeat("x", 64<<10) + `"}`,
			"413 invalid_data: Invalid request: The body is larger than 64 KiB"},
		{"a method that it has not", access, "PUT /admin/sessions", "", wrongMethod},
		{"another one", access, "POST /admin/sessions/" + mine.Context.SessionID, "", wrongMethod},
		{"a slash at the end", access, "GET /admin/sessions/", "", notFoundRoute},
		{"an unknown path", access, "GET /admin", "", notFoundRoute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, "the answer", d.do(t, tt.access, tt.line, tt.body).refusal(), tt.want)
		})
	}
	text := d.do(t, access, "POST /admin/sessions/end-all", "", "Content-Type: text/plain")
	check(t, "text", text.refusal(), "415 invalid_data: Invalid request: The body must be application/json")
	check(t, "sessions that are left", len(must(d.List(t.Context(), ann))), 1)
}

// A session's cookie works, but not for pages of other sites.
func TestHandlerCookie(t *testing.T) {
	d := newDesk(t, nil)
	w := &cookieJar{header: http.Header{}}
	ac, err := d.Start(w, must(http.NewRequest("POST", "https://example.com/login", nil)), annsLogin())
	check(t, "starting a session", err, nil)
	cookie, _, _ := strings.Cut(w.Header().Get("Set-Cookie"), ";")
	got := d.do(t, "", "GET /admin/sessions/"+ac.SessionID, "", "Cookie: "+cookie)
	check(t, "current", got.at("session.current"), "true")
	check(t, "Vary", got.Header.Get("Vary"), "Cookie")
	got = d.do(t, "", "POST /admin/sessions/end-all", "", "Cookie: "+cookie, "Sec-Fetch-Site: cross-site")
	check(t, "by another site's page", got.Status, 403)
	check(t, "it goes on", must(d.Ended(t.Context(), ac.SessionID)), false)
	got = d.do(t, "", "POST /admin/sessions/end-all", "", "Cookie: "+cookie, "Sec-Fetch-Site: same-origin")
	check(t, "by one of its own", got.at("ended"), "1")
}

// cookieJar takes what is set on an answer.
type cookieJar struct {
	http.ResponseWriter
	header http.Header
}

func (c *cookieJar) Header() http.Header { return c.header }

func TestHandlerOutage(t *testing.T) {
	tests := []struct{ verb, line string }{
		{"List", "GET /admin/sessions"},
		{"Get", "GET /admin/sessions/ID"},
		{"Get", "DELETE /admin/sessions/ID"},
		{"Delete", "DELETE /admin/sessions/ID"},
		{"DeleteAll", "POST /admin/sessions/end-others"},
		{"DeleteAll", "POST /admin/sessions/end-all"},
	}
	for _, tt := range tests {
		t.Run(tt.verb+" at "+tt.line, func(t *testing.T) {
			d := newDesk(t, nil)
			mine, other := d.begin(t, ann), d.begin(t, ann)
			d.store.on(tt.verb, answering(errRefused))
			got := d.do(t, mine.Access.Reveal(), strings.ReplaceAll(tt.line, "ID", other.Context.SessionID), "")
			check(t, "the answer", got.refusal(), outage)
			check(t, "it tells more", strings.Contains(d.said.String(), "10.0.0.7"), false)
			d.store.on(tt.verb, nil)
			check(t, "sessions that are left", len(must(d.List(t.Context(), ann))), 2)
			again := d.do(t, mine.Access.Reveal(), strings.ReplaceAll(tt.line, "ID", other.Context.SessionID), "")
			check(t, "once more", again.Status, 200)
		})
	}
}

func TestHandlerRules(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"no", &auth.Error{Status: 403, Message: "Not on a Sunday"}, "403 forbidden: Not on a Sunday"},
		{"could not find out", auth.ErrUnavailable, outage},
		{"failed", errors.New("s3cr3t"), "500 internal: Internal Server Error"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, nil, func(*http.Request, auth.AuthContext) error { return tt.err })
			access := d.begin(t, ann).Access.Reveal()
			for _, line := range []string{"GET /admin/sessions", "GET /admin/sessions/openapi.json", "POST /admin/sessions/end-all", "GET /x"} {
				check(t, line, d.do(t, access, line, "").refusal(), tt.want)
			}
			check(t, "sessions that are left", len(must(d.List(t.Context(), ann))), 1)
		})
	}
}

func TestHandlerOptions(t *testing.T) {
	d := newDesk(t, nil)
	guard := auth.New(auth.Bearer(auth.TokenVerifierFunc(verifyMinted), nil), nil)
	check(t, "no manager", panicOf(func() { session.NewHandler(nil, guard, nil) }), "session: NewHandler: nil Manager or Guard")
	check(t, "no guard", panicOf(func() { session.NewHandler(d.Manager, nil, nil) }), "session: NewHandler: nil Manager or Guard")
	check(t, "no path", panicOf(func() { session.NewHandler(d.Manager, guard, &session.HandlerOptions{Path: "/"}) }), "wire: Under: not a path: /")
	check(t, "no manager to refresh", panicOf(func() { session.NewRefreshHandler(nil, guard) }), "session: NewRefreshHandler: nil Manager or Guard")
	check(t, "no guard to refresh", panicOf(func() { session.NewRefreshHandler(d.Manager, nil) }), "session: NewRefreshHandler: nil Manager or Guard")
	access := d.begin(t, ann).Access.Reveal()
	d.server.Config.Handler = session.NewHandler(d.Manager, guard, &session.HandlerOptions{Path: "/v1/logins", RefreshPath: "/v1/refresh"})
	check(t, "the path", d.do(t, access, "GET /v1/logins", "").Status, 200)
	document := d.do(t, access, "GET /v1/logins/openapi.json", "").Text
	for text, want := range map[string]bool{
		`"/v1/logins/end-all"`: true, `"/v1/refresh"`: true, session.DefaultPath: false, session.DefaultRefreshPath: false, `"openapi":"3.1.0"`: true,
	} {
		check(t, text, strings.Contains(document, text), want)
	}
}

// panicOf returns what f panics with.
func panicOf(f func()) (with string) {
	defer func() { with = fmt.Sprint(recover()) }()
	f()
	return ""
}
