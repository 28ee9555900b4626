package wire

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds how many objects and arrays may be within one another.
const maxDepth = 32

// scan returns what is wrong with JSON that encoding/json would let pass, and that others might read otherwise.
func scan(data []byte) error {
	if !json.Valid(data) {
		return Invalid("Invalid request: The body is not valid JSON")
	}
	s := scanner{json.NewDecoder(bytes.NewReader(data))}
	s.tokens.UseNumber()
	return s.value(0)
}

// A scanner goes through a text that is known to be valid JSON.
type scanner struct{ tokens *json.Decoder }

// value looks at the next value, which is depth levels within others.
func (s scanner) value(depth int) error {
	switch token := s.token().(type) {
	case string:
		return checkText(token)
	case json.Delim:
		if depth == maxDepth {
			return Invalid("Invalid request: The body has more than %d levels", maxDepth)
		}
		return s.inside(token, depth+1)
	}
	return nil
}

// inside looks at what is in an object or an array.
func (s scanner) inside(open json.Delim, depth int) error {
	seen := map[string]bool{}
	for s.tokens.More() {
		if open == '{' {
			name, _ := s.token().(string)
			if err := checkText(name); err != nil {
				return err
			}
			if seen[name] {
				return Invalid("Invalid request: Field '%s' is there twice", shown(name))
			}
			seen[name] = true
		}
		if err := s.value(depth); err != nil {
			return err
		}
	}
	s.token()
	return nil
}

func (s scanner) token() json.Token {
	token, _ := s.tokens.Token() // cannot fail: the text is valid
	return token
}

// checkText refuses what encoding/json makes of bytes that are not UTF-8, and of half a surrogate pair.
func checkText(text string) error {
	if strings.ContainsRune(text, utf8.RuneError) {
		return Invalid("Invalid request: The body has text that is not Unicode")
	}
	return nil
}
