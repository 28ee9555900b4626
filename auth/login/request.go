package login

import (
	"context"
	"errors"
	"net/http"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/wire"
)

// A Request is what a [Provider] is asked. A [Service] makes it; it is for one call, and no more is promised of it when that
// has returned.
type Request struct {
	ActorType string // whom they want to log in as, such as "customer"
	// HTTP is the request itself: for its header, its cookies and its address. Its body has been read.
	HTTP *http.Request

	fields   func(name string) (value any, ok bool)
	accounts accounts
}

// accounts are what a Request asks for its provider.
type accounts interface {
	find(ctx context.Context, entityID string) (ProviderIdentity, error)
	keepState(ctx context.Context, data auth.Metadata) (string, error)
	takeState(ctx context.Context, state string) (auth.Metadata, error)
}

var errNoService = errors.New("login: a Request that no Service made")

// Text returns the member of the JSON body called name; "" if there is none, or null. If the method is GET, and the provider a
// [Callbacker], it is the parameter of the query: others get nothing from there, since URLs are no place for a password. What
// is no string, and a parameter that is there twice, is refused with 400.
func (r *Request) Text(name string) (string, error) {
	if r.fields == nil {
		return "", errNoService
	}
	value, ok := r.fields(name)
	if !ok || value == nil {
		return "", nil
	}
	text, ok := value.(string)
	if !ok {
		return "", wire.Invalid("Invalid request: Field '%s' must be a string", name)
	}
	return text, nil
}

// Find returns what is kept of an entity of this provider, or [ErrNotFound]: that is also said of one that is disabled, and of
// what nobody can be known by, such as text that is empty or too long. It counts as an attempt to log in to the account,
// whether there is one or not: its error may be a 429 that is to be passed on. A provider that compares secrets calls it
// before, once, does the same work if there is none, and then answers with [Reject] in both cases: ErrNotFound itself would
// be 500.
func (r *Request) Find(ctx context.Context, entityID string) (ProviderIdentity, error) {
	if r.accounts == nil {
		return ProviderIdentity{}, errNoService
	}
	return r.accounts.find(ctx, entityID)
}

// KeepState keeps data until the browser comes back, and returns what names it: good once, for this provider and actor type,
// for some minutes, and in this browser alone where browsers keep cookies of this server.
func (r *Request) KeepState(ctx context.Context, data auth.Metadata) (state string, err error) {
	if r.accounts == nil {
		return "", errNoService
	}
	return r.accounts.keepState(ctx, data)
}

// TakeState returns what KeepState kept, once. A state that is no good is refused with 401.
func (r *Request) TakeState(ctx context.Context, state string) (auth.Metadata, error) {
	if r.accounts == nil {
		return auth.Metadata{}, errNoService
	}
	return r.accounts.takeState(ctx, state)
}
