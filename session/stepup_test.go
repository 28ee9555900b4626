package session_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// What is sensitive needs a factor that was shown just now: the session gets it, and the old cookie does not.
func TestStepUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(nil)
		fresh := s.guard.Require(auth.Fresh(5*time.Minute, "otp"))
		s.mux.Handle("/password", fresh(http.HandlerFunc(s.me)))
		s.edit = func(l *session.Login) { l.Factors = append(l.Factors, auth.Factor{Method: "otp", At: time.Now()}) }
		b := s.logIn()
		check(t, "with a password alone", b.post("/password").Status, 401)
		old := *b
		check(t, "another factor", b.post("/rotate").Body, b.id)
		check(t, "with both", b.post("/password"), passed("user ann"))
		check(t, "with the cookie from before", old.post("/password").Status, 401)
		time.Sleep(5*time.Minute + time.Second)
		check(t, "later", b.post("/password").Status, 401)
		check(t, "where it need not be fresh", b.post("/me"), passed("user ann"))
	})
}
