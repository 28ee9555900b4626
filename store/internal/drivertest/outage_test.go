package drivertest_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
)

// A call is one of a store.
type call struct {
	name string
	do   func(ctx context.Context) error
}

// reads are calls that change nothing, on records that are there.
func (d *database) reads(w work, ring string) []call {
	return []call{
		{"get a session", func(ctx context.Context) error {
			_, err := d.Sessions().Get(ctx, w.rec.ID, time.Now())
			return err
		}},
		{"list sessions", func(ctx context.Context) error {
			_, err := d.Sessions().List(ctx, w.rec.Login.Actor, time.Now())
			return err
		}},
		{"get a key", func(ctx context.Context) error {
			_, err := d.APIKeys().Get(ctx, w.key.ID)
			return err
		}},
		{"find keys", func(ctx context.Context) error {
			_, _, err := d.APIKeys().Find(ctx, apikey.Query{Owner: w.key.Owner, Text: "report", Limit: 1})
			return err
		}},
		{"look up revocations", func(ctx context.Context) error {
			_, err := d.Revocations().RevokedUpTo(ctx, time.Now(), w.id)
			return err
		}},
		{"get an identity", func(ctx context.Context) error {
			_, err := d.Identities().Get(ctx, w.identity.ID)
			return err
		}},
		{"find an identity", func(ctx context.Context) error {
			_, err := d.Identities().Find(ctx, "emailpass", w.identity.Providers[0].EntityID)
			return err
		}},
		{"get a one-time token", func(ctx context.Context) error {
			_, err := d.OneTimeTokens().Get(ctx, w.token.ID, time.Now())
			return err
		}},
		{"load attempts", func(ctx context.Context) error {
			_, err := d.Attempts().Load(ctx, token.NewID(), time.Now())
			return err
		}},
		{"load a ring", func(ctx context.Context) error {
			store, err := d.KeyRing(ring)
			if err != nil {
				return err
			}
			_, _, err = store.Load(ctx)
			return err
		}},
		{"check", d.Check},
	}
}

// writes are calls that change something, on records of version 2 that are there.
func (d *database) writes(w work, ring string) []call {
	until := time.Now().Add(time.Hour)
	w.rec.Version, w.key.Version, w.identity.Version = 2, 2, 2
	another := w.identity
	another.Version, another.Providers = 3, identity(token.NewID()).Providers
	return []call{
		{"create a session", func(ctx context.Context) error { return d.Sessions().Create(ctx, record(somebody())) }},
		{"replace a session", func(ctx context.Context) error { return d.Sessions().Replace(ctx, w.rec, time.Now()) }},
		{"delete a session", func(ctx context.Context) error { return d.Sessions().Delete(ctx, w.rec.ID) }},
		{"delete all sessions", func(ctx context.Context) error {
			_, err := d.Sessions().DeleteAll(ctx, w.rec.Login.Actor, "")
			return err
		}},
		{"delete all sessions of an identity", func(ctx context.Context) error {
			_, err := d.Sessions().DeleteIdentity(ctx, w.rec.Login.IdentityID, "")
			return err
		}},
		{"create a key", func(ctx context.Context) error { return d.APIKeys().Create(ctx, key(somebody())) }},
		{"replace a key", func(ctx context.Context) error { return d.APIKeys().Replace(ctx, w.key) }},
		{"delete a key", func(ctx context.Context) error { return d.APIKeys().Delete(ctx, w.key.ID) }},
		{"revoke", func(ctx context.Context) error { return d.Revocations().Revoke(ctx, w.id, until, until) }},
		{"create an identity", func(ctx context.Context) error { return d.Identities().Create(ctx, identity(token.NewID())) }},
		{"replace an identity", func(ctx context.Context) error { return d.Identities().Replace(ctx, w.identity) }},
		{"replace the entity of an identity", func(ctx context.Context) error { return d.Identities().Replace(ctx, another) }},
		{"delete an identity", func(ctx context.Context) error { return d.Identities().Delete(ctx, w.identity.ID) }},
		{"put a one-time token", func(ctx context.Context) error { return d.OneTimeTokens().Put(ctx, w.token) }},
		{"consume a one-time token", func(ctx context.Context) error {
			_, err := d.OneTimeTokens().Consume(ctx, w.token.ID, w.token.Digest, time.Now())
			return err
		}},
		{"delete a one-time token", func(ctx context.Context) error { return d.OneTimeTokens().Delete(ctx, w.token.ID) }},
		{"count an attempt", func(ctx context.Context) error {
			return d.Attempts().Swap(ctx, login.Attempts{Key: token.NewID(), Expires: until}, time.Now())
		}},
		{"begin a ring", func(ctx context.Context) error { return d.swap(ctx, ring+"2", 0) }},
		{"swap a ring", func(ctx context.Context) error { return d.swap(ctx, ring, 1) }},
		{"sweep", func(ctx context.Context) error {
			_, err := d.Sweep(ctx)
			return err
		}},
	}
}

func (d *database) swap(ctx context.Context, ring string, version int64) error {
	store, err := d.KeyRing(ring)
	if err != nil {
		return err
	}
	return store.Swap(ctx, version, []byte("state"))
}

// filled returns what is there for reads and writes.
func (d *database) filled(t *testing.T) (w work, ring string) {
	t.Helper()
	tx := begin(t, d.db, nil)
	w = done(t, d, tx)
	must(t, tx.Commit())
	ring = random()
	must(t, d.swap(t.Context(), ring, 0))
	d.expired(t, 24*time.Hour)
	return w, ring
}

// readOnly has f use the same tables where nothing can be written.
func (d *database) readOnly(t *testing.T, f func(*database)) {
	t.Helper()
	switch d.name {
	case postgres.name:
		f(d.by(t, pool(t, d.backend, with(t, d.backend, d.at, "default_transaction_read_only", "on"))))
	case mariadb.name:
		d.grant(t, "u"+random(), "SELECT", f, ownTables...)
	case sqlite.name:
		f(d.by(t, pool(t, d.backend, with(t, d.backend, d.at, "_pragma", "query_only(1)"))))
	}
}

// Where nothing can be written, reads go on and writes are an outage: a log-in is 503, who is logged in stays so.
func TestReadOnly(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) {
		config := session.Config{
			Store: d.Sessions(), Keys: [][]byte{[]byte(token.NewID() + token.NewID())}, Logger: slog.New(slog.DiscardHandler),
		}
		sessions, err := session.New(config)
		must(t, err)
		request := started(t, sessions)
		d.age(t) // so that it is to be renewed
		w, ring := d.filled(t)
		d.readOnly(t, func(ro *database) {
			for _, c := range ro.reads(w, ring) {
				checkIs(t, c.name, c.do(t.Context()), nil)
			}
			for _, c := range ro.writes(w, ring) {
				checkIs(t, c.name, c.do(t.Context()), auth.ErrUnavailable)
			}
			config.Store = ro.Sessions()
			sessions, err := session.New(config)
			must(t, err)
			_, err = auth.New(sessions.Scheme(), nil).Check(request)
			checkIs(t, "a request of a session that is to be renewed", err, nil)
			_, err = startSession(sessions)
			checkIs(t, "a log-in", err, auth.ErrUnavailable)
		})
		for _, c := range d.writes(w, ring) { // as nothing was written meanwhile
			if !strings.HasPrefix(c.name, "delete") {
				checkIs(t, c.name+" afterwards", c.do(t.Context()), nil)
			}
		}
	})
}

// A DSN can insist on the primary server: then one that became a replica, or is one, is an outage. It never answers about a
// session from the past.
func TestReplicaIsRefused(t *testing.T) {
	d := migrated(t, postgres)
	rec := d.created(t)
	for attributes, want := range map[string]error{"any": nil, "read-write": auth.ErrUnavailable} {
		dsn := with(t, postgres, with(t, postgres, d.at, "default_transaction_read_only", "on"), "target_session_attrs", attributes)
		_, err := d.by(t, pool(t, postgres, dsn)).Sessions().Get(t.Context(), rec.ID, time.Now())
		checkIs(t, "Get of a server that is read-only, from a DSN for "+attributes, err, want)
	}
}

// A pool that is too small for a rush lets nobody wait longer than the deadline, and has recovered when the rush is over.
func TestPoolThatIsTooSmall(t *testing.T) {
	const calls, deadline = 1000, 500 * time.Millisecond
	eachBackend(t, func(t *testing.T, d *database) {
		rec := d.created(t)
		for _, stuck := range []bool{true, false} {
			db := pool(t, d.backend, d.at)
			db.SetMaxOpenConns(2)
			sessions := d.store(t, db).Sessions()
			_, err := sessions.Get(t.Context(), rec.ID, time.Now())
			must(t, err)
			free := func() {}
			if stuck { // somebody else has all connections
				free = hold(t, d.by(t, db), 2)
			}
			good, started := 0, time.Now()
			for _, err := range together(calls, func(i int) error {
				ctx, cancel := context.WithTimeout(t.Context(), deadline)
				defer cancel()
				if i%2 == 0 {
					return sessions.Create(ctx, record(somebody()))
				}
				_, err := sessions.Get(ctx, rec.ID, time.Now())
				return err
			}) {
				if err == nil {
					good++
				} else {
					checkIs(t, "a call", err, auth.ErrUnavailable)
				}
			}
			took := time.Since(started)
			free()
			t.Logf("%s, stuck %v: %d of %d calls were done, all returned within %v", d.name, stuck, good, calls, took)
			check(t, "calls that were done while somebody has all connections", !stuck || good == 0, true)
			check(t, fmt.Sprintf("%v: all have returned", took), took < patience, true)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			_, err = sessions.Get(ctx, rec.ID, time.Now())
			must(t, err)
			must(t, sessions.Create(ctx, record(somebody())))
		}
	})
}

// hold takes n connections from the pool, until free is called.
func hold(t *testing.T, d *database, n int) (free func()) {
	t.Helper()
	var closers []func() error
	for range n {
		c, err := d.db.Conn(t.Context())
		must(t, err)
		closers = append(closers, c.Close)
	}
	return func() {
		for _, c := range closers {
			must(t, c())
		}
	}
}

// A disk that is full keeps nothing new; what is there can be read, and ended, which makes room.
func TestFullDisk(t *testing.T) {
	d := migrated(t, sqlite)
	w, ring := d.filled(t)
	pages := number(t, d.db, "PRAGMA page_count")
	full := d.by(t, pool(t, sqlite, with(t, sqlite, d.at, "_pragma", fmt.Sprintf("max_page_count(%d)", pages+4))))
	var kept []session.Record
	var err error
	for err == nil && len(kept) < 1000 {
		rec := record(somebody())
		rec.Login.IdentityID = strings.Repeat("i", 256)
		if err = full.Sessions().Create(t.Context(), rec); err == nil {
			kept = append(kept, rec)
		}
	}
	checkIs(t, fmt.Sprintf("Create after %d others", len(kept)), err, auth.ErrUnavailable)
	for _, c := range full.reads(w, ring) {
		checkIs(t, c.name, c.do(t.Context()), nil)
	}
	for _, rec := range kept {
		must(t, full.Sessions().Delete(t.Context(), rec.ID))
	}
	must(t, full.Sessions().Create(t.Context(), record(somebody())))
}
