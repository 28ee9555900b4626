package session

import (
	"context"
	"fmt"
	"net/http"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// Rotate changes the secret of the session that r's cookie stands for, because its privileges change: a factor was added,
// a role was given. change, which may be nil, gets the login to edit; it may be called again when another request got in
// between. The old cookie is dead when Rotate returns, the new one is set, the ID stays. Without a good cookie the error is
// that of [Manager.Scheme].
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
		rec = rec.Clone()
		if change != nil {
			change(&rec.Login)
			rec.Login = rec.Login.whole()
		}
		if err := rec.Login.check(); err != nil {
			return Record{}, token.Secret{}, err
		}
		text := m.tokens.New(rec.ID)
		rec.Digest, rec.Renewed, rec.Expires = text.Digest(), now, m.idleEnd(rec, now)
		err = m.replace(ctx, rec, now)
		switch {
		case err == nil || m.keeps(ctx, rec):
			return rec, text, nil
		case is(err, ErrNotFound):
			return Record{}, token.Secret{}, errEnded
		case !is(err, ErrConflict):
			return Record{}, token.Secret{}, err
		}
	}
	return Record{}, token.Secret{}, unavailable(ErrConflict)
}

// errEnded is for a session that ended while a request of it was under way.
var errEnded = fmt.Errorf("session: %w: the session has ended", auth.ErrInvalidCredentials)
