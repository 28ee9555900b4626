package session_test

import (
	"context"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// An identity has sessions of several actors, with and without cookies, and before it had one.
func TestEndIdentity(t *testing.T) {
	tests := []struct {
		name     string
		identity string
		except   string
		ended    int
		alive    string
	}{
		{"all", "identity of ann", "", 4, "other "},
		{"but the current one", "identity of ann", "cookie", 3, "cookie other "},
		{"but one of somebody else", "identity of ann", "other", 4, "other "},
		{"somebody else's", "identity of bob", "", 1, "cookie tokens another actor unregistered "},
		{"one that has none", "identity of eve", "", 0, "cookie tokens another actor unregistered other "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(nil)
			names := []string{"cookie", "tokens", "another actor", "unregistered", "other"}
			ids := map[string]string{"cookie": s.logIn().id, "tokens": s.post("/tokens").Body}
			s.login.Actor.ID = "ann at work"
			ids["another actor"] = s.logIn().id
			s.login.Actor = auth.Actor{Type: "user"}
			ids["unregistered"] = s.logIn().id
			s.login.Actor, s.login.IdentityID = ann, "identity of bob"
			ids["other"] = s.logIn().id
			check(t, "ended", must(s.EndIdentity(t.Context(), tt.identity, ids[tt.except])), tt.ended)
			alive := ""
			for _, name := range names {
				alive += map[bool]string{false: name + " "}[must(s.Ended(t.Context(), ids[name]))]
			}
			check(t, "the sessions that go on", alive, tt.alive)
		})
	}
}

// A store may find sessions first and remove them then. One that has a successor by then does not go on in it.
func TestSuccessorsEnd(t *testing.T) {
	for verb, end := range map[string]func(s *site) (int, error){
		"DeleteIdentity": func(s *site) (int, error) { return s.EndIdentity(t.Context(), "identity of ann", "") },
		"DeleteAll":      func(s *site) (int, error) { return s.EndAll(t.Context(), ann, "") },
	} {
		t.Run(verb, func(t *testing.T) {
			s := newSite(nil)
			before := must(s.StartTokens(request("POST", "/"), session.Login{Actor: ann, IdentityID: "identity of bob"}))
			var after session.Tokens
			s.store.once(verb, func(ctx context.Context, _ func() error) error {
				after = must(s.RotateTokens(ctx, before.Context.SessionID, func(l *session.Login) { l.IdentityID = "identity of ann" }))
				return s.store.inner.Delete(ctx, before.Context.SessionID) // what it had found
			})
			check(t, "ended", must(end(s)), 1)
			check(t, "the successor is another", after.Context.SessionID == before.Context.SessionID, false)
			check(t, "the successor has ended", must(s.Ended(t.Context(), after.Context.SessionID)), true)
		})
	}
}

// Visitors, and log-ins of actors alone, have no identity. That is not one that they share.
func TestNoIdentityIsNobody(t *testing.T) {
	s := newSite(nil)
	s.login.IdentityID = ""
	b, visitor := s.logIn(), s.visit()
	_, err := s.EndIdentity(t.Context(), "", "")
	check(t, "EndIdentity refused", err != nil, true)
	check(t, "the actor's session has ended", must(s.Ended(t.Context(), b.id)), false)
	check(t, "the visitor's session has ended", must(s.Ended(t.Context(), visitor.id)), false)
}
