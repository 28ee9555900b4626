package jwks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
)

// material is a key itself.
type material struct {
	verifier crypto.PublicKey // *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey; of a secret, the []byte
	signer   crypto.Signer    // nil if there is no private half
}

// materialOf checks key and copies it.
func materialOf(key any) (*material, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return pair(copyRSA(k))
	case *ecdsa.PrivateKey:
		return pair(copyECDSA(k))
	case ed25519.PrivateKey:
		return pair(copyEd25519(k))
	case crypto.Signer:
		return pair(k, nil)
	case []byte, string:
		return nil, errors.New("bytes where a key pair or a public key is due: NewSecret takes secrets")
	}
	public, err := copyPublic(key)
	if err != nil {
		return nil, err
	}
	return &material{verifier: public}, nil
}

func pair(signer crypto.Signer, err error) (*material, error) {
	if err != nil {
		return nil, err
	}
	half, err := publicOf(signer)
	if err != nil {
		return nil, err
	}
	public, err := copyPublic(half)
	if err != nil {
		return nil, err
	}
	return &material{verifier: public, signer: signer}, nil
}

// publicOf takes the panic of a signer that is a nil pointer, or wraps one, for what it is: a signer without a key.
func publicOf(signer crypto.Signer) (public crypto.PublicKey, err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("signer of type %T that has no key", signer)
		}
	}()
	return signer.Public(), nil
}

func copyPublic(key crypto.PublicKey) (crypto.PublicKey, error) {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return asPublic(copyRSAPublic(k))
	case *ecdsa.PublicKey:
		return asPublic(copyECDSAPublic(k))
	case ed25519.PublicKey:
		return asPublic(copyEd25519Public(k))
	}
	return nil, fmt.Errorf("key of type %T, which is not supported", key)
}

// asPublic keeps a nil pointer from becoming an interface that is not nil.
func asPublic[K crypto.PublicKey](key K, err error) (crypto.PublicKey, error) {
	if err != nil {
		return nil, err
	}
	return key, nil
}

const (
	minRSA = 2048 // bits; RFC 7518, section 3.3
	maxRSA = 16384
	minExp = 1<<16 + 1 // FIPS 186-5 wants more than 16 bits; small ones have helped attackers only
	maxExp = math.MaxInt32
)

func copyRSAPublic(k *rsa.PublicKey) (*rsa.PublicKey, error) {
	switch {
	case k == nil || !positive(k.N):
		return nil, errors.New("RSA key without a modulus")
	case k.N.BitLen() < minRSA || k.N.BitLen() > maxRSA:
		return nil, fmt.Errorf("RSA key of %d bits, which is not %d to %d", k.N.BitLen(), minRSA, maxRSA)
	case k.N.Bit(0) == 0:
		return nil, errors.New("RSA key with an even modulus")
	case k.E < minExp || k.E > maxExp || k.E&1 == 0:
		return nil, errors.New("RSA key with an exponent that is even, under 65537 or over 31 bits")
	case isROCA(k.N):
		return nil, errors.New("RSA key that was made by a chip whose keys can be factored (CVE-2017-15361)")
	case hasSmallFactor(k.N):
		return nil, errors.New("RSA key whose modulus has a small factor")
	case isFermat(k.N):
		return nil, errors.New("RSA key that can be factored, as its primes are too close together (CVE-2022-26320)")
	}
	return &rsa.PublicKey{N: new(big.Int).Set(k.N), E: k.E}, nil
}

var errInconsistent = errors.New("private key that is incomplete, or whose parts do not belong together")

func copyRSA(k *rsa.PrivateKey) (crypto.Signer, error) {
	if k == nil || len(k.Primes) != 2 || !positive(k.D, k.Primes[0], k.Primes[1]) {
		return nil, errInconsistent
	}
	public, err := copyRSAPublic(&k.PublicKey)
	if err != nil {
		return nil, err
	}
	own := &rsa.PrivateKey{PublicKey: *public, D: new(big.Int).Set(k.D)}
	for _, prime := range k.Primes {
		own.Primes = append(own.Primes, new(big.Int).Set(prime))
	}
	own.Precompute()
	if own.Validate() != nil || !sameCRT(k.Precomputed, own.Precomputed) || slices.ContainsFunc(own.Primes, isComposite) {
		return nil, errInconsistent
	}
	// Validate refuses primes that differ too little and a small d. A short prime can be found however long the other is.
	if p, q := own.Primes[0].BitLen(), own.Primes[1].BitLen(); p < q-1 || p > q+1 {
		return nil, errors.New("RSA key with primes of different length")
	}
	return own, nil
}

// isComposite reports whether n is no prime. Validate does not look, and what a key with such a number signs does not verify.
func isComposite(n *big.Int) bool { return !n.ProbablyPrime(0) }

// sameCRT reports whether what was precomputed is right. A wrong value makes a signature that gives a prime away.
func sameCRT(got, want rsa.PrecomputedValues) bool {
	same := func(x, y *big.Int) bool { return x == nil || x.Cmp(y) == 0 }
	return same(got.Dp, want.Dp) && same(got.Dq, want.Dq) && same(got.Qinv, want.Qinv)
}

func positive(numbers ...*big.Int) bool {
	return !slices.ContainsFunc(numbers, func(n *big.Int) bool { return n == nil || n.Sign() <= 0 })
}

func copyECDSAPublic(k *ecdsa.PublicKey) (*ecdsa.PublicKey, error) {
	switch {
	case k == nil || k.X == nil || k.Y == nil:
		return nil, errors.New("EC key without a point")
	case k.Curve != elliptic.P256() && k.Curve != elliptic.P384() && k.Curve != elliptic.P521():
		return nil, errors.New("EC key on a curve other than P-256, P-384 and P-521")
	}
	point, err := k.Bytes()
	if err != nil {
		return nil, errors.New("EC key whose point is not on its curve")
	}
	return ecdsa.ParseUncompressedPublicKey(k.Curve, point)
}

func copyECDSA(k *ecdsa.PrivateKey) (crypto.Signer, error) {
	if k == nil || !positive(k.D) {
		return nil, errInconsistent
	}
	public, err := copyECDSAPublic(&k.PublicKey)
	if err != nil {
		return nil, err
	}
	scalar, err := k.Bytes()
	if err != nil {
		return nil, errInconsistent
	}
	own, err := ecdsa.ParseRawPrivateKey(k.Curve, scalar)
	if err != nil || !own.PublicKey.Equal(public) {
		return nil, errInconsistent
	}
	return own, nil
}

func copyEd25519Public(k ed25519.PublicKey) (ed25519.PublicKey, error) {
	switch {
	case len(k) != ed25519.PublicKeySize || hasSmallOrder(k):
		return nil, errors.New("Ed25519 key that is not 32 bytes, or a point for which anyone can sign")
	case !isOnEdwards25519(k):
		return nil, errors.New("Ed25519 key that is no point on its curve")
	}
	return slices.Clone(k), nil
}

func copyEd25519(k ed25519.PrivateKey) (crypto.Signer, error) {
	if len(k) != ed25519.PrivateKeySize {
		return nil, errInconsistent
	}
	// Signing with a public half that is not the seed's gives the private key away.
	own := ed25519.NewKeyFromSeed(k.Seed())
	if !own.Equal(k) {
		return nil, errInconsistent
	}
	return own, nil
}
