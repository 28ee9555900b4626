package sqlstore

import (
	"database/sql"
	"errors"
	"fmt"
	"regexp"
)

// DefaultPrefix is what the names of the tables begin with unless [Options] say otherwise.
const DefaultPrefix = "countersign_"

// Options are the settings of a [Store]. The zero value is the default.
type Options struct {
	// Prefix is what the names of tables and indexes begin with: lower-case letters, digits and underscores, 32 at most, the
	// first a letter. Several applications, or several environments of one, can so share a database. Default:
	// [DefaultPrefix].
	Prefix string
}

// prefix returns the prefix that o stands for.
func (o *Options) prefix() (string, error) {
	if o == nil || o.Prefix == "" {
		return DefaultPrefix, nil
	}
	if !isPrefix(o.Prefix) {
		return "", fmt.Errorf("sqlstore: Prefix %.40q is not of lower-case letters, digits and underscores, 32 at most", o.Prefix)
	}
	return o.Prefix, nil
}

var isPrefix = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`).MatchString

// A Store keeps records in the tables of one database. Make one with [New]; it does not change, and many goroutines, and
// many processes, may use the same tables at once.
type Store struct {
	db      *sql.DB
	dialect Dialect
	prefix  string

	sessions    sessionStatements
	apiKeys     apiKeyStatements
	revocations revocationStatements
	rings       ringStatements
	identities  identityStatements
	tokens      tokenStatements
	attempts    attemptStatements
	clock       *statement
	sweeps      []sweep
}

// New returns the store that keeps its tables in db, or what is wrong with the arguments. It asks the database nothing: see
// [Store.Check] for that, and [Migrate] for how the tables are made. nil opts are fine. The pool stays the application's:
// its limits are those of the store, and the store has nothing to close.
func New(db *sql.DB, dialect Dialect, opts *Options) (*Store, error) {
	prefix, err := checkArguments(db, dialect, opts)
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, dialect: dialect, prefix: prefix}
	s.sessions = newSessionStatements(s)
	s.apiKeys = newAPIKeyStatements(s)
	s.revocations = newRevocationStatements(s)
	s.rings = newRingStatements(s)
	s.identities = newIdentityStatements(s)
	s.tokens = newTokenStatements(s)
	s.attempts = newAttemptStatements(s)
	s.clock = s.statement("SELECT " + dialect.clock(true))
	s.sweeps = newSweeps(s)
	return s, nil
}

// checkArguments returns the prefix, or all that is wrong.
func checkArguments(db *sql.DB, dialect Dialect, opts *Options) (string, error) {
	prefix, err := opts.prefix()
	var errs []error
	if db == nil {
		errs = append(errs, errors.New("sqlstore: no database"))
	}
	if !dialect.known() {
		errs = append(errs, fmt.Errorf("sqlstore: %v is no dialect", dialect))
	}
	return prefix, errors.Join(append(errs, err)...)
}

// Sessions returns the store of sessions.
func (s *Store) Sessions() *Sessions { return &Sessions{conn{store: s}} }

// APIKeys returns the store of API keys.
func (s *Store) APIKeys() *APIKeys { return &APIKeys{conn{store: s}} }

// Revocations returns the store of revoked tokens.
func (s *Store) Revocations() *Revocations { return &Revocations{conn{store: s}} }

// Identities returns the store of identities, who log in.
func (s *Store) Identities() *Identities { return &Identities{conn{store: s}} }

// OneTimeTokens returns the store of one-time tokens.
func (s *Store) OneTimeTokens() *OneTimeTokens { return &OneTimeTokens{conn{store: s}} }

// Attempts returns the store in which attempts to log in, and the like, are counted.
func (s *Store) Attempts() *Attempts { return &Attempts{conn{store: s}} }

// KeyRing returns the store of the ring of signing keys called name, which has 1 to 64 characters from ! to ~. Rings with
// different names have nothing in common.
func (s *Store) KeyRing(name string) (*KeyRing, error) {
	if !isRingName(name) {
		return nil, fmt.Errorf("sqlstore: %.80q is no name of a ring", name)
	}
	return &KeyRing{conn{store: s}, name}, nil
}

var isRingName = regexp.MustCompile(`^[!-~]{1,64}$`).MatchString
