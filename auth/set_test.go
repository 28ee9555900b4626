package auth_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/countersign-go/countersign/auth"
)

func TestSet(t *testing.T) {
	tests := []struct {
		name  string
		names []string
		want  string // what String says
		json  string
	}{
		{"none", nil, "", "[]"},
		{"one", []string{"a"}, "a", `["a"]`},
		{"an empty one", []string{""}, "", "[]"},
		{"two empty ones", []string{"", ""}, "", "[]"},
		{"in any order", []string{"c", "a", "b"}, "a b c", `["a","b","c"]`},
		{"repeated", []string{"b", "a", "b", "", "a"}, "a b", `["a","b"]`},
		{"of other case", []string{"a", "A"}, "A a", `["A","a"]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			given := slices.Clone(tt.names)
			s := auth.NewSet(given...)
			check(t, slices.Equal(given, tt.names), true) // not sorted in place
			slices.Reverse(given)
			check(t, s.String(), tt.want)
			check(t, fmt.Sprint(s), tt.want)
			check(t, s.Len(), len(slices.Collect(s.All())))
			check(t, auth.NewSet(slices.Collect(s.All())...).String(), tt.want)
			for name := range s.All() {
				check(t, s.Has(name), true)
			}
			check(t, s.Has(""), false)
			check(t, s.Has("x"), false)
			check(t, s.Has("a b"), false)

			data := must(json.Marshal(s))
			check(t, string(data), tt.json)
			read := auth.NewSet("old")
			check(t, json.Unmarshal(data, &read), nil)
			check(t, read.String(), tt.want)
		})
	}
}

func TestSetJSON(t *testing.T) {
	tests := []struct {
		data, want string
		ok         bool
	}{
		{`null`, "", true},
		{`[]`, "", true},
		{`["b","a","b",""]`, "a b", true},
		{`[null]`, "", true},
		{`"a b"`, "old", false},
		{`[1]`, "old", false},
		{`[["a"]]`, "old", false},
		{`{"a":true}`, "old", false},
		{`["a"`, "old", false},
		{``, "old", false},
	}
	for _, tt := range tests {
		t.Run(tt.data, func(t *testing.T) {
			s := auth.NewSet("old")
			err := json.Unmarshal([]byte(tt.data), &s)
			check(t, err == nil, tt.ok)
			check(t, s.String(), tt.want)
		})
	}
}

// A slice that was handed in, or out, has nothing to do with the set.
func TestSetIsImmutable(t *testing.T) {
	for _, names := range [][]string{{"a"}, {"a", "b"}, {"b", "a", "c"}} {
		s := auth.NewSet(names...)
		want := s.String()
		clear(names)
		out := slices.Collect(s.All())
		clear(out)
		clear(must(s.MarshalJSON()))
		copied := s
		check(t, copied.UnmarshalJSON([]byte(`["x"]`)), nil)
		check(t, s.String(), want)
	}
}
