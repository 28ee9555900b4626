package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// TestAPIKeyStore tests whether the stores that open returns are as [apikey.Store] says, and as [apikey.UseRecorder] says if
// they are that too. The package comment says what open may return.
func TestAPIKeyStore(t *testing.T, open func(t testing.TB) apikey.Store) {
	t.Helper()
	run(t, keyCases, open)
	if s := open(t); !isRecording(s) {
		t.Logf("%T is no apikey.UseRecorder: RecordUses was not tested", s)
		return
	}
	run(t, useCases, func(t testing.TB) recording { return open(t).(recording) })
}

var keys = kind[apikey.Key]{
	samples: keySamples,
	fields: func(k *apikey.Key) fields {
		return fields{&k.ID, &k.Version, &k.Digest, &k.Owner, &k.CreatedAt, &k.Title}
	},
	spots:    keySpots,
	newID:    func(auth.Actor) string { return token.NewID() },
	check:    apikey.Key.Check,
	notFound: apikey.ErrNotFound,
	exists:   apikey.ErrExists,
	conflict: apikey.ErrConflict,
}

var keyCases = slices.Concat(
	through(func(s apikey.Store) store[apikey.Key] { return s }, keys.contract()),
	through(func(s apikey.Store) store[apikey.Key] { return s }, keys.texts()),
	through(func(s apikey.Store) store[apikey.Key] { return s }, keys.contention()),
	through(func(s apikey.Store) store[apikey.Key] { return s }, keys.interrupted()),
	through(func(s apikey.Store) lister[apikey.Key] { return s }, keys.listing()),
	[]testCase[apikey.Store]{
		{"List follows a change of the owner", listFollowsOwner},
		{"a key that many give away has one owner", ownerRace},
		{"a revoked key stays in Get and List", revokedStays},
	},
)

// revokedStays revokes a key, and looks for it beside one that is not revoked.
func revokedStays(ctx context.Context, s apikey.Store) error {
	recs, owner, err := keys.family(ctx, s, 2)
	if err != nil {
		return err
	}
	for i, revoked := range []time.Time{recs[0].RevokedAt, {}} {
		recs[i].ExpiresAt, recs[i].RevokedAt = time.Time{}, revoked
		if err := must("Replace", s.Replace(ctx, recs[i])); err != nil {
			return err
		}
		recs[i].Version++
	}
	return errors.Join(
		keys.kept(ctx, s, recs[0], "after a key was revoked"),
		keys.kept(ctx, s, recs[1], "after another key was revoked"),
		keys.lists(ctx, s, owner, "one of whose keys is revoked", recs...),
	)
}

// listFollowsOwner gives a key to another owner.
func listFollowsOwner(ctx context.Context, s apikey.Store) error {
	k, err := keys.create(ctx, s, nil)
	if err != nil {
		return err
	}
	last, next := k.Owner, auth.Actor{Type: "user", ID: token.NewID()}
	k.Owner = next
	if err := must("Replace", s.Replace(ctx, k)); err != nil {
		return err
	}
	return errors.Join(
		keys.lists(ctx, s, last, "whose key has become another's"),
		keys.lists(ctx, s, next, "who has taken over a key", k),
	)
}
