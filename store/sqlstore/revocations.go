package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
)

var _ jwtx.RevocationStore = (*Revocations)(nil)

// Revocations is a [jwtx.RevocationStore]. Have one made by [Store.Revocations]; the zero value panics. It does not change,
// and many goroutines may use it at once. An error wraps [auth.ErrUnavailable], but for what no token can have.
type Revocations struct{ conn conn }

// In returns the same store as part of tx: what it does happens when tx is committed. It tries nothing again: an error
// means that tx cannot go on. What it reads is as tx sees it. A nil tx panics.
func (s *Revocations) In(tx *sql.Tx) *Revocations { return &Revocations{s.conn.in(tx)} }

const revocationTable = "countersign_revocations"

// revocationStatements are those that [Revocations] sends.
type revocationStatements struct{ revoke, find *statement }

func newRevocationStatements(s *Store) revocationStatements {
	return revocationStatements{
		revoke: s.statement(s.dialect.revoke()),
		find: s.statement("SELECT id, " + s.dialect.column("revoked_up_to") + " FROM " + revocationTable +
			" WHERE expires_at > ? AND id IN (" + marks(lookupSize) + ")"),
	}
}

// Revoke keeps that what was issued up to at is revoked, see [jwtx.RevocationStore]. It is one statement.
func (s *Revocations) Revoke(ctx context.Context, key string, at, until time.Time) error {
	if !isRevocable(key) {
		return fmt.Errorf("sqlstore: %.100q is no key of a revocation", key)
	}
	for _, t := range []time.Time{at, until} {
		if year := t.UTC().Year(); year < 1970 || year > 9999 {
			return errors.New("sqlstore: a revocation before 1970 or after 9999")
		}
	}
	d := s.conn.store.dialect
	if _, err := s.conn.exec(ctx, s.conn.store.revocations.revoke, key, d.timestamp(at), d.timestamp(until)); err != nil {
		return unavailable("revoke", err)
	}
	return nil
}

// revoke returns the statement that adds a row, or puts the later times into the one that there is.
func (d Dialect) revoke() string {
	const insert = "INSERT INTO " + revocationTable + " (id, revoked_up_to, expires_at) VALUES (?, ?, ?) "
	if d == MySQL {
		return insert + "ON DUPLICATE KEY UPDATE revoked_up_to = GREATEST(revoked_up_to, VALUES(revoked_up_to)), " +
			"expires_at = GREATEST(expires_at, VALUES(expires_at))"
	}
	later := map[Dialect]string{PostgreSQL: "GREATEST", SQLite: "MAX"}[d]
	return insert + "ON CONFLICT (id) DO UPDATE SET " +
		"revoked_up_to = " + later + "(" + revocationTable + ".revoked_up_to, excluded.revoked_up_to), " +
		"expires_at = " + later + "(" + revocationTable + ".expires_at, excluded.expires_at)"
}

// isRevocable reports whether key is one as [jwtx.RevocationStore] says.
func isRevocable(key string) bool {
	return key != "" && len(key) <= 80 && !slices.ContainsFunc([]byte(key), func(c byte) bool { return c < ' ' || c > '~' })
}

// lookupSize is how many keys one statement asks for: as many as a token has, and then some.
const lookupSize = 4

// RevokedUpTo returns up to when what was issued is revoked, see [jwtx.RevocationStore]. It is one statement for each four
// keys.
func (s *Revocations) RevokedUpTo(ctx context.Context, now time.Time, keys ...string) ([]time.Time, error) {
	upTo := make([]time.Time, 0, len(keys))
	for batch := range slices.Chunk(keys, lookupSize) {
		found, err := s.find(ctx, now, batch)
		if err != nil {
			return nil, unavailable("look up revocations", err)
		}
		for _, key := range batch {
			upTo = append(upTo, found[key])
		}
	}
	return upTo, nil
}

// find returns what there is of keys, at most lookupSize.
func (s *Revocations) find(ctx context.Context, now time.Time, keys []string) (map[string]time.Time, error) {
	args := []any{s.conn.store.dialect.instant(now)}
	for i := range lookupSize {
		key := keys[min(i, len(keys)-1)]
		if !isRevocable(key) {
			key = "" // which no row has
		}
		args = append(args, key)
	}
	rows, err := s.conn.query(ctx, 2, s.conn.store.revocations.find, args...)
	found := map[string]time.Time{}
	for _, r := range rows {
		id, at := r.text(), r.time()
		if r.err != nil || at.IsZero() {
			return nil, fmt.Errorf("%w: a revocation that cannot be read", auth.ErrUnavailable) // not: that there is none
		}
		found[id] = at
	}
	return found, err
}
