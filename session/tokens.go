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

// A Minter makes access tokens: jwtx.Signer is one. ac is the context of a session: its SessionID names it, and its Expires
// is the end of the session's lifetime, which the token must not outlive. Many goroutines call it at once.
type Minter interface {
	Sign(ctx context.Context, ac auth.AuthContext) (string, error)
}

// A MinterFunc makes a Minter of a func.
type MinterFunc func(ctx context.Context, ac auth.AuthContext) (string, error)

// Sign calls f.
func (f MinterFunc) Sign(ctx context.Context, ac auth.AuthContext) (string, error) { return f(ctx, ac) }

// Tokens are what a client that keeps no cookies carries a session by. They print without their text.
type Tokens struct {
	Context auth.AuthContext // of the session
	Access  token.Secret     // by Config.Minter; without one it is ""
	Refresh token.Secret     // for [Manager.Refresh], once
}

// StartTokens begins a session for a login that just succeeded, as [Manager.Start] does, but no cookie carries it: the
// client gets an access token and a refresh token. Sessions that r's cookie stands for go on, a visitor's with its values
// included, and r may be any site's, since a page of another site cannot make a browser keep the tokens.
//
// How the client is told is for the program to say; what [NewRefreshHandler] answers is the form that it meets later.
//
// Access tokens are refused when the session has ended if [Manager.Ended] is asked: call it from jwtx.Config.Revoked, as
// the comment of this package shows.
func (m *Manager) StartTokens(r *http.Request, login Login) (Tokens, error) {
	if err := login.check(); err != nil {
		return Tokens{}, err
	}
	rec := m.newRecord(r, login)
	if _, err := m.begin(r.Context(), &rec, ""); err != nil {
		return Tokens{}, err
	}
	tokens, err := m.mint(r.Context(), rec)
	if err != nil {
		return Tokens{}, errors.Join(err, m.End(context.WithoutCancel(r.Context()), rec.ID)) // nobody has its tokens
	}
	return tokens, nil
}

// RotateTokens changes the secret of a session, as [Manager.Rotate] does, for a client that carries it by tokens: all
// refresh tokens so far are void, which is no sign of theft, and so is the cookie, if there is one. The new tokens have
// what change did to the login; it may be nil, and may be called again as that of Rotate. Access tokens so far are good until
// they expire, for what they say. A session that has ended, and an ID that is none, wrap both [ErrNotFound] and
// [auth.ErrInvalidCredentials].
func (m *Manager) RotateTokens(ctx context.Context, id string, change func(*Login)) (Tokens, error) {
	var tokens Tokens
	_, _, err := m.rotate(ctx, rotation{
		read:   func() (Record, time.Time, error) { return m.readID(ctx, id) },
		change: ofLogin(change),
		before: func(next Record) (err error) {
			tokens, err = m.mint(ctx, next)
			return err
		},
	})
	if err != nil {
		return Tokens{}, err
	}
	return tokens, nil
}

// A minterError passes through: whatever it wraps, the store has not said it.
type minterError struct{ error }

// Unwrap returns what the Minter said.
func (e minterError) Unwrap() error { return e.error }

// mint returns the tokens for rec.
func (m *Manager) mint(ctx context.Context, rec Record) (Tokens, error) {
	t := Tokens{Context: rec.Clone().context(), Refresh: m.refresh.encode(rec.ID, rec.Counter)}
	if m.config.Minter == nil {
		return t, nil
	}
	access, err := m.config.Minter.Sign(ctx, rec.Clone().context())
	if err != nil {
		return Tokens{}, fmt.Errorf("session: access token: %w", minterError{err})
	}
	t.Access = token.NewSecret(access)
	return t, nil
}
