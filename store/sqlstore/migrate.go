package sqlstore

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"
	"time"
)

// Migrate makes the tables and indexes that a [Store] with the same arguments needs, and nothing else: what is there stays.
// It remembers in a table what it has done, so that it may be called at each start, and by many processes at once: one
// works, the others wait for it until ctx is done. It does not look again at what it has done once: [Store.Check] does. It
// needs the right to create tables; where the program should not have it, apply the files of [Migrations] otherwise. nil
// opts are fine. An error that wraps [auth.ErrUnavailable] says that the database did not answer, and may go away by itself.
func Migrate(ctx context.Context, db *sql.DB, dialect Dialect, opts *Options) error {
	s, err := New(db, dialect, opts)
	if err != nil {
		return err
	}
	m, err := s.migrator(ctx)
	if err != nil {
		return s.failed("migrate", err)
	}
	defer m.Close()
	if err := m.exclusively(ctx, m.apply); err != nil {
		return s.failed("migrate", err)
	}
	return nil
}

// A migrator works on the one connection that holds the lock.
type migrator struct {
	*sql.Conn
	store *Store
}

// migrator returns one with a connection, which is to be closed.
func (s *Store) migrator(ctx context.Context) (m migrator, err error) {
	m.store = s
	err = untilFree(ctx, func() error {
		m.Conn, err = s.db.Conn(ctx)
		return err
	})
	return m, err
}

// untilFree calls f until no other connection holds the lock of a file that f needs, or ctx is done. To open a connection
// to a new file may need it too, and does not wait by itself.
func untilFree(ctx context.Context, f func() error) error {
	for try := 1; ; try++ {
		err := f()
		if err == nil || SQLite.judge(err) != busy || !pause(ctx, try) {
			return err
		}
	}
}

// exclusively calls f while no other migrator of the same tables does.
func (m migrator) exclusively(ctx context.Context, f func(context.Context) error) error {
	if m.store.dialect == MySQL {
		return m.lockedByName(ctx, f)
	}
	// The others can change tables in a transaction: all of it is done, or nothing.
	begin, lock := "BEGIN", fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", m.lockNumber())
	if m.store.dialect == SQLite {
		begin, lock = "BEGIN IMMEDIATE", ""
	}
	err := untilFree(ctx, func() error {
		_, err := m.ExecContext(ctx, begin)
		return err
	})
	if err != nil {
		return err
	}
	if lock != "" {
		_, err = m.ExecContext(ctx, lock)
	}
	if err == nil {
		err = f(ctx)
	}
	end := "COMMIT"
	if err != nil {
		end = "ROLLBACK"
	}
	// Whatever becomes of ctx, the connection goes back to the pool without a transaction.
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	endErr := untilFree(ending, func() error {
		_, err := m.ExecContext(ending, end)
		return err
	})
	if endErr != nil {
		discard(m.Conn)
		err = cmp.Or(err, endErr)
	}
	return err
}

// lockNumber returns a number that stands for the tables: a lock of PostgreSQL is that of a whole database.
func (m migrator) lockNumber() int64 {
	return int64(crc32.ChecksumIEEE([]byte("countersign migrate " + m.store.prefix)))
}

// lockedByName calls f under a lock that the server gives back when the connection ends.
func (m migrator) lockedByName(ctx context.Context, f func(context.Context) error) error {
	const name = "CONCAT('countersign ', MD5(CONCAT(DATABASE(), ?)))" // a lock is that of a whole server
	for locked := false; !locked; {
		var got sql.NullInt64
		if err := m.QueryRowContext(ctx, "SELECT GET_LOCK("+name+", 1)", m.store.prefix).Scan(&got); err != nil {
			return err
		}
		if !got.Valid {
			return errors.New("the server has no lock to give: is there a database in the DSN?")
		}
		locked = got.Int64 == 1
	}
	defer func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if _, err := m.ExecContext(ending, "DO RELEASE_LOCK("+name+")", m.store.prefix); err != nil {
			discard(m.Conn)
		}
	}()
	return f(ctx)
}

// apply runs what was not run yet. A statement whose work is there is passed over: MySQL cannot undo half a migration, and
// another tool may have made the tables.
func (m migrator) apply(ctx context.Context) error {
	table := m.store.prefix + "migrations"
	create := "CREATE TABLE IF NOT EXISTS " + table + " (version bigint NOT NULL PRIMARY KEY, applied_at " +
		map[Dialect]string{PostgreSQL: "timestamptz", MySQL: "datetime(6)", SQLite: "TEXT"}[m.store.dialect] + " NOT NULL)"
	if _, err := m.ExecContext(ctx, create); err != nil {
		return err
	}
	for _, step := range migrations(m.store.dialect, m.store.prefix) {
		done, err := m.exists(ctx, "SELECT COUNT(*) FROM "+table+" WHERE version = ?", step.version)
		if err != nil {
			return err
		}
		if done {
			continue
		}
		for _, change := range step.changes {
			if err := m.make(ctx, change); err != nil {
				return err
			}
		}
		insert := m.store.dialect.placeholders("INSERT INTO " + table + " (version, applied_at) VALUES (?, ?)")
		if _, err := m.ExecContext(ctx, insert, step.version, m.store.dialect.timestamp(time.Now())); err != nil {
			return err
		}
	}
	return nil
}

func (m migrator) make(ctx context.Context, c change) error {
	query, args := m.store.dialect.lookup(c)
	if m.store.dialect == PostgreSQL {
		// Where a table is made; one of the same name in another schema that is searched is somebody else's.
		query = "SELECT COUNT(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace " +
			"WHERE relname = ? AND nspname = current_schema()"
	}
	there, err := m.exists(ctx, query, args...)
	if err != nil || there {
		return err
	}
	_, err = m.ExecContext(ctx, c.statement)
	return err
}

// exists reports whether a query returns a number above zero.
func (m migrator) exists(ctx context.Context, query string, args ...any) (bool, error) {
	var n sql.NullInt64
	err := m.QueryRowContext(ctx, m.store.dialect.placeholders(query), args...).Scan(&n)
	return n.Int64 > 0, err
}

// lookup returns the query, and its arguments, that counts what a change makes.
func (d Dialect) lookup(c change) (query string, args []any) {
	switch {
	case d == PostgreSQL:
		return "SELECT COUNT(to_regclass(?))", []any{c.name}
	case d == SQLite:
		return "SELECT COUNT(*) FROM sqlite_master WHERE name = ?", []any{c.name}
	case c.kind == "INDEX":
		return "SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ? " +
			"AND index_name = ?", []any{c.table, c.name}
	}
	return "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?", []any{c.name}
}
