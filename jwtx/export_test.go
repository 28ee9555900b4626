package jwtx

import (
	"context"
	"crypto"
)

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

// Signed returns the payload of a token whose header and signature are good, whatever it says.
func (v *Verifier) Signed(ctx context.Context, token string) (payload string, err error) {
	s, err := v.signed(&patience{parent: ctx, limit: v.config.Timeout}, token)
	return s.object, err
}

// VerifySignature checks a signature as a verifier does, over an input that need not be that of a token.
func VerifySignature(alg, input string, signature []byte, key crypto.PublicKey) error {
	return algorithms[alg].method.Verify(input, signature, key)
}
