// Package memory keeps sessions, API keys, signing keys, revocations of tokens, and what logging in needs, in the memory of
// one process: for programs that are one process, and for tests. What it holds is gone when the program ends, and no other
// process sees it.
//
//	sessions, err := session.New(session.Config{Store: memory.NewSessions(nil), Keys: [][]byte{key}})
//	keys, err := apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil)})
//	revocations, err := jwtx.NewRevocations(jwtx.RevocationsConfig{Store: memory.NewRevocations(nil), MaxLifetime: day})
//	ring, err := jwks.NewRing(ctx, jwks.RingConfig{Store: memory.NewKeyStore(), SealingKeys: [][]byte{key}, TokenLifetime: day})
//	identities, tokens, attempts := memory.NewIdentities(nil), memory.NewOneTimeTokens(nil), memory.NewAttempts(nil)
//
// The last three are the stores of package login: who can log in, what is good once, such as a link that resets a password,
// and how often somebody tried.
//
// What is promised:
//
//   - A store of records is bounded by [Options]. A full one refuses new records, and revocations, with [ErrFull] and
//     never gives up a live one, so that whoever can make it create records cannot log others out, nothing that was
//     revoked is good again, and no guess is forgotten. What takes the place of another needs no room.
//   - What has expired makes room: each Create, Put, first Swap, and Revoke of a new key drops a little of it. There is no
//     goroutine and nothing to close. Identities do not expire: they stay until they are deleted.
//   - Get, Load and RevokedUpTo take no lock, and Get allocates only to copy slices. Find of an identity takes one for a
//     moment, since a way to log in goes from one identity to another.
//   - Each method looks at its context before it begins, and waits for nothing but the others.
//
// It passes the suites of package store/storetest.
package memory

import (
	"fmt"

	"github.com/countersign-go/countersign/auth"
)

// DefaultMax is how many records a store holds unless [Options] says otherwise.
const DefaultMax = 100_000

// ErrFull is returned by Create, Put, Swap and Revoke when the store holds as many live records as it may. It wraps
// [auth.ErrUnavailable].
var ErrFull = fmt.Errorf("memory: full: %w", auth.ErrUnavailable)

// Options are the settings of a store. The zero value is the default.
type Options struct {
	// Max is how many records the store holds. Reckon with about 1 KB for each, and what metadata it has. Default: [DefaultMax].
	Max int
}

// max returns the bound that o stands for.
func (o *Options) max() int {
	switch {
	case o == nil || o.Max == 0:
		return DefaultMax
	case o.Max < 0:
		panic("memory: negative Max")
	}
	return o.Max
}
