package login

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// check returns what is wrong with an outcome: a provider that names nobody would have all of them be the same.
func (q *inquiry) check(out Outcome) error {
	if out.Location != "" {
		if u, err := url.Parse(out.Location); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return fmt.Errorf("login: provider %s: a Location that is no absolute URL", q.method.ID)
		}
		return nil
	}
	if isEntity(out.EntityID) {
		return nil
	}
	err := fmt.Errorf("login: provider %s: an Outcome whose EntityID is empty, or none that can be kept", q.method.ID)
	q.s.logger().LogAttrs(q.r.Context(), slog.LevelError, "login: an outcome was refused", slog.Any("error", err))
	return &auth.Error{
		Status: http.StatusBadRequest, Type: "invalid_data", Message: "Invalid request: The auth provider named nobody", Err: err,
	}
}

// way returns what is kept from now on of somebody who was not known.
func (q *inquiry) way(out Outcome) ProviderIdentity {
	now := timestamp()
	p := ProviderIdentity{
		Provider: q.method.ID, EntityID: out.EntityID, Identifier: out.Identifier, Secret: out.Secret,
		UserMetadata: out.UserMetadata, CreatedAt: now, UpdatedAt: now,
	}
	if p.Identifier == "" {
		p.Identifier = p.EntityID
	}
	if out.VerifiedEmail != "" {
		p.VerifiedAt = now
	}
	return p
}

// identity returns a new identity that logs in by p.
func identity(p ProviderIdentity) AuthIdentity {
	i := AuthIdentity{ID: token.NewID(), Providers: []ProviderIdentity{p}}
	i.complete(p.CreatedAt)
	return i
}

// recognize returns the identity of somebody who has logged in.
func (q *inquiry) recognize(ctx context.Context, out Outcome) (AuthIdentity, error) {
	i, ok := q.found[out.EntityID]
	if !ok {
		var err error
		i, err = q.s.find(ctx, q.method.ID, out.EntityID)
		if is(err, ErrNotFound) && out.Create {
			return q.receive(ctx, out)
		}
		if is(err, ErrNotFound) {
			return AuthIdentity{}, unauthorized("an entity that is not known")
		}
		if err != nil {
			return AuthIdentity{}, err
		}
	}
	return q.keep(ctx, i, out)
}

// keep writes what a provider has found out about somebody known, if it is anything new. Whoever logged in with a secret that
// was changed meanwhile did not log in.
func (q *inquiry) keep(ctx context.Context, i AuthIdentity, out Outcome) (AuthIdentity, error) {
	if i.Disabled() {
		return AuthIdentity{}, unauthorized("a disabled identity")
	}
	seen, _ := i.By(q.method.ID, out.EntityID)
	if !news(seen, out) {
		return i, nil
	}
	kept, err := q.s.edit(ctx, i.ID, func(i *AuthIdentity) error {
		return i.change(seen, func(p *ProviderIdentity) {
			if out.Secret.Reveal() != "" {
				p.Secret = out.Secret
			}
			if !out.UserMetadata.IsZero() {
				p.UserMetadata = out.UserMetadata
			}
			if p.VerifiedAt.IsZero() && verifies(*p, out) {
				p.VerifiedAt = timestamp()
			}
		})
	})
	if is(err, ErrNotFound) {
		err = errChanged
	}
	return kept, err
}

// news reports whether out says more than is kept.
func news(p ProviderIdentity, out Outcome) bool {
	secret := out.Secret.Reveal() != "" && !sameSecret(out.Secret, p.Secret)
	metadata := !out.UserMetadata.IsZero() && !sameObject(out.UserMetadata, p.UserMetadata)
	return secret || metadata || p.VerifiedAt.IsZero() && verifies(p, out)
}

// verifies reports whether out shows that p's Identifier is its owner's.
func verifies(p ProviderIdentity, out Outcome) bool {
	return out.VerifiedEmail != "" && out.VerifiedEmail == p.Identifier
}

func sameObject(a, b auth.Metadata) bool {
	textA, errA := a.MarshalJSON()
	textB, errB := b.MarshalJSON()
	return errA == nil && errB == nil && string(textA) == string(textB)
}

// change has do edit the way to log in that was seen, unless the identity was disabled since, or its secret there changed.
func (i *AuthIdentity) change(seen ProviderIdentity, do func(*ProviderIdentity)) error {
	for n := range i.Providers {
		p := &i.Providers[n]
		if p.Provider != seen.Provider || p.EntityID != seen.EntityID {
			continue
		}
		if i.Disabled() || !sameSecret(p.Secret, seen.Secret) {
			return errChanged
		}
		do(p)
		p.UpdatedAt = timestamp()
		return nil
	}
	return errChanged
}

// receive returns the identity of somebody who logs in for the first time: one that they have here already, if that can be
// told, or a new one.
func (q *inquiry) receive(ctx context.Context, out Outcome) (AuthIdentity, error) {
	if i, err := q.linkByEmail(ctx, out); err != nil || i.ID != "" {
		return i, err
	}
	i := identity(q.way(out))
	err := q.s.createNew(ctx, &i)
	if is(err, ErrExists) { // since somebody else was first, in another tab
		if i, err = q.s.find(ctx, q.method.ID, out.EntityID); err == nil {
			return q.keep(ctx, i, out)
		}
	}
	if err != nil {
		return AuthIdentity{}, err
	}
	return i, nil
}

// linkByEmail adds the way in which somebody logs in to the identity that has the same address, see [Config.LinkByEmail]. Both
// sides have shown that the address is theirs: else whoever registers somebody's address first could wait there for them. It
// returns an identity without an ID if there is none.
func (q *inquiry) linkByEmail(ctx context.Context, out Outcome) (AuthIdentity, error) {
	local, ok := q.s.methods[q.s.config.LinkByEmail]
	if !ok || out.VerifiedEmail == "" || local.ID == q.method.ID {
		return AuthIdentity{}, nil
	}
	entityID, err := q.s.entityID(ctx, local, out.VerifiedEmail)
	if err != nil || entityID == "" {
		return AuthIdentity{}, err
	}
	i, err := q.s.find(ctx, local.ID, entityID)
	switch {
	case is(err, ErrNotFound):
		return AuthIdentity{}, nil
	case err != nil:
		return AuthIdentity{}, err
	}
	seen, _ := i.By(local.ID, entityID)
	if seen.VerifiedAt.IsZero() {
		return AuthIdentity{}, nil
	}
	if i.Disabled() {
		return AuthIdentity{}, unauthorized("the identity with the same address is disabled")
	}
	p := q.way(out)
	i, err = q.s.edit(ctx, i.ID, func(i *AuthIdentity) error {
		now, ok := i.By(local.ID, entityID)
		if !ok || now.VerifiedAt.IsZero() || i.Disabled() {
			return errChanged
		}
		if _, twice := i.By(p.Provider, p.EntityID); !twice {
			i.Providers = append(i.Providers, p)
		}
		return nil
	})
	if err != nil {
		return AuthIdentity{}, err
	}
	q.s.tell(ctx, Event{
		Kind: ProviderConnected, ActorType: q.kind, Provider: p.Provider, IdentityID: i.ID,
		EntityID: p.EntityID, Identifier: seen.Identifier,
	})
	return i, nil
}

// entityID returns what a method knows an identifier by, "" if nobody can have it, or if the method has none.
func (s *Service) entityID(ctx context.Context, m Method, identifier string) (string, error) {
	u, ok := m.Provider.(Updater)
	if !ok {
		return "", nil
	}
	var nobody error
	entityID, err := ask(ctx, s.config.ProviderTimeout, "provider "+m.ID, func(context.Context) (id string, err error) {
		id, nobody = u.EntityID(identifier)
		return id, nil
	})
	if err != nil || nobody != nil || !isEntity(entityID) {
		return "", err
	}
	return entityID, nil
}

var errOutsideHTTP = errors.New("login: a flow outside of the HTTP API")

// factors returns what was proven, and when. The clock of whoever says so may be ahead, and then it was just now.
func factors(out Outcome) []auth.Factor {
	if out.Method == "" {
		return nil
	}
	at := time.Now()
	if !out.At.IsZero() && out.At.Before(at) {
		at = out.At
	}
	return []auth.Factor{{Method: out.Method, At: at.UTC()}}
}
