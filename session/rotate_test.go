package session_test

import (
	"context"
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

func addOTP(l *session.Login) {
	l.Factors = append(l.Factors, auth.Factor{Method: "otp", At: time.Now().UTC()})
	l.Roles = auth.NewSet("admin", "owner")
}

// factors returns the methods of a session's factors as the store has them.
func (b *browser) factors(t *testing.T) string {
	t.Helper()
	return methods(must(b.site.store.inner.Get(t.Context(), b.id, time.Now())))
}

// methods returns the methods of a session's factors.
func methods(rec session.Record) string {
	var methods []string
	for _, f := range rec.Login.Factors {
		methods = append(methods, f.Method)
	}
	return strings.Join(methods, " ")
}

func TestRotate(t *testing.T) {
	s := newSite(nil)
	s.mux.Handle("/sensitive", s.guard.Require(auth.Fresh(time.Minute, "otp"), auth.Roles("owner"))(http.HandlerFunc(s.me)))
	b := s.logIn()
	check(t, "before the second factor", b.get("/sensitive").Status, 401)
	s.edit = addOTP
	old := *b
	check(t, "the ID", b.post("/rotate").Body, b.id)
	check(t, "the cookie is another", b.cookie != old.cookie, true)
	check(t, "the secret is another", open(b.value()) != open(old.value()), true)
	check(t, "the new cookie", b.get("/sensitive"), passed("user ann"))
	check(t, "the old cookie", old.get("/me"), unauthorized(""))
	check(t, "the factors", b.factors(t), "pwd otp")
	check(t, "sessions", s.post("/list").Body, "1")
}

func TestRotateWithoutChange(t *testing.T) {
	b := newSite(nil).logIn()
	old := *b
	check(t, "the ID", b.post("/rotate").Body, b.id)
	check(t, "the new cookie", b.get("/me"), passed("user ann"))
	check(t, "the old cookie", old.get("/me"), unauthorized(""))
	check(t, "the factors", b.factors(t), "pwd")
}

// A change of privileges is a use, also within the renewal interval.
func TestRotateRenews(t *testing.T) {
	for _, wait := range []time.Duration{time.Second, 30*time.Minute - time.Microsecond} {
		synctest.Test(t, func(t *testing.T) {
			b := newSite(nil).logIn()
			time.Sleep(wait)
			check(t, "Rotate", b.post("/rotate").Status, 200)
			time.Sleep(30*time.Minute - time.Microsecond)
			check(t, "a request", b.get("/me"), passed("user ann"))
		})
	}
}

func TestRotateNeedsAGoodCookie(t *testing.T) {
	s := newSite(nil)
	a, b, ended := s.logIn(), s.logIn(), s.logIn()
	check(t, "ending one", s.End(t.Context(), ended.id), nil)
	tests := []struct {
		name  string
		lines []string
		want  reply
	}{
		{"no cookie", nil, unauthorized("")},
		{"the ID of a session", []string{"Cookie: __Host-sid=" + a.id}, unauthorized("")},
		{"a session that was ended", []string{"Cookie: " + ended.cookie}, unauthorized("")},
		{"two sessions", []string{"Cookie: " + a.cookie + "; " + b.cookie}, unauthorized("")},
		{"a session, from another site", []string{"Cookie: " + a.cookie, "Sec-Fetch-Site: cross-site"}, crossOrigin},
		{"a session, from a sibling", []string{"Cookie: " + a.cookie, "Sec-Fetch-Site: same-site"}, crossOrigin},
		{"a session, from nowhere", []string{"Cookie: " + a.cookie, "Origin: null"}, crossOrigin},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, "the answer", s.send(request("POST", "/rotate", tt.lines...)), tt.want)
			check(t, "the first session afterwards", a.get("/me"), passed("user ann"))
			check(t, "the second session afterwards", b.get("/me"), passed("user ann"))
		})
	}
}

// A cookie that somebody planted is passed over.
func TestRotateBesideBadCookies(t *testing.T) {
	b := newSite(nil).logIn()
	old := *b
	b.cookie = "__Host-sid=x; " + b.cookie + "; __Host-sid=y"
	b.site.store.once("Replace", answering(errRefused))
	check(t, "an outage", b.post("/rotate"), unavailable)
	check(t, "the ID", b.post("/rotate").Body, b.id)
	check(t, "the new cookie", b.get("/me"), passed("user ann"))
	check(t, "the old cookie", old.get("/me"), unauthorized(""))
}

// Another request writes between Rotate's read and its write, once and for ever.
func TestRotateIsTriedAgain(t *testing.T) {
	renewal := func(b *browser) fault {
		return first(func() {
			rec := must(b.site.store.inner.Get(context.Background(), b.id, time.Now()))
			if err := b.site.store.inner.Replace(context.Background(), rec, time.Now()); err != nil {
				panic(err)
			}
		})
	}
	tests := []struct {
		name    string
		arrange func(b *browser)
		status  int
		factors string
		changes int
	}{
		{"once", func(b *browser) { b.site.store.once("Replace", renewal(b)) }, 200, "pwd otp", 2},
		{"each time", func(b *browser) { b.site.store.on("Replace", renewal(b)) }, 503, "pwd", 32},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newSite(nil).logIn()
				changes := 0
				b.site.edit = func(l *session.Login) { addOTP(l); changes++ }
				tt.arrange(b)
				check(t, "Rotate", b.post("/rotate").Status, tt.status)
				check(t, "a request", b.get("/me"), passed("user ann"))
				check(t, "the factors", b.factors(t), tt.factors)
				check(t, "calls of change", changes, tt.changes)
			})
		})
	}
}

// The session ends between Rotate's read and its write: it stays ended, no cookie is set, and that is no failure of the server.
func TestRotateOfASessionThatIsEnded(t *testing.T) {
	ends := func(b *browser) func() {
		return func() { must(0, b.site.store.inner.Delete(context.Background(), b.id)) }
	}
	tests := []struct {
		name    string
		arrange func(b *browser)
	}{
		{"before its first read", func(b *browser) { b.site.store.once("Get", first(ends(b))) }},
		{"after its first read", func(b *browser) { b.site.store.once("Get", afterwards(ends(b))) }},
		{"before its write", func(b *browser) { b.site.store.once("Replace", first(ends(b))) }},
		{"before its write, says a store that wraps its errors", func(b *browser) {
			b.site.store.once("Replace", answering(fmt.Errorf("update sessions: %w", session.ErrNotFound)))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newSite(nil).logIn()
			tt.arrange(b)
			check(t, "Rotate", b.post("/rotate"), unauthorized(""))
			check(t, "failures logged", strings.Count(b.site.log.String(), "level=ERROR"), 0)
		})
	}
}

// Two Rotates of one cookie, one within the other: one wins, the other's cookie is dead.
func TestTwoRotates(t *testing.T) {
	b := newSite(nil).logIn()
	b.site.edit = addOTP
	winner := *b
	b.site.store.once("Replace", first(func() { check(t, "the one", winner.post("/rotate").Status, 200) }))
	check(t, "the other", b.post("/rotate"), unauthorized(""))
	check(t, "the one's cookie", winner.get("/me"), passed("user ann"))
	check(t, "the factors", winner.factors(t), "pwd otp")
}

// Many Rotates of one cookie at once: one wins.
func TestManyRotates(t *testing.T) {
	b := newSite(nil).logIn()
	b.site.edit = addOTP
	browsers := make([]browser, 64)
	statuses := make([]int, len(browsers))
	var wg sync.WaitGroup
	for i := range browsers {
		browsers[i] = *b
		wg.Go(func() { statuses[i] = browsers[i].post("/rotate").Status })
	}
	wg.Wait()
	count := map[int]int{}
	for i := range browsers {
		count[statuses[i]]++
		count[browsers[i].get("/me").Status+1000]++
	}
	check(t, "winners", count[200], 1)
	check(t, "losers", count[401], 63)
	check(t, "good cookies afterwards", count[1200], 1)
	check(t, "the factors", b.factors(t), "pwd otp")
}

// A request with the old cookie was read before Rotate, and is renewed after it. Its answer, which comes last, leaves the new
// cookie alone.
func TestRequestOvertakenByRotate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSite(nil).logIn()
		time.Sleep(time.Minute) // a renewal is due
		old := *b
		b.site.store.once("Get", afterwards(func() { check(t, "Rotate", b.post("/rotate").Status, 200) }))
		check(t, "the request", old.get("/me"), unauthorized(""))
		check(t, "the new cookie", b.get("/me"), passed("user ann"))
	})
}

// A use that is none of the cookie's neither disturbs Rotate nor is disturbed by it.
func TestEndedOvertakenByRotate(t *testing.T) {
	for _, how := range []string{"Renew", "Ended"} {
		t.Run(how, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newSite(nil).logIn()
				time.Sleep(time.Minute)
				b.site.store.once("Get", afterwards(func() { check(t, "Rotate", b.post("/rotate").Status, 200) }))
				check(t, "good", uses[how](b), true)
				check(t, "the new cookie", b.get("/me"), passed("user ann"))
			})
		})
	}
}

// What a session becomes when it is given another actor ends with it: a session that was ended, or that changed, before its
// actor was written has no successor.
func TestRotateToAnotherActorIsOvertaken(t *testing.T) {
	bob := auth.Actor{Type: "user", ID: "bob"}
	tests := []struct {
		name    string
		arrange func(b *browser)
		want    int
		bobs    int
	}{
		{"by nobody", func(*browser) {}, 200, 1},
		{"by the end of the session", func(b *browser) {
			b.site.store.once("Replace", first(func() { must(0, b.site.store.inner.Delete(context.Background(), b.id)) }))
		}, 401, 0},
		{"by an outage", func(b *browser) { b.site.store.once("Replace", answering(errRefused)) }, 503, 0},
		{"by a renewal", func(b *browser) { b.site.store.once("Replace", answering(session.ErrConflict)) }, 200, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newSite(nil).logIn()
			b.site.edit = func(l *session.Login) { l.Actor = bob }
			tt.arrange(b)
			check(t, "Rotate", b.post("/rotate").Status, tt.want)
			check(t, "sessions of the new actor", len(must(b.site.List(t.Context(), bob))), tt.bobs)
		})
	}
}

// A Rotate is a use that is written once, also where the session was due to be renewed.
func TestRotateWritesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSite(nil).logIn()
		time.Sleep(2 * time.Minute)
		writes := b.site.store.count("Replace")
		check(t, "a change of secret", b.post("/rotate").Status, 200)
		check(t, "writes", b.site.store.count("Replace")-writes, 1)
		time.Sleep(29 * time.Minute)
		check(t, "a request before the idle timeout is over", b.get("/me").Status, 200)
	})
}
