package session_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/authtest"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
)

func TestLifecycle(t *testing.T) {
	b := &browser{site: newSite(nil)}
	check(t, "before the login", b.get("/me"), unauthorized(""))
	check(t, "before the login, where none is needed", b.get("/page").Body, "anonymous")

	b.id = b.post("/login").Body
	check(t, "the session's ID is one", token.IsID(b.id), true)
	check(t, "after the login", b.get("/me"), passed("user ann"))
	check(t, "after the login, where none is needed", b.get("/page").Body, "user ann")

	gone := *b
	check(t, "the logout", b.post("/logout").Body, "bye")
	check(t, "the browser's cookie", b.cookie, "")
	check(t, "after the logout", b.get("/me"), unauthorized(""))
	check(t, "after the logout, with a copy of the cookie", gone.get("/me"), unauthorized(clearing))
	check(t, "once it is cleared", gone.get("/me"), unauthorized(""))
}

// A guard attaches everything that the login said, and Start and Rotate return the same.
func TestAuthContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(nil)
		s.login = annsLogin()
		var got []auth.AuthContext
		s.asked = func(ac auth.AuthContext) { got = append(got, ac) }
		s.page = func(w http.ResponseWriter, r *http.Request) { got = append(got, must(s.Start(w, r, s.login))) }
		b := &browser{site: s}
		b.get("/page")
		s.page = func(w http.ResponseWriter, r *http.Request) { got = append(got, must(s.Rotate(w, r, nil))) }
		b.get("/page")
		b.get("/me")
		want := auth.AuthContext{
			Actor:        ann,
			IdentityID:   "identity of ann",
			Provider:     "emailpass",
			Scheme:       "session",
			CredentialID: got[0].SessionID,
			SessionID:    got[0].SessionID,
			Scopes:       s.login.Scopes,
			Roles:        s.login.Roles,
			Factors:      s.login.Factors,
			Expires:      time.Now().Add(session.DefaultLifetime).UTC().Truncate(time.Microsecond),
			AppMetadata:  s.login.AppMetadata,
			UserMetadata: s.login.UserMetadata,
		}
		check(t, "contexts", len(got), 4)
		for i, ac := range got {
			check(t, "context "+string(rune('1'+i)), reflect.DeepEqual(ac, want), true)
		}
	})
}

// What a handler, or the program behind Start, changes in its copy reaches nobody else.
func TestAuthContextIsACopy(t *testing.T) {
	s := newSite(nil)
	login := annsLogin()
	s.page = func(w http.ResponseWriter, r *http.Request) {
		ac := must(s.Start(w, r, login))
		login.Factors[0].Method, ac.Factors[0].Method = "otp", "hwk"
	}
	var seen []string
	s.asked = func(ac auth.AuthContext) {
		seen = append(seen, ac.Factors[0].Method)
		ac.Factors[0].Method = "changed"
	}
	b := &browser{site: s}
	b.get("/page")
	s.page = func(http.ResponseWriter, *http.Request) {}
	b.get("/me")
	b.get("/page")
	must(s.List(t.Context(), ann))[0].Login.Factors[0].Method = "listed"
	b.get("/me")
	check(t, "the factors seen", strings.Join(seen, " "), "pwd pwd pwd")
}

// An identity without an actor has a session like others, but passes only where it may.
func TestUnregistered(t *testing.T) {
	s := newSite(nil)
	s.login.Actor = auth.Actor{}
	s.mux.Handle("/register", s.guard.Require(auth.AllowUnregistered)(http.HandlerFunc(s.me)))
	b := s.logIn()
	check(t, "where an actor is needed", b.get("/me").Status, 401)
	check(t, "where none is needed", b.get("/register").Status, 200)
	s.edit = func(l *session.Login) { l.Actor = ann }
	old := *b
	check(t, "its registration", b.post("/rotate").Status, 200)
	check(t, "where an actor is needed, once it has one", b.get("/me"), passed("user ann"))
	check(t, "the old cookie", old.get("/register").Status, 401)
	check(t, "the old session has ended", must(s.Ended(t.Context(), old.id)), true)
	list := must(s.List(t.Context(), ann))
	check(t, "sessions of the actor", len(list), 1)
	check(t, "the ID says whose the session is", strings.HasPrefix(list[0].ID, session.Place(ann)), true)
}

// A login that says of nobody who it was would be refused for ever. It is a mistake of the program, not of the client.
func TestLoginNeedsSomebody(t *testing.T) {
	tests := []struct {
		name    string
		change  func(*session.Login)
		status  int
		creates int
		another bool // session is what Rotate makes of the one that there was
	}{
		{"an actor and an identity", func(*session.Login) {}, 200, 2, false},
		{"an actor alone", func(l *session.Login) { l.IdentityID = "" }, 200, 3, true},
		{"another way to log in", func(l *session.Login) { l.Provider = "google" }, 200, 2, false},
		{"another identity", func(l *session.Login) { l.IdentityID = "another" }, 200, 3, true},
		{"an identity alone", func(l *session.Login) { l.Actor = auth.Actor{} }, 200, 3, true},
		{"an identity that will be a user", func(l *session.Login) { l.Actor.ID = "" }, 200, 3, true},
		{"neither", func(l *session.Login) { l.Actor, l.IdentityID = auth.Actor{}, "" }, 500, 1, false},
		{"a type alone", func(l *session.Login) { l.Actor.ID, l.IdentityID = "", "" }, 500, 1, false},
		{"an actor without a type", func(l *session.Login) { l.Actor.Type = "" }, 500, 1, false},
		{"text that no database keeps", func(l *session.Login) { l.Provider = "\x00" }, 500, 1, false},
		{"more than a record may hold", func(l *session.Login) { l.IdentityID = strings.Repeat("x", 257) }, 500, 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(nil)
			b := s.logIn()
			s.edit = tt.change
			check(t, "Rotate", b.post("/rotate").Status, tt.status)
			tt.change(&s.login)
			other := &browser{site: s}
			check(t, "Start", other.post("/login").Status, tt.status)
			check(t, "Start sets a cookie", other.cookie != "", tt.status == 200)
			check(t, "the first session has ended", must(s.Ended(t.Context(), b.id)), tt.another)
			check(t, "sessions made", s.store.count("Create"), tt.creates)
		})
	}
}

func TestStartEndsWhatTheRequestBrought(t *testing.T) {
	tests := []struct {
		name  string
		bring func(a, b *browser) string
		alive string // which of the sessions a, b, c, d, e and the new one are good afterwards
	}{
		{"nothing", func(_, _ *browser) string { return "" }, "abn"},
		{"one session", func(a, _ *browser) string { return a.cookie }, "bn"},
		{"two sessions", func(a, b *browser) string { return a.cookie + "; " + b.cookie }, "n"},
		{"one session twice", func(a, _ *browser) string { return a.cookie + "; " + a.cookie }, "bn"},
		{"a session among three bad cookies", func(a, _ *browser) string {
			return "__Host-sid=x; __Host-sid=; " + a.cookie + "; __Host-sid=" + forge(keyB, "__Host-sid", time.Now(), open(a.value()))
		}, "bn"},
		{"a session under another name", func(a, _ *browser) string { return "sid=" + a.value() }, "abn"},
		{"a session's ID with another secret", func(a, _ *browser) string {
			return "__Host-sid=" + forge(keyA, "__Host-sid", time.Now(), bogus("ses", a.id))
		}, "abn"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(nil)
			a, b := s.logIn(), s.logIn()
			n := &browser{site: s, cookie: tt.bring(a, b)}
			n.post("/login")
			alive := map[int]string{200: "a"}[a.get("/me").Status] + map[int]string{200: "b"}[b.get("/me").Status] +
				map[int]string{200: "n"}[n.get("/me").Status]
			check(t, "good afterwards", alive, tt.alive)
			check(t, "in the store", s.post("/list").Body, string(rune('0'+len(tt.alive))))
		})
	}
}

// post sends a request without a cookie.
func (s *site) post(path string) reply { return s.send(request("POST", path)) }

// Many logins of one browser and of many: each has an ID and a secret of its own.
func TestEachLoginIsNew(t *testing.T) {
	s := newSite(nil)
	b := &browser{site: s}
	seen := map[string]bool{}
	for range 200 {
		seen[b.post("/login").Body] = true
		seen[b.cookie] = true
		seen[open(b.value())[len("ses_")+24:]] = true
	}
	check(t, "different IDs, cookies and secrets", len(seen), 600)
	check(t, "sessions left", s.post("/list").Body, "1")
}

func TestEnd(t *testing.T) {
	s := newSite(nil)
	b := s.logIn()
	for _, id := range []string{token.NewID(), "x", strings.ToUpper(b.id), b.id + " ", b.id[:23]} {
		check(t, "ending another one", s.End(t.Context(), id), nil)
	}
	err := s.End(t.Context(), "") // as where a key, which has none, logs out
	check(t, "ending none", err.Error(), "auth: 400 There is no session to end")
	check(t, "a request", b.get("/me"), passed("user ann"))
	check(t, "ending it", s.End(t.Context(), b.id), nil)
	check(t, "ending it again", s.End(t.Context(), b.id), nil)
	check(t, "a request afterwards", b.get("/me"), unauthorized(clearing))
	check(t, "renewing it", s.Renew(t.Context(), b.id), session.ErrNotFound)
}

// An ID comes from whoever asks to end a session. What cannot be one must not reach a store, which may be one of files.
func TestStoreSeesNoIDThatIsNone(t *testing.T) {
	s := newSite(nil)
	ctx := t.Context()
	check(t, "Ended", must(s.Ended(ctx, "")), true)
	for _, id := range []string{"../../etc/passwd", "a\x00b", strings.Repeat("a", 65), "{\"$ne\":1}", "' OR 1=1 --"} {
		check(t, "Renew "+id, s.Renew(ctx, id), session.ErrNotFound)
		check(t, "Ended "+id, must(s.Ended(ctx, id)), true)
		check(t, "End "+id, s.End(ctx, id), nil)
	}
	check(t, "reads of the store", s.store.count("Get"), 0)
	check(t, "deletions in the store", s.store.count("Delete"), 0)
}

func TestScheme(t *testing.T) {
	s := newSite(nil)
	good, ended, changed := s.logIn(), s.logIn(), s.logIn()
	stale := *changed
	changed.post("/rotate")
	check(t, "ending one", s.End(t.Context(), ended.id), nil)
	with := func(cookie string) func() *http.Request {
		return func() *http.Request { return request("GET", "/", "Cookie: "+cookie) }
	}
	authtest.TestScheme(t, s.Scheme(), authtest.Requests{
		Good: with(good.cookie),
		Bad: map[string]func() *http.Request{
			"ended":            with(ended.cookie),
			"of before Rotate": with(stale.cookie),
			"tampered with":    with("__Host-sid=" + nextLast(good.value())),
			"of two sessions":  with(good.cookie + "; " + changed.cookie),
			"sent by another's page": func() *http.Request {
				return request("POST", "/", "Cookie: "+good.cookie, "Sec-Fetch-Site: cross-site")
			},
		},
		Down: func() *http.Request {
			s.store.once("Get", answering(errRefused))
			return with(good.cookie)()
		},
	})
}
