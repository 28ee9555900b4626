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
