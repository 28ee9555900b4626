package jwks

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"

	"github.com/countersign-go/countersign/auth"
)

// A Set is a fixed set of keys, for those who verify tokens and those who sign them. It knows one issuer: whoever trusts
// several has a set for each. The zero value holds no key and refuses every token.
type Set struct {
	keys   []*Key
	byID   map[string]*choice
	only   *choice // what a token without kid is verified with; nil if that is not clear
	signer *Key
}

// A choice is a key as a verifier wants it.
type choice struct {
	algorithm string
	key       func() crypto.PublicKey
}

// NewSet returns the set of keys. The first of them that can sign does; the others only verify. There must be at least
// one key, no two may have the same ID, and a key without one must be the only key. The error names every mistake.
func NewSet(keys ...*Key) (*Set, error) {
	if err := checkKeys(keys); err != nil {
		return nil, err
	}
	s := &Set{byID: make(map[string]*choice, len(keys))}
	choose, err := chooser(keys)
	if err != nil {
		return nil, fmt.Errorf("jwks: set: %w", err)
	}
	for _, k := range keys {
		key, err := choose(k)
		if err != nil {
			return nil, fmt.Errorf("jwks: set: %w", err)
		}
		s.keys = append(s.keys, k)
		s.byID[k.id] = &choice{algorithm: k.algorithm, key: seal(key)}
		if s.signer == nil && k.CanSign() {
			s.signer = k
		}
	}
	if len(keys) == 1 {
		s.only = s.byID[keys[0].id]
	}
	return s, nil
}

func checkKeys(keys []*Key) error {
	if len(keys) == 0 {
		return errors.New("jwks: set without a key")
	}
	var mistakes []error
	seen := map[string]bool{}
	for i, k := range keys {
		switch {
		case k == nil || k.verifier == nil:
			mistakes = append(mistakes, fmt.Errorf("jwks: key %d of the set is nil or was not made by this package", i))
			continue
		case k.id == "" && len(keys) > 1:
			mistakes = append(mistakes, fmt.Errorf("jwks: key %d of the set has no ID, but is not the only key", i))
		case seen[k.id]:
			mistakes = append(mistakes, fmt.Errorf("jwks: key %d of the set has the ID of another, %q", i, k.id))
		}
		seen[k.id] = true
	}
	return errors.Join(mistakes...)
}

// chooser returns a func that has keyfunc choose the key for the tokens of k. This is done once per key: the answer never
// changes, and asking for each token would mean a search, a lock and a map for the header.
func chooser(keys []*Key) (func(k *Key) (crypto.PublicKey, error), error) {
	storage := jwkset.NewMemoryStorage()
	for _, k := range keys {
		jwk, err := jwkset.NewJWKFromKey(k.verifier(), jwkset.JWKOptions{
			Marshal:  jwkset.JWKMarshalOptions{Private: true}, // without it there are no secrets; no other key has a private half
			Metadata: jwkset.JWKMetadataOptions{ALG: jwkset.ALG(k.algorithm), KID: k.id, USE: jwkset.UseSig},
		})
		if err != nil {
			return nil, err
		}
		if err := storage.KeyWrite(context.Background(), jwk); err != nil {
			return nil, err
		}
	}
	kf, err := keyfunc.New(keyfunc.Options{Storage: storage, UseWhitelist: []jwkset.USE{jwkset.UseSig}})
	if err != nil {
		return nil, err
	}
	return func(k *Key) (crypto.PublicKey, error) {
		return kf.Keyfunc(&jwt.Token{Header: map[string]any{"alg": k.algorithm, jwkset.HeaderKID: k.id}})
	}, nil
}

// The reasons not to find a key are made beforehand, so that a flood of bad tokens costs nothing, and say nothing that a
// token said.
var (
	errUnknownID = fmt.Errorf("jwks: no key of the token's kid: %w", auth.ErrInvalidCredentials)
	errNoID      = fmt.Errorf("jwks: token without kid, which could be for several keys: %w", auth.ErrInvalidCredentials)
	errAlgorithm = fmt.Errorf("jwks: token for another algorithm than its key: %w", auth.ErrInvalidCredentials)
	errNoSigner  = errors.New("jwks: set without a key that can sign")
	errNoSet     = errors.New("jwks: nil Set") // no "no": nobody can say what it should hold
)

// VerificationKey returns the key with the ID kid, if it is for the algorithm alg: an *[rsa.PublicKey],
// *[ecdsa.PublicKey] or [ed25519.PublicKey], or a secret as a []byte. It is shared and must not be changed. kid is "" for
// a token without one, which is only for a set of one key. Anything else is an error that wraps
// [auth.ErrInvalidCredentials].
//
// The issuer is ignored: it is for the caller to hand a set only the tokens of its issuer.
func (s *Set) VerificationKey(_ context.Context, _, alg, kid string) (crypto.PublicKey, error) {
	if s == nil {
		return nil, errNoSet
	}
	c, missing := s.byID[kid], errUnknownID
	if kid == "" {
		c, missing = s.only, errNoID
	}
	return c.verify(alg, missing)
}

// LocalKeys returns where a verifier finds the keys without waiting, which is all of them. It is nil if source is not s.
func (s *Set) LocalKeys(source any) func(iss, alg, kid string) (crypto.PublicKey, bool) {
	if source != any(s) {
		return nil
	}
	return s.localKey
}

func (s *Set) localKey(iss, alg, kid string) (crypto.PublicKey, bool) {
	key, err := s.VerificationKey(context.Background(), iss, alg, kid)
	return key, err == nil
}

// verify returns the key if it is for alg, and missing if there is none.
func (c *choice) verify(alg string, missing error) (crypto.PublicKey, error) {
	switch {
	case c == nil:
		return nil, missing
	case c.algorithm != alg:
		return nil, errAlgorithm
	}
	return c.key(), nil
}

// SigningKey returns the key that signs, its ID, which is "" if its tokens have no kid, and its algorithm. For HS256,
// HS384 and HS512 the signer has no public key and its Sign takes the whole message, with [crypto.Hash](0) as options. A
// set whose keys only verify returns an error.
func (s *Set) SigningKey(context.Context) (kid, alg string, signer crypto.Signer, err error) {
	if s == nil || s.signer == nil {
		return "", "", nil, errNoSigner
	}
	return s.signer.id, s.signer.algorithm, s.signer.signer(), nil
}

const (
	maxSet  = 512 << 10 // bytes that ParseSet reads
	maxKeys = 100
)

// ParseSet returns the set in data, a JWK Set document (RFC 7517, section 5), with the keys in their order. Each of them
// must be one that [ParseJWK] takes, and together they must be a set as for [NewSet]. Secrets beside public keys are an
// error: they would be one copy away from being published. The error names every bad key by its index and ID. At most 100
// keys and 512 KiB are read.
func ParseSet(data []byte) (*Set, error) {
	documents, err := readSet(data)
	if err != nil {
		return nil, fmt.Errorf("jwks: JWK Set: %w", err)
	}
	var mistakes []error
	keys := make([]*Key, 0, len(documents))
	secrets := 0
	for i, document := range documents {
		doc, err := readJWK(document)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("jwks: JWK Set: key %d: %w", i, err))
			continue
		}
		k, err := keyOf(doc)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("jwks: JWK Set: key %d, ID %q: %w", i, doc.KID, err))
			continue
		}
		if doc.KTY == jwkset.KtyOct {
			secrets++
		}
		keys = append(keys, k)
	}
	if secrets != 0 && secrets != len(keys) {
		mistakes = append(mistakes, errors.New("jwks: JWK Set: secrets beside public keys"))
	}
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	return NewSet(keys...)
}

func readSet(data []byte) (keys []json.RawMessage, err error) {
	if len(data) > maxSet {
		return nil, errors.New("over 512 KiB")
	}
	err = eachMember(data, func(name string, value json.RawMessage) error {
		if name == "keys" && json.Unmarshal(value, &keys) != nil {
			return errors.New(`member "keys" that is not an array`)
		}
		return nil
	})
	if err == nil && len(keys) > maxKeys {
		err = fmt.Errorf("more than %d keys", maxKeys)
	}
	return keys, err
}
