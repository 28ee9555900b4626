package jwks

import (
	"context"
	"errors"
)

// ErrConflict is what a [KeyStore] returns, itself or wrapped, when the state is of another version than the caller read.
// Any other error means that the store does not know.
var ErrConflict = errors.New("jwks: changed in between")

// maxState bounds the state of a ring, in bytes.
const maxState = 256 << 10

// A KeyStore keeps the state of a [Ring], one for all processes that share the ring. Each method is one atomic step, also
// among processes. All methods are called by many goroutines at once, return when ctx is done, and change nothing if it
// was done before. An error that says that a server does not answer wraps [auth.ErrUnavailable]. Package store/storetest
// has the suite that a store must pass.
//
// The state is bytes of any value, up to 256 KiB. The private keys in it are sealed: who reads it cannot sign. It must be
// kept as it is, and kept: without it all tokens of the ring are refused.
type KeyStore interface {
	// Load returns the state and its version, which is 1 or more; nil and 0 if there is none. It sees each Swap that has
	// returned: an answer from a replica that lags behind would bring back a key that was revoked. The bytes are the
	// caller's own.
	Load(ctx context.Context) (state []byte, version int64, err error)

	// Swap puts state in the place of the one with the version oldVersion, or is the first if oldVersion is 0 and there is
	// none. The new version is oldVersion plus 1. It returns ErrConflict if there is another version, so that one whose
	// answer was lost may be repeated. It takes effect before ctx is done or not at all, and does not keep the slice.
	Swap(ctx context.Context, oldVersion int64, state []byte) error
}
