package jwtx_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/countersign-go/countersign/jwtx"
)

// A sourceFunc is a KeySource of a test.
type sourceFunc func(ctx context.Context, iss, alg, kid string) (crypto.PublicKey, error)

func (f sourceFunc) VerificationKey(ctx context.Context, iss, alg, kid string) (crypto.PublicKey, error) {
	return f(ctx, iss, alg, kid)
}

// always returns the source that has one answer.
func always(key crypto.PublicKey, err error) jwtx.KeySource {
	return sourceFunc(func(context.Context, string, string, string) (crypto.PublicKey, error) { return key, err })
}

// verifierOf returns the verifier of one algorithm with keys from a source.
func verifierOf(alg string, keys jwtx.KeySource) *jwtx.Verifier {
	return verifierWith(func(c *jwtx.Config) { c.Algorithms, c.Keys = []string{alg}, keys })
}

func otherCurve(t *testing.T) {
	input := b64(head("ES512")) + "." + b64(claims())
	digest := sha512.Sum512([]byte(input))
	for name, key := range map[string]*ecdsa.PrivateKey{"P-256": p256Key, "P-384": p384Key} {
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		token := input + "." + b64(string(append(r.FillBytes(make([]byte, 66)), s.FillBytes(make([]byte, 66))...)))
		checkVisit(t, name, token, knock(verifierOf("ES512", always(&key.PublicKey, nil)), token), invalidToken)
	}
}

func ecdsaLengths(t *testing.T) {
	digest := sha256.Sum256([]byte(b64(head("ES256")) + "." + b64(claims())))
	r, s, err := ecdsa.Sign(rand.Reader, p256Key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	flat := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	token := es256(flat)
	checkVisit(t, "control", token, knock(verifierOf("ES256", pairs), token), passes)
	refused(t, map[string]string{
		"DER":          es256(must(ecdsa.SignASN1(rand.Reader, p256Key, digest[:]))),
		"63 bytes":     es256(flat[:63]),
		"65 bytes":     es256(append(slices.Clone(flat), 0)),
		"65 in front":  es256(append([]byte{0}, flat...)),
		"128 bytes":    es256(append(slices.Clone(flat), flat...)),
		"66 and 66":    es256(append(r.FillBytes(make([]byte, 66)), s.FillBytes(make([]byte, 66))...)),
		"half":         es256(flat[:32]),
		"swapped":      es256(append(slices.Clone(flat[32:]), flat[:32]...)),
		"one bit less": es256(append(slices.Clone(flat[:63]), flat[63]^1)),
	})
}

func weakRSA(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	for _, tt := range []struct {
		alg  string
		bits int
	}{{"RS256", 512}, {"RS256", 1024}, {"PS256", 1024}} {
		key := must(rsa.GenerateKey(rand.Reader, tt.bits))
		token := signed(tt.alg, b64(head(tt.alg))+"."+b64(claims()), key)
		got := knock(verifierOf(tt.alg, always(&key.PublicKey, nil)), token)
		checkVisit(t, fmt.Sprint(tt), token, got, invalidToken)
	}
}

// A salt has the length of the digest (RFC 7518, section 3.5).
func TestSaltLength(t *testing.T) {
	for alg, hash := range map[string]crypto.Hash{"PS256": crypto.SHA256, "PS384": crypto.SHA384, "PS512": crypto.SHA512} {
		input := b64(head(alg)) + "." + b64(claims())
		digest := hash.New()
		digest.Write([]byte(input))
		for salt, want := range map[int]outcome{
			1: invalidToken, 20: invalidToken, hash.Size() - 1: invalidToken, hash.Size(): passes, hash.Size() + 1: invalidToken,
			rsa.PSSSaltLengthAuto: invalidToken, // the longest
		} {
			signature := must(rsa.SignPSS(rand.Reader, rsaKey, hash, digest.Sum(nil), &rsa.PSSOptions{SaltLength: salt}))
			token := input + "." + b64(string(signature))
			checkVisit(t, fmt.Sprint(alg, " with a salt of ", salt), token, knock(verifierOf(alg, pairs), token), want)
		}
	}
}

// A key of a small exponent is refused, though the signature is right.
func TestSmallExponent(t *testing.T) {
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(rsaKey.Primes[0], one), new(big.Int).Sub(rsaKey.Primes[1], one))
	for e, want := range map[int]outcome{17: invalidToken, 257: invalidToken, 65537: passes} {
		d := new(big.Int).ModInverse(big.NewInt(int64(e)), phi)
		key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: rsaKey.N, E: e}, D: d, Primes: rsaKey.Primes}
		token := signed("RS256", b64(head("RS256"))+"."+b64(claims()), key)
		got := knock(verifierOf("RS256", always(&key.PublicKey, nil)), token)
		checkVisit(t, fmt.Sprint("exponent ", e), token, got, want)
	}
}

func shortSecret(t *testing.T) {
	for alg, size := range map[string]int{"HS256": 32, "HS384": 48, "HS512": 64} {
		for short, want := range map[int]outcome{0: invalidToken, 1: invalidToken, size - 1: invalidToken, size: passes} {
			token := signed(alg, b64(head(alg))+"."+b64(claims()), secret[:short])
			got := knock(verifierOf(alg, always(secret[:short], nil)), token)
			checkVisit(t, fmt.Sprint(alg, " with ", short, " bytes"), token, got, want)
		}
	}
}

// rs256 returns a good token but for its signature, and opensTo the signature that opens to something.
func rs256(signature []byte) string {
	return b64(head("RS256")) + "." + b64(claims()) + "." + b64(string(signature))
}

func opensTo(encoded []byte) []byte {
	s := new(big.Int).Exp(new(big.Int).SetBytes(encoded), rsaKey.D, rsaKey.N)
	return s.FillBytes(make([]byte, rsaKey.Size()))
}

// rsaPadding signs everything that looks nearly like PKCS #1 v1.5.
func rsaPadding(t *testing.T) {
	digest := sha256.Sum256([]byte(b64(head("RS256")) + "." + b64(claims())))
	oid := "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01" // SHA-256
	info := "\x30\x31\x30\x0d" + oid + "\x05\x00\x04\x20" + string(digest[:])
	pad := func(info string) []byte {
		return slices.Concat([]byte{0, 1}, bytes.Repeat([]byte{0xff}, rsaKey.Size()-3-len(info)), []byte{0}, []byte(info))
	}
	// short has less padding, and what fills the room behind.
	short := func(padding int, info string) []byte {
		em := slices.Concat([]byte{0, 1}, bytes.Repeat([]byte{0xff}, padding), []byte{0}, []byte(info))
		return append(em, bytes.Repeat([]byte{0xab}, rsaKey.Size()-len(em))...)
	}
	good := pad(info)
	token := rs256(opensTo(good))
	checkVisit(t, "control", token, knock(verifierOf("RS256", pairs), token), passes)

	tokens := map[string]string{
		"8 bytes of padding":        rs256(opensTo(short(8, info))),
		"no padding":                rs256(opensTo(short(0, info))),
		"garbage behind":            rs256(opensTo(short(100, info))),
		"no NULL":                   rs256(opensTo(pad("\x30\x2f\x30\x0b" + oid + "\x04\x20" + string(digest[:])))),
		"garbage in the NULL":       rs256(opensTo(pad("\x30\x33\x30\x0f" + oid + "\x05\x02ab\x04\x20" + string(digest[:])))),
		"garbage in the sequence":   rs256(opensTo(pad("\x30\x33" + info[2:] + "\x05\x00"))),
		"long form of a length":     rs256(opensTo(pad("\x30\x81\x31" + info[2:]))),
		"long form of the digest":   rs256(opensTo(pad("\x30\x32\x30\x0d" + oid + "\x05\x00\x04\x81\x20" + string(digest[:])))),
		"OID of SHA-384":            rs256(opensTo(pad(info[:14] + "\x02" + info[15:]))),
		"OID of SHA-1":              rs256(opensTo(pad("\x30\x2d\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x20" + string(digest[:])))),
		"digest without DigestInfo": rs256(opensTo(pad(string(digest[:])))),
		"digest cut short":          rs256(opensTo(pad(info[:len(info)-1]))),
		"digest twice":              rs256(opensTo(pad(info + string(digest[:])))),
		"zero":                      rs256(make([]byte, 256)),
		"one":                       rs256(append(make([]byte, 255), 1)),
		"minus one":                 rs256(new(big.Int).Sub(rsaKey.N, big.NewInt(1)).Bytes()),
		"the modulus":               rs256(rsaKey.N.Bytes()),
		"a zero in front":           rs256(append([]byte{0}, opensTo(good)...)),
		"a zero behind":             rs256(append(opensTo(good), 0)),
		"the modulus more":          rs256(new(big.Int).Add(rsaKey.N, new(big.Int).SetBytes(opensTo(good))).Bytes()),
	}
	for _, i := range []int{0, 1, 2, 3, 4, 9, 10, 50, 100, 150, 200, 202, 203, 204, 205, 206, 208, 210, 219, 221, 222, 223, 224, 240, 255} {
		em := slices.Clone(good)
		em[i] ^= 0x02 // of the first byte, what does not exceed the modulus
		tokens[fmt.Sprint("byte ", i)] = rs256(opensTo(em))
	}
	refused(t, tokens)
}
