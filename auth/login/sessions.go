package login

import (
	"context"
	"net/http"

	"github.com/countersign-go/countersign/auth"
)

// Sessions are where the logins of a [Service] live on. A session.Manager with a Minter is one. Errors mean what they mean
// to an [auth.Guard]. All methods are called by many goroutines at once.
type Sessions interface {
	// StartAccess begins a session for who just logged in, and returns its access token: who has no SessionID yet, and an
	// actor without an ID as long as the identity has none.
	StartAccess(r *http.Request, who auth.AuthContext) (accessToken string, err error)

	// RefreshAccess returns another access token for the session who.SessionID, which must not outlive it, and counts as a
	// use. If who is not who it was, such as an identity that has an actor now, the session is another, too: the old one
	// ends, and if r has its cookie, the cookie of the new one is set. A session that has ended is
	// [auth.ErrInvalidCredentials].
	RefreshAccess(w http.ResponseWriter, r *http.Request, who auth.AuthContext) (accessToken string, err error)

	// StartCookie gives the session with the ID a cookie, which is another each time and voids the one before, and ends the
	// other sessions that r brought along. It refuses requests of other sites' pages, and returns who the cookie is for.
	StartCookie(w http.ResponseWriter, r *http.Request, id string) (auth.AuthContext, error)

	// End ends a session, whatever carries it. One that has ended is nil.
	End(ctx context.Context, id string) error

	// EndIdentity ends the sessions of an identity, but not the one whose ID is except, if that is not empty, and returns
	// how many there were.
	EndIdentity(ctx context.Context, identity, except string) (int, error)

	// ClearCookie tells the browser to forget the cookie.
	ClearCookie(w http.ResponseWriter)
}
