package sqlstore

import (
	"errors"
	"fmt"
	"reflect"

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
func judge(err error) verdict {
	var state interface{ SQLState() string } // pgx, pq
	if errors.As(err, &state) {
		switch state.SQLState() {
		case "40001", "40P01": // serialization_failure, deadlock_detected
			return contended
		case "23505": // unique_violation
			return duplicate
		}
		return outage
	}
	if number, ok := field(err, "Number"); ok { // go-sql-driver/mysql
		switch number {
		case 1062: // ER_DUP_ENTRY
			return duplicate
		case 1205, 1213, 1020: // ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK, ER_CHECKREAD
			return contended
		}
		return outage
	}
	if code, ok := sqliteCode(err); ok && (code == 5 || code == 6) { // SQLITE_BUSY, SQLITE_LOCKED
		return busy
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
	for ; err != nil; err = errors.Unwrap(err) {
		v := reflect.Indirect(reflect.ValueOf(err))
		if v.Kind() != reflect.Struct {
			continue
		}
		switch f := v.FieldByName(name); {
		case f.CanUint():
			return f.Uint(), true
		case f.CanInt():
			return uint64(f.Int()), true
		}
	}
	return 0, false
}

// isDuplicate reports whether err says that there is a row with the key.
func isDuplicate(err error) bool { return err != nil && judge(err) == duplicate }

// unavailable says that the database did not do what was asked.
func unavailable(what string, err error) error {
	return fmt.Errorf("sqlstore: %s: %w: %w", what, auth.ErrUnavailable, err)
}
