package sqlstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

var _ login.TokenStore = (*OneTimeTokens)(nil)

// OneTimeTokens is a [login.TokenStore]. Have one made by [Store.OneTimeTokens]; the zero value panics. It does not change,
// and many goroutines may use it at once. An error is one of package login, that of [login.OneTimeToken.Check], or wraps
// [auth.ErrUnavailable].
type OneTimeTokens struct{ conn conn }

// In returns the same store as part of tx: what it does happens when tx is committed, so a token that is consumed is good
// again if that fails, as if nobody had come. Who consumes it too waits for the end of tx. It tries nothing again: an error
// that is none of package login means that tx cannot go on. What it reads is as tx sees it. A nil tx panics.
func (s *OneTimeTokens) In(tx *sql.Tx) *OneTimeTokens { return &OneTimeTokens{s.conn.in(tx)} }

const tokenTable = "countersign_one_time_tokens"

// tokenColumns are in the order of [readToken].
var tokenColumns = []string{"id", "digest", "data", "expires_at"}

// tokenStatements are those that [OneTimeTokens] sends.
type tokenStatements struct{ put, get, consume, remove *statement }

func newTokenStatements(s *Store) tokenStatements {
	return tokenStatements{
		put:     s.statement(s.dialect.upsert(tokenTable, tokenColumns)),
		get:     s.statement("SELECT " + s.dialect.list(tokenColumns) + " FROM " + tokenTable + " WHERE id = ? AND expires_at > ?"),
		consume: s.statement("DELETE FROM " + tokenTable + " WHERE id = ? AND digest = ?"),
		remove:  s.statement("DELETE FROM " + tokenTable + " WHERE id = ?"),
	}
}

// Put keeps t, see [login.TokenStore]. It is one statement.
func (s *OneTimeTokens) Put(ctx context.Context, t login.OneTimeToken) error {
	if err := t.Check(); err != nil {
		return err
	}
	store := s.conn.store
	var e encoder
	values := []any{t.ID, t.Digest[:], e.metadata(t.Data), store.dialect.timestamp(t.Expires)}
	if e.err != nil {
		return e.err
	}
	if _, err := s.conn.exec(ctx, store.tokens.put, values...); err != nil {
		return unavailable("put a one-time token", err)
	}
	return nil
}

// Get returns the token, see [login.TokenStore]. It is one statement, by the primary key.
func (s *OneTimeTokens) Get(ctx context.Context, id string, now time.Time) (login.OneTimeToken, error) {
	if !isKey(id) {
		return login.OneTimeToken{}, login.ErrNotFound
	}
	store := s.conn.store
	rows, err := s.conn.query(ctx, len(tokenColumns), store.tokens.get, id, store.dialect.instant(now))
	if err != nil {
		return login.OneTimeToken{}, unavailable("get a one-time token", err)
	}
	if len(rows) == 0 {
		return login.OneTimeToken{}, login.ErrNotFound
	}
	return readToken(rows[0])
}

// Consume removes the token and returns it, see [login.TokenStore]. It is two statements by the primary key: the first reads
// the token, and the second removes it. Who of many gets it is who removed it. MySQL has no statement that does both. What is
// damaged is ErrCorrupt, and stays.
func (s *OneTimeTokens) Consume(ctx context.Context, id string, digest token.Digest, now time.Time) (login.OneTimeToken, error) {
	t, err := s.Get(ctx, id, now)
	if err != nil {
		return login.OneTimeToken{}, err
	}
	if !t.Digest.Equal(digest) {
		return login.OneTimeToken{}, login.ErrNotFound
	}
	rows, err := s.conn.exec(ctx, s.conn.store.tokens.consume, id, digest[:])
	if err != nil {
		return login.OneTimeToken{}, unavailable("consume a one-time token", err)
	}
	if rows == 0 {
		return login.OneTimeToken{}, login.ErrNotFound // another was faster, or there is a new one
	}
	return t, nil
}

// Delete removes the token, see [login.TokenStore]. It is one statement, by the primary key.
func (s *OneTimeTokens) Delete(ctx context.Context, id string) error {
	if !isKey(id) {
		return nil
	}
	if _, err := s.conn.exec(ctx, s.conn.store.tokens.remove, id); err != nil {
		return unavailable("delete a one-time token", err)
	}
	return nil
}

// readToken returns the token that r holds, or ErrCorrupt.
func readToken(r row) (login.OneTimeToken, error) {
	t := login.OneTimeToken{ID: r.text(), Digest: r.digest(), Data: r.metadata(), Expires: r.time()}
	err := r.err
	if err == nil {
		err = t.Check()
	}
	if err != nil {
		return login.OneTimeToken{}, corrupt(err)
	}
	return t, nil
}
