package login

import (
	"context"
	"errors"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// maxTokenData bounds what is kept with a one-time token, in bytes.
const maxTokenData = 8 << 10

// A OneTimeToken is what a [TokenStore] keeps of a token that is good once, such as the one that resets a password.
type OneTimeToken struct {
	ID      string        // public; the same for all tokens of which one voids the others
	Digest  token.Digest  // of the token
	Data    auth.Metadata // what it is good for
	Expires time.Time     // in whole microseconds
}

// Check returns an error if a [TokenStore] cannot be expected to keep t: the ID passes [token.IsID], the digest is not
// zero, Data has 8 KiB of JSON at most, without NUL, and Expires is in the years from 1970 to 9999.
func (t OneTimeToken) Check() error {
	if !token.IsID(t.ID) || t.Digest == (token.Digest{}) {
		return errors.New("login: a one-time token without a usable ID or a digest")
	}
	size := 0
	if err := errors.Join(checkObject(&size, t.Data), checkTime(t.Expires, false)); err != nil {
		return err
	}
	if size > maxTokenData {
		return errors.New("login: a one-time token with more than 8 KiB of data")
	}
	return nil
}

// A TokenStore keeps one-time tokens. What [Store] says of its methods in general holds for these. Package store/storetest has
// the suite that it must pass.
type TokenStore interface {
	// Put keeps t, in the place of the one with its ID, if there is one: that is void now. It refuses what
	// [OneTimeToken.Check] refuses.
	Put(ctx context.Context, t OneTimeToken) error

	// Get returns the token, or ErrNotFound if there is none or it has expired: its Expires is not after now.
	Get(ctx context.Context, id string, now time.Time) (OneTimeToken, error)

	// Consume removes the token with that ID and that digest, and returns it. It returns ErrNotFound, and removes nothing, if
	// there is none, it has another digest, or it has expired at now. Of many who call it at once exactly one gets the
	// token. Whoever did not get the answer does not get the token: it is used up.
	Consume(ctx context.Context, id string, digest token.Digest, now time.Time) (OneTimeToken, error)

	// Delete removes the token with the ID, whatever its digest. Where there is none it returns nil.
	Delete(ctx context.Context, id string) error
}
