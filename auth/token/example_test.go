package token_test

import (
	"fmt"
	"strings"

	"github.com/countersign-go/countersign/auth/token"
)

func Example() {
	codec, err := token.NewCodec("sk")
	if err != nil {
		panic(err)
	}
	stored := map[string]token.Digest{}

	// Issue: the owner sees the text once, the store keeps the digest.
	id := token.NewID()
	secret := codec.New(id)
	stored[id] = secret.Digest()
	received := secret.Reveal()

	// Verify: junk is turned away before the store is asked.
	parsed, err := codec.Parse(received)
	fmt.Println(parsed == id, err, stored[parsed].Equal(token.Sum(received)))
	_, err = codec.Parse(strings.ToUpper(received))
	fmt.Println(err)
	// Output:
	// true <nil> true
	// token: malformed
}

func ExampleNewCodec() {
	_, err := token.NewCodec("sk_live")
	fmt.Println(err)
	_, err = token.NewCodec("sk-live")
	fmt.Println(err)
	// Output:
	// <nil>
	// token: prefix "sk-live"
}

func ExampleCodec_Parse() {
	codec, _ := token.NewCodec("sk")
	id, err := codec.Parse("sk_q4zf3u6zjrm2c5ot7xgkhwyb_aaaqeayeaudaocajbifqydiob4ibceqtcqkrmfyydenbwha5dypqq3auk")
	fmt.Println(id, err)
	// Output: q4zf3u6zjrm2c5ot7xgkhwyb <nil>
}

func ExampleSecret() {
	secret := token.NewSecret("sk_q4zf3u6z")
	fmt.Println(secret)
	fmt.Println(secret.Reveal())
	// Output:
	// [redacted]
	// sk_q4zf3u6z
}

// The likely mistake: to compare digests with ==. A record without one would be equal to another without one.
func ExampleDigest_Equal() {
	var none, other token.Digest
	fmt.Println(none == other, none.Equal(other))
	fmt.Println(token.Sum("sk_q4zf3u6z").Equal(token.Sum("sk_q4zf3u6z")))
	// Output:
	// true false
	// true
}
