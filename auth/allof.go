package auth

import (
	"fmt"
	"net/http"
	"time"
)

// AllOf returns a scheme that accepts what all of its schemes accept, such as a token and a client certificate. What it
// returns is the AuthContext of first, with the earliest expiry of all. Some but not all is invalid, and so are two that
// name different actors. Without any credentials it has none, with the challenges of all.
//
// It panics without others, and for a nil scheme.
func AllOf(first Scheme, others ...Scheme) Scheme {
	if len(others) == 0 {
		panic("auth: AllOf: one scheme only")
	}
	a := &allOf{schemes: []Scheme{mustScheme("AllOf", first)}}
	for _, s := range others {
		a.schemes = append(a.schemes, mustScheme("AllOf", s))
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
		v.answers = append(sum.answers, v.answers...)
		n, isNone := v.err.(*none) //nolint:errorlint // see IsNoCredentials
		switch {
		case isNone:
			missing = append(missing, n.asked(s)...)
			sum.answers = v.answers
			continue
		case !v.accepted():
			return v
		case accepted > 0:
			var err error
			if v.ac, err = merge(sum.ac, v.ac); err != nil {
				return v.failed(err)
			}
			v.by, v.ambient = sum.by, sum.ambient || v.ambient
		}
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

// merge returns first, bounded by what other says.
func merge(first, other *AuthContext) (*AuthContext, error) {
	if first.Actor != other.Actor && first.Actor.ID != "" && other.Actor.ID != "" {
		return nil, fmt.Errorf("%w: of two different actors", ErrInvalidCredentials)
	}
	if other.Expires.IsZero() || (!first.Expires.IsZero() && first.Expires.Before(other.Expires)) {
		return first, nil
	}
	merged := first.clone()
	merged.Expires = earliest(first.Expires, other.Expires)
	return merged, nil
}

// earliest returns the earlier of two times, of which a zero one is never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
