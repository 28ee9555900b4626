package auth

import (
	"context"
	"fmt"
	"net/http"
	"reflect"

	"github.com/countersign-go/countersign/auth/internal/testhook"
)

// FromContext returns the AuthContext that the innermost guard attached to a request's context. It is false for a
// request that [Guard.Optional] let pass as anonymous, and where there was no guard.
func FromContext(ctx context.Context) (AuthContext, bool) {
	if p, ok := ctx.Value(contextKey{}).(*passage); ok {
		if p.verdict.ac == nil {
			return AuthContext{}, false
		}
		return *p.verdict.ac.clone(), true
	}
	if ac := fromTest(ctx); ac != nil {
		return *ac, true
	}
	return AuthContext{}, false
}

// fromTest returns what authtest attached: nil in every program that is not a test.
func fromTest(ctx context.Context) *AuthContext {
	if !testhook.Enabled {
		return nil
	}
	if ac, ok := ctx.Value(testhook.Key{}).(*AuthContext); ok {
		return ac.clone()
	}
	return nil
}

type (
	contextKey struct{}           // finds the innermost passage
	guardKey   struct{ g *Guard } // finds the innermost passage of one guard
)

// A passage is the context of a request that a guard let pass. It is the only thing that either key finds, and no other
// package can make one.
type passage struct {
	context.Context
	guard   *Guard
	method  string
	header  http.Header // of the request; kept, so that no other request gets its address
	verdict verdict

	cacheControl [1]string // what keepPrivate sets, in the same allocation
}

// Value returns p for its own keys, so that one allocation holds the context and its value.
func (p *passage) Value(key any) any {
	switch k := key.(type) {
	case contextKey:
		return p
	case guardKey:
		if k.g == p.guard {
			return p
		}
	}
	return p.Context.Value(key)
}

// Format keeps the identity out of what prints a context, whatever the verb.
func (p *passage) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "%v.auth", p.Context) }

// isFor reports whether r is the request that p was made for, or a copy of it by http.Request.WithContext.
func (p *passage) isFor(r *http.Request) bool {
	same := reflect.ValueOf(p.header).Pointer() == reflect.ValueOf(r.Header).Pointer()
	return same && r.Header != nil && p.method == r.Method
}
