package login

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// A Provider is a way to log in: it finds out whose the credentials are that somebody sent. What it finds, a [Service] keeps:
// a provider writes nothing. One that can do more implements [Registrar], [Updater] or [Callbacker], too. Package
// auth/login/logintest has the suite that a provider must pass.
//
// All methods are called by many goroutines at once, and return when ctx is done. Their errors are
//
//   - [Reject], for credentials that are no good: 401 with that message, whatever the reason was;
//   - an [*auth.Error], such as that of wire.Invalid, for a request that cannot be understood;
//   - one that wraps [auth.ErrUnavailable] if a server does not answer: 503;
//   - any other: 500.
//
// The errors of a [Request] are passed on as they are. No error holds a secret: it is logged.
type Provider interface {
	// Authenticate returns whose the credentials in req are. A provider whose pages are elsewhere returns an Outcome with the
	// Location to go to, and has a Callback.
	Authenticate(ctx context.Context, req *Request) (Outcome, error)
}

// A ProviderFunc makes a [Provider] of a func.
type ProviderFunc func(ctx context.Context, req *Request) (Outcome, error)

// Authenticate calls f.
func (f ProviderFunc) Authenticate(ctx context.Context, req *Request) (Outcome, error) {
	return f(ctx, req)
}

// A Registrar is a [Provider] by which people can register.
type Registrar interface {
	// Register returns who is to be known from now on. It refuses a secret that is "", as Request.Text has it of a field that
	// is missing. Whether there is one already is for the Service to find out.
	Register(ctx context.Context, req *Request) (Outcome, error)
}

// An Updater is a [Provider] whose credentials can be changed by somebody who has lost them: a password.
type Updater interface {
	// EntityID returns what the provider knows an identifier by, such as an e-mail address in lower case. An error is an
	// identifier that nobody can have.
	EntityID(identifier string) (string, error)

	// Update returns current with what is to be kept from now on, its Secret above all.
	Update(ctx context.Context, req *Request, current ProviderIdentity) (ProviderIdentity, error)
}

// A Callbacker is a [Provider] that sends the browser elsewhere, from where it comes back.
type Callbacker interface {
	// Callback returns whose the credentials are that the browser brought back.
	Callback(ctx context.Context, req *Request) (Outcome, error)
}

// An Outcome is what a [Provider] found out. What it has of a client's text is without control characters, which the provider
// refuses: an Identifier gets into the header of mail.
type Outcome struct {
	// Location is where the browser has to go to log in: an absolute URL. The rest is zero then.
	Location string

	EntityID     string        // what the provider knows them by, in the one spelling that it compares; never empty
	Identifier   string        // as people know it; default: the EntityID
	Secret       token.Secret  // what is to be kept from now on; zero leaves what is kept
	UserMetadata auth.Metadata // the same
	// Create has an identity made for an entity that is not known yet. Register needs it not.
	Create bool
	// VerifiedEmail is an e-mail address that the provider has verified to be theirs, if it has.
	VerifiedEmail string
	// Method is how presence was proven, see [auth.Factor]: "pwd" for a password. Default: none is claimed, and auth.Fresh
	// does not let such a log-in pass.
	Method string
	// At is when it was proven, if that was elsewhere and before. Default, and at the latest: now.
	At time.Time
}

// Reject returns the error of a [Provider] for credentials that are no good: 401, and message for the client, who should not
// learn from it whether there is such an account.
func Reject(message string) error {
	return &auth.Error{Status: http.StatusUnauthorized, Message: message, Err: fmt.Errorf("login: %w", auth.ErrInvalidCredentials)}
}
