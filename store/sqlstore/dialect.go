package sqlstore

import (
	"strconv"
	"strings"
	"time"
)

// A Dialect is the SQL of one family of servers.
type Dialect int

// The dialects. The zero value is none.
const (
	PostgreSQL Dialect = iota + 1 // PostgreSQL 12 or newer
	MySQL                         // MySQL 8 or newer, MariaDB 10.6 or newer
	SQLite                        // SQLite 3.33 or newer
)

// String returns the name of the dialect, which is also that of its folder of migrations.
func (d Dialect) String() string {
	switch d {
	case PostgreSQL:
		return "postgres"
	case MySQL:
		return "mysql"
	case SQLite:
		return "sqlite"
	}
	return "Dialect(" + strconv.Itoa(int(d)) + ")"
}

func (d Dialect) known() bool { return d >= PostgreSQL && d <= SQLite }

// placeholders returns query with its question marks, none of which is in a string, as the dialect writes them.
func (d Dialect) placeholders(query string) string {
	if d != PostgreSQL {
		return query
	}
	parts := strings.Split(query, "?")
	var b strings.Builder
	for i, part := range parts[:len(parts)-1] {
		b.WriteString(part + "$" + strconv.Itoa(i+1))
	}
	return b.String() + parts[len(parts)-1]
}

// column returns what a SELECT says to get a column. MySQL's drivers make of a datetime what their settings say, such as a
// time in another zone, but leave text alone.
func (d Dialect) column(name string) string {
	if d == MySQL && isTime(name) {
		return "CAST(" + name + " AS CHAR)"
	}
	return name
}

func isTime(column string) bool { return strings.HasSuffix(column, "_at") || column == "revoked_up_to" }

// timeLayout is how times are written where they are text: in UTC, and so that text sorts as time does.
const timeLayout = "2006-01-02 15:04:05.000000"

// timestamp returns the argument of a statement for t, NULL for the zero time.
func (d Dialect) timestamp(t time.Time) any {
	t = t.UTC().Truncate(time.Microsecond) // or some drivers would round
	switch {
	case t.IsZero():
		return nil
	case d == PostgreSQL:
		return t
	}
	return t.Format(timeLayout)
}

// instant returns the argument of a statement that compares with now, which may be any time: never NULL, which is neither
// before nor after anything.
func (d Dialect) instant(now time.Time) any {
	first, last := time.Unix(0, 0), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	switch {
	case now.Before(first):
		now = first
	case now.After(last):
		now = last
	}
	return d.timestamp(now)
}

// insert returns a statement that adds a row unless there is one with its key, of the columns that are the primary key: it then
// changes no row, but for MySQL, which answers with an error that judge knows. To ignore it there would be to ignore other
// errors too.
func (d Dialect) insert(table, key string, columns []string) string {
	query := "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES (" + marks(len(columns)) + ")"
	if d != MySQL {
		query += " ON CONFLICT (" + key + ") DO NOTHING"
	}
	return query
}

// upsert returns a statement that adds a row, or puts it in the place of the one with its ID.
func (d Dialect) upsert(table string, columns []string) string {
	to, set := " ON CONFLICT (id) DO UPDATE SET ", make([]string, len(columns))
	for i, name := range columns {
		set[i] = name + " = excluded." + name
		if d == MySQL {
			to, set[i] = " ON DUPLICATE KEY UPDATE ", name+" = VALUES("+name+")"
		}
	}
	return "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES (" + marks(len(columns)) + ")" +
		to + strings.Join(set, ", ")
}

// byPrimaryKey returns the name of the table for an UPDATE that finds its row by the primary key. MySQL would rather take an
// index of another column that is compared too, and then lock what is beside the row in it.
func (d Dialect) byPrimaryKey(table string) string {
	if d == MySQL {
		return table + " FORCE INDEX (PRIMARY)"
	}
	return table
}

// marks returns n placeholders.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// list returns what a SELECT says to get columns.
func (d Dialect) list(columns []string) string {
	terms := make([]string, len(columns))
	for i, name := range columns {
		terms[i] = d.column(name)
	}
	return strings.Join(terms, ", ")
}
