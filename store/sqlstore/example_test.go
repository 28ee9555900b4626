package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/sqlstore"
)

// A program imports the driver it likes, makes the tables, and hands the stores to the managers.
func Example() {
	ctx := context.Background()
	db, err := sql.Open("sqlite", "file:app.db?_pragma=busy_timeout(100)&_pragma=journal_mode(WAL)")
	if err != nil {
		log.Fatal(err)
	}
	if err := sqlstore.Migrate(ctx, db, sqlstore.SQLite, nil); err != nil {
		log.Fatal(err)
	}
	store, err := sqlstore.New(db, sqlstore.SQLite, nil)
	if err != nil {
		log.Fatal(err)
	}
	if err := store.Check(ctx); err != nil {
		log.Fatal(err)
	}
	sessions, err := session.New(session.Config{Store: store.Sessions(), Keys: [][]byte{ /* 32 random bytes */ }})
	if err != nil {
		log.Fatal(err)
	}
	_ = sessions
}

// What has expired is removed once in an hour, until the program ends.
func ExampleStore_Sweep() {
	sweep := func(ctx context.Context, store *sqlstore.Store) {
		ticker := time.NewTicker(time.Hour)
		defer ticker.Stop()
		for ctx.Err() == nil {
			if _, err := store.Sweep(ctx); err != nil {
				log.Print(err)
			}
			select {
			case <-ctx.Done():
			case <-ticker.C:
			}
		}
	}
	_ = sweep
}

// A password and the end of the sessions that it began change together.
func ExampleSessions_In() {
	changePassword := func(ctx context.Context, db *sql.DB, store *sqlstore.Store, user, hash string) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.ExecContext(ctx, "UPDATE users SET password = ? WHERE id = ?", hash, user); err != nil {
			return err
		}
		if _, err := store.Sessions().In(tx).DeleteAll(ctx, auth.Actor{Type: "user", ID: user}, ""); err != nil {
			return err
		}
		return tx.Commit()
	}
	_ = changePassword
}

// Check says what is missing, and what to run. Here the database is empty.
func ExampleStore_Check() {
	db := sql.OpenDB(emptyDatabase)
	defer db.Close()
	store, err := sqlstore.New(db, sqlstore.SQLite, nil)
	if err != nil {
		log.Fatal(err)
	}
	wrong := store.Check(context.Background())
	for line := range strings.Lines(wrong.Error()) {
		if strings.HasPrefix(line, "sqlstore:") || strings.HasPrefix(line, "CREATE INDEX countersign_sessions_expires") {
			fmt.Print(line)
		}
	}
	// Output:
	// sqlstore: there is no table countersign_sessions: run
	// sqlstore: there is no index countersign_sessions_actor: run
	// sqlstore: there is no index countersign_sessions_identity: run
	// sqlstore: there is no index countersign_sessions_expires: run
	// CREATE INDEX countersign_sessions_expires ON countersign_sessions (expires_at);
	// sqlstore: there is no table countersign_api_keys: run
	// sqlstore: there is no index countersign_api_keys_owner: run
	// sqlstore: there is no index countersign_api_keys_expires: run
	// sqlstore: there is no table countersign_revocations: run
	// sqlstore: there is no index countersign_revocations_expires: run
	// sqlstore: there is no table countersign_key_rings: run
	// sqlstore: there is no table countersign_identities: run
	// sqlstore: there is no table countersign_provider_identities: run
	// sqlstore: there is no index countersign_provider_identities_identity: run
	// sqlstore: there is no table countersign_one_time_tokens: run
	// sqlstore: there is no index countersign_one_time_tokens_expires: run
	// sqlstore: there is no table countersign_attempts: run
	// sqlstore: there is no index countersign_attempts_expires: run
}

// emptyDatabase has no tables.
var emptyDatabase = &script{answer: func(string, []any) (answer, error) { return answer{rows: [][]any{{int64(0)}}}, nil }}
