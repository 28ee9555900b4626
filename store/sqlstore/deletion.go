package sqlstore

import (
	"context"
	"slices"
)

// deletionSize is how many rows one statement deletes at most: few enough for each to be quick, so that others get in
// between.
const deletionSize = 100

// deletion returns the query that deletes the rows of table with any of so many IDs. PostgreSQL would lock them in the order
// of its plan, and so in another than the plan of somebody else: that is a deadlock, which it finds after a second.
func (d Dialect) deletion(table string) string {
	ids := marks(deletionSize)
	if d == PostgreSQL {
		ids = "SELECT id FROM " + table + " WHERE id IN (" + ids + ") ORDER BY id FOR UPDATE"
	}
	return "DELETE FROM " + table + " WHERE id IN (" + ids + ")"
}

// deleteRows deletes the rows whose IDs rows hold, by q, which is a [deletion] and may have more arguments. It returns how
// many there were.
func (c conn) deleteRows(ctx context.Context, q *statement, rows []row, args ...any) (n int, err error) {
	for batch := range slices.Chunk(rows, deletionSize) {
		ids := make([]any, 0, deletionSize+len(args))
		for _, r := range batch {
			ids = append(ids, r.text())
		}
		for len(ids) < deletionSize {
			ids = append(ids, ids[0]) // one that is named twice is deleted once
		}
		deleted, err := c.exec(ctx, q, append(ids, args...)...)
		if err != nil {
			return n, err
		}
		n += int(deleted)
	}
	return n, nil
}
