package sqlstore

import (
	"context"
	"errors"
	"time"
)

// clock returns the time of the server.
func (c conn) clock(ctx context.Context) (time.Time, error) {
	rows, err := c.query(ctx, 1, c.store.clock)
	if err != nil {
		return time.Time{}, err
	}
	if len(rows) == 1 {
		if now := rows[0].time(); !now.IsZero() {
			return now, nil
		}
	}
	return time.Time{}, errors.New("the server does not know the time")
}

// clock returns the expression for the time at which a statement, or its part, runs: as text where times are.
func (d Dialect) clock(selected bool) string {
	switch {
	case d == PostgreSQL:
		return "clock_timestamp()"
	case d == SQLite: // as precise as SQLite is
		return "strftime('%Y-%m-%d %H:%M:%f', 'now') || '000'"
	case selected:
		return "CAST(UTC_TIMESTAMP(6) AS CHAR)"
	}
	// UTC_TIMESTAMP is when the statement began, which may then have waited for a lock; SYSDATE is now.
	return "TIMESTAMPADD(MICROSECOND, TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)), UTC_TIMESTAMP(6))"
}

// earliest returns the present by the clock that is behind: the server's or this process's.
func (c conn) earliest(ctx context.Context) (time.Time, error) {
	server, err := c.clock(ctx)
	if now := time.Now(); now.Before(server) {
		return now, err
	}
	return server, err
}
