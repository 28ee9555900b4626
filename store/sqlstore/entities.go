package sqlstore

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

// An entity is what an identity is found by: what a provider knows it as.
type entity struct{ provider, id string }

// entityColumns are those of the table of entities. The first two are its primary key.
var entityColumns = []string{"provider", "entity_id", "identity_id"}

// entities are those of one identity, in one order: so no two callers wait for each other's.
type entities []entity

func entitiesOf(i login.AuthIdentity) entities {
	all := make(entities, len(i.Providers))
	for n, p := range i.Providers {
		all[n] = entity{p.Provider, p.EntityID}
	}
	slices.SortFunc(all, func(a, b entity) int {
		return cmp.Or(cmp.Compare(a.provider, b.provider), cmp.Compare(a.id, b.id))
	})
	return all
}

// digest returns what tells that there are others. It is kept with the identity, so that a statement can ask for it.
func (e entities) digest() token.Digest {
	pairs := make([][2]string, len(e))
	for n, one := range e {
		pairs[n] = [2]string{one.provider, one.id}
	}
	text, _ := json.Marshal(pairs) // of nothing but text: never an error
	return token.Sum(string(text))
}

// without returns those of e that are not in other.
func (e entities) without(other entities) entities {
	return slices.DeleteFunc(slices.Clone(e), func(one entity) bool { return slices.Contains(other, one) })
}

// enter has the identity found as each of all, or returns ErrExists if another one is.
func (c conn) enter(ctx context.Context, id string, all entities) error {
	for _, one := range all {
		if err := c.add(ctx, c.store.identities.enter, one.provider, one.id, id); err != nil {
			return err
		}
	}
	return nil
}

// add runs an [Dialect.insert], and returns ErrExists if there is a row with the key.
func (c conn) add(ctx context.Context, q *statement, args ...any) error {
	rows, err := c.exec(ctx, q, args...)
	if c.isDuplicate(err) || err == nil && rows == 0 {
		return login.ErrExists
	}
	return err
}

// leave has the identity not found as any of all.
func (c conn) leave(ctx context.Context, id string, all entities) error {
	for _, one := range all {
		if _, err := c.exec(ctx, c.store.identities.leave, one.provider, one.id, id); err != nil {
			return err
		}
	}
	return nil
}
