package memory

import (
	"context"
	"errors"
	"time"

	"github.com/countersign-go/countersign/auth/login"
)

var _ login.AttemptStore = (*Attempts)(nil)

// Attempts is a [login.AttemptStore]. Make one with [NewAttempts], the zero value panics; many goroutines may use it at once.
// An error is that of the context, [ErrFull], that of [login.Attempts.Check], or [login.ErrConflict], itself.
type Attempts struct{ table *table[login.Attempts] }

// NewAttempts returns an empty store. nil opts are fine; a negative Max panics. A full one lets nobody log in until records
// expire, and whoever tries one account after another makes a record of each, which stays for login.Throttle.Window; by default
// a network has 500 of them free. Where many networks are an attacker's, give it more room, or have a database count.
func NewAttempts(opts *Options) *Attempts {
	return &Attempts{newTable(opts, schema[login.Attempts]{
		columns: func(a login.Attempts) columns { return columns{id: a.Key, version: a.Version, expires: a.Expires} },
		clone: func(a login.Attempts, version int64) login.Attempts {
			a.Version = version // there is nothing in attempts that could be shared
			return a
		},
		replace:  func(_, next login.Attempts) (login.Attempts, error) { return next, nil },
		notFound: login.ErrNotFound,
		conflict: login.ErrConflict,
	})}
}

// Load returns what is counted of key, see [login.AttemptStore].
func (s *Attempts) Load(ctx context.Context, key string, now time.Time) (login.Attempts, error) {
	a, err := s.table.get(ctx, key, now)
	if errors.Is(err, login.ErrNotFound) {
		return login.Attempts{Key: key}, nil
	}
	return a, err
}

// Swap keeps a, see [login.AttemptStore]. A full store returns [ErrFull], unless a takes the place of what is there.
func (s *Attempts) Swap(ctx context.Context, a login.Attempts, now time.Time) error {
	if err := a.Check(); err != nil {
		return err
	}
	if a.Version == 0 {
		return s.table.put(ctx, a, func(last *row[login.Attempts]) error {
			if last.expired(now) {
				return nil
			}
			return login.ErrConflict
		})
	}
	err := s.table.replace(ctx, a, now)
	if errors.Is(err, login.ErrNotFound) {
		err = login.ErrConflict
	}
	return err
}
