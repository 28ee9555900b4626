package jwtx

import "strings"

// A header is what is read of a token's header (RFC 7515, section 4.1).
type header struct{ alg, typ, kid string }

// registeredMembers are the header members that are known. Another spelling of one is refused, for somebody else might
// read it.
var registeredMembers = []string{
	"alg", "typ", "kid", "cty", "crit", "b64", "zip", "enc", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256",
}

// parseHeader reads the text of a header. It refuses what would change how the token has to be read and is not
// understood here (crit, b64, zip, enc, cty), and a token that brings its own key (RFC 8725, section 3.10).
func parseHeader(object string) (h header, hasTyp bool, err error) {
	s := scanner{text: object}
	for s.next() {
		switch s.name {
		case "alg":
			h.alg, err = text(s.value)
		case "typ":
			hasTyp = true
			h.typ, err = text(s.value)
		case "kid":
			h.kid, err = text(s.value)
		case "cty", "crit", "b64", "zip", "enc", "jku", "jwk", "x5u", "x5c":
			err = errValue
		default:
			err = notAVariant(s.name, registeredMembers)
		}
		if err != nil {
			return header{}, false, err
		}
	}
	return h, hasTyp, s.err
}

// notAVariant returns an error if name is one of the registered names in another case, as Unicode folds it.
func notAVariant(name string, registered []string) error {
	for _, r := range registered {
		if name != r && strings.EqualFold(name, r) {
			return errValue
		}
	}
	return nil
}
