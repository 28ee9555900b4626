package jwks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// eachMember calls f with the members of the JSON object that data is, in their order. A member that is there twice is
// an error, also in another case: which one counts would depend on who reads it.
func eachMember(data []byte, f func(name string, value json.RawMessage) error) error {
	if !utf8.Valid(data) || !json.Valid(data) || !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		return errors.New("not one JSON object")
	}
	seen := map[string]bool{}
	members := json.NewDecoder(bytes.NewReader(data))
	_, _ = members.Token() // the brace
	for members.More() {
		token, _ := members.Token()
		name, _ := token.(string)
		var value json.RawMessage
		_ = members.Decode(&value) // cannot fail: data is valid
		if seen[fold(name)] {
			return errors.New("member that is there twice")
		}
		seen[fold(name)] = true
		if err := f(name, value); err != nil {
			return err
		}
	}
	return nil
}

// fold makes names equal that encoding/json takes for the same, which goes as far as ſ for s.
func fold(name string) string { return strings.ToLower(strings.ToUpper(name)) }

// maxText bounds a member, in bytes: base64url of 16384 bits.
const maxText = 2731

// text returns the string that value is. What cannot be meant is an error: an empty one, control characters (line breaks
// are skipped by encoding/base64), half a surrogate pair.
func text(name string, value json.RawMessage) (string, error) {
	var s *string
	if json.Unmarshal(value, &s) != nil || s == nil || *s == "" || len(*s) > maxText ||
		strings.ContainsFunc(*s, unicode.IsControl) || strings.ContainsRune(*s, utf8.RuneError) {
		return "", fmt.Errorf("member %q that is not a string, or is empty, too long or garbled", name)
	}
	return *s, nil
}

// texts returns the strings in the array that value is.
func texts(name string, value json.RawMessage) ([]string, error) {
	var list []string
	if json.Unmarshal(value, &list) != nil || list == nil || slices.Contains(list, "") {
		return nil, fmt.Errorf("member %q that is not an array of strings", name)
	}
	return list, nil
}
