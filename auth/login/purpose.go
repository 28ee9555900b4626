package login

import (
	"errors"

	"github.com/countersign-go/countersign/auth/token"
)

const maxPurpose = 16

// A Purpose is what a one-time token is good for: 1 to 16 lower-case letters, with which the token begins. It is refused
// where another is wanted.
type Purpose string

// The purposes of a [Service], and PurposeInvite, which is for an application that lets people in by invitation. It may have
// others of its own.
const (
	PurposeReset        Purpose = "reset"        // to choose new credentials
	PurposeVerification Purpose = "verification" // to show that an Identifier is theirs
	PurposeInvite       Purpose = "invite"       // to become one of the application's actors
	PurposeState        Purpose = "state"        // to come back from a provider's pages
)

// codec returns what makes and reads the tokens of p, or an error if p is no purpose.
func (p Purpose) codec() (token.Codec, error) {
	if p == "" || len(p) > maxPurpose {
		return token.Codec{}, errPurpose
	}
	for i := range len(p) {
		if p[i] < 'a' || p[i] > 'z' {
			return token.Codec{}, errPurpose
		}
	}
	return token.NewCodec(string(p))
}

var errPurpose = errors.New("login: a purpose that is not 1 to 16 lower-case letters")

// id returns the ID of all tokens of p for subject, of which each voids the one before: 160 bits of a digest.
func (p Purpose) id(subject string) string { return digestID(string(p), subject)[:32] }
