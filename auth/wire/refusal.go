package wire

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/countersign-go/countersign/auth"
)

// Invalid returns the refusal of a request that cannot be understood, or that asks for what cannot be: 400 and
// "invalid_data". The client is told the text, so it may name a field and must not repeat its value.
func Invalid(format string, args ...any) error {
	return refusal(http.StatusBadRequest, "invalid_data", format, args)
}

// NotAllowed returns the refusal of a request that could be granted to nobody as things are: 400 and "not_allowed". The
// client is told the text.
func NotAllowed(format string, args ...any) error {
	return refusal(http.StatusBadRequest, "not_allowed", format, args)
}

// NotFound returns the refusal of a request for what is not there, or not for this client to see: 404 and "not_found".
// The client is told the text, which should be the same for both.
func NotFound(format string, args ...any) error {
	return refusal(http.StatusNotFound, "not_found", format, args)
}

func refusal(status int, kind, format string, args []any) error {
	return &auth.Error{Status: status, Type: kind, Message: fmt.Sprintf(format, args...)}
}

// maxShown is shorter than every secret that a client may have put where a name should be.
const maxShown = 40

// shown returns name, or something in its place if it is not like the names of fields are.
func shown(name string) string {
	const others = "_-.$[]"
	if name == "" || len(name) > maxShown || strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune(others, c)
	}) {
		return "…"
	}
	return name
}
