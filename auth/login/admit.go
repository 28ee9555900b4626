package login

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/countersign-go/countersign/auth"
)

// admit returns who somebody is to the sessions, with the last word of [Config.Admit].
func (s *Service) admit(
	ctx context.Context, i AuthIdentity, kind string, p ProviderIdentity, factors []auth.Factor,
) (auth.AuthContext, error) {
	metadata, err := i.appMetadata()
	if err != nil {
		return auth.AuthContext{}, err
	}
	who := auth.AuthContext{
		Actor: i.Actor(kind), IdentityID: i.ID, Provider: p.Provider, Factors: factors,
		AppMetadata: metadata, UserMetadata: p.UserMetadata,
	}
	if who.Actor.ID != "" {
		who.Scopes = auth.NewSet("*")
	}
	if s.config.Admit == nil {
		return who, nil
	}
	given := who
	given.Factors = slices.Clone(factors)
	admitted, err := ask(ctx, s.config.ProviderTimeout, "Admit", func(ctx context.Context) (auth.AuthContext, error) {
		return s.config.Admit(ctx, given)
	})
	if err != nil {
		return auth.AuthContext{}, err
	}
	who.AppMetadata, who.UserMetadata = admitted.AppMetadata, admitted.UserMetadata
	if who.Actor.ID != "" {
		who.Scopes, who.Roles = admitted.Scopes, admitted.Roles
	}
	return who, nil
}

// appMetadata returns what the application keeps with the identity, and the IDs of its actors as "customer_id" and the like.
func (i AuthIdentity) appMetadata() (auth.Metadata, error) {
	if len(i.Actors) == 0 {
		return i.AppMetadata, nil
	}
	members := map[string]any{}
	var kept map[string]json.RawMessage
	if err := i.AppMetadata.Decode(&kept); err != nil {
		return auth.Metadata{}, &auth.Error{Status: http.StatusInternalServerError, Err: err}
	}
	for name, value := range kept {
		members[name] = value
	}
	for _, a := range i.Actors {
		members[a.Type+"_id"] = a.ID
	}
	return auth.NewMetadata(members)
}

// start begins the session of somebody who logged in by p, and returns its access token.
func (q *inquiry) start(ctx context.Context, i AuthIdentity, p ProviderIdentity, out Outcome) (string, error) {
	who, err := q.s.admit(ctx, i, q.kind, p, factors(out))
	if err != nil {
		return "", err
	}
	if err := q.succeeded(ctx, p.EntityID); err != nil {
		return "", err
	}
	access, err := q.s.config.Sessions.StartAccess(q.r, who)
	if err != nil {
		return "", err
	}
	return access, q.s.confirm(ctx, who, p)
}

// confirm looks once more whether who may log in, now that there is the session. Whoever changes a password, or disables an
// identity, first writes that and then ends the sessions: either it is seen here, or it has ended this session, too.
func (s *Service) confirm(ctx context.Context, who auth.AuthContext, p ProviderIdentity) error {
	i, err := s.get(ctx, who.IdentityID)
	if err != nil && !is(err, ErrNotFound) {
		return err // nobody has the token of the session
	}
	now, ok := i.By(p.Provider, p.EntityID)
	if ok && !i.Disabled() && sameSecret(now.Secret, p.Secret) && (who.Actor.ID == "" || i.Actor(who.Actor.Type) == who.Actor) {
		return nil
	}
	if err := s.endSessions(lasting(ctx), who.IdentityID, ""); err != nil {
		return err
	}
	return errChanged
}
