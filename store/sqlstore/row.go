package sqlstore

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// A row is what a query returned of one row, as the driver gave it, taken from left to right. The first value that is not
// what it should be is remembered in err; all that follow are zero.
//
// Drivers and their settings differ in what they make of a column, and database/sql refuses what it cannot convert with an
// error that looks like any other. Here each form is taken that says the same, and the rest is known for what it is.
type row struct {
	values []any
	err    error
}

func (r *row) next(what string, take func(v any) bool) {
	if r.err != nil {
		return
	}
	v := r.values[0]
	r.values = r.values[1:]
	if !take(v) {
		r.err = fmt.Errorf("a column that holds no %s", what) // not the value: it may be a secret
	}
}

func (r *row) text() (text string) {
	r.next("text", func(v any) (ok bool) {
		text, ok = asText(v)
		return ok
	})
	return text
}

func asText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	}
	return "", false
}

func (r *row) bytes() (bytes []byte) {
	r.next("bytes", func(v any) bool {
		text, ok := asText(v)
		bytes = []byte(text)
		return ok
	})
	return bytes
}

func (r *row) digest() (digest token.Digest) {
	r.next("digest", func(v any) bool {
		text, ok := asText(v)
		return ok && copy(digest[:], text) == len(text) && len(text) == len(digest)
	})
	return digest
}

func (r *row) integer() (n int64) {
	r.next("integer", func(v any) (ok bool) {
		n, ok = asInteger(v)
		return ok
	})
	return n
}

func asInteger(v any) (n int64, ok bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case uint64:
		return int64(v), v <= 1<<63-1
	}
	text, ok := asText(v)
	if !ok {
		return 0, false
	}
	return n, json.Unmarshal([]byte(text), &n) == nil
}

// time returns a time, which is zero where the column is NULL.
func (r *row) time() (t time.Time) {
	r.next("time", func(v any) (ok bool) {
		t, ok = asTime(v)
		return ok
	})
	return t
}

func asTime(v any) (time.Time, bool) {
	switch v := v.(type) {
	case nil:
		return time.Time{}, true
	case time.Time:
		return v.UTC(), true
	}
	text, ok := asText(v)
	if !ok {
		return time.Time{}, false
	}
	t, err := time.Parse(time.DateTime, text) // and a fraction; people write times without one
	return t, err == nil
}

// addr returns an IP address, which is zero where the column is NULL.
func (r *row) addr() (ip netip.Addr) {
	r.next("IP address", func(v any) bool {
		if v == nil {
			return true
		}
		text, ok := asText(v)
		return ok && ip.UnmarshalText([]byte(text)) == nil
	})
	return ip
}

// json decodes JSON into what into points to.
func (r *row) json(into any) {
	r.next("JSON", func(v any) bool {
		text, ok := asText(v)
		return ok && json.Unmarshal([]byte(text), into) == nil
	})
}

func (r *row) set() (set auth.Set) {
	r.json(&set)
	return set
}

// metadata returns metadata, which is zero where the column is NULL.
func (r *row) metadata() (m auth.Metadata) {
	r.next("JSON object", func(v any) bool {
		if v == nil {
			return true
		}
		text, ok := asText(v)
		return ok && m.UnmarshalJSON([]byte(text)) == nil
	})
	return m
}

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
