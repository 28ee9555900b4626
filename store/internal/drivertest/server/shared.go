package server

import (
	"net"
	"os"
	"testing"
	"time"
)

// Postgres returns where the shared PostgreSQL is, as pgx takes it: COUNTERSIGN_TEST_POSTGRES, or a default if something
// listens there.
func Postgres(t testing.TB) string {
	t.Helper()
	return shared(t, "COUNTERSIGN_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/test", "127.0.0.1:5432")
}

// MySQL returns where the shared MySQL or MariaDB is, as go-sql-driver/mysql takes it: COUNTERSIGN_TEST_MYSQL, or a default
// if something listens there.
func MySQL(t testing.TB) string {
	t.Helper()
	return shared(t, "COUNTERSIGN_TEST_MYSQL", "root@tcp(127.0.0.1:3306)/test", "127.0.0.1:3306")
}

// Redis returns the URL of the shared Redis, as go-redis takes it: COUNTERSIGN_TEST_REDIS, or a default if something listens
// there.
func Redis(t testing.TB) string {
	t.Helper()
	return shared(t, "COUNTERSIGN_TEST_REDIS", "redis://127.0.0.1:6379", "127.0.0.1:6379")
}

// shared returns what the variable says, unseen: a server that somebody named and that is not there is a failure of the
// test, not a reason to skip it.
func shared(t testing.TB, variable, preset, addr string) string {
	t.Helper()
	if dsn := os.Getenv(variable); dsn != "" {
		return dsn
	}
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		lack(t, "nothing listens on "+addr+": set "+variable+", such as "+preset)
		return ""
	}
	_ = conn.Close()
	return preset
}

// lack skips the test, or fails it where nothing may be lacking.
func lack(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("COUNTERSIGN_TEST_REQUIRED") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}
