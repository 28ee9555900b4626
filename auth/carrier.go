package auth

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// maxToken bounds what is handed to a verifier, in bytes. Verifiers have narrower bounds of their own.
const maxToken = 64 << 10

// A carrier is a scheme that finds a token in one place of a request and has a verifier look at it. What Bearer, Header
// and Basic have in common.
type carrier struct {
	source   string // what it reads, such as "Authorization: Bearer"
	verifier TokenVerifier
	asks     Challenge
	none     error
	locate   func(r *http.Request) (raw string, found bool, err error)
	decode   func(raw string) (token string, err error)
}

// Authenticate has the token that r carries verified.
func (c *carrier) Authenticate(r *http.Request) (*AuthContext, error) {
	raw, found, err := c.locate(r)
	switch {
	case err != nil:
		return nil, c.refused(err)
	case !found:
		return nil, c.none
	case len(raw) > maxToken:
		return nil, c.refused(fmt.Errorf("%w: %d bytes", ErrInvalidCredentials, len(raw)))
	}
	token, err := c.decode(raw)
	if err != nil {
		return nil, c.refused(err)
	}
	ac, err := verify(c.verifier, r, token)
	if err != nil {
		return nil, c.refused(err)
	}
	return ac, nil
}

// Detect reports Explicit if r carries something for c, be it malformed.
func (c *carrier) Detect(r *http.Request) Presence {
	if _, found, err := c.locate(r); err == nil && !found {
		return None
	}
	return Explicit
}

// Challenge returns what c asks for.
func (c *carrier) Challenge() Challenge { return c.asks }

func (c *carrier) reads() string { return c.source }

// refused adds the challenge of c to an error that says no.
func (c *carrier) refused(err error) error {
	switch {
	case errors.Is(err, errMalformed):
		return malformed(c.asks, err)
	case !refuses(err) || ownError(err) != nil:
		return err
	}
	return &Error{Status: http.StatusUnauthorized, Challenges: []Challenge{c.asks.With(invalidToken)}, Err: err}
}

// authorization returns a locate for the Authorization field, if it is of the scheme. The field is not a list and must be
// there once (RFC 9110, sections 5.3 and 11.6.2), so whatever is not "scheme 1*SP credentials" is an error to every
// scheme that reads it.
func authorization(scheme string) func(*http.Request) (string, bool, error) {
	return func(r *http.Request) (string, bool, error) {
		fields := r.Header["Authorization"]
		if len(fields) == 0 {
			return "", false, nil
		}
		name, credentials, ok := strings.Cut(fields[0], " ")
		credentials = strings.TrimLeft(credentials, " ")
		if len(fields) > 1 || !ok || credentials == "" || !isToken(name) {
			return "", false, errMalformed
		}
		return credentials, strings.EqualFold(name, scheme), nil
	}
}

// isVisible reports whether s is visible ASCII without a comma, which would join two values (RFC 9110, section 5.3).
func isVisible(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] > '~' || s[i] == ',' {
			return false
		}
	}
	return s != ""
}
