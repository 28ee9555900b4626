package login

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// get returns an identity, ErrNotFound, or an error that says that nobody could find out.
func (s *Service) get(ctx context.Context, id string) (AuthIdentity, error) {
	if !token.IsID(id) {
		return AuthIdentity{}, ErrNotFound
	}
	t := auth.NewTimeout(ctx, s.config.StoreTimeout)
	defer t.Stop()
	i, err := s.config.Store.Get(t, id)
	return known(i, err, i.ID == id)
}

// find returns the identity that logs in so, ErrNotFound, or an error that says that nobody could find out.
func (s *Service) find(ctx context.Context, provider, entityID string) (AuthIdentity, error) {
	if !isEntity(entityID) {
		return AuthIdentity{}, ErrNotFound // which not every database can be asked
	}
	t := auth.NewTimeout(ctx, s.config.StoreTimeout)
	defer t.Stop()
	i, err := s.config.Store.Find(t, provider, entityID)
	_, ok := i.By(provider, entityID)
	return known(i, err, ok)
}

// known returns what a store has answered; fits is whether that is what it was asked for.
func known(i AuthIdentity, err error, fits bool) (AuthIdentity, error) {
	switch {
	case is(err, ErrNotFound), err == nil && !fits:
		return AuthIdentity{}, ErrNotFound
	case is(err, ErrCorrupt):
		return AuthIdentity{}, &auth.Error{Status: http.StatusInternalServerError, Err: err} // nobody can tell who it is
	case err != nil:
		return AuthIdentity{}, unavailable(err)
	}
	return i.Clone(), nil
}

// isEntity reports whether an identity may have s for an entity.
func isEntity(s string) bool {
	size := 0
	return s != "" && checkText(&size, maxName, s) == nil
}

// create keeps i, with Version 1. Its error is ErrExists, what [AuthIdentity.Check] says, or says that nobody could find out:
// then it may be kept all the same.
func (s *Service) create(ctx context.Context, i *AuthIdentity) error {
	i.Version = 0
	if err := i.Check(); err != nil {
		return err
	}
	t := auth.NewTimeout(ctx, s.config.StoreTimeout)
	err := s.config.Store.Create(t, i.Clone())
	t.Stop()
	i.Version = 1
	switch {
	case err == nil || s.keeps(ctx, *i):
		return nil
	case is(err, ErrExists):
		return ErrExists
	}
	return unavailable(err)
}

// createNew is create for an identity whose ID was made just now: with an error it is not kept.
func (s *Service) createNew(ctx context.Context, i *AuthIdentity) error {
	err := s.create(ctx, i)
	if auth.IsUnavailable(err) {
		err = errors.Join(err, s.remove(lasting(ctx), i.ID))
	}
	return err
}

// replace puts i in the place of the identity as it was, with Version plus 1. Its error is ErrNotFound, ErrConflict, ErrExists,
// or says that nobody could find out.
func (s *Service) replace(ctx context.Context, i *AuthIdentity) error {
	t := auth.NewTimeout(ctx, s.config.StoreTimeout)
	err := s.config.Store.Replace(t, i.Clone())
	t.Stop()
	i.Version++
	if err == nil || s.keeps(ctx, *i) {
		return nil
	}
	for _, known := range []error{ErrNotFound, ErrConflict, ErrExists} {
		if is(err, known) {
			return known
		}
	}
	return unavailable(err)
}

// remove deletes an identity.
func (s *Service) remove(ctx context.Context, id string) error {
	t := auth.NewTimeout(ctx, s.config.StoreTimeout)
	defer t.Stop()
	if err := s.config.Store.Delete(t, id); err != nil {
		return unavailable(err)
	}
	return nil
}

// keeps reports whether the store holds i although it returned an error: the answer to a write was lost, or a driver sent it
// a second time.
func (s *Service) keeps(ctx context.Context, i AuthIdentity) bool {
	kept, err := s.get(ctx, i.ID)
	return err == nil && kept.Version == i.Version && kept.text() == i.text()
}

// text returns all of i but its Version, for nobody to see.
func (i AuthIdentity) text() string {
	type way struct {
		Provider ProviderIdentity
		Secret   token.Digest
	}
	ways := make([]way, len(i.Providers))
	for n, p := range i.Providers {
		ways[n] = way{p, p.Secret.Digest()}
	}
	i.Version, i.Providers = 0, nil
	text, err := json.Marshal([]any{i, ways})
	if err != nil {
		return fmt.Sprintf("%s, which is no JSON", token.NewID()) // and equals nothing
	}
	return string(text)
}

// edit changes an identity, see [Service.Update]. One whose ways to log in were set aside takes them back with the change; if
// others have them by now, it is an identity no more, and that is ErrNotFound.
func (s *Service) edit(ctx context.Context, id string, change func(*AuthIdentity) error) (AuthIdentity, error) {
	for n := range changes {
		old, err := s.get(ctx, id)
		if err != nil {
			return AuthIdentity{}, err
		}
		next := old.Clone()
		back := next.takeBack()
		if err := change(&next); err != nil {
			return AuthIdentity{}, err
		}
		next.ID, next.Version, next.CreatedAt, next.UpdatedAt = old.ID, old.Version, old.CreatedAt, s.edits.next()
		next.complete(next.UpdatedAt)
		if err := next.Check(); err != nil {
			return AuthIdentity{}, err
		}
		err = s.replace(ctx, &next)
		if err == nil {
			return next, nil
		}
		if back && is(err, ErrExists) {
			err = ErrNotFound
		}
		if !is(err, ErrConflict) {
			return AuthIdentity{}, err
		}
		if err := pause(ctx, n); err != nil {
			return AuthIdentity{}, err
		}
	}
	return AuthIdentity{}, unavailable(ErrConflict)
}

// A clock tells no time twice, so that of two who make the same change at once each knows their own.
type clock struct{ last atomic.Int64 } // in microseconds

func (c *clock) next() time.Time {
	for {
		last := c.last.Load()
		now := max(timestamp().UnixMicro(), last+1)
		if c.last.CompareAndSwap(last, now) {
			return time.UnixMicro(now).UTC()
		}
	}
}

// complete fills in the times that are not there, and has all of them as a database keeps them.
func (i *AuthIdentity) complete(now time.Time) {
	for n := range i.Providers {
		p := &i.Providers[n]
		setTime(&p.CreatedAt, now)
		setTime(&p.UpdatedAt, now)
		p.CreatedAt, p.UpdatedAt, p.VerifiedAt = whole(p.CreatedAt), whole(p.UpdatedAt), whole(p.VerifiedAt)
	}
	setTime(&i.CreatedAt, now)
	setTime(&i.UpdatedAt, now)
	i.CreatedAt, i.UpdatedAt, i.DisabledAt = whole(i.CreatedAt), whole(i.UpdatedAt), whole(i.DisabledAt)
}

func whole(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func setTime(t *time.Time, to time.Time) {
	if t.IsZero() {
		*t = to
	}
}
