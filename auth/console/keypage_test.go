package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/apikey"
)

// follow sends a form and returns the page that the browser is sent to.
func (s *site) follow(t *testing.T, path string, form url.Values) (location, page string) {
	t.Helper()
	w := s.as(ann, "POST", path, form)
	check(t, path, w.Code, http.StatusSeeOther)
	check(t, path+": body", w.Body.String(), "")
	location = w.Header().Get("Location")
	return location, s.as(ann, "GET", location, nil).Body.String()
}

func TestChangeKey(t *testing.T) {
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // when a bubble begins
	tests := []struct {
		name   string
		steps  []string // forms, as path?fields
		want   apikey.Key
		notice string
		badge  string
	}{
		{"rename", []string{"rename?title=new"}, apikey.Key{Title: "new"}, "renamed", "Active"},
		{"disable", []string{"disable?"}, apikey.Key{Title: "old", DisabledAt: now, DisabledBy: "user:ann"}, "disabled", "Disabled"},
		{"disable twice", []string{"disable?", "disable?"}, apikey.Key{Title: "old", DisabledAt: now, DisabledBy: "user:ann"}, "disabled", "Disabled"},
		{"enable", []string{"disable?", "enable?"}, apikey.Key{Title: "old"}, "enabled", "Active"},
		{"revoke", []string{"revoke?when=0&reason=stolen"}, apikey.Key{Title: "old", Revocation: apikey.Revocation{At: now, By: "ann", Reason: "stolen"}}, "revoked", "Revoked"},
		{"revoke for later", []string{"revoke?when=3600"},
			apikey.Key{Title: "old", Revocation: apikey.Revocation{At: now, By: "ann", Until: now.Add(time.Hour)}}, "revoked-later", "Revoked later"},
		{"bring a revocation forward", []string{"revoke?when=86400", "revoke?when=0"},
			apikey.Key{Title: "old", Revocation: apikey.Revocation{At: now, By: "ann"}}, "revoked", "Revoked"},
		{"put a revocation off", []string{"revoke?when=3600", "revoke?when=86400"},
			apikey.Key{Title: "old", Revocation: apikey.Revocation{At: now, By: "ann", Until: now.Add(time.Hour)}}, "was-revoked", "Revoked later"},
		{"revoke twice", []string{"revoke?when=0&reason=a", "revoke?when=0&reason=b"},
			apikey.Key{Title: "old", Revocation: apikey.Revocation{At: now, By: "ann", Reason: "a"}}, "was-revoked", "Revoked"},
		{"disable what is revoked", []string{"revoke?when=0", "disable?"}, apikey.Key{Title: "old", Revocation: apikey.Revocation{At: now, By: "ann"}}, "was-revoked", "Revoked"},
		{"rotate what is revoked", []string{"revoke?when=0", "rotate?overlap=0"}, apikey.Key{Title: "old", Revocation: apikey.Revocation{At: now, By: "ann"}}, "not-rotated", "Revoked"},
		{"rotate what is disabled", []string{"disable?", "rotate?overlap=0"}, apikey.Key{Title: "old", DisabledAt: now, DisabledBy: "user:ann"}, "is-disabled", "Disabled"},
		{"delete what is not revoked", []string{"delete?"}, apikey.Key{Title: "old"}, "not-revoked", "Active"},
		{"delete what works until later", []string{"revoke?when=3600", "delete?"},
			apikey.Key{Title: "old", Revocation: apikey.Revocation{At: now, By: "ann", Until: now.Add(time.Hour)}}, "not-revoked", "Revoked later"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, nil)
				id := s.issue(ann, "old").ID
				var location, page string
				for _, step := range tt.steps {
					action, fields, _ := strings.Cut(step, "?")
					location, page = s.follow(t, "/console/keys/"+id+"/"+action, must(url.ParseQuery(fields)))
				}
				check(t, "location", location, "/console/keys/"+id+"?said="+tt.notice)
				k := must(s.keys.Get(t.Context(), id))
				check(t, "revocation", k.Revocation, tt.want.Revocation)
				check(t, "title", k.Title, tt.want.Title)
				check(t, "disabled at", k.DisabledAt, tt.want.DisabledAt)
				check(t, "disabled by", k.DisabledBy, tt.want.DisabledBy)
				contains(t, "the page", page, ">"+tt.badge+"</span>", `role="status"`)
			})
		})
	}
}

func TestRotateExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, nil)
		k, _, err := s.keys.Issue(t.Context(), apikey.Spec{Title: "t", Owner: ann.Actor, ExpiresAt: time.Now().Add(time.Hour)})
		check(t, "issue", err, nil)
		time.Sleep(time.Hour)
		location, _ := s.follow(t, "/console/keys/"+k.ID+"/rotate", url.Values{"overlap": {"0"}})
		check(t, "location", location, "/console/keys/"+k.ID+"?said=has-expired")
	})
}

// Rotating sent again makes no third key.
func TestRotateOnce(t *testing.T) {
	s := newSite(t, nil)
	path := "/console/keys/" + s.issue(ann, "t").ID + "/rotate"
	check(t, "first", s.as(ann, "POST", path, url.Values{"overlap": {"3600"}}).Code, http.StatusCreated)
	location, _ := s.follow(t, path, url.Values{"overlap": {"3600"}})
	contains(t, "again", location, "not-rotated")
	check(t, "keys", s.count(), 2)
}

func TestDeleteKey(t *testing.T) {
	s := newSite(t, nil)
	path := "/console/keys/" + s.issue(ann, "t").ID
	s.follow(t, path+"/revoke", url.Values{"when": {"0"}})
	location, page := s.follow(t, path+"/delete", nil)
	check(t, "location", location, "/console/keys?said=deleted")
	contains(t, "the page", page, "The key was deleted.", "No keys yet")
	check(t, "the key", s.as(ann, "GET", path, nil).Code, http.StatusNotFound)
}

func TestChangeKeyMistakes(t *testing.T) {
	tests := []struct {
		name, action string
		form         url.Values
		field, want  string
	}{
		{"no title", "rename", nil, "title", "Say what the key is for."},
		{"a long title", "rename", url.Values{"title": {strings.Repeat("x", 201)}}, "title", "Use 200 characters at most."},
		{"a title that is no text", "rename", url.Values{"title": {"a\x1bb"}}, "title", "The title is empty or not plain text."},
		{"no overlap", "rotate", nil, "overlap", "Choose one of these."},
		{"another overlap", "rotate", url.Values{"overlap": {"99999999999999999999"}}, "overlap", "Choose one of these."},
		{"no time", "revoke", nil, "when", "Choose one of these."},
		{"another time", "revoke", url.Values{"when": {"-1"}}, "when", "Choose one of these."},
		{"a long reason", "revoke", url.Values{"when": {"0"}, "reason": {strings.Repeat("x", 201)}}, "reason", "Use 200 characters at most."},
		{"a reason that is no text", "revoke", url.Values{"when": {"0"}, "reason": {"a\x00b"}}, "reason", "The reason is not plain text of 1024 bytes at most."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, nil)
			k := s.issue(ann, "old")
			w := s.as(ann, "POST", "/console/keys/"+k.ID+"/"+tt.action, tt.form)
			check(t, "status", w.Code, http.StatusUnprocessableEntity)
			checkMistake(t, w.Body.String(), tt.field, tt.want)
			contains(t, "the page", w.Body.String(), "<details open>", "<h1>old</h1>")
			check(t, "version", must(s.keys.Get(t.Context(), k.ID)).Version, k.Version)
			check(t, "keys", s.count(), 1)
		})
	}
}

// What can be done to a key is what the page offers.
func TestKeyPageOffers(t *testing.T) {
	all := []string{"rename", "rotate", "disable", "enable", "revoke", "delete"}
	tests := []struct {
		name, action string
		form         url.Values
		want         string
	}{
		{"active", "rename", url.Values{"title": {"t"}}, "rename rotate disable revoke"},
		{"disabled", "disable", nil, "rename enable revoke"},
		{"revoked later", "revoke", url.Values{"when": {"3600"}}, "rename disable revoke"},
		{"revoked", "revoke", url.Values{"when": {"0"}}, "rename delete"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, nil)
			id := s.issue(ann, "t").ID
			_, page := s.follow(t, "/console/keys/"+id+"/"+tt.action, tt.form)
			for _, action := range all {
				offered := strings.Contains(page, `action="/console/keys/`+id+`/`+action+`"`)
				check(t, action, offered, strings.Contains(tt.want, action))
			}
		})
	}
}

// A key that has expired is not disabled, enabled or rotated any more. It can be revoked, and then deleted.
func TestExpiredKeyPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, nil)
		k, _, err := s.keys.Issue(t.Context(), apikey.Spec{Title: "t", Owner: ann.Actor, ExpiresAt: time.Now().Add(time.Hour)})
		check(t, "issue", err, nil)
		path := "/console/keys/" + k.ID
		_, page := s.follow(t, path+"/revoke", url.Values{"when": {"86400"}})
		contains(t, "before", page, "<dt>Works until</dt><dd><time", "(in 1 hour)", "/disable")
		lacks(t, "before", page, "in 24 hours")
		time.Sleep(time.Hour)
		page = s.as(ann, "GET", path, nil).Body.String()
		contains(t, "after", page, "<dt>Worked until</dt>", "/rename", "/revoke")
		lacks(t, "after", page, "/disable", "/enable", "/rotate")
	})
}

// How long a key still works is told by what comes first.
func TestRotateShortLived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, nil)
		k, _, err := s.keys.Issue(t.Context(), apikey.Spec{Title: "t", Owner: ann.Actor, ExpiresAt: time.Now().Add(90 * time.Minute)})
		check(t, "issue", err, nil)
		time.Sleep(30 * time.Minute)
		page := s.as(ann, "POST", "/console/keys/"+k.ID+"/rotate", url.Values{"overlap": {"86400"}}).Body.String()
		contains(t, "the page", page, "stops working</a>", "(in 1 hour)")
		lacks(t, "the page", page, "in 24 hours")
	})
}

// What is somebody else's is answered as what is not there.
func TestForeignKey(t *testing.T) {
	s := newSite(t, nil)
	k := s.issue(bob, "bob's")
	for _, r := range append([]route{{"GET", "/console/keys/%s", nil}}, keyChanges...) {
		for _, form := range []url.Values{r.form, nil} { // a form with mistakes is no oracle, either
			foreign := s.as(ann, r.method, r.at(k.ID), form)
			check(t, r.path, foreign.Code, http.StatusNotFound)
			lacks(t, r.path, foreign.Body.String(), "bob", k.ID, k.Redacted)
			for _, id := range []string{unknownID, "x", "%2e%2e", strings.Repeat("a", 4000), "%00", "new%2f"} {
				unknown := s.as(ann, r.method, r.at(id), form)
				check(t, r.path+" "+id, unknown.Code, http.StatusNotFound)
				check(t, r.path+" "+id, unknown.Body.String(), foreign.Body.String())
				check(t, r.path+" "+id, fields(unknown), fields(foreign))
			}
		}
	}
	check(t, "version", must(s.keys.Get(t.Context(), k.ID)).Version, k.Version)
}

// A notice is one of a few texts, whatever the address says.
func TestNotices(t *testing.T) {
	s := newSite(t, nil)
	for _, said := range []string{"", "x", "<script>", "Your+password+has+expired"} {
		page := s.as(ann, "GET", "/console/keys?said="+url.QueryEscape(said), nil).Body.String()
		lacks(t, said, page, `role="status"`, "<script>", "password has expired")
	}
	for site, want := range map[string]bool{"": true, "same-origin": true, "same-site": false, "cross-site": false, "none": false} {
		page := s.as(ann, "GET", "/console/sessions?said=ended-others", nil, "Sec-Fetch-Site", site).Body.String()
		check(t, site, strings.Contains(page, `role="status"`), want)
		check(t, site+": title", strings.Contains(page, "<title>All other sessions were ended. · Sessions · "), want)
	}
}
