package jwtx_test

import (
	"context"
	"crypto"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
)

// A pssGroup is some signatures with the key and the parameters that they are for.
type pssGroup struct {
	Hash         string `json:"sha"`
	Mask         string `json:"mgf"`
	MaskHash     string `json:"mgfSha"`
	SaltLength   int    `json:"sLen"`
	PublicKeyPEM string
	Tests        []struct {
		ID        int `json:"tcId"`
		Comment   string
		Message   string `json:"msg"`
		Signature string `json:"sig"`
		Result    string
	}
}

// pssCases are the signatures in all files, each of them verified with each algorithm.
const pssCases = 2406

// pssHashes are the algorithms with the hash of each: of the message and in MGF1, and as long as the salt (RFC 7518,
// section 3.5).
var pssHashes = map[string]crypto.Hash{"PS256": crypto.SHA256, "PS384": crypto.SHA384, "PS512": crypto.SHA512}

// pssCorrected are the signatures labelled as bad because their salt is not as long as the others' of the file, which is
// right for an algorithm all the same.
var pssCorrected = map[string]string{
	"rsa_pss_2048_sha256_mgf1_0_test.json 69": "PS256", // 32 bytes, where the others have none
}

// TestWycheproofPSS holds PS256, PS384 and PS512 against Wycheproof's vectors for RSASSA-PSS. A signature with other
// parameters than the algorithm's is refused, though it is labelled as good: golang-jwt would take a salt of any length.
func TestWycheproofPSS(t *testing.T) {
	vectors, cases := wycheproof(t), 0
	for _, file := range must(fs.Glob(vectors, "rsa_pss_*_test.json")) {
		if strings.HasSuffix(file, "_params_test.json") {
			continue // keys that name their own parameters, which no key of ours does
		}
		var content struct{ TestGroups []pssGroup }
		readVectors(t, vectors, file, &content)
		for _, group := range content.TestGroups {
			cases += len(group.Tests)
		}
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			accepted := map[string]int{}
			for _, group := range content.TestGroups {
				for alg, hash := range pssHashes {
					accepted[alg] += group.accepted(t, file, alg, hash)
				}
			}
			t.Log("accepted:", accepted)
		})
	}
	t.Log(cases, "signatures")
	if cases != pssCases {
		t.Errorf("%d signatures, want %d", cases, pssCases)
	}
}

// accepted returns how many signatures of a group an algorithm accepts. It fails if they are others than should be.
func (g pssGroup) accepted(t *testing.T, file, alg string, hash crypto.Hash) (accepted int) {
	t.Helper()
	k := must(jwks.ParsePEM([]byte(g.PublicKeyPEM), &jwks.KeyOptions{Algorithm: alg}))
	key := must(must(jwks.NewSet(k)).VerificationKey(context.Background(), issuer, alg, k.ID()))
	fits := g.Mask == "MGF1" && g.Hash == hash.String() && g.MaskHash == hash.String() && g.SaltLength == hash.Size()
	for _, c := range g.Tests {
		message, signature := must(hex.DecodeString(c.Message)), must(hex.DecodeString(c.Signature))
		got := jwtx.VerifySignature(alg, string(message), signature, key) == nil
		if got {
			accepted++
		}
		name := fmt.Sprint(file, " ", c.ID)
		if want := fits && c.Result == "valid" || pssCorrected[name] == alg; got != want {
			t.Errorf("%s, %s, by %s: accepted: %t, want %t", name, c.Comment, alg, got, want)
		}
	}
	return accepted
}
