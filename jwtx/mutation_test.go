package jwtx_test

import (
	"context"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
)

// A good token with one character changed, added or left out is refused, also by verifiers that remember the good one and
// its header, and each time for one of the reasons.
func TestMutations(t *testing.T) {
	c := secretConfig()
	plain := must(jwtx.NewVerifier(c))
	c.CacheSize = 3
	caching := must(jwtx.NewVerifier(c))
	token := hs256(claims())
	for name, v := range map[string]auth.TokenVerifier{
		"verifier": plain, "cache": caching, "issuers": must(jwtx.NewIssuers(caching)),
	} {
		t.Run(name, func(t *testing.T) {
			must(v.VerifyToken(t.Context(), auth.Credential{Token: token}))
			for i, ch := range []byte(token) {
				before, after := token[:i], token[i+1:]
				checkRefused(t, v, before+after)
				for _, other := range []byte{ch ^ 1, ch ^ 0x20, 0, '\n', '\r', '.', '=', 'A', '_', 0xff} {
					if other != ch {
						checkRefused(t, v, before+string([]byte{other})+after)
					}
					checkRefused(t, v, before+string([]byte{other})+token[i:])
				}
			}
		})
	}
}

func checkRefused(t *testing.T, v auth.TokenVerifier, token string) {
	t.Helper()
	ac, err := v.VerifyToken(t.Context(), auth.Credential{Token: token})
	if ac != nil || jwtx.ReasonOf(err) == "" {
		t.Fatalf("%q: %v, %v", token, ac, err)
	}
}

// Of ECDSA each signature has a twin. That makes two tokens, but neither lives longer than the other.
func TestTwins(t *testing.T) {
	revoked := false
	c := pairConfig()
	c.CacheSize = 100
	c.Revoked = func(_ context.Context, r jwtx.Revocable) (bool, error) { return revoked && r.ID == "t1", nil }
	v, token := must(jwtx.NewVerifier(c)), forge("ES256", head("ES256"), claims())
	for range 2 {
		for _, spelling := range []string{token, twinOf(token)} {
			if _, err := verify(v, spelling); (err != nil) != revoked {
				t.Errorf("%v, revoked is %v", err, revoked)
			}
		}
		revoked = true
	}
}

// twinOf returns an ES256 token with the other signature, whose S is negative.
func twinOf(token string) string {
	end := strings.LastIndexByte(token, '.') + 1
	signature := must(strict(token[end:]))
	s := new(big.Int).SetBytes(signature[32:])
	s.Sub(p256Key.Params().N, s).FillBytes(signature[32:])
	return token[:end] + base64.RawURLEncoding.EncodeToString(signature)
}

// A header that was remembered with a good signature vouches for no other, and more of them than are remembered do no harm.
func TestRememberedHeaders(t *testing.T) {
	v, other := verifierWith(), verifierWith(kinds(jwtx.Plain))
	for i := range 100 {
		header := head("HS256", "x", strings.Repeat("1", i+1))
		must(verify(v, forge("HS256", header, claims())))
		input := b64(header) + "." + b64(claims())
		if _, err := verify(v, signed("HS256", input, []byte("another secret"))); jwtx.ReasonOf(err) != jwtx.ReasonSignature {
			t.Fatalf("another secret: %v", err)
		}
		if _, err := verify(other, forge("HS256", header, claims())); jwtx.ReasonOf(err) != jwtx.ReasonKind {
			t.Fatalf("another kind: %v", err)
		}
	}
}
