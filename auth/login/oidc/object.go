package oidc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// members are those of a JSON object, by their exact names.
type members map[string]json.RawMessage

// readObject returns the members of the JSON object that data is. A member that is there twice is an error: which one counts
// would depend on who reads it.
func readObject(data []byte) (members, error) {
	if !utf8.Valid(data) || !json.Valid(data) || !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		return nil, errors.New("not one JSON object")
	}
	all := members{}
	decoder := json.NewDecoder(bytes.NewReader(data))
	_, _ = decoder.Token() // the brace
	for decoder.More() {
		token, _ := decoder.Token()
		name, _ := token.(string)
		var value json.RawMessage
		_ = decoder.Decode(&value) // cannot fail: data is valid
		if _, twice := all[name]; twice {
			return nil, errors.New("member that is there twice")
		}
		all[name] = value
	}
	return all, nil
}

// get returns the member called name, nil if there is none.
func (m members) get(name string) json.RawMessage { return m[name] }

// text returns the member called name, "" if there is none. What is no string, or holds control characters, is an error.
func (m members) text(name string) (string, error) {
	value, ok := m[name]
	if !ok {
		return "", nil
	}
	var s *string
	if json.Unmarshal(value, &s) != nil || s == nil || !isClean(*s) {
		return "", fmt.Errorf("%s: no text, or with control characters", name)
	}
	return *s, nil
}

// isTrue reports whether value is the boolean true: "true" and 1 are not.
func isTrue(value json.RawMessage) bool { return string(value) == "true" }

// cleanText returns the string that value is, if it is one of 1 to most bytes without control characters; else "".
func cleanText(value json.RawMessage, most int) string {
	var s *string
	if json.Unmarshal(value, &s) != nil || s == nil || len(*s) > most || !isClean(*s) {
		return ""
	}
	return *s
}

// isClean reports whether s is UTF-8 without control characters, which end up in logs, headers and databases, and without
// what encoding/json puts in the place of half a surrogate pair.
func isClean(s string) bool {
	isUnclean := func(c rune) bool { return unicode.IsControl(c) || c == utf8.RuneError }
	return utf8.ValidString(s) && !strings.ContainsFunc(s, isUnclean)
}
