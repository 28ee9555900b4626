package login

import (
	"context"
	"errors"
	"slices"

	"github.com/countersign-go/countersign/auth"
)

// Link says which of the application's actors an identity is, once the application has made it: the route that does so takes
// a registration, see auth.AllowUnregistered, and looks at the type of actor that it is for. An identity that has an actor of
// that type already is [ErrLinked], also if it is the same one; of two who link at once, one gets that. One that is
// disabled is an [*auth.Error], and one that is not there [ErrNotFound].
//
// The session behind the request is one without an actor until the client refreshes it, or logs in again.
func (s *Service) Link(ctx context.Context, identityID string, actor auth.Actor) error {
	if err := mustBeSomebody(actor); err != nil {
		return err
	}
	_, err := s.edit(ctx, identityID, func(i *AuthIdentity) error {
		switch {
		case i.Actor(actor.Type).ID != "":
			return ErrLinked
		case i.Disabled():
			return errDisabled()
		}
		i.Actors = append(i.Actors, actor)
		return nil
	})
	return err
}

// Unlink says that an identity is an actor no more, since that was deleted, and ends the identity's sessions. One that it was
// not is no error, and what was left undone is done. It returns [ErrNotFound] if there is no such identity.
func (s *Service) Unlink(ctx context.Context, identityID string, actor auth.Actor) error {
	if err := mustBeSomebody(actor); err != nil {
		return err
	}
	_, err := s.edit(ctx, identityID, func(i *AuthIdentity) error {
		i.Actors = slices.DeleteFunc(i.Actors, func(a auth.Actor) bool { return a == actor })
		return nil
	})
	if err != nil {
		return err
	}
	return s.endSessions(ctx, identityID, "")
}

func mustBeSomebody(actor auth.Actor) error {
	if actor.Type == "" || actor.ID == "" {
		return errors.New("login: an actor without a type or an ID")
	}
	return nil
}
