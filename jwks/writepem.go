package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// A Format is a form of a private key in PEM: the label of its block. The zero value is none.
type Format string

// The formats that [Key.PrivatePEM] writes. All of them are read by [ParsePEM] and by openssl pkey.
const (
	PKCS8 Format = "PRIVATE KEY"     // RFC 5958, for every key pair
	PKCS1 Format = "RSA PRIVATE KEY" // RFC 8017, appendix A.1.2, for RSA only
	SEC1  Format = "EC PRIVATE KEY"  // RFC 5915, for EC only
)

// PublicPEM returns the public half of k as one PEM block, "PUBLIC KEY" (RFC 7468, section 13). A secret has none, which
// is an error. PEM holds neither ID nor algorithm: unless they are the usual ones, keep them beside it.
func (k *Key) PublicPEM() ([]byte, error) {
	public, err := k.public()
	if err != nil {
		return nil, fmt.Errorf("jwks: PEM: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, errors.New("jwks: PEM: public key that cannot be encoded")
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// PrivatePEM returns the private key of k as one PEM block, not encrypted: store it as what it is. It is an error if f
// does not fit the key, and if there is nothing to write: k only verifies, is a secret, for which PEM has no form, or has
// a [crypto.Signer] that keeps the key to itself. PEM holds neither ID nor algorithm: unless they are the usual ones, keep
// them beside it.
//
// Private keys and secrets leave a Key by its methods PrivatePEM and PrivateJWK, by [Set.PrivateJWKSet], which uses the
// latter, and in use, as what a [Set] hands to those who sign and verify; there is no other way.
func (k *Key) PrivatePEM(f Format) ([]byte, error) {
	private, err := k.private()
	if err != nil {
		return nil, fmt.Errorf("jwks: PEM: %w", err)
	}
	der, err := privateDER(private, f)
	if err != nil {
		return nil, fmt.Errorf("jwks: PEM: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: string(f), Bytes: der}), nil
}

func privateDER(private any, f Format) ([]byte, error) {
	rsaKey, _ := private.(*rsa.PrivateKey)
	ecKey, _ := private.(*ecdsa.PrivateKey)
	_, secret := private.([]byte)
	switch {
	case secret:
		return nil, errors.New("secret, for which there is no form in PEM")
	case f == PKCS8:
		return x509.MarshalPKCS8PrivateKey(private)
	case f == PKCS1 && rsaKey != nil:
		return x509.MarshalPKCS1PrivateKey(rsaKey), nil
	case f == SEC1 && ecKey != nil:
		return x509.MarshalECPrivateKey(ecKey)
	case f == PKCS1:
		return nil, errors.New("format for RSA, which the key is not")
	case f == SEC1:
		return nil, errors.New("format for EC, which the key is not")
	}
	return nil, errors.New("format other than PKCS8, PKCS1 and SEC1")
}

var errNoKey = errors.New("nil Key, or one that was not made by this package")

// public returns the public half of k.
func (k *Key) public() (crypto.PublicKey, error) {
	if k == nil || k.verifier == nil {
		return nil, errNoKey
	}
	if _, secret := k.secret(); secret {
		return nil, errors.New("secret, which has no public half")
	}
	return k.verifier(), nil
}

// private returns what is secret of k: an *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey, or a secret as []byte.
func (k *Key) private() (any, error) {
	if k == nil || k.verifier == nil {
		return nil, errNoKey
	}
	if secret, ok := k.secret(); ok {
		return secret, nil
	}
	if k.signer == nil {
		return nil, errors.New("key that only verifies, and has no private half")
	}
	switch s := k.signer().(type) {
	case *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey:
		return s, nil
	default:
		return nil, fmt.Errorf("key whose private half is elsewhere, behind a signer of type %T", s)
	}
}
