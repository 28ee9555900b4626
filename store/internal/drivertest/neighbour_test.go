package drivertest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/sqlstore"
)

// A tenant whose tables are in a schema of its own does not get those of the schema that is searched next.
func TestMigrateInASchemaOfItsOwn(t *testing.T) {
	d := migrated(t, postgres) // in public
	schema := "s" + random()
	if _, err := d.db.Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.db.Exec("DROP SCHEMA " + schema + " CASCADE") })
	db := pool(t, postgres, d.dsn(t)+"?search_path="+schema+",public")
	if err := sqlstore.Migrate(t.Context(), db, d.dialect, d.opts); err != nil {
		t.Fatal(err)
	}
	tenant := d.store(t, db)
	if err := tenant.Check(t.Context()); err != nil {
		t.Error(err)
	}
	ann := auth.Actor{Type: "user", ID: "ann"}
	rec := session.Record{ID: session.NewID(ann), Login: session.Login{Actor: ann}, Expires: time.Now().Add(time.Hour)}
	if err := tenant.Sessions().Create(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Sessions().Get(t.Context(), rec.ID, time.Now()); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("the tenant's session in the tables of others: %v", err)
	}
}

// Without a database in the DSN, MariaDB has no lock to give; that is an error, not a reason to ask again for ever.
func TestMigrateWithoutADatabase(t *testing.T) {
	dsn := mariadb.dsn(t)
	db := pool(t, mariadb, dsn[:strings.LastIndex(dsn, "/")+1])
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err := sqlstore.Migrate(ctx, db, sqlstore.MySQL, nil)
	if err == nil || ctx.Err() != nil {
		t.Errorf("Migrate: %v; its context: %v", err, ctx.Err())
	}
}

// A Migrate that fails leaves no transaction behind in the pool, or what the application writes next would be lost.
func TestMigrateThatCannotCommit(t *testing.T) {
	dsn := "file:" + t.TempDir() + "/app.db"
	db, reader := pool(t, sqlite, dsn), pool(t, sqlite, dsn)
	if _, err := db.Exec("CREATE TABLE users (id); INSERT INTO users VALUES (1), (2), (3)"); err != nil {
		t.Fatal(err)
	}
	rows, err := reader.Query("SELECT id FROM users")
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := sqlstore.Migrate(ctx, db, sqlstore.SQLite, nil); err == nil {
		t.Error("Migrate commits while another connection reads, so this shows nothing")
	}
	rows.Close()
	if _, err := db.Exec("INSERT INTO users VALUES (4)"); err != nil {
		t.Error(err)
	}
	var n int
	if err := reader.QueryRow("SELECT COUNT(*) FROM users").Scan(&n); n != 4 || err != nil {
		t.Errorf("another connection sees %d users of 4: %v", n, err)
	}
	if err := sqlstore.Migrate(t.Context(), db, sqlstore.SQLite, nil); err != nil {
		t.Errorf("Migrate, once nobody reads: %v", err)
	}
}

// A constraint that the application has added is not a record that is there already.
func TestConstraintOfTheApplication(t *testing.T) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			d := migrated(t, b)
			if _, err := d.db.Exec("CREATE UNIQUE INDEX " + d.opts.Prefix + "ours ON " + d.opts.Prefix + "api_keys (redacted)"); err != nil {
				t.Fatal(err)
			}
			create := func() error {
				return d.APIKeys().Create(t.Context(), apikey.Key{ID: token.NewID(), Kind: apikey.Secret, Redacted: "one of a kind"})
			}
			if err := create(); err != nil {
				t.Fatal(err)
			}
			if err := create(); errors.Is(err, apikey.ErrExists) || !errors.Is(err, auth.ErrUnavailable) {
				t.Errorf("another key with the same text: %v", err)
			}
		})
	}
}

// What a sweep cannot delete, it leaves, and ends.
func TestSweepThatDeletesNothing(t *testing.T) {
	d := migrated(t, sqlite)
	table := d.opts.Prefix + "revocations"
	for _, statement := range []string{
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600) " +
			"INSERT INTO " + table + " SELECT 'token:' || i, '2020-01-01 00:00:00.000000', '2020-01-01 00:00:00.000000' FROM n",
		"CREATE TRIGGER " + table + "_stay BEFORE DELETE ON " + table + " BEGIN SELECT RAISE(IGNORE); END",
	} {
		if _, err := d.db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if n, err := d.Sweep(ctx); n != 0 || err != nil {
		t.Errorf("Sweep: %d, %v", n, err)
	}
}

// Check sees what would make two records of one.
func TestCheckSeesMissingPrimaryKeys(t *testing.T) {
	for _, tt := range []struct {
		backend
		statement string
	}{
		{postgres, "ALTER TABLE %s DROP CONSTRAINT %s_pkey"},
		{mariadb, "ALTER TABLE %s DROP PRIMARY KEY"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := migrated(t, tt.backend)
			for _, name := range []string{"revocations", "provider_identities"} {
				table := d.opts.Prefix + name
				if _, err := d.db.Exec(strings.ReplaceAll(tt.statement, "%s", table)); err != nil {
					t.Fatal(err)
				}
				err := d.Check(t.Context())
				if err == nil {
					t.Fatal("Check finds nothing")
				}
				_, mend, _ := strings.Cut(err.Error(), ": run\n")
				if _, err := d.db.Exec(strings.TrimSuffix(mend, ";")); err != nil {
					t.Errorf("%q: %v", mend, err)
				}
				if err := d.Check(t.Context()); err != nil {
					t.Errorf("after %q: %v", mend, err)
				}
			}
		})
	}
}

// Check sees a connection that would turn what it does not know into question marks.
func TestCheckSeesAnotherCharset(t *testing.T) {
	d := migrated(t, mariadb)
	other := d.store(t, pool(t, mariadb, d.dsn(t)+"?charset=ascii"))
	if err := other.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "SET NAMES utf8mb4") {
		t.Errorf("Check by a connection with charset=ascii: %v", err)
	}
}
