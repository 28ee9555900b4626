package session_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// startCookieBesides has a browser that was at path before go on with the session of b.
func (b *browser) startCookieBesides(path string) reply {
	other := &browser{site: b.site}
	other.post(path)
	got := other.post("/startcookie/" + b.id)
	b.keep(got.SetCookie)
	return got
}

// newBearer returns a browser whose session is carried by an access token alone.
func newBearer(change func(*session.Config)) *browser {
	s := newSite(change)
	return &browser{site: s, id: sessionIn(s.post("/startaccess").Body)}
}

// One log-in is one session: the cookie is another way to carry it.
func TestStartCookie(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBearer(func(c *session.Config) { c.MaxPerActor, c.Cookie.Persist = 1, true })
		refresh := b.site.RefreshToken(b.id, 0)
		begun := must(b.site.store.inner.Get(t.Context(), b.id, time.Now()))
		time.Sleep(10 * time.Minute)
		check(t, "the ID", b.post("/startcookie/"+b.id).Body, b.id)
		check(t, "the cookie", b.get("/me"), passed("user ann"))
		check(t, "the access token is good", must(b.site.Ended(t.Context(), b.id)), false)
		_, err := b.site.Refresh(t.Context(), refresh)
		check(t, "the refresh token is void", isInvalid(err), true)
		old := *b
		got := b.post("/startcookie/" + b.id)
		check(t, "the ID of another cookie", got.Body, b.id)
		check(t, "how long the browser keeps it", withoutValue(got.SetCookie), "__Host-sid=…; Path=/; Max-Age=85800; HttpOnly; Secure; SameSite=Lax")
		check(t, "the other cookie", b.get("/me"), passed("user ann"))
		check(t, "the cookie before", old.get("/me").Status, 401)
		rec := must(b.site.store.inner.Get(t.Context(), b.id, time.Now()))
		check(t, "the login", text(rec.Login), text(begun.Login))
		check(t, "its end", rec.EndsBy, begun.EndsBy)
		check(t, "it is a use", rec.Expires, time.Now().UTC().Add(30*time.Minute))
		check(t, "sessions", b.get("/list").Body, "1")
		ac := must(b.site.StartCookie(&unread{http.Header{}}, request("POST", "/"), b.id))
		check(t, "who it is for", ac.Actor, ann)
		check(t, "the credential", ac.CredentialID, b.id)
	})
}

// What the browser brought along, and what becomes of it.
func TestStartCookieOverWhatIsThere(t *testing.T) {
	tests := []struct {
		name   string
		bring  func(b *browser) []*browser
		own    string // values of the session
		values string
		ended  int
	}{
		{"nothing", func(*browser) []*browser { return nil }, `{"own":1}`, `{"own":1}`, 0},
		{"a session", func(b *browser) []*browser { return []*browser{b.site.logIn()} }, "{}", "{}", 1},
		{"two sessions", func(b *browser) []*browser { return []*browser{b.site.logIn(), b.site.logIn()} }, "{}", "{}", 2},
		{"a visitor's", func(b *browser) []*browser { return []*browser{b.site.visit()} }, "{}", `{"count":1}`, 1},
		{"a visitor's, to a session with values of its own", func(b *browser) []*browser { return []*browser{b.site.visit()} }, `{"own":1}`, `{"own":1}`, 1},
		{"a visitor's beside a session", func(b *browser) []*browser { return []*browser{b.site.visit(), b.site.logIn()} }, "{}", "{}", 2},
		{"two visitors', of which one was planted", func(b *browser) []*browser { return []*browser{b.site.visit(), b.site.visit()} }, "{}", "{}", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBearer(nil)
			must(0, b.site.Update(t.Context(), b.id, func(auth.Metadata) (auth.Metadata, error) { return auth.RawMetadata(tt.own), nil }))
			cookie := "a=b"
			others := tt.bring(b)
			for _, other := range others {
				other.post("/count/" + other.id)
				cookie += "; " + other.cookie
			}
			got := b.site.send(request("POST", "/startcookie/"+b.id, "Cookie: "+cookie))
			b.keep(got.SetCookie)
			check(t, "the answer", got.Body, b.id)
			check(t, "the cookie", b.get("/me"), passed("user ann"))
			check(t, "the values", b.site.valuesOf(b.id), tt.values)
			ended := 0
			for _, other := range others {
				ended += map[int]int{401: 1}[other.get("/current").Status]
			}
			check(t, "sessions that have ended", ended, tt.ended)
		})
	}
}

func TestStartCookieIsRefused(t *testing.T) {
	tests := []struct {
		name string
		id   func(b *browser) string
		line string
		want reply
	}{
		{"from another site", func(b *browser) string { return b.id }, "Origin: https://evil.example", crossOrigin},
		{"from a sibling", func(b *browser) string { return b.id }, "Sec-Fetch-Site: same-site", crossOrigin},
		{"an ID that is none", func(*browser) string { return "x" }, "Origin: https://example.com", unauthorized("")},
		{"a session that has ended", func(b *browser) string { b.site.post("/end/" + b.id); return b.id }, "Accept: */*", unauthorized("")},
		{"a session that ends meanwhile", func(b *browser) string {
			b.site.store.once("Replace", first(func() { b.site.post("/end/" + b.id) }))
			return b.id
		}, "Accept: */*", unauthorized("")},
		{"a visitor's", func(b *browser) string { return b.site.visit().id }, "Accept: */*", unauthorized("")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBearer(nil)
			visitor := b.site.visit()
			got := b.site.send(request("POST", "/startcookie/"+tt.id(b), "Cookie: "+visitor.cookie, tt.line))
			check(t, "the answer", got, tt.want)
			check(t, "what was there goes on", visitor.get("/current").Status, 200)
		})
	}
	b := newBearer(nil)
	other := b.site.logIn()
	check(t, "no session", other.post("/startcookie/x").Status, 401)
	check(t, "the other session goes on", other.get("/me"), passed("user ann"))
}

// What a visitor does while somebody's session takes over the values is not lost, and not taken from who took it first.
func TestStartCookieAndAVisitorWhoGoesOn(t *testing.T) {
	tests := []struct {
		name    string
		arrange func(visitor *browser)
		status  int
		values  string
		visitor int // the status of its cookie afterwards
	}{
		{"and puts something in", func(v *browser) {
			v.site.store.once("Replace", afterwards(func() { v.post("/count/" + v.id) }))
		}, 200, `{"count":2}`, 401},
		{"and takes everything out", func(v *browser) {
			v.site.store.once("Replace", afterwards(func() {
				must(0, v.site.Update(context.Background(), v.id, func(auth.Metadata) (auth.Metadata, error) { return auth.Metadata{}, nil }))
			}))
		}, 200, "{}", 401},
		{"and logs in elsewhere", func(v *browser) {
			v.site.store.once("Replace", afterwards(func() { other := *v; other.post("/login") }))
		}, 200, "{}", 401},
		{"and leaves", func(v *browser) {
			v.site.store.once("Replace", afterwards(func() { must(0, v.site.End(context.Background(), v.id)) }))
		}, 200, "{}", 401},
		{"and the end of the visit is not stored", func(v *browser) {
			v.site.store.once("Replace", afterwards(func() { v.site.store.once("Replace", answering(errRefused)) }))
		}, 503, `{"count":1}`, 200},
		{"and the answer about the end is lost", func(v *browser) {
			v.site.store.once("Replace", afterwards(func() { v.site.store.once("Replace", losing(errRefused)) }))
		}, 200, `{"count":1}`, 401},
		{"and the answer about the cookie is lost", func(v *browser) {
			v.site.store.once("Replace", losing(errRefused))
		}, 200, `{"count":1}`, 401},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBearer(nil)
			visitor := b.site.visit()
			visitor.post("/count/" + visitor.id)
			tt.arrange(visitor)
			got := b.site.send(request("POST", "/startcookie/"+b.id, "Cookie: "+visitor.cookie))
			check(t, "the answer", got.Status, tt.status)
			check(t, "the values", b.site.valuesOf(b.id), tt.values)
			check(t, "the visitor's cookie", visitor.get("/current").Status, tt.visitor)
			check(t, "asked again", visitor.post("/startcookie/"+b.id).Body, b.id)
			check(t, "the values then", b.site.valuesOf(b.id), tt.values)
			check(t, "the cookie", visitor.get("/me"), passed("user ann"))
		})
	}
}

// Many ask for a cookie of one session at once, as it is used: all get one, one is good, and nothing that was put in is lost.
func TestStartCookieStorm(t *testing.T) {
	for range 10 {
		b := newBearer(func(c *session.Config) { c.RenewInterval = 1 })
		visitor := b.site.visit()
		browsers := make([]browser, 16)
		var wg sync.WaitGroup
		for i := range browsers {
			browsers[i] = browser{site: b.site, cookie: visitor.cookie}
			wg.Go(func() { check(t, "a cookie", browsers[i].post("/startcookie/"+b.id).Status, 200) })
			wg.Go(func() { b.site.post("/refreshaccess/" + b.id) })
			wg.Go(func() { check(t, "counted", b.site.post("/count/"+b.id).Status, 200) })
		}
		wg.Wait()
		good := 0
		for i := range browsers {
			good += map[int]int{200: 1}[browsers[i].get("/me").Status]
		}
		check(t, "good cookies", good, 1)
		check(t, "the values", b.site.valuesOf(b.id), `{"count":16}`)
		check(t, "sessions", b.site.post("/list").Body, "1")
	}
}
