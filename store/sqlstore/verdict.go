package sqlstore

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/countersign-go/countersign/auth"
)

// A verdict is what an error of a driver means to a store.
type verdict int

const (
	outage    verdict = iota
	duplicate         // there is a row with the key
	contended         // the server gave up one of several transactions: it may be tried again
	busy              // the database file is locked by another connection, which will be done soon
)

// judge says what err means. No driver is imported here, so what it knows is read where drivers have it: a method that
// several share, or a field.
func (d Dialect) judge(err error) verdict {
	switch d {
	case PostgreSQL:
		return judgePostgreSQL(err)
	case MySQL:
		return judgeMySQL(err)
	}
	// SQLITE_BUSY, SQLITE_LOCKED
	if code, ok := sqliteCode(err); ok && (code == 5 || code == 6) {
		return busy
	}
	return outage
}

func judgePostgreSQL(err error) verdict {
	var state interface{ SQLState() string } // pgx, pq
	if errors.As(err, &state) {
		switch state.SQLState() {
		case "40001", "40P01": // serialization_failure, deadlock_detected
			return contended
		}
	}
	return outage
}

func judgeMySQL(err error) verdict {
	number, ok := field(err, "Number") // go-sql-driver/mysql
	switch {
	case !ok:
	case number == 1062 && strings.HasSuffix(err.Error(), "PRIMARY'"):
		// ER_DUP_ENTRY, and not for a key of the application: its name comes last, after the value, which may be any text.
		return duplicate
	case number == 1205, number == 1213, number == 1020: // ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK, ER_CHECKREAD
		return contended
	}
	return outage
}

// sqliteCode returns the primary result code of an error of SQLite.
func sqliteCode(err error) (uint64, bool) {
	var coded interface{ Code() int } // modernc.org/sqlite
	if errors.As(err, &coded) {
		return uint64(coded.Code() & 0xff), true
	}
	return field(err, "Code") // mattn/go-sqlite3
}

// field returns the field called name, a number, of the first error in the chain of err that has one.
func field(err error, name string) (uint64, bool) {
	if n, ok := ownField(err, name); ok {
		return n, true
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		return field(e.Unwrap(), name)
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			if n, ok := field(err, name); ok {
				return n, true
			}
		}
	}
	return 0, false
}

// ownField returns the field of err itself.
func ownField(err error, name string) (uint64, bool) {
	v := reflect.Indirect(reflect.ValueOf(err))
	if v.Kind() != reflect.Struct {
		return 0, false
	}
	declared, ok := v.Type().FieldByName(name)
	if !ok {
		return 0, false
	}
	f, err := v.FieldByIndexErr(declared.Index)
	switch {
	case err != nil: // it is in something embedded that is nil
		return 0, false
	case f.CanUint():
		return f.Uint(), true
	case f.CanInt():
		return uint64(f.Int()), true
	}
	return 0, false
}

// failed says that a statement at the start of a program went wrong: as an outage, unless the server answered and would
// answer the same again, such as that a table may not be made, or that it does not know the dialect.
func (s *Store) failed(what string, err error) error {
	if s.dialect.answered(err) {
		return fmt.Errorf("sqlstore: %s: %w", what, err)
	}
	return unavailable(what, err)
}

// answered reports whether err is what the server says of a statement, and not of itself.
func (d Dialect) answered(err error) bool {
	if d.judge(err) != outage {
		return false
	}
	switch d {
	case PostgreSQL:
		var state interface{ SQLState() string }
		if !errors.As(err, &state) {
			return false
		}
		// connection_exception, insufficient_resources, operator_intervention, system_error
		return !slices.Contains([]string{"08", "53", "57", "58"}, state.SQLState()[:min(2, len(state.SQLState()))])
	case MySQL:
		number, ok := field(err, "Number")
		// ER_CON_COUNT_ERROR, ER_SERVER_SHUTDOWN, ER_TOO_MANY_USER_CONNECTIONS, ER_USER_LIMIT_REACHED
		return ok && !slices.Contains([]uint64{1040, 1053, 1203, 1226}, number)
	}
	code, ok := sqliteCode(err)
	return ok && code == 1 // SQLITE_ERROR
}

// unavailable says that the database did not do what was asked.
func unavailable(what string, err error) error {
	return fmt.Errorf("sqlstore: %s: %w: %w", what, auth.ErrUnavailable, err)
}
