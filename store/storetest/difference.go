package storetest

import (
	"bytes"
	"encoding"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// difference says which fields of got are not as in want, and returns nil if none. It looks at all fields that there are,
// so that one which is added to a record is not forgotten here.
func difference(got, want any) error {
	return errors.Join(differences("", reflect.ValueOf(got), reflect.ValueOf(want))...)
}

func differences(path string, got, want reflect.Value) (errs []error) {
	_, isLeaf := want.Interface().(json.Marshaler)         // a time, a set, metadata
	_, isAddr := want.Interface().(encoding.TextMarshaler) // an IP
	isLeaf = isLeaf || isAddr
	switch {
	case !isLeaf && want.Kind() == reflect.Struct:
		for i := range want.NumField() {
			errs = append(errs, differences(path+"."+want.Type().Field(i).Name, got.Field(i), want.Field(i))...)
		}
		return errs
	case !isLeaf && want.Kind() == reflect.Slice && got.Len() == want.Len():
		for i := range want.Len() {
			errs = append(errs, differences(fmt.Sprintf("%s[%d]", path, i), got.Index(i), want.Index(i))...)
		}
		return errs
	}
	if g, w := plain(got.Interface()), plain(want.Interface()); !reflect.DeepEqual(g, w) {
		return []error{fmt.Errorf("%s is %s, want %s", path[1:], show(g), show(w))}
	}
	return nil
}

// plain returns what of v must come back from a store, in a form that can be compared and shown.
func plain(v any) any {
	switch v := v.(type) {
	case time.Time: // the instant, whatever the zone
		return v.UTC().Format(time.RFC3339Nano)
	case auth.Set:
		return slices.Collect(v.All())
	case auth.Metadata: // the JSON value, however it is written
		return jsonValue(v)
	case token.Digest:
		return hex.EncodeToString(v[:])
	case token.Secret: // whose text is one that a suite has made up
		return v.Reveal()
	}
	return v
}

func jsonValue(m auth.Metadata) (value any) {
	text, err := m.MarshalJSON()
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // or large numbers that differ would be the same
	if err := d.Decode(&value); err != nil {
		return err
	}
	return value
}

func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
