package jwtx

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// text returns the string that value is, if it is one without control characters, which end up in logs and databases.
// Values are JSON texts that a scanner passed over, or "" where there was none.
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
