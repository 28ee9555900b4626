package session

import (
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxHeader is how much of a User-Agent is looked at, in bytes.
const maxHeader = 4 * maxName

// userAgent returns the User-Agent of r as a record may hold it and a page may show it: UTF-8 without what cannot be seen, cut
// at 256 bytes.
func userAgent(r *http.Request) string {
	raw := r.UserAgent()
	raw = strings.ToValidUTF8(raw[:min(len(raw), maxHeader)], "")
	clean := strings.Map(func(c rune) rune {
		if !unicode.IsGraphic(c) {
			return -1
		}
		return c
	}, raw)
	if len(clean) <= maxName {
		return clean
	}
	end := maxName
	for !utf8.RuneStart(clean[end]) {
		end--
	}
	return clean[:end]
}
