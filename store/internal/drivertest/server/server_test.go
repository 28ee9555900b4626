//go:build unix

package server_test

import (
	"context"
	"database/sql"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/store/internal/drivertest/server"
	"github.com/redis/go-redis/v9"
)

// A client writes a number and reads it again.
type client struct {
	write func(ctx context.Context, n int) error
	read  func(ctx context.Context) (int, error)
}

var kinds = []struct {
	name  string
	start func(t testing.TB) *server.Server
	open  func(t testing.TB, s *server.Server) client
}{
	{"PostgreSQL", server.StartPostgres, openSQL("pgx")},
	{"MariaDB", func(t testing.TB) *server.Server { return server.StartMariaDB(t) }, openSQL("mysql")},
	{"Redis", func(t testing.TB) *server.Server { return server.StartRedis(t) }, openRedis},
}

func openSQL(driver string) func(t testing.TB, s *server.Server) client {
	return func(t testing.TB, s *server.Server) client {
		db, err := sql.Open(driver, s.DSN())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if _, err = db.ExecContext(t.Context(), "CREATE TABLE IF NOT EXISTS numbers (n INT)"); err != nil {
			t.Fatal(err)
		}
		return client{
			write: func(ctx context.Context, n int) error {
				_, err := db.ExecContext(ctx, "INSERT INTO numbers VALUES ("+strconv.Itoa(n)+")")
				return err
			},
			read: func(ctx context.Context) (n int, err error) {
				err = db.QueryRowContext(ctx, "SELECT MAX(n) FROM numbers").Scan(&n)
				return n, err
			},
		}
	}
}

func openRedis(t testing.TB, s *server.Server) client {
	opts, err := redis.ParseURL(s.DSN())
	if err != nil {
		t.Fatal(err)
	}
	opts.ContextTimeoutEnabled = true
	return redisClient(t, redis.NewClient(opts))
}

func redisClient(t testing.TB, c redis.UniversalClient) client {
	t.Cleanup(func() { _ = c.Close() })
	return client{
		write: func(ctx context.Context, n int) error { return c.Set(ctx, "n", n, 0).Err() },
		read:  func(ctx context.Context) (int, error) { return c.Get(ctx, "n").Int() },
	}
}

// must reads until want comes: a pool may hand out a few connections first that the kill has broken.
func (c client) must(t testing.TB, want int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	got, err := c.read(ctx)
	for ; err != nil && ctx.Err() == nil; got, err = c.read(ctx) {
		time.Sleep(time.Millisecond)
	}
	if err != nil || got != want {
		t.Fatalf("read %d, %v, want %d", got, err, want)
	}
}

func (c client) put(t testing.TB, n int) {
	t.Helper()
	if err := c.write(t.Context(), n); err != nil {
		t.Fatal(err)
	}
}

// mustFail reads with a deadline of a second.
func (c client) mustFail(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if n, err := c.read(ctx); err == nil {
		t.Errorf("read %d of a server that answers nothing", n)
	}
}

func TestWrittenBeforeKill(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			s := k.start(t)
			c := k.open(t, s)
			for n := range 2 {
				c.put(t, n)
				s.Kill()
				mustBeFree(t, s.Addr())
				c.mustFail(t)
				s.Start()
				c.must(t, n)
			}
		})
	}
}

func TestPause(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			s := k.start(t)
			c := k.open(t, s)
			c.put(t, 1)
			s.Pause()
			s.Pause()
			c.mustFail(t) // on the connection that there is
			c.mustFail(t) // on a new one
			s.Resume()
			s.Resume()
			c.must(t, 1)
		})
	}
}

func TestKillDuringPause(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			s := k.start(t)
			c := k.open(t, s)
			c.put(t, 1)
			s.Pause()
			s.Kill()
			mustBeFree(t, s.Addr())
			s.Start()
			c.must(t, 1)
		})
	}
}

func TestDSNAt(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			s := k.start(t)
			if got := strings.ReplaceAll(s.DSNAt("127.0.0.1:1"), "127.0.0.1:1", s.Addr()); got != s.DSN() {
				t.Errorf("DSNAt differs from DSN by more than the address: %s, %s", got, s.DSN())
			}
		})
	}
}

// TestEnd leaves servers behind in each state and looks for what remains.
func TestEnd(t *testing.T) {
	for _, k := range kinds {
		for name, leave := range map[string]func(*server.Server){
			"running": func(*server.Server) {},
			"killed":  (*server.Server).Kill,
			"paused":  (*server.Server).Pause,
		} {
			t.Run(k.name+" "+name, func(t *testing.T) {
				tmp := openDir(t)
				var addr string
				t.Run("test", func(t *testing.T) {
					s := k.start(t)
					addr = s.Addr()
					leave(s)
				})
				mustBeFree(t, addr)
				mustBeEmpty(t, tmp)
			})
		}
	}
}

// mustBeFree fails if anything listens at addr.
func mustBeFree(t testing.TB, addr string) {
	t.Helper()
	if listens(addr) {
		t.Errorf("%s is still taken", addr)
	}
}

// openDir makes servers put their directories into a new one, where their accounts may go.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "countersign-test-")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	t.Setenv("TMPDIR", dir)
	return dir
}

func mustBeEmpty(t testing.TB, dir string) {
	t.Helper()
	if left := entries(t, dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func entries(t testing.TB, dir string) []os.DirEntry {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return found
}
