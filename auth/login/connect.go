package login

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/wire"
)

// Connect has the identity behind to log in by what the identity behind other logs in by, too: somebody who is logged in has
// just logged in by something else. Each context is what a guard says of the token of one of the two log-ins; that both are
// fresh is for the caller to find out, by [auth.Fresh] where the methods claim a factor: those of package oidc do with a MaxAge.
// Nothing else connects: not an address that is the same on both sides, unless [Config.LinkByEmail] says so.
//
// An address that a token could be sent to must be verified first, or that is an [*auth.Error] of status 400: whoever has
// registered somebody else's could leave a way in of their own there, for when the owner comes and resets the password.
//
// The identity of other and its sessions end. If it has an actor, that is [ErrLinked]: nobody can be told to be two. When it
// cannot be done, it is undone, but for what was changed, disabled or deleted meanwhile, which stays so. To whoever changes or
// disables the identity of other, that is [ErrNotFound] once the identity of to has its ways to log in; before, what they do
// keeps it from having them.
//
// A process that ends in the middle may leave the identity of other disabled, also as one that nobody finds by its ways to log
// in: who logs in so is somebody new then, and may connect again. [Service.Enable] gives the ways back if nobody else has them
// by then, and [Service.Delete] removes what is left.
func (s *Service) Connect(ctx context.Context, to, other auth.AuthContext) error {
	if err := errors.Join(mustLogIn(to), mustLogIn(other)); err != nil {
		return errNotLoggedIn
	}
	if to.IdentityID == other.IdentityID {
		return wire.NotAllowed("Both are the same identity already")
	}
	owner, err := s.get(ctx, to.IdentityID)
	if err != nil {
		return err
	}
	if owner.Disabled() {
		return errDisabled()
	}
	guest, err := s.get(ctx, other.IdentityID)
	if err != nil {
		return err
	}
	if err := errors.Join(joined(owner, guest).Check(), guest.setAside().Check()); err != nil {
		return wire.NotAllowed("The identities have too many ways to log in together")
	}
	if s.maybeAnothers(owner) || s.maybeAnothers(guest) {
		return wire.NotAllowed("The addresses by which the identities log in must be verified first")
	}
	guest, err = s.retire(ctx, other.IdentityID)
	if err != nil {
		return err
	}
	if err := s.take(ctx, to.IdentityID, &guest); err != nil {
		return errors.Join(err, s.restore(lasting(ctx), guest))
	}
	if err := s.remove(lasting(ctx), guest.ID); err != nil { // which is done all the same: nobody logs in as that one again
		s.logLeft(ctx, guest.ID, err)
	}
	var known ProviderIdentity // where the owner reads it: whoever has stolen their session reads what is sent to the other
	for n, p := range owner.Providers {
		if n == 0 || p.Provider == to.Provider {
			known = p
		}
	}
	for _, p := range guest.Providers {
		s.tell(ctx, Event{
			Kind: ProviderConnected, ActorType: to.Actor.Type, Provider: p.Provider, IdentityID: to.IdentityID,
			EntityID: p.EntityID, Identifier: known.Identifier,
		})
	}
	return nil
}

// joined returns owner with the ways to log in of guest.
func joined(owner, guest AuthIdentity) AuthIdentity {
	owner = owner.Clone()
	owner.Providers = append(owner.Providers, guest.Providers...)
	return owner
}

// maybeAnothers reports whether i logs in by an Identifier that nobody has shown to be theirs, and whose owner could be sent a
// token that resets the credentials.
func (s *Service) maybeAnothers(i AuthIdentity) bool {
	return s.config.OnEvent != nil && slices.ContainsFunc(i.Providers, func(p ProviderIdentity) bool {
		_, ok := s.methods[p.Provider].Provider.(Updater)
		return ok && p.VerifiedAt.IsZero()
	})
}

// retire disables an identity that has no actor, so that it gets none from now on, and returns it as it was.
func (s *Service) retire(ctx context.Context, id string) (AuthIdentity, error) {
	i, err := s.edit(ctx, id, func(i *AuthIdentity) error {
		switch {
		case len(i.Actors) > 0:
			return ErrLinked
		case i.Disabled():
			return errDisabled()
		}
		i.DisabledAt = timestamp()
		return nil
	})
	if err != nil {
		return AuthIdentity{}, err
	}
	if err := s.expel(ctx, i); err != nil {
		return AuthIdentity{}, errors.Join(err, s.restore(lasting(ctx), i))
	}
	return i, nil
}

// take gives the ways to log in of guest, as it was retired, to the identity with an ID. That nobody else logs in as the same
// entity is what a store sees to, and all that holds for two identities at once: guest sets its ways aside for the other to have
// them, and whoever changes guest takes them back with the change, see [Service.edit]. Either that comes too late, or take does.
//
// A process that ends leaves guest disabled, and its sessions to be ended, before guest sets its ways aside; then disabled, with
// ways that are nobody's, but in its record; and once the other has them, a record that nobody can have log in again.
// guest gets the version that is known to be kept.
func (s *Service) take(ctx context.Context, id string, guest *AuthIdentity) error {
	waiting := guest.setAside()
	waiting.UpdatedAt = timestamp()
	err := s.replace(ctx, &waiting)
	if is(err, ErrConflict) {
		return errDisabled() // since it was retired, or by whoever changed it since
	}
	if err != nil {
		return err
	}
	guest.Version = waiting.Version
	_, err = s.edit(ctx, id, func(i *AuthIdentity) error {
		if i.Disabled() {
			return errDisabled()
		}
		*i = joined(*i, *guest)
		return nil
	})
	return err
}

// aside begins the name of a provider whose way to log in was set aside. No method has an ID with a colon.
const aside = "connecting:"

// setAside returns i with its ways to log in under names by which nobody logs in. They have its ID in them: what was left of
// another that had the same ways is not in their way.
func (i AuthIdentity) setAside() AuthIdentity {
	i = i.Clone()
	for n := range i.Providers {
		i.Providers[n].Provider = aside + i.ID + ":" + i.Providers[n].Provider
	}
	return i
}

// takeBack undoes setAside, and reports whether there was anything to undo.
func (i *AuthIdentity) takeBack() (undone bool) {
	for n := range i.Providers {
		name, ok := strings.CutPrefix(i.Providers[n].Provider, aside+i.ID+":")
		i.Providers[n].Provider, undone = name, undone || ok
	}
	return undone
}

// restore has an identity be as it was before it was retired. One that was changed or deleted meanwhile stays so: that may be
// what somebody else wants.
func (s *Service) restore(ctx context.Context, i AuthIdentity) error {
	_, err := s.edit(ctx, i.ID, func(kept *AuthIdentity) error {
		if kept.Version != i.Version {
			return errDisabled()
		}
		kept.DisabledAt = time.Time{}
		return nil
	})
	if is(err, ErrNotFound) { // or others have its ways, and what is left of it is of no use
		return s.remove(ctx, i.ID)
	}
	if err != nil {
		s.logLeft(ctx, i.ID, err)
	}
	return err
}

func (s *Service) logLeft(ctx context.Context, id string, err error) {
	s.logger().LogAttrs(ctx, slog.LevelError, "login: an identity that was to be connected is left disabled",
		slog.String("identity", id), slog.Any("error", err))
}
