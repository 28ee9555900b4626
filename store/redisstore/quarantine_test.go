package redisstore_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// quarantined puts what is not ours under the key of a session: it is no session, and stays for the operator to look at,
// and the actor's others are as good as before.
func quarantined(t *testing.T) {
	k := open(t, nil)
	sound := k.create(t, ann)
	rec := k.create(t, ann)
	for name, text := range typeConfusion(t, rec) {
		refused(t, name, text, rec.ID)
		must(t, "Set", k.redis.Set(t.Context(), k.sessionKey(rec.ID), text, time.Hour).Err())
		_, err := k.Sessions().Get(t.Context(), rec.ID, time.Now())
		check(t, name+": Get is ErrCorrupt", errors.Is(err, session.ErrCorrupt), true)
		check(t, name+": Get is an outage", auth.IsUnavailable(err), false)
		listed, err := k.Sessions().List(t.Context(), ann, time.Now())
		must(t, name+": List", err)
		check(t, name+": listed", slices.Equal(ids(listed), []string{sound.ID}), true)
		check(t, name+": is still there", k.redis.Get(t.Context(), k.sessionKey(rec.ID)).Val(), text)
	}
	must(t, "Delete", k.Sessions().Delete(t.Context(), rec.ID))
	check(t, "keys after Delete", k.redis.Exists(t.Context(), k.sessionKey(rec.ID)).Val(), 0)
}

func ids(recs []session.Record) (ids []string) {
	for _, rec := range recs {
		ids = append(ids, rec.ID)
	}
	return ids
}

// What has no head is neither replaced nor created anew, and can be ended in both ways.
func TestForeignKeys(t *testing.T) {
	ctx := context.Background()
	for name, put := range map[string]func(k keeper, key string) error{
		"text":            func(k keeper, key string) error { return k.redis.Set(ctx, key, "text", time.Hour).Err() },
		"a later format":  func(k keeper, key string) error { return k.redis.Set(ctx, key, "cs2 1 1 - - 1 0 {", time.Hour).Err() },
		"half a head":     func(k keeper, key string) error { return k.redis.Set(ctx, key, "cs1 1 0000", time.Hour).Err() },
		"another type":    func(k keeper, key string) error { return k.redis.HSet(ctx, key, "a", "b").Err() },
		"a set of scores": func(k keeper, key string) error { return k.redis.Do(ctx, "zadd", key, 1, "a").Err() },
	} {
		for end, call := range map[string]func(k keeper, id string) error{
			"Delete":    func(k keeper, id string) error { return k.Sessions().Delete(ctx, id) },
			"DeleteAll": func(k keeper, id string) error { _, err := k.Sessions().DeleteAll(ctx, ann, ""); return err },
			"DeleteIdentity": func(k keeper, id string) error {
				_, err := k.Sessions().DeleteIdentity(ctx, "i", "")
				return err
			},
		} {
			t.Run(name+", "+end, func(t *testing.T) {
				k := open(t, nil)
				rec := k.create(t, ann)
				key := k.sessionKey(rec.ID)
				k.redis.Del(ctx, key)
				must(t, "put", put(k, key))
				_, err := k.Sessions().Get(ctx, rec.ID, time.Now())
				check(t, "Get is ErrCorrupt", errors.Is(err, session.ErrCorrupt), true)
				err = k.Sessions().Replace(ctx, rec, time.Now())
				check(t, "Replace is ErrCorrupt", errors.Is(err, session.ErrCorrupt), true)
				err = k.Sessions().Create(ctx, rec)
				check(t, "Create is ErrExists", errors.Is(err, session.ErrExists), true)
				check(t, "there", k.redis.Exists(ctx, key).Val(), 1)
				must(t, end, call(k, rec.ID))
				check(t, "there afterwards", k.redis.Exists(ctx, key).Val(), 0)
				listed, err := k.Sessions().List(ctx, ann, time.Now())
				must(t, "List", err)
				check(t, "listed", len(listed), 0)
			})
		}
	}
}

// What the server gives up of itself ends a session. It shows nobody another's, and nothing comes back: F11.
func TestEviction(t *testing.T) {
	k := open(t, nil)
	ctx, now := t.Context(), time.Now()
	rec, other := k.create(t, ann), k.create(t, ann)
	must(t, "Del of a record", k.redis.Del(ctx, k.sessionKey(rec.ID)).Err())
	_, err := k.Sessions().Get(ctx, rec.ID, now)
	check(t, "Get is ErrNotFound", errors.Is(err, session.ErrNotFound), true)
	err = k.Sessions().Replace(ctx, rec, now)
	check(t, "Replace is ErrNotFound", errors.Is(err, session.ErrNotFound), true)
	listed, err := k.Sessions().List(ctx, ann, now)
	must(t, "List", err)
	check(t, "listed is the other", slices.Equal(ids(listed), []string{other.ID}), true)

	// The ID comes up again for another actor of the same place, whom the entry that was left must not show or end.
	bob := samePlace(ann)
	reborn := loggedIn(bob)
	reborn.ID = rec.ID
	must(t, "Create", k.Sessions().Create(ctx, reborn))
	listed, err = k.Sessions().List(ctx, ann, now)
	must(t, "List", err)
	check(t, "listed is the other", slices.Equal(ids(listed), []string{other.ID}), true)
	n, err := k.Sessions().DeleteAll(ctx, ann, "")
	must(t, "DeleteAll", err)
	check(t, "removed", n, 1)
	_, err = k.Sessions().Get(ctx, reborn.ID, now)
	must(t, "Get of the other actor's", err)

	must(t, "Del of an index", k.redis.Del(ctx, k.indexKey(bob)).Err())
	_, err = k.Sessions().Get(ctx, reborn.ID, now)
	must(t, "Get without an index", err)
	listed, err = k.Sessions().List(ctx, bob, now)
	must(t, "List", err)
	check(t, "listed without an index", len(listed), 0)
	must(t, "Replace without an index", k.Sessions().Replace(ctx, reborn, now))
	listed, err = k.Sessions().List(ctx, bob, now)
	must(t, "List", err)
	check(t, "listed after a Replace", slices.Equal(ids(listed), []string{reborn.ID}), true)
}

// Where the list of an actor's sessions is something else, there is no session that would not be on it.
func TestForeignIndex(t *testing.T) {
	k := open(t, nil)
	ctx, rec, other := t.Context(), k.create(t, ann), loggedIn(ann)
	must(t, "Set", k.redis.Set(ctx, k.indexKey(ann), "text", time.Hour).Err())
	unavailable(t, "Create", k.Sessions().Create(ctx, other), nil)
	unavailable(t, "Replace", k.Sessions().Replace(ctx, rec, time.Now()), nil)
	_, err := k.Sessions().List(ctx, ann, time.Now())
	unavailable(t, "List", err, nil)
	_, err = k.Sessions().DeleteAll(ctx, ann, "")
	unavailable(t, "DeleteAll", err, nil)
	check(t, "keys of the new one", k.redis.Exists(ctx, k.sessionKey(other.ID)).Val(), 0)
	kept, err := k.Sessions().Get(ctx, rec.ID, time.Now())
	must(t, "Get", err)
	check(t, "Version", kept.Version, 1)
	must(t, "Delete", k.Sessions().Delete(ctx, rec.ID))
	check(t, "keys of the old one", k.redis.Exists(ctx, k.sessionKey(rec.ID)).Val(), 0)
}
