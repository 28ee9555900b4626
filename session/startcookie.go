package session

import (
	"context"
	"net/http"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// StartCookie gives a session a cookie that has begun without one, see [Manager.StartAccess] and [Manager.StartTokens], and sets
// it, for package auth/login. The session has a new secret then: the cookie that it had before is dead, if there was one, and
// so are its refresh tokens; access tokens stay good, since one log-in is one session. A request that is under way with the old
// cookie meanwhile is refused, and leaves the new one alone. The other sessions that r brought along end, and a visitor's values
// are taken over, as by [Manager.Start], unless the session has values of its own.
//
// Whoever calls it has found out that r is from somebody who carries the session. A request that another site's page made is
// refused with 403. A session that has ended, and a visitor's, is [auth.ErrInvalidCredentials], and ends no other.
func (m *Manager) StartCookie(w http.ResponseWriter, r *http.Request, id string) (auth.AuthContext, error) {
	if err := m.origins.Check(r); err != nil {
		return auth.AuthContext{}, err
	}
	old, err := m.brought(r)
	if err != nil {
		return auth.AuthContext{}, err
	}
	var visitor Record
	if len(old) == 1 && old[0].isVisitor() { // of several, any may have been planted
		visitor = old[0]
	}
	h := heir{m: m, id: id, visitor: visitor, before: func(Record) error {
		for _, o := range old {
			if o.ID == id || o.ID == visitor.ID {
				continue
			}
			if err := m.End(r.Context(), o.ID); err != nil {
				return err
			}
		}
		return nil
	}}
	rec, text, err := h.rotate(r.Context())
	if err != nil {
		return auth.AuthContext{}, err
	}
	return m.carry(w, r, rec, text)
}

// An heir is a session that is given a new secret, and the values of a visitor's session, which ends.
type heir struct {
	m       *Manager
	id      string
	visitor Record             // zero if there is none
	before  func(Record) error // of the rotation

	gave  bool          // the values are the visitor's, once what is written now is written
	given auth.Metadata // the values that are the visitor's
}

// rotate gives the session its new secret, and ends the visitor's once its values are there: those that it ends with, so that
// no Update is lost on the way, and none of one that was ended by somebody else.
func (h *heir) rotate(ctx context.Context) (rec Record, text token.Secret, err error) {
	err = again(ctx, func() error {
		if rec, text, err = h.m.rotate(ctx, rotation{read: h.read(ctx), change: h.give, before: h.before}); err != nil {
			return err
		}
		if h.gave {
			h.given = h.visitor.Values
		}
		return h.endVisitor(ctx)
	})
	return rec, text, err
}

func (h *heir) read(ctx context.Context) func() (Record, time.Time, error) {
	return func() (Record, time.Time, error) { return someones(h.m.readID(ctx, h.id)) }
}

// give puts the visitor's values where there are none, or none but those that were the visitor's before.
func (h *heir) give(next *Record) {
	if h.gave = sameObject(next.Values, h.given); h.gave {
		next.Values = h.visitor.Values
	}
}

// endVisitor ends the visitor's session. It is ErrConflict if that was changed or ended meanwhile, and knows it as it is then.
func (h *heir) endVisitor(ctx context.Context) error {
	if h.visitor.ID == "" {
		return nil
	}
	err := h.m.expire(ctx, h.visitor, timestamp())
	if is(err, ErrConflict) {
		if h.visitor, err = h.m.get(ctx, h.visitor.ID, timestamp()); err == nil {
			return ErrConflict
		}
	}
	if is(err, ErrNotFound) {
		h.visitor = Record{}
		return ErrConflict
	}
	return err
}
