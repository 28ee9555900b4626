package auth

import "net/http"

// Then returns a scheme that calls f with what s accepted, to load the application's user and roles or to refuse the
// disabled. f may change the AuthContext, which is its own copy, or return another. Its error is read as that of a [Scheme]:
// a user who is gone or disabled is [ErrInvalidCredentials], a database that does not answer [ErrUnavailable]. Where the
// credentials were a cookie, an invalid one counts as none and is cleared, as ever: see [Cookie].
//
// f is called once for each request, by many goroutines at once. Then panics if s or f is nil.
func Then(s Scheme, f func(r *http.Request, ac *AuthContext) (*AuthContext, error)) Scheme {
	if f == nil {
		panic("auth: Then: nil func")
	}
	return &then{scheme: mustScheme("Then", s), f: f}
}

type then struct {
	scheme Scheme
	f      func(r *http.Request, ac *AuthContext) (*AuthContext, error)
}

// Authenticate asks the scheme and, if it accepts, f.
func (t *then) Authenticate(r *http.Request) (*AuthContext, error) {
	v := t.judge(r)
	return v.ac, v.err
}

// Detect reports what the scheme does.
func (t *then) Detect(r *http.Request) Presence { return presence(t.scheme, r) }

func (t *then) parts() []Scheme { return []Scheme{t.scheme} }

func (t *then) judge(r *http.Request) verdict {
	v := judge(t.scheme, r)
	if !v.accepted() {
		return v
	}
	ac, err := t.f(r, v.ac.clone()) // a copy, since the verifier behind s may share its own
	switch {
	case err != nil:
		return refused(v, err)
	case ac == nil:
		return v.failed(errNothing)
	}
	v.ac = ac
	if ac.Actor.ID != "" {
		v.actor = ac.Actor
	}
	return v
}

// refused returns v with the error of a Then instead of its outcome, and lets those know who set headers.
func refused(v verdict, err error) verdict {
	if refuses(err) {
		for i := range v.responses {
			if v.responses[i].err == nil {
				v.responses[i].ac, v.responses[i].err = nil, err
			}
		}
		if v.alone {
			err = NoCredentials(challenges(v.by)...)
		}
	}
	return v.failed(err)
}
