package apikey

import (
	"errors"
	"slices"
	"strings"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/wire"
)

// Refusal returns what a client is told of an error of a [Manager] or an [Access], for handlers of one's own: what
// [auth.Guard.Refuse] answers with 404 where there is no such key, or none for the client to see, and with 400 for what
// cannot be done to a key as it is, or an [InvalidError], whose fields it names. Any other error is returned as it is, since a
// guard knows what to make of it; so is nil.
func Refusal(err error) error {
	var own *auth.Error
	switch {
	case err == nil || auth.IsUnavailable(err) || errors.As(err, &own):
		return err
	case errors.Is(err, ErrNotFound):
		return wire.NotFound("API key was not found")
	case errors.Is(err, ErrRevoked):
		return wire.NotAllowed("The API key is already revoked")
	case errors.Is(err, ErrNotRevoked):
		return wire.NotAllowed("An API key that is not revoked cannot be deleted")
	case errors.Is(err, ErrDisabled):
		return wire.NotAllowed("The API key is disabled")
	case errors.Is(err, ErrExpired):
		return wire.NotAllowed("The API key has expired")
	case errors.Is(err, ErrKind):
		return wire.Invalid("Sales channels can only be associated with publishable API keys")
	}
	if fields := invalidFields(err); fields != nil {
		return invalidField(fields...)
	}
	return err
}

// invalidFields returns the fields that the errors in err are about, nil if one of them is not about a field.
func invalidFields(err error) (fields []string) {
	switch e := err.(type) { //nolint:errorlint // it goes through the tree itself
	case *InvalidError:
		return []string{e.Field}
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			found := invalidFields(part)
			if found == nil {
				return nil
			}
			fields = append(fields, found...)
		}
		return fields
	case interface{ Unwrap() error }:
		return invalidFields(e.Unwrap())
	}
	return nil
}

// musts says what fields must be. The text of an InvalidError may repeat what was sent, which no refusal in JSON does.
var musts = map[string]string{
	"title":          "be plain text of 1 to 200 characters",
	"type":           "be one of secret, publishable",
	"scopes":         "be at most 100 scopes, for secret keys, of at most 128 visible characters of ASCII each, without quotes and backslashes",
	"expires_at":     "lie ahead, and be there and not further than keys may last here",
	"metadata":       "be an object of at most 16 KiB",
	"sales_channels": "be at most 100 sales channels, for publishable keys, in plain text of at most 256 bytes each",
	"reason":         "be plain text of at most 1 KiB",
}

// invalidField returns the refusal of a request with fields that are not as they must be.
func invalidField(fields ...string) error {
	slices.Sort(fields)
	var told []string
	for _, field := range slices.Compact(fields) {
		must, ok := musts[field]
		if !ok {
			must = "be something else"
		}
		told = append(told, "Field '"+field+"' must "+must)
	}
	return wire.Invalid("Invalid request: %s", strings.Join(told, "; "))
}
