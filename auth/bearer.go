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
	end := len(s)
	for end > 0 && s[end-1] == '=' {
		end--
	}
	for i := 0; i < end; i++ {
		switch ch := s[i]; ch {
		case '-', '.', '_', '~', '+', '/':
		default:
			if !isAlphanumeric(ch) {
				return false
			}
		}
	}
	return end > 0
}
