package login

import (
	"context"
	"errors"
	"net/http"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/wire"
)

// ChangeCredentials gives somebody who is logged in new credentials: a password. by is who, from the guard's context, and r the
// request, whose address counts as that of an attempt to log in. proof is what they would log in by, such as "email" and
// "password", and next what [Updater.Update] wants, such as "password": the one is not believed without the other, since
// whoever found a browser logged in has no password.
//
// The other sessions of the identity end, and so do tokens that were sent to reset the credentials. What the method refuses
// is its error, as [auth.Guard.Refuse] answers it, with all as it was. With one that wraps [auth.ErrUnavailable] the
// credentials may be changed, and other sessions may go on.
func (s *Service) ChangeCredentials(
	ctx context.Context, by auth.AuthContext, method string, r *http.Request, proof, next map[string]string,
) error {
	if err := mustLogIn(by); err != nil {
		return err
	}
	m, err := s.method(by.Actor.Type, method)
	if err != nil {
		return err
	}
	u, ok := m.Provider.(Updater)
	if !ok {
		return errNoUpdates(m)
	}
	i, err := s.get(ctx, by.IdentityID)
	if err != nil {
		return Refusal(err)
	}
	r = r.WithContext(ctx)
	q := s.inquire(nil, r, by.Actor.Type, m, fieldsOf(proof))
	out, err := q.outcome(m.Provider.Authenticate)
	if err != nil {
		return err
	}
	current, ok := i.By(m.ID, out.EntityID)
	if !ok || i.Disabled() {
		return unauthorized("a proof of somebody else's")
	}
	if err := q.succeeded(ctx, current.EntityID); err != nil {
		return err
	}
	changed, err := s.prepare(s.inquire(nil, r, by.Actor.Type, m, fieldsOf(next)), u, current)
	if err != nil {
		return err
	}
	return q.exchange(ctx, i.ID, changed, by)
}

// errNoUpdates is for a method that keeps no credentials which could be changed.
func errNoUpdates(m Method) error {
	return wire.NotAllowed("The auth provider %s has no credentials to change", m.ID)
}

func fieldsOf(texts map[string]string) func(string) (any, bool) {
	return func(name string) (any, bool) {
		text, ok := texts[name]
		return text, ok
	}
}

// A credentialChange is what a way to log in was, and what it is to be.
type credentialChange struct {
	from, to ProviderIdentity
	proven   bool // that the Identifier is its owner's, who got a token there
}

// prepare has the provider say what is to be kept instead of current. Nothing is changed yet.
func (s *Service) prepare(q *inquiry, u Updater, current ProviderIdentity) (credentialChange, error) {
	q.counted = true // as what led here
	next, err := askProvider(q, func(ctx context.Context) (ProviderIdentity, error) {
		return u.Update(ctx, q.request(), current)
	})
	return credentialChange{from: current, to: next}, err
}

// exchange writes new credentials, unless they were changed meanwhile, ends the sessions of the identity but that of by, and
// voids what would change them once more.
func (q *inquiry) exchange(ctx context.Context, id string, c credentialChange, by auth.AuthContext) error {
	s := q.s
	i, err := s.edit(ctx, id, func(i *AuthIdentity) error {
		return i.change(c.from, func(p *ProviderIdentity) {
			p.Secret, p.UserMetadata = c.to.Secret, c.to.UserMetadata
			if c.proven {
				setTime(&p.VerifiedAt, timestamp())
			}
		})
	})
	if is(err, ErrNotFound) {
		err = errChanged
	}
	if err != nil {
		return err
	}
	ctx = lasting(ctx) // now that it is written
	void := s.tokens.Void(ctx, PurposeReset, subject(id, c.from))
	err = errors.Join(s.endSessions(ctx, id, by.SessionID), void, q.renewed(ctx, c.from.EntityID))
	p, _ := i.By(c.from.Provider, c.from.EntityID)
	s.tell(ctx, Event{ // also with an error: nobody can change them so again
		Kind: CredentialsChanged, ActorType: by.Actor.Type, Provider: p.Provider, IdentityID: id,
		EntityID: p.EntityID, Identifier: p.Identifier,
	})
	return err
}
