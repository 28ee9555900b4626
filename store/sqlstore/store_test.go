package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/sqlstore"
)

var dialects = []sqlstore.Dialect{sqlstore.PostgreSQL, sqlstore.MySQL, sqlstore.SQLite}

func check[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\ngot  %+v\nwant %+v", what, got, want)
	}
}

func open(t *testing.T, s *script, d sqlstore.Dialect) *sqlstore.Store {
	t.Helper()
	store, err := sqlstore.New(s.open(t), d, nil)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestNew(t *testing.T) {
	db := (&script{}).open(t)
	tests := []struct {
		name    string
		db      *sql.DB
		dialect sqlstore.Dialect
		opts    *sqlstore.Options
		want    []string
	}{
		{"all that is needed", db, sqlstore.SQLite, nil, nil},
		{"a prefix", db, sqlstore.MySQL, &sqlstore.Options{Prefix: "shop_2_"}, nil},
		{"nothing", nil, 0, nil, []string{"no database", "Dialect(0) is no dialect"}},
		{"a dialect that there is not", db, 4, nil, []string{"Dialect(4) is no dialect"}},
		{"a prefix in upper case", db, sqlstore.SQLite, &sqlstore.Options{Prefix: "Shop_"}, []string{`"Shop_"`}},
		{"a prefix that is a statement", db, sqlstore.SQLite, &sqlstore.Options{Prefix: "x; DROP TABLE y"}, []string{"Prefix"}},
		{"a long prefix", db, sqlstore.SQLite, &sqlstore.Options{Prefix: strings.Repeat("a", 33)}, []string{"32 at most"}},
		{"all wrong at once", nil, -1, &sqlstore.Options{Prefix: "-"}, []string{"no database", "Dialect(-1)", "Prefix"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := sqlstore.New(tt.db, tt.dialect, tt.opts)
			check(t, "refused", err != nil, len(tt.want) > 0)
			for _, want := range tt.want {
				check(t, fmt.Sprintf("%v: says %q", err, want), strings.Contains(err.Error(), want), true)
			}
		})
	}
}

func TestKeyRingNames(t *testing.T) {
	s := open(t, &script{}, sqlstore.SQLite)
	for name, good := range map[string]bool{
		"access": true, strings.Repeat("a", 64): true, strings.Repeat("a", 65): false, "": false, "a b": false, "a\x00": false, "ä": false,
	} {
		_, err := s.KeyRing(name)
		check(t, fmt.Sprintf("%q is a name", name), err == nil, good)
	}
}

// Errors as drivers have them: PostgreSQL's with a method, MySQL's and mattn's SQLite with a field, modernc's with another
// method.
type (
	stateError  string
	numberError struct {
		Number uint16
		text   string
	}
	hollowError struct{ *numberError } // which is nil
	codeError   int
	codeField   struct{ Code int }
)

func (e stateError) Error() string    { return "SQLSTATE " + string(e) }
func (e stateError) SQLState() string { return string(e) }
func (e *numberError) Error() string  { return fmt.Sprint("number ", e.Number, " ", e.text) }
func (e hollowError) Error() string   { return "hollow" }
func (e codeError) Error() string     { return fmt.Sprint("code ", int(e)) }
func (e codeError) Code() int         { return int(e) }
func (e codeField) Error() string     { return fmt.Sprint("code ", e.Code) }

// failing answers the first n statements with err.
func failing(n int, err error) *script {
	s := &script{}
	s.answer = func(string, []any) (answer, error) {
		if len(s.statements()) <= n {
			return answer{}, err
		}
		return answer{changed: 1}, nil
	}
	return s
}

// A statement that the server gave up is sent again, three times at most; any other failure is told at once.
func TestRetries(t *testing.T) {
	tests := []struct {
		name    string
		dialect sqlstore.Dialect
		fails   int
		err     error
		sent    int
		good    bool
	}{
		{"a serialization failure", sqlstore.PostgreSQL, 3, stateError("40001"), 4, true},
		{"a deadlock of PostgreSQL", sqlstore.PostgreSQL, 1, fmt.Errorf("exec: %w", stateError("40P01")), 2, true},
		{"a deadlock that does not end", sqlstore.PostgreSQL, 100, stateError("40P01"), 4, false},
		{"an error of PostgreSQL", sqlstore.PostgreSQL, 1, stateError("57P01"), 1, false},
		{"a deadlock of MySQL", sqlstore.MySQL, 3, &numberError{1213, ""}, 4, true},
		{"a lock wait of MySQL", sqlstore.MySQL, 1, fmt.Errorf("exec: %w", &numberError{1205, ""}), 2, true},
		{"an error of MySQL", sqlstore.MySQL, 1, &numberError{1290, ""}, 1, false},
		{"an error of PostgreSQL with a number of MySQL", sqlstore.PostgreSQL, 1, &numberError{1213, ""}, 1, false},
		{"a locked file of SQLite, says MySQL", sqlstore.MySQL, 1, codeError(5), 1, false},
		{"a locked file of SQLite", sqlstore.SQLite, 20, codeError(5), 21, true},
		{"a locked file of SQLite, in another driver", sqlstore.SQLite, 2, codeField{5}, 3, true},
		{"a locked file of SQLite, with an extended code", sqlstore.SQLite, 2, codeError(517), 3, true},
		{"a locked table of SQLite", sqlstore.SQLite, 2, codeError(6), 3, true},
		{"an error of SQLite", sqlstore.SQLite, 1, codeError(13), 1, false},
		{"an error of nobody", sqlstore.SQLite, 1, errors.New("connection refused"), 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := failing(tt.fails, tt.err)
			err := open(t, s, tt.dialect).Sessions().Delete(t.Context(), "abc")
			check(t, "done", err == nil, tt.good)
			check(t, "is unavailable", errors.Is(err, auth.ErrUnavailable), !tt.good)
			check(t, "tells the cause", errors.Is(err, tt.err), !tt.good)
			check(t, "statements", len(s.statements()), tt.sent)
		})
	}
}

// A deadline ends the wait for a lock.
func TestRetriesEndWithTheContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	err := open(t, failing(1<<30, codeError(5)), sqlstore.SQLite).Sessions().Delete(ctx, "abc")
	check(t, "is unavailable", errors.Is(err, auth.ErrUnavailable), true)
}

// What fails in a transaction is the application's to try again, from the start.
func TestNoRetriesInATransaction(t *testing.T) {
	s := failing(1, stateError("40001"))
	tx, err := s.open(t).Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	err = open(t, s, sqlstore.PostgreSQL).Sessions().In(tx).Delete(t.Context(), "abc")
	check(t, "is unavailable", errors.Is(err, auth.ErrUnavailable), true)
	check(t, "statements", len(s.statements()), 1)
}

// Only a duplicate says that there is a record; a constraint of another kind does not.
func TestDuplicates(t *testing.T) {
	tests := []struct {
		dialect sqlstore.Dialect
		answer  answer
		err     error
		want    error
	}{
		{sqlstore.PostgreSQL, answer{changed: 0}, nil, apikey.ErrExists},
		{sqlstore.PostgreSQL, answer{}, stateError("23505"), auth.ErrUnavailable}, // of a key that is not ours
		{sqlstore.PostgreSQL, answer{}, stateError("23514"), auth.ErrUnavailable},
		{sqlstore.MySQL, answer{}, &numberError{1062, "for key 'PRIMARY'"}, apikey.ErrExists},
		{sqlstore.MySQL, answer{}, &numberError{1062, "for key 'countersign_api_keys.PRIMARY'"}, apikey.ErrExists},
		{sqlstore.MySQL, answer{}, errors.Join(io.EOF, &numberError{1062, "for key 'PRIMARY'"}), apikey.ErrExists},
		{sqlstore.MySQL, answer{}, &numberError{1062, "for key 'our_titles'"}, auth.ErrUnavailable},
		{sqlstore.MySQL, answer{}, &numberError{1062, "'my PRIMARY'' for key 'our_titles'"}, auth.ErrUnavailable},
		{sqlstore.MySQL, answer{}, hollowError{}, auth.ErrUnavailable},
		{sqlstore.MySQL, answer{}, &numberError{1406, ""}, auth.ErrUnavailable},
		{sqlstore.SQLite, answer{changed: 0}, nil, apikey.ErrExists},
		{sqlstore.SQLite, answer{}, codeError(19), auth.ErrUnavailable},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.dialect, " ", tt.err), func(t *testing.T) {
			s := &script{answer: func(string, []any) (answer, error) { return tt.answer, tt.err }}
			err := open(t, s, tt.dialect).APIKeys().Create(t.Context(), apikey.Key{ID: token.NewID(), Kind: apikey.Secret})
			check(t, fmt.Sprint(err, " is ", tt.want), errors.Is(err, tt.want), true)
		})
	}
}

// What no row can have is not looked for: a server would answer some of it with an error.
func TestImpossibleKeysAreNotLookedFor(t *testing.T) {
	for _, id := range []string{"", "\x00", "a\x00b", "\xff", strings.Repeat("x", 257)} {
		s := &script{}
		store, now := open(t, s, sqlstore.PostgreSQL), time.Now()
		_, sessionErr := store.Sessions().Get(t.Context(), id, now)
		_, keyErr := store.APIKeys().Get(t.Context(), id)
		list, listErr := store.Sessions().List(t.Context(), auth.Actor{Type: "user", ID: id}, now)
		n, endErr := store.Sessions().DeleteAll(t.Context(), auth.Actor{Type: "user", ID: id}, "")
		m, identityErr := store.Sessions().DeleteIdentity(t.Context(), id, "")
		deleteErr := errors.Join(store.Sessions().Delete(t.Context(), id), store.APIKeys().Delete(t.Context(), id))
		check(t, "a session", errors.Is(sessionErr, session.ErrNotFound), true)
		check(t, "a key", errors.Is(keyErr, apikey.ErrNotFound), true)
		check(t, "lists", len(list)+n+m, 0)
		check(t, "errors", errors.Join(listErr, endErr, identityErr, deleteErr), nil)
		check(t, "statements", len(s.statements()), 0)
	}
}

// A revocation that cannot be read is not taken for none.
func TestUnreadableRevocation(t *testing.T) {
	s := &script{answer: func(string, []any) (answer, error) { return answer{rows: [][]any{{"token:a", "yesterday"}}}, nil }}
	_, err := open(t, s, sqlstore.SQLite).Revocations().RevokedUpTo(t.Context(), time.Now(), "token:a")
	check(t, "is unavailable", errors.Is(err, auth.ErrUnavailable), true)
}

// A Swap that a server gets to late changes nothing, and is no conflict.
func TestLateSwap(t *testing.T) {
	s := &script{}
	s.answer = func(query string, _ []any) (answer, error) {
		switch {
		case strings.HasPrefix(query, "SELECT strftime"):
			return answer{rows: [][]any{{"2026-11-21 10:00:00.000000"}}}, nil
		case strings.HasPrefix(query, "SELECT state"):
			return answer{rows: [][]any{{[]byte("old"), int64(3)}}}, nil
		}
		return answer{changed: 0}, nil
	}
	ring, err := open(t, s, sqlstore.SQLite).KeyRing("access")
	if err != nil {
		t.Fatal(err)
	}
	for version, want := range map[int64]error{3: auth.ErrUnavailable, 2: jwks.ErrConflict} {
		err := ring.Swap(t.Context(), version, []byte("new"))
		check(t, fmt.Sprintf("Swap of version %d where 3 is there: %v", version, err), errors.Is(err, want), true)
	}
	check(t, "a state that is too large", ring.Swap(t.Context(), 1, make([]byte, 256<<10+1)) != nil, true)
}

// Whoever imports this module gets no driver with it.
func TestNoDriverIsImported(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "../../...").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, driver := range []string{"jackc/pgx", "lib/pq", "go-sql-driver", "modernc.org", "mattn/go-sqlite3", "redis", "goose"} {
		check(t, driver+" is imported", strings.Contains(string(out), driver), false)
	}
}
