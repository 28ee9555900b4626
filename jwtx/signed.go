package jwtx

import (
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/countersign-go/countersign/auth"
)

// A signed token is one whose header and signature are good. Its payload is whatever the issuer wrote.
type signed struct {
	header
	kind   Kind
	key    crypto.PublicKey
	object string // the text of the payload
}

// signed checks the form of a token, its header, and its signature (RFC 7515, section 5.2).
func (v *Verifier) signed(wait *patience, token string) (s signed, err error) {
	head, body, tail, err := v.parts(token)
	if err != nil {
		return signed{}, err
	}
	s.header, err = v.headers.parse(head)
	if err != nil {
		return signed{}, err
	}
	if s.kind, err = v.kind(s.header); err != nil {
		return signed{}, err
	}
	if s.object, err = decode(body); err != nil {
		return signed{}, errMalformed
	}
	signature, err := strict.DecodeString(tail)
	if err != nil || len(signature) == 0 {
		return signed{}, errMalformed
	}
	if s.key, err = v.key(wait, s.header); err != nil {
		return signed{}, err
	}
	if algorithms[s.alg].method.Verify(token[:len(head)+1+len(body)], signature, s.key) != nil {
		return signed{}, errSignature
	}
	v.headers.remember(head, s.header)
	return s, nil
}

// parts returns the three parts of a token (RFC 7515, section 7.1), still encoded.
func (v *Verifier) parts(token string) (head, body, tail string, err error) {
	if len(token) > v.config.MaxBytes {
		return "", "", "", errMalformed
	}
	head, rest, _ := strings.Cut(token, ".")
	body, tail, ok := strings.Cut(rest, ".")
	// The decoder would skip line breaks.
	if !ok || strings.IndexByte(tail, '.') >= 0 || strings.IndexByte(token, '\n') >= 0 || strings.IndexByte(token, '\r') >= 0 {
		return "", "", "", errMalformed
	}
	return head, body, tail, nil
}

// strict also refuses left-over bits in the last character, with which one token has many spellings.
var strict = base64.RawURLEncoding.Strict()

// decode returns the text that a part of a token stands for. Of most tokens only the text itself is allocated.
func decode(part string) (string, error) {
	var room [1 << 10]byte
	decoded := room[:]
	if size := strict.DecodedLen(len(part)); size > len(decoded) {
		decoded = make([]byte, size)
	}
	n, err := strict.Decode(decoded, []byte(part))
	if err != nil {
		return "", err
	}
	return string(decoded[:n]), nil
}

func (v *Verifier) kind(h header) (Kind, error) {
	for _, k := range v.config.Kinds {
		if k.is(h.typ) || (k == Untyped && !h.hasTyp) {
			return k, nil
		}
	}
	switch {
	case !h.hasTyp:
		return "", errUntyped
	case Plain.is(h.typ):
		return "", errPlain
	}
	return "", errKind
}

// key returns the key that the source has for a header, if its algorithm is accepted and the key is for it.
func (v *Verifier) key(wait *patience, h header) (crypto.PublicKey, error) {
	if !slices.Contains(v.config.Algorithms, h.alg) {
		return nil, errAlgorithm
	}
	key, err := v.find(wait, h)
	switch {
	case err != nil && isUnknown(err):
		return nil, errUnknownKey
	case err != nil:
		return nil, fmt.Errorf("jwtx: keys: %w: %w", auth.ErrUnavailable, err)
	case !isKey(key):
		return nil, fmt.Errorf("jwtx: keys: %w: a key of type %T", auth.ErrUnavailable, key)
	case algorithms[h.alg].fits(key) != nil:
		return nil, errUnknownKey
	}
	return key, nil
}

// find asks the source.
func (v *Verifier) find(wait *patience, h header) (crypto.PublicKey, error) {
	if v.local != nil {
		if key, ok := v.local(v.config.Issuer, h.alg, h.kid); ok {
			return key, nil
		}
	}
	return v.config.Keys.VerificationKey(wait.context(), v.config.Issuer, h.alg, h.kid)
}

// isUnknown reports whether a source said that there is no such key, and not that it gave up looking.
func isUnknown(err error) bool {
	return errors.Is(err, auth.ErrInvalidCredentials) && !auth.IsUnavailable(err)
}
