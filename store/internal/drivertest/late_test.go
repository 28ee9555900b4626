package drivertest_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// locked holds a lock on a row until it is released.
func (d *database) locked(t *testing.T, query string, args ...any) (release func()) {
	t.Helper()
	tx, err := d.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	var got any
	if err := tx.QueryRow(query, args...).Scan(&got); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
	}
}

// A Swap that has to wait for somebody's lock beyond its deadline does not happen when the lock is gone: whoever was told
// that it failed reckons with the keys as they were.
func TestSwapDoesNotLandLate(t *testing.T) {
	for _, b := range []backend{postgres, mariadb} {
		t.Run(b.name, func(t *testing.T) {
			d := migrated(t, b)
			ring, err := d.KeyRing("access")
			if err != nil {
				t.Fatal(err)
			}
			if err := ring.Swap(t.Context(), 0, []byte("first")); err != nil {
				t.Fatal(err)
			}
			release := d.locked(t, "SELECT version FROM "+d.opts.Prefix+"key_rings WHERE id = 'access' FOR UPDATE")
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			err = ring.Swap(ctx, 1, []byte("late"))
			if !errors.Is(err, auth.ErrUnavailable) {
				t.Errorf("Swap of a locked row: %v", err)
			}
			time.Sleep(300 * time.Millisecond)
			release()
			time.Sleep(300 * time.Millisecond) // for the server to go on with what waited
			state, version, err := ring.Load(t.Context())
			if string(state) != "first" || version != 1 || err != nil {
				t.Errorf("after a Swap that failed there is %q of version %d, %v", state, version, err)
			}
			if err := ring.Swap(t.Context(), 1, []byte("second")); err != nil {
				t.Errorf("Swap in time: %v", err)
			}
		})
	}
}

// A password and the end of all sessions change together: also the session of whoever logged in with the old password
// after the transaction began.
func TestDeleteAllInATransactionMissesNobody(t *testing.T) {
	for _, b := range []backend{postgres, mariadb} {
		t.Run(b.name, func(t *testing.T) {
			d := migrated(t, b)
			ann, sessions := auth.Actor{Type: "user", ID: "ann"}, d.Sessions()
			tx, err := d.db.Begin()
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback()
			var n int
			if err := tx.QueryRow("SELECT COUNT(*) FROM " + d.opts.Prefix + "sessions").Scan(&n); err != nil {
				t.Fatal(err) // from now on MariaDB shows this transaction what is there now
			}
			rec, visitor := record(ann), record(auth.Actor{})
			for _, rec := range []session.Record{rec, visitor} {
				if err := sessions.Create(t.Context(), rec); err != nil {
					t.Fatal(err)
				}
			}
			if n, err := sessions.In(tx).DeleteAll(t.Context(), ann, ""); n != 1 || err != nil {
				t.Errorf("DeleteAll: %d, %v", n, err)
			}
			if n, err := sessions.In(tx).DeleteIdentity(t.Context(), visitor.Login.IdentityID, ""); n != 1 || err != nil {
				t.Errorf("DeleteIdentity: %d, %v", n, err)
			}
			if err := tx.Commit(); err != nil {
				t.Fatal(err)
			}
			for _, rec := range []session.Record{rec, visitor} {
				if _, err := sessions.Get(t.Context(), rec.ID, time.Now()); !errors.Is(err, session.ErrNotFound) {
					t.Errorf("a session from before DeleteAll and DeleteIdentity: %v", err)
				}
			}
		})
	}
}

// A call on a locked SQLite file ends with its context, not with SQLite's own patience.
func TestLockedFileEndsWithTheContext(t *testing.T) {
	d := migrated(t, sqlite)
	tx, err := d.db.BeginTx(t.Context(), &sql.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec("DELETE FROM " + d.opts.Prefix + "sessions"); err != nil { // takes the lock
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	returned := make(chan error, 1)
	go func() { returned <- d.Sessions().Delete(ctx, "abc") }()
	select {
	case err := <-returned:
		if !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("Delete in a locked file: %v", err)
		}
	case <-time.After(4 * time.Second):
		t.Error("Delete goes on, four seconds after its deadline")
	}
}
