package token_test

import (
	"math/bits"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth/token"
)

// TestAttack runs the known attacks on opaque tokens, by the IDs of the project's list.
func TestAttack(t *testing.T) {
	for id, attack := range map[string]func(t *testing.T){
		"P001": wrongByte,
		"P002": otherLength,
		"P003": sharedPrefix,
		"P014": hugeToken,
		"P015": emptyToken,
		"P017": plainText,
		"P022": partOfToken,
		"S019": manyIDs,
	} {
		t.Run(id, attack)
	}
}

// wrongByte: tokens are compared by their digests, in which one wrong byte anywhere changes everything, and the digests in
// constant time. So there is nothing to learn from how long it takes.
func wrongByte(t *testing.T) {
	for _, v := range vectors {
		stored := token.Sum(v.Token)
		for i := range len(v.Token) {
			wrong := []byte(v.Token)
			wrong[i] ^= 1
			got := token.Sum(string(wrong))
			check(t, stored.Equal(got), false)
			differ := 0
			for j := range got {
				differ += bits.OnesCount8(got[j] ^ stored[j])
			}
			check(t, 70 < differ && differ < 186, true) // about half of 256 bits
		}
	}
}

func otherLength(t *testing.T) {
	for _, v := range vectors {
		for _, other := range []string{v.Token[:len(v.Token)-1], v.Token + "a", v.Token[1:], "", v.Token + v.Token} {
			_, err := v.codec().Parse(other)
			check(t, err, token.ErrMalformed)
			check(t, token.Sum(v.Token).Equal(token.Sum(other)), false)
		}
	}
}

// sharedPrefix: what is looked up is the whole ID, so two tokens that begin alike are never taken for each other.
func sharedPrefix(t *testing.T) {
	codec := must(token.NewCodec("sk"))
	ids := []string{"aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaab", "aaaaaaaaaaaaaaaaaaaaaaaa"}
	for _, id := range ids {
		check(t, must(codec.Parse(codec.New(id).Reveal())), id)
	}
}

func hugeToken(t *testing.T) {
	v := vectors[0]
	for _, text := range []string{v.Token + strings.Repeat("a", 10<<10), "sk_" + strings.Repeat("a", 1<<20), "sk_" + strings.Repeat("_", 1<<20), "sk_" + v.ID + "_" + strings.Repeat("a", 1<<20)} {
		allocs := testing.AllocsPerRun(1, func() { _, _ = v.codec().Parse(text) })
		check(t, allocs <= 1, true)
		_, err := v.codec().Parse(text)
		check(t, err, token.ErrMalformed)
	}
}

func emptyToken(t *testing.T) {
	_, err := must(token.NewCodec("sk")).Parse("")
	check(t, err, token.ErrMalformed)
	var none token.Digest // of a record that has none
	for _, text := range []string{"", "\x00", string(none[:])} {
		check(t, none.Equal(token.Sum(text)), false)
	}
	check(t, none.Equal(none), false)
}

// plainText: a digest has nothing of the text.
func plainText(t *testing.T) {
	for _, v := range vectors {
		raw, d := secretOf(v.Token), token.Sum(v.Token)
		check(t, strings.Contains(string(d[:]), string(raw[:4])), false)
	}
}

// partOfToken: the digest is of all of the token, prefix and ID included.
func partOfToken(t *testing.T) {
	seen := map[token.Digest]string{}
	for _, v := range vectors {
		for i := range len(v.Token) {
			for _, part := range []string{v.Token[:i], v.Token[i:]} {
				before, ok := seen[token.Sum(part)]
				check(t, !ok || before == part, true)
				seen[token.Sum(part)] = part
			}
		}
	}
}

// manyIDs also counts the bits of the secrets: each is set in about half of them, so none is fixed.
func manyIDs(t *testing.T) {
	codec := must(token.NewCodec("sk"))
	ids := map[string]bool{}
	for range 100_000 {
		ids[token.NewID()] = true
	}
	check(t, len(ids), 100_000)
	var set [256]int
	const n = 4000
	for range n {
		raw := secretOf(codec.New("aaaaaaaaaaaaaaaa").Reveal())
		for bit := range set {
			set[bit] += int(raw[bit/8] >> (bit % 8) & 1)
		}
	}
	for bit := range set {
		check(t, n*4/10 < set[bit] && set[bit] < n*6/10, true) // twelve standard deviations
	}
}
