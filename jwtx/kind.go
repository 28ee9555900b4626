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
	Plain        Kind = "JWT"              // of an issuer that says no more than that
	Untyped      Kind = "untyped"          // of an issuer that leaves out typ; no token can say so
)

// is reports whether k is what a typ header says.
func (k Kind) is(typ string) bool {
	const prefix = "application/"
	if len(typ) > len(prefix) && strings.EqualFold(typ[:len(prefix)], prefix) {
		typ = typ[len(prefix):]
	}
	return k != Untyped && isASCII(typ) && strings.EqualFold(typ, string(k))
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
