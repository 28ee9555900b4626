package wire

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// fieldsOf returns where the fields of a struct are, by their names in JSON.
func fieldsOf(t reflect.Type) map[string][]int {
	fields := map[string][]int{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && f.Type.Kind() == reflect.Pointer {
			panic("wire: Decode: a struct that embeds a pointer")
		}
		switch {
		case !f.IsExported(), f.Anonymous && name == "", f.Tag.Get("json") == "-":
			continue
		case name == "":
			name = f.Name
		}
		fields[name] = f.Index
	}
	return fields
}

// maxNamed is how many fields that nobody asked for are named.
const maxNamed = 10

// unrecognized returns the refusal of fields that nobody asked for.
func unrecognized(names []string) error {
	var told []string
	for _, name := range names[:min(len(names), maxNamed)] {
		told = append(told, "'"+shown(name)+"'")
	}
	return Invalid("Invalid request: Unrecognized fields: %s", strings.Join(slices.Compact(told), ", "))
}

func mismatch(name string, t reflect.Type) error {
	return Invalid("Invalid request: Field '%s' must be %s", name, expected(t))
}

// expected says in words what JSON a type is.
func expected(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Time]():
		return "a time such as 2006-01-02T15:04:05Z"
	case reflect.TypeFor[auth.Set]():
		return "an array of strings"
	case reflect.TypeFor[auth.Metadata]():
		return "an object"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return expected(t.Elem())
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.String {
			return "an array of strings"
		}
		return "an array"
	}
	return "a whole number"
}
