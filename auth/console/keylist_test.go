package console_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/console"
	"github.com/countersign-go/countersign/session"
)

func TestKeyStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, nil)
		now := time.Now()
		tests := []struct {
			edit func(*apikey.Key)
			want string // the badge, and when it ends
		}{
			{func(*apikey.Key) {}, "Active never"},
			{func(k *apikey.Key) { k.ExpiresAt = now.Add(8 * 24 * time.Hour) }, "Active in 8 days"},
			{func(k *apikey.Key) { k.ExpiresAt = now.Add(7 * 24 * time.Hour) }, "Expires soon in 7 days"},
			{func(k *apikey.Key) { k.ExpiresAt = now }, "Expired just now"},
			{func(k *apikey.Key) { k.ExpiresAt = now.Add(-time.Hour) }, "Expired 1 hour ago"},
			{func(k *apikey.Key) { k.DisabledAt = now }, "Disabled never"},
			{func(k *apikey.Key) { k.DisabledAt, k.ExpiresAt = now, now.Add(-time.Hour) }, "Expired 1 hour ago"},
			{func(k *apikey.Key) { k.Revocation = apikey.Revocation{At: now.Add(-2 * time.Hour), By: "ann"} }, "Revoked 2 hours ago"},
			{func(k *apikey.Key) { k.Revocation = apikey.Revocation{At: now.Add(time.Minute), By: "ann"} }, "Revoked in 1 minute"},
			{func(k *apikey.Key) { k.Revocation = apikey.Revocation{At: now, By: "ann", Until: now.Add(time.Hour)} }, "Revoked later in 1 hour"},
			{func(k *apikey.Key) {
				k.Revocation, k.DisabledAt = apikey.Revocation{At: now, By: "ann", Until: now.Add(time.Hour)}, now
			}, "Disabled in 1 hour"},
			{func(k *apikey.Key) { k.Revocation, k.ExpiresAt = apikey.Revocation{At: now, By: "ann"}, now }, "Revoked just now"},
			{func(k *apikey.Key) {
				k.Revocation, k.ExpiresAt = apikey.Revocation{At: now, By: "ann"}, now.Add(-time.Hour)
			}, "Revoked 1 hour ago"},
			{func(k *apikey.Key) {
				k.Revocation, k.ExpiresAt = apikey.Revocation{At: now, By: "ann", Until: now.Add(24 * time.Hour)}, now.Add(time.Hour)
			}, "Revoked later in 1 hour"},
		}
		for _, tt := range tests {
			k := s.issue(ann, "t")
			tt.edit(&k)
			check(t, tt.want, s.store.Replace(t.Context(), k), nil)
			page := s.as(ann, "GET", "/console/keys?q="+k.Redacted[len(k.Redacted)-3:], nil).Body.String()
			row := page[strings.Index(page, k.ID):]
			badge, _, _ := strings.Cut(row[strings.Index(row, `class="badge`):], "</span>")
			cell, _, _ := strings.Cut(row[strings.Index(row, `data-label="Ends"`):], "</td>")
			check(t, "row", plain(badge)+" "+plain(cell), tt.want)
		}
	})
}

var tag = regexp.MustCompile(`<[^>]*>|^[^>]*>`)

// plain returns what is left of a piece of HTML without the tags.
func plain(piece string) string { return strings.TrimSpace(tag.ReplaceAllString(piece, "")) }

func TestKeyLastUsed(t *testing.T) {
	s := newSite(t, nil)
	k, text, err := s.keys.Issue(t.Context(), apikey.Spec{Title: "t", Owner: ann.Actor})
	check(t, "issue", err, nil)
	_, err = s.keys.VerifyToken(t.Context(), auth.Credential{Token: text.Reveal(), Remote: "192.0.2.7:1234"})
	check(t, "use", err, nil)
	check(t, "write", s.keys.Close(context.Background()), nil)
	for _, path := range []string{"/console/keys", "/console/keys/" + k.ID} {
		contains(t, path, s.as(ann, "GET", path, nil).Body.String(), "just now", "192.0.2.7")
	}
}

var titled = regexp.MustCompile(`<th role="rowheader"[^>]*><a [^>]*>([^<]*)</a>`)

func TestKeyPages(t *testing.T) {
	s := newSite(t, nil)
	for i := range 45 {
		s.issue(ann, fmt.Sprintf("key %02d", i))
	}
	s.issue(bob, "key of bob")
	tests := []struct {
		name, query    string
		n              int
		first          string // title
		previous, next string
	}{
		{"first", "", 20, "key 44", "", "/console/keys?page=2"},
		{"second", "page=2", 20, "key 24", "/console/keys?page=1", "/console/keys?page=3"},
		{"last", "page=3", 5, "key 04", "/console/keys?page=2", ""},
		{"beyond the last", "page=9", 5, "key 04", "/console/keys?page=2", ""},
		{"no number", "page=x", 20, "key 44", "", "/console/keys?page=2"},
		{"zero", "page=0", 20, "key 44", "", "/console/keys?page=2"},
		{"below zero", "page=-1", 20, "key 44", "", "/console/keys?page=2"},
		{"a huge number", "page=99999999999999999999", 20, "key 44", "", "/console/keys?page=2"},
		{"a search", "q=KEY+3", 10, "key 39", "", ""},
		{"a search of many", "q=key&page=2", 20, "key 24", "/console/keys?page=1&amp;q=key", "/console/keys?page=3&amp;q=key"},
		{"a search with space around it", "q=+key+07+", 1, "key 07", "", ""},
		{"a search for somebody else's", "q=key+of+bob", 0, "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := s.as(ann, "GET", "/console/keys?"+tt.query, nil)
			check(t, "status", w.Code, http.StatusOK)
			titles := titled.FindAllStringSubmatch(w.Body.String(), -1)
			check(t, "keys", len(titles), tt.n)
			first := append(titles, []string{"", ""})[0][1]
			check(t, "first", first, tt.first)
			check(t, "previous", strings.Contains(w.Body.String(), `href="`+tt.previous+`" rel="prev"`), tt.previous != "")
			check(t, "next", strings.Contains(w.Body.String(), `href="`+tt.next+`" rel="next"`), tt.next != "")
		})
	}
}

// A key whose title leaves no trace can be clicked on nevertheless: it was not made here.
func TestInvisibleTitle(t *testing.T) {
	s := newSite(t, nil)
	k := s.issue(ann, "\u200b\u202e")
	contains(t, "keys", s.as(ann, "GET", "/console/keys", nil).Body.String(), k.ID+`">Untitled key</a>`)
	contains(t, "the key", s.as(ann, "GET", "/console/keys/"+k.ID, nil).Body.String(), "<h1>Untitled key</h1>", "<title>Untitled key · ")
}

func TestSearchMistakes(t *testing.T) {
	s := newSite(t, nil)
	s.issue(ann, "nightly report")
	for _, q := range []string{strings.Repeat("ä", 29), "a\xff", "sk_" + strings.Repeat("a", 24) + "_pasted"} {
		w := s.as(ann, "GET", "/console/keys?q="+url.QueryEscape(q), nil)
		check(t, "status", w.Code, http.StatusBadRequest)
		contains(t, "the page", w.Body.String(), `id="q-mistake"`, `href="#q"`, `aria-invalid="true"`)
		lacks(t, "the page", w.Body.String(), "nightly report", "pasted")
	}
	w := s.as(ann, "GET", "/console/keys?q=nothing+like+it", nil)
	contains(t, "nothing found", w.Body.String(), "Nothing found", `value="nothing like it"`)
}

// Who may see the keys of everybody sees whose they are.
func TestEverybodysKeys(t *testing.T) {
	everybody := func(context.Context, auth.AuthContext, apikey.Action, apikey.Key) error { return nil }
	s := newSite(t, func(_ *console.Config, c *apikey.Config, _ *session.Config) { c.Policy = everybody })
	s.issue(ann, "mine")
	lacks(t, "one's own", s.as(ann, "GET", "/console/keys", nil).Body.String(), `data-label="Owner"`)
	k := s.issue(bob, "his")
	contains(t, "everybody's", s.as(ann, "GET", "/console/keys", nil).Body.String(), "mine", "his", `data-label="Owner"`, "bob")
	_, page := s.follow(t, "/console/keys/"+k.ID+"/disable", nil)
	contains(t, "somebody else's", page, "The key was disabled.", " by user:ann")
	form := s.newForm(t, ann, "mine as well")
	s.issue(bob, "his as well")
	check(t, "a form, while somebody else made a key", s.as(ann, "POST", "/console/keys", form).Code, http.StatusCreated)
}
