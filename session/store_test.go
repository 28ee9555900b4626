package session_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
)

// What Start hands to the store, and List returns.
func TestRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(nil)
		now := time.Now().UTC()
		b := s.logIn()
		listed := must(s.List(t.Context(), ann))
		check(t, "sessions", len(listed), 1)
		check(t, "the record", reflect.DeepEqual(listed[0], session.Record{
			ID:      b.id,
			Version: 1,
			Digest:  token.Sum(open(b.value())),
			Login:   s.login,
			Created: now,
			Renewed: now,
			Expires: now.Add(30 * time.Minute),
			EndsBy:  now.Add(24 * time.Hour),
			IP:      netip.MustParseAddr("192.0.2.1"),
		}), true)
	})
}

// Times are whole microseconds in a store, whatever the program hands over: what Start and Rotate return is what a request
// gets later.
func TestStoreSeesWholeMicroseconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(123 * time.Nanosecond)
		s := newSite(nil)
		s.login.Factors = []auth.Factor{{Method: "pwd", At: time.Now()}}
		s.edit = func(l *session.Login) { l.Factors = append(l.Factors, auth.Factor{Method: "otp", At: time.Now()}) }
		b := s.logIn()
		started := must(s.store.inner.Get(t.Context(), b.id, time.Now()))
		check(t, "the program's own", s.login.Factors[0].At.Nanosecond(), 123)
		time.Sleep(time.Minute)
		b.get("/me")
		b.post("/rotate")
		rec := must(s.store.inner.Get(t.Context(), b.id, time.Now()))
		times := map[string]time.Time{
			"Created": rec.Created, "Renewed": rec.Renewed, "Expires": rec.Expires, "EndsBy": rec.EndsBy,
			"the factor of Start": started.Login.Factors[0].At, "the factor of Rotate": rec.Login.Factors[1].At,
		}
		for name, at := range times {
			check(t, name, at, at.UTC().Truncate(time.Microsecond))
		}
	})
}

// Whoever reads the store, or a list, has nothing that is accepted.
func TestRecordHoldsNoSecret(t *testing.T) {
	s := newSite(nil)
	b := s.logIn()
	b.post("/rotate")
	text := open(b.value())
	written := string(must(json.Marshal(must(s.List(t.Context(), ann)))))
	for _, secret := range []string{b.value(), text, text[len("ses_")+25:], text[len("ses_")+25:][:20]} {
		check(t, "the secret is in the record", strings.Contains(written, secret), false)
	}
	check(t, "the ID is", strings.Contains(written, b.id), true)
	check(t, "the digest as a cookie", (&browser{site: s, cookie: "__Host-sid=" + forge(keyA, "__Host-sid", time.Now(), b.id)}).get("/me").Status, 401)
}

func TestRecordClone(t *testing.T) {
	a := session.Record{ID: "a", Login: annsLogin()}
	b := a.Clone()
	check(t, "the same", reflect.DeepEqual(a, b), true)
	b.Login.Factors[0].Method = "otp"
	check(t, "the first one's factor", a.Login.Factors[0].Method, "pwd")
}

// A sharer is a store that hands out, and keeps, the very records that it has.
type sharer struct {
	session.Store
	rec *session.Record
}

func (s sharer) Create(_ context.Context, rec session.Record) error {
	*s.rec = rec
	return nil
}

func (s sharer) Get(context.Context, string, time.Time) (session.Record, error) { return *s.rec, nil }

func (s sharer) Replace(_ context.Context, rec session.Record, _ time.Time) error {
	*s.rec = rec
	return nil
}

// Neither the program nor a handler changes what a store holds, but by the store's methods.
func TestRecordsAreNotChangedInPlace(t *testing.T) {
	shared := sharer{rec: &session.Record{}}
	s := newSite(func(c *session.Config) { c.Store = shared })
	started := must(s.Start(&unread{http.Header{}}, request("POST", "/"), annsLogin()))
	started.Factors[0].Method = "by the caller of Start"
	check(t, "after Start", shared.rec.Login.Factors[0].Method, "pwd")

	b := s.logIn()
	before := *shared.rec
	s.edit = func(l *session.Login) { l.Factors[0].Method = "otp" }
	check(t, "Rotate", b.post("/rotate").Status, 200)
	check(t, "the record before Rotate", before.Login.Factors[0].Method, "pwd")
	check(t, "the record after it", shared.rec.Login.Factors[0].Method, "otp")

	rotated := must(s.Rotate(&unread{http.Header{}}, request("POST", "/", "Cookie: "+b.cookie), nil))
	rotated.Factors[0].Method = "by the caller of Rotate"
	check(t, "after Rotate", shared.rec.Login.Factors[0].Method, "otp")
}

func TestListAndEndAll(t *testing.T) {
	bob := auth.Actor{Type: "user", ID: "bob"}
	tests := []struct {
		name   string
		actor  auth.Actor
		except func(sessions []*browser) string
		ended  int
		alive  string // which of ann's sessions 0, 1, 2 and bob's 3 are good afterwards
	}{
		{"all", ann, func([]*browser) string { return "" }, 3, "3"},
		{"all but one", ann, func(b []*browser) string { return b[1].id }, 2, "13"},
		{"all but one of another's", ann, func(b []*browser) string { return b[3].id }, 3, "3"},
		{"all but one that there is not", ann, func([]*browser) string { return token.NewID() }, 3, "3"},
		{"all of the other", bob, func([]*browser) string { return "" }, 1, "012"},
		{"all of a customer of the same ID", auth.Actor{Type: "customer", ID: "ann"}, func([]*browser) string { return "" }, 0, "0123"},
		{"all of another case", auth.Actor{Type: "user", ID: "Ann"}, func([]*browser) string { return "" }, 0, "0123"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(nil)
			sessions := []*browser{s.logIn(), s.logIn(), s.logIn()}
			s.login.Actor = bob
			sessions = append(sessions, s.logIn())
			check(t, "listed first", must(s.List(t.Context(), ann))[0].ID, sessions[0].id)
			check(t, "listed last", must(s.List(t.Context(), ann))[2].ID, sessions[2].id)
			check(t, "listed of the other", must(s.List(t.Context(), bob))[0].ID, sessions[3].id)
			check(t, "ended", must(s.EndAll(t.Context(), tt.actor, tt.except(sessions))), tt.ended)
			alive := ""
			for i, b := range sessions {
				alive += map[int]string{200: string(rune('0' + i))}[b.get("/me").Status]
			}
			check(t, "good afterwards", alive, tt.alive)
		})
	}
}

func TestListLeavesOutWhatHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(nil)
		s.logIn()
		time.Sleep(29 * time.Minute)
		b := s.logIn()
		check(t, "sessions", len(must(s.List(t.Context(), ann))), 2)
		time.Sleep(time.Minute)
		check(t, "sessions a minute later", len(must(s.List(t.Context(), ann))), 1)
		check(t, "the one", must(s.List(t.Context(), ann))[0].ID, b.id)
	})
}

// Identities without an actor share one that is empty. It is nobody's: who asks for the sessions of it must neither see
// the others' nor end them, and must not be told that it worked.
func TestNoActorIsNobody(t *testing.T) {
	_, err := newSite(nil).List(t.Context(), auth.Actor{ID: "ann"})
	check(t, "List of an actor without a type refused", err != nil, true)
	for _, nobody := range []auth.Actor{{}, {Type: "user"}} {
		s := newSite(nil)
		s.login.Actor = nobody
		one, other := s.logIn(), s.logIn()
		listed, err := s.List(t.Context(), nobody)
		check(t, "sessions of others listed", len(listed), 0)
		check(t, "List refused", err != nil, true)
		ended, err := s.EndAll(t.Context(), nobody, one.id)
		check(t, "sessions of others ended", ended, 0)
		check(t, "EndAll refused", err != nil, true)
		check(t, "the other's session has ended", must(s.Ended(t.Context(), other.id)), false)
	}
}

// A bare store has the four methods of a Store and no more.
type bare struct{ session.Store }

func TestStoreWithoutIndex(t *testing.T) {
	b := newSite(func(c *session.Config) { c.Store = bare{c.Store} }).logIn()
	_, err := b.site.List(t.Context(), ann)
	check(t, "List is unsupported", errors.Is(err, errors.ErrUnsupported), true)
	check(t, "List is unavailable", errors.Is(err, auth.ErrUnavailable), false)
	_, err = b.site.EndAll(t.Context(), ann, "")
	check(t, "EndAll is unsupported", errors.Is(err, errors.ErrUnsupported), true)
	_, err = b.site.EndIdentity(t.Context(), "identity of ann", "")
	check(t, "EndIdentity is unsupported", errors.Is(err, errors.ErrUnsupported), true)
	check(t, "a request", b.get("/me"), passed("user ann"))
	check(t, "Rotate", b.post("/rotate").Status, 200)
	check(t, "a logout", b.post("/logout").Body, "bye")
}
