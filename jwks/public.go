package jwks

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/MicahParks/jwkset"
)

// A publicJWK is all that is ever published of a key: it has no field that could hold a private or symmetric member. The
// fields are in the order of their names, as a thumbprint wants them (RFC 7638, section 3.3).
type publicJWK struct {
	Alg string `json:"alg,omitempty"`
	Crv string `json:"crv,omitempty"`
	E   string `json:"e,omitempty"`
	Kid string `json:"kid,omitempty"`
	Kty string `json:"kty"`
	N   string `json:"n,omitempty"`
	Use string `json:"use,omitempty"`
	X   string `json:"x,omitempty"`
	Y   string `json:"y,omitempty"`
}

// publicHalf returns the members that make up an RSA, EC or Ed25519 public key.
func publicHalf(public crypto.PublicKey) (publicJWK, error) {
	jwk, err := jwkset.NewJWKFromKey(public, jwkset.JWKOptions{})
	if err != nil {
		return publicJWK{}, fmt.Errorf("public key as JWK: %w", err)
	}
	m := jwk.Marshal()
	return publicJWK{Crv: string(m.CRV), E: m.E, Kty: string(m.KTY), N: m.N, X: m.X, Y: m.Y}, nil
}

// isSameKey reports whether two public keys are one. A secret is none.
func isSameKey(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}

// thumbprint returns the SHA-256 thumbprint (RFC 7638) of what publicHalf returned.
func (j publicJWK) thumbprint() string {
	members, _ := json.Marshal(j) // cannot fail: only strings
	sum := sha256.Sum256(members)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
