package jwtx

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
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

// escape returns the character of the escape sequence that s begins with, and the length of the sequence: 0 if it is
// none, or one half of a surrogate pair.
func escape(s string) (r rune, size int) {
	if len(s) < 2 {
		return 0, 0
	}
	if s[1] == 'u' {
		return escapeU(s)
	}
	if i := strings.IndexByte(`"\/bfnrt`, s[1]); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), 2
	}
	return 0, 0
}

func escapeU(s string) (r rune, size int) {
	r, ok := hex4(s)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if low, ok := hex4(s[6:]); ok {
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return 0, 0
}

// hex4 reads the \uXXXX that s begins with.
func hex4(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var r rune
	for i := 2; i < 6; i++ {
		digit := strings.IndexByte("0123456789abcdef", s[i]|0x20)
		if digit < 0 || s[i] < '0' {
			return 0, false
		}
		r = r<<4 | rune(digit)
	}
	return r, true
}

// unescape returns what the inside of a string that the scanner passed over stands for.
func unescape(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			i = len(s)
		}
		b.WriteString(s[:i])
		if s = s[i:]; s != "" {
			r, size := escape(s)
			b.WriteRune(r)
			s = s[size:]
		}
	}
	return b.String()
}

// asText returns the string that the value of the current member is, as text does.
func (s *scanner) asText() (string, error) {
	if s.plain && s.value[0] == '"' {
		return s.value[1 : len(s.value)-1], nil
	}
	return text(s.value)
}

// text returns the string that value is, if it is one without control characters, which end up in logs and databases.
func text(value string) (string, error) {
	if value == "" || value[0] != '"' {
		return "", errValue
	}
	s := value[1 : len(value)-1]
	if isPlain(s) {
		return s, nil
	}
	if s = unescape(s); strings.ContainsFunc(s, isControl) {
		return "", errValue
	}
	return s, nil
}

func isControl(r rune) bool { return r < ' ' || 0x7f <= r && r < 0xa0 }

// texts returns the strings in value, which is an array of them.
func texts(value string) ([]string, error) {
	if value == "" || value[0] != '[' {
		return nil, errValue
	}
	all := make([]string, 0, strings.Count(value, ",")+1)
	err := elements(value, func(element string) error {
		s, err := text(element)
		all = append(all, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// elements calls f with the text of each element of value, an array that the scanner passed over.
func elements(value string, f func(element string) error) error {
	s := scanner{text: value, at: 1}
	for s.space(); !s.take(']'); s.space() {
		s.take(',')
		s.space()
		start := s.at
		s.any(1)
		if err := f(s.text[start:s.at]); err != nil {
			return err
		}
	}
	return nil
}

// number returns the finite number that value is.
func number(value string) (float64, error) {
	if value == "" || (value[0] != '-' && (value[0] < '0' || value[0] > '9')) {
		return 0, errValue
	}
	f, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return 0, errValue
	}
	return f, nil
}
