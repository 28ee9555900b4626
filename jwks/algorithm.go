package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"
)

// supported are the algorithms that a key can be for.
var supported = []string{"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
	"ES256", "ES384", "ES512", "EdDSA"}

// algorithmFor returns the algorithm of a key: want, which must fit it, or the usual one if want is "".
func algorithmFor(public crypto.PublicKey, want string) (string, error) {
	fit := fitting(public)
	switch {
	case want == "":
		return fit[0], nil
	case slices.Contains(fit, want):
		return want, nil
	}
	return "", fmt.Errorf("algorithm that does not fit the key, which is for %s", strings.Join(fit, ", "))
}

// fitting returns the algorithms that a public key can be for, the usual one first. For a curve there is one (RFC 7518,
// section 3.4), although ECDSA would work with any digest.
func fitting(public crypto.PublicKey) []string {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			return []string{"ES256"}
		case elliptic.P384():
			return []string{"ES384"}
		default:
			return []string{"ES512"}
		}
	default:
		return []string{"EdDSA"}
	}
}

// Generate returns a new key for an algorithm, one of HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512,
// ES256, ES384, ES512 and EdDSA. RSA keys have 2048 bits, secrets as many as the digest. The key lives in the process
// only: what it signs cannot be verified after a restart. opts may be nil; its Algorithm, if given, must be the same.
func Generate(algorithm string, opts *KeyOptions) (*Key, error) {
	key, err := generate(algorithm, opts)
	if err != nil {
		return nil, fmt.Errorf("jwks: %w", err)
	}
	return key, nil
}

func generate(algorithm string, opts *KeyOptions) (*Key, error) {
	own := KeyOptions{Algorithm: algorithm}
	if opts != nil {
		own.ID = opts.ID
		if opts.Algorithm != "" && opts.Algorithm != algorithm {
			return nil, fmt.Errorf("options for another algorithm than %q", algorithm)
		}
	}
	if digest, ok := digests[algorithm]; ok {
		secret := make([]byte, digest().Size())
		rand.Read(secret)
		return newSecret(secret, &own)
	}
	pair, err := generatePair(algorithm)
	if err != nil {
		return nil, err
	}
	return newKey(pair, &own)
}

func generatePair(algorithm string) (crypto.Signer, error) {
	switch algorithm {
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512":
		return rsa.GenerateKey(rand.Reader, minRSA)
	case "ES256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		return ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		return ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA":
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	return nil, fmt.Errorf("algorithm %q, which is not supported", algorithm)
}
