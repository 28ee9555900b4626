package sqlstore

import (
	"strings"
	"unicode/utf8"
)

// isKey reports whether a row may have s as its ID, or as a part of one. What is none need not be looked for, and some
// servers would not do so: PostgreSQL answers text with a NUL with an error.
func isKey(s string) bool {
	return s != "" && len(s) <= maxKey && utf8.ValidString(s) && !strings.Contains(s, "\x00")
}

// The longest text that any table has a key for, the longest ID of a session or a key, and the longest title.
const (
	maxKey   = 256
	maxID    = 64
	maxTitle = 1 << 10
)
