package jwtx

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"errors"
	"math/big"

	"github.com/golang-jwt/jwt/v5"
)

// An algorithm is one of RFC 7518, section 3.1, or RFC 8037.
type algorithm struct {
	family family
	hash   crypto.Hash // 0 for EdDSA, which hashes by itself
	method jwt.SigningMethod
	curve  elliptic.Curve // of ES*
}

type family int

const (
	hmacFamily family = iota
	rsaFamily
	pssFamily
	ecdsaFamily
	edFamily
)

var algorithms = map[string]*algorithm{
	"HS256": {hmacFamily, crypto.SHA256, jwt.SigningMethodHS256, nil},
	"HS384": {hmacFamily, crypto.SHA384, jwt.SigningMethodHS384, nil},
	"HS512": {hmacFamily, crypto.SHA512, jwt.SigningMethodHS512, nil},
	"RS256": {rsaFamily, crypto.SHA256, jwt.SigningMethodRS256, nil},
	"RS384": {rsaFamily, crypto.SHA384, jwt.SigningMethodRS384, nil},
	"RS512": {rsaFamily, crypto.SHA512, jwt.SigningMethodRS512, nil},
	"PS256": {pssFamily, crypto.SHA256, pss(jwt.SigningMethodPS256), nil},
	"PS384": {pssFamily, crypto.SHA384, pss(jwt.SigningMethodPS384), nil},
	"PS512": {pssFamily, crypto.SHA512, pss(jwt.SigningMethodPS512), nil},
	"ES256": {ecdsaFamily, crypto.SHA256, jwt.SigningMethodES256, elliptic.P256()},
	"ES384": {ecdsaFamily, crypto.SHA384, jwt.SigningMethodES384, elliptic.P384()},
	"ES512": {ecdsaFamily, crypto.SHA512, jwt.SigningMethodES512, elliptic.P521()},
	"EdDSA": {edFamily, 0, jwt.SigningMethodEdDSA, nil},
}

// pss returns m without its tolerance for salts that have not the digest's length (RFC 7518, section 3.5).
func pss(m *jwt.SigningMethodRSAPSS) *jwt.SigningMethodRSAPSS {
	return &jwt.SigningMethodRSAPSS{SigningMethodRSA: m.SigningMethodRSA, Options: m.Options, VerifyOptions: m.Options}
}

const (
	minRSABits     = 2048 // RFC 7518, section 3.3
	minRSAExponent = 65537
)

var errKey = errors.New("a key that does not fit the algorithm")

// isKey reports whether key is of a type that a source may return.
func isKey(key crypto.PublicKey) bool {
	switch key.(type) {
	case []byte, *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	}
	return false
}

// fits returns nil if key may verify with a: of its type and size, whole, and no typed nil, which golang-jwt would panic
// for.
func (a *algorithm) fits(key crypto.PublicKey) error {
	ok := false
	switch k := key.(type) {
	case []byte:
		ok = a.family == hmacFamily && len(k) >= a.hash.Size() // RFC 7518, section 3.2
	case *rsa.PublicKey:
		ok = (a.family == rsaFamily || a.family == pssFamily) &&
			k != nil && k.N != nil && k.N.BitLen() >= minRSABits && k.E >= minRSAExponent && k.E%2 == 1
	case *ecdsa.PublicKey:
		ok = a.family == ecdsaFamily && k != nil && k.X != nil && k.Y != nil && k.Curve == a.curve
	case ed25519.PublicKey:
		ok = a.family == edFamily && len(k) == ed25519.PublicKeySize
	}
	if !ok {
		return errKey
	}
	return nil
}

// publicOf returns what is no key for a signer that is a nil pointer, or wraps one: its Public panics. It is not nil, which
// is what an HMAC has.
func publicOf(s crypto.Signer) (public crypto.PublicKey) {
	defer func() {
		if recover() != nil {
			public = errKey
		}
	}()
	return s.Public()
}

// sign returns the signature of s over input in the form of a JWS. The public key of s fits a, if a is not an HMAC.
func (a *algorithm) sign(s crypto.Signer, input []byte) ([]byte, error) {
	switch a.family {
	case hmacFamily:
		if publicOf(s) != nil {
			return nil, errKey
		}
		return ofSize(a.hash.Size())(s.Sign(nil, input, crypto.Hash(0)))
	case edFamily:
		return ofSize(ed25519.SignatureSize)(s.Sign(nil, input, crypto.Hash(0)))
	}
	hash := a.hash.New()
	hash.Write(input)
	digest := hash.Sum(nil)
	if a.family == ecdsaFamily {
		return a.flatten(s.Sign(rand.Reader, digest, a.hash))
	}
	var opts crypto.SignerOpts = a.hash
	if a.family == pssFamily {
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: a.hash}
	}
	return ofSize(s.Public().(*rsa.PublicKey).Size())(s.Sign(rand.Reader, digest, opts))
}

// ofSize returns a func that passes on what a signer returned, if it has the size of a signature.
func ofSize(size int) func(signature []byte, err error) ([]byte, error) {
	return func(signature []byte, err error) ([]byte, error) {
		if err == nil && len(signature) != size {
			err = errors.New("a signature of the wrong length")
		}
		if err != nil {
			return nil, err
		}
		return signature, nil
	}
}

// flatten turns the ASN.1 signature of a crypto.Signer into R and S of fixed length (RFC 7518, section 3.4).
func (a *algorithm) flatten(der []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	var rs struct{ R, S *big.Int }
	if rest, err := asn1.Unmarshal(der, &rs); err != nil || len(rest) > 0 {
		return nil, errors.New("a signature that is not R and S in ASN.1")
	}
	size := (a.curve.Params().BitSize + 7) / 8
	if rs.R.Sign() <= 0 || rs.S.Sign() <= 0 || rs.R.BitLen() > 8*size || rs.S.BitLen() > 8*size {
		return nil, errors.New("a signature out of range")
	}
	flat := make([]byte, 2*size)
	rs.R.FillBytes(flat[:size])
	rs.S.FillBytes(flat[size:])
	return flat, nil
}
