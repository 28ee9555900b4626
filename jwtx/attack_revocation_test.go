package jwtx_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/store/memory"
)

// TestAttackRevocation runs the known attacks on revocation, by the IDs of the project's list.
func TestAttackRevocation(t *testing.T) {
	for id, attack := range map[string]func(t *testing.T){
		"J093": askingAStoreThatIsDown,
		"J094": disabledAfterIssue,
		"S004": tokenAfterLogout,
		"S029": askingAStoreThatIsDown,
		"S030": revocationReplyLost,
		"S033": revokingInAStoreThatIsDown,
	} {
		t.Run(id, attack)
	}
}

// outages are what a store may answer that does not know.
var outages = []error{
	errors.New("connection refused"), context.DeadlineExceeded, context.Canceled, auth.ErrUnavailable, memory.ErrFull,
	auth.ErrInvalidCredentials, auth.NoCredentials(), &auth.Error{Status: http.StatusUnauthorized},
	&auth.Error{Status: http.StatusOK, Err: auth.ErrInvalidCredentials},
}

// askingAStoreThatIsDown has a store that fails, or that answers less or more than it was asked: 503, and not 401.
func askingAStoreThatIsDown(t *testing.T) {
	token := issued(time.Now())
	for _, outage := range outages {
		o := newOffice(nil)
		o.store.fault = func(context.Context) error { return outage }
		checkVisit(t, outage.Error(), token, knock(o.doors[issuer], token), unavailable)
		o.store.fault = nil
		checkVisit(t, "after "+outage.Error(), token, knock(o.doors[issuer], token), passes)
	}
	for _, answers := range []int{0, 1, 2, 4} {
		o := newOffice(func(c *jwtx.RevocationsConfig) { c.Store = miscounting{c.Store, answers} })
		checkVisit(t, fmt.Sprint(answers, " answers to 3 questions"), token, knock(o.doors[issuer], token), unavailable)
	}
}

// A miscounting store has some number of answers to any number of questions.
type miscounting struct {
	jwtx.RevocationStore
	answers int
}

func (m miscounting) RevokedUpTo(context.Context, time.Time, ...string) ([]time.Time, error) {
	return make([]time.Time, m.answers), nil
}

// logOut is a handler that logs out everywhere, behind a guard.
func logOut(o *office, revoke func(context.Context) error) http.Handler {
	guard := auth.New(auth.Bearer(o.doors[issuer], nil), &auth.Options{Logger: slog.New(slog.DiscardHandler)})
	return guard.Require()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := revoke(r.Context()); err != nil {
			guard.Refuse(w, r, err)
			return
		}
		_, _ = fmt.Fprint(w, "bye")
	}))
}

// revokingInAStoreThatIsDown has people log out while nobody can write that down: they are not told that they did.
func revokingInAStoreThatIsDown(t *testing.T) {
	token := issued(time.Now())
	for name := range newOffice(nil).ways() {
		for _, outage := range outages {
			o := newOffice(nil)
			r := httptest.NewRequest(http.MethodPost, "/logout", nil)
			r.Header.Set("Authorization", "Bearer "+token)
			w := httptest.NewRecorder()
			var err error
			logOut(o, func(ctx context.Context) error {
				o.store.fault = func(context.Context) error { return outage }
				err = o.ways()[name](ctx)
				return err
			}).ServeHTTP(w, r)
			if !errors.Is(err, auth.ErrUnavailable) || !errors.Is(err, outage) {
				t.Errorf("%s with %v: %v, want both ErrUnavailable and what the store said", name, outage, err)
			}
			if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || w.Header().Get("Set-Cookie") != "" {
				t.Errorf("%s with %v: answered with %d, %v", name, outage, w.Code, w.Header())
			}
			o.store.fault = nil
			checkVisit(t, "the token", token, knock(o.doors[issuer], token), passes)
			if err := o.ways()[name](t.Context()); err != nil {
				t.Errorf("%s again: %v", name, err)
			}
			checkVisit(t, "the token after another try", token, knock(o.doors[issuer], token), invalidToken)
		}
	}
}

// disabledAfterIssue disables a user who has tokens.
func disabledAfterIssue(t *testing.T) {
	o := newOffice(nil)
	tokens := map[string]string{}
	for i := range 3 {
		at := time.Now().Add(time.Duration(-i) * time.Minute)
		tokens[fmt.Sprint("device ", i)] = issued(at, "jti", "", "sid", fmt.Sprintf(`"s%d"`, i))
	}
	for name, token := range tokens {
		checkVisit(t, name+", before", token, knock(o.doors[issuer], token), passes)
	}
	if _, err := o.RevokeActor(t.Context(), u1); err != nil {
		t.Fatal(err)
	}
	for name, token := range tokens {
		checkVisit(t, name+", after", token, knock(o.doors[issuer], token), invalidToken)
	}
}

// tokenAfterLogout sends the token of a session that was logged out again, as a cookie and in the header.
func tokenAfterLogout(t *testing.T) {
	for name := range newOffice(nil).ways() {
		o, token := newOffice(nil), issued(time.Now())
		guard := auth.New(auth.Cookie("__Host-token", o.doors[issuer], nil), &auth.Options{Logger: slog.New(slog.DiscardHandler)})
		page := func() (who string) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Cookie", "__Host-token="+token)
			guard.Optional()(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				ac, _ := auth.FromContext(r.Context())
				who = "visitor " + ac.Actor.ID
			})).ServeHTTP(httptest.NewRecorder(), r)
			return who
		}
		if who := page(); who != "visitor u1" {
			t.Errorf("before %s: %q", name, who)
		}
		if err := o.ways()[name](t.Context()); err != nil {
			t.Fatal(err)
		}
		if who := page(); who != "visitor " {
			t.Errorf("after %s: %q, want nobody", name, who)
		}
		checkVisit(t, "after "+name, token, knock(o.doors[issuer], token), invalidToken)
	}
}

// revocationReplyLost writes, and loses the answer: the caller is told 503, tries again, and all is as after one call.
func revocationReplyLost(t *testing.T) {
	for name := range newOffice(nil).ways() {
		lost := &losing{RevocationStore: memory.NewRevocations(nil), lose: true}
		o := newOffice(func(c *jwtx.RevocationsConfig) { c.Store = lost })
		token := issued(time.Now())
		if err := o.ways()[name](t.Context()); !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", name, err)
		}
		lost.lose = false
		if err := o.ways()[name](t.Context()); err != nil {
			t.Errorf("%s again: %v", name, err)
		}
		checkVisit(t, name, token, knock(o.doors[issuer], token), invalidToken)
	}
}

// A losing store does what it is asked for, and says that it does not answer.
type losing struct {
	jwtx.RevocationStore
	lose bool
}

func (l *losing) Revoke(ctx context.Context, key string, at, until time.Time) error {
	err := l.RevocationStore.Revoke(ctx, key, at, until)
	if l.lose {
		err = errDown
	}
	return err
}
