package apikey

import (
	"context"
	"errors"

	"github.com/countersign-go/countersign/auth"
)

// What a [Store] returns, itself or wrapped. Any other error means that it does not know.
var (
	ErrNotFound = errors.New("apikey: not found")
	ErrExists   = errors.New("apikey: exists already")
	ErrConflict = errors.New("apikey: changed in between")
	ErrCorrupt  = errors.New("apikey: key cannot be read")
)

// is reports whether err is target, and not that nobody could find out.
func is(err, target error) bool { return errors.Is(err, target) && !auth.IsUnavailable(err) }

// A Store keeps keys. Each method is one atomic step, also among processes that share the store, and may be repeated
// after its answer was lost. IDs and owners compare byte for byte; times are whole microseconds. All methods are called
// by many goroutines at once, return when ctx is done, and change nothing if it was done before. An error that says that a
// server does not answer wraps [auth.ErrUnavailable]. Package store/storetest has the suite that a store must pass.
//
// Create and Replace refuse a key that [Key.Check] refuses. A store keeps revoked keys, for the lists. It may forget a key
// that has expired.
type Store interface {
	// Create keeps k with Version 1 and no LastUsed, or returns ErrExists if there is a key with its ID.
	Create(ctx context.Context, k Key) error

	// Get returns the key, also a revoked one, or ErrNotFound. It sees each change that has returned, so it does not ask a
	// replica that lags behind. What is there but cannot be made out, since something else wrote it or it was damaged, is
	// ErrCorrupt: no key, but one that stays for the operator to look at.
	Get(ctx context.Context, id string) (Key, error)

	// Replace puts k in the place of the key with the same ID and Version, with Version plus 1 and the LastUsed that is
	// there. It returns ErrConflict if the version is another, and ErrNotFound if there is no such key: it never creates one.
	Replace(ctx context.Context, k Key) error

	// Delete removes the key, whatever its version. Where there is none it returns nil.
	Delete(ctx context.Context, id string) error
}

// An Index is a [Store] that can also find keys by what is in them. [Manager.Find] needs it.
type Index interface {
	// Find returns the keys that q asks for, in its order, without those that Get says are ErrCorrupt, and how many there
	// would be without its Limit and Offset, which may count some that are ErrCorrupt. A key that is created or deleted
	// meanwhile may be missing or there.
	Find(ctx context.Context, q Query) (keys []Key, total int, err error)
}
