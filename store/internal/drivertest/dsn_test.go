package drivertest_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// with returns dsn with another setting, whose value is not escaped.
func with(t testing.TB, b backend, dsn, setting, value string) string {
	t.Helper()
	if b.name == postgres.name {
		u, err := url.Parse(dsn)
		must(t, err)
		query := u.Query()
		query.Set(setting, value)
		u.RawQuery = query.Encode()
		return u.String()
	}
	separator := "?"
	if strings.Contains(dsn, "?") {
		separator = "&"
	}
	return dsn + separator + setting + "=" + url.QueryEscape(value)
}

// inDatabase returns a DSN of MariaDB for another database of the same server.
func inDatabase(t testing.TB, dsn, name string) string {
	t.Helper()
	config, err := mysql.ParseDSN(dsn)
	must(t, err)
	config.DBName = name
	return config.FormatDSN()
}

// as returns dsn for another user.
func as(t testing.TB, b backend, dsn, user, password string) string {
	t.Helper()
	if b.name == postgres.name {
		u, err := url.Parse(dsn)
		must(t, err)
		u.User = url.UserPassword(user, password)
		return u.String()
	}
	config, err := mysql.ParseDSN(dsn)
	must(t, err)
	config.User, config.Passwd = user, password
	return config.FormatDSN()
}
