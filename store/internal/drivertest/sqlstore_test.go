package drivertest_test

import (
	"testing"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/storetest"
)

func TestSQLStore(t *testing.T) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) { testSuites(t, migrated(t, b)) })
	}
}

// testSuites runs the suites of all that is kept.
func testSuites(t *testing.T, d *database) {
	t.Run("sessions", func(t *testing.T) {
		storetest.TestSessionStore(t, func(testing.TB) session.Store { return d.Sessions() })
	})
	t.Run("API keys", func(t *testing.T) {
		storetest.TestAPIKeyStore(t, func(testing.TB) apikey.Store { return d.APIKeys() })
	})
	t.Run("revocations", func(t *testing.T) {
		storetest.TestRevocationStore(t, func(testing.TB) jwtx.RevocationStore { return d.Revocations() })
	})
	t.Run("key rings", func(t *testing.T) {
		storetest.TestKeyStore(t, func(t testing.TB) jwks.KeyStore { return d.ring(t) })
	})
}

// TestSQLStoreSettings runs the suites with settings that applications have: none of them changes what is kept.
func TestSQLStoreSettings(t *testing.T) {
	zone := "Asia%2FKathmandu" // a quarter of an hour off
	for name, s := range map[string]struct {
		backend
		settings string
	}{
		"PostgreSQL in another zone":      {postgres, "?timezone=" + zone},
		"PostgreSQL without preparing":    {postgres, "?default_query_exec_mode=exec"},
		"PostgreSQL by simple queries":    {postgres, "?default_query_exec_mode=simple_protocol"},
		"MariaDB with parsed local times": {mariadb, "?parseTime=true&loc=Europe%2FBerlin&time_zone=%27%2B05%3A45%27"},
		"MariaDB that counts found rows":  {mariadb, "?clientFoundRows=true&interpolateParams=true&parseTime=true"},
		"MariaDB that is not strict":      {mariadb, "?sql_mode=%27%27&charset=latin1&tx_isolation=%27READ-COMMITTED%27"},
	} {
		t.Run(name, func(t *testing.T) { testSuites(t, migratedAt(t, s.backend, s.dsn(t)+s.settings)) })
	}
}
