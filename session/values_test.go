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

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// becomes returns a change to object, whatever there is.
func becomes(object string) func(auth.Metadata) (auth.Metadata, error) {
	return func(auth.Metadata) (auth.Metadata, error) { return auth.RawMetadata(object), nil }
}

var errChange = errors.New("the basket is closed")

func TestUpdate(t *testing.T) {
	tests := []struct {
		name   string
		change func(auth.Metadata) (auth.Metadata, error)
		want   string // the values afterwards
		err    string
		writes int
	}{
		{"adds", addOne, `{"count":2}`, "", 1},
		{"replaces", becomes(`{"language":"de"}`), `{"language":"de"}`, "", 1},
		{"empties", becomes(`{}`), "{}", "", 1},
		{"empties by the zero value", becomes(""), "{}", "", 1},
		{"changes nothing", func(v auth.Metadata) (auth.Metadata, error) { return v, nil }, `{"count":1}`, "", 0},
		{"encodes the same anew", func(v auth.Metadata) (auth.Metadata, error) { return auth.NewMetadata(v) }, `{"count":1}`, "", 0},
		{"spells the same with space", becomes("{ \"count\" :\n1}"), `{"count":1}`, "", 0},
		{"fails", func(auth.Metadata) (auth.Metadata, error) { return auth.Metadata{}, errChange }, `{"count":1}`, errChange.Error(), 0},
		{"fills what there is room for", becomes(`{"a":"` + strings.Repeat("x", 4096-8) + `"}`), `{"a":"` + strings.Repeat("x", 4096-8) + `"}`, "", 1},
		{"is a byte too large", becomes(`{"a":"` + strings.Repeat("x", 4096-7) + `"}`), `{"count":1}`, "auth: 413: session: Values of 4097 bytes, more than MaxValues, which is 4096", 0},
		{"is an array", becomes(`[1]`), `{"count":1}`, "session: metadata that is not a JSON object", 0},
		{"is no JSON", becomes(`{"count":`), `{"count":1}`, "session: metadata that is not a JSON object", 0},
		{"is no text", becomes("{\"a\":\"\xff\"}"), `{"count":1}`, "session: text that is not UTF-8, or has a NUL in it", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(nil)
			b := s.logIn()
			b.post("/count/" + b.id)
			err := s.Update(t.Context(), b.id, tt.change)
			check(t, "the error", lines(err), tt.err)
			check(t, "the values", s.valuesOf(b.id), tt.want)
			check(t, "writes", s.store.count("Replace")-1, tt.writes)
			check(t, "a request", b.get("/me"), passed("user ann"))
		})
	}
}

// What is kept in a session is with its requests, as long as it lasts: through new secrets, another actor, and refreshes.
func TestValues(t *testing.T) {
	s := newSite(nil)
	b := s.logIn()
	got, has := session.Values{}, false
	s.asked = func(ac auth.AuthContext) { got, has = auth.Value[session.Values](ac) }
	b.get("/me")
	check(t, "there are some in an empty session", has, false)
	b.post("/count/" + b.id)
	b.get("/me")
	check(t, "in a request", countOf(got.Metadata), 1)
	b.post("/rotate")
	b.get("/me")
	check(t, "after a new secret", countOf(got.Metadata), 1)
	s.edit = func(l *session.Login) { l.Actor.ID = "bob" }
	b.id = b.post("/rotate").Body
	check(t, "a request of another actor", b.get("/me"), passed("user bob"))
	check(t, "for another actor", countOf(got.Metadata), 1)
	tokens := must(s.RotateTokens(t.Context(), b.id, nil))
	got, _ = auth.Value[session.Values](tokens.Context)
	check(t, "in the context of tokens", countOf(got.Metadata), 1)
	tokens = must(s.Refresh(t.Context(), tokens.Refresh.Reveal()))
	got, _ = auth.Value[session.Values](tokens.Context)
	check(t, "after a refresh", countOf(got.Metadata), 1)
}

// Values are no use: a job that writes them does not keep a session alive, and nothing brings an ended one back.
func TestUpdateIsNoUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newSite(nil).logIn()
		time.Sleep(29 * time.Minute)
		check(t, "an update", b.post("/count/"+b.id).Body, "counted")
		time.Sleep(time.Minute)
		check(t, "a request", b.get("/me").Status, 401)
		err := b.site.Update(t.Context(), b.id, addOne)
		check(t, "an update at the idle timeout", isInvalid(err), true)
		check(t, "it is not there", errors.Is(err, session.ErrNotFound), true)
	})
}

// Two requests each add 1, a thousand times in all, and renewals, refreshes and new secrets get in between: none is lost.
func TestUpdatesAddUp(t *testing.T) {
	s := newSite(func(c *session.Config) { c.RenewInterval = 1 })
	c := s.crowd()
	other := newSite(func(c *session.Config) { c.Store = s.store })
	var wg sync.WaitGroup
	for _, m := range []*session.Manager{s.Manager, other.Manager} {
		wg.Go(func() {
			for range 500 {
				check(t, "an update", m.Update(context.Background(), c.id, addOne), nil)
			}
		})
	}
	for range 50 {
		c.send("/me")
		c.send("/rotate")
	}
	wg.Wait()
	check(t, "counted", s.valuesOf(c.id), `{"count":1000}`)
}

// Many add at once, and the answers to some are lost: each counts once.
func TestUpdatesWithLostReplies(t *testing.T) {
	for name, f := range map[string]error{"as failures": errRefused, "sent twice": session.ErrConflict} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(nil)
				b := s.logIn()
				calls := 0
				var mu sync.Mutex
				s.store.on("Replace", func(_ context.Context, call func() error) error {
					err := call()
					mu.Lock()
					defer mu.Unlock()
					calls++
					return errors.Join(err, []error{nil, nil, f}[calls%3])
				})
				done := 0
				for range 100 {
					done += map[bool]int{true: 1}[s.Update(t.Context(), b.id, addOne) == nil]
				}
				check(t, "updates that were done", done, 100)
				check(t, "counted", s.valuesOf(b.id), `{"count":100}`)
			})
		})
	}
}

// The answer to an Update is lost, and another request wrote the same just before: the Update was not done, and is not said
// to be.
func TestUpdateOvertakenByTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(nil)
		b := s.logIn()
		s.store.once("Replace", func(_ context.Context, call func() error) error {
			must(0, s.Update(context.Background(), b.id, addOne))
			return losing(errRefused)(context.Background(), call)
		})
		err := s.Update(t.Context(), b.id, addOne)
		check(t, "done", fmt.Sprint(err == nil), "false")
		check(t, "counted", s.valuesOf(b.id), `{"count":1}`)
	})
}
