package sqlstore

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/countersign-go/countersign/auth"
)

// An encoder makes the arguments of a statement, and remembers the first that cannot be made.
type encoder struct{ err error }

// json returns v as JSON.
func (e *encoder) json(v any) any {
	text, err := json.Marshal(v)
	if err != nil && e.err == nil {
		e.err = fmt.Errorf("sqlstore: encode: %w", err)
	}
	return string(text)
}

// metadata returns m as JSON, NULL for the zero value.
func (e *encoder) metadata(m auth.Metadata) any {
	if m.IsZero() {
		return nil
	}
	text, err := m.MarshalJSON() // not json.Marshal, which would write it anew
	if err != nil && e.err == nil {
		e.err = fmt.Errorf("sqlstore: encode: %w", err)
	}
	return string(text)
}

// isKey reports whether a row may have s as its ID, or as a part of one. What is none need not be looked for, and some
// servers would not do so: PostgreSQL answers text with a NUL with an error.
func isKey(s string) bool {
	return s != "" && len(s) <= maxKey && utf8.ValidString(s) && !strings.Contains(s, "\x00")
}

// The longest text that any table has a key for, and the longest ID of a session or a key.
const (
	maxKey = 256
	maxID  = 64
)

// readAll returns what read makes of rows, without those that it cannot make out.
func readAll[R any](rows []row, read func(row) (R, error)) []R {
	var all []R
	for _, r := range rows {
		if rec, err := read(r); err == nil {
			all = append(all, rec)
		}
	}
	return all
}
