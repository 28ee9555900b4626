package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
)

// A script is a driver for tests of what no real server does on demand. It answers each statement as its func says, and
// remembers it.
type script struct {
	answer func(query string, args []any) (answer, error)

	mu   sync.Mutex
	sent []string
}

// An answer is what a statement returns: rows of a query, or how many were changed.
type answer struct {
	rows    [][]any
	changed int64
}

// open returns a pool that sends its statements to s.
func (s *script) open(t testing.TB) *sql.DB {
	db := sql.OpenDB(s)
	t.Cleanup(func() { db.Close() })
	return db
}

// statements returns what was sent, but for BEGIN and the like.
func (s *script) statements() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.sent...)
}

func (s *script) do(query string, named []driver.NamedValue) (answer, error) {
	args := make([]any, len(named))
	for i, arg := range named {
		args[i] = arg.Value
	}
	s.mu.Lock()
	s.sent = append(s.sent, query)
	s.mu.Unlock()
	if s.answer == nil {
		return answer{changed: 1}, nil
	}
	return s.answer(query, args)
}

// Connect returns a connection.
func (s *script) Connect(context.Context) (driver.Conn, error) { return scriptConn{s}, nil }

// Driver is not asked for.
func (s *script) Driver() driver.Driver { return nil }

type scriptConn struct{ *script }

func (c scriptConn) Prepare(query string) (driver.Stmt, error) {
	return scriptStmt{c.script, query}, nil
}
func (c scriptConn) Close() error              { return nil }
func (c scriptConn) Begin() (driver.Tx, error) { return scriptTx{}, nil }

type scriptTx struct{}

func (scriptTx) Commit() error   { return nil }
func (scriptTx) Rollback() error { return nil }

type scriptStmt struct {
	*script
	query string
}

func (s scriptStmt) Close() error  { return nil }
func (s scriptStmt) NumInput() int { return -1 }

func (s scriptStmt) Exec([]driver.Value) (driver.Result, error) { return nil, errors.New("no context") }
func (s scriptStmt) Query([]driver.Value) (driver.Rows, error)  { return nil, errors.New("no context") }

func (s scriptStmt) ExecContext(_ context.Context, args []driver.NamedValue) (driver.Result, error) {
	a, err := s.do(s.query, args)
	return driver.RowsAffected(a.changed), err
}

func (s scriptStmt) QueryContext(_ context.Context, args []driver.NamedValue) (driver.Rows, error) {
	a, err := s.do(s.query, args)
	return &scriptRows{a.rows}, err
}

type scriptRows struct{ rows [][]any }

func (r *scriptRows) Columns() []string {
	if len(r.rows) == 0 {
		return nil
	}
	return strings.Split(strings.Repeat("c,", len(r.rows[0])-1)+"c", ",")
}

func (r *scriptRows) Close() error { return nil }

func (r *scriptRows) Next(into []driver.Value) error {
	if len(r.rows) == 0 {
		return io.EOF
	}
	for i, v := range r.rows[0] {
		into[i] = v
	}
	r.rows = r.rows[1:]
	return nil
}
