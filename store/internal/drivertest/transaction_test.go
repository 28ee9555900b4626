package drivertest_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/sqlstore"
)

// begin begins a transaction of the application, which is rolled back unless it is committed.
func begin(t testing.TB, db *sql.DB, opts *sql.TxOptions) *sql.Tx {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), opts)
	must(t, err)
	t.Cleanup(func() { _ = tx.Rollback() })
	return tx
}

// A work is what a transaction did, one record of each kind.
type work struct {
	rec      session.Record
	key      apikey.Key
	id       string
	identity login.AuthIdentity
	token    login.OneTimeToken
}

// done does it as part of tx.
func done(t *testing.T, d *database, tx *sql.Tx) work {
	t.Helper()
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	w := work{
		record(somebody()), key(somebody()), token.NewID(), identity(token.NewID()),
		login.OneTimeToken{ID: token.NewID(), Digest: token.Sum("a"), Expires: until},
	}
	must(t, d.Sessions().In(tx).Create(t.Context(), w.rec))
	must(t, d.Sessions().In(tx).Replace(t.Context(), w.rec, time.Now()))
	must(t, d.APIKeys().In(tx).Create(t.Context(), w.key))
	must(t, d.APIKeys().In(tx).Replace(t.Context(), w.key))
	must(t, d.Revocations().In(tx).Revoke(t.Context(), w.id, until, until))
	must(t, d.Identities().In(tx).Create(t.Context(), w.identity))
	must(t, d.Identities().In(tx).Replace(t.Context(), w.identity))
	must(t, d.OneTimeTokens().In(tx).Put(t.Context(), w.token))
	return w
}

// all is how much of a work is seen where all of it is.
const all = 8

// seen returns how many answers have records of w in them, in tx or else by others.
func (w work) seen(t *testing.T, d *database, tx *sql.Tx) (n int) {
	t.Helper()
	sessions, keys, revocations, identities, tokens := d.Sessions(), d.APIKeys(), d.Revocations(), d.Identities(), d.OneTimeTokens()
	if tx != nil {
		sessions, keys, revocations = sessions.In(tx), keys.In(tx), revocations.In(tx)
		identities, tokens = identities.In(tx), tokens.In(tx)
	}
	rec, err := sessions.Get(t.Context(), w.rec.ID, time.Now())
	count(t, &n, err, session.ErrNotFound, rec.Version == 2)
	list, err := sessions.List(t.Context(), w.rec.Login.Actor, time.Now())
	count(t, &n, err, nil, len(list) == 1)
	k, err := keys.Get(t.Context(), w.key.ID)
	count(t, &n, err, apikey.ErrNotFound, k.Version == 2)
	found, total, err := keys.Find(t.Context(), apikey.Query{IDs: []string{w.key.ID}, Limit: 1})
	count(t, &n, err, nil, len(found) == 1 && total == 1)
	upTo, err := revocations.RevokedUpTo(t.Context(), time.Now(), w.id)
	count(t, &n, err, nil, len(upTo) == 1 && !upTo[0].IsZero())
	i, err := identities.Get(t.Context(), w.identity.ID)
	count(t, &n, err, login.ErrNotFound, i.Version == 2)
	i, err = identities.Find(t.Context(), "emailpass", w.identity.Providers[0].EntityID)
	count(t, &n, err, login.ErrNotFound, i.Version == 2)
	one, err := tokens.Get(t.Context(), w.token.ID, time.Now())
	count(t, &n, err, login.ErrNotFound, one.Digest == w.token.Digest)
	return n
}

// count adds one to n if there is what was asked for. An error is either that there is none, or wrong.
func count(t *testing.T, n *int, err, none error, there bool) {
	t.Helper()
	if err != nil && !errors.Is(err, none) {
		t.Error(err)
	}
	if err == nil && there {
		*n++
	}
}

// What a store does in a transaction is the transaction's: others see it when it is committed, or never.
func TestTransaction(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) {
		for name, end := range map[string]struct {
			do   func(*sql.Tx) error
			kept int
		}{"commit": {(*sql.Tx).Commit, all}, "rollback": {(*sql.Tx).Rollback, 0}} {
			tx := begin(t, d.db, nil)
			w := done(t, d, tx)
			check(t, "seen in the transaction before "+name, w.seen(t, d, tx), all)
			check(t, "seen by others before "+name, w.seen(t, d, nil), 0)
			must(t, end.do(tx))
			check(t, "seen by others after "+name, w.seen(t, d, nil), end.kept)
		}
	})
}

// The reason for In: a password and the end of all sessions change together, or not at all.
func TestSessionsEndWithATransaction(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) {
		rec, other, third := d.created(t), d.created(t), d.created(t)
		for _, end := range []struct {
			name string
			do   func(*sql.Tx) error
			want error
		}{{"rollback", (*sql.Tx).Rollback, nil}, {"commit", (*sql.Tx).Commit, session.ErrNotFound}} {
			tx := begin(t, d.db, nil)
			n, err := d.Sessions().In(tx).DeleteAll(t.Context(), rec.Login.Actor, "")
			must(t, err)
			check(t, "ended", n, 1)
			n, err = d.Sessions().In(tx).DeleteIdentity(t.Context(), third.Login.IdentityID, "")
			must(t, err)
			check(t, "ended", n, 1)
			must(t, d.Sessions().In(tx).Delete(t.Context(), other.ID))
			must(t, end.do(tx))
			for _, id := range []string{rec.ID, other.ID, third.ID} {
				_, err = d.Sessions().Get(t.Context(), id, time.Now())
				checkIs(t, "Get after "+end.name, err, end.want)
			}
		}
	})
}

// An answer that is no failure leaves the transaction as it is: it goes on and is committed.
func TestAnswersInATransaction(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) {
		rec, k := d.created(t), key(somebody())
		must(t, d.APIKeys().Create(t.Context(), k))
		old, oldKey := rec, k
		old.Version, oldKey.Version = 7, 7
		none, noKey := record(somebody()), key(somebody())
		answers := []struct {
			name string
			do   func(*sqlstore.Sessions, *sqlstore.APIKeys) error
			want error
		}{
			{"a session that exists", func(s *sqlstore.Sessions, _ *sqlstore.APIKeys) error { return s.Create(t.Context(), rec) },
				session.ErrExists},
			{"a session of another version", func(s *sqlstore.Sessions, _ *sqlstore.APIKeys) error {
				return s.Replace(t.Context(), old, time.Now())
			}, session.ErrConflict},
			{"no session to replace", func(s *sqlstore.Sessions, _ *sqlstore.APIKeys) error {
				return s.Replace(t.Context(), none, time.Now())
			}, session.ErrNotFound},
			{"no session", func(s *sqlstore.Sessions, _ *sqlstore.APIKeys) error {
				_, err := s.Get(t.Context(), "a\x00b", time.Now())
				return err
			}, session.ErrNotFound},
			{"a key that exists", func(_ *sqlstore.Sessions, k2 *sqlstore.APIKeys) error { return k2.Create(t.Context(), k) },
				apikey.ErrExists},
			{"a key of another version", func(_ *sqlstore.Sessions, k *sqlstore.APIKeys) error {
				return k.Replace(t.Context(), oldKey)
			}, apikey.ErrConflict},
			{"no key to replace", func(_ *sqlstore.Sessions, k *sqlstore.APIKeys) error { return k.Replace(t.Context(), noKey) },
				apikey.ErrNotFound},
		}
		for _, a := range answers {
			t.Run(a.name, func(t *testing.T) {
				tx := begin(t, d.db, nil)
				checkIs(t, "answer", a.do(d.Sessions().In(tx), d.APIKeys().In(tx)), a.want)
				w := done(t, d, tx)
				must(t, tx.Commit())
				check(t, "seen after the commit", w.seen(t, d, nil), all)
			})
		}
	})
}

// Who has one connection, and is in a transaction on it, waits for no other.
func TestOneConnection(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) {
		db := pool(t, d.backend, d.at)
		db.SetMaxOpenConns(1)
		one := d.by(t, db)
		ctx := within(t, patience)
		for _, inTransaction := range []bool{true, false, true} {
			rec, sessions := record(somebody()), one.Sessions()
			tx := begin(t, db, nil)
			identities, i := one.Identities(), identity(token.NewID())
			if inTransaction {
				sessions, identities = sessions.In(tx), identities.In(tx)
			} else {
				must(t, tx.Rollback())
			}
			must(t, identities.Create(ctx, i))
			i.Providers = append(i.Providers, identity(token.NewID()).Providers...)
			must(t, identities.Replace(ctx, i))
			must(t, identities.Delete(ctx, i.ID))
			must(t, sessions.Create(ctx, rec))
			must(t, sessions.Replace(ctx, rec, time.Now()))
			_, err := sessions.Get(ctx, rec.ID, time.Now())
			must(t, err)
			_, err = sessions.List(ctx, rec.Login.Actor, time.Now())
			must(t, err)
			n, err := sessions.DeleteAll(ctx, rec.Login.Actor, "")
			must(t, err)
			check(t, "ended", n, 1)
			if inTransaction {
				must(t, tx.Commit())
			}
		}
		ring := one.ring(t)
		must(t, ring.Swap(ctx, 0, []byte("state")))
		must(t, ring.Swap(ctx, 1, []byte("state")))
		must(t, one.Check(ctx))
		_, err := one.Sweep(ctx)
		must(t, err)
		must(t, sqlstore.Migrate(ctx, db, d.dialect, d.opts))
		must(t, errors.Join(together(20, func(int) error { return one.Sessions().Create(ctx, record(somebody())) })...))
	})
}

// A transaction that cannot be told apart from one that came first is told so at once: it is the application's to begin
// anew, and would be given up again with each try.
func TestNothingIsTriedAgainInATransaction(t *testing.T) {
	for _, b := range []backend{postgres, sqlite} { // MariaDB lets the second one go on
		t.Run(b.name, func(t *testing.T) {
			d := migrated(t, b)
			rec := d.created(t)
			db, tap := tapped(t, b, d.at)
			isolation := map[string]sql.IsolationLevel{"PostgreSQL": sql.LevelRepeatableRead}[b.name]
			tx := begin(t, db, &sql.TxOptions{Isolation: isolation})
			sessions := d.store(t, db).Sessions().In(tx)
			_, err := sessions.Get(t.Context(), rec.ID, time.Now())
			must(t, err)
			must(t, d.Sessions().Replace(t.Context(), rec, time.Now()))
			tap.take()
			checkIs(t, "Replace", sessions.Replace(t.Context(), rec, time.Now()), auth.ErrUnavailable)
			check(t, "UPDATEs", sentWith(tap.take(), "UPDATE"), 1)
			must(t, tx.Rollback())
			rec.Version = 2
			must(t, d.Sessions().Replace(t.Context(), rec, time.Now()))
		})
	}
}

// sentWith returns how many statements that contain part were run, not counting those that were only prepared.
func sentWith(all []sent, part string) (n int) {
	for _, one := range all {
		if one.prepared == 0 && strings.Contains(one.query, part) {
			n++
		}
	}
	return n
}

// A transaction that is over is told, and what it was told to do is not done by itself.
func TestTransactionThatIsOver(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) {
		ctx, cancel := context.WithCancel(t.Context())
		tx, err := d.db.BeginTx(ctx, nil)
		must(t, err)
		cancel()
		_ = tx.Rollback()
		rec := record(somebody())
		checkIs(t, "Create", d.Sessions().In(tx).Create(t.Context(), rec), auth.ErrUnavailable)
		_, err = d.Sessions().Get(t.Context(), rec.ID, time.Now())
		checkIs(t, "Get after it", err, session.ErrNotFound)
	})
}
