package wire

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/countersign-go/countersign/auth"
)

// maxBody bounds a body, in bytes.
const maxBody = 64 << 10

// Decode stores the JSON object that is the body of r in the struct that into points to. An empty body is {}, with or
// without a Content-Type. A member whose value is null is as good as none.
//
// The errors are refusals that [auth.Guard.Refuse] can send, and name the field: 400 for what is no JSON object, for members
// that the struct has no field for, are spelled in another case or are there twice, for values of another type, for text
// that is not Unicode, for more than 32 levels and for what follows the object; 413 for more than 64 KiB; 415 for what is
// not application/json. With an error the struct is as it was.
//
// The names of fields are those in their json tags, compared exactly, as they are in structs within the struct, also behind
// pointers and in slices, arrays and maps. A field that decodes itself, such as [auth.Metadata], decides about the members
// within; what else a tag says does not count.
//
// Decode panics if into is not a pointer to a struct, and for a struct that embeds a pointer.
func Decode(w http.ResponseWriter, r *http.Request, into any) error {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() || target.Elem().Kind() != reflect.Struct {
		panic("wire: Decode: not a pointer to a struct")
	}
	body, err := read(w, r)
	if err != nil {
		return err
	}
	if len(body) == 0 {
		return nil
	}
	if err := scan(body); err != nil {
		return err
	}
	fresh := reflect.New(target.Type().Elem()).Elem()
	fresh.Set(target.Elem())
	if err := decodeObject(body, fresh, ""); err != nil {
		return err
	}
	target.Elem().Set(fresh)
	return nil
}

// Object returns the members of the JSON object that is the body of r by their names, each value as it was written: for a body
// whose members are for somebody else to know. An empty body is {}. The errors are those of [Decode], but that there may be any
// members with any values.
func Object(w http.ResponseWriter, r *http.Request) (map[string]json.RawMessage, error) {
	body, err := read(w, r)
	if err != nil {
		return nil, err
	}
	if len(body) == 0 {
		return map[string]json.RawMessage{}, nil
	}
	if err := scan(body); err != nil {
		return nil, err
	}
	values, ok := members(body)
	if !ok {
		return nil, errNoObject()
	}
	return values, nil
}

// read returns the body of r, which is empty or said to be JSON.
func read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	_, named := r.Header["Content-Type"]
	if named && !saysJSON(r) || r.Header.Get("Content-Encoding") != "" {
		return nil, errNotJSON()
	}
	if r.Body == nil { // of a request that no server made
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &auth.Error{
			Status: http.StatusRequestEntityTooLarge, Type: "invalid_data", Message: "Invalid request: The body is larger than 64 KiB",
		}
	case r.Context().Err() != nil:
		return nil, fmt.Errorf("wire: body: %w", r.Context().Err())
	case err != nil:
		// Not wrapped: a client that is too slow is no outage.
		return nil, &auth.Error{
			Status: http.StatusBadRequest, Type: "invalid_data", Message: "Invalid request: The body is not complete",
			Err: errors.New("wire: body: " + err.Error()),
		}
	case len(body) > 0 && !named:
		return nil, errNotJSON()
	}
	return body, nil
}

// saysJSON reports whether r says once that its body is JSON. A page of another site can send a body of any of the other
// types without asking first.
func saysJSON(r *http.Request) bool {
	fields := r.Header["Content-Type"]
	if len(fields) != 1 {
		return false
	}
	kind, params, err := mime.ParseMediaType(fields[0])
	charset, ok := params["charset"]
	return err == nil && kind == "application/json" && (!ok || strings.EqualFold(charset, "utf-8"))
}

func errNotJSON() error {
	return &auth.Error{
		Status: http.StatusUnsupportedMediaType, Type: "invalid_data", Message: "Invalid request: The body must be application/json",
	}
}

var (
	unmarshaler     = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	rawMessage      = reflect.TypeFor[json.RawMessage]()
)

// isPlain reports whether t is a struct whose fields are to be matched here, and not one that decodes itself.
func isPlain(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return t.Kind() == reflect.Struct && !p.Implements(unmarshaler) && !p.Implements(textUnmarshaler)
}

// holdsPlain reports whether there are such structs in t, which is a pointer, a slice, an array or a map, and does not decode
// itself.
func holdsPlain(t reflect.Type) bool {
	for range maxDepth { // a type may be a slice of itself
		if p := reflect.PointerTo(t); p.Implements(unmarshaler) || p.Implements(textUnmarshaler) {
			return false
		}
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			t = t.Elem()
		default:
			return isPlain(t)
		}
	}
	return false
}

// decodeObject stores the members of an object in the fields of a struct. within is what names the struct.
func decodeObject(data []byte, into reflect.Value, within string) error {
	values, ok := members(data)
	if !ok {
		if within == "" {
			return errNoObject()
		}
		return mismatch(strings.TrimSuffix(within, "."), into.Type())
	}
	fields := fieldsOf(into.Type())
	var others []string
	names := slices.Sorted(maps.Keys(values))
	for _, name := range names {
		if _, ok := fields[name]; !ok {
			others = append(others, within+name)
		}
	}
	if others != nil {
		return unrecognized(others)
	}
	for _, name := range names {
		if string(values[name]) == "null" {
			continue
		}
		if err := decodeValue(values[name], into.FieldByIndex(fields[name]), within+name); err != nil {
			return err
		}
	}
	return nil
}

// members returns what is in an object, and whether it is one.
func members(data []byte) (values map[string]json.RawMessage, ok bool) {
	err := json.Unmarshal(data, &values)
	return values, err == nil && values != nil
}

func errNoObject() error { return Invalid("Invalid request: The body must be a JSON object") }

// decodeValue stores a value in a field called name, or in what is in one.
func decodeValue(data []byte, into reflect.Value, name string) error {
	t := into.Type()
	switch {
	case isPlain(t):
		return decodeObject(data, into, name+".")
	case !holdsPlain(t):
		return decodeWhole(data, into, name)
	case t.Kind() == reflect.Pointer:
		if string(data) == "null" {
			return nil
		}
		into.Set(reflect.New(t.Elem()))
		return decodeValue(data, into.Elem(), name)
	case t.Kind() == reflect.Map:
		return decodeMap(data, into, name)
	}
	return decodeList(data, into, name)
}

// decodeWhole stores a value in which there is nothing to be matched.
func decodeWhole(data []byte, into reflect.Value, name string) error {
	value := reflect.New(into.Type())
	if json.Unmarshal(data, value.Interface()) != nil { // whose text may repeat what was sent
		return mismatch(name, into.Type())
	}
	into.Set(value.Elem())
	return nil
}

// decodeList stores an array that holds objects.
func decodeList(data []byte, into reflect.Value, name string) error {
	t := into.Type()
	var values []json.RawMessage
	if json.Unmarshal(data, &values) != nil || t.Kind() == reflect.Array && len(values) > t.Len() {
		return mismatch(name, t)
	}
	list := reflect.New(t).Elem()
	if t.Kind() == reflect.Slice {
		list = reflect.MakeSlice(t, len(values), len(values))
	}
	for i, value := range values {
		if err := decodeValue(value, list.Index(i), name); err != nil {
			return err
		}
	}
	into.Set(list)
	return nil
}

// decodeMap stores an object whose members have any names, and hold objects.
func decodeMap(data []byte, into reflect.Value, name string) error {
	t := into.Type()
	values := reflect.New(reflect.MapOf(t.Key(), rawMessage))
	if json.Unmarshal(data, values.Interface()) != nil {
		return mismatch(name, t)
	}
	decoded := reflect.MakeMap(t)
	for members := values.Elem().MapRange(); members.Next(); {
		value := reflect.New(t.Elem()).Elem()
		if err := decodeValue(members.Value().Bytes(), value, name); err != nil {
			return err
		}
		decoded.SetMapIndex(members.Key(), value)
	}
	into.Set(decoded)
	return nil
}
