package drivertest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
)

// patience is how long a call may take that should not hang. Only one that does takes as long.
const patience = 30 * time.Second

func check[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\ngot  %+v\nwant %+v", what, got, want)
	}
}

// checkIs is check for errors, of which one wraps another.
func checkIs(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s:\ngot  %v\nwant %v", what, got, want)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eachBackend runs f with the tables in a database of each kind.
func eachBackend(t *testing.T, f func(t *testing.T, d *database)) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) { f(t, migrated(t, b)) })
	}
}

// run sends a statement as an operator would.
func (d *database) run(t testing.TB, statement string, args ...any) {
	t.Helper()
	if _, err := d.db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// number returns what a query returns, one number.
func number(t testing.TB, db *sql.DB, query string, args ...any) (n int) {
	t.Helper()
	if err := db.QueryRowContext(within(t, patience), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// rows returns how many rows a table has, which is called so with the default prefix.
func (d *database) rows(t testing.TB, table string) int {
	t.Helper()
	return number(t, d.db, "SELECT COUNT(*) FROM "+d.opts.Prefix+table)
}

// record returns a session of actor that lasts.
func record(actor auth.Actor) session.Record {
	now := time.Now().UTC().Truncate(time.Microsecond)
	return session.Record{
		ID: session.NewID(actor), Version: 1, Digest: token.Sum(token.NewID()), Login: session.Login{Actor: actor, IdentityID: token.NewID()},
		Created: now, Renewed: now, Expires: now.Add(time.Hour), EndsBy: now.Add(24 * time.Hour),
	}
}

// somebody returns an actor that nobody else is.
func somebody() auth.Actor { return auth.Actor{Type: "user", ID: token.NewID()} }

// created keeps a new session of somebody.
func (d *database) created(t testing.TB) session.Record {
	t.Helper()
	rec := record(somebody())
	must(t, d.Sessions().Create(t.Context(), rec))
	return rec
}

// key returns a key of owner.
func key(owner auth.Actor) apikey.Key {
	return apikey.Key{
		ID: token.NewID(), Version: 1, Kind: apikey.Secret, Digest: token.Sum(token.NewID()), Title: "nightly report", Owner: owner,
		CreatedAt: time.Now().UTC().Truncate(time.Microsecond),
	}
}

// together calls f from n goroutines at once, and returns what each returned.
func together(n int, f func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	running.Wait()
	return errs
}

// within returns a context for calls that should not take long.
func within(t testing.TB, limit time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// multiply adds n rows like the one that is in a table. SQL expressions say what is different in each of them, whose number
// is n, from 0.
func (d *database) multiply(t testing.TB, table string, n int, different map[string]string) {
	t.Helper()
	rows, err := d.db.QueryContext(t.Context(), "SELECT * FROM "+d.opts.Prefix+table+" WHERE 1 = 0")
	must(t, err)
	columns, err := rows.Columns()
	must(t, errors.Join(err, rows.Close()))
	values := make([]string, len(columns))
	for i, name := range columns {
		if values[i] = different[name]; values[i] == "" {
			values[i] = "one." + name
		}
	}
	digits := "SELECT 0 AS d" + strings.Join(strings.Split(" 1 2 3 4 5 6 7 8 9", " "), " UNION ALL SELECT ")
	numbers := "SELECT 0 AS n"
	for place := 1; place < n; place *= 10 {
		numbers = fmt.Sprintf("SELECT p%[1]d.n + %[1]d * d%[1]d.d AS n FROM (%[2]s) AS p%[1]d CROSS JOIN (%[3]s) AS d%[1]d",
			place, numbers, digits)
	}
	d.run(t, fmt.Sprintf("INSERT INTO %[1]s (%[2]s) SELECT %[3]s FROM %[1]s AS one CROSS JOIN (%[4]s) AS numbers WHERE n < %[5]d",
		d.opts.Prefix+table, strings.Join(columns, ", "), strings.Join(values, ", "), numbers, n))
}
