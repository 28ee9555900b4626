package wire

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	maxQuery = 8 << 10 // bytes
	maxItems = 100     // of one list
)

// A Query reads the parameters behind the question mark of a request, as browsers and the npm package qs write them. Each
// method takes the parameters of one name; afterwards [Query.Err] says what was wrong with one of them, or that there is one
// that nobody took.
type Query struct {
	values map[string][]string
	err    error
}

// ParseQuery returns the query of r.
func ParseQuery(r *http.Request) *Query {
	if len(r.URL.RawQuery) > maxQuery {
		return &Query{err: Invalid("Invalid request: The query is longer than 8 KiB")}
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return &Query{err: Invalid("Invalid request: The query is malformed")}
	}
	q := &Query{values: values}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, value := range values[name] {
			if !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
				q.refuse(name, "be plain text")
			}
		}
	}
	return q
}

// Err returns the refusal of the first parameter that was not as it should be, or of those that nobody took. It is nil if
// there is none.
func (q *Query) Err() error {
	if q.err != nil || len(q.values) == 0 {
		return q.err
	}
	return unrecognized(slices.Sorted(maps.Keys(q.values)))
}

func (q *Query) refuse(name, must string) {
	if q.err == nil {
		q.err = Invalid("Invalid request: Field '%s' must %s", shown(name), must)
	}
}

// Text returns the parameter called name, and whether it is there. It must be there once at most.
func (q *Query) Text(name string) (string, bool) {
	values, ok := q.values[name]
	delete(q.values, name)
	if !ok {
		return "", false
	}
	if len(values) > 1 {
		q.refuse(name, "be there once")
		return "", false
	}
	return values[0], true
}

// List returns all parameters called name, name[] and name[0], name[1] and so on, nil if there is none. There may be 100.
func (q *Query) List(name string) []string {
	list := q.values[name]
	list = append(list, q.values[name+"[]"]...)
	delete(q.values, name)
	delete(q.values, name+"[]")
	for i := range maxItems {
		indexed := name + "[" + strconv.Itoa(i) + "]"
		list = append(list, q.values[indexed]...)
		delete(q.values, indexed)
	}
	if len(list) > maxItems {
		q.refuse(name, "be there "+strconv.Itoa(maxItems)+" times at most")
		return nil
	}
	return list
}

// Int returns the whole number called name, or the other one if it is not there. It must be from low to high.
func (q *Query) Int(name string, other, low, high int) int {
	text, ok := q.Text(name)
	if !ok {
		return other
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high || strconv.Itoa(n) != text {
		q.refuse(name, "be a whole number from "+strconv.Itoa(low)+" to "+strconv.Itoa(high))
		return other
	}
	return n
}

// Word returns the parameter called name, "" if it is not there. It must be one of words.
func (q *Query) Word(name string, words ...string) string {
	text, ok := q.Text(name)
	if ok && !slices.Contains(words, text) {
		q.refuse(name, "be one of "+strings.Join(words, ", "))
		return ""
	}
	return text
}

// Time returns the time called name (RFC 3339), or the zero time if it is not there. It must be in the years from 1970 to
// 9999, which every database knows.
func (q *Query) Time(name string) time.Time {
	text, ok := q.Text(name)
	if !ok {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.UTC().Year() < 1970 || t.UTC().Year() > 9999 {
		q.refuse(name, "be a time such as 2006-01-02T15:04:05Z")
		return time.Time{}
	}
	return t
}
