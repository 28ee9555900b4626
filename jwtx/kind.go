package jwtx

import "strings"

// A Kind is what a token is for, said in its typ header (RFC 8725, section 3.11): a token of one kind is worth nothing
// where another is wanted. Kinds are media types without "application/", which a token may add, in any case (RFC 7515,
// section 4.1.9).
type Kind string

// The kinds that this package issues, and two for the tokens of others. An application may have more.
const (
	Access       Kind = "at+jwt"           // an access token (RFC 9068, section 2.1)
	Registration Kind = "registration+jwt" // of an identity that has no actor yet, and may create one
	Plain        Kind = "JWT"              // of an issuer that names no kind, not even for its ID tokens: only aud tells
	Untyped      Kind = "untyped"          // of an issuer that leaves out typ; no token can say so
)

// prefix is what a typ header may begin with, and a Kind does not.
const prefix = "application/"

func hasPrefix(typ string) bool {
	return len(typ) > len(prefix) && strings.EqualFold(typ[:len(prefix)], prefix)
}

// is reports whether k is what a typ header says.
func (k Kind) is(typ string) bool {
	if hasPrefix(typ) {
		typ = typ[len(prefix):]
	}
	return k != Untyped && isASCII(typ) && strings.EqualFold(typ, string(k))
}

// isCanonical reports whether k is written as it has to be: what one of our own kinds asks of a token would not be asked
// by another spelling of it, and no token can have a kind with the prefix that is cut off.
func (k Kind) isCanonical() bool {
	for _, own := range []Kind{Access, Registration, Plain, Untyped} {
		if k != own && strings.EqualFold(string(k), string(own)) {
			return false
		}
	}
	return !hasPrefix(string(k))
}

// isASCII guards EqualFold, which takes ſ for s and the Kelvin sign for k.
func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
