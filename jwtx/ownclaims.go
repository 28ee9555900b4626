package jwtx

import (
	"errors"
	"fmt"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// ownClaims are the texts of the claims that carry an AuthContext, "" where there is none.
type ownClaims struct {
	actorID, actorType, identityID, provider string
	scope, roles                             string
	amr, amrTimes, authTime                  string
	appMetadata, userMetadata                string
}

// read keeps the claim if it is one of them.
func (o *ownClaims) read(name, value string) bool {
	switch name {
	case "actor_id":
		o.actorID = value
	case "actor_type":
		o.actorType = value
	case "auth_identity_id":
		o.identityID = value
	case "auth_provider":
		o.provider = value
	case "scope":
		o.scope = value
	case "roles":
		o.roles = value
	case "amr":
		o.amr = value
	case "amr_times":
		o.amrTimes = value
	case "auth_time":
		o.authTime = value
	case "app_metadata":
		o.appMetadata = value
	case "user_metadata":
		o.userMetadata = value
	default:
		return false
	}
	return true
}

// context returns who the claims of our own token stand for.
func (p *payload) context() (*auth.AuthContext, error) {
	ac, err := p.shared()
	if err != nil {
		return nil, err
	}
	if ac.Roles, err = set(p.own.roles); err != nil {
		return nil, fmt.Errorf("claim roles: %w", err)
	}
	for _, field := range []struct {
		into  *string
		value string
	}{
		{&ac.Actor.ID, p.own.actorID}, {&ac.Actor.Type, p.own.actorType},
		{&ac.IdentityID, p.own.identityID}, {&ac.Provider, p.own.provider},
	} {
		if field.value == "" {
			continue
		}
		if *field.into, err = text(field.value); err != nil {
			return nil, err
		}
	}
	for _, field := range []struct {
		into  *auth.Metadata
		value string
	}{{&ac.AppMetadata, p.own.appMetadata}, {&ac.UserMetadata, p.own.userMetadata}} {
		if field.value == "" {
			continue
		}
		if *field.into, err = metadata(field.value); err != nil {
			return nil, err
		}
	}
	return ac, p.consistent(ac)
}

// metadata takes over an object that the scanner passed over, or null.
func metadata(value string) (auth.Metadata, error) {
	switch value[0] {
	case '{':
		return auth.RawMetadata(value), nil
	case 'n':
		return auth.Metadata{}, nil
	}
	return auth.Metadata{}, errValue
}

// consistent returns an error if a token says two things. One without an actor is a registration token and nothing else,
// or it would pass where an actor is taken for granted.
func (p *payload) consistent(ac *auth.AuthContext) error {
	switch {
	case ac.Actor.Type == "":
		return errors.New("no actor_type: for tokens of another issuer set Config.ActorType or Identify")
	case (ac.Actor.ID == "") != (p.Kind == Registration):
		return errors.New("an actor in a registration token, or none in another")
	case ac.Actor.ID != "" && ac.Actor.ID != p.Subject, ac.Actor.ID == "" && ac.IdentityID != p.Subject:
		return errors.New("a sub that is not the actor's ID")
	}
	return nil
}

// subject returns the context of another issuer's token, whose sub is the ID of an actor.
func (p *payload) subject(actorType string) (*auth.AuthContext, error) {
	ac, err := p.shared()
	if err != nil {
		return nil, err
	}
	ac.Actor = auth.Actor{Type: actorType, ID: p.Subject}
	return ac, nil
}

// shared returns what our tokens and those of others say in the same claims.
func (p *payload) shared() (*auth.AuthContext, error) {
	ac := &auth.AuthContext{}
	var err error
	if ac.Scopes, err = set(p.own.scope); err != nil {
		return nil, fmt.Errorf("claim scope: %w", err)
	}
	ac.Factors, err = p.own.factors()
	return ac, err
}

// factors returns the methods of amr (RFC 8176), each proven at auth_time, or where our own token says so at its own time.
func (o *ownClaims) factors() ([]auth.Factor, error) {
	if o.amr == "" {
		return nil, nil
	}
	methods, err := texts(o.amr)
	if err != nil || o.authTime == "" {
		return nil, err // when nobody says when, nothing is fresh
	}
	at, err := date(o.authTime)
	if err != nil {
		return nil, err
	}
	factors := make([]auth.Factor, len(methods))
	for i, method := range methods {
		factors[i] = auth.Factor{Method: method, At: at}
	}
	if o.amrTimes == "" {
		return factors, nil
	}
	return factors, o.setTimes(factors)
}

func (o *ownClaims) setTimes(factors []auth.Factor) error {
	if o.amrTimes[0] != '[' {
		return errValue
	}
	var times []time.Time
	err := elements(o.amrTimes, func(element string) error {
		at, err := date(element)
		times = append(times, at)
		return err
	})
	if err != nil || len(times) != len(factors) {
		return errValue
	}
	for i := range factors {
		factors[i].At = times[i]
	}
	return nil
}

// set reads a claim that is a list of strings, or one string of them separated by spaces.
func set(value string) (auth.Set, error) {
	if value == "" {
		return auth.Set{}, nil
	}
	if joined, err := text(value); err == nil {
		return auth.ParseSet(joined), nil
	}
	list, err := texts(value)
	return auth.NewSet(list...), err
}
