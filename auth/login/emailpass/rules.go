package emailpass

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/countersign-go/countersign/auth/wire"
)

// rules say what a new password may be: NIST SP 800-63B-4 section 3.1.1.2. There are none about its composition.
type rules struct {
	minLength int
	refuse    func(ctx context.Context, password string) (reason string, err error)
}

// check returns what is wrong with a new password of the account, in words for its owner.
func (r rules) check(ctx context.Context, entityID, password string) error {
	if reason := r.fault(entityID, password); reason != "" {
		return refused(reason)
	}
	if r.refuse == nil {
		return nil
	}
	reason, err := r.refuse(ctx, password)
	if err != nil {
		return fmt.Errorf("emailpass: Refuse: %w", err)
	}
	if reason != "" {
		return refused(reason)
	}
	return nil
}

func refused(reason string) error {
	return wire.Invalid("Invalid request: Field 'password' %s", reason)
}

func (r rules) fault(entityID, password string) string {
	local, _, _ := strings.Cut(entityID, "@")
	// Whole passwords are compared, NIST has it: there may be anything in a longer one.
	listed := func(s string) bool { return isCommon(s) || s == entityID || s == local }
	lower := strings.ToLower(password)
	switch {
	case len(password) > maxPassword:
		return fmt.Sprintf("must have at most %d bytes", maxPassword)
	case !utf8.ValidString(password):
		return "must be UTF-8"
	case utf8.RuneCountInString(password) < r.minLength:
		return fmt.Sprintf("must have at least %d characters", r.minLength)
	case lower == entityID || lower == local:
		return "must not be the e-mail address or a part of it"
	case listed(lower):
		return "is one of the passwords that are guessed first"
	case isRepetition(lower, listed):
		return "only repeats something that is guessed first"
	}
	return ""
}

// isRepetition reports whether s is a unit over and over, which is as easily guessed as the unit: fewer than 8 characters, at
// least twice, or something that is listed. That makes up for lists of common passwords, in which few are long.
func isRepetition(s string, listed func(string) bool) bool {
	for n := 1; n < len(s); n++ {
		if strings.HasPrefix(s, s[n:]) { // the shortest unit, of which the last may be cut
			return n <= len(s)/2 && utf8.RuneCountInString(s[:n]) < minMinLength || listed(s[:n])
		}
	}
	return false
}
