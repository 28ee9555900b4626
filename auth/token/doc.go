// Package token makes and reads opaque tokens: session cookies, API keys, reset links. It uses the standard library only.
//
// A token is one line of text:
//
//	prefix _ id _ secret+checksum        sk_q4zf3u6zjrm2c5ot7xgkhwyb_2d6c…x5afq
//
// The id is public: a store is keyed by it, logs name it, lists show it. The secret has 256 random bits. The checksum lets
// [Codec.Parse] turn away typos and junk without asking a store. All but the prefix is lower-case base32 (RFC 4648,
// section 6, without padding), so that a double click selects a whole token, and there is exactly one spelling of each.
//
// Keep only the [Digest] of a token, and compare it with [Digest.Equal]: whoever reads the whole store then has nothing
// that is accepted. A plain hash is enough because the secret cannot be guessed, unlike a password.
//
//	text := codec.New(token.NewID())  // a Secret: shown once, with Reveal, and redacted everywhere else
//	id, err := codec.Parse(received)
//	ok := record(id).Digest.Equal(token.Sum(received))
package token
