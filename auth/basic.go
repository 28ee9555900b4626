package auth

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// BasicOptions are the settings of [Basic]. The zero value is the default.
type BasicOptions struct {
	// Realm names the protection space in challenges. Default: "api".
	Realm string
	// Challenge makes refusals ask for Basic, upon which browsers open a dialogue. Default: they ask for "ApiKey".
	Challenge bool
	// Lenient also accepts the token in base64 without a colon, and the bare token, as some clients send it.
	Lenient bool
}

// Basic returns the scheme of tokens that travel as the user name of HTTP Basic authentication with an empty password
// (RFC 7617, section 2): what "curl -u TOKEN:" sends. Anything else of that scheme, a password included, is invalid. nil
// opts are fine; a nil v panics.
func Basic(v TokenVerifier, opts *BasicOptions) Scheme {
	var o BasicOptions
	if opts != nil {
		o = *opts
	}
	asks := Challenge{Scheme: "ApiKey"}
	if o.Challenge {
		asks.Scheme = "Basic"
	}
	asks = asks.With(realm(o.Realm))
	return &carrier{
		source:   "Authorization: Basic",
		verifier: mustVerifier("Basic", v),
		asks:     asks,
		none:     NoCredentials(asks),
		locate:   authorization("Basic"),
		decode:   func(raw string) (string, error) { return decodeBasic(raw, o.Lenient) },
	}
}

func decodeBasic(raw string, lenient bool) (string, error) {
	if !isVisible(raw) {
		return "", errMalformed // a list, or not base64 in a way that no client would send
	}
	if token, ok := basicToken(raw, lenient); ok && isVisible(token) {
		return token, nil
	}
	return "", fmt.Errorf("%w: not a token and an empty password", ErrInvalidCredentials)
}

func basicToken(raw string, lenient bool) (string, bool) {
	decoded, err := base64.StdEncoding.Strict().DecodeString(raw)
	if err != nil {
		return raw, lenient
	}
	// The first colon ends the user name, all others are the password's.
	user, password, ok := strings.Cut(string(decoded), ":")
	return user, password == "" && (ok || lenient)
}
