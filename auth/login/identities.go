package login

import (
	"context"
	"errors"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// Get returns an identity, or [ErrNotFound].
func (s *Service) Get(ctx context.Context, id string) (AuthIdentity, error) { return s.get(ctx, id) }

// Find returns the identity that logs in by the method as the entity, or [ErrNotFound].
func (s *Service) Find(ctx context.Context, method, entityID string) (AuthIdentity, error) {
	return s.find(ctx, method, entityID)
}

// Create keeps an identity that nobody has registered: for an administrator, a first user, an import. It fills in the ID and
// the times where they are zero, and returns what is kept now. [ErrExists] says that somebody logs in so already; what
// [AuthIdentity.Check] refuses is an error.
func (s *Service) Create(ctx context.Context, i AuthIdentity) (AuthIdentity, error) {
	i = i.Clone()
	create := s.create
	if i.ID == "" {
		i.ID, create = token.NewID(), s.createNew
	}
	i.complete(timestamp())
	if err := create(ctx, &i); err != nil {
		return AuthIdentity{}, err
	}
	return i, nil
}

// Update has change edit an identity as it is now, and keeps what it makes of it; when somebody else got in between change
// is called again, with the identity as it is then. The ID, the Version and CreatedAt stay, and UpdatedAt is set. An error
// of change ends it, with all as it was. It returns what is kept now, [ErrNotFound], or [ErrExists] if another identity logs in
// by one of the providers as the same entity.
//
// It ends no session and voids no token: for what does there are [Service.Disable], [Service.Unlink] and
// [Service.ChangeCredentials].
func (s *Service) Update(ctx context.Context, id string, change func(*AuthIdentity) error) (AuthIdentity, error) {
	return s.edit(ctx, id, change)
}

// Disable keeps an identity from logging in, ends its sessions and voids the tokens that were sent to it. To those who try to
// log in, it is as if it were not there. One that is disabled already stays so, and what was left undone is done. It returns
// [ErrNotFound] if there is none. With any other error it may be disabled, and its sessions may go on: call it again.
//
// API keys of its actors know nothing of identities: revoke them as well.
func (s *Service) Disable(ctx context.Context, id string) error {
	before := false
	i, err := s.edit(ctx, id, func(i *AuthIdentity) error {
		if before = i.Disabled(); !before {
			i.DisabledAt = timestamp()
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = s.expel(ctx, i)
	if !before { // also with an error: who calls again finds it disabled
		s.tell(ctx, Event{Kind: Disabled, IdentityID: id})
	}
	return err
}

// Enable lets an identity log in again, or returns [ErrNotFound]. What [Service.Disable] ended stays ended.
func (s *Service) Enable(ctx context.Context, id string) error {
	_, err := s.edit(ctx, id, func(i *AuthIdentity) error {
		i.DisabledAt = time.Time{}
		return nil
	})
	return err
}

// Delete removes an identity, as [Service.Disable] and for good: its ways to log in are free for others. One that is not there
// is nil, and what was left undone is done. The application's actor stays, which is the application's.
func (s *Service) Delete(ctx context.Context, id string) error {
	// Disabled first: a log-in that is under way finds that when it looks again, and a deletion that fails half-way leaves
	// somebody who cannot log in.
	i, err := s.edit(ctx, id, func(i *AuthIdentity) error {
		if !i.Disabled() {
			i.DisabledAt = timestamp()
		}
		return nil
	})
	switch {
	case is(err, ErrNotFound):
		return s.deleteRest(ctx, id)
	case err != nil:
		return err
	}
	if err := s.expel(ctx, i); err != nil {
		return err
	}
	if err := s.remove(ctx, id); err != nil {
		return err
	}
	s.tell(ctx, Event{Kind: Deleted, IdentityID: id})
	return nil
}

// deleteRest ends the sessions of an identity that is none any more, and removes what [Service.Connect] may have left of it.
func (s *Service) deleteRest(ctx context.Context, id string) error {
	if !token.IsID(id) {
		return nil // of nobody
	}
	if err := s.endSessions(ctx, id, ""); err != nil {
		return err
	}
	return s.remove(ctx, id)
}

// expel ends all sessions of an identity and voids the tokens that were sent to it.
func (s *Service) expel(ctx context.Context, i AuthIdentity) error {
	return errors.Join(s.endSessions(ctx, i.ID, ""), s.voidTokens(ctx, i))
}

// endSessions ends the sessions of an identity but one.
func (s *Service) endSessions(ctx context.Context, id, except string) error {
	if !token.IsID(id) {
		return nil // of nobody
	}
	_, err := s.config.Sessions.EndIdentity(ctx, id, except)
	return err
}

// voidTokens voids what was sent to an identity.
func (s *Service) voidTokens(ctx context.Context, i AuthIdentity) error {
	var errs []error
	for _, p := range i.Providers {
		errs = append(errs,
			s.tokens.Void(ctx, PurposeReset, subject(i.ID, p)),
			s.tokens.Void(ctx, PurposeVerification, subject(i.ID, p)))
	}
	return errors.Join(errs...)
}

// subject names a way to log in of an identity, or of nobody if id is "". Neither an ID nor the ID of a method has a slash.
func subject(id string, p ProviderIdentity) string { return id + "/" + p.Provider + "/" + p.EntityID }

// mustLogIn returns an error unless by is somebody who logged in: an API key is not.
func mustLogIn(by auth.AuthContext) error {
	if by.IdentityID == "" || by.SessionID == "" {
		return errNotLoggedIn
	}
	return nil
}
