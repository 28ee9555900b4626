package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

var (
	_ session.Store = (*Sessions)(nil)
	_ session.Index = (*Sessions)(nil)
)

// Sessions is a [session.Store] and a [session.Index]. Have one made by [Store.Sessions]; the zero value panics. It does not
// change, and many goroutines may use it at once. An error is one of package session, that of [session.Record.Check], says
// that a session keeps its actor and its identity, or wraps [auth.ErrUnavailable].
type Sessions struct{ conn conn }

// In returns the same store as part of tx: what it does happens when tx is committed. It tries nothing again: an error that
// is none of package session means that tx cannot go on. What it reads is as tx sees it, which at REPEATABLE READ, the
// default of MySQL, is as it was when tx began; DeleteAll and DeleteIdentity find all there is on MySQL, and on PostgreSQL at
// READ COMMITTED. Keep tx short: others may have to wait for its end. A nil tx panics.
func (s *Sessions) In(tx *sql.Tx) *Sessions { return &Sessions{s.conn.in(tx)} }

const sessionTable = "countersign_sessions"

// sessionColumns are in the order of [readSession].
var sessionColumns = []string{
	"id", "actor_type", "actor_id", "identity_id", "version", "digest", "counter", "provider", "scopes", "roles", "factors",
	"app_metadata", "user_metadata", "created_at", "renewed_at", "expires_at", "ends_at", "floor", "refreshed_at", "ip",
	"user_agent", "app_values",
}

// fixedOfSession is how many of sessionColumns, the first, are what a replaced record is found by, and keeps.
const fixedOfSession = 5

// sessionStatements are those that [Sessions] sends.
type sessionStatements struct {
	create, get, replace, whyNot, remove, list, removeAll *statement

	ofActor, ofIdentity owned
}

func newSessionStatements(s *Store) sessionStatements {
	columns := s.dialect.list(sessionColumns)
	return sessionStatements{
		create: s.statement(s.dialect.insert(sessionTable, "id", sessionColumns)),
		get:    s.statement("SELECT " + columns + " FROM " + sessionTable + " WHERE id = ? AND expires_at > ?"),
		replace: s.statement("UPDATE " + s.dialect.byPrimaryKey(sessionTable) + " SET version = version + 1, " +
			strings.Join(sessionColumns[fixedOfSession:], " = ?, ") +
			" = ? WHERE id = ? AND actor_type = ? AND actor_id = ? AND identity_id = ? AND version = ? AND expires_at > ?"),
		whyNot: s.statement("SELECT actor_type, actor_id, identity_id FROM " + sessionTable + " WHERE id = ? AND expires_at > ?"),
		remove: s.statement("DELETE FROM " + sessionTable + " WHERE id = ?"),
		list: s.statement("SELECT " + columns + " FROM " + sessionTable +
			" WHERE actor_type = ? AND actor_id = ? AND expires_at > ? ORDER BY " + sessionTable + ".created_at, id"),
		removeAll:  s.statement(s.dialect.deletion(sessionTable)),
		ofActor:    newOwned(s, "actor_type = ? AND actor_id = ?"),
		ofIdentity: newOwned(s, "identity_id = ?"),
	}
}

// Create keeps rec, see [session.Store].
func (s *Sessions) Create(ctx context.Context, rec session.Record) error {
	if err := rec.Check(); err != nil {
		return err
	}
	rec.Version = 1
	values, err := sessionValues(s.conn.store.dialect, rec)
	if err != nil {
		return err
	}
	rows, err := s.conn.exec(ctx, s.conn.store.sessions.create, values...)
	switch {
	case s.conn.isDuplicate(err) || err == nil && rows == 0:
		return session.ErrExists
	case err != nil:
		return unavailable("create a session", err)
	}
	return nil
}

// Get returns the record, see [session.Store]. It is one statement, by the primary key.
func (s *Sessions) Get(ctx context.Context, id string, now time.Time) (session.Record, error) {
	if !isKey(id) {
		return session.Record{}, session.ErrNotFound
	}
	store := s.conn.store
	rows, err := s.conn.query(ctx, len(sessionColumns), store.sessions.get, id, store.dialect.instant(now))
	if err != nil {
		return session.Record{}, unavailable("get a session", err)
	}
	if len(rows) == 0 {
		return session.Record{}, session.ErrNotFound
	}
	return readSession(rows[0])
}

// Replace exchanges the record, see [session.Store]. It is one statement, by the primary key, and another where there was
// nothing to replace, which finds out why.
func (s *Sessions) Replace(ctx context.Context, rec session.Record, now time.Time) error {
	if err := rec.Check(); err != nil {
		return err
	}
	store := s.conn.store
	values, err := sessionValues(store.dialect, rec)
	if err != nil {
		return err
	}
	args := append(slices.Clone(values[fixedOfSession:]), values[:fixedOfSession]...)
	rows, err := s.conn.exec(ctx, store.sessions.replace, append(args, store.dialect.instant(now))...)
	switch {
	case err != nil:
		return unavailable("replace a session", err)
	case rows == 0:
		return s.whyNot(ctx, rec, now)
	}
	return nil
}

// whyNot returns why there was nothing to replace by rec.
func (s *Sessions) whyNot(ctx context.Context, rec session.Record, now time.Time) error {
	store := s.conn.store
	rows, err := s.conn.query(ctx, 3, store.sessions.whyNot, rec.ID, store.dialect.instant(now))
	switch {
	case err != nil:
		return unavailable("replace a session", err)
	case len(rows) == 0:
		return session.ErrNotFound
	case auth.Actor{Type: rows[0].text(), ID: rows[0].text()} != rec.Login.Actor, rows[0].text() != rec.Login.IdentityID:
		return errors.New("sqlstore: a session keeps its actor and its identity")
	}
	return session.ErrConflict
}

// Delete removes the record, see [session.Store].
func (s *Sessions) Delete(ctx context.Context, id string) error {
	if !isKey(id) {
		return nil
	}
	if _, err := s.conn.exec(ctx, s.conn.store.sessions.remove, id); err != nil {
		return unavailable("delete a session", err)
	}
	return nil
}

// List returns the sessions of the actor, see [session.Index]. Those that began at the same time are in the order of
// their IDs.
func (s *Sessions) List(ctx context.Context, actor auth.Actor, now time.Time) ([]session.Record, error) {
	if !isKey(actor.Type) || !isKey(actor.ID) {
		return nil, nil
	}
	store := s.conn.store
	rows, err := s.conn.query(ctx, len(sessionColumns), store.sessions.list, actor.Type, actor.ID, store.dialect.instant(now))
	if err != nil {
		return nil, unavailable("list sessions", err)
	}
	return readAll(rows, readSession), nil
}

// DeleteAll removes the sessions of the actor, see [session.Index]. It counts what was in the table, also what had
// expired there. Each row is found by its primary key, so that no two of them, and no log-in, wait for one another.
func (s *Sessions) DeleteAll(ctx context.Context, actor auth.Actor, except string) (int, error) {
	if !isKey(actor.Type) || !isKey(actor.ID) {
		return 0, nil
	}
	return s.conn.deleteAll(ctx, "delete the sessions of an actor", s.conn.store.sessions.ofActor, except, actor.Type, actor.ID)
}

// DeleteIdentity removes the sessions of the identity, see [session.Index], as [Sessions.DeleteAll] does.
func (s *Sessions) DeleteIdentity(ctx context.Context, identity, except string) (int, error) {
	if !isKey(identity) {
		return 0, nil
	}
	return s.conn.deleteAll(ctx, "delete the sessions of an identity", s.conn.store.sessions.ofIdentity, except, identity)
}

// A factor is how a factor is written in a table.
type factor struct {
	Method string    `json:"method"`
	At     time.Time `json:"at"`
}

// sessionValues returns what is kept of rec, in the order of sessionColumns.
func sessionValues(d Dialect, rec session.Record) ([]any, error) {
	factors := make([]factor, len(rec.Login.Factors))
	for i, f := range rec.Login.Factors {
		factors[i] = factor{f.Method, f.At.UTC()}
	}
	var e encoder
	values := []any{
		rec.ID, rec.Login.Actor.Type, rec.Login.Actor.ID, rec.Login.IdentityID, rec.Version, rec.Digest[:], int64(rec.Counter),
		rec.Login.Provider, e.json(rec.Login.Scopes), e.json(rec.Login.Roles), e.json(factors),
		e.metadata(rec.Login.AppMetadata), e.metadata(rec.Login.UserMetadata),
		d.timestamp(rec.Created), d.timestamp(rec.Renewed), d.timestamp(rec.Expires), d.timestamp(rec.EndsBy),
		int64(rec.Floor), d.timestamp(rec.Refreshed), addr(rec.IP), rec.UserAgent, e.metadata(rec.Values),
	}
	return values, e.err
}

// readSession returns the record that r holds, or ErrCorrupt.
func readSession(r row) (session.Record, error) {
	var factors []factor
	var rec session.Record
	rec.ID, rec.Login.Actor.Type, rec.Login.Actor.ID = r.text(), r.text(), r.text()
	rec.Login.IdentityID, rec.Version, rec.Digest = r.text(), r.integer(), r.digest()
	rec.Counter, rec.Login.Provider = uint64(r.integer()), r.text()
	rec.Login.Scopes, rec.Login.Roles = r.set(), r.set()
	r.json(&factors)
	rec.Login.AppMetadata, rec.Login.UserMetadata = r.metadata(), r.metadata()
	rec.Created, rec.Renewed, rec.Expires, rec.EndsBy = r.time(), r.time(), r.time(), r.time()
	rec.Floor, rec.Refreshed, rec.IP, rec.UserAgent, rec.Values = uint64(r.integer()), r.time(), r.addr(), r.text(), r.metadata()
	for _, f := range factors {
		rec.Login.Factors = append(rec.Login.Factors, auth.Factor{Method: f.Method, At: f.At})
	}
	err := r.err
	if err == nil {
		err = rec.Check() // an actor that is not the ID's, text that another program put there
	}
	if err != nil {
		return session.Record{}, fmt.Errorf("sqlstore: %w: %w", session.ErrCorrupt, err)
	}
	return rec, nil
}
