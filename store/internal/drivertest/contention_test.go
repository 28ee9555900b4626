package drivertest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// Servers that give transactions up rather than have them in no order give up those that race. There is one winner all the
// same: what lost is tried again, and finds that it lost.
func TestSerializable(t *testing.T) {
	const racers, rounds = 16, 20
	eachSerializable(t, func(t *testing.T, d *database) {
		db, tap := tapped(t, d.backend, d.at)
		sessions, rec := d.store(t, db).Sessions(), d.created(t)
		for range rounds {
			won := 0
			for _, err := range together(racers, func(int) error { return sessions.Replace(t.Context(), rec, time.Now()) }) {
				if err == nil {
					won++
				} else if !errors.Is(err, auth.ErrUnavailable) {
					checkIs(t, "Replace", err, session.ErrConflict)
				}
			}
			check(t, "winners", won, 1)
			rec.Version++
			got, err := sessions.Get(t.Context(), rec.ID, time.Now())
			must(t, err)
			check(t, "Version", got.Version, rec.Version)
		}
		again := sentWith(tap.take(), "UPDATE") - racers*rounds
		t.Logf("%s gave up %d of %d statements", d.name, again, racers*rounds)
		check(t, "PostgreSQL gave some up, or this test shows nothing", again > 0 || d.name != postgres.name, true)
	})
}

// In transactions, which both servers give up, what lost is an outage, and the application's to try again.
func TestSerializableTransactions(t *testing.T) {
	const racers, rounds = 8, 10
	eachSerializable(t, func(t *testing.T, d *database) {
		rec, given := d.created(t), 0
		for range rounds {
			won := int64(0)
			for _, err := range together(racers, func(int) error { return readAndReplace(t.Context(), d, rec.ID) }) {
				switch {
				case err == nil:
					won++
				case errors.Is(err, auth.ErrUnavailable) || errors.Is(err, errCommit):
					given++
				default:
					checkIs(t, "a transaction", err, session.ErrConflict)
				}
			}
			got, err := d.Sessions().Get(t.Context(), rec.ID, time.Now())
			must(t, err)
			check(t, "Version", got.Version, rec.Version+won)
			rec.Version = got.Version
		}
		t.Logf("%s gave up %d of %d transactions, and %d were committed", d.name, given, racers*rounds, rec.Version-1)
		check(t, "some were given up, or this test shows nothing", given > 0, true)
	})
}

var errCommit = errors.New("commit")

// readAndReplace is a transaction of the application that changes a session as it finds it.
func readAndReplace(ctx context.Context, d *database, id string) error {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	rec, err := d.Sessions().In(tx).Get(ctx, id, time.Now())
	if err != nil {
		return err
	}
	if err := d.Sessions().In(tx).Replace(ctx, rec, time.Now()); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%w: %w", errCommit, err)
	}
	return nil
}

// eachSerializable runs f with databases that make each transaction serializable, unless it says otherwise. SQLite always
// does.
func eachSerializable(t *testing.T, f func(t *testing.T, d *database)) {
	for _, s := range []struct {
		backend
		setting, value, ask string
	}{
		{postgres, "default_transaction_isolation", "serializable", "SHOW transaction_isolation"},
		{mariadb, "tx_isolation", "'SERIALIZABLE'", "SELECT @@tx_isolation"},
	} {
		t.Run(s.name, func(t *testing.T) {
			d := migratedAt(t, s.backend, with(t, s.backend, s.dsn(t), s.setting, s.value))
			var set string
			must(t, d.db.QueryRow(s.ask).Scan(&set))
			check(t, "isolation", strings.ToLower(set), "serializable")
			f(t, d)
		})
	}
}

// Transactions of the application that wait for each other in a circle, and a call in between, come to an end.
func TestDeadlockOfTheApplication(t *testing.T) {
	for _, b := range []backend{postgres, mariadb} { // SQLite has one writer at a time
		t.Run(b.name, func(t *testing.T) {
			d := migrated(t, b)
			actor := somebody()
			recs := []session.Record{record(actor), record(actor)}
			for i := range recs {
				must(t, d.Sessions().Create(t.Context(), recs[i]))
			}
			ctx := within(t, patience)
			first, second := begin(t, d.db, nil), begin(t, d.db, nil)
			must(t, d.Sessions().In(first).Replace(ctx, recs[0], time.Now()))
			must(t, d.Sessions().In(second).Replace(ctx, recs[1], time.Now()))
			errs := together(3, func(i int) error {
				switch i {
				case 0:
					return errors.Join(d.Sessions().In(first).Replace(ctx, recs[1], time.Now()), first.Rollback())
				case 1:
					return errors.Join(d.Sessions().In(second).Replace(ctx, recs[0], time.Now()), second.Rollback())
				}
				_, err := d.Sessions().DeleteAll(ctx, actor, "")
				return err
			})
			must(t, ctx.Err())
			check(t, fmt.Sprintf("%v: the server gave one up", errs), errs[0] != nil || errs[1] != nil, true)
			for _, err := range errs {
				check(t, fmt.Sprintf("%v: is nil or an outage", err), err == nil || errors.Is(err, auth.ErrUnavailable), true)
			}
			_, err := d.Sessions().DeleteAll(ctx, actor, "")
			must(t, err)
			check(t, "rows left", d.rows(t, "sessions"), 0)
		})
	}
}

// A call that waits for a row of a transaction waits no longer than its deadline.
func TestRowThatIsLocked(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) {
		w, ring := d.filled(t)
		tx := begin(t, d.db, nil)
		rec := w.rec
		rec.Version = 2
		must(t, d.Sessions().In(tx).Replace(t.Context(), rec, time.Now()))
		waiting := d.by(t, pool(t, d.backend, d.at))
		for _, c := range waiting.writes(w, ring)[1:5] { // of that session
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			started := time.Now()
			checkIs(t, c.name, c.do(ctx), auth.ErrUnavailable)
			cancel()
			took := time.Since(started)
			check(t, fmt.Sprintf("%s took %v: less than %v", c.name, took, patience), took < patience, true)
		}
		must(t, tx.Rollback())
		must(t, d.Check(within(t, patience)))
	})
}
