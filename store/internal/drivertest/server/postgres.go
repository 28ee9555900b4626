//go:build unix

package server

import (
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
)

// StartPostgres starts a PostgreSQL with its own settings for durability and an empty database, of a superuser without a
// password.
func StartPostgres(t testing.TB) *Server {
	t.Helper()
	return launch(t, kind{
		name:    "PostgreSQL",
		account: "postgres",
		prepare: func(data string) []string {
			return []string{"initdb", "--pgdata", data, "--username=postgres", "--auth=trust",
				"--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions"}
		},
		command: func(data, port string) []string {
			return []string{"postgres", "-D", data, "-p", port,
				"-c", "listen_addresses=127.0.0.1",
				"-c", "unix_socket_directories=",
				"-c", "shared_buffers=8MB",
				"-c", "dynamic_shared_memory_type=mmap", // files in data, not segments that outlive a kill
			}
		},
		ready: "database system is ready to accept connections",
		dsn:   func(addr string) string { return "postgres://postgres@" + addr + "/postgres?sslmode=disable" },
		ping:  pingSQL("pgx"),
		lock:  "postmaster.pid",
		// The shared memory by which it notices that it runs twice. The lock's seventh line is the key and the ID.
		forget: `ipcrm -m "$(sed -n '7s/.* //p' postmaster.pid)"`,
	})
}
