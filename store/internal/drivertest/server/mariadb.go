//go:build unix

package server

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"testing"

	_ "github.com/go-sql-driver/mysql" // the driver mysql
)

// StartMariaDB starts a MariaDB that writes each commit to the disk, with an empty database, and root without a password.
// args are settings that come last, such as "--innodb-buffer-pool-size=1G".
func StartMariaDB(t testing.TB, args ...string) *Server {
	t.Helper()
	return launch(t, kind{
		name:    "MariaDB",
		account: "mysql",
		prepare: func(data string) []string {
			return append([]string{"mariadb-install-db", "--no-defaults", "--datadir=" + data, "--skip-name-resolve",
				"--auth-root-authentication-method=normal"}, smallMariaDB...)
		},
		command: func(data, port string) []string {
			return slices.Concat([]string{"mariadbd", "--no-defaults", "--datadir=" + data, "--skip-name-resolve",
				"--bind-address=127.0.0.1", "--port=" + port,
				"--socket=" + filepath.Join(data, "socket"),
				"--pid-file=" + filepath.Join(data, "pid"),
				"--tmpdir=" + data,
				"--innodb-flush-log-at-trx-commit=1",
			}, smallMariaDB, args)
		},
		ready: "ready for connections",
		dsn:   func(addr string) string { return "root@tcp(" + addr + ")/test" },
		ping:  pingSQL("mysql"),
	})
}

var smallMariaDB = []string{
	"--innodb-buffer-pool-size=16M",
	"--innodb-log-file-size=8M",
	"--innodb-log-buffer-size=2M",
	"--key-buffer-size=1M",
	"--aria-pagecache-buffer-size=1M",
}

// pingSQL returns what asks a server through its driver.
func pingSQL(driver string) func(ctx context.Context, dsn string) error {
	return func(ctx context.Context, dsn string) error {
		db, err := sql.Open(driver, dsn)
		if err != nil {
			return err
		}
		defer func() { _ = db.Close() }()
		return db.PingContext(ctx)
	}
}
