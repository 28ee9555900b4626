package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
)

var errPolicy = errors.New("the policy's database is away")

// staff may do everything, their database is away for eve, and others need a fresh log-in for dan.
func staff(ctx context.Context, by auth.AuthContext, actor auth.Actor) error {
	switch {
	case by.Actor.ID == "eve":
		return fmt.Errorf("%w: %w", auth.ErrUnavailable, errPolicy)
	case by.Actor.Type == "staff":
		return nil
	case actor.ID == "dan":
		return &auth.Error{Status: http.StatusUnauthorized, Message: "log in again"}
	}
	return session.OwnSessions(ctx, by, actor)
}

// A people has sessions of many, by their names: a1 and a2 are ann's, and those who have no actor are all of one identity.
type people struct {
	*site
	ids map[string]string
}

func newPeople(change func(*session.Config)) *people {
	p := &people{newSite(change), map[string]string{"none": token.NewID(), "junk": "../../etc/passwd", "empty": ""}}
	for name, actor := range map[string]auth.Actor{
		"a1": ann, "a2": ann, "bob": {Type: "user", ID: "bob"}, "dan": {Type: "user", ID: "dan"}, "eve": {Type: "user", ID: "eve"},
		"admin": {Type: "staff", ID: "ann"}, "nobody": {}, "unregistered": {Type: "user"},
	} {
		p.login.Actor = actor
		p.ids[name] = p.logIn().id
	}
	p.ids["visitor"] = p.visit().id
	return p
}

// by returns the access of the bearer of a session.
func (p *people) by(name string) *session.Access {
	rec, err := p.store.inner.Get(context.Background(), p.ids[name], time.Now())
	if err != nil {
		return p.As(auth.AuthContext{})
	}
	return p.As(auth.AuthContext{Actor: rec.Login.Actor, IdentityID: rec.Login.IdentityID, SessionID: rec.ID})
}

// told says what an error is.
func told(err error) string {
	var refusal *auth.Error
	switch {
	case err == nil:
		return "yes"
	case errors.Is(err, auth.ErrUnavailable):
		return "unavailable"
	case err == session.ErrNotFound:
		return "not found"
	case errors.As(err, &refusal):
		return fmt.Sprint(refusal.Status)
	}
	return err.Error()
}

// Who may see and end one session. What is not theirs is like what is not there.
func TestAccessToOne(t *testing.T) {
	tests := []struct {
		by, whose string
		policy    session.Policy
		want      string
	}{
		{"a1", "a1", nil, "yes"},
		{"a1", "a2", nil, "yes"},
		{"a1", "bob", nil, "not found"},
		{"a1", "admin", nil, "not found"}, // the same ID, of another type
		{"a1", "none", nil, "not found"},
		{"a1", "junk", nil, "not found"},
		{"a1", "empty", nil, "not found"},
		{"a1", "nobody", nil, "not found"},
		{"a1", "visitor", nil, "not found"},
		{"nobody", "nobody", nil, "yes"},
		{"nobody", "unregistered", nil, "not found"},
		{"nobody", "visitor", nil, "not found"},
		{"nobody", "a1", nil, "not found"},
		{"unregistered", "unregistered", nil, "yes"},
		{"unregistered", "a1", nil, "not found"},
		{"none", "a1", nil, "not found"},
		{"none", "nobody", nil, "not found"},
		{"none", "empty", nil, "not found"},

		{"admin", "a1", staff, "yes"},
		{"admin", "dan", staff, "yes"},
		{"admin", "none", staff, "not found"},
		{"admin", "nobody", staff, "not found"}, // whom a policy could not name
		{"a1", "bob", staff, "not found"},
		{"a1", "dan", staff, "401"},
		{"eve", "a1", staff, "unavailable"},
		{"eve", "none", staff, "not found"},
	}
	for _, tt := range tests {
		t.Run(tt.by+" to "+tt.whose, func(t *testing.T) {
			p := newPeople(func(c *session.Config) { c.Policy = tt.policy })
			rec, err := p.by(tt.by).Get(t.Context(), p.ids[tt.whose])
			check(t, "Get", told(err), tt.want)
			check(t, "the record", rec.ID, map[string]string{"yes": p.ids[tt.whose]}[tt.want])
			before := must(p.Ended(t.Context(), p.ids[tt.whose]))
			check(t, "End", told(p.by(tt.by).End(t.Context(), p.ids[tt.whose])), tt.want)
			check(t, "it has ended", must(p.Ended(t.Context(), p.ids[tt.whose])), before || tt.want == "yes")
		})
	}
}

// Who may see and end all sessions of somebody.
func TestAccessToMany(t *testing.T) {
	bob, dan := auth.Actor{Type: "user", ID: "bob"}, auth.Actor{Type: "user", ID: "dan"}
	tests := []struct {
		by     string
		actor  auth.Actor
		policy session.Policy
		want   string
		n      int
	}{
		{"a1", auth.Actor{}, nil, "yes", 2},
		{"a1", ann, nil, "yes", 2},
		{"a1", bob, nil, "403", 0},
		{"nobody", auth.Actor{}, nil, "yes", 1},
		{"unregistered", auth.Actor{}, nil, "yes", 1},
		{"nobody", ann, nil, "403", 0},
		{"none", auth.Actor{}, nil, "yes", 0},
		{"none", ann, nil, "403", 0},
		{"admin", ann, staff, "yes", 2},
		{"admin", auth.Actor{}, staff, "yes", 1},
		{"a1", dan, staff, "401", 0},
		{"eve", auth.Actor{}, staff, "unavailable", 0},
	}
	for _, tt := range tests {
		t.Run(tt.by+" to "+tt.actor.ID, func(t *testing.T) {
			p := newPeople(func(c *session.Config) { c.Policy = tt.policy })
			listed, err := p.by(tt.by).List(t.Context(), tt.actor)
			check(t, "List", told(err), tt.want)
			check(t, "listed", len(listed), tt.n)
			access := p.by(tt.by)
			n, err := access.EndAll(t.Context(), tt.actor)
			check(t, "EndAll", told(err), tt.want)
			check(t, "ended", n, tt.n)
			again, err := access.EndAll(t.Context(), tt.actor)
			check(t, "EndAll again", told(err), tt.want)
			check(t, "ended again", again, 0)
		})
	}
}

func TestAccessEndOthers(t *testing.T) {
	tests := []struct {
		by     string
		policy session.Policy
		want   string
		n      int
		left   int // of ann's
	}{
		{"a1", nil, "yes", 1, 1},
		{"bob", nil, "yes", 0, 2},
		{"nobody", nil, "yes", 0, 2},
		{"none", nil, "yes", 0, 2},
		{"eve", staff, "unavailable", 0, 2},
	}
	for _, tt := range tests {
		t.Run(tt.by, func(t *testing.T) {
			p := newPeople(func(c *session.Config) { c.Policy = tt.policy })
			n, err := p.by(tt.by).EndOthers(t.Context())
			check(t, "EndOthers", told(err), tt.want)
			check(t, "ended", n, tt.n)
			check(t, "left of ann's", len(must(p.List(t.Context(), ann))), tt.left)
			check(t, "its own has ended", must(p.Ended(t.Context(), p.ids[tt.by])), tt.by == "none")
		})
	}
}

// A key of ann's stands behind no session: all of hers are others.
func TestAccessOfAKey(t *testing.T) {
	p := newPeople(nil)
	key := p.As(auth.AuthContext{Actor: ann, Scheme: "api-key", CredentialID: token.NewID()})
	check(t, "listed", len(must(key.List(t.Context(), auth.Actor{}))), 2)
	check(t, "others", must(key.EndOthers(t.Context())), 2)
}

// An outage of the store is one, and not a session that is not there.
func TestAccessInAnOutage(t *testing.T) {
	p := newPeople(nil)
	a, nobody := p.by("a1"), p.by("nobody")
	p.store.onAll(answering(errRefused))
	for name, do := range map[string]func() error{
		"Get":            func() error { _, err := a.Get(t.Context(), p.ids["a1"]); return err },
		"End":            func() error { return a.End(t.Context(), p.ids["a1"]) },
		"List":           func() error { _, err := a.List(t.Context(), auth.Actor{}); return err },
		"EndOthers":      func() error { _, err := a.EndOthers(t.Context()); return err },
		"EndAll":         func() error { _, err := a.EndAll(t.Context(), auth.Actor{}); return err },
		"List, nobody":   func() error { _, err := nobody.List(t.Context(), auth.Actor{}); return err },
		"EndAll, nobody": func() error { _, err := nobody.EndAll(t.Context(), auth.Actor{}); return err },
	} {
		check(t, name, told(do()), "unavailable")
	}
}

// A policy is not asked about half an actor.
func TestPolicyIsAskedAboutSomebody(t *testing.T) {
	ctx := context.Background()
	tests := []struct {
		name string
		do   func(a *session.Access) error
	}{
		{"to list those of an actor without an ID", func(a *session.Access) error { _, err := a.List(ctx, auth.Actor{Type: "user"}); return err }},
		{"to list those of an actor without a type", func(a *session.Access) error { _, err := a.List(ctx, auth.Actor{ID: "ann"}); return err }},
		{"to end those of an actor without an ID", func(a *session.Access) error { _, err := a.EndAll(ctx, auth.Actor{Type: "user"}); return err }},
		{"to end those of an actor without a type", func(a *session.Access) error { _, err := a.EndAll(ctx, auth.Actor{ID: "ann"}); return err }},
		{"to end one's own others without a type", func(a *session.Access) error { _, err := a.EndOthers(ctx); return err }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			s := newSite(func(c *session.Config) {
				c.Policy = func(context.Context, auth.AuthContext, auth.Actor) error { asked++; return nil }
			})
			check(t, "the error", told(tt.do(s.As(auth.AuthContext{Actor: auth.Actor{ID: "ann"}}))), "session: an actor without a type or an ID")
			check(t, "asked", asked, 0)
		})
	}
}
