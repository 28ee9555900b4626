package authtest

import (
	"context"
	"net/http"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/internal/testhook"
)

func init() { testhook.Enabled = testing.Testing() }

// As returns r as a request that is already authenticated as ac. Guards do not ask their schemes about it, nor what
// [auth.Then] adds to them: attach that to ac. Everything else is real: rules are enforced, refusals are answered, and
// a handler finds ac, also one that has no guard before it.
//
// As panics outside of a test, so that no program can let a request in by it.
func As(r *http.Request, ac auth.AuthContext) *http.Request {
	if !testing.Testing() {
		panic("authtest: As: not in a test")
	}
	return r.WithContext(context.WithValue(r.Context(), testhook.Key{}, &ac))
}
