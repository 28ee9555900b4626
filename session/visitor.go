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

// isVisitor reports whether r is the session of somebody who has not logged in.
func (r Record) isVisitor() bool { return r.Login.Actor.ID == "" && r.Login.IdentityID == "" }

// StartAnonymous begins a session for a visitor who has not logged in, and sets its cookie: somewhere to keep values, such as
// a basket, see [Manager.Update]. It has neither an actor nor an identity, and opens nothing: to the guard its requests
// carry no credentials. [Manager.Start] takes over its values when the visitor logs in; they prove nothing, since a cookie
// may have been planted, and whoever planted it can read them until then: [CookieConfig] says which settings allow that.
//
// If r has the cookie of such a session, that is returned. If somebody is logged in, it is an [*auth.Error] of status 409: a
// handler for visitors and others asks [Manager.Current] first. A request that another site's page made is refused with
// 403. Call it when there is something to keep: each call without a cookie is a record in the store.
func (m *Manager) StartAnonymous(w http.ResponseWriter, r *http.Request) (Record, error) {
	if err := m.origins.Check(r); err != nil {
		return Record{}, err
	}
	rec, err := m.Current(r)
	switch {
	case err == nil && rec.isVisitor():
		return rec, nil
	case err == nil:
		return Record{}, &auth.Error{
			Status: http.StatusConflict, Message: "Logged in already", Err: errors.New("session: StartAnonymous for somebody who is logged in"),
		}
	case !is(err, auth.ErrInvalidCredentials):
		return Record{}, err
	}
	rec = m.newRecord(r, Login{})
	text, err := m.create(r.Context(), &rec)
	if err != nil {
		return Record{}, err
	}
	if _, err := m.carry(w, r, rec, text); err != nil {
		return Record{}, err
	}
	return rec, nil
}

// Current returns the session that r's cookie stands for, be it a visitor's. It is for handlers that want what is in the
// record; who may pass is for a guard to say. It is no use of the session. A request that another site's page made is
// refused with 403, as by [Manager.Scheme]. Without a good cookie the error wraps [auth.ErrInvalidCredentials]; good ones for
// different sessions count as none, but a visitor's beside that of somebody. What is answered to a visitor by it should
// have "Cache-Control: private" or "no-store": to the guard the request is anybody's.
func (m *Manager) Current(r *http.Request) (Record, error) {
	all, err := m.brought(r)
	if err != nil {
		return Record{}, err
	}
	if slices.ContainsFunc(all, func(rec Record) bool { return !rec.isVisitor() }) {
		all = slices.DeleteFunc(all, Record.isVisitor)
	}
	if len(all) != 1 {
		return Record{}, fmt.Errorf("session: %w: %d sessions", auth.ErrInvalidCredentials, len(all))
	}
	if err := m.origins.Check(r); err != nil {
		return Record{}, err
	}
	return all[0], nil
}

// brought returns the sessions that r's cookies stand for.
func (m *Manager) brought(r *http.Request) ([]Record, error) {
	var all []Record
	for _, value := range auth.CookieValues(r, m.cookie.Name) {
		rec, _, err := m.read(r.Context(), value)
		switch {
		case is(err, auth.ErrInvalidCredentials):
		case err != nil:
			return nil, err
		case !slices.ContainsFunc(all, func(other Record) bool { return other.ID == rec.ID }):
			all = append(all, rec)
		}
	}
	return all, nil
}

// upgrade begins the session next in the place of a visitor's, whose values it takes over: those that are there when the
// visitor's session ends, so that no Update is lost on the way.
func (m *Manager) upgrade(ctx context.Context, visitor Record, next *Record) (token.Secret, error) {
	for n := range changes {
		next.Values = visitor.Values
		text, err := m.succeed(ctx, visitor, next, nothing)
		if err == nil {
			return text, nil
		}
		if is(err, ErrConflict) {
			if err = pause(ctx, n); err == nil {
				visitor, err = m.get(ctx, visitor.ID, timestamp())
			}
		}
		if is(err, ErrNotFound) { // it ended meanwhile
			next.Values = auth.Metadata{}
			return m.begin(ctx, next, "")
		}
		if err != nil {
			return token.Secret{}, err
		}
	}
	return token.Secret{}, unavailable(ErrConflict)
}
