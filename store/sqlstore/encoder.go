package sqlstore

import (
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/countersign-go/countersign/auth"
)

// An encoder makes the arguments of a statement, and remembers the first that cannot be made.
type encoder struct{ err error }

// json returns v as JSON.
func (e *encoder) json(v any) any {
	text, err := json.Marshal(v)
	if err != nil && e.err == nil {
		e.err = fmt.Errorf("sqlstore: encode: %w", err)
	}
	return string(text)
}

// addr returns ip as text, NULL for the zero value.
func addr(ip netip.Addr) any {
	if !ip.IsValid() {
		return nil
	}
	return ip.String()
}

// metadata returns m as JSON, NULL for the zero value.
func (e *encoder) metadata(m auth.Metadata) any {
	if m.IsZero() {
		return nil
	}
	text, err := m.MarshalJSON() // not json.Marshal, which would write it anew
	if err != nil && e.err == nil {
		e.err = fmt.Errorf("sqlstore: encode: %w", err)
	}
	return string(text)
}
