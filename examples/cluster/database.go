package main

import (
	"context"
	"database/sql"
	"errors"
	"log"
	"strings"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/countersign-go/countersign/store/sqlstore"
)

// openDatabase returns a pool and the store in it, and makes the tables where they are missing.
func openDatabase(ctx context.Context, url, prefix string) (*sql.DB, *sqlstore.Store, error) {
	driver, dsn, dialect := parseDatabase(url)
	if driver == "" {
		return nil, nil, errors.New("-database is none of postgres://…, mysql://DSN and sqlite:PATH") // it may hold a password
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return nil, nil, err
	}
	db.SetMaxOpenConns(10) // of each process: all of them together must fit what the server allows
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	opts := &sqlstore.Options{Prefix: prefix}
	err = sqlstore.Migrate(ctx, db, dialect, opts)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	store, err := sqlstore.New(db, dialect, opts)
	if err == nil {
		err = store.Check(ctx)
	}
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return db, store, nil
}

// parseDatabase returns what a URL means to package sql, or no driver.
func parseDatabase(url string) (driver, dsn string, dialect sqlstore.Dialect) {
	scheme, rest, _ := strings.Cut(url, ":")
	switch scheme {
	case "postgres":
		return "pgx", url, sqlstore.PostgreSQL
	case "mysql":
		return "mysql", strings.TrimPrefix(rest, "//"), sqlstore.MySQL
	case "sqlite":
		return "sqlite", "file:" + rest + "?_pragma=busy_timeout(100)&_pragma=journal_mode(WAL)", sqlstore.SQLite
	}
	return "", "", 0
}

// sweep removes what has expired, once in an hour until ctx is done. All processes may do so, and one would do.
func sweep(ctx context.Context, store *sqlstore.Store) {
	ticker := time.NewTicker(time.Hour)
	defer ticker.Stop()
	for ctx.Err() == nil {
		if _, err := store.Sweep(ctx); err != nil && ctx.Err() == nil {
			log.Print(err)
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
}
