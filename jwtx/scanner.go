package jwtx

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxDepth   = 32 // of nested values, the object itself included
	maxMembers = 64 // of the object itself
)

var (
	errJSON  = errors.New("not one JSON object, or one that is read in several ways")
	errValue = errors.New("of the wrong type, or out of range")
)

// A scanner reads the members of one JSON object in one pass, and is stricter than encoding/json, which reads such texts
// in ways that others do not: names are compared exactly and occur once, text is UTF-8 without lone surrogates, nothing
// follows the object, depth and members are bounded.
type scanner struct {
	text  string
	at    int
	n     int        // members so far
	marks uint64     // of their names
	few   [16]string // the names of the first: most objects need no allocation for them
	more  []string   // and those of the others
	err   error

	name  string // of the current member, unescaped
	value string // its text, which is valid JSON
	plain bool   // the string that was passed over last means what it says
}

// next advances to the next member. It is false at the end of the object, and where text is not one: then err is set.
func (s *scanner) next() bool {
	if s.err == nil && !s.member() && s.err == nil {
		s.space()
		if s.at != len(s.text) {
			s.err = errJSON
		}
		return false
	}
	return s.err == nil
}

// member reads a member, or the end of the object, upon which it is false.
func (s *scanner) member() bool {
	s.space()
	first := s.n == 0
	if first && !s.take('{') {
		s.err = errJSON
		return false
	}
	s.space()
	if s.take('}') {
		return false
	}
	if !first && !s.take(',') {
		s.err = errJSON
		return false
	}
	s.space()
	name, ok := s.string()
	if !ok {
		s.err = errJSON
		return false
	}
	if name = name[1 : len(name)-1]; !s.plain {
		name = unescape(name)
	}
	s.space()
	colon := s.take(':')
	s.space()
	start := s.at
	if !colon || !s.any(2) || !s.add(name) {
		s.err = errJSON
		return false
	}
	s.value = s.text[start:s.at]
	return true
}

// add makes name that of the current member, unless it was there before or is one too many.
func (s *scanner) add(name string) bool {
	if s.n == maxMembers || s.has(name) {
		return false
	}
	if s.n < len(s.few) {
		s.few[s.n] = name
	} else {
		s.more = append(s.more, name)
	}
	s.n++
	s.name = name
	return true
}

// has reports whether name was there before. Most names are told apart by their mark, without comparing them to others.
func (s *scanner) has(name string) bool {
	mark := uint64(1)
	if name != "" {
		mark <<= (len(name) ^ int(name[0])<<1 ^ int(name[len(name)-1])<<3) & 63
	}
	if s.marks&mark == 0 {
		s.marks |= mark
		return false
	}
	return slices.Contains(s.few[:min(s.n, len(s.few))], name) || slices.Contains(s.more, name)
}

func (s *scanner) space() {
	for s.at < len(s.text) {
		ch := s.text[s.at]
		if ch > ' ' || ch != ' ' && ch != '\t' && ch != '\n' && ch != '\r' {
			return
		}
		s.at++
	}
}

func (s *scanner) take(ch byte) bool {
	if s.at < len(s.text) && s.text[s.at] == ch {
		s.at++
		return true
	}
	return false
}

// any passes over one value at the given depth, and reports whether it is one.
func (s *scanner) any(depth int) bool {
	if s.at == len(s.text) || depth > maxDepth {
		return false
	}
	switch s.text[s.at] {
	case '{':
		return s.list('}', depth, true)
	case '[':
		return s.list(']', depth, false)
	case '"':
		_, ok := s.string()
		return ok
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	}
	return s.number()
}

// list passes over an array, or an object if its values are named.
func (s *scanner) list(end byte, depth int, named bool) bool {
	s.at++
	s.space()
	if s.take(end) {
		return true
	}
	for {
		s.space()
		if named {
			if _, ok := s.string(); !ok {
				return false
			}
			s.space()
			if !s.take(':') {
				return false
			}
			s.space()
		}
		if !s.any(depth + 1) {
			return false
		}
		s.space()
		if s.take(end) {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

func (s *scanner) word(word string) bool {
	if !strings.HasPrefix(s.text[s.at:], word) {
		return false
	}
	s.at += len(word)
	return true
}

func (s *scanner) number() bool {
	s.take('-')
	if !s.take('0') && !s.digits() {
		return false
	}
	if s.take('.') && !s.digits() {
		return false
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		return s.digits()
	}
	return true
}

func (s *scanner) digits() bool {
	start := s.at
	for s.at < len(s.text) && '0' <= s.text[s.at] && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at > start
}

// string passes over a string and returns its text with the quotes.
func (s *scanner) string() (quoted string, ok bool) {
	start := s.at
	if !s.take('"') {
		return "", false
	}
	s.at += plainPrefix(s.text[s.at:])
	s.plain = s.take('"')
	if !s.plain && !s.rest() {
		return "", false
	}
	return s.text[start:s.at], true
}

// rest passes over what is left of a string that is not plain.
func (s *scanner) rest() bool {
	for s.at < len(s.text) {
		switch ch := s.text[s.at]; {
		case ch == '"':
			s.at++
			return true
		case ch == '\\':
			_, size := escape(s.text[s.at:])
			if size == 0 {
				return false
			}
			s.at += size
		case ch < ' ':
			return false
		default:
			r, size := utf8.DecodeRuneInString(s.text[s.at:])
			if r == utf8.RuneError && size == 1 {
				return false
			}
			s.at += size
		}
	}
	return false
}

// plain are the characters that a string may hold as they are, and that mean nothing but themselves: ASCII that prints,
// but for quotes and backslashes.
var plain = func() (table [256]bool) {
	for ch := ' '; ch < 0x7f; ch++ {
		table[ch] = ch != '"' && ch != '\\'
	}
	return table
}()

// plainPrefix returns how many characters s begins with that are plain.
func plainPrefix(s string) int {
	for i := range len(s) {
		if !plain[s[i]] {
			return i
		}
	}
	return len(s)
}

func isPlain(s string) bool { return plainPrefix(s) == len(s) }

// asText returns the string that the value of the current member is, as text does.
func (s *scanner) asText() (string, error) {
	if s.plain && s.value[0] == '"' {
		return s.value[1 : len(s.value)-1], nil
	}
	return text(s.value)
}
