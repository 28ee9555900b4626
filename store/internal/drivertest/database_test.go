package drivertest_test

import (
	"database/sql"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/store/internal/drivertest/server"
	"github.com/countersign-go/countersign/store/sqlstore"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

// A backend is a kind of database, and where the shared one of that kind is.
type backend struct {
	name    string
	driver  string
	dialect sqlstore.Dialect
	dsn     func(t testing.TB) string
}

var (
	postgres = backend{"PostgreSQL", "pgx", sqlstore.PostgreSQL, server.Postgres}
	mariadb  = backend{"MariaDB", "mysql", sqlstore.MySQL, server.MySQL}
	sqlite   = backend{"SQLite", "sqlite", sqlstore.SQLite, sqliteFile}

	backends = []backend{postgres, mariadb, sqlite}
)

// sqliteFile returns the DSN of a new file, set up as package sqlstore says.
func sqliteFile(t testing.TB) string {
	return "file:" + filepath.Join(t.TempDir(), "app.db") + "?_pragma=busy_timeout(100)&_pragma=journal_mode(WAL)"
}

// A database is one with tables of its own in it.
type database struct {
	*sqlstore.Store
	db   *sql.DB
	at   string // its DSN
	opts *sqlstore.Options
	backend
}

// pool returns a pool of few connections, fewer than the callers in a race.
func pool(t testing.TB, b backend, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(b.driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	return db
}

// emptyAt returns a database without the tables.
func emptyAt(t testing.TB, b backend, dsn string) *database {
	t.Helper()
	d := &database{db: pool(t, b, dsn), at: dsn, opts: &sqlstore.Options{Prefix: "t" + random() + "_"}, backend: b}
	t.Cleanup(func() {
		for _, table := range append(ownTables, "migrations") {
			d.db.Exec("DROP TABLE " + d.opts.Prefix + table)
		}
	})
	d.Store = d.store(t, d.db)
	return d
}

// store returns the store of the same tables by another pool.
func (d *database) store(t testing.TB, db *sql.DB) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.New(db, d.dialect, d.opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// by returns the same database by another pool.
func (d *database) by(t testing.TB, db *sql.DB) *database {
	t.Helper()
	return &database{Store: d.store(t, db), db: db, at: d.at, opts: d.opts, backend: d.backend}
}

// migrated returns a database with the tables.
func migrated(t testing.TB, b backend) *database {
	t.Helper()
	return migratedAt(t, b, b.dsn(t))
}

func migratedAt(t testing.TB, b backend, dsn string) *database {
	t.Helper()
	d := emptyAt(t, b, dsn)
	if err := sqlstore.Migrate(t.Context(), d.db, d.dialect, d.opts); err != nil {
		t.Fatal(err)
	}
	return d
}

// ring returns the store of a ring that nobody else uses.
func (d *database) ring(t testing.TB) jwks.KeyStore {
	t.Helper()
	ring, err := d.KeyRing(random())
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func random() string { return strconv.FormatUint(rand.Uint64(), 36) }
