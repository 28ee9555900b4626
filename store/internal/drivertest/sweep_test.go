package drivertest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
)

// expired keeps a session that expired so long ago.
func (d *database) expired(t testing.TB, ago time.Duration) session.Record {
	t.Helper()
	rec := record(auth.Actor{})
	rec.Expires = time.Now().Add(-ago).UTC().Truncate(time.Microsecond)
	must(t, d.Sessions().Create(t.Context(), rec))
	return rec
}

// manyExpired has n sessions that expired yesterday.
func (d *database) manyExpired(t testing.TB, n int) {
	t.Helper()
	rec := d.expired(t, 24*time.Hour)
	d.multiply(t, "sessions", n, map[string]string{"id": "CONCAT('expired ', n)"})
	must(t, d.Sessions().Delete(t.Context(), rec.ID))
}

// Only what expired long enough ago is swept: nobody's clock can still be so far behind that it counts.
func TestSweepTakesWhatExpiredLongAgo(t *testing.T) {
	const slack = time.Minute // how long the test may take
	const sessions, keys = time.Hour, 30 * 24 * time.Hour
	eachBackend(t, func(t *testing.T, d *database) {
		must(t, d.ring(t).Swap(t.Context(), 0, []byte("state")))
		for _, ago := range []time.Duration{-slack, 0, sessions - slack, sessions + slack, keys - slack, keys + slack, 10 * keys} {
			rec, k, id, at := d.expired(t, ago), key(somebody()), token.NewID(), time.Now().Add(-ago)
			k.ExpiresAt = at.UTC().Truncate(time.Microsecond)
			must(t, d.APIKeys().Create(t.Context(), k))
			must(t, d.Revocations().Revoke(t.Context(), id, at, at))
			must(t, d.OneTimeTokens().Put(t.Context(), login.OneTimeToken{ID: id, Digest: token.Sum("a"), Expires: k.ExpiresAt}))
			must(t, d.Attempts().Swap(t.Context(), login.Attempts{Key: id, Expires: k.ExpiresAt}, time.Now()))
			removed, err := d.Sweep(t.Context())
			must(t, err)
			long, veryLong := ago > sessions, ago > keys
			_, err = d.APIKeys().Get(t.Context(), k.ID)
			_, sessionErr := d.Sessions().Get(t.Context(), rec.ID, rec.Expires.Add(-time.Second))
			upTo, revocationErr := d.Revocations().RevokedUpTo(t.Context(), at.Add(-time.Second), id)
			_, tokenErr := d.OneTimeTokens().Get(t.Context(), id, at.Add(-time.Second))
			attempts, attemptErr := d.Attempts().Load(t.Context(), id, at.Add(-time.Second))
			must(t, errors.Join(revocationErr, attemptErr))
			check(t, fmt.Sprintf("expired %v ago: session, revocation, token, attempts and key are gone, and how many", ago),
				fmt.Sprint(errors.Is(sessionErr, session.ErrNotFound), upTo[0].IsZero(), errors.Is(tokenErr, login.ErrNotFound),
					attempts.Version == 0, errors.Is(err, apikey.ErrNotFound), removed),
				fmt.Sprint(long, long, long, long, veryLong, map[bool]int{true: 4}[long]+map[bool]int{true: 1}[veryLong]))
		}
		forever, never := key(somebody()), d.created(t)
		forever.ExpiresAt, forever.Revocation.At = time.Time{}, time.Unix(1, 0).UTC()
		must(t, d.APIKeys().Create(t.Context(), forever))
		_, err := d.Sweep(t.Context())
		must(t, err)
		_, err = d.APIKeys().Get(t.Context(), forever.ID)
		must(t, err)
		_, err = d.Sessions().Get(t.Context(), never.ID, time.Now())
		must(t, err)
		check(t, "rings", d.rows(t, "key_rings"), 1)
	})
}

// However much there is to sweep, no statement takes many rows.
func TestSweepTakesFewRowsAtATime(t *testing.T) {
	const n = 1234
	eachBackend(t, func(t *testing.T, d *database) {
		d.manyExpired(t, n)
		alive := d.created(t)
		db, tap := tapped(t, d.backend, d.at)
		removed, err := d.by(t, db).Sweep(t.Context())
		must(t, err)
		check(t, "removed", removed, n)
		check(t, "rows left", d.rows(t, "sessions"), 1)
		total := int64(0)
		for _, one := range tap.take() {
			if strings.HasPrefix(one.query, "DELETE") {
				check(t, fmt.Sprintf("a DELETE of %d rows: has at most 100", one.changed), one.changed <= 100, true)
				total += one.changed
			}
		}
		check(t, "rows of all DELETEs", total, n)
		_, err = d.Sessions().Get(t.Context(), alive.ID, time.Now())
		must(t, err)
	})
}

// What is renewed after a sweep has found it, and before it is deleted, stays.
func TestSweepLeavesWhatIsRenewed(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) {
		rec, gone := d.expired(t, 2*time.Hour), d.expired(t, 2*time.Hour)
		renewed, behind := rec, rec.Expires.Add(-time.Minute) // by a process whose clock is that much behind
		renewed.Expires = time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
		db, tap := tapped(t, d.backend, d.at)
		tap.once("DELETE", func() error { return d.Sessions().Replace(t.Context(), renewed, behind) })
		removed, err := d.by(t, db).Sweep(t.Context())
		must(t, err)
		check(t, "removed", removed, 1)
		got, err := d.Sessions().Get(t.Context(), rec.ID, time.Now())
		must(t, err)
		check(t, "Version", got.Version, 2)
		_, err = d.Sessions().Get(t.Context(), gone.ID, behind)
		checkIs(t, "Get of one that was not renewed", err, session.ErrNotFound)
	})
}

// So does what is renewed in a transaction that is committed while the sweep waits for the row.
func TestSweepWaitsForARenewal(t *testing.T) {
	for _, b := range []backend{postgres, mariadb} { // SQLite has no locks of rows
		t.Run(b.name, func(t *testing.T) {
			d := migrated(t, b)
			rec := d.expired(t, 2*time.Hour)
			tx := begin(t, d.db, nil)
			behind := rec.Expires.Add(-time.Minute)
			rec.Expires = time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
			must(t, d.Sessions().In(tx).Replace(t.Context(), rec, behind))
			db, tap := tapped(t, d.backend, d.at)
			found := make(chan struct{})
			tap.once("DELETE", func() error { close(found); return nil })
			swept := make(chan error, 1)
			go func() {
				removed, err := d.by(t, db).Sweep(context.Background())
				check(t, "removed", removed, 0)
				swept <- err
			}()
			<-found
			time.Sleep(50 * time.Millisecond) // for the DELETE to be there; the outcome is the same if it is not
			must(t, tx.Commit())
			must(t, <-swept)
			_, err := d.Sessions().Get(t.Context(), rec.ID, time.Now())
			must(t, err)
		})
	}
}

// Several processes may sweep at once: each row is counted by one of them.
func TestSweepsAtOnce(t *testing.T) {
	const n, sweepers = 1500, 4
	eachBackend(t, func(t *testing.T, d *database) {
		d.manyExpired(t, n)
		removed := make([]int, sweepers)
		must(t, errors.Join(together(sweepers, func(i int) (err error) {
			removed[i], err = d.Sweep(t.Context())
			return err
		})...))
		check(t, fmt.Sprintf("removed %v", removed), removed[0]+removed[1]+removed[2]+removed[3], n)
		check(t, "rows left", d.rows(t, "sessions"), 0)
	})
}

// A sweep that is given up says how far it got, and what it said is so.
func TestSweepThatIsGivenUp(t *testing.T) {
	const n = 700
	eachBackend(t, func(t *testing.T, d *database) {
		d.manyExpired(t, n)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		db, tap := tapped(t, d.backend, d.at)
		deletes := 0
		tap.on("DELETE", func() error {
			if deletes++; deletes == 4 {
				cancel()
			}
			return nil
		})
		removed, err := d.by(t, db).Sweep(ctx)
		checkIs(t, "Sweep", err, auth.ErrUnavailable)
		checkIs(t, "Sweep", err, context.Canceled)
		check(t, "removed", removed, 300)
		check(t, "rows left", d.rows(t, "sessions"), n-300)
		again, err := d.Sweep(t.Context())
		must(t, err)
		check(t, "removed by the next", again, n-300)
	})
}
