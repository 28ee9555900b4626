package jwks_test

import (
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/jwks"
)

// factorableRSA makes moduli with the mark of ROCA: powers of 65537 modulo a product of small primes.
func factorableRSA(t *testing.T) {
	product := big.NewInt(1)
	for _, p := range []int64{2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
		101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167} {
		product.Mul(product, big.NewInt(p))
	}
	for _, bits := range []uint{2048, 3072, 4096} {
		// k*product is the smallest multiple of that many bits.
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		n.Add(n.Sub(n, new(big.Int).Mod(n, product)), product)
		n.Add(n, new(big.Int).Exp(big.NewInt(65537), big.NewInt(int64(bits)), product))
		_, err := jwks.NewKey(&rsa.PublicKey{N: n, E: 65537}, nil)
		if err == nil || !strings.Contains(err.Error(), "CVE-2017-15361") {
			t.Errorf("a modulus of %d bits: %v", n.BitLen(), err)
		}
	}
	if _, err := jwks.NewKey(&rsaKey.PublicKey, nil); err != nil {
		t.Errorf("an ordinary key: %v", err)
	}
}

// pairOf returns the RSA key of two primes, for the exponent 65537.
func pairOf(p, q *big.Int) *rsa.PrivateKey {
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	return &rsa.PrivateKey{
		PublicKey: *publicRSA(new(big.Int).Mul(p, q), 65537),
		D:         new(big.Int).ModInverse(big.NewInt(65537), phi),
		Primes:    []*big.Int{p, q},
	}
}

func TestWeakRSA(t *testing.T) {
	p := rsaKey.Primes[0]
	plus := func(n *big.Int, bit int, k int64) *big.Int { // n + 2^bit + k
		sum := new(big.Int).SetBit(big.NewInt(k), bit, 1)
		return sum.Add(sum, n)
	}
	// These are primes: what is added was found by trying.
	next, near, far := plus(p, 10, 194), plus(p, 900, 362), plus(p, 1000, 380)
	short, long := plus(new(big.Int).Rsh(p, 200), 4, 257), plus(new(big.Int).Lsh(p, 200), 9, 277)
	tests := []struct {
		name string
		key  any
		want string // "" is a good key
	}{
		{"a square", publicRSA(new(big.Int).Mul(p, p), 65537), "too close together"},
		{"primes one after the other", pairOf(p, next), "too close together"},
		{"the public half of primes one after the other", &pairOf(p, next).PublicKey, "too close together"},
		{"primes with the same first bits", pairOf(p, near), inconsistent},
		{"primes that differ", pairOf(p, far), ""},
		{"a short prime and a long one", pairOf(short, long), "primes of different length"},
		{"a modulus that can be divided by 3", publicRSA(bits(2048), 65537), "small factor"},
		{"a modulus that can be divided by 997", publicRSA(new(big.Int).Mul(p, new(big.Int).Mul(next, big.NewInt(997))), 65537), "small factor"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := jwks.NewKey(tt.key, nil)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

// Half of all numbers are no coordinate of a point: by flipping bits some are found, and some that are.
func TestEd25519OffCurve(t *testing.T) {
	accepted, refused := 0, 0
	for i := range 64 {
		key := append(ed25519.PublicKey(nil), ed25519Key.Public().(ed25519.PublicKey)...)
		key[i/8] ^= 1 << (i % 8)
		k, err := jwks.NewKey(key, nil)
		if err != nil {
			checkRefused(t, k, err, "no point on its curve")
			refused++
			continue
		}
		accepted++
	}
	if accepted == 0 || refused == 0 {
		t.Errorf("%d keys accepted, %d refused", accepted, refused)
	}
	for range 32 {
		if _, err := jwks.Generate("EdDSA", nil); err != nil {
			t.Error(err)
		}
	}
}

func TestSmallOrderKeys(t *testing.T) {
	for _, text := range []string{
		"0000000000000000000000000000000000000000000000000000000000000080",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000080",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	} {
		key := ed25519.PublicKey(must(hex.DecodeString(text)))
		if _, err := jwks.NewKey(key, nil); err == nil {
			t.Errorf("%s is a key", text)
		}
	}
}
