//go:build !race

package token_test

import (
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth/token"
)

// To read a token, or to turn junk away, allocates nothing.
func TestAllocationBudget(t *testing.T) {
	v := vectors[0]
	codec, digest := v.codec(), token.Sum(v.Token)
	for _, text := range []string{v.Token, v.Token[:len(v.Token)-1] + "a", "", "sk_" + strings.Repeat("a", 10000), "eyJhbGciOiJIUzI1NiJ9.e30.x"} {
		got := testing.AllocsPerRun(100, func() {
			_, _ = codec.Parse(text)
			codec.Recognizes(text)
			_ = token.IsID(text)
			digest.Equal(digest)
		})
		check(t, got, 0)
	}
	check(t, testing.AllocsPerRun(100, func() { digest.Equal(token.Sum(v.Token)) }), 0)
}
