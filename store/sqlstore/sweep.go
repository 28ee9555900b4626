package sqlstore

import (
	"context"
	"time"
)

const (
	// sweepSize is how many rows are looked up at a time.
	sweepSize = 500

	// A row is dropped so long after it expired: API keys when nobody will look for them in a list any more, all else when
	// nobody's clock can still be so far behind that it counts.
	sweepAfter     = time.Hour
	sweepKeysAfter = 30 * 24 * time.Hour
)

// A sweep drops what has expired from one table.
type sweep struct {
	after     time.Duration
	find, end *statement
}

func newSweeps(s *Store) []sweep {
	of := func(table string, after time.Duration) sweep {
		return sweep{
			after: after,
			find:  s.statement("SELECT id FROM " + table + " WHERE expires_at < ? ORDER BY expires_at LIMIT ?"),
			end:   s.statement(s.dialect.deletion(table) + " AND expires_at < ?"), // it may have been renewed meanwhile
		}
	}
	return []sweep{
		of(sessionTable, sweepAfter), of(revocationTable, sweepAfter), of(keyTable, sweepKeysAfter),
		of(tokenTable, sweepAfter), of(attemptTable, sweepAfter),
	}
}

// Sweep removes what has expired: sessions, revocations, one-time tokens and attempts after an hour, API keys after 30 days,
// by the clock of the database or that of this process, whichever is behind: one that is wrong ends nothing early. Call it
// from time to time, such as once in an hour, from any or all of the processes: nothing depends on it but the size of the
// tables. It deletes few rows at a time, so that others hardly wait, and goes on until there are none left or ctx is done.
// It returns how many it removed, also with an error.
func (s *Store) Sweep(ctx context.Context) (removed int, err error) {
	now, err := conn{store: s}.earliest(ctx)
	if err != nil {
		return 0, unavailable("sweep", err)
	}
	for _, sweep := range s.sweeps {
		n, err := s.sweep(ctx, sweep, now)
		removed += n
		if err != nil {
			return removed, unavailable("sweep", err)
		}
	}
	return removed, nil
}

func (s *Store) sweep(ctx context.Context, w sweep, now time.Time) (removed int, err error) {
	c, before := conn{store: s}, s.dialect.timestamp(now.Add(-w.after))
	for {
		rows, err := c.query(ctx, 1, w.find, before, sweepSize)
		if err != nil {
			return removed, err
		}
		n, err := c.deleteRows(ctx, w.end, rows, before)
		removed += n
		if err != nil || len(rows) < sweepSize || n == 0 { // 0: others sweep too, or these cannot be deleted
			return removed, err
		}
	}
}
