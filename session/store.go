package session

import (
	"context"
	"errors"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// What a [Store] returns, itself or wrapped. Any other error means that it does not know.
var (
	ErrNotFound = errors.New("session: not found")
	ErrExists   = errors.New("session: exists already")
	ErrConflict = errors.New("session: changed in between")
	ErrCorrupt  = errors.New("session: record cannot be read")
)

// is reports whether err is target, and not that nobody could find out, nor what a [Minter] said.
func is(err, target error) bool {
	return errors.Is(err, target) && !auth.IsUnavailable(err) && !errors.As(err, new(minterError))
}

// A Store keeps the records of sessions. Each method is one atomic step, also among processes that share the store, and
// may be repeated after its answer was lost. IDs and actors compare byte for byte; times are whole microseconds.
// Records are handed over by value: neither side may change what the other holds, Factors included. All methods are
// called by many goroutines at once, return when ctx is done, and change nothing if it was done before. An error that says
// that a server does not answer wraps [auth.ErrUnavailable]. Package store/storetest has the suite that a store must pass.
//
// Create and Replace refuse a record that [Record.Check] refuses. A session keeps its actor and its identity for as long
// as it is there: Replace refuses one of another actor or identity, too.
type Store interface {
	// Create keeps rec with Version 1, or returns ErrExists if there is a record with its ID; one that has expired counts
	// until the store has dropped it.
	Create(ctx context.Context, rec Record) error

	// Get returns the record, or ErrNotFound if there is none or it has expired: its Expires is not after now. It sees each
	// change that has returned, so it does not ask a replica that lags behind. What is there but cannot be made out, since
	// something else wrote it or it was damaged, is ErrCorrupt: the session counts as ended, and the record stays for
	// the operator to look at.
	Get(ctx context.Context, id string, now time.Time) (Record, error)

	// Replace puts rec in the place of the record with the same ID and Version, with Version plus 1. It returns ErrNotFound
	// if there is no record or it has expired at now, and ErrConflict if there is one of another version; it may return
	// ErrCorrupt where there is one that it cannot read. It never creates one, or a request in flight would bring back a
	// session that was ended meanwhile.
	Replace(ctx context.Context, rec Record, now time.Time) error

	// Delete removes the record. Where there is none it returns nil.
	Delete(ctx context.Context, id string) error
}

// An Index is a [Store] that can also find the sessions of an actor and those of an identity. [Manager.List],
// [Manager.EndAll], [Manager.EndIdentity] and [Config.MaxPerActor] need it. An actor without a type or an ID is nobody, and
// has none: sessions that have no actor yet have nothing in common. So is an identity that is "".
type Index interface {
	// List returns the records of the actor that have not expired at now, the oldest first, without those that Get says
	// are ErrCorrupt.
	List(ctx context.Context, actor auth.Actor, now time.Time) ([]Record, error)

	// DeleteAll removes the records of the actor, but not the one whose ID is except, if that is not empty. It returns
	// how many it removed, which may count some that had expired. It need not be one step to those who read. A record that
	// is created or replaced at the same time is either removed or as it should be: none that was removed comes back.
	DeleteAll(ctx context.Context, actor auth.Actor, except string) (int, error)

	// DeleteIdentity does the same with the records of the identity, whatever their actor, and those without one.
	DeleteIdentity(ctx context.Context, identity string, except string) (int, error)
}
