package jwks

import (
	"encoding/json"
	"errors"
	"fmt"
)

// PublicJWKSet returns the public keys of s as a JWK Set document (RFC 7517, section 5): what [Handler] serves, for those
// who publish it by other means. Secrets are left out; a set of nothing else has nothing to publish, which is an error,
// and so is a set of more keys than [ParseSet] reads.
func (s *Set) PublicJWKSet() ([]byte, error) {
	if s == nil {
		return nil, errNoSet
	}
	document, err := publicSet(s.keys)
	if err != nil {
		return nil, err
	}
	return readable(document)
}

// PrivateJWKSet returns all keys of s, with their private members and secrets, as a JWK Set document that [ParseSet] reads
// as the same set: store it as what it is. Keys that only verify are in it with their public half. The error names every
// key that cannot be written: one whose [crypto.Signer] keeps it to itself. What ParseSet would refuse is an error as
// well, such as secrets beside public keys.
func (s *Set) PrivateJWKSet() ([]byte, error) {
	if s == nil {
		return nil, errNoSet
	}
	var mistakes []error
	var set struct {
		Keys []privateJWK `json:"keys"`
	}
	for i, k := range s.keys {
		members, err := k.allMembers()
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("jwks: JWK Set: key %d, ID %q: %w", i, k.id, err))
		}
		set.Keys = append(set.Keys, members)
	}
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	document, err := json.Marshal(set)
	if err != nil {
		return nil, errors.New("jwks: JWK Set that cannot be encoded")
	}
	return readable(document)
}

// allMembers returns the private form of k, or the public one if that is all there is.
func (k *Key) allMembers() (privateJWK, error) {
	if _, secret := k.secret(); !secret && !k.CanSign() {
		public, err := k.publicMembers()
		return privateJWK{publicJWK: public}, err
	}
	return k.privateMembers()
}

// readable returns a document that ParseSet reads, or why it does not: better said now than when it is needed.
func readable(document []byte) ([]byte, error) {
	if _, err := ParseSet(document); err != nil {
		return nil, err
	}
	return document, nil
}
