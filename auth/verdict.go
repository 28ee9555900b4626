package auth

import (
	"errors"
	"net/http"
)

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
	by      Scheme // the leaf that decided; nil if none did
	actor   Actor  // that any part of an acceptance named
	ambient bool   // a cookie had a part in an acceptance
	alone   bool   // and nothing else had
	// responses are for those who were asked and want to set headers.
	responses []response
}

// A response is a Responder, and what became of its credentials.
type response struct {
	to  Responder
	ac  *AuthContext
	err error
}

func (v verdict) accepted() bool { return v.err == nil }

// refuses reports whether err says that credentials are no good, and not that nobody could find out, nor something that has
// another status.
func refuses(err error) bool {
	own := ownError(err)
	return errors.Is(err, ErrInvalidCredentials) && !IsUnavailable(err) && (own == nil || own.Status == http.StatusUnauthorized)
}

// failed returns v with err instead of its outcome.
func (v verdict) failed(err error) verdict {
	v.ac, v.err = nil, err
	return v
}

func (v verdict) respond(h http.Header, r *http.Request) {
	for _, resp := range v.responses {
		resp.to.Respond(h, r, resp.ac, resp.err)
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
		v.ac, v.actor = ac, ac.Actor
		if _, explicit := s.(*carrier); !explicit { // which would look for its field again
			v.ambient = presence(s, r) == Ambient
			v.alone = v.ambient
		}
	}
	if to, ok := s.(Responder); ok {
		v.responses = []response{{to, v.ac, v.err}}
	}
	return v
}

// strongest returns the presence that decides how a combination of schemes is asked.
func strongest(schemes []Scheme, r *http.Request) Presence {
	var found [Explicit + 1]bool
	for _, s := range schemes {
		found[presence(s, r)] = true
	}
	switch {
	case found[Explicit]:
		return Explicit
	case found[Unknown]:
		return Unknown
	case found[Ambient]:
		return Ambient
	}
	return None
}
