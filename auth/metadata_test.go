package auth_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/auth"
)

func TestMetadata(t *testing.T) {
	type plan struct {
		Plan string `json:"plan"`
	}
	var none map[string]any
	var nothing *plan
	tests := []struct {
		name string
		v    any
		want string // the JSON
		zero bool
	}{
		{"a map", map[string]any{"b": 1, "a": "x"}, `{"a":"x","b":1}`, false},
		{"a struct", plan{"team"}, `{"plan":"team"}`, false},
		{"a pointer", &plan{"team"}, `{"plan":"team"}`, false},
		{"raw JSON", json.RawMessage(` { "a" : [ 1 ] } `), `{"a":[1]}`, false},
		{"an empty map", map[string]any{}, `{}`, false},
		{"nil", nil, `{}`, true},
		{"a nil map", none, `{}`, true},
		{"a nil pointer", nothing, `{}`, true},
		{"null", json.RawMessage("null"), `{}`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := must(auth.NewMetadata(tt.v))
			check(t, string(must(json.Marshal(m))), tt.want)
			check(t, string(must(m.MarshalJSON())), tt.want)
			check(t, m.IsZero(), tt.zero)
			var read auth.Metadata
			check(t, json.Unmarshal(must(json.Marshal(m)), &read), nil)
			check(t, string(must(json.Marshal(read))), tt.want)
			members := map[string]any{}
			check(t, m.Decode(&members), nil)
			for name, value := range members {
				check(t, fmt.Sprint(m.Get(name)), fmt.Sprint(value))
			}
			check(t, m.Get("missing"), nil)
		})
	}
}

func TestMetadataRefuses(t *testing.T) {
	for _, v := range []any{[]int{1}, "a", 1, true, make(chan int), func() {}, json.RawMessage(`{`), json.RawMessage(`[]`), json.RawMessage(`{}{}`)} {
		t.Run(fmt.Sprintf("%T", v), func(t *testing.T) {
			m, err := auth.NewMetadata(v)
			check(t, err != nil, true)
			check(t, m, auth.Metadata{})
			check(t, strings.HasPrefix(fmt.Sprint(err), "auth: metadata: "), true)
		})
	}
	before := must(auth.NewMetadata(map[string]any{"a": 1}))
	for _, data := range []string{``, ` `, `[]`, `1`, `"{}"`, `{`, `{}}`, `nul`, `{"a":1}x`, ` null`} {
		t.Run(data, func(t *testing.T) {
			m := before
			check(t, m.UnmarshalJSON([]byte(data)) != nil, true)
			check(t, m, before)
		})
	}
}

// What is handed in or out may be changed.
func TestMetadataIsImmutable(t *testing.T) {
	data := []byte(`{"a":{"b":"c"}}`)
	var m auth.Metadata
	check(t, m.UnmarshalJSON(data), nil)
	clear(data)
	clear(must(m.MarshalJSON()))
	m.Get("a").(map[string]any)["b"] = "changed"
	members := map[string]any{}
	check(t, m.Decode(&members), nil)
	clear(members["a"].(map[string]any))
	check(t, string(must(m.MarshalJSON())), `{"a":{"b":"c"}}`)
}
