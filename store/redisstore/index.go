package redisstore

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// batch is how many records one command reads or removes: nobody else's has to wait long for it, and an answer of records
// as large as they may be is no more than some tens of megabytes.
const batch = 200

// List returns the sessions of the actor, see [session.Index]. Those that began at the same time are in the order of
// their IDs. It takes one ZRANGE, and one MGET for each 200 sessions.
//
// These are more steps than one, but whatever is there before the first and after the last is in the list: a record that is
// created meanwhile may be missing, one that ends meanwhile may be there, like one that ends right afterwards. A script
// that did both would touch keys that it is not called with.
func (s *Sessions) List(ctx context.Context, actor auth.Actor, now time.Time) ([]session.Record, error) {
	const verb = "list"
	ids, err := s.ids(ctx, verb, actor)
	if err != nil {
		return nil, err
	}
	var recs []session.Record
	for some := range slices.Chunk(ids, batch) {
		texts, err := s.texts(ctx, some)
		if err != nil {
			return nil, unavailable(verb, err)
		}
		for i, text := range texts {
			if rec, ok := listed(text, some[i], actor, now); ok {
				recs = append(recs, rec)
			}
		}
	}
	slices.SortFunc(recs, func(a, b session.Record) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.ID, b.ID))
	})
	return recs, nil
}

// ids returns the IDs in the index of actor: of all records that are there, and perhaps of some that are no more.
func (s *Sessions) ids(ctx context.Context, verb string, actor auth.Actor) ([]string, error) {
	if err := s.store.begin(ctx, verb); err != nil {
		return nil, err
	}
	if actor.Type == "" || actor.ID == "" {
		return nil, nil // nobody
	}
	ids, err := s.entries(ctx, verb, s.store.indexKey(actor))
	place := session.Place(actor)
	return slices.DeleteFunc(ids, func(id string) bool { return !strings.HasPrefix(id, place) }), err
}

// entries returns the IDs in the index with the key.
func (s *Sessions) entries(ctx context.Context, verb, key string) ([]string, error) {
	cmd := redis.NewStringSliceCmd(ctx, "zrange", key, 0, -1)
	s.store.do(ctx, cmd)
	ids, err := cmd.Result()
	if err != nil {
		return nil, unavailable(verb, err)
	}
	return slices.DeleteFunc(ids, func(id string) bool { return !isSessionID(id) }), nil
}

// texts returns what is under the keys of ids: a string, or nil.
func (s *Sessions) texts(ctx context.Context, ids []string) ([]any, error) {
	words := []any{"mget"}
	for _, key := range s.store.sessionKeys(ids) {
		words = append(words, key)
	}
	cmd := redis.NewSliceCmd(ctx, words...)
	s.store.do(ctx, cmd)
	return cmd.Result()
}

// listed returns the record in what MGET says of id, and whether there is one to be listed. What is of another type is nil
// there, like what is not there.
func listed(text any, id string, actor auth.Actor, now time.Time) (session.Record, bool) {
	kept, ok := text.(string)
	if !ok {
		return session.Record{}, false
	}
	rec, err := decode([]byte(kept), id)
	return rec, err == nil && rec.Login.Actor == actor && now.Before(rec.Expires)
}

// DeleteAll removes the sessions of the actor, see [session.Index], those that cannot be read included. It takes one
// ZRANGE, and one script for each 200 sessions: what is created meanwhile stays. It counts what was on the server, also
// what had expired there. Where the client had to repeat a script whose answer was lost, it counts too few. After an error
// some may be gone: call it again.
func (s *Sessions) DeleteAll(ctx context.Context, actor auth.Actor, except string) (int, error) {
	const verb = "delete all"
	ids, err := s.ids(ctx, verb, actor)
	if err != nil {
		return 0, err
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == except })
	removed := 0
	for some := range slices.Chunk(ids, batch) {
		keys := append([]string{s.store.indexKey(actor)}, s.store.sessionKeys(some)...)
		args := []any{indexName(actor)}
		for _, id := range some {
			args = append(args, id)
		}
		n, err := s.store.run(ctx, deleteAllScript, keys, args...).Int()
		if err != nil {
			return 0, unavailable(verb, err)
		}
		removed += n
	}
	return removed, nil
}
