package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// End ends a session, whoever it belongs to: for what somebody may end there is [Manager.As]. Its cookie, and whatever else
// carries its ID, is refused from now on. One that has ended already is nil. An empty ID, such as that of a request
// that came with an API key, is an [*auth.Error] of status 400: there is no session to end. Any other error means that the
// session may go on.
func (m *Manager) End(ctx context.Context, id string) error {
	if id == "" {
		return &auth.Error{Status: http.StatusBadRequest, Message: "There is no session to end"}
	}
	if !token.IsID(id) {
		return nil // of no session
	}
	t := auth.NewTimeout(ctx, m.config.StoreTimeout)
	defer t.Stop()
	if err := m.config.Store.Delete(t, id); err != nil {
		return unavailable(err)
	}
	return nil
}

// List returns the sessions of an actor, the oldest first. An actor without a type or an ID is an error, since sessions
// that have no actor yet have nothing in common. So is a store that is no [Index]: [errors.ErrUnsupported].
func (m *Manager) List(ctx context.Context, actor auth.Actor) ([]Record, error) {
	index, err := m.index(actor)
	if err != nil {
		return nil, err
	}
	t := auth.NewTimeout(ctx, m.config.StoreTimeout)
	defer t.Stop()
	records, err := index.List(t, actor, timestamp())
	if err != nil {
		return nil, unavailable(err)
	}
	return slices.DeleteFunc(records, Record.hasEnded), nil
}

// EndAll ends the sessions of an actor, but not the one whose ID is except, if that is not empty, and returns how many
// there were. What is an error for [Manager.List] is one here.
func (m *Manager) EndAll(ctx context.Context, actor auth.Actor, except string) (int, error) {
	index, err := m.index(actor)
	if err != nil {
		return 0, err
	}
	return m.endAll(ctx, func(ctx context.Context) (int, error) { return index.DeleteAll(ctx, actor, except) })
}

// EndIdentity ends the sessions of an identity, whatever their actor, and those without one, but not the one whose ID is
// except, if that is not empty, and returns how many there were. An identity that is "" is an error, and so is a store that
// is no [Index].
//
//   - The password was changed, or a second factor: EndIdentity(ctx, identity, current), so that whoever knew the old one is out.
//   - The password was reset, or the identity is disabled or deleted: EndIdentity(ctx, identity, "").
//   - The actor is disabled or deleted: EndAll(ctx, actor, ""), since several identities may log in for it. Refuse its
//     requests by [auth.Then] as well, or its next log-in. Its API keys know nothing of sessions: revoke them, and see
//     apikey.Config.Allowed.
//
// An application that names no identities when somebody logs in has [Manager.EndAll] for all of that.
//
// First make the change that keeps them from logging in again, then call it.
func (m *Manager) EndIdentity(ctx context.Context, identity, except string) (int, error) {
	if identity == "" {
		return 0, errors.New("session: no identity")
	}
	index, err := m.asIndex()
	if err != nil {
		return 0, err
	}
	return m.endAll(ctx, func(ctx context.Context) (int, error) { return index.DeleteIdentity(ctx, identity, except) })
}

// endAll has remove look for sessions again until it finds none: a store may find first and remove then, and one that was
// found may have a successor by then. Whoever goes on to log in meanwhile does not keep it here.
func (m *Manager) endAll(ctx context.Context, remove func(ctx context.Context) (int, error)) (n int, err error) {
	for i := range 3 {
		t := auth.NewTimeout(ctx, m.config.StoreTimeout)
		removed, err := remove(t)
		t.Stop()
		if err != nil {
			return 0, unavailable(err)
		}
		if n += removed; removed == 0 && i > 0 {
			break
		}
	}
	return n, nil
}

func (m *Manager) index(actor auth.Actor) (Index, error) {
	if err := checkSomebody(actor); err != nil {
		return nil, err
	}
	return m.asIndex()
}

func checkSomebody(actor auth.Actor) error {
	if actor.Type == "" || actor.ID == "" {
		return errors.New("session: an actor without a type or an ID")
	}
	return nil
}

func (m *Manager) asIndex() (Index, error) {
	index, ok := m.config.Store.(Index)
	if !ok {
		return nil, fmt.Errorf("session: %T is no Index: %w", m.config.Store, errors.ErrUnsupported)
	}
	return index, nil
}
