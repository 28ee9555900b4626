package jwks

import (
	"encoding/hex"
	"math/big"
	"slices"
	"sync"
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

// smallPrimes returns the product of the odd primes below 1000.
var smallPrimes = sync.OnceValue(func() *big.Int {
	product := big.NewInt(1)
	for n := int64(3); n < 1000; n += 2 {
		if prime := big.NewInt(n); prime.ProbablyPrime(0) {
			product.Mul(product, prime)
		}
	}
	return product
})

// hasSmallFactor reports whether an odd modulus is divisible by a small prime, as one that was damaged often is.
func hasSmallFactor(n *big.Int) bool {
	return new(big.Int).GCD(nil, nil, n, smallPrimes()).Cmp(big.NewInt(1)) != 0
}

// fermatRounds is how far isFermat searches. The keys that printers made (CVE-2022-26320) were found in one round.
const fermatRounds = 20

// isFermat reports whether an odd modulus is the product of two numbers so close together, or the square of one, that
// Fermat's method finds them: n = a² - b², with a just above the root of n.
func isFermat(n *big.Int) bool {
	a := new(big.Int).Sqrt(n)
	if new(big.Int).Mul(a, a).Cmp(n) == 0 {
		return true
	}
	b2, root := new(big.Int), new(big.Int)
	for range fermatRounds {
		a.Add(a, big.NewInt(1))
		b2.Sub(b2.Mul(a, a), n)
		root.Sqrt(b2)
		if root.Mul(root, root).Cmp(b2) == 0 {
			return true
		}
	}
	return false
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

// isOnEdwards25519 reports whether y, without the sign of its x, is the coordinate of a point of Ed25519: whether the x²
// that belongs to it, (y²-1)/(dy²+1) (RFC 8032, section 5.1.3), is a square. A fraction is one if the product of its
// halves is, and this one's lower half is never 0.
func isOnEdwards25519(key []byte) bool {
	y := slices.Clone(key)
	y[len(y)-1] &= 0x7f
	slices.Reverse(y)
	y2 := new(big.Int).SetBytes(y)
	y2.Mul(y2, y2)
	upper := new(big.Int).Sub(y2, big.NewInt(1))
	lower := new(big.Int).Mul(y2, edwardsD)
	lower.Add(lower, big.NewInt(1))
	product := upper.Mul(upper, lower)
	return big.Jacobi(product.Mod(product, edwardsP), edwardsP) >= 0
}

// The prime of Ed25519's field, and the d of its curve (RFC 8032, section 5.1).
var (
	edwardsP = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	edwardsD = func() *big.Int { // -121665/121666
		d := new(big.Int).ModInverse(big.NewInt(121666), edwardsP)
		return d.Mod(d.Mul(d, big.NewInt(-121665)), edwardsP)
	}()
)
