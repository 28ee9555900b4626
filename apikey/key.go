package apikey

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// A Kind says what a key is good for.
type Kind string

const (
	// Secret keys prove that their bearer may act. The store keeps a digest of their text.
	Secret Kind = "secret"

	// Publishable keys name a shop or a client and prove nothing: anybody may know them. The store keeps their text.
	Publishable Kind = "publishable"
)

// A Key is one API key without its secret: what a [Store] keeps and what lists show. A handler finds the one that its
// request came with by auth.Value[apikey.Key].
type Key struct {
	ID          string // public, made by token.NewID
	Version     int64  // counts the replacements; a store sets it
	Kind        Kind
	Environment string       // that the prefix names, such as "live"; may be empty
	Digest      token.Digest // of the key's text
	Text        string       // of a publishable key; empty for a secret one
	Redacted    string       // the first 6 characters of the text, ***, the last 3: to recognize it by
	Title       string
	Owner       auth.Actor
	Scopes      auth.Set
	Channels    auth.Set      // what a publishable key is assigned to, such as sales channels
	Metadata    auth.Metadata // what the application keeps with it
	CreatedBy   string
	CreatedAt   time.Time
	UpdatedAt   time.Time // of the last change, but for LastUsed
	ExpiresAt   time.Time // zero is never
	Revocation  Revocation
	DisabledAt  time.Time // zero is not disabled
	DisabledBy  string
	Replaces    string // the ID of the key that it was rotated from
	ReplacedBy  string // the ID of the key that it was rotated to
	LastUsed    Use    // what a UseRecorder was told; Create and Replace do not write it
}

// Live reports whether k may be used at now: it has not expired, and is neither disabled nor revoked. When it was revoked
// does not matter unless it was to work until later, since the clock of whoever did it may be ahead.
func (k Key) Live(now time.Time) bool {
	return !k.Revocation.Holds(now) && k.DisabledAt.IsZero() && (k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt))
}

// Check returns an error if a [Store] cannot be expected to keep k. It has a kind, and an ID of 64 bytes at most. Text is
// UTF-8 without NUL: 256 bytes at most for the text, the owner's type and ID, the environment, the keys that it replaces and
// is replaced by, and for who created, revoked and disabled it, 1 KiB for the title and the reason, 64 KiB for all, metadata
// included. A time is zero, or in the years from 1970 to 9999.
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
	for _, t := range []time.Time{
		k.CreatedAt, k.UpdatedAt, k.ExpiresAt, k.Revocation.At, k.Revocation.Until, k.DisabledAt,
	} {
		if year := t.UTC().Year(); !t.IsZero() && (year < 1970 || year > 9999) {
			return errors.New("apikey: a key with a time before 1970 or after 9999")
		}
	}
	if k.ID == "" {
		return errors.New("apikey: a key without an ID")
	}
	if k.Kind != Secret && k.Kind != Publishable {
		return errors.New("apikey: a key that is neither secret nor publishable")
	}
	return checkObject(k.Metadata)
}

// checkObject returns an error unless m is a JSON object.
func checkObject(m auth.Metadata) error {
	if m.IsZero() {
		return nil
	}
	object, err := m.MarshalJSON()
	if err != nil || !json.Valid(object) || object[0] != '{' {
		return errors.New("apikey: metadata that is not a JSON object")
	}
	return nil
}

// texts yields all text of k, and how many bytes each may have.
func (k Key) texts(yield func(string, int) bool) {
	metadata, _ := k.Metadata.MarshalJSON() // the text as it is: never an error
	more := yield(k.ID, maxID) && yield(k.Title, maxTitleSize) && yield(k.Revocation.Reason, maxTitleSize) &&
		yield(string(metadata), maxKey)
	for _, name := range []string{
		string(k.Kind), k.Environment, k.Text, k.Redacted, k.Owner.Type, k.Owner.ID,
		k.CreatedBy, k.Revocation.By, k.DisabledBy, k.Replaces, k.ReplacedBy,
	} {
		more = more && yield(name, maxName)
	}
	for _, set := range []auth.Set{k.Scopes, k.Channels} {
		for name := range set.All() {
			more = more && yield(name, maxKey)
		}
	}
}

// Of a Key, in bytes, for what other programs put into a store.
const (
	maxID        = 64
	maxTitleSize = 1 << 10
	maxKey       = 64 << 10
)
