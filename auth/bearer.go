package auth

import (
	"fmt"
	"strings"
)

// BearerOptions are the settings of [Bearer]. The zero value is the default.
type BearerOptions struct {
	// Realm names the protection space in challenges. Default: "api".
	Realm string
	// ResourceMetadata is the URL of the server's protected resource metadata, sent with each challenge (RFC 9728,
	// section 5.1). Default: none.
	ResourceMetadata string
}

// Bearer returns the scheme of tokens in the Authorization field (RFC 6750, section 2.1). Tokens in a form or a query
// are never read. A repeated or malformed field is 400 with error="invalid_request". nil opts are fine; a nil v panics.
func Bearer(v TokenVerifier, opts *BearerOptions) Scheme {
	var o BearerOptions
	if opts != nil {
		o = *opts
	}
	asks := Challenge{Scheme: "Bearer"}.With(realm(o.Realm))
	if o.ResourceMetadata != "" {
		asks = asks.With(Param{"resource_metadata", o.ResourceMetadata})
	}
	return &carrier{
		source:   "Authorization: Bearer",
		verifier: mustVerifier("Bearer", v),
		asks:     asks,
		none:     NoCredentials(asks),
		locate:   authorization("Bearer"),
		decode:   decodeBearer,
	}
}

func decodeBearer(raw string) (string, error) {
	switch {
	case isB64Token(raw):
		return raw, nil
	case !isVisible(raw) && !strings.Contains(raw, "{"):
		return "", errMalformed // a list of credentials, and not JSON, which has commas of its own
	}
	return "", fmt.Errorf("%w: not a token", ErrInvalidCredentials)
}

// isB64Token reports whether s is a b64token (RFC 6750, section 2.1).
func isB64Token(s string) bool {
	s = strings.TrimRight(s, "=")
	bad := byte(0)
	if s == "" {
		bad = 1
	}
	for ; len(s) >= 8; s = s[8:] { // a token has hundreds of characters, and is looked at for each request
		bad |= notB64Token[s[0]] | notB64Token[s[1]] | notB64Token[s[2]] | notB64Token[s[3]] |
			notB64Token[s[4]] | notB64Token[s[5]] | notB64Token[s[6]] | notB64Token[s[7]]
	}
	for i := range len(s) {
		bad |= notB64Token[s[i]]
	}
	return bad == 0
}

// notB64Token is 1 for what is no character of a b64token.
var notB64Token = func() (table [256]byte) {
	for ch := range table {
		if !isAlphanumeric(byte(ch)) && strings.IndexByte("-._~+/", byte(ch)) < 0 {
			table[ch] = 1
		}
	}
	return table
}()
