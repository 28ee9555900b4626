package auth

import (
	"errors"
	"net/http"
)

// AnyOf returns a scheme that accepts what one of schemes accepts:
//
//   - Explicit credentials (see [Detector]) decide alone, whatever else came along. Two of them are 400: nobody can say
//     which one was meant.
//   - Without explicit ones the schemes are asked in order. The first whose answer is not [NoCredentials] decides.
//   - If all have none, so has AnyOf, with the challenges of all.
//
// Two schemes that read the same place, such as two Bearers, would both claim one credential: AnyOf panics and [Tokens] is
// the remedy. It also panics without schemes, and for a nil one.
func AnyOf(schemes ...Scheme) Scheme {
	a := &anyOf{}
	for _, s := range schemes {
		if inner, ok := mustScheme("AnyOf", s).(*anyOf); ok {
			a.schemes = append(a.schemes, inner.schemes...)
			continue
		}
		a.schemes = append(a.schemes, s)
	}
	if len(a.schemes) == 0 {
		panic("auth: AnyOf: no scheme")
	}
	a.mustDiffer()
	return a
}

type anyOf struct{ schemes []Scheme }

// mustDiffer panics if two leaves read the same place of a request.
func (a *anyOf) mustDiffer() {
	seen := map[string]bool{}
	leaves(a, func(s Scheme) {
		c, ok := s.(interface{ reads() string })
		if !ok {
			return
		}
		if seen[c.reads()] {
			panic("auth: AnyOf: two schemes read " + c.reads() + ": join their verifiers with Tokens")
		}
		seen[c.reads()] = true
	})
}

// Authenticate asks the schemes.
func (a *anyOf) Authenticate(r *http.Request) (*AuthContext, error) {
	v := a.judge(r)
	return v.ac, v.err
}

// Detect reports the strongest presence among the schemes.
func (a *anyOf) Detect(r *http.Request) Presence { return strongest(a.schemes, r) }

func (a *anyOf) parts() []Scheme { return a.schemes }

var errTwoExplicit = errors.New("auth: two explicit credentials in one request")

func (a *anyOf) judge(r *http.Request) verdict {
	var explicit Scheme
	for _, s := range a.schemes {
		if presence(s, r) != Explicit {
			continue
		}
		if explicit != nil {
			return verdict{err: malformed(challengeOf(explicit, r), errTwoExplicit)}
		}
		explicit = s
	}
	if explicit != nil {
		return judge(explicit, r)
	}
	var challenges []Challenge
	var responses []response
	for _, s := range a.schemes {
		v := judge(s, r)
		responses = append(responses, v.responses...)
		n, ok := v.err.(*none) //nolint:errorlint // see IsNoCredentials
		if !ok {
			v.responses = responses
			return v
		}
		challenges = append(challenges, n.challengesFor(s)...)
	}
	return verdict{err: NoCredentials(challenges...), responses: responses}
}

// challengeOf returns the challenge of the part of s that r carries explicit credentials for, and one that is not sent if
// it has none.
func challengeOf(s Scheme, r *http.Request) (found Challenge) {
	leaves(s, func(leaf Scheme) {
		if c, ok := leaf.(Challenger); ok && found.Scheme == "" && presence(leaf, r) == Explicit {
			found = c.Challenge()
		}
	})
	return found
}
