package login

import (
	"errors"
	"fmt"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// is reports whether a store said target. One that also says that a server does not answer knows nothing.
func is(err, target error) bool { return errors.Is(err, target) && !auth.IsUnavailable(err) }

func unavailable(err error) error {
	return fmt.Errorf("login: store: %w: %w", auth.ErrUnavailable, err)
}

// timestamp returns the time as every database keeps it.
func timestamp() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
