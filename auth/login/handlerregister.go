package login

import (
	"context"
	"errors"
	"net/http"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/wire"
)

func (h handler) register(w http.ResponseWriter, r *http.Request) error {
	q, err := h.inquiry(w, r)
	if err != nil {
		return err
	}
	registrar, ok := q.method.Provider.(Registrar)
	if !ok {
		return wire.NotAllowed("The auth provider %s does not support registration", q.method.ID)
	}
	ctx := r.Context()
	q.registers = true
	if err := q.count(ctx); err != nil { // before there is work
		return err
	}
	out, err := q.outcome(registrar.Register)
	if err != nil {
		return err
	}
	answer := loginJSON{Location: out.Location}
	if out.Location == "" {
		if answer, err = q.register(ctx, out); err != nil {
			return err
		}
	}
	wire.Write(w, http.StatusOK, answer)
	return nil
}

// register makes an identity of somebody, and begins its session.
func (q *inquiry) register(ctx context.Context, out Outcome) (loginJSON, error) {
	i := identity(q.way(out))
	if q.s.config.VerifyFirst {
		return loginJSON{VerificationRequired: true}, q.registerUnseen(ctx, i)
	}
	err := q.s.createNew(ctx, &i)
	if is(err, ErrExists) {
		return loginJSON{}, errExists()
	}
	if err != nil {
		return loginJSON{}, err
	}
	access, err := q.start(ctx, i, i.Providers[0], out)
	if err != nil {
		// Or they would be told that they exist when they try again.
		return loginJSON{}, errors.Join(err, q.s.remove(lasting(ctx), i.ID))
	}
	return loginJSON{Token: access}, nil
}

// registerUnseen makes an identity of somebody, unless there is one, and has nobody see which it was: it asks the stores for
// the same things in both cases.
func (q *inquiry) registerUnseen(ctx context.Context, i AuthIdentity) error {
	p := i.Providers[0]
	if err := q.s.throttle.requestAlso(ctx, requestRegistration, account(q.method, p.EntityID)); err != nil {
		return err
	}
	kept, err := q.s.createOrFind(ctx, i)
	if err != nil {
		return err
	}
	if kept.ID == i.ID {
		_, err = q.s.sendVerification(ctx, q.kind, i, ownVerification(i, p), auth.Metadata{})
		return err
	}
	before, _ := kept.By(p.Provider, p.EntityID)
	// For nobody to get, of an ID that nobody has: or of the one that is not verified yet, whose token is void by it. Somebody
	// else may have registered first, and whoever did so now must not verify that other's secret by the mail.
	whose := AuthIdentity{ID: i.ID}
	if before.VerifiedAt.IsZero() {
		whose.ID = kept.ID
	}
	if _, err = q.s.issueVerification(ctx, ownVerification(whose, p)); err != nil || kept.Disabled() {
		return err
	}
	q.s.tell(ctx, Event{
		Kind: RegistrationRepeated, ActorType: q.kind, Provider: p.Provider, IdentityID: kept.ID,
		EntityID: before.EntityID, Identifier: before.Identifier,
	})
	return nil
}

// createOrFind keeps i, or returns the identity that logs in as i does.
func (s *Service) createOrFind(ctx context.Context, i AuthIdentity) (AuthIdentity, error) {
	if err := i.Check(); err != nil {
		return AuthIdentity{}, err
	}
	t := auth.NewTimeout(ctx, s.config.StoreTimeout)
	err := s.config.Store.Create(t, i.Clone())
	t.Stop()
	kept, findErr := s.find(ctx, i.Providers[0].Provider, i.Providers[0].EntityID)
	switch {
	case findErr == nil && (err == nil || is(err, ErrExists) || kept.ID == i.ID):
		return kept, nil
	case err == nil || is(err, ErrExists):
		err = findErr
	}
	return AuthIdentity{}, errors.Join(unavailable(err), s.remove(lasting(ctx), i.ID))
}
