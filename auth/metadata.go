package auth

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Metadata is a JSON object that an application keeps with an identity or a credential. It cannot be changed and is
// decoded anew each time it is asked for, so what one handler does to its copy reaches nobody else. The zero value is an
// empty object.
type Metadata struct {
	object string // JSON text; "" is {}
}

// NewMetadata returns the metadata that v encodes to. v must encode to a JSON object or to null, which is the zero
// value: a map, a struct, a [json.RawMessage].
func NewMetadata(v any) (Metadata, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return Metadata{}, fmt.Errorf("auth: metadata: %w", err)
	}
	var m Metadata
	err = m.UnmarshalJSON(data)
	return m, err
}

// RawMetadata returns the metadata that object is the text of. It is for those who have read a larger JSON text already
// and know that this part of it is an object: the text is kept as it is and not looked at. What is no JSON at all is an
// error of Decode and of encoding/json.
func RawMetadata(object string) Metadata { return Metadata{object: object} }

// Decode stores the object in what into points to, by the rules of [json.Unmarshal].
func (m Metadata) Decode(into any) error { return json.Unmarshal([]byte(m.text()), into) }

// Get returns the member called name, decoded as [json.Unmarshal] does into an any: nil if there is none.
func (m Metadata) Get(name string) any {
	var members map[string]any
	if m.Decode(&members) != nil {
		return nil
	}
	return members[name]
}

// IsZero reports whether m is the zero value.
func (m Metadata) IsZero() bool { return m.object == "" }

// MarshalJSON returns the object, {} for the zero value.
func (m Metadata) MarshalJSON() ([]byte, error) { return []byte(m.text()), nil }

// UnmarshalJSON takes over the object in data; null is the zero value, anything else an error.
func (m *Metadata) UnmarshalJSON(data []byte) error {
	switch {
	case string(data) == "null":
		*m = Metadata{}
	case !json.Valid(data) || data[0] != '{':
		return errors.New("auth: metadata: not a JSON object")
	default:
		*m = RawMetadata(string(data))
	}
	return nil
}

func (m Metadata) text() string {
	if m.object == "" {
		return "{}"
	}
	return m.object
}
