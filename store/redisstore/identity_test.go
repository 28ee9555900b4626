package redisstore_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// of keeps a new session of an identity, whose actor nobody else is.
func (k keeper) of(t testing.TB, identity string, edit func(*session.Record)) session.Record {
	t.Helper()
	rec := loggedIn(auth.Actor{})
	rec.Login.IdentityID = identity
	if edit != nil {
		edit(&rec)
	}
	must(t, "Create", k.Sessions().Create(t.Context(), rec))
	return rec
}

// endIdentity checks how many sessions DeleteIdentity ends.
func (k keeper) endIdentity(t testing.TB, identity string, want int) {
	t.Helper()
	n, err := k.Sessions().DeleteIdentity(t.Context(), identity, "")
	must(t, "DeleteIdentity", err)
	check(t, "removed", n, want)
}

// A server that is new to a script is told it, and several batches are sent.
func TestManySessionsOfAnIdentity(t *testing.T) {
	k := open(t, nil)
	const many = 450
	var all []session.Record
	for i := range many {
		actor := auth.Actor{Type: "user", ID: strconv.Itoa(i % 7)}
		rec := loggedIn(actor)
		must(t, "Create", k.Sessions().Create(t.Context(), rec))
		all = append(all, rec)
	}
	must(t, "SCRIPT FLUSH", k.redis.ScriptFlush(t.Context()).Err())
	n, err := k.Sessions().DeleteIdentity(t.Context(), "i", all[300].ID)
	must(t, "DeleteIdentity", err)
	check(t, "removed", n, many-1)
	listed, err := k.Sessions().List(t.Context(), all[300].Login.Actor, time.Now())
	must(t, "List", err)
	check(t, "listed", slices.Equal(ids(listed), []string{all[300].ID}), true)
	k.endIdentity(t, "i", 1)
	keys := k.keys(t)
	check(t, "keys", strings.Join(keys, " "), k.identityKey("i"))
}

// An entry whose session has gone, or was never made, or is of another identity by now, ends nothing, and stays until its time.
func TestEntriesOfNoSession(t *testing.T) {
	k := open(t, nil)
	ctx := t.Context()
	gone, reborn, stays := k.of(t, "i", nil), k.of(t, "i", nil), k.of(t, "i", nil)
	must(t, "Delete", k.Sessions().Delete(ctx, gone.ID))
	must(t, "Delete", k.Sessions().Delete(ctx, reborn.ID))
	reborn.Login.IdentityID = "j"
	must(t, "Create", k.Sessions().Create(ctx, reborn))
	for _, member := range []string{session.NewID(auth.Actor{}), "", strings.Repeat("x", 65)} {
		must(t, "ZAdd", k.redis.ZAdd(ctx, k.identityKey("i"), redis.Z{Score: 9e15, Member: member}).Err())
	}
	check(t, "entries", k.redis.ZCard(ctx, k.identityKey("i")).Val(), 6)
	k.endIdentity(t, "i", 1)
	check(t, "entries", k.redis.ZCard(ctx, k.identityKey("i")).Val(), 6)
	_, err := k.Sessions().Get(ctx, stays.ID, time.Now())
	check(t, "Get is ErrNotFound", errors.Is(err, session.ErrNotFound), true)
	_, err = k.Sessions().Get(ctx, reborn.ID, time.Now())
	must(t, "Get of the other identity's", err)
	k.endIdentity(t, "j", 1)
}

// A Create that is refused since the ID is taken takes nothing out of the list, and shortens nothing in it.
func TestRefusedCreateKeepsTheEntry(t *testing.T) {
	k := open(t, nil)
	ctx, rec := t.Context(), k.of(t, "i", nil)
	before := k.redis.ZScore(ctx, k.identityKey("i"), rec.ID).Val()
	short := rec
	short.EndsBy = short.Expires
	check(t, "Create again", k.Sessions().Create(ctx, short) == session.ErrExists, true)
	check(t, "the entry is as late as it was", k.redis.ZScore(ctx, k.identityKey("i"), rec.ID).Val() >= before, true)
	k.endIdentity(t, "i", 1)
}

// A session is on the list as long as it may last, also where its end is moved, though a renewal does not touch the list.
func TestEntriesOutlastTheirSessions(t *testing.T) {
	k := open(t, nil)
	ctx, rec := t.Context(), k.of(t, "i", nil)
	entry := func() time.Duration {
		at := k.redis.ZScore(ctx, k.identityKey("i"), rec.ID).Val()
		return time.UnixMilli(int64(at)).Sub(k.redis.Time(ctx).Val()).Round(time.Minute)
	}
	for _, tt := range []struct {
		name           string
		expires, endBy time.Duration
		want           time.Duration
	}{
		{"as it was created", time.Hour, 24 * time.Hour, 24 * time.Hour},
		{"renewed", 2 * time.Hour, 24 * time.Hour, 24 * time.Hour},
		{"to end earlier", time.Hour, time.Hour, 24 * time.Hour},
		{"to end later", time.Hour, 48 * time.Hour, 48 * time.Hour},
		{"to expire after its end", 96 * time.Hour, 48 * time.Hour, 96 * time.Hour},
	} {
		rec.Expires, rec.EndsBy = rec.Created.Add(tt.expires), rec.Created.Add(tt.endBy)
		must(t, "Replace "+tt.name, k.Sessions().Replace(ctx, rec, time.Now()))
		rec.Version++
		check(t, tt.name+": the entry", entry(), tt.want+time.Minute)
		check(t, tt.name+": the list", k.redis.PTTL(ctx, k.identityKey("i")).Val().Round(time.Minute), tt.want+2*time.Minute)
		kept, err := k.Sessions().Get(ctx, rec.ID, time.Now())
		must(t, "Get", err)
		check(t, tt.name+": version", kept.Version, rec.Version)
	}
	k.endIdentity(t, "i", 1)
}

// What a later Replace costs is told: the answer that it has to enter the session first, the entry, and the change.
func TestCommandsOfALaterEnd(t *testing.T) {
	k, w := tapped(t)
	rec := k.create(t, ann)
	w.reset(0)
	must(t, "Replace", k.Sessions().Replace(t.Context(), rec, time.Now()))
	check(t, "commands of a renewal", w.take(), "evalsha")
	rec.Version, rec.EndsBy = 2, rec.EndsBy.Add(time.Hour)
	w.reset(0)
	must(t, "Replace", k.Sessions().Replace(t.Context(), rec, time.Now()))
	check(t, "commands of a later end", w.take(), "evalsha evalsha evalsha")
}

// Where the list of an identity is something else, there is no session that would not be on it.
func TestForeignIdentityIndex(t *testing.T) {
	k := open(t, nil)
	ctx, rec, other := t.Context(), k.of(t, "i", nil), loggedIn(ann)
	must(t, "Set", k.redis.Set(ctx, k.identityKey("i"), "text", time.Hour).Err())
	unavailable(t, "Create", k.Sessions().Create(ctx, other), nil)
	_, err := k.Sessions().DeleteIdentity(ctx, "i", "")
	unavailable(t, "DeleteIdentity", err, nil)
	check(t, "keys of the new one", k.redis.Exists(ctx, k.sessionKey(other.ID)).Val(), 0)
	must(t, "Replace", k.Sessions().Replace(ctx, rec, time.Now()))
	rec.Version, rec.EndsBy = 2, rec.EndsBy.Add(time.Hour)
	unavailable(t, "Replace that moves the end", k.Sessions().Replace(ctx, rec, time.Now()), nil)
	kept, err := k.Sessions().Get(ctx, rec.ID, time.Now())
	must(t, "Get", err)
	check(t, "Version", kept.Version, 2)
}

// A session keeps its identity: another one, none any more, and one where there was none are refused, and nothing has changed.
func TestIdentityStays(t *testing.T) {
	for name, identities := range map[string][2]string{
		"another": {"i", "j"}, "none any more": {"i", ""}, "one where there was none": {"", "j"},
	} {
		t.Run(name, func(t *testing.T) {
			k := open(t, nil)
			rec := k.of(t, identities[0], nil)
			changed := rec
			changed.Login.IdentityID = identities[1]
			changed.EndsBy = rec.EndsBy.Add(time.Hour)
			err := k.Sessions().Replace(t.Context(), changed, time.Now())
			check(t, "refused", err != nil, true)
			check(t, "an outage", auth.IsUnavailable(err), false)
			kept, err := k.Sessions().Get(t.Context(), rec.ID, time.Now())
			must(t, "Get", err)
			check(t, "the identity", kept.Login.IdentityID, identities[0])
			check(t, "entries of the other", k.redis.Exists(t.Context(), k.identityKey("j")).Val(), 0)
		})
	}
}
