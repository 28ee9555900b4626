package jwtx

import (
	"maps"
	"strings"
	"sync/atomic"
)

// A header is what is read of a token's header (RFC 7515, section 4.1).
type header struct {
	alg, typ, kid string
	hasTyp        bool
}

// registeredMembers are the header members that are known. Another spelling of one is refused, for somebody else might
// read it.
var registeredMembers = []string{
	"alg", "typ", "kid", "cty", "crit", "b64", "zip", "enc", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256",
}

// parseHeader reads the text of a header. It refuses what would change how the token has to be read and is not
// understood here (crit, b64, zip, enc, cty), and a token that brings its own key (RFC 8725, section 3.10).
func parseHeader(object string) (h header, err error) {
	s := scanner{text: object}
	for s.next() {
		switch s.name {
		case "alg":
			h.alg, err = s.asText()
		case "typ":
			h.hasTyp = true
			h.typ, err = s.asText()
		case "kid":
			h.kid, err = s.asText()
		case "cty", "crit", "b64", "zip", "enc", "jku", "jwk", "x5u", "x5c":
			err = errValue
		default:
			err = notAVariant(s.name, registeredMembers)
		}
		if err != nil {
			return header{}, err
		}
	}
	return h, s.err
}

// notAVariant returns an error if name is one of the registered names in another case, as Unicode folds it.
func notAVariant(name string, registered []string) error {
	ascii := isASCII(name) // then only names of the same length can be meant
	for _, r := range registered {
		if (!ascii || len(name) == len(r)) && name != r && strings.EqualFold(name, r) {
			return errValue
		}
	}
	return nil
}

// maxHeaders bounds how many headers a verifier remembers. An issuer has as many as it has keys and kinds.
const maxHeaders = 32

// headers remembers the headers of tokens whose signature was good, as an issuer writes the same one for each key. What is
// remembered is only how a text reads: that its key is still there is asked for each token.
type headers struct {
	known atomic.Pointer[map[string]header]
}

// parse returns what the encoded text of a header says.
func (r *headers) parse(encoded string) (header, error) {
	if known := r.known.Load(); known != nil {
		if h, ok := (*known)[encoded]; ok {
			return h, nil
		}
	}
	object, err := decode(encoded)
	if err != nil {
		return header{}, errMalformed
	}
	h, err := parseHeader(object)
	if err != nil {
		return header{}, errMalformed
	}
	return h, nil
}

// remember keeps a header. When there are too many, which no real issuer has, it starts afresh.
func (r *headers) remember(encoded string, h header) {
	var known map[string]header
	old := r.known.Load()
	if old != nil {
		if known = *old; has(known, encoded) {
			return
		}
	}
	if known = maps.Clone(known); known == nil || len(known) >= maxHeaders {
		known = make(map[string]header, 1)
	}
	known[strings.Clone(encoded)] = h   // a part of the token would keep all of it
	r.known.CompareAndSwap(old, &known) // who comes too late tries again with the next token
}

func has(known map[string]header, encoded string) bool {
	_, ok := known[encoded]
	return ok
}
