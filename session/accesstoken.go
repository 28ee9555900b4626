package session

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

var errNoMinter = errors.New("session: a Manager without a Minter has no access tokens")

// StartAccess begins a session for who just logged in, as [Manager.StartTokens] does, and returns its access token, for
// package auth/login: a client that needs a cookie beside it is given one by [Manager.StartCookie]. What who has besides what
// a [Login] has does not matter. Without [Config.Minter] it is an error.
func (m *Manager) StartAccess(r *http.Request, who auth.AuthContext) (accessToken string, err error) {
	if m.config.Minter == nil {
		return "", errNoMinter
	}
	tokens, err := m.StartTokens(r, loginOf(who))
	return tokens.Access.Reveal(), err
}

// RefreshAccess returns another access token for the session who.SessionID, for package auth/login, which has found out who
// its identity is by now. It counts as a use. If the actor, the scopes, the roles and the metadata are as they were, nothing
// else happens: the cookie and the refresh tokens of the session stay good. If not, they are changed as by
// [Manager.RotateTokens], so that another actor is another session. If r has the cookie of the session, the new one is
// set then, so that the browser stays logged in. Of two who ask at once because of another actor one gets a token, and
// the other is told that the session has ended. The provider and the factors are those of the log-in, whatever who says.
//
// A session that has ended, a visitor's and that of another identity is [auth.ErrInvalidCredentials]. A request with the
// session's cookie that another site's page made is refused with 403, as by [Manager.Scheme]. Without [Config.Minter] it is an
// error, and an error of Config.Minter passes through, with all as it was.
func (m *Manager) RefreshAccess(w http.ResponseWriter, r *http.Request, who auth.AuthContext) (accessToken string, err error) {
	if m.config.Minter == nil {
		return "", errNoMinter
	}
	var tokens Tokens
	err = again(r.Context(), func() (err error) {
		tokens, err = m.refreshAs(w, r, who)
		return err
	})
	return tokens.Access.Reveal(), asInvalid(err)
}

// refreshAs returns tokens for the session who.SessionID, which is who's from now on. Its error is ErrConflict if another
// request got in between.
func (m *Manager) refreshAs(w http.ResponseWriter, r *http.Request, who auth.AuthContext) (Tokens, error) {
	ctx := r.Context()
	rec, now, err := someones(m.readID(ctx, who.SessionID))
	if err != nil {
		return Tokens{}, err
	}
	if rec.Login.IdentityID != who.IdentityID {
		return Tokens{}, fmt.Errorf("session: %w: the session of another identity", auth.ErrInvalidCredentials)
	}
	carried := m.isCarriedBy(r, rec)
	if carried {
		if err := m.origins.Check(r); err != nil {
			return Tokens{}, err
		}
	}
	login := loginOf(who)
	login.Provider, login.Factors = rec.Login.Provider, rec.Login.Factors // of the log-in, which was not now
	if login.saysAs(rec.Login) {
		return m.repeat(ctx, rec, now)
	}
	var tokens Tokens
	next, text, err := m.rotateOnce(ctx, rec, now, func(next *Record) { next.Login = login }, func(next Record) (err error) {
		tokens, err = m.mint(ctx, next)
		return err
	})
	if err == nil && carried {
		_, err = m.carry(w, r, next, text)
	}
	if err != nil {
		return Tokens{}, err
	}
	return tokens, nil
}

// loginOf returns the login that who tells of.
func loginOf(who auth.AuthContext) Login {
	return Login{
		Actor: who.Actor, IdentityID: who.IdentityID, Provider: who.Provider, Scopes: who.Scopes, Roles: who.Roles, Factors: who.Factors,
		AppMetadata: who.AppMetadata, UserMetadata: who.UserMetadata,
	}
}

// saysAs reports whether l says of the actor, and what it may do, what other says.
func (l Login) saysAs(other Login) bool {
	return l.Actor == other.Actor && sameSet(l.Scopes, other.Scopes) && sameSet(l.Roles, other.Roles) &&
		sameObject(l.AppMetadata, other.AppMetadata) && sameObject(l.UserMetadata, other.UserMetadata)
}

func sameSet(a, b auth.Set) bool {
	return slices.Equal(slices.Collect(a.All()), slices.Collect(b.All()))
}

// isCarriedBy reports whether r has the cookie of rec.
func (m *Manager) isCarriedBy(r *http.Request, rec Record) bool {
	return slices.ContainsFunc(auth.CookieValues(r, m.cookie.Name), func(value string) bool {
		text, err := m.codec.decode(value)
		return err == nil && rec.Digest.Equal(token.Sum(text))
	})
}
