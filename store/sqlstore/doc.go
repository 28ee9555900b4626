// Package sqlstore keeps who logs in, sessions, API keys, signing keys, one-time tokens and revocations of tokens in the
// application's SQL database: PostgreSQL, MySQL, MariaDB or SQLite, through database/sql. Any number of processes may share it.
// It imports no driver.
//
//	db, err := sql.Open("pgx", dsn) // or "mysql", "sqlite"; the application imports the driver
//	err = sqlstore.Migrate(ctx, db, sqlstore.PostgreSQL, nil)
//	store, err := sqlstore.New(db, sqlstore.PostgreSQL, nil)
//	sessions, err := session.New(session.Config{Store: store.Sessions(), Keys: [][]byte{cookieKey}})
//	keys, err := apikey.New(apikey.Config{Store: store.APIKeys()})
//	logins, err := login.New(login.Config{Store: store.Identities(), Tokens: store.OneTimeTokens(),
//		Attempts: store.Attempts(), Sessions: sessions, …})
//	revocations, err := jwtx.NewRevocations(jwtx.RevocationsConfig{Store: store.Revocations(), MaxLifetime: lifetime})
//	signing, err := store.KeyRing("access")
//	ring, err := jwks.NewRing(ctx, jwks.RingConfig{Store: signing, SealingKeys: [][]byte{sealingKey},
//		TokenLifetime: lifetime})
//
// What is promised:
//
//   - What changes a record is one statement that is complete in itself, by primary key; so is what reads one. An identity is
//     one row, and the entities by which it is found are rows of another table: what changes both is one transaction, and no
//     two identities are found by the same. What the server gave up in favour of another (a deadlock, a serialization failure)
//     is done again, three times at most, and what found the file of SQLite locked for up to five seconds; what fails for
//     another reason is [auth.ErrUnavailable], and all within the deadline of the call.
//   - Keys compare byte for byte, also on MariaDB, whose usual collation takes "mike" for "MIKE" and for "mıke". Times are
//     UTC to the microsecond, whatever the driver's settings say of zones and parsing.
//   - Tables are plain: SELECT title FROM countersign_api_keys WHERE revoked_at IS NULL works. A row that somebody has
//     damaged is ErrCorrupt of the package that it is for: nobody's session, no key, nobody who logs in.
//   - A store's In returns it as part of a transaction of the application: a password and the end of all sessions change
//     together, or not at all. A log-in that has compared the old password before the commit, and starts its session after
//     it, is not among them: have log-ins lock the row with the password, or look at it once more after they started.
//   - Secrets are not in the tables, only digests, and the state of key rings is sealed. What a provider keeps to recognise
//     somebody, such as the hash of a password, is in countersign_identities as the provider made it.
//
// What the surroundings must do:
//
//   - Hand over a pool of the primary server: a replica that lags behind would bring back a session that was ended. So does
//     a failover to one that was behind, and it takes a key ring back to older keys: have commits wait for a standby
//     (synchronous_commit and synchronous_standby_names in PostgreSQL, semi-synchronous replication in MySQL and MariaDB).
//   - Call [Store.Check] at the start, also after [Migrate], which only looks at what it has done itself.
//   - Keep the clocks of all processes together: when a session has expired is for the clock of the process that is asked.
//   - Bound the pool ([sql.DB.SetMaxOpenConns]). Calls wait for a free connection as long as their deadline allows.
//   - Leave transactions of single statements at READ COMMITTED or REPEATABLE READ, whichever is the server's default.
//     SERIALIZABLE is right too, but many calls at once then give each other up.
//   - Where a primary may become a replica while connections stay open, have the driver notice: rejectReadOnly=true with
//     go-sql-driver/mysql, target_session_attrs=read-write with pgx.
//   - Call [Store.Sweep] from time to time, or the tables grow.
//   - For SQLite set the WAL journal and a short busy_timeout, such as with modernc.org/sqlite
//     file:app.db?_pragma=busy_timeout(100)&_pragma=journal_mode(WAL). The store itself waits, as long as the deadline of a call
//     allows, while SQLite knows no deadline. A file of many records wants a larger cache_size than the usual two megabytes.
//   - Keep the database durable: one that loses its last second when it crashes brings back what ended in it.
//
// It passes the suites of package store/storetest, faults included, on PostgreSQL with pgx, on MariaDB with
// go-sql-driver/mysql, and with modernc.org/sqlite. MySQL is spoken to as MariaDB is, and not tested.
package sqlstore
