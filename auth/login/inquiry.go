package login

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// An inquiry is what a provider is asked about one request, and what is learned on the way.
type inquiry struct {
	s       *Service
	w       http.ResponseWriter // nil outside of the HTTP API
	r       *http.Request
	kind    string // the type of actor
	method  Method
	fields  func(name string) (any, bool)
	attempt attempt // of the account that was looked for, if one was

	registers bool                    // it is a registration
	counted   bool                    // as an attempt
	began     []netip.Addr            // where the flows were begun that end here
	found     map[string]AuthIdentity // what Find has shown, by entity
}

func (s *Service) inquire(
	w http.ResponseWriter, r *http.Request, kind string, m Method, fields func(string) (any, bool),
) *inquiry {
	return &inquiry{
		s: s, w: w, r: r, kind: kind, method: m, fields: fields,
		attempt: attempt{client: s.client(r), device: s.device(r)}, found: map[string]AuthIdentity{},
	}
}

func (s *Service) client(r *http.Request) netip.Addr {
	return auth.ClientIP(r, s.config.TrustedProxies)
}

// account names what is counted for an entity of a method.
func account(m Method, entityID string) string { return m.ID + "\x00" + entityID }

func (q *inquiry) request() *Request {
	return &Request{ActorType: q.kind, HTTP: q.r, fields: q.fields, accounts: q}
}

// outcome has one of the provider's methods answer. What it says counts as an attempt before anybody learns of it.
func (q *inquiry) outcome(f func(context.Context, *Request) (Outcome, error)) (Outcome, error) {
	out, err := askProvider(q, func(ctx context.Context) (Outcome, error) { return f(ctx, q.request()) })
	if err := q.count(q.r.Context()); err != nil {
		return Outcome{}, err
	}
	if err != nil {
		return Outcome{}, err
	}
	return out, q.check(out)
}

// askProvider is ask for the provider of q.
func askProvider[T any](q *inquiry, f func(ctx context.Context) (T, error)) (T, error) {
	return ask(q.r.Context(), q.s.config.ProviderTimeout, "provider "+q.method.ID, f)
}

// count counts an attempt from this network, unless this one was counted already.
func (q *inquiry) count(ctx context.Context) error {
	if q.counted {
		return nil
	}
	q.counted = true
	return q.s.throttle.try(ctx, attempt{client: q.attempt.client})
}

// find returns what is kept of an entity, and counts an attempt on it, whether there is one or not.
func (q *inquiry) find(ctx context.Context, entityID string) (ProviderIdentity, error) {
	a := q.attempt
	a.account = account(q.method, entityID)
	if err := q.s.throttle.try(ctx, a); err != nil {
		q.counted = true // or turned away, which need not be counted again
		return ProviderIdentity{}, err
	}
	q.counted, q.attempt = true, a
	i, err := q.s.find(ctx, q.method.ID, entityID)
	if err == nil && i.Disabled() {
		err = ErrNotFound
	}
	if err != nil {
		return ProviderIdentity{}, err
	}
	q.found[entityID] = i
	p, _ := i.By(q.method.ID, entityID)
	return p, nil
}

// succeeded is for an attempt that was a log-in as an entity: it is forgotten, and the browser is known from now on.
func (q *inquiry) succeeded(ctx context.Context, entityID string) error {
	if !q.triedOn(entityID) {
		return q.forgive(ctx, entityID)
	}
	device, err := q.s.throttle.succeeded(ctx, q.attempt)
	q.keepDevice(device)
	return err
}

// forgive forgets an attempt that was right about an entity, and that is all. Others are not forgotten: a registration, and what
// was tried on another account.
func (q *inquiry) forgive(ctx context.Context, entityID string) error {
	switch {
	case q.registers:
		return nil
	case q.triedOn(entityID):
		_, _, err := q.s.throttle.forgive(ctx, q.attempt)
		return err
	case q.attempt.account != "":
		return nil
	}
	for _, client := range append(q.began, q.attempt.client) {
		if err := q.s.throttle.takeBack(ctx, client); err != nil {
			return err
		}
	}
	return nil
}

// renewed is for an entity that has new credentials: the browser is known from now on, and no other.
func (q *inquiry) renewed(ctx context.Context, entityID string) error {
	a := q.attempt
	a.account = account(q.method, entityID)
	device, err := q.s.throttle.renewed(ctx, a)
	q.keepDevice(device)
	return err
}

// keepDevice has the browser keep a device, unless that is "".
func (q *inquiry) keepDevice(device string) {
	if device != "" && q.w != nil {
		q.s.setCookie(q.w, deviceCookie, device, deviceAge)
	}
}

// triedOn reports whether the attempt was counted as one on an entity.
func (q *inquiry) triedOn(entityID string) bool {
	return !q.registers && q.attempt.account == account(q.method, entityID)
}

// sameSecret reports whether a and b are the same, in constant time.
func sameSecret(a, b token.Secret) bool { return a.Digest().Equal(b.Digest()) }
