package jwtx

import (
	"context"
	"crypto"
)

// A KeySource finds the key to verify a token with. Package jwks has some.
//
// VerificationKey returns the key of the issuer that may verify alg and is named kid, which is "" for a token that names
// none: an *rsa.PublicKey, an *ecdsa.PublicKey, an ed25519.PublicKey, or for HS* the secret as []byte. The issuer is the
// configured one, alg one of the configured algorithms; kid is what the token says, and hostile. An error that wraps
// [auth.ErrInvalidCredentials] means that there is no such key, any other that it could not be found out. It is called for
// each token, by many goroutines at once.
type KeySource interface {
	VerificationKey(ctx context.Context, iss, alg, kid string) (crypto.PublicKey, error)
}

// A LocalKeySource is a [KeySource] that can answer from memory. A verifier looks there first, and spends nothing on a
// deadline where that is enough.
//
// LocalKeys is called once, with the source that the verifier was given. It returns a func that returns what
// VerificationKey would return, if that is a key and can be had without waiting, and false otherwise. If the source is not
// the receiver itself it returns nil: it is a type then that embeds it and may have a VerificationKey of its own, which
// must not be passed by.
type LocalKeySource interface {
	KeySource
	LocalKeys(source any) func(iss, alg, kid string) (crypto.PublicKey, bool)
}

// A SigningSource names the key to sign with. Package jwks has some.
//
// SigningKey returns the key's ID, which may be empty, its algorithm, and a signer. Of HS* the signer's Public is nil and
// Sign takes the whole message with a hash of 0, as that of Ed25519 does. It is called for each token, by many goroutines
// at once.
type SigningSource interface {
	SigningKey(ctx context.Context) (kid, alg string, s crypto.Signer, err error)
}
