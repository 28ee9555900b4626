package drivertest_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/store/internal/drivertest/server"
	"github.com/countersign-go/countersign/store/sqlstore"
)

var (
	ownTables = []string{
		"sessions", "api_keys", "revocations", "key_rings", "identities", "provider_identities", "one_time_tokens", "attempts",
	}
	ownIndex = map[string]string{ // and the tables that they are of
		"sessions_actor": "sessions", "sessions_identity": "sessions", "sessions_expires": "sessions", "api_keys_owner": "api_keys", "api_keys_expires": "api_keys",
		"revocations_expires": "revocations", "provider_identities_identity": "provider_identities",
		"one_time_tokens_expires": "one_time_tokens", "attempts_expires": "attempts",
	}

	statements = regexp.MustCompile(`(?s)run\n(.*?;)(?:\n|$)`)
)

// mend does what Check says, to the letter, and then Check has nothing more to say.
func (d *database) mend(t *testing.T, names ...string) {
	t.Helper()
	err := d.Check(t.Context())
	if err == nil {
		t.Fatal("Check found nothing")
	}
	check(t, "Check says that the database is down", errors.Is(err, auth.ErrUnavailable), false)
	for _, name := range names {
		check(t, fmt.Sprintf("%v: names %s", err, name), strings.Contains(err.Error(), name), true)
	}
	found := statements.FindAllStringSubmatch(err.Error(), -1)
	check(t, fmt.Sprintf("%v: has a statement for each", err), len(found), strings.Count(err.Error(), "sqlstore: "))
	for _, statement := range found {
		d.run(t, statement[1])
	}
	must(t, d.Check(t.Context()))
	d.created(t)
}

func TestCheckTellsHowToMendIt(t *testing.T) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			d := emptyAt(t, b, b.dsn(t))
			d.mend(t, append(ownTables, "sessions_actor", "sessions_identity", "revocations_expires")...)
			for _, table := range ownTables {
				d.run(t, "DROP TABLE "+d.opts.Prefix+table)
				d.mend(t, d.opts.Prefix+table)
			}
			for index, table := range ownIndex {
				d.dropIndex(t, table, index)
				d.mend(t, d.opts.Prefix+index)
			}
		})
	}
}

// What cannot be mended by one statement is named: the table, and by the database the column.
func TestCheckNamesColumns(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) {
		rename := func(table, from, to string) {
			d.run(t, "ALTER TABLE "+d.opts.Prefix+table+" RENAME COLUMN "+from+" TO "+to)
		}
		for table, column := range map[string]string{
			"sessions": "ends_at", "api_keys": "title", "revocations": "revoked_up_to", "key_rings": "state",
			"identities": "providers", "one_time_tokens": "data", "attempts": "tries",
		} {
			rename(table, column, "other")
			err := d.Check(t.Context())
			check(t, fmt.Sprintf("%v: names %s and %s", err, table, column), err != nil &&
				strings.Contains(err.Error(), d.opts.Prefix+table) && strings.Contains(err.Error(), column), true)
			check(t, "Check says that the database is down", errors.Is(err, auth.ErrUnavailable), false)
			rename(table, "other", column)
			must(t, d.Check(t.Context()))
		}
		d.run(t, "ALTER TABLE "+d.opts.Prefix+"api_keys DROP COLUMN redacted")
		err := d.Check(t.Context())
		check(t, fmt.Sprintf("%v: names a column that was dropped", err), err != nil && strings.Contains(err.Error(), "redacted"), true)
	})
}

// On MariaDB a column of ordinary text takes some for the same that are not.
func TestCheckFindsColumnsThatFold(t *testing.T) {
	d := migrated(t, mariadb)
	for column, table := range map[string]string{
		"id": "sessions", "identity_id": "sessions", "actor_id": "sessions", "kind": "api_keys", "actor_type": "sessions", "owner_id": "api_keys", "owner_type": "api_keys",
	} {
		d.run(t, "ALTER TABLE "+d.opts.Prefix+table+" MODIFY "+column+" varchar(64) NOT NULL")
		d.mend(t, d.opts.Prefix+table+"."+column)
	}
	for _, column := range []string{
		"api_keys.id", "revocations.id", "key_rings.id", "identities.id", "provider_identities.provider", "provider_identities.entity_id",
		"provider_identities.identity_id", "one_time_tokens.id", "attempts.id",
	} {
		table, name, _ := strings.Cut(column, ".")
		d.run(t, "ALTER TABLE "+d.opts.Prefix+table+" MODIFY "+name+" varchar(80) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL")
		d.mend(t, d.opts.Prefix+column)
	}
}

func TestCheckFindsThatNothingIsCommitted(t *testing.T) {
	d := migrated(t, mariadb)
	off := d.by(t, pool(t, mariadb, with(t, mariadb, d.at, "autocommit", "0")))
	err := off.Check(t.Context())
	check(t, fmt.Sprintf("%v: names autocommit", err), err != nil && strings.Contains(err.Error(), "autocommit"), true)

	private := server.StartMariaDB(t).DSN()
	global := migratedAt(t, mariadb, private)
	global.run(t, "SET GLOBAL autocommit = 0")
	global = global.by(t, pool(t, mariadb, private)) // connections have what was set when they began
	err = global.Check(t.Context())
	found := statements.FindStringSubmatch(fmt.Sprint(err))
	if len(found) == 0 {
		t.Fatalf("Check tells no statement: %v", err)
	}
	global.run(t, found[1])
	must(t, global.by(t, pool(t, mariadb, private)).Check(t.Context()))
}

func TestCheckOfADatabaseThatIsDown(t *testing.T) {
	for _, b := range []backend{
		{"PostgreSQL", "pgx", sqlstore.PostgreSQL, func(testing.TB) string { return "postgres://postgres@127.0.0.1:1/test" }},
		{"MariaDB", "mysql", sqlstore.MySQL, func(testing.TB) string { return "root@tcp(127.0.0.1:1)/test" }},
		{"SQLite", "sqlite", sqlstore.SQLite, func(t testing.TB) string { return "file:" + t.TempDir() + "/none/app.db" }},
	} {
		t.Run(b.name, func(t *testing.T) {
			store, err := sqlstore.New(pool(t, b, b.dsn(t)), b.dialect, nil)
			must(t, err)
			checkIs(t, "Check", store.Check(t.Context()), auth.ErrUnavailable)
		})
	}
}

// A user who may not read the tables is told so, and one who may read one is told of the others.
func TestCheckWithoutRights(t *testing.T) {
	for _, b := range []backend{postgres, mariadb} { // SQLite has no users
		t.Run(b.name, func(t *testing.T) {
			d := migrated(t, b)
			d.grant(t, "u"+random(), "SELECT", func(user *database) {
				err := user.Check(t.Context())
				for _, table := range ownTables[1:] {
					check(t, fmt.Sprintf("%v: names %s", err, table), err != nil && strings.Contains(err.Error(), d.opts.Prefix+table), true)
				}
				_, err = user.APIKeys().Get(t.Context(), "abc")
				checkIs(t, "Get", err, auth.ErrUnavailable)
			}, "sessions")
		})
	}
}

// grant has f work as a user with a right on some of the tables only.
func (d *database) grant(t *testing.T, name, right string, f func(*database), tables ...string) {
	t.Helper()
	user, create := name, "CREATE USER "+name+" PASSWORD 'secret'"
	if d.dialect == sqlstore.MySQL {
		user = "'" + name + "'@'%'"
		create = "CREATE USER " + user + " IDENTIFIED BY 'secret'"
	}
	d.run(t, create)
	defer func() {
		if d.dialect == sqlstore.PostgreSQL {
			d.run(t, "DROP OWNED BY "+user)
		}
		d.run(t, "DROP USER "+user)
	}()
	for _, table := range tables {
		d.run(t, "GRANT "+right+" ON "+d.opts.Prefix+table+" TO "+user)
	}
	db := pool(t, d.backend, as(t, d.backend, d.at, name, "secret"))
	f(d.by(t, db))
	db.Close()
}
