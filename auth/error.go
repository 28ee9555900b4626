package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"
)

// ErrInvalidCredentials is wrapped by the error of a [Scheme] or a [TokenVerifier] that was given credentials which are no
// good: forged, expired, revoked, unknown. The request is answered with 401, also by [Guard.Optional].
var ErrInvalidCredentials = errors.New("auth: invalid credentials")

// ErrUnavailable is wrapped by an error that says: I could not find out, because something I depend on does not answer.
// The request is answered with 503, whatever else the error wraps; it never passes and is never told that its
// credentials are bad.
var ErrUnavailable = errors.New("auth: unavailable")

// An Error is a refusal with all that its answer needs. A [Scheme] or a [Rule] returns one to choose the status itself;
// [Guard.Check] returns nothing else.
//
// What the client is told (Type, Message, Challenges) and what the operator is told (Err) are kept apart: Err never
// reaches the client. Neither may hold a secret.
type Error struct {
	Status     int           // 400 to 599; anything else is answered with 500
	Type       string        // the "type" of the default body; "" is the usual one for Status, such as "unauthorized"
	Message    string        // the "message" of the default body; "" is the usual text for Status
	Challenges []Challenge   // sent as WWW-Authenticate, one field each
	RetryAfter time.Duration // sent as Retry-After, in whole seconds, rounded up; zero is none
	Err        error         // the cause, for the log; may be nil
}

// Error returns the status and the cause. It is meant for the operator.
func (e *Error) Error() string {
	if e == nil {
		return "auth: a nil *Error"
	}
	if e.Err == nil {
		return fmt.Sprintf("auth: %d %s", e.Status, e.message())
	}
	return fmt.Sprintf("auth: %d: %v", e.Status, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

func (e *Error) kind() string {
	if e.Type != "" {
		return e.Type
	}
	if kind, ok := kinds[e.Status]; ok {
		return kind
	}
	if e.Status < http.StatusInternalServerError {
		return "invalid_request"
	}
	return "internal"
}

var kinds = map[int]string{
	http.StatusUnauthorized:       "unauthorized",
	http.StatusForbidden:          "forbidden",
	http.StatusNotFound:           "not_found",
	http.StatusMethodNotAllowed:   "not_allowed",
	http.StatusConflict:           "conflict",
	http.StatusTooManyRequests:    "too_many_requests",
	http.StatusServiceUnavailable: "unavailable",
}

func (e *Error) message() string {
	if e.Message != "" {
		return e.Message
	}
	return http.StatusText(e.Status)
}

// none is what NoCredentials returns. Its pointer is the answer: nothing that merely wraps one is taken for it.
type none struct{ challenges []Challenge }

// Error says that there are none.
func (*none) Error() string { return "auth: no credentials" }

// challengesFor returns the challenges that n brought, or what s asks for.
func (n *none) challengesFor(s Scheme) []Challenge {
	if len(n.challenges) == 0 {
		return challenges(s)
	}
	return n.challenges
}

// NoCredentials returns the error with which a [Scheme] says that a request carries no credentials for it. It is the one
// error that lets a request go on: to the next scheme of [AnyOf], and past [Guard.Optional] as an anonymous one. The
// challenges tell the client what would have been accepted; a scheme that is a [Challenger] may leave them out.
//
// Like [io.EOF] it must be returned itself: an error that wraps it is a failure. A scheme may make it once and return it
// for every request.
func NoCredentials(challenges ...Challenge) error { return &none{challenges: challenges} }

// IsNoCredentials reports whether err is what [NoCredentials] returned: itself, not something that wraps it.
func IsNoCredentials(err error) bool {
	_, ok := err.(*none) //nolint:errorlint // a wrapped one must not open the door
	return ok
}

// retryAfter is what a client is told to wait when a dependency is down and the error names no time of its own.
const retryAfter = 5 * time.Second

// refusal turns the error of a scheme into the answer. It is the only place that reads meaning into an error, and what
// it does not know is a failure.
func refusal(err error) *Error {
	if n, ok := err.(*none); ok { //nolint:errorlint // see IsNoCredentials
		return &Error{Status: http.StatusUnauthorized, Challenges: n.challenges, Err: err}
	}
	own := ownError(err)
	switch {
	case IsUnavailable(err) && (own == nil || own.Status != http.StatusServiceUnavailable):
		return &Error{Status: http.StatusServiceUnavailable, Err: err}
	case own != nil && own.Status >= http.StatusBadRequest && own.Status <= 599:
		return own
	case own != nil:
		return &Error{Status: http.StatusInternalServerError, Err: fmt.Errorf("an Error with status %d: %w", own.Status, err)}
	case errors.Is(err, ErrInvalidCredentials):
		return &Error{Status: http.StatusUnauthorized, Err: err}
	case errors.As(err, new(*none)):
		err = fmt.Errorf("NoCredentials must be returned itself, not wrapped: %w", err)
	}
	return &Error{Status: http.StatusInternalServerError, Err: err}
}

// ownError returns the Error in err, nil if there is none, or only a nil one.
func ownError(err error) (own *Error) {
	errors.As(err, &own)
	return own
}

// ruleRefusal does so for the error of a rule, which may not say that there are no credentials, or bad ones: by then
// they are known to be good.
func ruleRefusal(err error) *Error {
	if ownError(err) != nil || IsUnavailable(err) {
		return refusal(err)
	}
	return &Error{
		Status: http.StatusInternalServerError,
		Err:    fmt.Errorf("a rule returned neither nil nor an *Error: %w", err),
	}
}

// IsUnavailable reports whether err means that nobody could find out: it wraps [ErrUnavailable], or a deadline that passed,
// or a request whose client hung up. Whatever else it wraps says nothing then.
func IsUnavailable(err error) bool {
	return errors.Is(err, ErrUnavailable) || errors.Is(err, context.Canceled) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}

// The error codes of RFC 6750, section 3.1.
var (
	invalidToken   = Param{"error", "invalid_token"}
	invalidRequest = Param{"error", "invalid_request"}
)

var errMalformed = errors.New("auth: malformed credentials")

// malformed is the answer to a request that cannot be read one way only.
func malformed(asks Challenge, err error) *Error {
	return &Error{
		Status:     http.StatusBadRequest,
		Type:       "invalid_request",
		Message:    "Malformed or repeated credentials",
		Challenges: []Challenge{asks.With(invalidRequest)},
		Err:        err,
	}
}
