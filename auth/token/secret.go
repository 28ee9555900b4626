package token

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// A Secret is text that must not be seen: it prints, logs and encodes as "[redacted]", whatever the verb or the format.
// [Secret.Reveal] is the one way to the text. The zero value holds none.
type Secret struct {
	// A func, because package fmt prints the fields of a struct where it may not call methods: in an unexported field, or
	// for a verb that does not fit. It also keeps secrets from being compared with ==, which takes no constant time.
	text func() string
}

// NewSecret returns text as a secret.
func NewSecret(text string) Secret { return Secret{text: func() string { return text }} }

// Reveal returns the text: to hand it to its owner, never to log it.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return s.text()
}

// Digest returns what a store keeps of s.
func (s Secret) Digest() Digest { return Sum(s.Reveal()) }

// String returns "[redacted]".
func (Secret) String() string { return redacted }

// Format prints "[redacted]" for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue is "[redacted]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[redacted]", which is what encoders of text formats write.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
