package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/countersign-go/countersign/auth/login"
)

var _ login.Store = (*Identities)(nil)

// Identities is a [login.Store]. Have one made by [Store.Identities]; the zero value panics. It does not change, and many
// goroutines may use it at once. An error is one of package login, that of [login.AuthIdentity.Check], or wraps
// [auth.ErrUnavailable]. No error tells a Secret.
//
// An identity is one row, with its providers in it. A second table has the entities, by which it is found: what makes them
// the same in both is one transaction.
type Identities struct{ conn conn }

// In returns the same store as part of tx: what it does happens when tx is committed. It tries nothing again: an error that
// is none of package login means that tx cannot go on. What it reads is as tx sees it. Create, Delete and a Replace that
// changes entities make a savepoint, which they end. Keep tx short: who registers as the same entity waits for its end. A nil
// tx panics.
func (s *Identities) In(tx *sql.Tx) *Identities { return &Identities{s.conn.in(tx)} }

const (
	identityTable = "countersign_identities"
	entityTable   = "countersign_provider_identities"
)

// identityColumns are in the order of [readIdentity].
var identityColumns = []string{
	"id", "version", "entities", "actors", "app_metadata", "providers", "disabled_at", "created_at", "updated_at",
}

// fixedOfIdentity is how many of identityColumns, the first, are what a replaced identity is found by.
const fixedOfIdentity = 2

// identityStatements are those that [Identities] sends.
type identityStatements struct {
	create, get, find, replace, whyNot, remove *statement

	enter, leave, leaveAll *statement // of entities
}

func newIdentityStatements(s *Store) identityStatements {
	columns := s.dialect.list(identityColumns)
	return identityStatements{
		create: s.statement(s.dialect.insert(identityTable, "id", identityColumns)),
		get:    s.statement("SELECT " + columns + " FROM " + identityTable + " WHERE id = ?"),
		find: s.statement("SELECT " + columns + " FROM " + entityTable + " JOIN " + identityTable + " ON id = identity_id " +
			"WHERE provider = ? AND entity_id = ?"),
		replace: s.statement("UPDATE " + identityTable + " SET version = version + 1, " +
			strings.Join(identityColumns[fixedOfIdentity:], " = ?, ") + " = ? WHERE id = ? AND version = ? AND entities = ?"),
		whyNot:   s.statement("SELECT version, entities, providers FROM " + identityTable + " WHERE id = ?"),
		remove:   s.statement("DELETE FROM " + identityTable + " WHERE id = ?"),
		enter:    s.statement(s.dialect.insert(entityTable, "provider, entity_id", entityColumns)),
		leave:    s.statement("DELETE FROM " + entityTable + " WHERE provider = ? AND entity_id = ? AND identity_id = ?"),
		leaveAll: s.statement("DELETE FROM " + entityTable + " WHERE identity_id = ?"),
	}
}

// Create keeps i, see [login.Store]. It is one transaction: a statement for the identity, then one for each entity.
func (s *Identities) Create(ctx context.Context, i login.AuthIdentity) error {
	if err := i.Check(); err != nil {
		return err
	}
	i.Version = 1
	values, err := identityValues(s.conn.store.dialect, i)
	if err != nil {
		return err
	}
	return told("create an identity", s.conn.atomically(ctx, func(c conn) error {
		if err := c.add(ctx, c.store.identities.create, values...); err != nil {
			return err
		}
		return c.enter(ctx, i.ID, entitiesOf(i))
	}))
}

// told returns err if it is an answer, and else that the verb was not done.
func told(verb string, err error) error {
	if err == nil || errors.Is(err, login.ErrExists) || errors.Is(err, login.ErrNotFound) || errors.Is(err, login.ErrConflict) {
		return err
	}
	return unavailable(verb, err)
}

// Get returns the identity, see [login.Store]. It is one statement, by the primary key.
func (s *Identities) Get(ctx context.Context, id string) (login.AuthIdentity, error) {
	if !isKey(id) {
		return login.AuthIdentity{}, login.ErrNotFound
	}
	return s.one(ctx, "get an identity", s.conn.store.identities.get, id)
}

// Find returns the identity that logs in so, see [login.Store]. It is one statement, by the primary keys of two tables.
func (s *Identities) Find(ctx context.Context, provider, entityID string) (login.AuthIdentity, error) {
	if !isKey(provider) || !isKey(entityID) {
		return login.AuthIdentity{}, login.ErrNotFound
	}
	i, err := s.one(ctx, "find an identity", s.conn.store.identities.find, provider, entityID)
	if err != nil {
		return login.AuthIdentity{}, err
	}
	if _, ok := i.By(provider, entityID); !ok { // or somebody would log in as another
		return login.AuthIdentity{}, corrupt(errEntities)
	}
	return i, nil
}

func (s *Identities) one(ctx context.Context, verb string, q *statement, args ...any) (login.AuthIdentity, error) {
	rows, err := s.conn.query(ctx, len(identityColumns), q, args...)
	if err != nil {
		return login.AuthIdentity{}, unavailable(verb, err)
	}
	if len(rows) == 0 {
		return login.AuthIdentity{}, login.ErrNotFound
	}
	return readIdentity(rows[0])
}

// Replace exchanges the identity, see [login.Store]. It is one statement, by the primary key, if the entities are what they
// were. If not, it is that statement, one that finds out, and a transaction with a statement for the identity and one for
// each entity that comes or goes.
func (s *Identities) Replace(ctx context.Context, i login.AuthIdentity) error {
	if err := i.Check(); err != nil {
		return err
	}
	values, err := identityValues(s.conn.store.dialect, i)
	if err != nil {
		return err
	}
	next := entitiesOf(i)
	replace := func(c conn, now entities) error {
		digest := now.digest()
		args := append(slices.Clone(values[fixedOfIdentity:]), i.ID, i.Version, digest[:])
		rows, err := c.exec(ctx, c.store.identities.replace, args...)
		if err == nil && rows == 0 {
			err = login.ErrConflict
		}
		return err
	}
	err = replace(s.conn, next)
	if !errors.Is(err, login.ErrConflict) {
		return told("replace an identity", err)
	}
	now, err := s.entities(ctx, i)
	if err != nil {
		return err
	}
	err = s.conn.atomically(ctx, func(c conn) error {
		if err := replace(c, now); err != nil {
			return err
		}
		if err := c.leave(ctx, i.ID, now.without(next)); err != nil {
			return err
		}
		return c.enter(ctx, i.ID, next.without(now))
	})
	if errors.Is(err, login.ErrConflict) { // it was changed just now, or deleted
		if _, err := s.entities(ctx, i); err != nil {
			return err
		}
	}
	return told("replace an identity", err)
}

// entities returns the entities as which the identity that i is to replace logs in, or why it cannot be replaced.
func (s *Identities) entities(ctx context.Context, i login.AuthIdentity) (entities, error) {
	rows, err := s.conn.query(ctx, 3, s.conn.store.identities.whyNot, i.ID)
	switch {
	case err != nil:
		return nil, unavailable("replace an identity", err)
	case len(rows) == 0:
		return nil, login.ErrNotFound
	}
	r := rows[0]
	version, digest, providers := r.integer(), r.digest(), r.providers()
	now := entitiesOf(login.AuthIdentity{Providers: providers})
	switch {
	case r.err != nil:
		return nil, corrupt(r.err)
	case version != i.Version:
		return nil, login.ErrConflict
	case now.digest() != digest:
		return nil, corrupt(errEntities)
	}
	return now, nil
}

// Delete removes the identity, see [login.Store]. It is one transaction of two statements.
func (s *Identities) Delete(ctx context.Context, id string) error {
	if !isKey(id) {
		return nil
	}
	return told("delete an identity", s.conn.atomically(ctx, func(c conn) error {
		// In this order, in which all who change an identity come by, so that who comes second waits here and sees the
		// entities as the first has left them.
		if _, err := c.exec(ctx, c.store.identities.remove, id); err != nil {
			return err
		}
		_, err := c.exec(ctx, c.store.identities.leaveAll, id)
		return err
	}))
}

// identityValues returns what is kept of i, in the order of identityColumns.
func identityValues(d Dialect, i login.AuthIdentity) ([]any, error) {
	actors := make([]actor, len(i.Actors))
	for n, a := range i.Actors {
		actors[n] = actor{a.Type, a.ID}
	}
	digest := entitiesOf(i).digest()
	var e encoder
	values := []any{
		i.ID, i.Version, digest[:], e.json(actors), e.metadata(i.AppMetadata), e.json(newProviders(i.Providers)),
		d.timestamp(i.DisabledAt), d.timestamp(i.CreatedAt), d.timestamp(i.UpdatedAt),
	}
	return values, e.err
}

// readIdentity returns the identity that r holds, or ErrCorrupt.
func readIdentity(r row) (login.AuthIdentity, error) {
	var i login.AuthIdentity
	i.ID, i.Version = r.text(), r.integer()
	digest := r.digest()
	i.Actors, i.AppMetadata, i.Providers = r.actors(), r.metadata(), r.providers()
	i.DisabledAt, i.CreatedAt, i.UpdatedAt = r.time(), r.time(), r.time()
	err := r.err
	if err == nil {
		err = i.Check() // what another program put there
	}
	if err == nil && entitiesOf(i).digest() != digest {
		err = errEntities
	}
	if err != nil {
		return login.AuthIdentity{}, corrupt(err)
	}
	return i, nil
}

// errEntities says that an identity is not found as who it is.
var errEntities = errors.New("an entity that is not the identity's")

// corrupt says that what package login keeps cannot be made out.
func corrupt(cause error) error { return fmt.Errorf("sqlstore: %w: %w", login.ErrCorrupt, cause) }
