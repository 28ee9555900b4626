package sqlstore

import "context"

// Owned statements find the sessions of an owner, an actor or an identity, but one.
type owned struct{ find, removeAtOnce *statement }

// newOwned returns the statements for the rows that meet the condition of an owner.
func newOwned(s *Store, condition string) owned {
	from := " FROM " + sessionTable + " WHERE " + condition + " AND id <> ?"
	return owned{find: s.statement("SELECT id" + from), removeAtOnce: s.statement("DELETE" + from)}
}

// deleteAll removes the sessions of an owner but the one called except, and returns how many there were.
func (c conn) deleteAll(ctx context.Context, what string, o owned, except string, owner ...any) (int, error) {
	if !isKey(except) {
		except = "" // which no row has
	}
	args := append(owner, except)
	if c.tx != nil {
		// A query may see the database as it was when the transaction began, and miss who logged in since then; this does
		// not, and holds what it locks until the end, as all of the transaction does.
		n, err := c.exec(ctx, o.removeAtOnce, args...)
		if err != nil {
			return 0, unavailable(what, err)
		}
		return int(n), nil
	}
	rows, err := c.query(ctx, 1, o.find, args...)
	if err != nil {
		return 0, unavailable(what, err)
	}
	n, err := c.deleteRows(ctx, c.store.sessions.removeAll, rows)
	if err != nil {
		return 0, unavailable(what, err)
	}
	return n, nil
}
