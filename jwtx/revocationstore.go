package jwtx

import (
	"context"
	"time"
)

// A RevocationStore keeps what [Revocations] is told. Each method is one atomic step, also among processes that share the
// store, and may be repeated after its answer was lost. A key is printable ASCII, has 80 bytes at most, and compares byte
// for byte; times are whole microseconds. All methods are called by many goroutines at once, return when ctx is done, and
// change nothing if it was done before. An error means that the store does not know, and wraps
// [auth.ErrUnavailable] where a server does not answer. Package store/storetest has the suite that a store must pass.
type RevocationStore interface {
	// Revoke keeps under key that whatever was issued up to at is revoked, a note that may be dropped at until. Where there
	// is one already, the later at and the later until stay, each for itself: it does not matter in which order revocations
	// come, nor how often.
	Revoke(ctx context.Context, key string, at, until time.Time) error

	// RevokedUpTo returns for each key, in the order of keys, up to when what was issued is revoked: the zero time where
	// there is no note, or its until is not after now. It reads once for all keys, and sees each Revoke that has returned,
	// so not from a replica that lags behind. It drops nothing because of now: another's clock may be right.
	RevokedUpTo(ctx context.Context, now time.Time, keys ...string) ([]time.Time, error)
}
