package console_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/authtest"
	"github.com/countersign-go/countersign/auth/console"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// find returns the only key.
func (s *site) find(t *testing.T) apikey.Key {
	t.Helper()
	keys, _, err := s.keys.Find(t.Context(), apikey.Query{})
	if err != nil || len(keys) != 1 {
		t.Fatalf("got %d keys, %v", len(keys), err)
	}
	return keys[0]
}

func TestCreateKey(t *testing.T) {
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // when a bubble begins
	tests := []struct {
		name    string
		edit    func(url.Values)
		kind    apikey.Kind
		scopes  string
		expires time.Time
	}{
		{"in 30 days", func(url.Values) {}, apikey.Secret, "reports:read", now.AddDate(0, 0, 30)},
		{"never", func(f url.Values) { f["expiry"] = []string{"never"} }, apikey.Secret, "reports:read", time.Time{}},
		{"to the end of a day", func(f url.Values) { f["expiry"], f["expiry_date"] = []string{"date"}, []string{"2000-02-03"} },
			apikey.Secret, "reports:read", time.Date(2000, 2, 4, 0, 0, 0, 0, time.UTC)},
		{"to the end of today", func(f url.Values) { f["expiry"], f["expiry_date"] = []string{"date"}, []string{"2000-01-01"} },
			apikey.Secret, "reports:read", time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC)},
		{"two scopes", func(f url.Values) { f["scopes"] = []string{"reports:read", "reports:write"} },
			apikey.Secret, "reports:read reports:write", now.AddDate(0, 0, 30)},
		{"no scope", func(f url.Values) { delete(f, "scopes") }, apikey.Secret, "", now.AddDate(0, 0, 30)},
		{"publishable", func(f url.Values) { f["kind"], f["scopes"] = []string{"publishable"}, nil }, apikey.Publishable, "", now.AddDate(0, 0, 30)},
		{"fields that nobody asked for", func(f url.Values) {
			f["owner"], f["created_by"], f["id"] = []string{"bob"}, []string{"bob"}, []string{unknownID}
		},
			apikey.Secret, "reports:read", now.AddDate(0, 0, 30)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, nil)
				form := s.newForm(t, ann, "  nightly report  ")
				tt.edit(form)
				w := s.as(ann, "POST", "/console/keys", form)
				check(t, "status", w.Code, http.StatusCreated)
				k := s.find(t)
				check(t, "title", k.Title, "nightly report")
				check(t, "owner", k.Owner, ann.Actor)
				check(t, "created by", k.CreatedBy, "ann")
				check(t, "kind", k.Kind, tt.kind)
				check(t, "scopes", k.Scopes.String(), tt.scopes)
				check(t, "expires", k.ExpiresAt, tt.expires)
			})
		})
	}
}

// The text of a secret key is in one answer, and nowhere else.
func TestSecretShownOnce(t *testing.T) {
	s := newSite(t, nil)
	w := s.as(ann, "POST", "/console/keys", s.newForm(t, ann, "nightly report"))
	created := secretOf(w)
	check(t, "created: it works", s.verify(created), nil)
	check(t, "created: header fields", strings.Contains(fields(w), created), false)
	id := s.find(t).ID
	w = s.as(ann, "POST", "/console/keys/"+id+"/rotate", url.Values{"overlap": {"3600"}})
	check(t, "rotated: status", w.Code, http.StatusCreated)
	rotated := secretOf(w)
	check(t, "rotated: it works", s.verify(rotated), nil)
	check(t, "rotated: so does the one before", s.verify(created), nil)
	check(t, "rotated: header fields", strings.Contains(fields(w), rotated), false)
	contains(t, "rotated", w.Body.String(), "/console/keys/"+id, "in 1 hour")
	keys, _, err := s.keys.Find(t.Context(), apikey.Query{})
	check(t, "find", err, nil)
	pages := s.as(ann, "GET", "/console/keys", nil).Body.String()
	for _, k := range keys {
		pages += s.as(ann, "GET", "/console/keys/"+k.ID, nil).Body.String()
	}
	for _, text := range []string{created, rotated} {
		secret := text[strings.LastIndex(text, "_")+1:]
		lacks(t, "the pages after", pages, text, secret)
		lacks(t, "the log", s.log.String(), text, secret)
	}
}

func fields(w *httptest.ResponseRecorder) string {
	var b strings.Builder
	_ = w.Header().Write(&b)
	return b.String()
}

// A publishable key is no secret, and stays on its page.
func TestPublishableKey(t *testing.T) {
	s := newSite(t, nil)
	form := with(with(s.newForm(t, ann, "shop"), "kind", "publishable"), "scopes")
	text := secretOf(s.as(ann, "POST", "/console/keys", form))
	check(t, "a text", strings.HasPrefix(text, "pk_"), true)
	contains(t, "its page", s.as(ann, "GET", "/console/keys/"+s.find(t).ID, nil).Body.String(), text)
}

// A form that is sent again makes no second key, and says so. The form that is shown then makes one.
func TestCreateOnce(t *testing.T) {
	s := newSite(t, nil)
	form := s.newForm(t, ann, "nightly report")
	check(t, "first", s.as(ann, "POST", "/console/keys", form).Code, http.StatusCreated)
	again := s.as(ann, "POST", "/console/keys", form)
	check(t, "again", again.Code, http.StatusConflict)
	check(t, "keys", s.count(), 1)
	contains(t, "again", again.Body.String(), "Is this a second one?", `value="nightly report"`, `value="reports:read" checked`)
	lacks(t, "again", again.Body.String(), "sk_")
	form["seen"] = hidden.FindStringSubmatch(again.Body.String())[1:]
	check(t, "once more", s.as(ann, "POST", "/console/keys", form).Code, http.StatusCreated)
	check(t, "keys", s.count(), 2)
	check(t, "without what was seen", s.as(ann, "POST", "/console/keys", with(form, "seen")).Code, http.StatusConflict)
	check(t, "somebody else's form", s.as(bob, "POST", "/console/keys", with(form, "scopes")).Code, http.StatusConflict)
	check(t, "keys", s.count(), 2)
}

// An impatient click is a form that is sent again before the first answer is there.
func TestCreateOnceAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := keyStore{memory.NewAPIKeys(nil), new(atomic.Bool), time.Second} // all could find that there is no key yet
		s := newSite(t, func(_ *console.Config, c *apikey.Config, _ *session.Config) { c.Store = slow })
		form := s.newForm(t, ann, "nightly report")
		codes := make([]int, 16)
		var wg sync.WaitGroup
		for i := range codes {
			wg.Go(func() { codes[i] = s.as(ann, "POST", "/console/keys", with(form, "i")).Code })
		}
		wg.Wait()
		got := map[int]int{}
		for _, code := range codes {
			got[code]++
		}
		check(t, "created", got[http.StatusCreated], 1)
		check(t, "shown again", got[http.StatusConflict], len(codes)-1)
		check(t, "keys", s.count(), 1)
	})
}

// Who does not read the answer keeps nobody waiting.
func TestCreateUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, nil)
		form := s.newForm(t, ann, "nightly report")
		end := make(chan struct{})
		for _, f := range []url.Values{form, form} { // a key is made, and the form is shown again
			go s.ServeHTTP(stuck{httptest.NewRecorder(), end}, authtest.As(request("POST", "/console/keys", f), ann))
			synctest.Wait()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		next := s.newForm(t, ann, "another")
		w := s.send(authtest.As(request("POST", "/console/keys", next).WithContext(ctx), ann))
		check(t, "another", w.Code, http.StatusCreated)
		close(end)
	})
}

// A stuck writer sends nothing until the end.
type stuck struct {
	http.ResponseWriter
	end chan struct{}
}

func (w stuck) Write(p []byte) (int, error) {
	<-w.end
	return len(p), nil
}

// A form that is sent again makes no second key, whoever it is that acts by a key.
func TestCreateOnceByKey(t *testing.T) {
	s := newSite(t, nil)
	robot := s.issue(ann, "robot")
	who := auth.AuthContext{Actor: bob.Actor, Scheme: "api-key", CredentialID: robot.ID, Scopes: auth.NewSet("*")} // by auth.Then, say
	who.Attach(robot)
	form := s.newForm(t, who, "nightly report")
	check(t, "first", s.as(who, "POST", "/console/keys", form).Code, http.StatusCreated)
	check(t, "again", s.as(who, "POST", "/console/keys", form).Code, http.StatusConflict)
	check(t, "keys", s.count(), 2)
}

// Who hangs up while others have their turn makes no key.
func TestCreateHangUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := keyStore{memory.NewAPIKeys(nil), new(atomic.Bool), time.Second}
		s := newSite(t, func(_ *console.Config, c *apikey.Config, _ *session.Config) { c.Store = slow })
		form := s.newForm(t, ann, "nightly report")
		go s.as(ann, "POST", "/console/keys", form)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		w := s.send(authtest.As(request("POST", "/console/keys", form).WithContext(ctx), ann))
		check(t, "status", w.Code, http.StatusServiceUnavailable)
		time.Sleep(time.Minute)
		check(t, "keys", s.count(), 1)
	})
}

func TestCreateKeyMistakes(t *testing.T) {
	tests := []struct {
		name   string
		field  string // what is changed
		values []string
		at     string // where the mistake is told
		want   string
	}{
		{"no title", "title", nil, "title", "Say what the key is for."},
		{"a blank title", "title", []string{" \t "}, "title", "Say what the key is for."},
		{"a title that cannot be seen", "title", []string{"\u200b\u202e\u3164\u00ad\ufe0f"}, "title", "Say what the key is for."},
		{"a long title", "title", []string{strings.Repeat("ä", 201)}, "title", "Use 200 characters at most."},
		{"a title that is no text", "title", []string{"a\x00b"}, "title", "The title is empty or not plain text."},
		{"a title that is not UTF-8", "title", []string{"a\xffb"}, "title", "The title is empty or not plain text."},
		{"no kind", "kind", nil, "kind", "Choose one of these."},
		{"another kind", "kind", []string{"admin"}, "kind", "Choose one of these."},
		{"a scope that was not offered", "scopes", []string{"root"}, "scopes", "Choose among these scopes."},
		{"a scope that the visitor has not", "scopes", []string{"admin"}, "scopes", "Choose among these scopes."},
		{"all scopes", "scopes", []string{"*"}, "scopes", "Choose among these scopes."},
		{"a publishable key with scopes", "kind", []string{"publishable"}, "scopes", "A publishable key has no scopes: leave them out."},
		{"no expiry", "expiry", nil, "expiry", "Choose one of these."},
		{"another expiry", "expiry", []string{"99999"}, "expiry", "Choose one of these."},
		{"an expiry below zero", "expiry", []string{"-1"}, "expiry", "Choose one of these."},
		{"an expiry that the manager refuses", "expiry", []string{"365"}, "expiry", "The end is more than 2400h0m0s ahead."},
		{"no expiry where there must be one", "expiry", []string{"never"}, "expiry", "The end is missing: a key may live for 2400h0m0s at most."},
		{"no date", "expiry", []string{"date"}, "expiry_date", "Give the date as year-month-day, such as 2000-02-01."},
		{"a date that does not count", "expiry_date", []string{"2000-02-02"}, "expiry_date", "Choose “On a date” above, or leave this empty."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, func(_ *console.Config, c *apikey.Config, _ *session.Config) { c.MaxLifetime = 100 * 24 * time.Hour })
				form := with(s.newForm(t, ann, "nightly report"), tt.field, tt.values...)
				w := s.as(ann, "POST", "/console/keys", form)
				check(t, "status", w.Code, http.StatusUnprocessableEntity)
				checkMistake(t, w.Body.String(), tt.at, tt.want)
				check(t, "keys", s.count(), 0)
				check(t, "a key is shown", secretOf(w), "")
			})
		})
	}
}

// checkMistake fails the test unless a page tells of a mistake at its field, and first of all.
func checkMistake(t *testing.T, page, field, want string) {
	t.Helper()
	contains(t, "the page", page,
		`<title>Please check: `,
		`<div class="notice bad" role="alert" tabindex="-1" autofocus>`,
		`<a href="#`+field+`">`+want+`</a>`,
		`<p class="mistake" id="`+field+`-mistake">`+want+`</p>`,
		`id="`+field+`"`,
		` aria-invalid="true" aria-describedby="`,
		field+`-mistake"`,
	)
}

func TestExpiryDateMistakes(t *testing.T) {
	for _, date := range []string{"", "1999-12-31", "2000-01-01", "2000-01-02", "2000-13-01", "2000-02-30", "tomorrow", "2000-1-2", "9999-01-01", "0001-01-01", "2000-01-02T00:00", strings.Repeat("9", 1000)} {
		t.Run(date, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(48 * time.Hour) // to the 3rd
				s := newSite(t, nil)
				form := with(with(s.newForm(t, ann, "nightly report"), "expiry", "date"), "expiry_date", date)
				w := s.as(ann, "POST", "/console/keys", form)
				check(t, "status", w.Code, http.StatusUnprocessableEntity)
				contains(t, "the page", w.Body.String(), `id="expiry_date-mistake"`, `aria-describedby="expiry_date-hint expiry_date-mistake"`)
				check(t, "keys", s.count(), 0)
			})
		})
	}
}

// What was typed is there again, also where other fields are wrong.
func TestMistakesKeepTheRest(t *testing.T) {
	s := newSite(t, nil)
	form := with(with(s.newForm(t, ann, ""), "expiry", "365"), "scopes", "reports:write", "reports:read")
	page := s.as(ann, "POST", "/console/keys", form).Body.String()
	contains(t, "the page", page, `value="reports:write" checked`, `value="reports:read" checked`, `<option value="365" selected>`)
	form = s.newForm(t, ann, "nightly report")
	page = s.as(ann, "POST", "/console/keys", with(with(form, "kind", "x"), "expiry", "x")).Body.String()
	contains(t, "the page", page, `value="nightly report"`, `href="#kind"`, `href="#expiry"`)
}

func TestScopesOffered(t *testing.T) {
	everything := auth.AuthContext{Actor: ann.Actor, Scheme: "test", Scopes: auth.NewSet("*")}
	tests := []struct {
		name    string
		offers  []string
		who     auth.AuthContext
		want    []string
		without []string
	}{
		{"those that the visitor has", []string{"reports:read", "admin"}, ann, []string{`value="reports:read"`}, []string{`value="admin"`}},
		{"all to somebody who has everything", []string{"reports:read", "admin"}, everything, []string{`value="reports:read"`, `value="admin"`}, nil},
		{"one that is a word of the page", []string{"reports:read", "hint", "mistake"}, everything,
			[]string{`id="scopes-hint">What`, `id="scopes-1" name="scopes" value="hint"`}, []string{`<input type="checkbox" id="scopes-hint"`, `id="scopes-mistake"`}},
		{"none", []string{"admin"}, ann, []string{"You have none of the scopes"}, []string{`name="scopes"`}},
		{"typed in", nil, ann, []string{`<input type="text" id="scopes" name="scopes"`}, []string{"checkbox"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, func(c *console.Config, _ *apikey.Config, _ *session.Config) { c.Scopes = tt.offers })
			page := s.as(tt.who, "GET", "/console/keys/new", nil).Body.String()
			contains(t, "the form", page, tt.want...)
			lacks(t, "the form", page, tt.without...)
		})
	}
}

func TestScopesTyped(t *testing.T) {
	tests := []struct {
		name, typed string
		status      int
		want        string // what the key has, or what is told
	}{
		{"two", " reports:write   reports:read ", http.StatusCreated, "reports:read reports:write"},
		{"none", "", http.StatusCreated, ""},
		{"a quote", `a"b`, http.StatusUnprocessableEntity, "Separate scopes by spaces, and leave out quotes and backslashes."},
		{"a letter of another alphabet", "ä", http.StatusUnprocessableEntity, "Separate scopes by spaces, and leave out quotes and backslashes."},
		{"too many", strings.Repeat("x", 129), http.StatusUnprocessableEntity, "The scopes hold &#34;xxxxxxxxxxxxxxxxxxxx&#34;, which is not a scope."},
		{"one that the visitor has not", "admin", http.StatusForbidden, "You may not give a key scopes that you do not have"},
		{"all", "*", http.StatusForbidden, "You may not give a key scopes that you do not have"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, func(c *console.Config, _ *apikey.Config, _ *session.Config) { c.Scopes = nil })
			w := s.as(ann, "POST", "/console/keys", with(s.newForm(t, ann, "t"), "scopes", tt.typed))
			check(t, "status", w.Code, tt.status)
			keys, _, err := s.keys.Find(t.Context(), apikey.Query{})
			check(t, "find", err, nil)
			told := w.Body.String()
			for _, k := range keys {
				told = k.Scopes.String()
			}
			contains(t, "the key or the answer", told, tt.want)
			check(t, "there is a key", len(keys) == 1, tt.status == http.StatusCreated)
		})
	}
}
