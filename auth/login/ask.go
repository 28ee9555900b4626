package login

import (
	"context"
	"fmt"
	"path"
	"runtime"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// ask has f, which is not of this package, answer within d. Should it panic, that is its error. name says whose it is.
func ask[T any](
	ctx context.Context, d time.Duration, name string, f func(ctx context.Context) (T, error),
) (answer T, err error) {
	limited, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			var none T
			answer, err = none, panicked(name, v)
		}
	}()
	answer, err = f(limited)
	if err == nil {
		return answer, nil
	}
	if ctxErr := limited.Err(); ctxErr != nil { // whatever it made of that
		err = fmt.Errorf("login: %s: %w: %w", name, auth.ErrUnavailable, ctxErr)
	}
	var none T
	return none, err
}

// panicked returns the error that a panic with v is: of what type it was, and where. The value itself may be a secret.
func panicked(name string, v any) error {
	return fmt.Errorf("login: %s: panic with a %T %s", name, v, panickedAt())
}

// panickedAt returns where the panic was that is just recovered.
func panickedAt() string {
	var callers [32]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers[:])])
	for found := false; ; {
		frame, more := frames.Next()
		inRuntime := strings.HasPrefix(frame.Function, "runtime.")
		if found && !inRuntime {
			return fmt.Sprintf("in %s, %s:%d", frame.Function, path.Base(frame.File), frame.Line)
		}
		found = found || frame.Function == "runtime.gopanic"
		if !more {
			return "somewhere"
		}
	}
}
