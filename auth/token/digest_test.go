package token_test

import (
	"crypto/sha256"
	"encoding/json"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth/token"
)

func TestDigestEqual(t *testing.T) {
	d := token.Sum("a")
	first, last := d, d
	first[0] ^= 1
	last[31] ^= 0x80
	almostZero := token.Digest{31: 1}
	tests := []struct {
		name string
		a, b token.Digest
		want bool
	}{
		{"the same", d, token.Sum("a"), true},
		{"another", d, token.Sum("b"), false},
		{"the first bit differs", d, first, false},
		{"the last bit differs", d, last, false},
		{"zero and another", token.Digest{}, d, false},
		{"zero and zero", token.Digest{}, token.Digest{}, false},
		{"zero and what is almost zero", token.Digest{}, almostZero, false},
		{"almost zero", almostZero, almostZero, true},
		{"of nothing, which is a digest like any other", token.Sum(""), token.Sum(""), true},
		{"zero and that of nothing", token.Digest{}, token.Sum(""), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, tt.a.Equal(tt.b), tt.want)
			check(t, tt.b.Equal(tt.a), tt.want)
		})
	}
}

// Sum is SHA-256 of the whole text, however long it is.
func TestSum(t *testing.T) {
	for _, size := range []int{0, 1, 80, 255, 256, 257, 1 << 20} {
		text := strings.Repeat("a", size)
		check(t, token.Sum(text), token.Digest(sha256.Sum256([]byte(text))))
		check(t, token.NewSecret(text).Digest(), token.Sum(text))
	}
}

// A digest can be kept in JSON and comes back the same.
func TestDigestJSON(t *testing.T) {
	var d token.Digest
	check(t, json.Unmarshal(must(json.Marshal(token.Sum("a"))), &d), nil)
	check(t, d, token.Sum("a"))
}
