package login

import (
	"context"
	"errors"
	"time"

	"github.com/countersign-go/countersign/auth/token"
)

// Attempts are how often something was tried of late, such as to log in to one account.
type Attempts struct {
	Key     string    // what is counted: a digest, no name
	Version int64     // counts the changes; 0 if nothing was counted yet
	Count   int       // of attempts that have not succeeded
	Next    time.Time // no attempt before; zero is at any time
	Expires time.Time // nothing is remembered after that
}

// Check returns an error if an [AttemptStore] cannot be expected to keep a: the key passes [token.IsID], the count is
// from 0 to 1,000,000, Next is zero or in the years from 1970 to 9999, and Expires is in them.
func (a Attempts) Check() error {
	if !token.IsID(a.Key) || a.Version < 0 || a.Count < 0 || a.Count > 1_000_000 {
		return errors.New("login: attempts without a usable key or with an impossible count")
	}
	return errors.Join(checkTime(a.Next, true), checkTime(a.Expires, false))
}

// An AttemptStore counts attempts. What [Store] says of its methods in general holds for these. Package store/storetest has the
// suite that it must pass. An error lets nobody in: what cannot be counted is not tried.
type AttemptStore interface {
	// Load returns what is counted of key; nothing but the key, with Version 0, if there is none or it has expired: its
	// Expires is not after now.
	Load(ctx context.Context, key string, now time.Time) (Attempts, error)

	// Swap puts a, with Version plus 1, in the place of what has a's key and Version; with Version 0 it is the first, or takes
	// the place of what has expired at now. It returns ErrConflict if there is another version, or none. It refuses what
	// [Attempts.Check] refuses.
	Swap(ctx context.Context, a Attempts, now time.Time) error
}
