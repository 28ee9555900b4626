package sqlstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/countersign-go/countersign/auth/login"
)

var _ login.AttemptStore = (*Attempts)(nil)

// Attempts is a [login.AttemptStore]. Have one made by [Store.Attempts]; the zero value panics. It does not change, and many
// goroutines may use it at once. An error is one of package login, that of [login.Attempts.Check], or wraps
// [auth.ErrUnavailable]. It takes no part in transactions of the application: what was tried counts, whatever becomes of it.
type Attempts struct{ conn conn }

const attemptTable = "countersign_attempts"

// attemptColumns are in the order of [readAttempts].
var attemptColumns = []string{"id", "version", "tries", "next_at", "expires_at"}

// attemptStatements are those that [Attempts] sends.
type attemptStatements struct{ load, begin, beginAnew, swap *statement }

func newAttemptStatements(s *Store) attemptStatements {
	const set = "UPDATE " + attemptTable + " SET version = ?, tries = ?, next_at = ?, expires_at = ? WHERE id = ?"
	return attemptStatements{
		load: s.statement("SELECT " + s.dialect.list(attemptColumns) + " FROM " + attemptTable +
			" WHERE id = ? AND expires_at > ?"),
		begin:     s.statement(s.dialect.insert(attemptTable, "id", attemptColumns)),
		beginAnew: s.statement(set + " AND expires_at <= ?"),
		swap:      s.statement(set + " AND version = ? AND expires_at > ?"),
	}
}

// Load returns what is counted of key, see [login.AttemptStore]. It is one statement, by the primary key.
func (s *Attempts) Load(ctx context.Context, key string, now time.Time) (login.Attempts, error) {
	if !isKey(key) {
		return login.Attempts{Key: key}, nil // which Swap does not keep
	}
	store := s.conn.store
	rows, err := s.conn.query(ctx, len(attemptColumns), store.attempts.load, key, store.dialect.instant(now))
	if err != nil {
		return login.Attempts{}, unavailable("load attempts", err)
	}
	if len(rows) == 0 {
		return login.Attempts{Key: key}, nil
	}
	return readAttempts(rows[0])
}

// Swap keeps a, see [login.AttemptStore]. It is one statement, by the primary key, and another where the first attempt that
// is counted finds one that has expired and was not swept yet. If it is swept in between, that is ErrConflict.
func (s *Attempts) Swap(ctx context.Context, a login.Attempts, now time.Time) error {
	if err := a.Check(); err != nil {
		return err
	}
	store := s.conn.store
	d, q := store.dialect, store.attempts
	values := []any{a.Key, a.Version + 1, a.Count, d.timestamp(a.Next), d.timestamp(a.Expires)}
	update, args := q.swap, append(slices.Clone(values[1:]), a.Key, a.Version, d.instant(now))
	if a.Version == 0 {
		err := s.conn.add(ctx, q.begin, values...)
		if !errors.Is(err, login.ErrExists) {
			return told("swap attempts", err)
		}
		update, args = q.beginAnew, append(slices.Clone(values[1:]), a.Key, d.instant(now))
	}
	rows, err := s.conn.exec(ctx, update, args...)
	switch {
	case err != nil:
		return unavailable("swap attempts", err)
	case rows == 0:
		return login.ErrConflict
	}
	return nil
}

// readAttempts returns the attempts that r holds, or ErrCorrupt.
func readAttempts(r row) (login.Attempts, error) {
	a := login.Attempts{Key: r.text(), Version: r.integer(), Count: int(r.integer()), Next: r.time(), Expires: r.time()}
	err := r.err
	if err == nil {
		err = a.Check()
	}
	if err == nil && a.Version == 0 {
		err = errors.New("attempts that nobody has counted")
	}
	if err != nil {
		return login.Attempts{}, corrupt(err)
	}
	return a, nil
}
