package sqlstore

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
)

// Find returns the keys that q asks for, see [apikey.Index]. It is one statement, and another that counts where there are
// more keys than it returned: it may then know of changes that the first does not.
func (s *APIKeys) Find(ctx context.Context, q apikey.Query) ([]apikey.Key, int, error) {
	const what = "find API keys"
	if err := ctx.Err(); err != nil {
		return nil, 0, unavailable(what, err)
	}
	if !isSensible(q) {
		return nil, 0, nil
	}
	store := s.conn.store
	args, err := findArgs(store.dialect, q)
	if err != nil {
		return nil, 0, err
	}
	limit, offset := int64(math.MaxInt64), int64(max(q.Offset, 0))
	if q.Limit > 0 {
		limit = int64(q.Limit)
	}
	f := store.apiKeys.finds[shapeOf(q)]
	rows, err := s.conn.query(ctx, len(keyColumns), f.page, append(slices.Clone(args), limit, offset)...)
	if err != nil {
		return nil, 0, unavailable(what, err)
	}
	total := int(offset) + len(rows)
	if int64(len(rows)) == limit || len(rows) == 0 && offset > 0 {
		counted, err := s.conn.query(ctx, 1, f.count, args...)
		if err != nil {
			return nil, 0, unavailable(what, err)
		}
		n, err := countOf(counted)
		if err != nil {
			return nil, 0, unavailable(what, err)
		}
		total = n
		if len(rows) > 0 {
			total = max(n, int(offset)+len(rows)) // some may have been deleted meanwhile
		}
	}
	return readAll(rows, readKey), total, nil
}

// countOf returns the number in the one row of a count.
func countOf(rows []row) (int, error) {
	if len(rows) != 1 {
		return 0, fmt.Errorf("%d rows of a count", len(rows))
	}
	n := rows[0].integer()
	return int(n), rows[0].err
}

// isSensible reports whether there can be keys that q asks for. What is no text is not sent: some servers would answer with
// an error, and others would take it for another text.
func isSensible(q apikey.Query) bool {
	for _, text := range []string{q.Owner.Type, q.Owner.ID} {
		if text != "" && !isKey(text) {
			return false
		}
	}
	switch q.Kind {
	case "", apikey.Secret, apikey.Publishable: // of which no collation takes one for another
	default:
		return false
	}
	for _, text := range []string{q.Title, q.Text} {
		if len(text) > maxTitle || !utf8.ValidString(text) || strings.Contains(text, "\x00") {
			return false
		}
	}
	return true
}

// A shape is what makes one statement of Find differ from another: few enough for each to be prepared. All else is told by
// its arguments.
type shape struct{ owner, ids, newest bool }

func shapeOf(q apikey.Query) shape { return shape{q.Owner != auth.Actor{}, q.IDs != nil, q.Newest} }

// A find has the statements of one shape.
type find struct{ page, count *statement }

func newFinds(s *Store) map[shape]find {
	finds := map[shape]find{}
	for _, owner := range []bool{false, true} {
		for _, ids := range []bool{false, true} {
			from := " FROM " + keyTable + " WHERE " + s.dialect.condition(owner, ids)
			count := s.statement("SELECT COUNT(*)" + from)
			for _, newest := range []bool{false, true} {
				finds[shape{owner, ids, newest}] = find{count: count, page: s.statement("SELECT " + s.dialect.list(keyColumns) + from +
					" ORDER BY " + s.dialect.order(newest) + " LIMIT ? OFFSET ?")}
			}
		}
	}
	return finds
}

// order returns the terms by which keys are ordered. One without a time of creation is older than all others.
func (d Dialect) order(newest bool) string {
	first, direction := " NULLS FIRST", ""
	if newest {
		first, direction = " NULLS LAST", " DESC"
	}
	if d != PostgreSQL { // whose indexes take NULL for the last
		first = ""
	}
	return keyTable + ".created_at" + direction + first + ", id" + direction
}

// effective is [apikey.Revocation.Effective].
const effective = "COALESCE(" + keyTable + ".stops_at, " + keyTable + ".revoked_at)"

// condition returns the condition of a query, whose arguments are those of findArgs.
func (d Dialect) condition(owner, ids bool) string {
	var terms []string
	if owner {
		terms = append(terms, "owner_type = ? AND owner_id = ?")
	}
	if ids {
		terms = append(terms, d.isAmong())
	}
	title, given := d.bytes("title"), d.given()
	terms = append(terms,
		"("+given+" = '' OR "+title+" = "+given+")",
		"("+d.contains("title")+" OR "+d.contains("redacted")+")",
		"(? = '' OR kind = ?)",
		"? <> CASE WHEN "+effective+" IS NULL THEN 1 ELSE 2 END",
		"(? = 0 OR "+effective+" > ?)",
		"(? = 0 OR "+effective+" <= ?)")
	return strings.Join(terms, " AND ")
}

// isAmong returns the condition that the ID is among those in an array of JSON: one argument, however many they are, and
// each is looked up by the primary key.
func (d Dialect) isAmong() string {
	switch d {
	case PostgreSQL: // which would read the whole table for an IN
		return "id = ANY (ARRAY(SELECT jsonb_array_elements_text(CAST(? AS jsonb))))"
	case MySQL:
		return "id IN (SELECT u.id FROM JSON_TABLE(?, '$[*]' COLUMNS (id varchar(64) PATH '$')) AS u)"
	}
	return "id IN (SELECT value FROM json_each(?))"
}

// bytes returns the expression for the text of a column that compares byte for byte.
func (d Dialect) bytes(column string) string {
	if d == MySQL {
		return "CAST(" + column + " AS BINARY)"
	}
	return column
}

// given returns the placeholder for text that is compared with bytes.
func (d Dialect) given() string {
	if d == MySQL {
		return "CAST(CONVERT(? USING utf8mb4) AS BINARY)"
	}
	return "?"
}

// contains returns the condition that a column contains a text, whose letters of ASCII are lower-case: those of the column
// may be either, and those of other scripts are taken as they are. Nothing in the text is a pattern.
func (d Dialect) contains(column string) string {
	switch d {
	case PostgreSQL:
		return `strpos(lower(` + column + ` COLLATE "C"), ?) > 0`
	case MySQL: // whose LOWER knows the letters of all scripts
		lower := d.bytes(column)
		for c := 'A'; c <= 'Z'; c++ {
			lower = fmt.Sprintf("REPLACE(%s, '%c', '%c')", lower, c, c+'a'-'A')
		}
		return "LOCATE(" + d.given() + ", " + lower + ") > 0"
	}
	return "instr(lower(" + column + "), ?) > 0"
}

// findArgs returns the arguments of the condition of q.
func findArgs(d Dialect, q apikey.Query) ([]any, error) {
	var args []any
	var e encoder
	if q.Owner != (auth.Actor{}) {
		args = append(args, q.Owner.Type, q.Owner.ID)
	}
	if q.IDs != nil {
		args = append(args, e.json(keptIDs(q.IDs)))
	}
	text := lower(q.Text)
	args = append(args, q.Title, q.Title, text, text, string(q.Kind), string(q.Kind), revoked(q.Revoked))
	args = append(args, given(q.RevokedAfter), d.boundary(q.RevokedAfter))
	args = append(args, given(q.RevokedBefore), d.boundary(q.RevokedBefore.Add(-1))) // before is at the last microsecond before
	return args, e.err
}

// keptIDs returns those of ids that a key may have, each once.
func keptIDs(ids []string) []string {
	kept := slices.Clone(ids)
	slices.Sort(kept)
	kept = slices.DeleteFunc(slices.Compact(kept), func(id string) bool { return !isKey(id) || len(id) > maxID })
	return append([]string{}, kept...) // an array, also of none
}

// lower returns s with the letters of ASCII in lower case.
func lower(s string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	}, s)
}

// revoked returns what must not be the number of a key: 1 where it is not revoked, 2 where it is.
func revoked(want *bool) int64 {
	switch {
	case want == nil:
		return 0
	case *want:
		return 1
	}
	return 2
}

func given(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return 1
}

// boundary returns the argument of a statement that compares the times of keys with t, which may be any: one that no key
// has comes before them all, or is the last.
func (d Dialect) boundary(t time.Time) any {
	first, last := time.Unix(-1, 0), time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	switch {
	case t.Before(first):
		t = first
	case t.After(last):
		t = last
	}
	return d.timestamp(t)
}
