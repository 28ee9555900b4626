package jwks

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/MicahParks/jwkset"
)

// PublicJWK returns the public half of k as a JSON Web Key (RFC 7517; RFC 7518, section 6; RFC 8037): kty, kid, alg, use
// and the public members, as [Handler] publishes them. A secret has none, which is an error.
func (k *Key) PublicJWK() ([]byte, error) {
	members, err := k.publicMembers()
	if err != nil {
		return nil, fmt.Errorf("jwks: JWK: %w", err)
	}
	return json.Marshal(members)
}

func (k *Key) publicMembers() (publicJWK, error) {
	public, err := k.public()
	if err != nil {
		return publicJWK{}, err
	}
	members, err := publicHalf(public)
	if err != nil {
		return publicJWK{}, err
	}
	members.Kid, members.Alg, members.Use = k.id, k.algorithm, "sig"
	return members, nil
}

// PrivateJWK returns k with its private members, or the secret that it is, as a JSON Web Key that [ParseJWK] reads as the
// same key: store it as what it is. It is an error if there is nothing private to write: k only verifies, or has a
// [crypto.Signer] that keeps the key to itself. A secret that only verifies has key_ops that say so.
func (k *Key) PrivateJWK() ([]byte, error) {
	members, err := k.privateMembers()
	if err != nil {
		return nil, fmt.Errorf("jwks: JWK: %w", err)
	}
	return json.Marshal(members)
}

// A privateJWK has what a publicJWK has not.
type privateJWK struct {
	publicJWK
	D      string   `json:"d,omitempty"`
	P      string   `json:"p,omitempty"`
	Q      string   `json:"q,omitempty"`
	DP     string   `json:"dp,omitempty"`
	DQ     string   `json:"dq,omitempty"`
	QI     string   `json:"qi,omitempty"`
	K      string   `json:"k,omitempty"`
	KeyOps []string `json:"key_ops,omitempty"`
}

func (k *Key) privateMembers() (privateJWK, error) {
	private, err := k.private()
	if err != nil {
		return privateJWK{}, err
	}
	jwk, err := jwkset.NewJWKFromKey(private, jwkset.JWKOptions{Marshal: jwkset.JWKMarshalOptions{Private: true}})
	if err != nil {
		return privateJWK{}, errors.New("private key that cannot be encoded")
	}
	m := jwk.Marshal()
	members := privateJWK{
		publicJWK: publicJWK{
			Alg: k.algorithm, Crv: string(m.CRV), E: m.E, Kid: k.id, Kty: string(m.KTY), N: m.N, Use: "sig", X: m.X, Y: m.Y,
		},
		D: m.D, P: m.P, Q: m.Q, DP: m.DP, DQ: m.DQ, QI: m.QI, K: m.K,
	}
	if k.signer == nil {
		members.Use, members.KeyOps = "", []string{"verify"} // not both: RFC 7517, section 4.3
	}
	return members, nil
}

// Thumbprint returns the SHA-256 thumbprint of k's public half (RFC 7638) in base64url, which is the ID of a key pair that
// was given no other. For a secret it is an error: the thumbprint would be a digest of the secret itself, with which
// everyone who sees it can test guesses, and it would be taken for as public as that of a key pair.
func (k *Key) Thumbprint() (string, error) {
	public, err := k.public()
	if err != nil {
		return "", fmt.Errorf("jwks: thumbprint: %w", err)
	}
	members, err := publicHalf(public)
	if err != nil {
		return "", fmt.Errorf("jwks: thumbprint: %w", err)
	}
	return members.thumbprint(), nil
}
