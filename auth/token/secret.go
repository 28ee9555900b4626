package token

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// A Secret is text that must not be seen: it prints, logs and encodes as "[redacted]", whatever the verb or the format.
// [Secret.Reveal] is the one way to the text. The zero value holds none.
type Secret struct{ text string }

// NewSecret returns text as a secret.
func NewSecret(text string) Secret { return Secret{text: text} }

// Reveal returns the text: to hand it to its owner, never to log it.
func (s Secret) Reveal() string { return s.text }

// Digest returns what a store keeps of s.
func (s Secret) Digest() Digest { return Sum(s.text) }

// String returns "[redacted]".
func (Secret) String() string { return redacted }

// Format prints "[redacted]" for every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue is "[redacted]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[redacted]", which is what encoders of text formats write.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
