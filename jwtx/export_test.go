package jwtx

// What the scanner is bounded by.
const (
	MaxDepth   = maxDepth
	MaxMembers = maxMembers
)

// Scan returns the names and the values of a JSON object, as the scanner reads them.
func Scan(object string) (names, values []string, err error) {
	s := scanner{text: object}
	for s.next() {
		names, values = append(names, s.name), append(values, s.value)
	}
	return names, values, s.err
}

// ParsePayload returns the claims of a payload, as a verifier reads them behind a good signature.
func ParsePayload(object string) (Claims, error) {
	p := payload{Claims: Claims{object: object}}
	err := p.parse()
	return p.Claims, err
}
