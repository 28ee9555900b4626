package session_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// The answer to a write is lost. Whoever asks again gets what was asked for, once, and the browser is never left with a
// cookie that is dead.
func TestLostReply(t *testing.T) {
	tests := []struct {
		name  string
		verb  string
		fault fault
		path  string
		then  int // the status of a repetition, if the first was 503
	}{
		{"of a login, as a failure", "Create", losing(errRefused), "/login", 200},
		{"of a login, too late", "Create", hangingAfter, "/login", 200},
		{"of a login, which the driver sent twice", "Create", losing(session.ErrExists), "/login", 200},
		{"of a login whose ID was taken", "Create", answering(session.ErrExists), "/login", 200},
		{"of a login that ends the old session", "Delete", losing(errRefused), "/login", 200},
		{"of a new secret, as a failure", "Replace", losing(errRefused), "/rotate", 200},
		{"of a new secret, too late", "Replace", hangingAfter, "/rotate", 200},
		{"of a new secret, which the driver sent twice", "Replace", losing(session.ErrConflict), "/rotate", 200},
		{"of a new secret that was not kept", "Replace", answering(session.ErrConflict), "/rotate", 200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newSite(nil).logIn()
				b.site.edit = func(l *session.Login) { l.Factors = append(l.Factors[:1:1], auth.Factor{Method: "otp"}) }
				b.site.store.once(tt.verb, tt.fault)
				b.post(tt.path)
				check(t, "asked again", b.post(tt.path).Status, tt.then)
				check(t, "a request", b.get("/me"), passed("user ann"))
				check(t, "sessions", b.get("/list").Body, "1")
			})
		})
	}
}

// The store keeps the new session, says that it failed, and then does not say whether it is there: it is taken back, as
// nobody will ever have its cookie.
func TestLoginIsTakenBack(t *testing.T) {
	tests := []struct {
		name    string
		arrange func(s *tap, leave func())
	}{
		{"as it fails", func(s *tap, _ func()) {
			s.on("Create", losing(errRefused))
			s.on("Get", answering(errRefused))
		}},
		{"as the client hung up", func(s *tap, leave func()) {
			s.on("Create", func(_ context.Context, call func() error) error {
				err := call()
				leave()
				return errors.Join(err, context.Canceled)
			})
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(nil)
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			tt.arrange(s.store, leave)
			check(t, "the login", s.send(request("POST", "/login").WithContext(ctx)), unavailable)
			check(t, "sessions", s.post("/list").Body, "0")
		})
	}
}

// The answer to an end is lost: asking again says that it is done.
func TestLostReplyToAnEnd(t *testing.T) {
	tests := []struct {
		name, verb, path, body string
	}{
		{"of one session", "Delete", "/end/", "ended"},
		{"of all sessions", "DeleteAll", "/endall?", "0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newSite(nil).logIn()
			b.site.store.once(tt.verb, losing(errRefused))
			check(t, "the first answer", b.post(tt.path+b.id), unavailable)
			check(t, "the second", b.post(tt.path+b.id).Body, tt.body)
			check(t, "a request", b.get("/me"), unauthorized(clearing))
		})
	}
}

// A store says that it wrote, and did not: what it has decides at the next read, and nobody is let in by what it has not.
func TestStoreThatLies(t *testing.T) {
	lie := answering(nil)
	t.Run("about a log-in", func(t *testing.T) {
		s := newSite(nil)
		s.store.once("Create", lie)
		check(t, "a request", s.logIn().get("/me"), unauthorized(clearing))
	})
	t.Run("about a new secret", func(t *testing.T) {
		b := newSite(nil).logIn()
		old := *b
		b.site.edit = addOTP
		b.site.store.once("Replace", lie)
		b.post("/rotate")
		check(t, "the new cookie", b.get("/me"), unauthorized(""))
		check(t, "the old cookie, for what it was", old.get("/me"), passed("user ann"))
		check(t, "the factors", old.factors(t), "pwd")
	})
}

// The answer to the end of the old session is lost, or the driver asked twice and is told that there is none, while somebody
// who had logged in is registered: they go on.
func TestLostReplyAtRegistration(t *testing.T) {
	bob := auth.Actor{Type: "user", ID: "bob"}
	for name, fault := range map[string]fault{
		"as a failure":                 losing(errRefused),
		"too late":                     hangingAfter,
		"which the driver sent twice":  losing(session.ErrNotFound),
		"which the driver sent thrice": losing(session.ErrConflict),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite(nil)
				s.login.Actor = auth.Actor{}
				b := s.logIn()
				s.edit = func(l *session.Login) { l.Actor = bob }
				s.store.once("Replace", fault)
				check(t, "its registration", b.post("/rotate").Status, 200)
				check(t, "a request", b.get("/me"), passed("user bob"))
				check(t, "sessions", len(must(s.List(t.Context(), bob))), 1)
			})
		})
	}
}
