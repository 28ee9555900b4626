package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// visit returns a browser with a visitor's session.
func (s *site) visit() *browser {
	b := &browser{site: s}
	b.id = b.post("/visit").Body
	return b
}

// valuesOf returns the values of a session as text, or why there are none.
func (s *site) valuesOf(id string) string {
	rec, err := s.store.inner.Get(context.Background(), id, time.Now())
	if err != nil {
		return err.Error()
	}
	return string(must(rec.Values.MarshalJSON()))
}

// A visitor's session keeps values and opens nothing, and its cookie stays, also at a page where nobody has to log in.
func TestVisitor(t *testing.T) {
	s := newSite(nil)
	s.mux.Handle("/register", s.guard.Require(auth.AllowUnregistered)(http.HandlerFunc(s.me)))
	other := newSite(func(c *session.Config) { c.Cookie.Name = "__Host-other" })
	s.mux.Handle("/any", auth.New(auth.AnyOf(s.Scheme(), other.Scheme()), nil).Optional()(http.HandlerFunc(s.me)))
	b := s.visit()
	tests := []struct {
		name, path string
		want       reply
	}{
		{"where an actor is needed", "/me", unauthorized("")},
		{"where an identity would do", "/register", unauthorized("")},
		{"to log out", "/logout", unauthorized("")},
		{"to get more privileges", "/rotate", unauthorized("")},
		{"where nobody has to log in", "/page", reply{Status: 200, Body: "anonymous"}},
		{"where one of several would do", "/any", reply{Status: 200, Body: "anonymous"}},
		{"to visit again", "/visit", reply{Status: 200, Body: b.id}},
		{"to see its own", "/current", reply{Status: 200, Body: b.id}},
		{"to put something in", "/count/" + b.id, reply{Status: 200, Body: "counted"}},
		{"to refresh", "/refresh/" + b.id, reply{401, `{"type":"unauthorized","message":"Unauthorized"}`, `Cookie realm="api"`, "no-store", "", ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, "the answer", b.post(tt.path), tt.want)
		})
	}
	check(t, "sessions made", s.store.count("Create"), 1)
	check(t, "values", s.valuesOf(b.id), `{"count":1}`)
	rec := must(s.store.inner.Get(t.Context(), b.id, time.Now()))
	check(t, "the login", fmt.Sprint(rec.Login), fmt.Sprint(session.Login{}))
	check(t, "the address", rec.IP.String(), "192.0.2.1")
}

// A visitor's session is renewed by use and ends as any other.
func TestVisitorsSessionEnds(t *testing.T) {
	tests := []struct {
		name  string
		wait  time.Duration
		times int
		alive bool
	}{
		{"in use", 29 * time.Minute, 40, true},
		{"not used for the idle timeout", 30 * time.Minute, 1, false},
		{"at the end of its lifetime", 29 * time.Minute, 50, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newSite(nil).visit()
				cookie := b.cookie
				for range tt.times {
					time.Sleep(tt.wait)
					b.get("/page")
				}
				check(t, "the session goes on", b.get("/current").Status == 200, tt.alive)
				check(t, "the browser has its cookie", b.cookie == cookie, tt.alive)
			})
		})
	}
}

func TestStartAnonymousIsRefused(t *testing.T) {
	tests := []struct {
		name   string
		bring  func(s *site) string // the Cookie field
		lines  []string
		status int
		made   int
	}{
		{"to somebody who is logged in", func(s *site) string { return s.logIn().cookie }, nil, 409, 1},
		{"to somebody who was a visitor, too", func(s *site) string { return s.visit().cookie + "; " + s.logIn().cookie }, nil, 409, 2},
		{"to a page of another site", func(*site) string { return "a=b" }, []string{"Origin: https://evil.example"}, 403, 0},
		{"not to somebody whose session has ended", func(s *site) string { b := s.logIn(); s.post("/endall"); return b.cookie }, nil, 200, 2},
		{"not to somebody with a bad cookie", func(*site) string { return "__Host-sid=x" }, nil, 200, 1},
		{"not to a visitor with two, of which one was planted", func(s *site) string { return s.visit().cookie + "; " + s.visit().cookie }, nil, 200, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(nil)
			got := s.send(request("POST", "/visit", append(tt.lines, "Cookie: "+tt.bring(s))...))
			check(t, "the answer", got.Status, tt.status)
			check(t, "a cookie is set", got.SetCookie != "", tt.status == 200)
			check(t, "sessions made", s.store.count("Create"), tt.made)
		})
	}
}

func TestCurrent(t *testing.T) {
	tests := []struct {
		name   string
		bring  func(a, visitor *browser) string
		lines  []string
		status int
		whose  string
	}{
		{"somebody's", func(a, _ *browser) string { return a.cookie }, nil, 200, "a"},
		{"a visitor's", func(_, v *browser) string { return v.cookie }, nil, 200, "visitor"},
		{"somebody's beside a visitor's", func(a, v *browser) string { return v.cookie + "; " + a.cookie }, nil, 200, "a"},
		{"the same one twice", func(a, _ *browser) string { return a.cookie + "; " + a.cookie }, nil, 200, "a"},
		{"beside a bad one", func(a, _ *browser) string { return "__Host-sid=x; " + a.cookie }, nil, 200, "a"},
		{"two of different log-ins", func(a, _ *browser) string { return a.cookie + "; " + a.site.logIn().cookie }, nil, 401, ""},
		{"two of visitors", func(_, v *browser) string { return v.cookie + "; " + v.site.visit().cookie }, nil, 401, ""},
		{"none", func(*browser, *browser) string { return "a=b" }, nil, 401, ""},
		{"for a page of another site", func(a, _ *browser) string { return a.cookie }, []string{"Origin: https://evil.example"}, 403, ""},
		{"a visitor's for a page of another site", func(_, v *browser) string { return v.cookie }, []string{"Origin: https://evil.example"}, 403, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(nil)
			a, visitor := s.logIn(), s.visit()
			got := s.send(request("POST", "/current", append(tt.lines, "Cookie: "+tt.bring(a, visitor))...))
			check(t, "the answer", got.Status, tt.status)
			check(t, "the session", map[string]string{a.id: "a", visitor.id: "visitor"}[got.Body], tt.whose)
		})
	}
}

// To look at a session is no use of it.
func TestCurrentIsNoUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSite(nil).logIn()
		time.Sleep(29 * time.Minute)
		check(t, "a look", b.get("/current").Body, b.id)
		time.Sleep(time.Minute)
		check(t, "a look at the idle timeout", b.get("/current").Status, 401)
	})
}

// What a log-in takes over: the values of the one visitor whose cookie the browser has.
func TestStartTakesOver(t *testing.T) {
	tests := []struct {
		name  string
		bring func(a, visitor, other *browser) string
		want  string
		left  string // the sessions that go on
	}{
		{"a visitor's", func(_, v, _ *browser) string { return v.cookie }, `{"count":2}`, "a other"},
		{"nothing of somebody's", func(a, _, _ *browser) string { return a.cookie }, "{}", "visitor other"},
		{"nothing where there were two visitors", func(_, v, o *browser) string { return v.cookie + "; " + o.cookie }, "{}", "a"},
		{"nothing of a visitor's beside somebody's", func(a, v, _ *browser) string { return v.cookie + "; " + a.cookie }, "{}", "other"},
		{"nothing without a cookie", func(_, _, _ *browser) string { return "a=b" }, "{}", "a visitor other"},
		{"nothing of a visitor's that has ended", func(_, v, _ *browser) string { must(0, v.site.End(context.Background(), v.id)); return v.cookie }, "{}", "a other"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(nil)
			a, visitor, other := s.logIn(), s.visit(), s.visit()
			for _, b := range []*browser{a, visitor, visitor, other} {
				b.post("/count/" + b.id)
			}
			b := &browser{site: s, cookie: tt.bring(a, visitor, other)}
			b.id = b.post("/login").Body
			check(t, "the values", s.valuesOf(b.id), tt.want)
			check(t, "a request", b.get("/me"), passed("user ann"))
			check(t, "the ID is new", b.id != a.id && b.id != visitor.id && b.id != other.id, true)
			var left []string
			for i, old := range []*browser{a, visitor, other} {
				name := []string{"a", "visitor", "other"}[i]
				left = append(left, map[int]string{200: name}[s.send(request("POST", "/current", "Cookie: "+old.cookie)).Status])
			}
			check(t, "the sessions that go on", strings.Join(strings.Fields(strings.Join(left, " ")), " "), tt.left)
		})
	}
}

// An Update is under way while the visitor logs in: what it says was done is in the new session.
func TestUpgradeLosesNoUpdate(t *testing.T) {
	s := newSite(nil)
	for range 200 {
		b := s.visit()
		visitor := b.id
		var wg sync.WaitGroup
		var mu sync.Mutex
		done := 0
		for range 4 {
			wg.Go(func() {
				err := s.Update(context.Background(), visitor, addOne)
				mu.Lock()
				defer mu.Unlock()
				done += map[bool]int{true: 1}[err == nil]
				check(t, "the error of an update", err == nil || errors.Is(err, session.ErrNotFound), true)
			})
		}
		wg.Go(func() { b.id = b.post("/login").Body })
		wg.Wait()
		rec := must(s.store.inner.Get(t.Context(), b.id, time.Now()))
		check(t, "counted", countOf(rec.Values), float64(done))
		check(t, "the visitor's session", s.valuesOf(visitor), session.ErrNotFound.Error())
	}
}

// The upgrade meets what it may: it ends with one session that has the values, or with the visitor's as it was.
func TestUpgradeWithFaults(t *testing.T) {
	tests := []struct {
		name   string
		verb   string
		fault  func(b *browser) fault
		status int
		values string // of the new session, or of the visitor's
	}{
		{"an update gets in between", "Replace", func(b *browser) fault {
			return first(func() { must(0, b.site.Update(context.Background(), b.id, addOne)) })
		}, 200, `{"count":2}`},
		{"the visitor's session ends", "Replace", func(b *browser) fault {
			return first(func() { must(0, b.site.End(context.Background(), b.id)) })
		}, 200, "{}"},
		{"the answer to its end is lost", "Replace", func(*browser) fault { return losing(errRefused) }, 200, `{"count":1}`},
		{"its end is sent twice", "Replace", func(*browser) fault { return losing(session.ErrNotFound) }, 200, `{"count":1}`},
		{"it cannot be ended", "Replace", func(*browser) fault { return answering(errRefused) }, 503, `{"count":1}`},
		{"nothing can be created", "Create", func(*browser) fault { return answering(errRefused) }, 503, `{"count":1}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newSite(nil).visit()
			visitor := b.id
			b.post("/count/" + b.id)
			b.site.store.once(tt.verb, tt.fault(b))
			got := b.post("/login")
			check(t, "the answer", got.Status, tt.status)
			check(t, "the values", b.site.valuesOf(map[int]string{200: got.Body, 503: visitor}[tt.status]), tt.values)
			check(t, "sessions of ann", b.site.post("/list").Body, map[int]string{200: "1", 503: "0"}[tt.status])
		})
	}
}

// A visitor's cookie beside that of somebody is passed over where a secret is changed.
func TestRotateBesideAVisitor(t *testing.T) {
	for _, edit := range []func(*session.Login){nil, addOTP, func(l *session.Login) { l.Provider = "another" }} {
		s := newSite(nil)
		b, visitor := s.logIn(), s.visit()
		s.edit = edit
		got := s.send(request("POST", "/rotate", "Cookie: "+visitor.cookie+"; "+b.cookie))
		check(t, "the session", got.Body, b.id)
		check(t, "the visitor's goes on", visitor.get("/current").Body, visitor.id)
		check(t, "the old cookie", b.get("/me"), unauthorized(""))
	}
}
