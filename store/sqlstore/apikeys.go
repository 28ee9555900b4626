package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
)

var (
	_ apikey.Store       = (*APIKeys)(nil)
	_ apikey.UseRecorder = (*APIKeys)(nil)
)

// APIKeys is an [apikey.Store] and an [apikey.UseRecorder]. Have one made by [Store.APIKeys]; the zero value panics. It
// does not change, and many goroutines may use it at once. An error is one of package apikey, that of [apikey.Key.Check],
// or wraps [auth.ErrUnavailable].
type APIKeys struct{ conn conn }

// In returns the same store as part of tx: what it does happens when tx is committed. It tries nothing again: an error that
// is none of package apikey means that tx cannot go on. What it reads is as tx sees it. A nil tx panics.
func (s *APIKeys) In(tx *sql.Tx) *APIKeys { return &APIKeys{s.conn.in(tx)} }

const keyTable = "countersign_api_keys"

// keyColumns are in the order of [readKey].
var keyColumns = []string{
	"id", "version", "digest", "redacted", "title", "owner_type", "owner_id", "scopes", "created_by", "created_at",
	"expires_at", "revoked_at", "revoked_by", "last_used_at", "last_used_ip",
}

// Of keyColumns, the first are what a replaced key is found by, and the last are written by RecordUses alone.
const (
	fixedOfKey = 2
	usesOfKey  = 2
)

// writtenColumns are those of keyColumns that Create writes.
var writtenColumns = keyColumns[:len(keyColumns)-usesOfKey]

// apiKeyStatements are those that [APIKeys] sends.
type apiKeyStatements struct{ create, get, replace, whyNot, list, recordUses *statement }

func newAPIKeyStatements(s *Store) apiKeyStatements {
	columns := s.dialect.list(keyColumns)
	return apiKeyStatements{
		create: s.statement(s.dialect.insert(keyTable, writtenColumns)),
		get:    s.statement("SELECT " + columns + " FROM " + keyTable + " WHERE id = ?"),
		replace: s.statement("UPDATE " + keyTable + " SET version = version + 1, " +
			strings.Join(writtenColumns[fixedOfKey:], " = ?, ") + " = ? WHERE id = ? AND version = ?"),
		whyNot: s.statement("SELECT id FROM " + keyTable + " WHERE id = ?"),
		list: s.statement("SELECT " + columns + " FROM " + keyTable +
			" WHERE owner_type = ? AND owner_id = ? ORDER BY " + keyTable + ".created_at, id"),
		recordUses: s.statement(s.dialect.recordUses()),
	}
}

// Create keeps k, see [apikey.Store].
func (s *APIKeys) Create(ctx context.Context, k apikey.Key) error {
	if err := k.Check(); err != nil {
		return err
	}
	k.Version = 1
	values, err := keyValues(s.conn.store.dialect, k)
	if err != nil {
		return err
	}
	rows, err := s.conn.exec(ctx, s.conn.store.apiKeys.create, values...)
	switch {
	case s.conn.isDuplicate(err) || err == nil && rows == 0:
		return apikey.ErrExists
	case err != nil:
		return unavailable("create an API key", err)
	}
	return nil
}

// Get returns the key, see [apikey.Store]. It is one statement, by the primary key.
func (s *APIKeys) Get(ctx context.Context, id string) (apikey.Key, error) {
	if !isKey(id) {
		return apikey.Key{}, apikey.ErrNotFound
	}
	rows, err := s.conn.query(ctx, len(keyColumns), s.conn.store.apiKeys.get, id)
	if err != nil {
		return apikey.Key{}, unavailable("get an API key", err)
	}
	if len(rows) == 0 {
		return apikey.Key{}, apikey.ErrNotFound
	}
	return readKey(rows[0])
}

// Replace exchanges the key, see [apikey.Store]. It is one statement, by the primary key, and another where there was
// nothing to replace, which finds out why.
func (s *APIKeys) Replace(ctx context.Context, k apikey.Key) error {
	if err := k.Check(); err != nil {
		return err
	}
	values, err := keyValues(s.conn.store.dialect, k)
	if err != nil {
		return err
	}
	args := append(slices.Clone(values[fixedOfKey:]), values[:fixedOfKey]...)
	rows, err := s.conn.exec(ctx, s.conn.store.apiKeys.replace, args...)
	switch {
	case err != nil:
		return unavailable("replace an API key", err)
	case rows == 0:
		return s.whyNot(ctx, k.ID)
	}
	return nil
}

// whyNot returns why there was nothing to replace.
func (s *APIKeys) whyNot(ctx context.Context, id string) error {
	rows, err := s.conn.query(ctx, 1, s.conn.store.apiKeys.whyNot, id)
	switch {
	case err != nil:
		return unavailable("replace an API key", err)
	case len(rows) == 0:
		return apikey.ErrNotFound
	}
	return apikey.ErrConflict
}

// List returns the keys of the owner, see [apikey.Store]. Those that were made at the same time are in the order of their
// IDs.
func (s *APIKeys) List(ctx context.Context, owner auth.Actor) ([]apikey.Key, error) {
	if !isKey(owner.Type) || !isKey(owner.ID) {
		return nil, nil
	}
	rows, err := s.conn.query(ctx, len(keyColumns), s.conn.store.apiKeys.list, owner.Type, owner.ID)
	if err != nil {
		return nil, unavailable("list API keys", err)
	}
	return readAll(rows, readKey), nil
}

// keyValues returns what is kept of k, in the order of writtenColumns.
func keyValues(d Dialect, k apikey.Key) ([]any, error) {
	var e encoder
	values := []any{
		k.ID, k.Version, k.Digest[:], k.Redacted, k.Title, k.Owner.Type, k.Owner.ID, e.json(k.Scopes), k.CreatedBy,
		d.timestamp(k.CreatedAt), d.timestamp(k.ExpiresAt), d.timestamp(k.RevokedAt), k.RevokedBy,
	}
	return values, e.err
}

// readKey returns the key that r holds, or ErrCorrupt.
func readKey(r row) (apikey.Key, error) {
	var k apikey.Key
	k.ID, k.Version, k.Digest, k.Redacted, k.Title = r.text(), r.integer(), r.digest(), r.text(), r.text()
	k.Owner.Type, k.Owner.ID, k.Scopes, k.CreatedBy = r.text(), r.text(), r.set(), r.text()
	k.CreatedAt, k.ExpiresAt, k.RevokedAt, k.RevokedBy = r.time(), r.time(), r.time(), r.text()
	k.LastUsed = apikey.Use{At: r.time(), IP: r.addr()}
	err := r.err
	if err == nil {
		err = k.Check() // text that another program put there
	}
	if err != nil {
		return apikey.Key{}, fmt.Errorf("sqlstore: %w: %w", apikey.ErrCorrupt, err)
	}
	return k, nil
}
