package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/countersign-go/countersign/jwks"
)

var _ jwks.KeyStore = (*KeyRing)(nil)

// KeyRing is a [jwks.KeyStore]: a row with the state of one ring. Have one made by [Store.KeyRing]; the zero value panics.
// It does not change, and many goroutines may use it at once. An error is [jwks.ErrConflict], says that a state is too
// large, or wraps [auth.ErrUnavailable].
//
// It takes no part in transactions of the application: until they are committed nobody else would see a key that has
// begun to sign.
type KeyRing struct {
	conn conn
	name string
}

const (
	ringTable = "countersign_key_rings"

	// maxState bounds the state of a ring, as [jwks.KeyStore] says.
	maxState = 256 << 10
)

// ringStatements are those that [KeyRing] sends.
type ringStatements struct{ load, swap, begin *statement }

func newRingStatements(s *Store) ringStatements {
	return ringStatements{
		load:  s.statement("SELECT state, version FROM " + ringTable + " WHERE id = ?"),
		swap:  s.statement(s.dialect.swap()),
		begin: s.statement(s.dialect.begin()),
	}
}

// Load returns the state, see [jwks.KeyStore].
func (s *KeyRing) Load(ctx context.Context) (state []byte, version int64, err error) {
	rows, err := s.conn.query(ctx, 2, s.conn.store.rings.load, s.name)
	if err != nil {
		return nil, 0, unavailable("load a key ring", err)
	}
	if len(rows) == 0 {
		return nil, 0, nil
	}
	state, version = rows[0].bytes(), rows[0].integer()
	if err := rows[0].err; err != nil {
		return nil, 0, unavailable("load a key ring", err)
	}
	return state, version, nil
}

// Swap replaces the state, see [jwks.KeyStore].
func (s *KeyRing) Swap(ctx context.Context, oldVersion int64, state []byte) error {
	if len(state) > maxState {
		return fmt.Errorf("sqlstore: the state of a ring has more than %d bytes", maxState)
	}
	if state == nil {
		state = []byte{} // not NULL
	}
	now, end, err := s.deadline(ctx)
	if err != nil {
		return unavailable("swap a key ring", err)
	}
	d := s.conn.store.dialect
	q, args := s.conn.store.rings.swap, []any{state, d.timestamp(now), s.name, oldVersion, d.timestamp(end)}
	if oldVersion == 0 {
		q, args = s.conn.store.rings.begin, []any{s.name, state, d.timestamp(now), d.timestamp(end)}
	}
	rows, err := s.conn.exec(ctx, q, args...)
	switch {
	case s.conn.isDuplicate(err):
		return jwks.ErrConflict
	case err != nil:
		return unavailable("swap a key ring", err)
	case rows == 0:
		return s.whyNot(ctx, oldVersion)
	}
	return nil
}

// deadline returns the time of the server, and that at which ctx will be done by the server's clock.
//
// A statement may reach a server that stands still, and be run when it goes on: when the caller has long been told that it
// failed, and reckons with the keys as they were. So a Swap tells the server until when it is to be done.
func (s *KeyRing) deadline(ctx context.Context) (now, end time.Time, err error) {
	now, err = s.conn.clock(ctx)
	if err != nil {
		return time.Time{}, time.Time{}, err
	}
	left := time.Minute
	if at, ok := ctx.Deadline(); ok {
		left = time.Until(at)
	}
	return now, now.Add(left), nil
}

// swap returns the statement that replaces a state. It may have to wait for somebody's lock on the row, and asks for the
// time once it has that.
func (d Dialect) swap() string {
	if d == PostgreSQL {
		return "UPDATE " + ringTable + " SET version = version + 1, state = ?, updated_at = ? FROM " +
			"(SELECT id AS found FROM " + ringTable + " WHERE id = ? AND version = ? FOR UPDATE) AS locked " +
			"WHERE id = found AND " + d.clock(false) + " < ?"
	}
	return "UPDATE " + ringTable + " SET version = version + 1, state = ?, updated_at = ? WHERE id = ? AND version = ? AND " +
		d.clock(false) + " < ?"
}

// begin returns the statement that keeps the first state.
func (d Dialect) begin() string {
	switch d {
	case PostgreSQL:
		return "INSERT INTO " + ringTable + " (id, version, state, updated_at) " +
			"SELECT CAST(? AS varchar), 1, CAST(? AS bytea), CAST(? AS timestamptz) WHERE " + d.clock(false) + " < ? " +
			"ON CONFLICT (id) DO NOTHING"
	case MySQL:
		return "INSERT INTO " + ringTable + " (id, version, state, updated_at) " +
			"SELECT ?, 1, ?, ? FROM DUAL WHERE " + d.clock(false) + " < ?"
	}
	return "INSERT INTO " + ringTable + " (id, version, state, updated_at) " +
		"SELECT ?, 1, ?, ? WHERE " + d.clock(false) + " < ? ON CONFLICT (id) DO NOTHING"
}

// whyNot returns why there was nothing to replace.
func (s *KeyRing) whyNot(ctx context.Context, oldVersion int64) error {
	_, version, err := s.Load(ctx)
	switch {
	case err != nil:
		return err
	case version == oldVersion:
		return unavailable("swap a key ring", context.DeadlineExceeded)
	}
	return jwks.ErrConflict
}
