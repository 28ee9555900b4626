package main

import (
	"net/http"
	"net/mail"
	"strings"
	"unicode"

	"github.com/countersign-go/countersign/auth/wire"
)

const maxField = 256 // bytes

// read reads a body. Of the query the SDK sends which fields it wants, which is up to the server.
func read(w http.ResponseWriter, r *http.Request, body any) error {
	q := wire.ParseQuery(r)
	q.Text("fields")
	if err := q.Err(); err != nil {
		return err
	}
	return wire.Decode(w, r, body)
}

// A field is some text of a body; nil if it was not there.
type field struct {
	name string
	text *string
}

// checkFields refuses text that is too long, or that could break a line.
func checkFields(fields ...field) error {
	for _, f := range fields {
		if f.text != nil && (len(*f.text) > maxField || strings.ContainsFunc(*f.text, unicode.IsControl)) {
			return wire.Invalid("Invalid request: Field '%s' must be a line of %d bytes at most", f.name, maxField)
		}
	}
	return nil
}

func isSpace(c rune) bool { return unicode.IsSpace(c) || !unicode.IsPrint(c) }

// checkEmail refuses what is no e-mail address.
func checkEmail(name, text string) error {
	if text == "" {
		return wire.Invalid("Invalid request: Field '%s' is required", name)
	}
	a, err := mail.ParseAddress(text)
	if err != nil || a.Address != text || len(text) > maxField || strings.ContainsFunc(text, isSpace) {
		return wire.Invalid("Invalid request: Field '%s' must be an e-mail address", name)
	}
	return nil
}
