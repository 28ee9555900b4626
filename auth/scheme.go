package auth

import (
	"errors"
	"net/http"
)

// A Scheme is one way of proving identity. Authenticate answers in one of these ways:
//
//	good credentials                 an AuthContext, nil
//	none for this scheme             nil, what NoCredentials returned, itself
//	credentials that are no good     nil, an error that wraps ErrInvalidCredentials
//	a status of its own              nil, an *Error
//	could not find out               nil, an error that wraps ErrUnavailable (503), or any other error (500)
//
// Whatever is not in the first two rows ends the request: no further scheme is asked, and the handler is not called.
// With an error the AuthContext is ignored; neither of the two is a bug and answered with 500.
//
// Authenticate must not change the request, must return when the request's context is done, and is called by many
// goroutines at once. It may return the same AuthContext again: the guard copies it.
//
// A scheme should also be a [Challenger]; one that can tell at a glance whether a request carries something for it is a
// [Detector], and one that sets headers on the answer a [Responder]. Package authtest has a suite for schemes.
type Scheme interface {
	Authenticate(r *http.Request) (*AuthContext, error)
}

// SchemeFunc makes a Scheme of a func.
type SchemeFunc func(r *http.Request) (*AuthContext, error)

// Authenticate calls f.
func (f SchemeFunc) Authenticate(r *http.Request) (*AuthContext, error) { return f(r) }

// A Detector is a scheme that can tell what a request carries for it without I/O and without checking it. [AnyOf] then
// lets explicit credentials decide alone.
type Detector interface {
	Detect(r *http.Request) Presence
}

// Presence says what a request carries for a scheme.
type Presence int

const (
	Unknown  Presence = iota // cannot be told without asking Authenticate
	None                     // nothing
	Ambient                  // something a browser sends by itself: a cookie
	Explicit                 // something a client put there for this request: a header
)

// A Challenger is a scheme that says what it asks for. A guard sends its challenge where an error brought none, and with a
// rule's refusal of what the scheme accepted. All schemes of this package are Challengers but those that combine others.
type Challenger interface {
	Challenge() Challenge
}

// A Responder is a scheme that has something to set on the answer's header, such as Set-Cookie. Respond is called once,
// before the handler or the refusal, with what Authenticate returned; ac is nil if err is not. It must not change ac.
type Responder interface {
	Respond(h http.Header, r *http.Request, ac *AuthContext, err error)
}

func presence(s Scheme, r *http.Request) Presence {
	if d, ok := s.(Detector); ok {
		return d.Detect(r)
	}
	return Unknown
}

// A combinator is a scheme of this package that asks others.
type combinator interface {
	Scheme
	judge(r *http.Request) verdict
	parts() []Scheme
}

// leaves calls f with each scheme under s that is not a combinator.
func leaves(s Scheme, f func(Scheme)) {
	c, ok := s.(combinator)
	if !ok {
		f(s)
		return
	}
	for _, part := range c.parts() {
		leaves(part, f)
	}
}

// A verdict is what became of asking a scheme: exactly one of ac and err is set.
type verdict struct {
	ac      *AuthContext
	err     error
	by      Scheme   // the leaf that decided; nil if none did
	ambient bool     // a cookie had a part in an acceptance
	answers []answer // for whoever was asked and wants to respond
}

type answer struct {
	to  Responder
	ac  *AuthContext
	err error
}

func (v verdict) accepted() bool { return v.err == nil }

// failed returns v with err instead of its outcome.
func (v verdict) failed(err error) verdict {
	v.ac, v.err = nil, err
	return v
}

func (v verdict) respond(h http.Header, r *http.Request) {
	for _, a := range v.answers {
		a.to.Respond(h, r, a.ac, a.err)
	}
}

var errNothing = errors.New("auth: neither an AuthContext nor an error was returned")

// judge asks s, through its parts if it has any.
func judge(s Scheme, r *http.Request) verdict {
	if c, ok := s.(combinator); ok {
		return c.judge(r)
	}
	v := verdict{by: s}
	ac, err := s.Authenticate(r)
	switch {
	case err != nil:
		v.err = err
	case ac == nil:
		v.err = errNothing
	default:
		v.ac, v.ambient = ac, presence(s, r) == Ambient
	}
	if to, ok := s.(Responder); ok {
		v.answers = []answer{{to, v.ac, v.err}}
	}
	return v
}
