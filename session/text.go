package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/countersign-go/countersign/auth"
)

// What a record may hold, in bytes: names are in an index, and all of it is read at each request.
const (
	maxID     = 64
	maxName   = 256
	maxRecord = 64 << 10

	factorSize = 48 // of what a factor has besides its text
)

// A text adds up the text in a record, and keeps what is wrong with it.
type text struct {
	size int
	err  error
}

// add adds text, each of limit bytes at most.
func (t *text) add(limit int, all ...string) {
	for _, s := range all {
		t.size += len(s)
		switch {
		case t.err != nil:
		case len(s) > limit:
			t.err = fmt.Errorf("session: text of more than %d bytes", limit)
		case t.size > maxRecord:
			t.err = fmt.Errorf("session: a record of more than %d bytes", maxRecord)
		case !utf8.ValidString(s) || strings.Contains(s, "\x00"):
			t.err = errors.New("session: text that is not UTF-8, or has a NUL in it")
		}
	}
}

// addObject adds what should be a JSON object.
func (t *text) addObject(m auth.Metadata) {
	if m.IsZero() {
		return
	}
	object, err := m.MarshalJSON()
	t.add(maxRecord, string(object))
	if t.err == nil && (err != nil || !json.Valid(object) || object[0] != '{') {
		t.err = errors.New("session: metadata that is not a JSON object")
	}
}
