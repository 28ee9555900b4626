package auth

import (
	"fmt"
	"net/http"
	"time"
)

// AllOf returns a scheme that accepts what all of its schemes accept, such as a token and a client certificate. What it
// returns is the AuthContext of first, with the earliest expiry of all. Some but not all is invalid, and so are two that
// name different actors, or different identities where an actor is missing. Without any credentials it has none, with the
// challenges of all.
//
// It panics without others, and for a nil scheme.
func AllOf(first Scheme, others ...Scheme) Scheme {
	if len(others) == 0 {
		panic("auth: AllOf: one scheme only")
	}
	a := &allOf{}
	for _, s := range append([]Scheme{first}, others...) {
		if inner, ok := mustScheme("AllOf", s).(*allOf); ok {
			a.schemes = append(a.schemes, inner.schemes...)
			continue
		}
		a.schemes = append(a.schemes, s)
	}
	return a
}

type allOf struct{ schemes []Scheme }

// Authenticate asks all schemes.
func (a *allOf) Authenticate(r *http.Request) (*AuthContext, error) {
	v := a.judge(r)
	return v.ac, v.err
}

// Detect reports the strongest presence among the schemes.
func (a *allOf) Detect(r *http.Request) Presence { return strongest(a.schemes, r) }

func (a *allOf) parts() []Scheme { return a.schemes }

func (a *allOf) judge(r *http.Request) verdict {
	var sum verdict
	var missing []Challenge
	accepted := 0
	for _, s := range a.schemes {
		v := judge(s, r)
		v.responses = append(sum.responses, v.responses...)
		n, isNone := v.err.(*none) //nolint:errorlint // see IsNoCredentials
		switch {
		case isNone:
			missing = append(missing, n.challengesFor(s)...)
			sum.responses = v.responses
			continue
		case !v.accepted():
			return v
		case v.actor.ID != "" && sum.actor.ID != "" && v.actor != sum.actor:
			return v.failed(fmt.Errorf("%w: of two different actors", ErrInvalidCredentials))
		case accepted > 0 && (v.actor.ID == "" || sum.actor.ID == "") && v.ac.IdentityID != sum.ac.IdentityID &&
			v.ac.IdentityID != "" && sum.ac.IdentityID != "": // two of one actor are fine
			return v.failed(fmt.Errorf("%w: of two different identities", ErrInvalidCredentials))
		}
		if accepted > 0 {
			v.ac, v.by = sum.ac.until(v.ac.Expires), sum.by
			v.ambient = sum.ambient || v.ambient
		}
		if v.actor.ID == "" {
			v.actor = sum.actor
		}
		v.alone = false
		sum = v
		accepted++
	}
	switch accepted {
	case len(a.schemes):
		return sum
	case 0:
		return sum.failed(NoCredentials(missing...))
	}
	return sum.failed(&Error{
		Status:     http.StatusUnauthorized,
		Challenges: missing,
		Err:        fmt.Errorf("%w: %d of %d required ones", ErrInvalidCredentials, accepted, len(a.schemes)),
	})
}

// until returns ac, or a copy of it that expires at end if that is earlier. A zero time is never.
func (ac *AuthContext) until(end time.Time) *AuthContext {
	if end.IsZero() || (!ac.Expires.IsZero() && !end.Before(ac.Expires)) {
		return ac
	}
	bounded := ac.clone()
	bounded.Expires = end
	return bounded
}
