package jwtx_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/jwtx"
)

// unsigned returns a token with an algorithm and nothing behind the last dot.
func unsigned(alg string) string {
	return b64(head("HS256", "alg", strconv.Quote(alg))) + "." + b64(claims()) + "."
}

// lastOf returns the signature of a token.
func lastOf(token string) string { return token[strings.LastIndexByte(token, '.')+1:] }

func algNone(t *testing.T) {
	refused(t, map[string]string{
		"none":             unsigned("none"),
		"none without typ": b64(`{"alg":"none"}`) + "." + b64(claims()) + ".",
		"none without kid": b64(head("none", "kid", "")) + "." + b64(claims()) + ".",
	})
}

func algNoneSpelledOtherwise(t *testing.T) {
	tokens := map[string]string{}
	for _, alg := range []string{"None", "NONE", "nOnE", " none", "none ", "none\u00a0", "n\u00f6ne", "hs256", "Hs256", "HS256 ",
		"eddsa", "EDDSA"} {
		tokens[alg] = unsigned(alg)
		tokens[alg+", signed"] = hs256Head(head("HS256", "alg", strconv.Quote(alg)))
		tokens[alg+", signed by a pair"] = forge("EdDSA", head("EdDSA", "alg", strconv.Quote(alg)), claims())
	}
	refused(t, tokens)
}

func algNotAString(t *testing.T) {
	all := map[string]string{}
	for _, alg := range []string{`""`, `null`, `0`, `true`, `{}`, `["none"]`, `["HS256"]`, `{"HS256":1}`, ""} {
		all["alg is "+alg] = head("HS256", "alg", alg)
	}
	refused(t, headers(all))
}

func algNoneWithSignature(t *testing.T) {
	refused(t, map[string]string{
		"a MAC":              unsigned("none") + lastOf(hs256(claims())),
		"a signature":        unsigned("none") + lastOf(forge("EdDSA", head("EdDSA"), claims())),
		"a MAC over all":     hs256Head(head("none")),
		"a MAC, kid of HMAC": hs256Head(head("HS256", "alg", `"none"`)),
	})
}

func algUnknown(t *testing.T) {
	tokens := map[string]string{}
	for _, alg := range []string{"ZZ999", "HS1", "HS257", "ES256K", "RSA-OAEP", "dir", "A128KW", "Ed25519", "ML-DSA-65"} {
		tokens[alg] = unsigned(alg)
		tokens[alg+", signed"] = hs256Head(head("HS256", "alg", strconv.Quote(alg)))
	}
	refused(t, tokens)
}

func signatureEmpty(t *testing.T) {
	tokens := map[string]string{}
	for _, alg := range append(secretAlgs, pairAlgs...) {
		tokens[alg] = b64(head(alg)) + "." + b64(claims()) + "."
		tokens[alg+", zeroes"] = tokens[alg] + b64(strings.Repeat("\x00", 64))
	}
	refused(t, tokens)
}

// macWith returns tokens that are MACed with something that is no secret.
func macWith(keys map[string][]byte) map[string]string {
	tokens := map[string]string{}
	for name, key := range keys {
		for _, alg := range secretAlgs {
			for _, kid := range pairAlgs {
				input := b64(head(alg, "kid", strconv.Quote(kid))) + "." + b64(claims())
				tokens[name+", "+alg+", "+kid] = signed(alg, input, key)
			}
		}
	}
	return tokens
}

func publicPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(&rsaKey.PublicKey))})
}

func publicPEMAsSecret(t *testing.T) { refused(t, macWith(map[string][]byte{"PEM": publicPEM()})) }

func publicKeyAsSecret(t *testing.T) {
	text := publicPEM()
	n := base64.RawURLEncoding.EncodeToString(rsaKey.N.Bytes())
	refused(t, macWith(map[string][]byte{
		"PEM minus newline":      text[:len(text)-1],
		"PEM with leading space": append([]byte(" "), text...),
		"DER":                    must(x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)),
		"PKCS #1 DER":            x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey),
		"JWK":                    fmt.Appendf(nil, `{"kty":"RSA","n":%q,"e":"AQAB"}`, n),
		"modulus":                rsaKey.N.Bytes(),
		"Ed25519":                ed25519Key[32:],
	}))
}

func otherFamily(t *testing.T) {
	tokens := map[string]string{}
	for _, alg := range append(secretAlgs, pairAlgs...) {
		for _, claimed := range append(secretAlgs, pairAlgs...) {
			tokens[claimed+" by the key of "+alg] = forge(alg, head(claimed, "kid", strconv.Quote(alg)), claims())
			tokens[claimed+" signed with "+alg] = forge(alg, head(claimed), claims())
		}
		delete(tokens, alg+" by the key of "+alg)
		delete(tokens, alg+" signed with "+alg)
	}
	refused(t, tokens)
	only := must(jwtx.NewVerifier(jwtx.Config{
		Issuer: issuer, Audience: []string{audience}, Algorithms: []string{"HS256"}, Kinds: []jwtx.Kind{jwtx.Access}, Keys: secrets,
	}))
	for _, alg := range append(secretAlgs[1:], pairAlgs...) {
		token := forge(alg, head(alg), claims())
		checkVisit(t, alg+" where only HS256 is accepted", token, knock(only, token), invalidToken)
	}
}

// es256 returns a good token but for its signature.
func es256(signature []byte) string {
	return b64(head("ES256")) + "." + b64(claims()) + "." + b64(string(signature))
}

func ecdsaEdges(t *testing.T) {
	n := p256Key.Params().N
	zero, one := big.NewInt(0), big.NewInt(1)
	less := new(big.Int).Sub(n, one)
	more := new(big.Int).Add(n, one)
	most := new(big.Int).Sub(new(big.Int).Lsh(one, 256), one)
	tokens := map[string]string{}
	for _, r := range []*big.Int{zero, one, less, n, more, p256Key.Params().P, most} {
		for _, s := range []*big.Int{zero, one, less, n, more, most} {
			flat := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
			tokens[fmt.Sprintf("%x", flat)] = es256(flat)
		}
	}
	refused(t, tokens)
}
