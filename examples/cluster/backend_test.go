package main_test

import (
	"database/sql"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
)

// A backend is a kind of database.
type backend struct {
	name string
	url  func(t *testing.T) string // for -database
}

var backends = []backend{
	{"SQLite", func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "app.db") }},
	{"PostgreSQL", func(t *testing.T) string {
		return shared(t, "COUNTERSIGN_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/test", "127.0.0.1:5432")
	}},
	{"MariaDB", func(t *testing.T) string {
		return "mysql://" + shared(t, "COUNTERSIGN_TEST_MYSQL", "root@tcp(127.0.0.1:3306)/test", "127.0.0.1:3306")
	}},
}

// shared returns what the variable says, or a preset if something listens there.
func shared(t *testing.T, variable, preset, addr string) string {
	t.Helper()
	if dsn := os.Getenv(variable); dsn != "" {
		return dsn
	}
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	switch {
	case err == nil:
		_ = conn.Close()
	case os.Getenv("COUNTERSIGN_TEST_REQUIRED") != "":
		t.Fatalf("nothing listens on %s: set %s, such as %s", addr, variable, preset)
	default:
		t.Skipf("nothing listens on %s: set %s, such as %s", addr, variable, preset)
	}
	return preset
}

// dropTables removes the tables from a database that others use, too.
func dropTables(t *testing.T, url, prefix string) {
	driver, dsn := "pgx", url
	if rest, ok := strings.CutPrefix(url, "mysql://"); ok {
		driver, dsn = "mysql", rest
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Error(err)
		return
	}
	defer func() { _ = db.Close() }()
	for _, table := range []string{"sessions", "api_keys", "revocations", "key_rings", "migrations"} {
		if _, err := db.Exec("DROP TABLE IF EXISTS " + prefix + table); err != nil {
			t.Error(err)
		}
	}
}
