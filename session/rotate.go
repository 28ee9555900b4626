package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// Rotate changes the secret of the session that r's cookie stands for, because its privileges change: a factor was added,
// a role was given. change, which may be nil, gets the login to edit; when another request got in between it is called
// again, with the login as it is then. The old cookie is dead when Rotate returns, and so are the refresh tokens of the
// session, if it has any; the new cookie is set. The ID stays, unless change gave the session another actor or another
// identity, as when somebody who logged in is registered: that is another session, with an ID of its own. Values stay.
// Without a good cookie the error is that of [Manager.Scheme]: for a session that is carried by tokens there is
// [Manager.RotateTokens].
func (m *Manager) Rotate(w http.ResponseWriter, r *http.Request, change func(*Login)) (auth.AuthContext, error) {
	if _, err := m.passive.Authenticate(r); err != nil { // what is written below counts as the use
		return auth.AuthContext{}, err
	}
	var lastErr error
	for _, value := range auth.CookieValues(r, m.cookie.Name) {
		rec, text, err := m.rotate(r.Context(), rotation{
			read:   func() (Record, time.Time, error) { return someones(m.read(r.Context(), value)) },
			change: ofLogin(change),
			before: nothing,
		})
		if err == nil {
			return m.carry(w, r, rec, text)
		}
		lastErr = err
		if !is(err, auth.ErrInvalidCredentials) {
			break
		}
	}
	return auth.AuthContext{}, lastErr
}

// readID returns the session with an ID, and when it was good. One that has ended wraps auth.ErrInvalidCredentials, too.
func (m *Manager) readID(ctx context.Context, id string) (Record, time.Time, error) {
	now := timestamp()
	rec, err := m.get(ctx, id, now)
	return rec, now, asInvalid(err)
}

// someones refuses a visitor's session.
func someones(rec Record, now time.Time, err error) (Record, time.Time, error) {
	if err == nil && rec.isVisitor() {
		return Record{}, now, fmt.Errorf("session: %w: a visitor's session", auth.ErrInvalidCredentials)
	}
	return rec, now, err
}

// A rotation says how a session gets a new secret. All of it may be called again, when another request got in between.
type rotation struct {
	read   func() (Record, time.Time, error) // returns the session as it is, and when it was good
	change func(next *Record)                // may be nil
	before func(Record) error                // is given what is to be kept, while the old secret is good; its error leaves all as it was
}

// ofLogin returns the change of a rotation that change of the login is.
func ofLogin(change func(*Login)) func(*Record) {
	if change == nil {
		return nil
	}
	return func(next *Record) { change(&next.Login) }
}

// nothing is for a rotation that has nothing to do before the old secret is dead.
func nothing(Record) error { return nil }

// rotate gives a session a new secret.
func (m *Manager) rotate(ctx context.Context, rot rotation) (next Record, text token.Secret, err error) {
	err = again(ctx, func() error {
		rec, now, err := rot.read()
		if err != nil {
			return err
		}
		next, text, err = m.rotateOnce(ctx, rec, now, rot.change, rot.before)
		return err
	})
	return next, text, asInvalid(err)
}

// rotateOnce gives rec a new secret, unless it was changed meanwhile. Its error is one of check, or what exchange says.
func (m *Manager) rotateOnce(
	ctx context.Context, rec Record, now time.Time, change func(*Record), before func(Record) error,
) (Record, token.Secret, error) {
	next, err := m.rotated(rec, now, change)
	if err != nil {
		return Record{}, token.Secret{}, err
	}
	text, err := m.exchange(ctx, rec, &next, before)
	return next, text, err
}

// rotated returns rec as it is to be, but for the secret.
func (m *Manager) rotated(rec Record, now time.Time, change func(*Record)) (Record, error) {
	next := rec.Clone()
	if change != nil {
		change(&next)
		next.Login = next.Login.whole()
	}
	if err := next.Login.check(); err != nil {
		return Record{}, err
	}
	next.Renewed, next.Expires = now, m.idleEnd(rec, now)
	next.Counter++
	next.Floor, next.Refreshed = next.Counter, time.Time{}
	return next, nil
}

// exchange puts next, with a new secret, in the place of rec. Its error is ErrNotFound, ErrConflict, that of before, wraps
// ErrLimit, says what a store cannot keep, or that it is unavailable.
func (m *Manager) exchange(ctx context.Context, rec Record, next *Record, before func(Record) error) (token.Secret, error) {
	if next.Login.Actor != rec.Login.Actor || next.Login.IdentityID != rec.Login.IdentityID {
		return m.succeed(ctx, rec, next, before)
	}
	text := m.tokens.New(next.ID)
	next.Digest = text.Digest()
	if err := next.Check(); err != nil {
		return token.Secret{}, err
	}
	if err := before(*next); err != nil {
		return token.Secret{}, err
	}
	if err := m.replace(ctx, *next, next.Renewed); err != nil && !m.keeps(ctx, *next) {
		return token.Secret{}, err
	}
	return text, nil
}

// succeed begins the session next in the place of rec, which it ends: a session cannot change its actor, since its ID says
// where those of its actor are, nor its identity.
func (m *Manager) succeed(ctx context.Context, rec Record, next *Record, before func(Record) error) (token.Secret, error) {
	text, err := m.begin(ctx, next, rec.ID)
	if err != nil {
		return token.Secret{}, err
	}
	if err = before(*next); err == nil {
		err = m.expire(ctx, rec, next.Renewed) // one that was ended meanwhile must have no successor
	}
	if err != nil {
		return token.Secret{}, errors.Join(err, m.End(context.WithoutCancel(ctx), next.ID))
	}
	return text, nil
}

// errEnded is for a session that ended while a request of it was under way.
var errEnded = fmt.Errorf("session: %w: the session has ended", auth.ErrInvalidCredentials)
