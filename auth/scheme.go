package auth

import "net/http"

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
// goroutines at once. It may return the same AuthContext again, since the guard copies it, but not one that has
// expired: the guard does not look at Expires.
//
// A scheme should also be a [Challenger], since each 401 needs a challenge; one that can tell at a glance whether a
// request carries something for it is a [Detector], and one that sets headers on the answer a [Responder]. Package
// authtest has a suite for schemes.
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
// before the handler or the refusal, with what Authenticate returned, or with the error of a [Then] that refused it since;
// ac is nil if err is not. It must not change ac.
type Responder interface {
	Respond(h http.Header, r *http.Request, ac *AuthContext, err error)
}

// presence returns what s detects. Anything that is none of the four is as good as not to know.
func presence(s Scheme, r *http.Request) Presence {
	if d, ok := s.(Detector); ok {
		if p := d.Detect(r); p > Unknown && p <= Explicit {
			return p
		}
	}
	return Unknown
}

// challenges returns what s asks for, if it says so.
func challenges(s Scheme) []Challenge {
	if c, ok := s.(Challenger); ok {
		return []Challenge{c.Challenge()}
	}
	return nil
}

func mustScheme(caller string, s Scheme) Scheme {
	if s == nil {
		panic("auth: " + caller + ": nil Scheme")
	}
	return s
}
