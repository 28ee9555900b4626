package sqlstore

import (
	"context"
	"database/sql"
	"strings"
	"sync/atomic"
)

// A statement is one that a store sends again and again: made once, for the tables of the store and in its dialect.
type statement struct {
	text  string
	ready atomic.Pointer[sql.Stmt] // nil until it was prepared, and for PostgreSQL
}

// statement returns the statement for query, in which tables are called as with the default prefix.
func (s *Store) statement(query string) *statement {
	return &statement{text: s.dialect.placeholders(strings.ReplaceAll(query, DefaultPrefix, s.prefix))}
}

// prepare returns the prepared statement, nil where there should be none. Without one, drivers for MySQL and SQLite have
// each query parsed anew, which for MySQL takes two more round trips; those for PostgreSQL remember queries themselves, and
// know whether there is a proxy in between that forbids it.
func (q *statement) prepare(ctx context.Context, s *Store) (*sql.Stmt, error) {
	if s.dialect == PostgreSQL {
		return nil, nil
	}
	if stmt := q.ready.Load(); stmt != nil {
		return stmt, nil
	}
	stmt, err := s.db.PrepareContext(ctx, q.text)
	if err != nil {
		return nil, err
	}
	if !q.ready.CompareAndSwap(nil, stmt) {
		stmt.Close() // another was faster
	}
	return q.ready.Load(), nil
}
