package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/countersign-go/countersign/apikey"
)

var (
	_ apikey.Store       = (*APIKeys)(nil)
	_ apikey.Index       = (*APIKeys)(nil)
	_ apikey.UseRecorder = (*APIKeys)(nil)
)

// APIKeys is an [apikey.Store], an [apikey.Index] and an [apikey.UseRecorder]. Have one made by [Store.APIKeys]; the zero
// value panics. It does not change, and many goroutines may use it at once. An error is one of package apikey, that of
// [apikey.Key.Check], or wraps [auth.ErrUnavailable].
type APIKeys struct{ conn conn }

// In returns the same store as part of tx: what it does happens when tx is committed. It tries nothing again: an error that
// is none of package apikey means that tx cannot go on. What it reads is as tx sees it. A nil tx panics.
func (s *APIKeys) In(tx *sql.Tx) *APIKeys { return &APIKeys{s.conn.in(tx)} }

const keyTable = "countersign_api_keys"

// keyColumns are in the order of [readKey].
var keyColumns = []string{
	"id", "version", "kind", "environment", "digest", "text", "redacted", "title", "owner_type", "owner_id", "scopes", "channels",
	"metadata", "created_by", "created_at", "updated_at", "expires_at", "revoked_at", "revoked_by", "revoke_reason", "stops_at",
	"disabled_at", "disabled_by", "replaces", "replaced_by", "last_used_at", "last_used_ip",
}

// Of keyColumns, the first are what a replaced key is found by, and the last are written by RecordUses alone.
const (
	fixedOfKey = 2
	usesOfKey  = 2
)

// writtenColumns are those of keyColumns that Create writes.
var writtenColumns = keyColumns[:len(keyColumns)-usesOfKey]

// apiKeyStatements are those that [APIKeys] sends.
type apiKeyStatements struct {
	create, get, replace, whyNot, remove, recordUses *statement

	finds map[shape]find
}

func newAPIKeyStatements(s *Store) apiKeyStatements {
	columns := s.dialect.list(keyColumns)
	return apiKeyStatements{
		create: s.statement(s.dialect.insert(keyTable, "id", writtenColumns)),
		get:    s.statement("SELECT " + columns + " FROM " + keyTable + " WHERE id = ?"),
		replace: s.statement("UPDATE " + keyTable + " SET version = version + 1, " +
			strings.Join(writtenColumns[fixedOfKey:], " = ?, ") + " = ? WHERE id = ? AND version = ?"),
		whyNot:     s.statement("SELECT id FROM " + keyTable + " WHERE id = ?"),
		remove:     s.statement("DELETE FROM " + keyTable + " WHERE id = ?"),
		recordUses: s.statement(s.dialect.recordUses()),
		finds:      newFinds(s),
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

// Delete removes the key, see [apikey.Store]. It is one statement, by the primary key.
func (s *APIKeys) Delete(ctx context.Context, id string) error {
	if !isKey(id) {
		return nil
	}
	if _, err := s.conn.exec(ctx, s.conn.store.apiKeys.remove, id); err != nil {
		return unavailable("delete an API key", err)
	}
	return nil
}

// keyValues returns what is kept of k, in the order of writtenColumns.
func keyValues(d Dialect, k apikey.Key) ([]any, error) {
	var e encoder
	values := []any{
		k.ID, k.Version, string(k.Kind), k.Environment, k.Digest[:], k.Text, k.Redacted, k.Title, k.Owner.Type, k.Owner.ID,
		e.json(k.Scopes), e.json(k.Channels), e.metadata(k.Metadata), k.CreatedBy, d.timestamp(k.CreatedAt),
		d.timestamp(k.UpdatedAt), d.timestamp(k.ExpiresAt), d.timestamp(k.Revocation.At), k.Revocation.By, k.Revocation.Reason,
		d.timestamp(k.Revocation.Until), d.timestamp(k.DisabledAt), k.DisabledBy, k.Replaces, k.ReplacedBy,
	}
	return values, e.err
}

// readKey returns the key that r holds, or ErrCorrupt.
func readKey(r row) (apikey.Key, error) {
	var k apikey.Key
	k.ID, k.Version, k.Kind, k.Environment = r.text(), r.integer(), apikey.Kind(r.text()), r.text()
	k.Digest, k.Text, k.Redacted, k.Title = r.digest(), r.text(), r.text(), r.text()
	k.Owner.Type, k.Owner.ID, k.Scopes, k.Channels, k.Metadata = r.text(), r.text(), r.set(), r.set(), r.metadata()
	k.CreatedBy, k.CreatedAt, k.UpdatedAt, k.ExpiresAt = r.text(), r.time(), r.time(), r.time()
	k.Revocation = apikey.Revocation{At: r.time(), By: r.text(), Reason: r.text(), Until: r.time()}
	k.DisabledAt, k.DisabledBy, k.Replaces, k.ReplacedBy = r.time(), r.text(), r.text(), r.text()
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
