package console_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth/console"
	"github.com/countersign-go/countersign/session"
)

const (
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	iphone  = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)

func TestSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, nil)
		phone, _ := s.start(ann, iphone)
		time.Sleep(2 * time.Minute)
		me, _ := s.start(ann, firefox)
		s.start(bob, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0")
		w := s.as(me, "GET", "/console/sessions", nil)
		page := w.Body.String()
		contains(t, "the page", page, "2 sessions", "Firefox on Linux", "Safari on iPhone", "192.0.2.1", "2 minutes ago", "just now",
			`action="/console/sessions/`+me.SessionID+`/end"`, `action="/console/sessions/`+phone.SessionID+`/end"`,
			`action="/console/sessions/end-others"`, `action="/console/sessions/end-all"`)
		lacks(t, "the page", page, "Windows")
		check(t, "this one", strings.Count(page, "This one"), 1)
		check(t, "this one is first", strings.Index(page, "Firefox on Linux") < strings.Index(page, "Safari on iPhone"), true)
		alone, _ := s.start(bob, "")
		check(t, "one ends", s.as(alone, "POST", "/console/sessions/end-others", nil).Code, http.StatusSeeOther)
		page = s.as(alone, "GET", "/console/sessions", nil).Body.String()
		contains(t, "one alone", page, "1 session<", "Unknown device")
		lacks(t, "one alone", page, "end-others")
	})
}

func TestEndSessions(t *testing.T) {
	tests := []struct {
		name     string
		path     string // of other or own: the ID of that session
		location string
		left     string // of own, other and third
		clears   bool
	}{
		{"another", "/console/sessions/other/end", "/console/sessions?said=ended", "own third", false},
		{"one's own", "/console/sessions/own/end", "/goodbye", "other third", true},
		{"the others", "/console/sessions/end-others", "/console/sessions?said=ended-others", "own", false},
		{"all", "/console/sessions/end-all", "/goodbye", "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, func(c *console.Config, _ *apikey.Config, _ *session.Config) { c.SignedOut = "/goodbye" })
			own, cookie := s.start(ann, firefox)
			other, _ := s.start(ann, iphone)
			third, _ := s.start(ann, "")
			foreign, _ := s.start(bob, "")
			names := map[string]string{own.SessionID: "own", other.SessionID: "other", third.SessionID: "third"}
			path := strings.NewReplacer("other/", other.SessionID+"/", "own/", own.SessionID+"/").Replace(tt.path)
			w := s.send(request("POST", path, nil, "Cookie", cookie.Name+"="+cookie.Value))
			check(t, "status", w.Code, http.StatusSeeOther)
			check(t, "location", w.Header().Get("Location"), tt.location)
			check(t, "clears the cookie", strings.Contains(w.Header().Get("Set-Cookie"), "Max-Age=0"), tt.clears)
			left := map[string]bool{}
			for _, rec := range must(s.sessions.List(t.Context(), ann.Actor)) {
				left[names[rec.ID]] = true
			}
			for _, name := range names {
				check(t, name+" goes on", left[name], strings.Contains(tt.left, name))
			}
			check(t, "bob goes on", must(s.sessions.Ended(t.Context(), foreign.SessionID)), false)
			after := s.send(request("GET", "/console/sessions", nil, "Cookie", cookie.Name+"="+cookie.Value))
			check(t, "the cookie is good", after.Code == http.StatusOK, strings.Contains(tt.left, "own"))
		})
	}
}

// Of many sessions those seen last are shown, and one's own.
func TestManySessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, nil)
		me, _ := s.start(ann, firefox)
		for range 100 {
			time.Sleep(time.Second)
			s.start(ann, iphone)
		}
		page := s.as(me, "GET", "/console/sessions", nil).Body.String()
		contains(t, "the page", page, "101 sessions; the 100 seen last are shown", me.SessionID, "end-others", "end-all")
		check(t, "others", strings.Count(page, "Safari on iPhone</bdi></th>"), 99)
	})
}

// Who came in without a session stays when all sessions end.
func TestEndAllWithoutSession(t *testing.T) {
	s := newSite(t, nil)
	s.start(ann, firefox)
	lacks(t, "the page", s.as(ann, "GET", "/console/sessions", nil).Body.String(), "here as well", "also this one")
	location, page := s.follow(t, "/console/sessions/end-all", nil)
	check(t, "location", location, "/console/sessions?said=ended-all")
	contains(t, "the page", page, "All sessions were ended.", "No sessions")
}

// What is somebody else's is answered as what is not there.
func TestForeignSession(t *testing.T) {
	s := newSite(t, nil)
	theirs, _ := s.start(bob, "")
	me, _ := s.start(ann, "")
	foreign := s.as(me, "POST", "/console/sessions/"+theirs.SessionID+"/end", nil)
	check(t, "foreign", foreign.Code, http.StatusNotFound)
	for _, id := range []string{unknownID, "x", "%2e%2e", strings.Repeat("a", 4000), "%00"} {
		unknown := s.as(me, "POST", "/console/sessions/"+id+"/end", nil)
		check(t, id, unknown.Code, http.StatusNotFound)
		check(t, id, unknown.Body.String(), foreign.Body.String())
		check(t, id, fields(unknown), fields(foreign))
	}
	check(t, "it goes on", must(s.sessions.Ended(t.Context(), theirs.SessionID)), false)
}
