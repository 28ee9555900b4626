package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// A runner is what runs statements: a transaction of the application, or a connection on which there is one of our own.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// savepoint is where a part of a transaction of the application began.
const savepoint = "countersign_part"

// atomically has f send several statements of which all are done, or none: in a transaction, which is begun again where the
// server gave it up, or as a part of the application's, which goes on as it was before if f returns an error that is an
// answer. What f returns is returned.
func (c conn) atomically(ctx context.Context, f func(conn) error) error {
	if c.tx != nil {
		return c.part(ctx, f)
	}
	return c.do(ctx, func() error { return c.transaction(ctx, f) })
}

// part is atomically in a transaction of the application.
func (c conn) part(ctx context.Context, f func(conn) error) error {
	if _, err := c.tx.ExecContext(ctx, "SAVEPOINT "+savepoint); err != nil {
		return err
	}
	err := f(c)
	end := "RELEASE SAVEPOINT "
	if err != nil {
		end = "ROLLBACK TO SAVEPOINT "
	}
	_, endErr := c.tx.ExecContext(ctx, end+savepoint)
	if endErr != nil && err != nil {
		return fmt.Errorf("%w, after: %v", endErr, err) // no answer any more: half of it may be there
	}
	return cmp.Or(err, endErr)
}

// transaction is atomically once. It has a connection rather than a [sql.Tx], whose Commit knows no context: with some
// drivers it waits for ever for a server that stands still.
func (c conn) transaction(ctx context.Context, f func(conn) error) error {
	own, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer own.Close()
	if err = f(conn{c.store, own}); err == nil {
		_, err = own.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		if _, undoErr := own.ExecContext(ctx, "ROLLBACK"); undoErr != nil {
			discard(own) // and the server rolls back
		}
	}
	return err
}

// begin returns a connection with a transaction. One that turns out to be dead was dead before, so another is taken, as
// package sql does with a statement.
func (c conn) begin(ctx context.Context) (*sql.Conn, error) {
	statement := c.store.dialect.begins()
	for try := 1; ; try++ {
		own, err := c.store.db.Conn(ctx)
		if err != nil {
			return nil, err
		}
		if _, err = own.ExecContext(ctx, statement); err == nil {
			return own, nil
		}
		if c.store.dialect.judge(err) != busy {
			discard(own)
		}
		own.Close()
		if !errors.Is(err, driver.ErrBadConn) || try > retries {
			return nil, err
		}
	}
}

// begins returns the statement that begins a transaction.
//
// A process may be gone in the middle of one, and a driver whose context has ended may take its time to hang up: pgx up to 15
// seconds with TLS. The server gives up what it hears nothing of for two seconds, so that nobody waits for its locks.
// In SQLite who writes says so at once, or would have to give up what it has read where another has written.
func (d Dialect) begins() string {
	switch d {
	case PostgreSQL:
		return "BEGIN; SET LOCAL idle_in_transaction_session_timeout = 2000"
	case SQLite:
		return "BEGIN IMMEDIATE"
	}
	return "BEGIN"
}

// discard has the connection closed instead of given back to the pool: a transaction may be open on it, and with it a lock.
func discard(own *sql.Conn) { _ = own.Raw(func(any) error { return driver.ErrBadConn }) }
