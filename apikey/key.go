package apikey

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// A Key is one API key without its secret: what a [Store] keeps and what lists show. A handler finds the one that its
// request came with by auth.Value[apikey.Key].
type Key struct {
	ID        string       // public, made by token.NewID
	Version   int64        // counts the replacements; a store sets it
	Digest    token.Digest // of the key's text
	Redacted  string       // the first 6 characters of the text, ***, the last 3: to recognize it by
	Title     string
	Owner     auth.Actor
	Scopes    auth.Set
	CreatedBy string
	CreatedAt time.Time
	ExpiresAt time.Time // zero is never
	RevokedAt time.Time // zero is not revoked
	RevokedBy string
	LastUsed  Use // what a UseRecorder was told; Create and Replace do not write it
}

// Live reports whether k may be used at now: it has not expired and is not revoked. When it was revoked does not matter,
// since the clock of whoever did it may be ahead.
func (k Key) Live(now time.Time) bool {
	return k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt))
}

// Check returns an error if a [Store] cannot be expected to keep k. An ID has 64 bytes at most. Text is UTF-8 without NUL:
// 256 bytes at most for the owner's type and ID and for who created and revoked it, 1 KiB for the title, 64 KiB for all. A
// time is zero, or in the years from 1970 to 9999.
func (k Key) Check() error {
	size := 0
	for text, limit := range k.texts {
		size += len(text)
		if len(text) > limit || size > maxKey {
			return errors.New("apikey: a key with longer text than it may have")
		}
		if !utf8.ValidString(text) || strings.Contains(text, "\x00") {
			return errors.New("apikey: a key with text that is not UTF-8, or has a NUL in it")
		}
	}
	for _, t := range []time.Time{k.CreatedAt, k.ExpiresAt, k.RevokedAt} {
		if year := t.UTC().Year(); !t.IsZero() && (year < 1970 || year > 9999) {
			return errors.New("apikey: a key with a time before 1970 or after 9999")
		}
	}
	if k.ID == "" {
		return errors.New("apikey: a key without an ID")
	}
	return nil
}

// texts yields all text of k, and how many bytes each may have.
func (k Key) texts(yield func(string, int) bool) {
	more := yield(k.ID, maxID) && yield(k.Title, maxTitleSize) && yield(k.Redacted, maxName) &&
		yield(k.Owner.Type, maxName) && yield(k.Owner.ID, maxName) &&
		yield(k.CreatedBy, maxName) && yield(k.RevokedBy, maxName)
	for scope := range k.Scopes.All() {
		more = more && yield(scope, maxKey)
	}
}

// A Spec says what key to issue.
type Spec struct {
	Title     string     // what it is for; 200 characters at most
	Owner     auth.Actor // who it belongs to; 256 bytes each at most
	Scopes    auth.Set   // what it grants; 100 scopes at most, of 128 bytes each
	CreatedBy string     // who asked for it; default: the owner's ID
	ExpiresAt time.Time  // zero is never; else it lies ahead
}

const (
	maxTitle     = 200
	maxName      = 256
	maxScopes    = 100
	maxScopeSize = 128
	maxMistakes  = 10 // that are told of one Spec

	// Of a Key, in bytes, for what other programs put into a store.
	maxID        = 64
	maxTitleSize = 1 << 10
	maxKey       = 64 << 10
)

// check returns all that is wrong with s.
func (s Spec) check(now time.Time) error {
	var errs []error
	wrong := func(is bool, format string, args ...any) {
		if is {
			errs = append(errs, fmt.Errorf("apikey: "+format, args...))
		}
	}
	wrong(s.Title == "" || !isText(s.Title), "Title is empty or not plain text")
	wrong(utf8.RuneCountInString(s.Title) > maxTitle, "Title has more than %d characters", maxTitle)
	wrong(!isName(s.Owner.Type) || !isName(s.Owner.ID), "Owner needs a type and an ID in plain text, of %d bytes at most", maxName)
	wrong(s.CreatedBy != "" && !isName(s.CreatedBy), "CreatedBy is not plain text of %d bytes at most", maxName)
	wrong(s.Scopes.Len() > maxScopes, "more than %d Scopes", maxScopes)
	for scope := range s.Scopes.All() {
		wrong(!isScope(scope) && len(errs) < maxMistakes, "Scopes holds %.20q, which is not a scope", scope)
	}
	wrong(!s.ExpiresAt.IsZero() && !now.Before(s.ExpiresAt), "ExpiresAt has passed")
	wrong(s.ExpiresAt.UTC().Year() > 9999, "ExpiresAt is after the year 9999")
	return errors.Join(errs...)
}

func isName(s string) bool { return s != "" && len(s) <= maxName && isText(s) }

// isText reports whether s is valid UTF-8 without control characters, which every database keeps as it is.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl) }

// isScope reports whether s is a scope-token (RFC 6749, section 3.3) of bearable size.
func isScope(s string) bool {
	return len(s) <= maxScopeSize &&
		!strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c > '~' || c == '"' || c == '\\' })
}
