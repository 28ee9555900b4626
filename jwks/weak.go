package jwks

import (
	"encoding/hex"
	"math/big"
	"slices"
)

// isROCA reports whether an RSA modulus has the mark of the keys that a widespread chip made (CVE-2017-15361), which can
// be factored: modulo each of these primes it is a power of 65537.
func isROCA(n *big.Int) bool {
	for _, p := range []int64{11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157} {
		rest := new(big.Int).Mod(n, big.NewInt(p)).Int64()
		power, found := int64(1), false
		for range p {
			found = found || power == rest
			power = power * 65537 % p
		}
		if !found {
			return false
		}
	}
	return true
}

// smallOrder are the y coordinates of the points of Ed25519 whose order divides 8, and their spellings beyond the field's
// prime. With one of them as the public key there are signatures that fit every message.
var smallOrder = decodeAll(
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
)

func decodeAll(texts ...string) (all [][]byte) {
	for _, text := range texts {
		b, err := hex.DecodeString(text)
		if err != nil {
			panic(err) // a constant
		}
		all = append(all, b)
	}
	return all
}

// hasSmallOrder reports whether a public key, without the sign of its x, is one of them.
func hasSmallOrder(key []byte) bool {
	y := slices.Clone(key)
	y[len(y)-1] &= 0x7f
	return slices.ContainsFunc(smallOrder, func(s []byte) bool { return slices.Equal(s, y) })
}
