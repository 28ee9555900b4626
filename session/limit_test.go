package session_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/session"
)

func limited(most int, evict bool) func(*session.Config) {
	return func(c *session.Config) { c.MaxPerActor, c.EvictOldest = most, evict }
}

var tooMany = reply{403, `{"type":"forbidden","message":"Too many sessions"}`, "", "no-store", "", ""}

func TestMaxPerActor(t *testing.T) {
	tests := []struct {
		name  string
		most  int
		evict bool
		do    func(s *site, bs []*browser) reply // with three sessions, one after the other
		want  int                                // the status
		alive string                             // the sessions that go on
		all   int
	}{
		{"no limit", 0, false, func(s *site, _ []*browser) reply { return s.post("/login") }, 200, "012", 4},
		{"room for one more", 4, false, func(s *site, _ []*browser) reply { return s.post("/login") }, 200, "012", 4},
		{"no room", 3, false, func(s *site, _ []*browser) reply { return s.post("/login") }, 403, "012", 3},
		{"no room for tokens either", 3, false, func(s *site, _ []*browser) reply { return s.post("/tokens") }, 403, "012", 3},
		{"the browser's own session makes room", 3, false, func(_ *site, bs []*browser) reply { return bs[1].post("/login") }, 200, "02", 3},
		{"the oldest goes", 3, true, func(s *site, _ []*browser) reply { return s.post("/login") }, 200, "12", 3},
		{"the oldest goes for tokens", 3, true, func(s *site, _ []*browser) reply { return s.post("/tokens") }, 200, "12", 3},
		{"the oldest goes, used or not", 3, true, func(s *site, bs []*browser) reply { bs[0].get("/me"); return s.post("/login") }, 200, "12", 3},
		{"nobody else goes", 3, true, func(_ *site, bs []*browser) reply { return bs[1].post("/login") }, 200, "02", 3},
		{"a new secret needs no room", 3, false, func(_ *site, bs []*browser) reply { return bs[1].post("/rotate") }, 200, "012", 3},
		{"another identity of the actor needs no room", 3, false, func(s *site, bs []*browser) reply {
			s.edit = func(l *session.Login) { l.IdentityID = "another" }
			return bs[1].post("/rotate")
		}, 200, "02", 3},
		{"somebody who becomes the actor needs room", 3, false, func(s *site, _ []*browser) reply {
			s.login.Actor.ID = "bob"
			bob := s.logIn()
			s.login.Actor.ID, s.edit = "ann", func(l *session.Login) { l.Actor.ID = "ann" }
			return bob.post("/rotate")
		}, 403, "012", 3},
		{"somebody who becomes the actor, and the oldest goes", 3, true, func(s *site, _ []*browser) reply {
			s.login.Actor.ID = "bob"
			bob := s.logIn()
			s.login.Actor.ID, s.edit = "ann", func(l *session.Login) { l.Actor.ID = "ann" }
			return bob.post("/rotate")
		}, 200, "12", 3},
		{"a visitor who logs in needs room", 3, false, func(s *site, _ []*browser) reply { return s.visit().post("/login") }, 403, "012", 3},
		{"visitors need none", 3, false, func(s *site, _ []*browser) reply { s.visit(); s.visit(); s.visit(); return s.visit().post("/visit") }, 200, "012", 3},
		{"an outage of the list", 3, true, func(s *site, _ []*browser) reply {
			s.store.once("List", answering(errRefused))
			return s.post("/login")
		}, 503, "012", 3},
		{"an outage of the second list", 3, true, func(s *site, _ []*browser) reply {
			s.store.once("List", afterwards(func() { s.store.once("List", answering(errRefused)) }))
			return s.post("/login")
		}, 503, "012", 3},
		{"an outage where the oldest should go", 3, true, func(s *site, _ []*browser) reply {
			s.store.once("Delete", answering(errRefused))
			return s.post("/login")
		}, 503, "012", 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(limited(tt.most, tt.evict))
				var bs []*browser
				for range 3 {
					bs = append(bs, s.logIn())
					time.Sleep(time.Second)
				}
				got := tt.do(s, bs)
				check(t, "the answer", got.Status, tt.want)
				check(t, "a cookie is set", got.SetCookie != "" && tt.want != 200, false)
				alive := ""
				for i, b := range bs {
					alive += map[bool]string{false: fmt.Sprint(i)}[must(s.Ended(t.Context(), b.id))]
				}
				check(t, "sessions that go on", strings.TrimSpace(alive), tt.alive)
				check(t, "sessions", len(must(s.List(t.Context(), ann))), tt.all)
			})
		})
	}
}

func TestErrLimit(t *testing.T) {
	s := newSite(limited(1, false))
	s.logIn()
	_, err := s.StartTokens(request("POST", "/"), annsLogin())
	check(t, "the error is ErrLimit", errors.Is(err, session.ErrLimit), true)
	check(t, "the answer", s.post("/login"), tooMany)
	s.login.Actor.ID = "bob"
	check(t, "somebody else", s.post("/login").Status, 200)
}

// A new session is the newest, also for a process whose clock is behind: it is not the first to go.
func TestEvictionByAClockThatIsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(limited(2, true))
		for range 10 {
			b := s.logIn() // all at the same time
			check(t, "a request", b.get("/me"), passed("user ann"))
			for _, rec := range must(s.List(t.Context(), ann)) {
				check(t, "the end is that of the clock", rec.EndsBy, time.Now().Add(24*time.Hour).UTC())
			}
		}
		check(t, "sessions", len(must(s.List(t.Context(), ann))), 2)
	})
}

// Many log in at once, in two processes: never are more let in than may be, and where the oldest go, as many stay.
func TestMaxPerActorStorm(t *testing.T) {
	for _, evict := range []bool{false, true} {
		t.Run(fmt.Sprint("evicting ", evict), func(t *testing.T) {
			for range 20 {
				s := newSite(limited(3, evict))
				other := newSite(func(c *session.Config) { c.Store = s.store; limited(3, evict)(c) })
				var mu sync.Mutex
				good := 0
				var wg sync.WaitGroup
				for i := range 32 {
					m := []*session.Manager{s.Manager, other.Manager}[i%2]
					wg.Go(func() {
						_, err := m.StartTokens(request("POST", "/"), annsLogin())
						mu.Lock()
						defer mu.Unlock()
						good += map[bool]int{true: 1}[err == nil]
						check(t, "an error that is not ErrLimit", err != nil && !errors.Is(err, session.ErrLimit), false)
					})
				}
				wg.Wait()
				left := len(must(s.List(t.Context(), ann)))
				check(t, "more than may be", left > 3, false)
				check(t, "fewer or more than were let in, or than may be", left, map[bool]int{false: good, true: 3}[evict])
			}
		})
	}
}

// Two log in at once, and the second is created when the first has looked whether there is room: not both are let in.
func TestTwoAtTheLimit(t *testing.T) {
	for _, evict := range []bool{false, true} {
		s := newSite(limited(1, evict))
		now := time.Now()
		rec := session.Record{ID: session.NewID(ann), Login: annsLogin(), Created: now, Expires: now.Add(time.Hour), EndsBy: now.Add(time.Hour)}
		s.store.once("Create", first(func() { must(0, s.store.inner.Create(context.Background(), rec)) }))
		_, err := s.StartTokens(request("POST", "/"), annsLogin())
		check(t, "refused by the limit", errors.Is(err, session.ErrLimit), !evict)
		check(t, "sessions", len(must(s.List(t.Context(), ann))), 1)
	}
}
