package sqlstore

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"time"
)

const (
	// retries is how often a statement is sent again that the server gave up in favour of another.
	retries = 3

	// longestPause is the longest wait before a statement is sent again, and busyFor how long one is that found the file
	// of the database locked. All of it happens within the deadline of the call.
	longestPause = 20 * time.Millisecond
	busyFor      = 5 * time.Second
)

// A conn sends the statements of one kind of record: each by itself, from the pool, and again where the server asks for
// that; or as part of a transaction, where one that fails is for whoever began it.
type conn struct {
	store *Store
	tx    runner // nil is the pool
}

// in returns c as part of tx.
func (c conn) in(tx *sql.Tx) conn {
	if tx == nil {
		panic("sqlstore: In: no transaction")
	}
	return conn{c.store, tx}
}

// exec runs a statement and returns how many rows it changed.
func (c conn) exec(ctx context.Context, q *statement, args ...any) (rows int64, err error) {
	err = c.do(ctx, func() error {
		result, err := c.run(ctx, q, args)
		if err != nil {
			return err
		}
		rows, err = result.RowsAffected()
		return err
	})
	return rows, err
}

func (c conn) run(ctx context.Context, q *statement, args []any) (sql.Result, error) {
	if c.tx != nil {
		return c.tx.ExecContext(ctx, q.text, args...)
	}
	stmt, err := q.prepare(ctx, c.store)
	if err != nil {
		return nil, err
	}
	if stmt != nil {
		return stmt.ExecContext(ctx, args...)
	}
	return c.store.db.ExecContext(ctx, q.text, args...)
}

// query runs a query of so many columns and returns the rows.
func (c conn) query(ctx context.Context, columns int, q *statement, args ...any) (rows []row, err error) {
	err = c.do(ctx, func() error {
		found, err := c.ask(ctx, q, args)
		if err != nil {
			return err
		}
		rows, err = read(found, columns)
		return err
	})
	return rows, err
}

func (c conn) ask(ctx context.Context, q *statement, args []any) (*sql.Rows, error) {
	if c.tx != nil {
		return c.tx.QueryContext(ctx, q.text, args...)
	}
	stmt, err := q.prepare(ctx, c.store)
	if err != nil {
		return nil, err
	}
	if stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return c.store.db.QueryContext(ctx, q.text, args...)
}

func read(found *sql.Rows, columns int) (rows []row, err error) {
	defer found.Close()
	for found.Next() {
		r := row{values: make([]any, columns)}
		into := make([]any, columns)
		for i := range into {
			into[i] = &r.values[i]
		}
		if err := found.Scan(into...); err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, found.Err()
}

// do calls f, and again where the server gave it up for no fault of its own: a statement that is given up has changed
// nothing.
func (c conn) do(ctx context.Context, f func() error) error {
	started := time.Now()
	for try := 1; ; try++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := f()
		if err == nil || c.tx != nil {
			return err
		}
		switch c.store.dialect.judge(err) {
		case contended:
			if try > retries {
				return err
			}
		case busy:
			if time.Since(started) > busyFor {
				return err
			}
		default:
			return err
		}
		if !pause(ctx, try) {
			return err
		}
	}
}

// isDuplicate reports whether err says that there is a row with the key.
func (c conn) isDuplicate(err error) bool {
	return err != nil && c.store.dialect.judge(err) == duplicate
}

// pause waits a little, longer at each try and never as long as another. It reports whether there is time for another try.
func pause(ctx context.Context, try int) bool {
	limit := min(time.Millisecond<<min(try, 10), longestPause)
	timer := time.NewTimer(rand.N(limit) + time.Microsecond)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
