package apikey

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/countersign-go/countersign/auth"
)

const publishableHeader = "X-Publishable-Api-Key"

var (
	errNoPublishable = &auth.Error{
		Status: http.StatusBadRequest,
		Type:   "not_allowed",
		Message: "Publishable API key required in the request header: x-publishable-api-key. " +
			"You can manage your keys in settings in the dashboard.",
	}
	errBadPublishable = &auth.Error{
		Status:  http.StatusBadRequest,
		Type:    "not_allowed",
		Message: "A valid publishable key is required to proceed with the request",
	}
)

// Publishable returns the middleware that wants a publishable key in the field X-Publishable-Api-Key, once, and hands it to
// the handler, see [PublishableKey]. A request without one, or with one that is no good, is answered with 400, one whose key
// could not be looked up with 503, in the way of guard. It proves nothing about who sent the request, which is for
// [auth.Guard.Require] to find out; nor is [Config.Allowed] asked about its owner, since it grants nothing. Publishable
// panics if guard is nil.
func (m *Manager) Publishable(guard *auth.Guard) func(http.Handler) http.Handler {
	if guard == nil {
		panic("apikey: Publishable: nil Guard")
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			k, err := m.publishable(r)
			if err != nil {
				guard.Refuse(w, r, err)
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), publishableContextKey{}, k)))
		})
	}
}

// publishable returns the key of r.
func (m *Manager) publishable(r *http.Request) (Key, error) {
	fields := r.Header[publishableHeader]
	if len(fields) == 0 || len(fields) == 1 && fields[0] == "" {
		return Key{}, errNoPublishable
	}
	if len(fields) > 1 {
		return Key{}, errBadPublishable
	}
	e, err := m.verify(r.Context(), Publishable, fields[0])
	if is(err, auth.ErrInvalidCredentials) {
		no := *errBadPublishable
		no.Err = errors.New(err.Error()) // not wrapped: it is no log-in that failed
		return Key{}, &no
	}
	if err != nil {
		return Key{}, err
	}
	m.uses.add(e.key.ID, auth.ClientIP(r, m.config.TrustedProxies), time.Now())
	return e.key, nil
}

type publishableContextKey struct{}

// PublishableKey returns the key that [Manager.Publishable] found in the request with the context: what a handler reads its
// Channels from. It is false where that middleware was not in the way.
func PublishableKey(ctx context.Context) (Key, bool) {
	k, ok := ctx.Value(publishableContextKey{}).(Key)
	return k, ok
}
