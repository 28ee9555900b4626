package auth

import (
	"encoding/json"
	"iter"
	"slices"
	"strings"
)

// A Set holds names: the scopes of a credential, the roles of an actor. It cannot be changed, so it may be shared by any
// number of requests. The zero value is empty.
type Set struct {
	names []string // sorted, no duplicates
}

// NewSet returns the set of names. Order and repetitions are forgotten, empty names are left out.
func NewSet(names ...string) Set { return newSet(slices.Clone(names)) }

// ParseSet returns the set of the names in text, which are separated by spaces as the scopes of RFC 6749, section 3.3.
func ParseSet(text string) Set { return newSet(strings.Split(text, " ")) }

// newSet makes a set of a slice that nobody else has.
func newSet(names []string) Set {
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > 0 && names[0] == "" {
		names = names[1:]
	}
	if len(names) == 0 {
		return Set{}
	}
	return Set{names: slices.Clip(names)}
}

// Has reports whether name itself is in s. It knows no wildcard: see [AuthContext.Allows] for what a scope of "*" grants.
func (s Set) Has(name string) bool {
	_, ok := slices.BinarySearch(s.names, name)
	return ok
}

// All returns the names in sorted order.
func (s Set) All() iter.Seq[string] { return slices.Values(s.names) }

// Len returns the number of names.
func (s Set) Len() int { return len(s.names) }

// String returns the names in sorted order, separated by spaces, as RFC 6749, section 3.3, writes scopes.
func (s Set) String() string { return strings.Join(s.names, " ") }

// MarshalJSON writes the names as an array, an empty set as [].
func (s Set) MarshalJSON() ([]byte, error) {
	if len(s.names) == 0 {
		return []byte("[]"), nil
	}
	return json.Marshal(s.names)
}

// UnmarshalJSON reads an array of names; null is the empty set.
func (s *Set) UnmarshalJSON(data []byte) error {
	var names []string
	if err := json.Unmarshal(data, &names); err != nil {
		return err
	}
	*s = NewSet(names...)
	return nil
}
