package jwks_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/jwks"
)

func TestNewKey(t *testing.T) {
	tests := []struct {
		name      string
		key       any
		opts      *jwks.KeyOptions
		id        string // "" is not compared
		algorithm string
		canSign   bool
		verifier  crypto.PublicKey
	}{
		{"an RSA key pair, whose thumbprint is the one in RFC 7638, 3.1", rsaKey, nil,
			"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", "RS256", true, &rsaKey.PublicKey},
		{"an RSA public key", &rsaKey.PublicKey, nil, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", "RS256", false, &rsaKey.PublicKey},
		{"an RSA key for PSS", rsaKey, &jwks.KeyOptions{ID: "a", Algorithm: "PS384"}, "a", "PS384", true, &rsaKey.PublicKey},
		{"an RSA key that is not precomputed", &rsa.PrivateKey{PublicKey: rsaKey.PublicKey, D: rsaKey.D, Primes: rsaKey.Primes},
			nil, "", "RS256", true, &rsaKey.PublicKey},
		{"an RSA public key of 16384 bits", publicRSA(longModulus, 65537), nil, "", "RS256", false, publicRSA(longModulus, 65537)},
		{"a P-256 key pair", ecKey, nil, "", "ES256", true, &ecKey.PublicKey},
		{"a P-384 key pair", p384Key, &jwks.KeyOptions{Algorithm: "ES384"}, "", "ES384", true, &p384Key.PublicKey},
		{"a P-521 public key", &p521Key.PublicKey, nil, "", "ES512", false, &p521Key.PublicKey},
		{"an Ed25519 key pair, whose thumbprint is the one in RFC 8037, A.3", ed25519Key, nil,
			"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "EdDSA", true, ed25519Key.Public()},
		{"an Ed25519 public key", ed25519Key.Public(), nil, "", "EdDSA", false, ed25519Key.Public()},
		{"a pointer to an Ed25519 key, which is a signer", &ed25519Key, nil, "", "EdDSA", true, ed25519Key.Public()},
		{"a signer that holds its key elsewhere", remote{ecKey}, nil, "", "ES256", true, &ecKey.PublicKey},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, err := jwks.NewKey(tt.key, tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			if tt.id != "" && k.ID() != tt.id {
				t.Errorf("ID %q, want %q", k.ID(), tt.id)
			}
			if k.Algorithm() != tt.algorithm || k.CanSign() != tt.canSign {
				t.Errorf("algorithm %s, can sign %t; want %s, %t", k.Algorithm(), k.CanSign(), tt.algorithm, tt.canSign)
			}
			if got := verifierOf(k).(interface{ Equal(crypto.PublicKey) bool }); !got.Equal(tt.verifier) {
				t.Errorf("verification key %v, want %v", got, tt.verifier)
			}
		})
	}
}

// A badKey is what NewKey must refuse, and what the error says.
type badKey struct {
	name string
	key  any
	opts *jwks.KeyOptions
	want string
}

func TestNewKeyRefusesTypes(t *testing.T) {
	refuseKeys(t, []badKey{
		{"nil", nil, nil, "key of type <nil>"},
		{"a secret", secret, nil, "NewSecret takes secrets"},
		{"a string", "-----BEGIN PUBLIC KEY-----", nil, "NewSecret takes secrets"},
		{"an RSA key by value", rsaKey.PublicKey, nil, "rsa.PublicKey, which is not supported"},
	})
}

func TestNewKeyRefusesRSA(t *testing.T) {
	n, d, p, q := rsaKey.N, rsaKey.D, rsaKey.Primes[0], rsaKey.Primes[1]
	primes := func(p ...*big.Int) *rsa.PrivateKey {
		return &rsa.PrivateKey{PublicKey: rsaKey.PublicKey, D: d, Primes: p}
	}
	tooLarge := math.MaxInt32
	tooLarge += 2
	wrongCRT := primes(p, q)
	wrongCRT.Precomputed.Dp = big.NewInt(3)
	refuseKeys(t, []badKey{
		{"a nil RSA public key", (*rsa.PublicKey)(nil), nil, "without a modulus"},
		{"a nil RSA key pair", (*rsa.PrivateKey)(nil), nil, "incomplete"},
		{"an empty RSA public key", &rsa.PublicKey{}, nil, "without a modulus"},
		{"an empty RSA key pair", &rsa.PrivateKey{}, nil, "incomplete"},
		{"an RSA key pair with nil primes", primes(nil, nil), nil, "incomplete"},
		{"an RSA key pair with one prime", primes(p), nil, "incomplete"},
		{"an RSA key pair with three primes", primes(p, q, big.NewInt(3)), nil, "incomplete"},
		{"an RSA key pair with another's prime", primes(p, new(big.Int).Add(q, big.NewInt(2))), nil, "belong together"},
		{"an RSA key pair without a modulus", &rsa.PrivateKey{PublicKey: *publicRSA(nil, 65537), D: d, Primes: rsaKey.Primes}, nil, "modulus"},
		{"an RSA key pair with a wrong precomputed value", wrongCRT, nil, "belong together"},
		{"an RSA key pair whose first prime is none", ofComposite(true), nil, "belong together"},
		{"an RSA key pair whose second prime is none", ofComposite(false), nil, "belong together"},
		{"an RSA key of 2047 bits", publicRSA(bits(2047), 65537), nil, "2047 bits, which is not 2048 to 16384"},
		{"an RSA key of 16385 bits", publicRSA(bits(16385), 65537), nil, "16385 bits"},
		{"a negative RSA modulus", publicRSA(new(big.Int).Neg(n), 65537), nil, "without a modulus"},
		{"an even RSA modulus", publicRSA(new(big.Int).Sub(n, big.NewInt(1)), 65537), nil, "even modulus"},
		{"RSA exponent 0", publicRSA(n, 0), nil, "exponent"},
		{"RSA exponent 1", publicRSA(n, 1), nil, "exponent"},
		{"RSA exponent 3", publicRSA(n, 3), nil, "exponent"},
		{"RSA exponent 65536", publicRSA(n, 65536), nil, "exponent"},
		{"RSA exponent 65538", publicRSA(n, 65538), nil, "exponent"},
		{"an RSA exponent of 32 bits", publicRSA(n, tooLarge), nil, "exponent"},
		{"a negative RSA exponent", publicRSA(n, -65537), nil, "exponent"},
	})
}

func TestNewKeyRefusesEC(t *testing.T) {
	point := func(c elliptic.Curve, x, y *big.Int) *ecdsa.PublicKey { return &ecdsa.PublicKey{Curve: c, X: x, Y: y} }
	x, y, p256 := ecKey.X, ecKey.Y, elliptic.P256()
	offCurve := point(p256, x, new(big.Int).Add(y, big.NewInt(1)))
	refuseKeys(t, []badKey{
		{"a nil EC public key", (*ecdsa.PublicKey)(nil), nil, "without a point"},
		{"a nil EC key pair", (*ecdsa.PrivateKey)(nil), nil, "incomplete"},
		{"an empty EC public key", &ecdsa.PublicKey{}, nil, "without a point"},
		{"an EC key without a curve", &ecdsa.PublicKey{X: x, Y: y}, nil, "curve other than"},
		{"an EC key on a nil curve", point((*elliptic.CurveParams)(nil), x, y), nil, "curve other than"},
		{"an EC key on P-224", point(elliptic.P224(), x, y), nil, "curve other than"},
		{"an EC key without y", &ecdsa.PublicKey{Curve: p256, X: x}, nil, "without a point"},
		{"an EC key off the curve", offCurve, nil, "not on its curve"},
		{"an EC key with a negative coordinate", point(p256, new(big.Int).Neg(x), y), nil, "not on its curve"},
		{"the EC point at infinity", point(p256, new(big.Int), new(big.Int)), nil, "not on its curve"},
		{"an EC key pair without a scalar", &ecdsa.PrivateKey{PublicKey: ecKey.PublicKey}, nil, "incomplete"},
		{"an EC key pair with another's scalar", &ecdsa.PrivateKey{PublicKey: ecKey.PublicKey, D: big.NewInt(7)}, nil, "belong together"},
		{"an EC key pair with a scalar over the order", &ecdsa.PrivateKey{PublicKey: ecKey.PublicKey, D: bits(256)}, nil, "belong together"},
		{"an EC key pair off the curve", &ecdsa.PrivateKey{PublicKey: *offCurve, D: ecKey.D}, nil, "not on its curve"},
	})
}

func TestNewKeyRefusesEd25519(t *testing.T) {
	refuseKeys(t, []badKey{
		{"a nil Ed25519 public key", ed25519.PublicKey(nil), nil, "not 32 bytes"},
		{"an empty Ed25519 public key", ed25519.PublicKey{}, nil, "not 32 bytes"},
		{"an Ed25519 public key of zeroes", make(ed25519.PublicKey, 32), nil, "anyone can sign"},
		{"an empty Ed25519 key pair", ed25519.PrivateKey{}, nil, "incomplete"},
		{"an Ed25519 key pair with another's public half", append(ed25519Key[:32:32], make([]byte, 32)...), nil, "belong together"},
	})
}

func TestNewKeyRefusesSigners(t *testing.T) {
	refuseKeys(t, []badKey{
		{"a nil signer", (*remote)(nil), nil, "signer of type *jwks_test.remote that has no key"},
		{"a signer around nothing", remote{}, nil, "has no key"},
		{"a signer around a nil key pair", remote{(*rsa.PrivateKey)(nil)}, nil, "has no key"},
		{"a signer around an empty key pair", remote{ed25519.PrivateKey{}}, nil, "has no key"},
		{"a signer around a weak key", remote{rsaOf(1024)}, nil, "1024 bits"},
		{"a signer that is a secret", signerOf(must(jwks.Generate("HS256", nil))), nil, "key of type <nil>"},
	})
}

func TestNewKeyRefusesOptions(t *testing.T) {
	refuseKeys(t, []badKey{
		{"a P-256 key for ES512", ecKey, &jwks.KeyOptions{Algorithm: "ES512"}, "is for ES256"},
		{"a P-521 key for ES256", p521Key, &jwks.KeyOptions{Algorithm: "ES256"}, "is for ES512"},
		{"an RSA key for HS256", rsaKey, &jwks.KeyOptions{Algorithm: "HS256"}, "is for RS256, RS384"},
		{"an RSA key for none", rsaKey, &jwks.KeyOptions{Algorithm: "none"}, "is for RS256, RS384"},
		{"an Ed25519 key for ES256", ed25519Key, &jwks.KeyOptions{Algorithm: "ES256"}, "is for EdDSA"},
		{"an ID with a line break", ecKey, &jwks.KeyOptions{ID: "a\nb"}, "ID over 256 bytes, with control"},
		{"an ID that is not UTF-8", ecKey, &jwks.KeyOptions{ID: "\xff"}, "not UTF-8"},
		{"an ID of 257 bytes", ecKey, &jwks.KeyOptions{ID: strings.Repeat("a", 257)}, "over 256 bytes"},
	})
}

func refuseKeys(t *testing.T, tests []badKey) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			k, err := jwks.NewKey(tt.key, tt.opts)
			checkRefused(t, k, err, tt.want)
		})
	}
}

func checkRefused(t *testing.T, k *jwks.Key, err error, want string) {
	t.Helper()
	if err == nil {
		t.Fatalf("accepted as %v", k)
	}
	if k != nil {
		t.Error("a key beside the error")
	}
	if !strings.HasPrefix(err.Error(), "jwks: ") || strings.Count(err.Error(), "jwks: ") != 1 || !strings.Contains(err.Error(), want) {
		t.Errorf("error %q, want one of jwks with %q", err, want)
	}
}

func TestGenerate(t *testing.T) {
	for _, algorithm := range []string{"HS256", "HS384", "HS512", "RS256", "PS512", "ES256", "ES384", "ES512", "EdDSA"} {
		t.Run(algorithm, func(t *testing.T) {
			first, second := must(jwks.Generate(algorithm, nil)), must(jwks.Generate(algorithm, &jwks.KeyOptions{ID: "2", Algorithm: algorithm}))
			if first.Algorithm() != algorithm || !first.CanSign() || second.ID() != "2" {
				t.Errorf("made %v and %v", first, second)
			}
			if fmt.Sprint(verifierOf(first)) == fmt.Sprint(verifierOf(second)) {
				t.Error("the same key twice")
			}
		})
	}
	k, err := jwks.Generate("none", nil)
	checkRefused(t, k, err, `algorithm "none", which is not supported`)
	k, err = jwks.Generate("ES256", &jwks.KeyOptions{Algorithm: "ES384"})
	checkRefused(t, k, err, "another algorithm")
}

// A key keeps nothing of what it was made from.
func TestKeyIsACopy(t *testing.T) {
	private := must(jwks.ParseJWK(rsaJWK))
	pair := signerOf(private).(*rsa.PrivateKey)
	own := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Set(pair.N), E: pair.E}, D: new(big.Int).Set(pair.D),
		Primes: []*big.Int{new(big.Int).Set(pair.Primes[0]), new(big.Int).Set(pair.Primes[1])}}
	seed, bytes := ed25519.NewKeyFromSeed(secret[:32]), append([]byte(nil), secret...)
	public := seed.Public().(ed25519.PublicKey)
	keys := []*jwks.Key{
		must(jwks.NewKey(own, nil)),
		must(jwks.NewKey(seed, nil)),
		must(jwks.NewKey(public, nil)),
		must(jwks.NewSecret(bytes, &jwks.KeyOptions{Algorithm: "HS256"})),
	}
	state := func() string {
		return fmt.Sprint(verifierOf(keys[0]), verifierOf(keys[1]), verifierOf(keys[2]), verifierOf(keys[3]),
			signerOf(keys[0]).(*rsa.PrivateKey).Primes, signerOf(keys[1]))
	}
	before := state()
	own.N.SetInt64(0)
	own.D.SetInt64(0)
	own.Primes[0].SetInt64(0)
	clear(seed)
	clear(public)
	clear(bytes)
	if after := state(); before != after {
		t.Errorf("keys changed from\n%s\nto\n%s", before, after)
	}
	if _, err := signerOf(keys[0]).Sign(nil, make([]byte, 32), crypto.SHA256); err != nil {
		t.Error(err)
	}
}

// printed returns all that fmt, log/slog and encoding/json make of a value.
func printed(v any) string {
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b", "%c", "%U", "%T", "% 9.3x"} {
		fmt.Fprintf(&out, verb+"\n", v)
	}
	fmt.Fprintf(&out, "%s\n", must(json.Marshal(v)))
	slog.New(slog.NewTextHandler(&out, nil)).Info("text", "key", v)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "key", v)
	return out.String()
}

// However a key or something that holds one is printed, logged or encoded, nothing of it comes out.
func TestKeyRedactsItself(t *testing.T) {
	for _, algorithm := range []string{"HS256", "RS256", "ES256", "EdDSA"} {
		t.Run(algorithm, func(t *testing.T) {
			k := must(jwks.Generate(algorithm, &jwks.KeyOptions{ID: "id-1"}))
			set := must(jwks.NewSet(k))
			var out bytes.Buffer
			holders := []any{k, *k, []any{k, *k}, struct{ K *jwks.Key }{k}, struct{ K jwks.Key }{*k}, struct{ k *jwks.Key }{k},
				struct{ k jwks.Key }{*k}, []struct{ k []jwks.Key }{{[]jwks.Key{*k}}}, map[string]jwks.Key{"k": *k}, set, *set, struct{ s jwks.Set }{*set}}
			for _, holder := range holders {
				out.WriteString(printed(holder))
			}
			if algorithm == "HS256" {
				fmt.Fprintf(&out, "%v %+v %#v", signerOf(k), signerOf(k), signerOf(k)) // others are the standard library's
			}
			for _, needle := range needles(k) {
				if strings.Contains(out.String(), needle) {
					t.Errorf("%q came out", needle)
				}
			}
			if got, want := fmt.Sprint(k), algorithm+` key "id-1"`; got != want {
				t.Errorf("printed %s, want %s", got, want)
			}
		})
	}
}

func TestKeyPrints(t *testing.T) {
	k := named(ecKey, "a", "")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
		if got := fmt.Sprintf(verb+verb, k, *k); got != `ES256 key "a"ES256 key "a"` {
			t.Errorf("%s: %s", verb, got)
		}
	}
	if got := k.LogValue().String(); got != `ES256 key "a"` {
		t.Errorf("logged %s", got)
	}
	unnamed := must(jwks.NewSecret(secret, &jwks.KeyOptions{Algorithm: "HS512"}))
	if got := fmt.Sprintf("%v, %v, %v", unnamed, jwks.Key{}, (*jwks.Key)(nil)); got != "HS512 key, no key, <nil>" {
		t.Error(got)
	}
}
