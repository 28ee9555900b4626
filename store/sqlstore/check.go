package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Check asks the database whether the tables and indexes are there, the columns can be read, and the primary keys are what they
// should be, byte for byte, and returns all that is wrong, most of it with the statement that mends it. It does not compare the types of
// columns. Call it at the start of a program. An error that wraps [auth.ErrUnavailable] says that the database did not
// answer, and may go away by itself.
func (s *Store) Check(ctx context.Context) error {
	m, err := s.migrator(ctx)
	if err != nil {
		return s.failed("check", err)
	}
	defer m.Close()
	var errs []error
	for _, check := range []func(context.Context) ([]error, error){m.checkObjects, m.checkTables, m.checkServer} {
		wrong, err := check(ctx)
		if err != nil {
			return s.failed("check", err)
		}
		errs = append(errs, wrong...)
	}
	return errors.Join(errs...)
}

// checkObjects looks for what the migrations make.
func (m migrator) checkObjects(ctx context.Context) (wrong []error, err error) {
	for _, step := range migrations(m.store.dialect, m.store.prefix) {
		for _, change := range step.changes {
			query, args := m.store.dialect.lookup(change)
			there, err := m.exists(ctx, query, args...)
			if err != nil {
				return nil, err
			}
			if !there {
				wrong = append(wrong, fmt.Errorf("sqlstore: there is no %s %s: run\n%s;",
					strings.ToLower(change.kind), change.name, change.statement))
			}
		}
	}
	return wrong, nil
}

// tables are the tables, what a store reads of them, and how many of these columns, the first, are the primary key.
var tables = []struct {
	name    string
	columns []string
	key     int
}{
	{sessionTable, sessionColumns, 1},
	{keyTable, keyColumns, 1},
	{revocationTable, []string{"id", "revoked_up_to", "expires_at"}, 1},
	{ringTable, []string{"id", "version", "state", "updated_at"}, 1},
	{identityTable, identityColumns, 1},
	{entityTable, entityColumns, 2},
	{tokenTable, tokenColumns, 1},
	{attemptTable, attemptColumns, 1},
}

// tableName returns the name of a table that is called so with the default prefix.
func (s *Store) tableName(name string) string {
	return strings.Replace(name, DefaultPrefix, s.prefix, 1)
}

// checkTables looks at the tables that are there: whether the columns can be read, and one row has an ID at most.
func (m migrator) checkTables(ctx context.Context) (wrong []error, err error) {
	for _, t := range tables {
		table := m.store.tableName(t.name)
		query, args := m.store.dialect.lookup(change{kind: "TABLE", name: table})
		there, err := m.exists(ctx, query, args...)
		if err != nil {
			return nil, err
		}
		if !there {
			continue // which checkObjects tells
		}
		rows, err := m.QueryContext(ctx, "SELECT "+strings.Join(t.columns, ", ")+" FROM "+table+" WHERE 1 = 0")
		if err == nil {
			err = rows.Err()
			rows.Close()
		}
		if err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			wrong = append(wrong, fmt.Errorf("sqlstore: cannot read the columns of %s: %w: "+
				"run GRANT, or ALTER TABLE by the files of Migrations", table, err))
		}
		key := t.columns[:t.key]
		unique, err := m.exists(ctx, m.store.dialect.primaryKey(key), table)
		if err != nil {
			return nil, err
		}
		if !unique {
			wrong = append(wrong, fmt.Errorf("sqlstore: %[2]s is not the primary key of %[1]s: run\n"+
				"ALTER TABLE %[1]s ADD PRIMARY KEY (%[2]s);", table, strings.Join(key, ", ")))
		}
	}
	return wrong, nil
}

// primaryKey returns the query that tells whether these columns are the primary key of a table, and all of it.
func (d Dialect) primaryKey(key []string) string {
	names := "('" + strings.Join(key, "', '") + "')"
	query := map[Dialect]string{
		PostgreSQL: "SELECT attname AS name FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey) " +
			"WHERE indrelid = to_regclass(?) AND indisprimary",
		MySQL: "SELECT column_name AS name FROM information_schema.statistics WHERE table_schema = DATABASE() " +
			"AND table_name = ? AND index_name = 'PRIMARY'",
		SQLite: "SELECT name FROM pragma_table_info(?) WHERE pk > 0",
	}[d]
	return fmt.Sprintf("SELECT CASE WHEN SUM(CASE WHEN name IN %s THEN 1 ELSE -9 END) = %d THEN 1 ELSE 0 END FROM (%s) AS parts",
		names, len(key), query)
}

// checkServer looks at settings of MySQL that would have the stores do something else than they say.
func (m migrator) checkServer(ctx context.Context) (wrong []error, err error) {
	if m.store.dialect != MySQL {
		return nil, nil
	}
	autocommit, err := m.exists(ctx, "SELECT @@autocommit")
	if err != nil {
		return nil, err
	}
	if !autocommit {
		wrong = append(wrong, errors.New("sqlstore: autocommit is off, so nothing would be kept: take it out of the DSN, or run\n"+
			"SET GLOBAL autocommit = 1;"))
	}
	utf8mb4, err := m.exists(ctx, "SELECT @@character_set_client = 'utf8mb4' AND @@character_set_results = 'utf8mb4'")
	if err != nil {
		return nil, err
	}
	if !utf8mb4 {
		wrong = append(wrong, errors.New("sqlstore: the connection has a charset of its own, which does not know all text: "+
			"take it out of the DSN, or have each connection run\nSET NAMES utf8mb4;"))
	}
	// Any other type of text takes some that differ in case, accents or trailing blanks for the same.
	for _, t := range tables {
		table := m.store.tableName(t.name)
		for _, column := range t.columns {
			if !isCompared(column) {
				continue
			}
			folded, err := m.exists(ctx, "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() "+
				"AND table_name = ? AND column_name = ? AND data_type NOT IN ('varbinary', 'binary')", table, column)
			if err != nil {
				return nil, err
			}
			if folded {
				wrong = append(wrong, fmt.Errorf("sqlstore: %s.%s does not compare byte for byte: run\n"+
					"ALTER TABLE %s MODIFY %s varbinary(%d) NOT NULL;", table, column, table, column, maxKey))
			}
		}
	}
	return wrong, nil
}

// isCompared reports whether rows are found by the column.
func isCompared(column string) bool {
	return slices.Contains([]string{"id", "identity_id", "kind", "provider", "entity_id"}, column) ||
		strings.HasPrefix(column, "actor_") || strings.HasPrefix(column, "owner_")
}
