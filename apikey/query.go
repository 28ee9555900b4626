package apikey

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// A Query says which keys to find, and in which order. All that is not zero must hold. The zero value finds all keys, the
// oldest first.
type Query struct {
	Owner auth.Actor // whose they are; the zero Actor is everybody's
	IDs   []string   // any of them; nil is any
	Title string     // exactly
	Text  string     // is in the title or in what is left of a redacted key; letters of ASCII count in either case
	Kind  Kind

	Revoked       *bool     // whether somebody has revoked them, be it for later
	RevokedAfter  time.Time // they stop working after it, see [Revocation.Effective]
	RevokedBefore time.Time // they stop working before it

	Newest bool // the newest first
	Limit  int  // how many are returned at most; zero is all
	Offset int  // how many are left out before these
}

// Match reports whether k is among the keys that q asks for, its Limit and Offset aside.
func (q Query) Match(k Key) bool {
	effective := k.Revocation.Effective()
	switch {
	case q.Owner != auth.Actor{} && q.Owner != k.Owner,
		q.IDs != nil && !slices.Contains(q.IDs, k.ID),
		q.Title != "" && q.Title != k.Title,
		q.Text != "" && !containsFold(k.Title, q.Text) && !containsFold(k.Redacted, q.Text),
		q.Kind != "" && q.Kind != k.Kind,
		q.Revoked != nil && *q.Revoked == effective.IsZero(),
		!q.RevokedAfter.IsZero() && (effective.IsZero() || !effective.After(q.RevokedAfter)),
		!q.RevokedBefore.IsZero() && (effective.IsZero() || !effective.Before(q.RevokedBefore)):
		return false
	}
	return true
}

func containsFold(s, part string) bool { return strings.Contains(lower(s), lower(part)) }

// lower returns s with the letters of ASCII in lower case.
func lower(s string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	}, s)
}

// Select returns what a store answers that has all keys at hand: those that match, in order, as many as asked for, and how
// many match. It changes keys.
func (q Query) Select(keys []Key) (page []Key, total int) {
	keys = slices.DeleteFunc(keys, func(k Key) bool { return !q.Match(k) })
	slices.SortFunc(keys, func(a, b Key) int {
		if q.Newest {
			a, b = b, a
		}
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	total = len(keys)
	keys = keys[min(max(q.Offset, 0), total):]
	if q.Limit > 0 {
		keys = keys[:min(q.Limit, len(keys))]
	}
	return keys, total
}
