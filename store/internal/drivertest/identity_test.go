package drivertest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/store/sqlstore"
)

// identity returns an identity that logs in by e-mail and password as each of entities.
func identity(entities ...string) login.AuthIdentity {
	now := time.Now().UTC().Truncate(time.Microsecond)
	i := login.AuthIdentity{
		ID: token.NewID(), Version: 1, Actors: []auth.Actor{{Type: "customer", ID: token.NewID()}},
		AppMetadata: auth.RawMetadata(`{"a":1}`), CreatedAt: now, UpdatedAt: now,
	}
	for _, entity := range entities {
		i.Providers = append(i.Providers, login.ProviderIdentity{
			Provider: "emailpass", EntityID: entity, Identifier: strings.ToUpper(entity), Secret: token.NewSecret("hash of " + entity),
			UserMetadata: auth.RawMetadata(`{ "name" : "Ann" }`), VerifiedAt: now, CreatedAt: now, UpdatedAt: now,
		})
	}
	return i
}

// registered keeps an identity.
func (d *database) registered(t testing.TB, entities ...string) login.AuthIdentity {
	t.Helper()
	i := identity(entities...)
	must(t, d.Identities().Create(t.Context(), i))
	return i
}

// checkEntities holds the table of entities against the identities: each is found as who it is, and nobody else is.
func (d *database) checkEntities(t testing.TB, identities ...string) {
	t.Helper()
	n := 0
	for _, id := range identities {
		i, err := d.Identities().Get(t.Context(), id)
		if errors.Is(err, login.ErrNotFound) {
			continue
		}
		must(t, err)
		for _, p := range i.Providers {
			found, err := d.Identities().Find(t.Context(), p.Provider, p.EntityID)
			must(t, err)
			check(t, p.EntityID+" is found", found.ID, id)
			n++
		}
	}
	check(t, "entities", d.rows(t, "provider_identities"), n)
}

// What takes an entity from an identity, or the identity from the entity, leaves it to others, and nothing else does.
func TestEntitiesAreLeft(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) {
		a, b, none := d.registered(t, "a", "b"), identity("b"), identity("c")
		checkIs(t, "Create of a second b", d.Identities().Create(t.Context(), b), login.ErrExists)
		checkIs(t, "Get of it", get(t, d, b.ID), login.ErrNotFound)
		second := d.registered(t, "d")
		second.Providers = identity("d", "e", "b").Providers
		checkIs(t, "Replace that takes b", d.Identities().Replace(t.Context(), second), login.ErrExists)
		d.checkEntities(t, a.ID, second.ID)
		a.Providers = identity("c", "a").Providers
		must(t, d.Identities().Replace(t.Context(), a))
		must(t, d.Identities().Replace(t.Context(), second))
		checkIs(t, "Create of a second c", d.Identities().Create(t.Context(), none), login.ErrExists)
		d.checkEntities(t, a.ID, second.ID)
		checkIs(t, "Replace of another version", d.Identities().Replace(t.Context(), a), login.ErrConflict)
		a.Providers = identity("x").Providers
		checkIs(t, "Replace of another version and other entities", d.Identities().Replace(t.Context(), a), login.ErrConflict)
		checkIs(t, "Replace of none", d.Identities().Replace(t.Context(), none), login.ErrNotFound)
		must(t, d.Identities().Delete(t.Context(), a.ID))
		must(t, d.Identities().Create(t.Context(), none))
		d.checkEntities(t, none.ID, second.ID)
		check(t, "identities", d.rows(t, "identities"), 2)
	})
}

func get(t testing.TB, d *database, id string) error {
	t.Helper()
	_, err := d.Identities().Get(t.Context(), id)
	return err
}

// Whoever is called nearly like somebody else is not the other one, whose account would be theirs.
func TestAttackLookalikeEntities(t *testing.T) {
	t.Run("L020", func(t *testing.T) {
		eachBackend(t, func(t *testing.T, d *database) {
			all := slices.Concat(lookalikes, []string{"mi\u212ae@example.com", "mike\uff20example.com", "mike@example.com\u200b"})
			ids := make([]string, len(all))
			for i, name := range all {
				ids[i] = d.registered(t, name).ID
			}
			for i, name := range all {
				found, err := d.Identities().Find(t.Context(), "emailpass", name)
				must(t, err)
				check(t, fmt.Sprintf("%+q is found", name), found.ID, ids[i])
				for _, provider := range []string{"EMAILPASS", "emailpass ", "emaılpass"} {
					_, err = d.Identities().Find(t.Context(), provider, name)
					checkIs(t, fmt.Sprintf("%+q by %+q", name, provider), err, login.ErrNotFound)
				}
			}
			d.checkEntities(t, ids...)
		})
	})
}

// Two that come at once leave no entity that is nobody's, and none that is somebody's twice.
func TestEntitiesUnderRaces(t *testing.T) {
	const rounds = 60
	races := map[string]func(ctx context.Context, d *database, i login.AuthIdentity) []func() error{
		"Replace and Delete": func(ctx context.Context, d *database, i login.AuthIdentity) []func() error {
			next := i
			next.Providers = identity(i.Providers[0].EntityID, token.NewID()).Providers
			return []func() error{
				func() error { return d.Identities().Replace(ctx, next) },
				func() error { return d.Identities().Delete(ctx, i.ID) },
			}
		},
		"Create and Delete": func(ctx context.Context, d *database, i login.AuthIdentity) []func() error {
			return []func() error{
				func() error { return d.Identities().Delete(ctx, i.ID) },
				func() error { return d.Identities().Create(ctx, i) },
				func() error { return d.Identities().Create(ctx, i) },
			}
		},
		"Replaces": func(ctx context.Context, d *database, i login.AuthIdentity) []func() error {
			with := func(entities ...string) func() error {
				next := i
				next.Providers = identity(entities...).Providers
				return func() error { return d.Identities().Replace(ctx, next) }
			}
			entity := i.Providers[0].EntityID
			return []func() error{with(entity, "x"), with("x", "y"), with("y"), with(entity)}
		},
	}
	eachBackend(t, func(t *testing.T, d *database) {
		for name, race := range races {
			t.Run(name, func(t *testing.T) {
				for range rounds {
					i := d.registered(t, token.NewID())
					calls := race(within(t, patience), d, i)
					for _, err := range together(len(calls), func(n int) error { return calls[n]() }) {
						answered := err == nil || errors.Is(err, login.ErrExists) || errors.Is(err, login.ErrNotFound) || errors.Is(err, login.ErrConflict)
						check(t, fmt.Sprintf("%v: is an answer", err), answered, true)
					}
					d.checkEntities(t, i.ID)
					must(t, d.Identities().Delete(t.Context(), i.ID))
				}
			})
		}
	})
}

// Two identities that exchange their entities wait for each other: at most one of them is told that it did.
func TestExchangeOfEntities(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) {
		for range 5 {
			a, b := d.registered(t, "a"), d.registered(t, "b")
			next := []login.AuthIdentity{a, b}
			next[0].Providers, next[1].Providers = b.Providers, a.Providers
			for _, err := range together(2, func(i int) error { return d.Identities().Replace(within(t, patience), next[i]) }) {
				checkIs(t, "Replace", err, login.ErrExists)
			}
			d.checkEntities(t, a.ID, b.ID)
			must(t, errors.Join(d.Identities().Delete(t.Context(), a.ID), d.Identities().Delete(t.Context(), b.ID)))
		}
	})
}

// In a transaction of the application an answer is no failure, and leaves nothing half done.
func TestIdentitiesInATransaction(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) {
		there, mine := d.registered(t, "taken"), d.registered(t, "mine")
		answers := map[string]struct {
			do   func(*sqlstore.Identities) error
			want error
		}{
			"Create with an entity that is taken": {func(s *sqlstore.Identities) error {
				return s.Create(t.Context(), identity("free", "taken"))
			}, login.ErrExists},
			"Create with an ID that is taken": {func(s *sqlstore.Identities) error {
				i := identity("free")
				i.ID = there.ID
				return s.Create(t.Context(), i)
			}, login.ErrExists},
			"Replace with an entity that is taken": {func(s *sqlstore.Identities) error {
				i := mine
				i.Providers = identity("free", "taken").Providers
				return s.Replace(t.Context(), i)
			}, login.ErrExists},
			"Replace of another version": {func(s *sqlstore.Identities) error {
				i := mine
				i.Version, i.Providers = 7, identity("free").Providers
				return s.Replace(t.Context(), i)
			}, login.ErrConflict},
			"Replace of none": {func(s *sqlstore.Identities) error { return s.Replace(t.Context(), identity("free")) }, login.ErrNotFound},
		}
		for name, a := range answers {
			t.Run(name, func(t *testing.T) {
				tx := begin(t, d.db, nil)
				checkIs(t, "answer", a.do(d.Identities().In(tx)), a.want)
				i := identity("free", token.NewID())
				must(t, d.Identities().In(tx).Create(t.Context(), i))
				checkIs(t, "seen by others before the commit", get(t, d, i.ID), login.ErrNotFound)
				must(t, tx.Commit())
				d.checkEntities(t, there.ID, mine.ID, i.ID)
				tx = begin(t, d.db, nil)
				must(t, d.Identities().In(tx).Delete(t.Context(), i.ID))
				must(t, tx.Rollback())
				d.checkEntities(t, there.ID, mine.ID, i.ID)
				must(t, d.Identities().Delete(t.Context(), i.ID))
			})
		}
	})
}

// Whatever is put into the tables by others, nobody logs in as somebody else by it, and no error tells a secret.
func TestAttackDamagedIdentity(t *testing.T) {
	edit := map[sqlstore.Dialect]string{
		sqlstore.PostgreSQL: "REPLACE(CAST(providers AS text), 'bob', 'ann')::json",
		sqlstore.MySQL:      "REPLACE(providers, 'bob', 'ann')", sqlstore.SQLite: "REPLACE(providers, 'bob', 'ann')",
	}
	t.Run("S021", func(t *testing.T) {
		eachBackend(t, func(t *testing.T, d *database) {
			table := func(text string) string {
				return strings.NewReplacer("IDENTITIES", d.opts.Prefix+"identities", "ENTITIES", d.opts.Prefix+"provider_identities").Replace(text)
			}
			for name, statement := range map[string]string{
				"an entity that points to another": "UPDATE ENTITIES SET identity_id = 'ANN' WHERE identity_id = 'BOB'",
				"providers of another": "UPDATE IDENTITIES SET providers = (SELECT p FROM " +
					"(SELECT providers AS p FROM IDENTITIES WHERE id = 'ANN') AS x) WHERE id = 'BOB'",
				"an entity that was edited in place": "UPDATE IDENTITIES SET providers = " + edit[d.dialect] + " WHERE id = 'BOB'",
				"no providers":                       "UPDATE IDENTITIES SET providers = '[]' WHERE id = 'BOB'",
				"providers that are no list":         "UPDATE IDENTITIES SET providers = '{}' WHERE id = 'BOB'",
				"actors that are no list":            "UPDATE IDENTITIES SET actors = '1' WHERE id = 'BOB'",
			} {
				t.Run(name, func(t *testing.T) {
					ann, bob := d.registered(t, "ann"), d.registered(t, "bob")
					statement = strings.NewReplacer("ANN", ann.ID, "BOB", bob.ID).Replace(table(statement))
					d.run(t, statement)
					i, err := d.Identities().Find(t.Context(), "emailpass", "bob")
					checkIs(t, "Find", err, login.ErrCorrupt)
					check(t, "who is found", i.ID, "")
					check(t, fmt.Sprintf("%v: tells a secret", err), strings.Contains(err.Error(), "hash"), false)
					i, err = d.Identities().Find(t.Context(), "emailpass", "ann")
					must(t, err)
					check(t, "who is found", i.ID, ann.ID)
					must(t, errors.Join(d.Identities().Delete(t.Context(), ann.ID), d.Identities().Delete(t.Context(), bob.ID)))
					check(t, "entities left", d.rows(t, "provider_identities"), 0)
				})
			}
		})
	})
}
