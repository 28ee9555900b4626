package auth

import (
	"fmt"
	"net/http"
	"net/textproto"
)

// Header returns the scheme of tokens in a header field of their own, such as X-API-Key. The field may be there once; a
// repeated one is 400. A value that is empty, or holds a space, a comma or anything else that is not visible ASCII, is
// invalid. There is no registered challenge for such a field: it is named in one of the scheme "ApiKey".
//
// Header panics if v is nil, or if name is not a field name or is Authorization or Cookie, which have schemes of their own.
func Header(name string, v TokenVerifier) Scheme {
	name = textproto.CanonicalMIMEHeaderKey(name)
	if !isToken(name) || name == "Authorization" || name == "Cookie" {
		panic("auth: Header: unusable field name " + name)
	}
	asks := Challenge{Scheme: "ApiKey"}.With(realm(""), Param{"header", name})
	return &carrier{
		source:   name,
		verifier: mustVerifier("Header", v),
		asks:     asks,
		none:     NoCredentials(asks),
		locate:   field(name),
		decode:   decodeHeader,
	}
}

// field returns a locate for a field that may be there once.
func field(name string) func(*http.Request) (string, bool, error) {
	return func(r *http.Request) (string, bool, error) {
		switch fields := r.Header[name]; len(fields) {
		case 0:
			return "", false, nil
		case 1:
			return fields[0], true, nil
		}
		return "", false, errMalformed
	}
}

func decodeHeader(raw string) (string, error) {
	if !isVisible(raw) {
		return "", fmt.Errorf("%w: not a token", ErrInvalidCredentials)
	}
	return raw, nil
}
