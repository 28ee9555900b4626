package drivertest_test

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/internal/drivertest/server"
	"github.com/countersign-go/countersign/store/memory"
	"github.com/countersign-go/countersign/store/redisstore"
	"github.com/countersign-go/countersign/store/storetest"
)

// Stores are those of one backend. What it does not keep is nil.
type stores struct {
	sessions    session.Store
	keys        apikey.Store
	revocations jwtx.RevocationStore
	ring        func(t testing.TB) jwks.KeyStore // another one each time
	identities  login.Store
	tokens      login.TokenStore
	attempts    login.AttemptStore
}

// runSuites runs the suites of all that is kept. The backend is a row of the table in the README, "" is none.
func runSuites(t *testing.T, backend string, s stores) {
	if s.sessions != nil {
		suite(t, backend, "sessions", "contract", func(t *testing.T) {
			storetest.TestSessionStore(t, func(testing.TB) session.Store { return s.sessions })
		})
	}
	if s.keys != nil {
		suite(t, backend, "API keys", "contract", func(t *testing.T) {
			storetest.TestAPIKeyStore(t, func(testing.TB) apikey.Store { return s.keys })
		})
	}
	if s.revocations != nil {
		suite(t, backend, "revocations", "contract", func(t *testing.T) {
			storetest.TestRevocationStore(t, func(testing.TB) jwtx.RevocationStore { return s.revocations })
		})
	}
	if s.ring != nil {
		suite(t, backend, "key rings", "contract", func(t *testing.T) { storetest.TestKeyStore(t, s.ring) })
	}
	runLoginSuites(t, backend, s)
}

// runLoginSuites runs the suites of what package login keeps.
func runLoginSuites(t *testing.T, backend string, s stores) {
	if s.identities != nil {
		suite(t, backend, "identities", "contract", func(t *testing.T) {
			storetest.TestIdentities(t, func(testing.TB) login.Store { return s.identities })
		})
	}
	if s.tokens != nil {
		suite(t, backend, "one-time tokens", "contract", func(t *testing.T) {
			storetest.TestOneTimeTokens(t, func(testing.TB) login.TokenStore { return s.tokens })
		})
	}
	if s.attempts != nil {
		suite(t, backend, "attempts", "contract", func(t *testing.T) {
			storetest.TestAttempts(t, func(testing.TB) login.AttemptStore { return s.attempts })
		})
	}
}

func TestMemory(t *testing.T) {
	runSuites(t, "`memory`", stores{
		memory.NewSessions(nil), memory.NewAPIKeys(nil), memory.NewRevocations(nil),
		func(testing.TB) jwks.KeyStore { return memory.NewKeyStore() },
		memory.NewIdentities(nil), memory.NewOneTimeTokens(nil), memory.NewAttempts(nil),
	})
}

func TestSQLStore(t *testing.T) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) { runSuites(t, "`sqlstore`, "+b.name, migrated(t, b).stores()) })
	}
}

func (d *database) stores() stores {
	return stores{d.Sessions(), d.APIKeys(), d.Revocations(), d.ring, d.Identities(), d.OneTimeTokens(), d.Attempts()}
}

// TestSQLStoreSettings runs the suites with settings that applications have: none of them changes what is kept.
func TestSQLStoreSettings(t *testing.T) {
	for name, s := range map[string]struct {
		backend
		settings string
	}{
		"PostgreSQL in another zone":      {postgres, "?timezone=Asia%2FKathmandu"}, // a quarter of an hour off
		"PostgreSQL without preparing":    {postgres, "?default_query_exec_mode=exec"},
		"PostgreSQL by simple queries":    {postgres, "?default_query_exec_mode=simple_protocol"},
		"MariaDB with parsed local times": {mariadb, "?parseTime=true&loc=Europe%2FBerlin&time_zone=%27%2B05%3A45%27"},
		"MariaDB that counts found rows":  {mariadb, "?clientFoundRows=true&interpolateParams=true&parseTime=true"},
		"MariaDB that is not strict":      {mariadb, "?sql_mode=%27%27&charset=latin1&tx_isolation=%27READ-COMMITTED%27"},
	} {
		t.Run(name, func(t *testing.T) { runSuites(t, "", migratedAt(t, s.backend, s.dsn(t)+s.settings).stores()) })
	}
}

func TestRedisStore(t *testing.T) {
	runSuites(t, "`redisstore`, Redis", redisStores(t, redisClient(t)))
}

func redisClient(t testing.TB) *redis.Client {
	t.Helper()
	opts, err := redis.ParseURL(server.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	opts.ContextTimeoutEnabled = true
	return redis.NewClient(opts)
}

func TestRedisCluster(t *testing.T) {
	c := server.StartRedisCluster(t)
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: c.Addrs(), ContextTimeoutEnabled: true})
	runSuites(t, "`redisstore`, Redis Cluster", redisStores(t, client))
}

// redisStores returns the stores of a client, which is closed in the end.
func redisStores(t testing.TB, client redis.UniversalClient) stores {
	t.Helper()
	t.Cleanup(func() { client.Close() })
	s, err := redisstore.New(client, &redisstore.Options{Prefix: "t" + random() + ":", InsecureVolatile: true})
	if err == nil {
		err = s.Check(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return stores{sessions: s.Sessions(), revocations: s.Revocations(), tokens: s.OneTimeTokens(), attempts: s.Attempts()}
}
