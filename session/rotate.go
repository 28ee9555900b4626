package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// Rotate changes the secret of the session that r's cookie stands for, because its privileges change: a factor was added,
// a role was given. change, which may be nil, gets the login to edit; it may be called again when another request got in
// between. The old cookie is dead when Rotate returns, the new one is set, the ID stays, unless change gave the session
// another actor, as when somebody who logged in is registered: that is another session, with an ID of its own. Without a
// good cookie the error is that of [Manager.Scheme].
func (m *Manager) Rotate(w http.ResponseWriter, r *http.Request, change func(*Login)) (auth.AuthContext, error) {
	if _, err := m.scheme.Authenticate(r); err != nil {
		return auth.AuthContext{}, err
	}
	var lastErr error
	for _, value := range auth.CookieValues(r, m.cookie.Name) {
		rec, text, err := m.rotate(r.Context(), value, change)
		if err == nil {
			return m.carry(w, rec, text)
		}
		lastErr = err
		if !is(err, auth.ErrInvalidCredentials) {
			break
		}
	}
	return auth.AuthContext{}, lastErr
}

func (m *Manager) rotate(ctx context.Context, value string, change func(*Login)) (Record, token.Secret, error) {
	for range attempts {
		rec, now, err := m.read(ctx, value)
		if err != nil {
			return Record{}, token.Secret{}, err
		}
		next := rec.Clone()
		if change != nil {
			change(&next.Login)
			next.Login = next.Login.whole()
		}
		if err := next.Login.check(); err != nil {
			return Record{}, token.Secret{}, err
		}
		next.Renewed, next.Expires = now, m.idleEnd(rec, now)
		text, err := m.exchange(ctx, rec, &next)
		switch {
		case err == nil:
			return next, text, nil
		case is(err, ErrNotFound):
			return Record{}, token.Secret{}, errEnded
		case !is(err, ErrConflict):
			return Record{}, token.Secret{}, err
		}
	}
	return Record{}, token.Secret{}, unavailable(ErrConflict)
}

// exchange puts next, with a new secret, in the place of rec. Its error is ErrNotFound, ErrConflict, or says that the store
// is unavailable.
func (m *Manager) exchange(ctx context.Context, rec Record, next *Record) (token.Secret, error) {
	if next.Login.Actor != rec.Login.Actor {
		return m.succeed(ctx, rec, next)
	}
	text := m.tokens.New(next.ID)
	next.Digest = text.Digest()
	if err := m.replace(ctx, *next, next.Renewed); err != nil && !m.keeps(ctx, *next) {
		return token.Secret{}, err
	}
	return text, nil
}

// succeed begins the session next in the place of rec, which it ends: a session cannot change its actor, since its ID says
// where those of its actor are.
func (m *Manager) succeed(ctx context.Context, rec Record, next *Record) (token.Secret, error) {
	text, err := m.create(ctx, next)
	if err != nil {
		return token.Secret{}, err
	}
	// A Delete would not tell whether there was something to end, and one that was ended meanwhile must have no successor.
	// Its secret is nobody's: to a process whose clock is behind it may not have expired yet.
	rec.Expires, rec.Digest = next.Renewed, m.tokens.New(rec.ID).Digest()
	if err := m.replace(ctx, rec, next.Renewed); err != nil && !m.keeps(ctx, rec) {
		return token.Secret{}, errors.Join(err, m.End(context.WithoutCancel(ctx), next.ID))
	}
	_ = m.End(context.WithoutCancel(ctx), rec.ID) // it has expired; the store would drop it later
	return text, nil
}

// errEnded is for a session that ended while a request of it was under way.
var errEnded = fmt.Errorf("session: %w: the session has ended", auth.ErrInvalidCredentials)
