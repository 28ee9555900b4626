package session

import (
	"context"
	"errors"
	"net/http"

	"github.com/countersign-go/countersign/auth"
)

// A Policy says whether by may see and end the sessions of actor: nil is yes, an [*auth.Error] of status 403 is no, and any
// other error says that it could not find out, or what by has to do first. actor has a type and an ID.
type Policy func(ctx context.Context, by auth.AuthContext, actor auth.Actor) error

// OwnSessions is the default [Policy]: everybody may see and end their own.
func OwnSessions(_ context.Context, by auth.AuthContext, actor auth.Actor) error {
	if by.Actor == actor && actor.ID != "" && actor.Type != "" {
		return nil
	}
	return &auth.Error{Status: http.StatusForbidden, Err: errors.New("session: the sessions of somebody else")}
}

// An Access sees and ends sessions on behalf of somebody, who may do what [Config.Policy] says. A session without an actor is
// only for its own bearer. Make one with [Manager.As] for a request; it does not change.
type Access struct {
	m  *Manager
	by auth.AuthContext
}

// As returns the access that by has.
func (m *Manager) As(by auth.AuthContext) *Access { return &Access{m: m, by: by} }

// List returns the sessions of an actor, as [Manager.List] does; the zero Actor is by's own. The policy's error passes through.
// One without an actor has the session that stands behind by, if any.
func (a *Access) List(ctx context.Context, actor auth.Actor) ([]Record, error) {
	if actor = a.orOwn(actor); actor == (auth.Actor{}) {
		rec, err := a.Get(ctx, a.by.SessionID)
		switch {
		case is(err, ErrNotFound):
			return nil, nil
		case err != nil:
			return nil, err
		}
		return []Record{rec}, nil
	}
	if err := a.may(ctx, actor); err != nil {
		return nil, err
	}
	return a.m.List(ctx, actor)
}

// Get returns a session. One that is not by's to see is [ErrNotFound], as is one that is not there.
func (a *Access) Get(ctx context.Context, id string) (Record, error) {
	rec, err := a.m.get(ctx, id, timestamp())
	if err != nil {
		return Record{}, err
	}
	if rec.Login.Actor.ID == "" {
		if rec.ID != a.by.SessionID {
			return Record{}, ErrNotFound
		}
		return rec, nil
	}
	err = a.may(ctx, rec.Login.Actor)
	switch {
	case isNo(err):
		return Record{}, ErrNotFound
	case err != nil:
		return Record{}, err
	}
	return rec, nil
}

// End ends a session, see [Manager.End]. One that is not by's to see is [ErrNotFound], as is one that has ended.
func (a *Access) End(ctx context.Context, id string) error {
	if _, err := a.Get(ctx, id); err != nil {
		return err
	}
	return a.m.End(ctx, id)
}

// EndOthers ends all sessions of by's own but the one behind by, and returns how many there were.
func (a *Access) EndOthers(ctx context.Context) (int, error) {
	if a.orOwn(auth.Actor{}) == (auth.Actor{}) {
		return 0, nil // it has no others
	}
	if err := a.may(ctx, a.by.Actor); err != nil {
		return 0, err
	}
	return a.m.EndAll(ctx, a.by.Actor, a.by.SessionID)
}

// EndAll ends the sessions of an actor and returns how many there were; the zero Actor is by's own, the one behind by
// included. The policy's error passes through.
func (a *Access) EndAll(ctx context.Context, actor auth.Actor) (int, error) {
	if actor = a.orOwn(actor); actor == (auth.Actor{}) {
		return a.endOnly(ctx)
	}
	if err := a.may(ctx, actor); err != nil {
		return 0, err
	}
	return a.m.EndAll(ctx, actor, "")
}

// endOnly ends the one session of somebody without an actor.
func (a *Access) endOnly(ctx context.Context) (int, error) {
	err := a.End(ctx, a.by.SessionID)
	switch {
	case is(err, ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, err
	}
	return 1, nil
}

// orOwn returns actor, or for the zero one that of by, which is zero as well if it has no ID.
func (a *Access) orOwn(actor auth.Actor) auth.Actor {
	if actor == (auth.Actor{}) && a.by.Actor.ID != "" {
		return a.by.Actor
	}
	return actor
}

// may asks the policy, if there is somebody to ask it about.
func (a *Access) may(ctx context.Context, actor auth.Actor) error {
	if err := checkSomebody(actor); err != nil {
		return err
	}
	return decided(a.m.config.Policy(ctx, a.by, actor))
}

// decided returns the error of a policy as the answer that it is: its own, or that somebody could not find out. Of any other
// it is not known what refused the policy, and not the client.
func decided(err error) error {
	if own := (*auth.Error)(nil); err == nil || errors.As(err, &own) || auth.IsUnavailable(err) {
		return err
	}
	return &auth.Error{Status: http.StatusInternalServerError, Err: err}
}

// isNo reports whether err is a policy's no.
func isNo(err error) bool {
	var refusal *auth.Error
	return errors.As(err, &refusal) && refusal != nil && refusal.Status == http.StatusForbidden && !auth.IsUnavailable(err)
}
