package jwks_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"os"
	"sync"

	"github.com/countersign-go/countersign/jwks"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// The published examples of the RFCs are the keys that all tests share.
var (
	rsaJWK     = must(os.ReadFile("testdata/rfc7517-a2-rsa.json"))
	ecJWK      = must(os.ReadFile("testdata/rfc7515-a3-ec.json"))
	ed25519JWK = must(os.ReadFile("testdata/rfc8037-a1-ed25519.json"))

	rsaKey     = signerOf(must(jwks.ParseJWK(rsaJWK))).(*rsa.PrivateKey)
	ecKey      = signerOf(must(jwks.ParseJWK(ecJWK))).(*ecdsa.PrivateKey)
	ed25519Key = signerOf(must(jwks.ParseJWK(ed25519JWK))).(ed25519.PrivateKey)
	p384Key    = must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	p521Key    = must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))

	secret = []byte("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
)

// rsaOf returns an RSA key of a size, made once.
var rsaOf = func() func(bits int) *rsa.PrivateKey {
	var keys sync.Map
	return func(bits int) *rsa.PrivateKey {
		once, _ := keys.LoadOrStore(bits, sync.OnceValue(func() *rsa.PrivateKey {
			return must(rsa.GenerateKey(rand.Reader, bits))
		}))
		return once.(func() *rsa.PrivateKey)()
	}
}()

// ofComposite returns an RSA key one of whose primes, the first or the second, is a product of two. Its numbers fit each other
// as those of a good key do, but what it signs does not verify.
func ofComposite(first bool) *rsa.PrivateKey {
	one, e := big.NewInt(1), big.NewInt(65537)
	for {
		p := rsaOf(2048).Primes[0]
		q := new(big.Int).Mul(must(rand.Prime(rand.Reader, 512)), must(rand.Prime(rand.Reader, 512)))
		if first {
			p, q = q, p
		}
		n, p1, q1 := new(big.Int).Mul(p, q), new(big.Int).Sub(p, one), new(big.Int).Sub(q, one)
		d := new(big.Int).ModInverse(e, new(big.Int).Mul(p1, q1))
		if d == nil || n.BitLen() < 2048 {
			continue
		}
		// With (p-1)(q-1) for the modulus d may be longer than needed, but not than n.
		k := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: 65537}, D: d, Primes: []*big.Int{p, q}}
		k.Precomputed = rsa.PrecomputedValues{
			Dp: new(big.Int).Mod(d, p1), Dq: new(big.Int).Mod(d, q1), Qinv: new(big.Int).ModInverse(q, p),
		}
		return k
	}
}

func signerOf(k *jwks.Key) crypto.Signer {
	_, _, s, err := must(jwks.NewSet(k)).SigningKey(context.Background())
	return must(s, err)
}

func verifierOf(k *jwks.Key) crypto.PublicKey {
	return must(must(jwks.NewSet(k)).VerificationKey(context.Background(), "", k.Algorithm(), k.ID()))
}

// remote is a signer that shows its public key only, as one before a KMS.
type remote struct{ crypto.Signer }

// with returns the JSON object jwk with some members changed: to JSON values, or removed if nil.
func with(jwk []byte, changes map[string]any) []byte {
	var members map[string]any
	if err := json.Unmarshal(jwk, &members); err != nil {
		panic(err)
	}
	maps.Copy(members, changes)
	maps.DeleteFunc(members, func(_ string, v any) bool { return v == nil })
	return must(json.Marshal(members))
}

type changes = map[string]any

// publicOnly removes the private members.
var publicOnly = changes{"d": nil, "p": nil, "q": nil, "dp": nil, "dq": nil, "qi": nil}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func pkcs8(key any) []byte { return pemOf("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key))) }

func spki(key any) []byte { return pemOf("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(key))) }

// publicRSA returns a public key of n with an exponent.
func publicRSA(n *big.Int, e int) *rsa.PublicKey { return &rsa.PublicKey{N: n, E: e} }

// longModulus has 16384 bits and no small factor.
var longModulus = new(big.Int).SetBit(big.NewInt(9), 16383, 1)

func bits(n uint) *big.Int {
	return new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), n), big.NewInt(1))
}
