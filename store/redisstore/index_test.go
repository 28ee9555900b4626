package redisstore_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/redisstore"
)

// indexKey is where the package comment says that the list of an actor's sessions is.
func (k keeper) indexKey(actor auth.Actor) string {
	return fmt.Sprintf("%s{%s}a:%x", k.prefix, session.Place(actor), sha256.Sum256([]byte(actor.Type+"\x00"+actor.ID)))
}

// identityKey is where it says that the list of an identity's sessions is.
func (k keeper) identityKey(identity string) string {
	return fmt.Sprintf("%si:%x", k.prefix, sha256.Sum256([]byte(identity)))
}

// samePlace returns another actor with the place of actor.
func samePlace(actor auth.Actor) auth.Actor {
	for i := 0; ; i++ {
		if other := (auth.Actor{Type: "user", ID: strconv.Itoa(i)}); session.Place(other) == session.Place(actor) {
			return other
		}
	}
}

func TestLayout(t *testing.T) {
	k := open(t, nil)
	ctx, now := t.Context(), time.Now()
	rec := k.create(t, ann)
	nobody := loggedIn(auth.Actor{})
	nobody.Login.IdentityID = ""
	must(t, "Create", k.Sessions().Create(ctx, nobody))
	must(t, "Revoke", k.Revocations().Revoke(ctx, "actor:ann", time.UnixMicro(1), now.Add(time.Hour)))
	keys := k.keys(t)
	slices.Sort(keys)
	want := []string{k.sessionKey(rec.ID), k.sessionKey(nobody.ID), k.indexKey(ann), k.identityKey("i"), k.prefix + "r:actor:ann"}
	slices.Sort(want)
	check(t, "keys", strings.Join(keys, "\n"), strings.Join(want, "\n"))
	check(t, "the place", len(session.Place(ann)), redisstore.PlaceLen)
	contains(t, "the record", k.redis.Get(ctx, k.sessionKey(rec.ID)).Val(), "cs1 1 "+redisstore.Moment(rec.Expires))
	check(t, "the note", k.redis.Get(ctx, k.prefix+"r:actor:ann").Val(),
		"000000000000000001 "+redisstore.Moment(now.Add(time.Hour)))
	for _, key := range want {
		left := k.redis.PTTL(ctx, key).Val()
		check(t, "the server keeps "+key+" long enough", left > time.Hour, true)
		longest := time.Hour
		if key == k.identityKey("i") {
			longest = 24 * time.Hour // as long as the session may last
		}
		check(t, "the server drops "+key, left < longest+3*time.Minute, true)
	}
	must(t, "Delete", k.Sessions().Delete(ctx, rec.ID))
	must(t, "Delete", k.Sessions().Delete(ctx, nobody.ID))
	left := k.keys(t)
	slices.Sort(left)
	check(t, "keys after Delete", strings.Join(left, " "), k.identityKey("i")+" "+k.prefix+"r:actor:ann")
}

func TestManySessions(t *testing.T) {
	k := open(t, nil)
	ctx, now := t.Context(), time.Now()
	const many = 10_000
	var creating sync.WaitGroup
	var all [10][]string
	for i := range all {
		creating.Go(func() {
			for range many / len(all) {
				rec := loggedIn(ann)
				all[i] = append(all[i], rec.ID)
				if err := k.Sessions().Create(ctx, rec); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	creating.Wait()
	listed, err := k.Sessions().List(ctx, ann, now)
	must(t, "List", err)
	inOrder := slices.IsSortedFunc(listed, func(a, b session.Record) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	check(t, "in order", inOrder, true)
	got, want := ids(listed), slices.Concat(all[:]...)
	slices.Sort(got)
	slices.Sort(want)
	check(t, "all are listed", slices.Equal(got, want), true)
	n, err := k.Sessions().DeleteAll(ctx, ann, want[7])
	must(t, "DeleteAll", err)
	check(t, "removed", n, many-1)
	check(t, "keys", len(k.keys(t)), 3)
	n, err = k.Sessions().DeleteAll(ctx, ann, "")
	must(t, "DeleteAll", err)
	check(t, "removed of the rest", n, 1)
	check(t, "keys", len(k.keys(t)), 1) // the list of the identity's, whose entries stay until their time
}

// Those that began at the same time are in the order of their IDs.
func TestListBreaksTies(t *testing.T) {
	k := open(t, nil)
	var want []string
	created := time.Now()
	for range 5 {
		rec := loggedIn(ann)
		rec.Created = created
		want = append(want, rec.ID)
		must(t, "Create", k.Sessions().Create(t.Context(), rec))
	}
	slices.Sort(want)
	listed, err := k.Sessions().List(t.Context(), ann, created)
	must(t, "List", err)
	check(t, "listed", slices.Equal(ids(listed), want), true)
}

// DeleteAll ends though others never stop to create.
func TestDeleteAllEnds(t *testing.T) {
	k := open(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	var creating sync.WaitGroup
	for range 4 {
		creating.Go(func() {
			for ctx.Err() == nil {
				_ = k.Sessions().Create(ctx, loggedIn(ann))
			}
		})
	}
	for range 20 {
		if _, err := k.Sessions().DeleteAll(t.Context(), ann, ""); err != nil {
			t.Error(err)
		}
	}
	cancel()
	creating.Wait()
}

// Entries go a minute after the server has dropped their records, not before, and a hundred with each write.
func TestIndexSheds(t *testing.T) {
	k := open(t, nil)
	ctx, key := t.Context(), k.indexKey(ann)
	server := k.redis.Time(ctx).Val()
	enter := func(prefix string, n int, at time.Time) {
		for i := range n {
			must(t, "ZAdd", k.redis.ZAdd(ctx, key, redis.Z{Score: float64(at.UnixMilli()), Member: prefix + strconv.Itoa(i)}).Err())
		}
	}
	enter("past", 250, server.Add(-2*time.Minute))
	enter("late", 3, server.Add(-30*time.Second))
	rec := k.create(t, ann)
	for i, want := range []int64{150 + 3 + 1, 50 + 3 + 1, 3 + 1, 3 + 1} {
		check(t, fmt.Sprintf("entries after %d writes", i+1), k.redis.ZCard(ctx, key).Val(), want)
		must(t, "Replace", k.Sessions().Replace(ctx, rec, time.Now()))
		rec.Version++
	}
	listed, err := k.Sessions().List(ctx, ann, time.Now())
	must(t, "List", err)
	check(t, "listed", slices.Equal(ids(listed), []string{rec.ID}), true)
}

// The server keeps index and record together, whichever way the end moves, and no clock that is ahead cuts them short.
func TestEndsMoveTogether(t *testing.T) {
	k := open(t, nil)
	ctx, key, index := t.Context(), "", k.indexKey(ann)
	rec := k.create(t, ann)
	key = k.sessionKey(rec.ID)
	about := func(what string, got, want time.Duration) {
		t.Helper()
		if got < want-30*time.Second || got > want+30*time.Second {
			t.Errorf("%s: %v, want about %v", what, got, want)
		}
	}
	score := func() time.Duration {
		end := k.redis.ZScore(ctx, index, rec.ID).Val()
		return time.UnixMilli(int64(end)).Sub(k.redis.Time(ctx).Val())
	}
	for _, tt := range []struct{ end, record, index time.Duration }{
		{3 * time.Hour, 3 * time.Hour, 3 * time.Hour},
		{time.Minute, time.Minute, 3 * time.Hour},
		{2 * time.Hour, 2 * time.Hour, 3 * time.Hour},
	} {
		rec.Expires = time.Now().Add(tt.end)
		must(t, "Replace", k.Sessions().Replace(ctx, rec, time.Now()))
		rec.Version++
		about("the record", k.redis.PTTL(ctx, key).Val(), tt.record+time.Minute)
		about("its entry", score(), tt.record+time.Minute)
		about("the index", k.redis.PTTL(ctx, index).Val(), tt.index+2*time.Minute)
	}
	must(t, "PExpire", k.redis.PExpire(ctx, key, 5*time.Hour).Err()) // as one whose clock is hours behind would have it
	must(t, "Replace", k.Sessions().Replace(ctx, rec, time.Now()))
	about("a record that was to stay longer", k.redis.PTTL(ctx, key).Val(), 5*time.Hour)
	about("its entry", score(), 5*time.Hour)
	check(t, "the index stays longer", k.redis.PTTL(ctx, index).Val() > 5*time.Hour, true)
}

// A record that is created when it has expired is there for a minute, and for nobody.
func TestCreatedExpired(t *testing.T) {
	k := open(t, nil)
	rec := loggedIn(ann)
	rec.Expires = time.Now().Add(-time.Hour)
	must(t, "Create", k.Sessions().Create(t.Context(), rec))
	left := k.redis.PTTL(t.Context(), k.sessionKey(rec.ID)).Val()
	check(t, "kept for a minute", left > 30*time.Second && left <= time.Minute+time.Second, true)
	_, err := k.Sessions().Get(t.Context(), rec.ID, time.Now())
	check(t, "Get", err == session.ErrNotFound, true)
	check(t, "Create again", k.Sessions().Create(t.Context(), rec) == session.ErrExists, true)
}

// A session keeps its actor: another one, also of the same place, is refused, and nothing has changed.
func TestActorStays(t *testing.T) {
	bob := samePlace(ann)
	for name, actors := range map[string][2]auth.Actor{
		"another":                  {ann, bob},
		"none any more":            {ann, {}},
		"one where there was none": {{}, ann},
	} {
		t.Run(name, func(t *testing.T) {
			k := open(t, nil)
			ctx, now := t.Context(), time.Now()
			rec := loggedIn(actors[0])
			rec.ID = session.NewID(ann) // whose place all of them may have
			must(t, "Create", k.Sessions().Create(ctx, rec))
			changed := rec
			changed.Login.Actor = actors[1]
			err := k.Sessions().Replace(ctx, changed, now)
			check(t, "refused", err != nil, true)
			check(t, "an outage", auth.IsUnavailable(err), false)
			kept, err := k.Sessions().Get(ctx, rec.ID, now)
			must(t, "Get", err)
			check(t, "the actor", kept.Login.Actor, actors[0])
			check(t, "entries of the other", k.redis.Exists(ctx, k.indexKey(actors[1])).Val(), 0)
			must(t, "Replace", k.Sessions().Replace(ctx, rec, now))
		})
	}
}

// An entry that something else made, of a session in another place, is passed by: in a cluster it would be an outage.
func TestEntryOfAnotherPlace(t *testing.T) {
	k := open(t, nil)
	ctx, rec := context.Background(), loggedIn(ann)
	must(t, "Create", k.Sessions().Create(ctx, rec))
	stranger := session.NewID(auth.Actor{Type: "user", ID: "another"})
	for _, key := range k.keys(t) {
		_ = k.redis.ZAdd(ctx, key, redis.Z{Score: 9e15, Member: stranger}) // only the index takes it
	}
	before := k.redis.Keys(ctx, k.prefix+"*").Val()
	list, err := k.Sessions().List(ctx, ann, time.Now())
	must(t, "List", err)
	check(t, "listed", len(list), 1)
	n, err := k.Sessions().DeleteAll(ctx, ann, "")
	must(t, "DeleteAll", err)
	check(t, "removed", n, 1)
	check(t, "keys before", len(before), 3)
}
