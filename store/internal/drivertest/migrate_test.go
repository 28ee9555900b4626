package drivertest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/store/sqlstore"
)

// migrate migrates, and fails where it would hang.
func (d *database) migrate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return sqlstore.Migrate(ctx, d.db, d.dialect, d.opts)
}

// checkMigrated checks that the tables are there, that Migrate says that it has nothing to do, and that a store works.
func (d *database) checkMigrated(t testing.TB) {
	t.Helper()
	must(t, d.Check(t.Context()))
	check(t, "rows of the table of migrations", d.rows(t, "migrations"), 1)
	d.created(t)
}

// dropIndex drops an index as the dialect says it.
func (d *database) dropIndex(t testing.TB, table, index string) {
	t.Helper()
	on := map[sqlstore.Dialect]string{sqlstore.MySQL: " ON " + d.opts.Prefix + table}[d.dialect]
	d.run(t, "DROP INDEX "+d.opts.Prefix+index+on)
}

// A second Migrate does nothing: it sends no statement that makes anything.
func TestMigrateTwice(t *testing.T) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			d := emptyAt(t, b, b.dsn(t))
			db, tap := tapped(t, b, d.at)
			twice := d.by(t, db)
			must(t, twice.migrate(t.Context()))
			made := sentWith(tap.take(), "CREATE ")
			must(t, twice.migrate(t.Context()))
			check(t, "statements that make tables and indexes, at first and then, with the table of migrations",
				fmt.Sprint(made, sentWith(tap.take(), "CREATE ")), "18 1")
			d.checkMigrated(t)
		})
	}
}

func TestMigrateByManyPools(t *testing.T) {
	const n = 10
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			d := emptyAt(t, b, b.dsn(t))
			all := make([]*database, n)
			for i := range all {
				all[i] = d.by(t, pool(t, b, d.at))
			}
			must(t, errors.Join(together(n, func(i int) error { return all[i].migrate(t.Context()) })...))
			d.checkMigrated(t)
		})
	}
}

func TestMigrateByManyProcesses(t *testing.T) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			d := emptyAt(t, b, b.dsn(t))
			processes := startJobs(t, "migrate", 10, d.place())
			for _, p := range processes {
				p.say("go")
			}
			for _, p := range processes {
				check(t, "last line of a process", p.line(), "migrated")
				p.end()
			}
			d.checkMigrated(t)
		})
	}
}

// What stopped half-way is done to the end, and no row is touched by that.
func TestMigrateGoesOn(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) {
		rec := d.created(t)
		for name, undo := range map[string]func(){
			"all but the note that it was done": func() {},
			"an index is missing":               func() { d.dropIndex(t, "sessions", "sessions_actor") },
			"the last tables and their indexes are missing": func() {
				d.run(t, "DROP TABLE "+d.opts.Prefix+"key_rings")
				d.run(t, "DROP TABLE "+d.opts.Prefix+"revocations")
				d.dropIndex(t, "api_keys", "api_keys_expires")
			},
			"nothing is noted at all": func() { d.run(t, "DROP TABLE "+d.opts.Prefix+"migrations") },
		} {
			t.Run(name, func(t *testing.T) {
				d.run(t, "DELETE FROM "+d.opts.Prefix+"migrations")
				undo()
				must(t, d.migrate(t.Context()))
				d.checkMigrated(t)
				got, err := d.Sessions().Get(t.Context(), rec.ID, time.Now())
				must(t, err)
				check(t, "digest of the session that was there", got.Digest, rec.Digest)
			})
		}
	})
}

// Who waits for another's Migrate waits no longer than its context allows. Then it holds no lock and no transaction.
func TestMigrateThatWaits(t *testing.T) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			d := emptyAt(t, b, b.dsn(t))
			first, goOn, ended := startAndHold(t, d)
			db := pool(t, b, d.at)
			db.SetMaxOpenConns(1)
			waiting := d.by(t, db)
			started := time.Now()
			err := waiting.migrate(within(t, 1300*time.Millisecond)) // longer than MariaDB is asked to wait at a time
			checkIs(t, "Migrate that waits", err, auth.ErrUnavailable)
			took := time.Since(started)
			check(t, fmt.Sprintf("it took %v: less than %v", took, patience), took < patience, true)
			check(t, "its connection answers", number(t, db, "SELECT 1"), 1)
			close(goOn)
			must(t, <-ended)
			must(t, waiting.migrate(t.Context()))
			must(t, first.migrate(t.Context()))
			d.checkMigrated(t)
		})
	}
}

// startAndHold starts a Migrate that has the lock, and stands still until goOn is closed.
func startAndHold(t *testing.T, d *database) (first *database, goOn chan struct{}, ended chan error) {
	db, tap := tapped(t, d.backend, d.at)
	first, goOn, ended = d.by(t, db), make(chan struct{}), make(chan error, 1)
	holds := make(chan struct{})
	tap.once("CREATE TABLE", func() error {
		close(holds)
		<-goOn
		return nil
	})
	go func() { ended <- first.migrate(context.Background()) }()
	<-holds
	return first, goOn, ended
}

// Whose context ends in the middle leaves no lock and no transaction behind, and the next one finishes the work.
func TestMigrateThatIsGivenUp(t *testing.T) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			d := emptyAt(t, b, b.dsn(t))
			for _, at := range []string{"migrations", "sessions (", "sessions_expires", "revocations (", "INSERT INTO"} {
				db, tap := tapped(t, b, d.at)
				db.SetMaxOpenConns(1)
				ctx, cancel := context.WithCancel(t.Context())
				tap.once(at, func() error { cancel(); return nil })
				checkIs(t, "Migrate that is given up before "+at, d.by(t, db).migrate(ctx), auth.ErrUnavailable)
				check(t, "its connection answers", number(t, db, "SELECT 1"), 1)
				if b.dialect != sqlstore.MySQL {
					check(t, "Check finds what is missing after "+at, d.Check(t.Context()) != nil, true)
				}
			}
			must(t, d.migrate(t.Context()))
			d.checkMigrated(t)
		})
	}
}

// Two applications share a database and nothing in it.
func TestTwoPrefixes(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) {
		other := emptyAt(t, d.backend, d.at)
		check(t, "Check finds nothing of the other", other.Check(t.Context()) != nil, true)
		must(t, other.migrate(t.Context()))
		other.checkMigrated(t)
		must(t, d.Sessions().Create(t.Context(), record(somebody())))
		check(t, "sessions", fmt.Sprint(d.rows(t, "sessions"), other.rows(t, "sessions")), "1 1")
		for _, table := range ownTables {
			other.run(t, "DROP TABLE "+other.opts.Prefix+table)
		}
		must(t, d.Check(t.Context()))
	})
}

// Tables that goose made are as good as those of Migrate, which then has nothing left to make; and goose takes nothing back.
func TestGoose(t *testing.T) {
	dialects := map[sqlstore.Dialect]goose.Dialect{
		sqlstore.PostgreSQL: goose.DialectPostgres, sqlstore.MySQL: goose.DialectMySQL, sqlstore.SQLite: goose.DialectSQLite3,
	}
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			d := ownDatabase(t, b) // the files have the default prefix
			files, err := sqlstore.Migrations(b.dialect)
			must(t, err)
			provider, err := goose.NewProvider(dialects[b.dialect], d.db, files, goose.WithDisableGlobalRegistry(true))
			must(t, err)
			_, err = provider.Up(t.Context())
			must(t, err)
			must(t, d.Check(t.Context()))
			tx := begin(t, d.db, nil)
			w := done(t, d, tx)
			must(t, tx.Commit())
			must(t, d.ring(t).Swap(t.Context(), 0, []byte("state")))
			must(t, d.migrate(t.Context()))
			check(t, "seen after Migrate", w.seen(t, d, nil), all)
			d.checkMigrated(t)
			_, _ = provider.Down(t.Context())
			check(t, "seen after goose went down", w.seen(t, d, nil), all)
		})
	}
}

// ownDatabase returns a database without tables in which no other test is: a schema of PostgreSQL, a database of MariaDB, a
// file.
func ownDatabase(t *testing.T, b backend) *database {
	t.Helper()
	name, dsn := "t"+random(), b.dsn(t)
	admin := pool(t, b, dsn)
	drop := ""
	switch b.dialect {
	case sqlstore.PostgreSQL:
		execute(t, admin, "CREATE SCHEMA "+name)
		drop, dsn = "DROP SCHEMA "+name+" CASCADE", with(t, b, dsn, "search_path", name)
	case sqlstore.MySQL:
		execute(t, admin, "CREATE DATABASE "+name)
		drop, dsn = "DROP DATABASE "+name, inDatabase(t, dsn, name)
	}
	if drop != "" {
		t.Cleanup(func() {
			if _, err := admin.Exec(drop); err != nil {
				t.Error(err)
			}
		})
	}
	d := &database{db: pool(t, b, dsn), at: dsn, opts: &sqlstore.Options{Prefix: sqlstore.DefaultPrefix}, backend: b}
	d.Store = d.store(t, d.db)
	return d
}

func execute(t testing.TB, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
