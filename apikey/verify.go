package apikey

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

const (
	// ActorType is the type of the actor that a request with a key acts as; the actor's ID is the key's. Whose key it is
	// says [Key.Owner].
	ActorType = "api-key"

	schemeName = "api-key"
)

// Recognizes reports whether text begins like a secret key of this manager, see [auth.Recognizer].
func (m *Manager) Recognizes(text string) bool { return m.secrets.Recognizes(text) }

// VerifyToken returns the context of the secret key that c holds: the actor is the key itself, and [auth.Value] finds the
// [Key]. Its scopes are those that the owner has, too, where [Config] says how to find that out. With a cache the context is
// shared with other requests: who wants to change it, does so in [auth.Then], which has a copy.
//
// A key from a source that has had more than Config.MaxMisses is an [*auth.Error] of status 429.
func (m *Manager) VerifyToken(ctx context.Context, c auth.Credential) (*auth.AuthContext, error) {
	ip := c.ClientIP(m.config.TrustedProxies)
	e, err := m.verifyFrom(ctx, ip, c.Token)
	if err != nil {
		return nil, err
	}
	ac := &e.ac
	if m.config.Allowed != nil {
		if ac, err = m.limit(ctx, e); err != nil {
			return nil, err
		}
	}
	m.uses.add(e.key.ID, ip, time.Now())
	return ac, nil
}

// verifyFrom is verify for a secret key, unless there were too many that were no good from the same source. Junk counts for
// nothing: it costs nothing.
func (m *Manager) verifyFrom(ctx context.Context, ip netip.Addr, text string) (*entry, error) {
	if m.misses == nil {
		return m.verify(ctx, Secret, text)
	}
	if _, err := m.secrets.Parse(text); err != nil {
		return nil, errMalformed
	}
	from, digest := source(ip), token.Sum(text)
	if err := m.misses.refuse(from, digest, time.Now()); err != nil {
		return nil, err
	}
	e, err := m.verify(ctx, Secret, text)
	if err == nil || is(err, auth.ErrInvalidCredentials) {
		m.misses.note(from, digest, err == nil, time.Now())
	}
	return e, err
}

// Made once: junk is cheap to turn away. errUnknown does not tell whether there is a key with the ID.
var (
	errMalformed = fmt.Errorf("apikey: %w: %w", auth.ErrInvalidCredentials, token.ErrMalformed)
	errUnknown   = fmt.Errorf("apikey: %w: unknown key", auth.ErrInvalidCredentials)
)

// verify returns what is known of the key with that text, if it is of the kind and may be used now.
func (m *Manager) verify(ctx context.Context, kind Kind, text string) (*entry, error) {
	id, err := m.codec(kind).Parse(text)
	if err != nil {
		return nil, errMalformed
	}
	digest, began := token.Sum(text), time.Now()
	e, generation := m.cache.get(digest, began)
	cached := e != nil
	if !cached {
		k, err := m.get(ctx, id)
		switch {
		case is(err, ErrNotFound):
			return nil, errUnknown
		case err != nil:
			return nil, err
		case !k.Digest.Equal(digest) || k.Kind != kind || k.Environment != m.config.Environment:
			return nil, errUnknown
		}
		e = newEntry(k)
	}
	if !e.key.Live(time.Now()) {
		return nil, fmt.Errorf("apikey: %w: %s has expired, or is disabled or revoked", auth.ErrInvalidCredentials, id)
	}
	if !cached {
		m.cache.put(e, began, generation)
	}
	return e, nil
}

func newEntry(k Key) *entry {
	e := &entry{key: k, ac: auth.AuthContext{
		Actor:        auth.Actor{Type: ActorType, ID: k.ID},
		Scheme:       schemeName,
		CredentialID: k.ID,
		Scopes:       k.Scopes,
		Expires:      k.ExpiresAt,
	}}
	if end := k.Revocation.Until; !end.IsZero() && (k.ExpiresAt.IsZero() || end.Before(k.ExpiresAt)) {
		e.ac.Expires = end
	}
	e.ac.Attach(k)
	return e
}

// limit returns the context of a key with the scopes that its owner has now.
func (m *Manager) limit(ctx context.Context, e *entry) (*auth.AuthContext, error) {
	t := auth.NewTimeout(ctx, m.config.StoreTimeout)
	defer t.Stop()
	allowed, err := m.config.Allowed(t, e.key.Owner)
	switch {
	case is(err, auth.ErrInvalidCredentials):
		// Not wrapped: it decides about the owner, and not about the status.
		return nil, fmt.Errorf("apikey: %w: the owner of %s: %v", auth.ErrInvalidCredentials, e.key.ID, err) //nolint:errorlint // see above
	case err != nil:
		return nil, fmt.Errorf("apikey: the owner of %s: %w: %w", e.key.ID, auth.ErrUnavailable, err)
	}
	ac := e.ac
	ac.Scopes = intersect(ac.Scopes, allowed)
	return &ac, nil
}

// intersect returns the scopes that both grant.
func intersect(a, b auth.Set) auth.Set {
	switch {
	case a.Has("*"):
		return b
	case b.Has("*"):
		return a
	}
	var both []string
	for scope := range a.All() {
		if b.Has(scope) {
			both = append(both, scope)
		}
	}
	if len(both) == a.Len() {
		return a
	}
	return auth.NewSet(both...)
}
