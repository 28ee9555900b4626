package drivertest_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"sync"
	"testing"
)

// A tap is between database/sql and a real driver. It remembers what is sent, and can have something happen before it is.
type tap struct {
	open func() (driver.Conn, error)

	mu     sync.Mutex
	sent   []sent
	before func(query string) error
}

// A sent is a statement that a driver got.
type sent struct {
	query    string
	args     []driver.NamedValue
	prepared int64 // 1 if it was prepared for this
	changed  int64 // rows
}

// tapped returns a pool whose statements go through a tap.
func tapped(t testing.TB, b backend, dsn string) (*sql.DB, *tap) {
	t.Helper()
	plain, err := sql.Open(b.driver, dsn)
	must(t, err)
	t.Cleanup(func() { plain.Close() })
	s := &tap{open: func() (driver.Conn, error) { return plain.Driver().Open(dsn) }}
	db := sql.OpenDB(s)
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	return db, s
}

// on has f happen before each statement from now on that contains part.
func (s *tap) on(part string, f func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = func(query string) error {
		if !strings.Contains(query, part) {
			return nil
		}
		return f()
	}
}

// once has f happen before the next statement that contains part.
func (s *tap) once(part string, f func() error) {
	var once sync.Once
	s.on(part, func() (err error) {
		once.Do(func() { err = f() })
		return err
	})
}

// take returns what was sent since it was last called.
func (s *tap) take() []sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.sent
	s.sent = nil
	return taken
}

// do has f send a statement, unless something is to happen instead.
func (s *tap) do(query string, args []driver.NamedValue, f func() (changed int64, err error)) error {
	s.mu.Lock()
	before := s.before
	s.mu.Unlock()
	if before != nil {
		if err := before(query); err != nil {
			return err
		}
	}
	changed, err := f()
	if !errors.Is(err, driver.ErrSkip) { // which says that it will be prepared
		s.note(sent{query: query, args: args, changed: changed})
	}
	return err
}

func (s *tap) note(one sent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, one)
}

// Connect returns a connection.
func (s *tap) Connect(context.Context) (driver.Conn, error) {
	c, err := s.open()
	if err != nil {
		return nil, err
	}
	return &tapConn{c, s}, nil
}

// Driver is not asked for.
func (s *tap) Driver() driver.Driver { return nil }

// A tapConn is a connection. All three drivers have the methods with a context.
type tapConn struct {
	driver.Conn
	tap *tap
}

func (c *tapConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	c.tap.note(sent{query: query, prepared: 1})
	return &tapStmt{stmt, c, query}, nil
}

func (c *tapConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
}

func (c *tapConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (r driver.Result, err error) {
	err = c.tap.do(query, args, func() (changed int64, err error) {
		if r, err = c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args); err != nil {
			return 0, err
		}
		changed, _ = r.RowsAffected()
		return changed, nil
	})
	return r, err
}

func (c *tapConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (r driver.Rows, err error) {
	err = c.tap.do(query, args, func() (changed int64, err error) {
		r, err = c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
		return 0, err
	})
	return r, err
}

func (c *tapConn) ResetSession(ctx context.Context) error {
	if r, ok := c.Conn.(driver.SessionResetter); ok {
		return r.ResetSession(ctx)
	}
	return nil
}

func (c *tapConn) IsValid() bool {
	v, ok := c.Conn.(driver.Validator)
	return !ok || v.IsValid()
}

func (c *tapConn) CheckNamedValue(v *driver.NamedValue) error {
	if checker, ok := c.Conn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

type tapStmt struct {
	driver.Stmt
	conn  *tapConn
	query string
}

func (s *tapStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (r driver.Result, err error) {
	err = s.conn.tap.do(s.query, args, func() (changed int64, err error) {
		if r, err = s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args); err != nil {
			return 0, err
		}
		changed, _ = r.RowsAffected()
		return changed, nil
	})
	return r, err
}

func (s *tapStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (r driver.Rows, err error) {
	err = s.conn.tap.do(s.query, args, func() (changed int64, err error) {
		r, err = s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
		return 0, err
	})
	return r, err
}

func (s *tapStmt) CheckNamedValue(v *driver.NamedValue) error {
	if checker, ok := s.Stmt.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return s.conn.CheckNamedValue(v)
}
