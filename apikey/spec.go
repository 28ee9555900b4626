package apikey

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/countersign-go/countersign/auth"
)

// A Spec says what key to issue. What is wrong with it is an [InvalidError] for each mistake, all of them joined.
type Spec struct {
	Kind      Kind          // default: Secret
	Title     string        // what it is for; plain text of 200 characters at most
	Owner     auth.Actor    // who it belongs to; 256 bytes each at most
	Scopes    auth.Set      // what a secret key grants; 100 scopes at most, of 128 bytes each
	Channels  auth.Set      // what a publishable key is assigned to; 100 names at most, of 256 bytes each
	Metadata  auth.Metadata // what the application keeps with it; 16 KiB at most
	CreatedBy string        // who asked for it; default: the owner's ID
	ExpiresAt time.Time     // it lies ahead, and not beyond Config.MaxLifetime; zero is never
}

const (
	maxTitle     = 200
	maxName      = 256
	maxScopes    = 100
	maxScopeSize = 128
	maxChannels  = 100
	maxMetadata  = 16 << 10
	maxNamed     = 10 // of the scopes, or channels, that are wrong
)

// whole returns s with what it leaves out.
func (s Spec) whole() Spec {
	if s.Kind == "" {
		s.Kind = Secret
	}
	if s.CreatedBy == "" {
		s.CreatedBy = s.Owner.ID
	}
	s.ExpiresAt = s.ExpiresAt.UTC().Truncate(time.Microsecond)
	return s
}

// check returns all that is wrong with s, in which nothing is left out.
func (s Spec) check(now time.Time, maxLifetime time.Duration) error {
	var m mistakes
	m.add(s.Kind != Secret && s.Kind != Publishable, "type", "is neither %s nor %s", Secret, Publishable)
	m.title(s.Title)
	m.add(!isName(s.Owner.Type) || !isName(s.Owner.ID), "owner", "needs a type and an ID in plain text, of %d bytes at most", maxName)
	m.name("created_by", s.CreatedBy, s.Owner.ID)
	m.scopes(s)
	m.add(s.Channels.Len() > 0 && s.Kind != Publishable, "sales_channels", "are for publishable keys only")
	m.channels(s.Channels)
	m.metadata(s.Metadata)
	m.expiry(s.ExpiresAt, now, maxLifetime)
	return errors.Join(m...)
}

// An InvalidError says which part of a [Spec], [Change], [Revocation] or [Rotation] cannot be, and why. Where several are
// wrong, the error is several of them, joined.
type InvalidError struct {
	Field string // as the HTTP API calls it, such as "expires_at"
	Err   error  // what is wrong with it: "has passed"; no secret, but it may repeat the beginning of a scope or a channel
}

// Error returns the field and what is wrong with it.
func (e *InvalidError) Error() string { return "apikey: " + e.Field + " " + e.Err.Error() }

// Unwrap returns what is wrong.
func (e *InvalidError) Unwrap() error { return e.Err }

// mistakes collects what is wrong.
type mistakes []error

// add notes a mistake if there is one.
func (m *mistakes) add(wrong bool, field, format string, args ...any) {
	if wrong {
		*m = append(*m, &InvalidError{Field: field, Err: fmt.Errorf(format, args...)})
	}
}

func (m *mistakes) title(title string) {
	m.add(title == "" || !isText(title), "title", "is empty or not plain text")
	m.add(utf8.RuneCountInString(title) > maxTitle, "title", "has more than %d characters", maxTitle)
}

// name wants a name, or what is named elsewhere already.
func (m *mistakes) name(field, name, elsewhere string) {
	m.add(!isName(name) && name != elsewhere, field, "is not plain text of 1 to %d bytes", maxName)
}

func (m *mistakes) scopes(s Spec) {
	m.add(s.Scopes.Len() > 0 && s.Kind == Publishable, "scopes", "are for secret keys only")
	m.add(s.Scopes.Len() > maxScopes, "scopes", "are more than %d", maxScopes)
	named := 0
	for scope := range s.Scopes.All() {
		if !isScope(scope) && named < maxNamed {
			m.add(true, "scopes", "hold %.20q, which is not a scope", scope)
			named++
		}
	}
}

func (m *mistakes) channels(channels auth.Set) {
	m.add(channels.Len() > maxChannels, "sales_channels", "are more than %d", maxChannels)
	named := 0
	for channel := range channels.All() {
		if !isName(channel) && named < maxNamed {
			m.add(true, "sales_channels", "hold %.20q, which is not plain text of 1 to %d bytes", channel, maxName)
			named++
		}
	}
}

func (m *mistakes) metadata(metadata auth.Metadata) {
	object, _ := metadata.MarshalJSON() // the text as it is: never an error
	m.add(len(object) > maxMetadata, "metadata", "has more than %d bytes", maxMetadata)
	m.add(checkObject(metadata) != nil || !utf8.Valid(object), "metadata", "is not a JSON object")
}

func (m *mistakes) expiry(at, now time.Time, maxLifetime time.Duration) {
	m.add(!at.IsZero() && !now.Before(at), "expires_at", "has passed")
	m.add(at.UTC().Year() > 9999, "expires_at", "is after the year 9999")
	m.add(at.IsZero() && maxLifetime > 0, "expires_at", "is missing: a key may live for %v at most", maxLifetime)
	m.add(maxLifetime > 0 && at.After(now.Add(maxLifetime)), "expires_at", "is more than %v ahead", maxLifetime)
}

func isName(s string) bool { return s != "" && len(s) <= maxName && isText(s) }

// isText reports whether s is valid UTF-8 without control characters, which every database keeps as it is.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl) }

// isScope reports whether s is a scope of bearable size.
func isScope(s string) bool { return len(s) <= maxScopeSize && auth.IsScope(s) }
