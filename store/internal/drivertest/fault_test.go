package drivertest_test

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/countersign-go/countersign/store/internal/drivertest/server"
	"github.com/countersign-go/countersign/store/storetest"
)

// TestFaults has 16 workers use each backend while its server is killed, started again and paused, and its connections are
// refused, hang, are reset and cut.
func TestFaults(t *testing.T) {
	for _, b := range []struct {
		backend
		start func(testing.TB) *server.Server
	}{{postgres, server.StartPostgres}, {mariadb, func(t testing.TB) *server.Server { return server.StartMariaDB(t) }}} {
		t.Run(b.name, func(t *testing.T) {
			s := b.start(t)
			proxy := storetest.NewProxy(t, s.Addr())
			d := migratedAt(t, b.backend, s.DSNAt(proxy.Addr()))
			testFaults(t, "`sqlstore`, "+b.name, d.stores(), append(serverFaults(s), proxy.Faults()...))
		})
	}
	t.Run(sqlite.name, func(t *testing.T) {
		d := migrated(t, sqlite)
		testFaults(t, "`sqlstore`, "+sqlite.name, d.stores(), []storetest.Fault{lockedFile(t, d.db)})
	})
	// A client that repeats what failed gets through most of what loses replies, so it is not asked to fail because of that.
	for name, retries := range map[string]int{"Redis": -1, "Redis, with a client that repeats": 3} {
		t.Run(name, func(t *testing.T) {
			s := server.StartRedis(t)
			proxy := storetest.NewProxy(t, s.Addr())
			opts, err := redis.ParseURL(s.DSNAt(proxy.Addr()))
			if err != nil {
				t.Fatal(err)
			}
			opts.ContextTimeoutEnabled, opts.MaxRetries = true, retries
			faults := slices.DeleteFunc(proxy.Faults(), func(f storetest.Fault) bool {
				return retries > 0 && strings.HasPrefix(f.Name, "replies are lost")
			})
			faults = append(append(serverFaults(s), faults...), demoted(t, s))
			testFaults(t, "`redisstore`, Redis", redisStores(t, redis.NewClient(opts)), faults)
		})
	}
	t.Run("Redis Cluster", func(t *testing.T) {
		c := server.StartRedisCluster(t)
		client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: c.Addrs(), ContextTimeoutEnabled: true})
		faults := serverFaults(c.Nodes[1])
		for i := range faults {
			end := faults[i].End
			faults[i].End = func() { end(); c.Await() }
		}
		testFaults(t, "`redisstore`, Redis Cluster", redisStores(t, client), faults)
	})
}

// testFaults runs the suite for all that is kept. It logs what it counted.
func testFaults(t *testing.T, backend string, s stores, faults []storetest.Fault) {
	c := storetest.FaultConfig{
		Sessions: s.sessions, APIKeys: s.keys, Revocations: s.revocations,
		Identities: s.identities, OneTimeTokens: s.tokens, Attempts: s.attempts, Faults: faults,
	}
	if s.ring != nil {
		c.KeyStore = s.ring(t)
	}
	storetest.TestFaults(t, c)
	for kind, kept := range map[string]bool{
		"sessions": s.sessions != nil, "API keys": s.keys != nil, "revocations": s.revocations != nil, "key rings": s.ring != nil,
		"identities": s.identities != nil, "one-time tokens": s.tokens != nil, "attempts": s.attempts != nil,
	} {
		if kept {
			passed.note(t, backend, kind, "faults")
		}
	}
}

// serverFaults are those that whoever started a server can cause.
func serverFaults(s *server.Server) []storetest.Fault {
	return []storetest.Fault{
		{Name: "the server is killed", Begin: s.Kill, End: s.Start},
		{Name: "the server is paused", Begin: s.Pause, End: s.Resume},
		{Name: "the server is killed while it is paused", Begin: func() { s.Pause(); s.Kill() }, End: s.Start},
	}
}

// lockedFile is the fault that another process, which hangs, has the file of a SQLite database locked.
func lockedFile(t *testing.T, db *sql.DB) storetest.Fault {
	var other *sql.Conn
	exec := func(statement string) {
		if _, err := other.ExecContext(context.Background(), statement); err != nil {
			t.Error(err)
		}
	}
	return storetest.Fault{
		Name: "the file is locked",
		Begin: func() {
			var err error
			if other, err = db.Conn(context.Background()); err != nil {
				t.Fatal(err)
			}
			exec("PRAGMA busy_timeout(10000)")
			exec("BEGIN IMMEDIATE")
		},
		End: func() {
			exec("ROLLBACK")
			exec("PRAGMA busy_timeout(100)")
			other.Close()
		},
	}
}

// demoted is the fault that the server was made a replica, as in a failover that the client has not heard of.
func demoted(t *testing.T, s *server.Server) storetest.Fault {
	replicaOf := func(host, port string) func() {
		return func() {
			opts, err := redis.ParseURL(s.DSN())
			if err != nil {
				t.Fatal(err)
			}
			client := redis.NewClient(opts)
			defer client.Close()
			if err := client.ReplicaOf(context.Background(), host, port).Err(); err != nil {
				t.Error(err)
			}
		}
	}
	return storetest.Fault{Name: "the server is a replica", Begin: replicaOf("127.0.0.1", "1"), End: replicaOf("NO", "ONE")}
}
