package drivertest_test

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/store/sqlstore"
)

// A plan is one statement that a store sends, and the index by which the server is to find its rows: "" is the primary key.
type plan struct {
	name  string
	part  string // the statement has it
	table string
	index string
	send  func(ctx context.Context, s *sqlstore.Store) error
	sorts sqlstore.Dialect // that has to sort, 0 if none
}

// each is no dialect, and stands for all of them.
const each sqlstore.Dialect = -1

// Each statement finds its rows by an index, and none that may have many has to sort them. With 10,000 rows PostgreSQL would
// rather read them all than look for the 100 IDs of a DELETE.
func TestIndexes(t *testing.T) {
	rows := map[sqlstore.Dialect]int{sqlstore.PostgreSQL: 30_000, sqlstore.MySQL: 10_000, sqlstore.SQLite: 10_000}
	actor, until := somebody(), time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	session7, key7, identity7 := record(actor), key(actor), identity("7")
	token7, attempts7 := login.OneTimeToken{ID: token.NewID(), Digest: token.Sum("7"), Expires: until}, login.Attempts{Key: token.NewID(), Expires: until}
	plans := []plan{
		{"Get of a session", "SELECT", "sessions", "", func(ctx context.Context, s *sqlstore.Store) error {
			_, err := s.Sessions().Get(ctx, session7.ID, time.Now())
			return err
		}, 0},
		{"Replace of a session", "UPDATE", "sessions", "", func(ctx context.Context, s *sqlstore.Store) error {
			return s.Sessions().Replace(ctx, session7, time.Now())
		}, 0},
		{"Delete of a session", "DELETE", "sessions", "", func(ctx context.Context, s *sqlstore.Store) error {
			return s.Sessions().Delete(ctx, session7.ID)
		}, 0},
		{"List of sessions", "SELECT", "sessions", "sessions_actor", func(ctx context.Context, s *sqlstore.Store) error {
			_, err := s.Sessions().List(ctx, actor, time.Now())
			return err
		}, 0},
		{"DeleteAll finds", "SELECT", "sessions", "sessions_actor", func(ctx context.Context, s *sqlstore.Store) error {
			_, err := s.Sessions().DeleteAll(ctx, actor, session7.ID)
			return err
		}, 0},
		{"DeleteAll deletes", "DELETE", "sessions", "", func(ctx context.Context, s *sqlstore.Store) error {
			_, err := s.Sessions().DeleteAll(ctx, auth.Actor{Type: "user", ID: "of row 8"}, "")
			return err
		}, sqlstore.PostgreSQL}, // the few that it deletes, so that all who delete lock them in one order
		{"DeleteIdentity finds", "SELECT", "sessions", "sessions_identity", func(ctx context.Context, s *sqlstore.Store) error {
			_, err := s.Sessions().DeleteIdentity(ctx, session7.Login.IdentityID, session7.ID)
			return err
		}, 0},
		{"DeleteIdentity deletes", "DELETE", "sessions", "", func(ctx context.Context, s *sqlstore.Store) error {
			_, err := s.Sessions().DeleteIdentity(ctx, "identity of row 9", "")
			return err
		}, sqlstore.PostgreSQL}, // as DeleteAll does
		{"Get of a key", "SELECT", "api_keys", "", func(ctx context.Context, s *sqlstore.Store) error {
			_, err := s.APIKeys().Get(ctx, key7.ID)
			return err
		}, 0},
		{"Replace of a key", "UPDATE", "api_keys", "", func(ctx context.Context, s *sqlstore.Store) error {
			return s.APIKeys().Replace(ctx, key7)
		}, 0},
		{"Find of all keys of an owner", "SELECT", "api_keys", "api_keys_owner", func(ctx context.Context, s *sqlstore.Store) error {
			_, _, err := s.APIKeys().Find(ctx, apikey.Query{Owner: actor})
			return err
		}, 0},
		{"Find of a page of the newest keys of an owner", "LIMIT", "api_keys", "api_keys_owner", func(ctx context.Context, s *sqlstore.Store) error {
			_, _, err := s.APIKeys().Find(ctx, apikey.Query{Owner: actor, Text: "report", Newest: true, Limit: 1})
			return err
		}, 0},
		{"Find counts the keys of an owner", "COUNT", "api_keys", "api_keys_owner", func(ctx context.Context, s *sqlstore.Store) error {
			_, _, err := s.APIKeys().Find(ctx, apikey.Query{Owner: actor, Text: "report", Newest: true, Limit: 1})
			return err
		}, 0},
		{"Find by IDs", "LIMIT", "api_keys", "", func(ctx context.Context, s *sqlstore.Store) error {
			_, _, err := s.APIKeys().Find(ctx, apikey.Query{IDs: []string{key7.ID, "row 1", "row 2"}, Limit: 20})
			return err
		}, each}, // the few that there are
		{"Delete of a key", "DELETE", "api_keys", "", func(ctx context.Context, s *sqlstore.Store) error {
			return s.APIKeys().Delete(ctx, key7.ID)
		}, 0},
		{"RevokedUpTo", "SELECT", "revocations", "", func(ctx context.Context, s *sqlstore.Store) error {
			_, err := s.Revocations().RevokedUpTo(ctx, time.Now(), "row 1", "row 2", "row 3")
			return err
		}, 0},
		{"Get of an identity", "SELECT", "identities", "", func(ctx context.Context, s *sqlstore.Store) error {
			_, err := s.Identities().Get(ctx, identity7.ID)
			return err
		}, 0},
		{"Find of an entity", "SELECT", "provider_identities", "", func(ctx context.Context, s *sqlstore.Store) error {
			_, err := s.Identities().Find(ctx, "emailpass", "7")
			return err
		}, 0},
		{"Find of its identity", "SELECT", "identities", "", func(ctx context.Context, s *sqlstore.Store) error {
			_, err := s.Identities().Find(ctx, "emailpass", "7")
			return err
		}, 0},
		{"Replace of an identity", "UPDATE", "identities", "", func(ctx context.Context, s *sqlstore.Store) error {
			return s.Identities().Replace(ctx, identity7)
		}, 0},
		{"Delete of an identity", "_identities WHERE id =", "identities", "", func(ctx context.Context, s *sqlstore.Store) error {
			return s.Identities().Delete(ctx, "none of all these")
		}, 0},
		{"Delete of its entities", "_identities WHERE identity_id =", "provider_identities", "provider_identities_identity",
			func(ctx context.Context, s *sqlstore.Store) error {
				return s.Identities().Delete(ctx, "none of all these")
			}, 0},
		{"Get of a one-time token", "SELECT", "one_time_tokens", "", func(ctx context.Context, s *sqlstore.Store) error {
			_, err := s.OneTimeTokens().Get(ctx, token7.ID, time.Now())
			return err
		}, 0},
		{"Consume of a one-time token", "DELETE", "one_time_tokens", "", func(ctx context.Context, s *sqlstore.Store) error {
			_, err := s.OneTimeTokens().Consume(ctx, token7.ID, token7.Digest, time.Now())
			return err
		}, 0},
		{"Load of attempts", "SELECT", "attempts", "", func(ctx context.Context, s *sqlstore.Store) error {
			_, err := s.Attempts().Load(ctx, attempts7.Key, time.Now())
			return err
		}, 0},
		{"Swap of attempts", "UPDATE", "attempts", "", func(ctx context.Context, s *sqlstore.Store) error {
			again := attempts7
			again.Version = 1
			return s.Attempts().Swap(ctx, again, time.Now())
		}, 0},
		{"Sweep finds one-time tokens", "_one_time_tokens WHERE expires_at <", "one_time_tokens", "one_time_tokens_expires", sweepAll, 0},
		{"Sweep finds attempts", "_attempts WHERE expires_at <", "attempts", "attempts_expires", sweepAll, 0},
		{"Sweep finds sessions", "_sessions WHERE expires_at <", "sessions", "sessions_expires", sweepAll, 0},
		{"Sweep finds keys", "_api_keys WHERE expires_at <", "api_keys", "api_keys_expires", sweepAll, 0},
		{"Sweep finds revocations", "_revocations WHERE expires_at <", "revocations", "revocations_expires", sweepAll, 0},
	}
	eachBackend(t, func(t *testing.T, d *database) {
		must(t, d.Sessions().Create(t.Context(), record(auth.Actor{})))
		must(t, d.APIKeys().Create(t.Context(), key(somebody())))
		must(t, d.Revocations().Revoke(t.Context(), "one", until, until))
		d.registered(t, "one")
		must(t, d.OneTimeTokens().Put(t.Context(), login.OneTimeToken{ID: token.NewID(), Digest: token.Sum("1"), Expires: until}))
		must(t, d.Attempts().Swap(t.Context(), login.Attempts{Key: token.NewID(), Expires: until}, time.Now()))
		id := "CONCAT('row ', n)"
		of := "CONCAT('of row ', n)"
		owner := map[string]string{
			"id": id, "actor_type": "'user'", "actor_id": of, "owner_id": of, "identity_id": "CONCAT('identity of row ', n)",
			"entity_id": of,
		}
		for _, table := range ownTables {
			if table == "key_rings" { // of which there are few
				continue
			}
			d.multiply(t, table, rows[d.dialect], owner)
			analyze := map[sqlstore.Dialect]string{sqlstore.MySQL: "ANALYZE TABLE"}
			d.run(t, cmp.Or(analyze[d.dialect], "ANALYZE")+" "+d.opts.Prefix+table)
		}
		must(t, d.Sessions().Create(t.Context(), session7))
		must(t, d.APIKeys().Create(t.Context(), key7))
		must(t, d.Identities().Create(t.Context(), identity7))
		must(t, d.OneTimeTokens().Put(t.Context(), token7))
		must(t, d.Attempts().Swap(t.Context(), attempts7, time.Now()))
		db, tap := tapped(t, d.backend, d.at)
		store := d.store(t, db)
		for _, p := range plans {
			t.Run(p.name, func(t *testing.T) {
				tap.take()
				must(t, p.send(t.Context(), store))
				all := tap.take()
				check(t, "statements with "+p.part, sentWith(all, p.part), 1)
				for _, one := range all {
					if one.prepared == 0 && strings.Contains(one.query, p.part) {
						d.checkPlan(t, p, one)
					}
				}
			})
		}
	})
}

func sweepAll(ctx context.Context, s *sqlstore.Store) error {
	_, err := s.Sweep(ctx)
	return err
}

// checkPlan asks the server what it does for a statement that was sent.
func (d *database) checkPlan(t *testing.T, p plan, one sent) {
	t.Helper()
	explained := d.explain(t, one)
	index := d.opts.Prefix + p.index
	if p.index == "" {
		index = map[sqlstore.Dialect]string{
			sqlstore.PostgreSQL: d.opts.Prefix + p.table + "_pkey", sqlstore.MySQL: "key=PRIMARY",
			sqlstore.SQLite: "sqlite_autoindex_" + d.opts.Prefix + p.table + "_1",
		}[d.dialect]
	}
	check(t, fmt.Sprintf("%s\n%s\nuses %s", one.query, explained, index), strings.Contains(explained, index), true)
	sorts := regexp.MustCompile("Sort|filesort|TEMP B-TREE").MatchString(explained)
	check(t, fmt.Sprintf("%s\n%s\nsorts", one.query, explained), sorts, p.sorts == d.dialect || p.sorts == each)
}

// explain returns the plan as text, with the name of each column.
func (d *database) explain(t *testing.T, one sent) string {
	t.Helper()
	args := make([]any, len(one.args))
	for i, arg := range one.args {
		args[i] = arg.Value
	}
	ask := map[sqlstore.Dialect]string{sqlstore.SQLite: "EXPLAIN QUERY PLAN"}
	rows, err := d.db.QueryContext(t.Context(), cmp.Or(ask[d.dialect], "EXPLAIN")+" "+one.query, args...)
	must(t, err)
	defer rows.Close()
	columns, err := rows.Columns()
	must(t, err)
	var lines []string
	for rows.Next() {
		values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		must(t, rows.Scan(into...))
		for i, v := range values {
			lines = append(lines, columns[i]+"="+v.String)
		}
	}
	must(t, rows.Err())
	return strings.Join(lines, "\n")
}
