package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// TestAPIKeyStore tests whether the stores that open returns are as [apikey.Store] says, and as [apikey.Index] and
// [apikey.UseRecorder] say if they are that too. The package comment says what open may return.
func TestAPIKeyStore(t *testing.T, open func(t testing.TB) apikey.Store) {
	t.Helper()
	run(t, keyCases, open)
	s := open(t)
	if isFindable(s) {
		run(t, findCases, func(t testing.TB) findable { return open(t).(findable) })
	} else {
		t.Logf("%T is no apikey.Index: Find was not tested", s)
	}
	if isRecording(s) {
		run(t, useCases, func(t testing.TB) recording { return open(t).(recording) })
	} else {
		t.Logf("%T is no apikey.UseRecorder: RecordUses was not tested", s)
	}
}

var keys = kind[apikey.Key]{
	list:    "Find by owner",
	samples: keySamples,
	fields: func(k *apikey.Key) fields {
		return fields{&k.ID, &k.Version, &k.Owner, &k.CreatedAt, &k.Title, nil}
	},
	clone:    func(k apikey.Key) apikey.Key { return k },
	mark:     func(k *apikey.Key) { k.Digest = token.Sum(k.Title) },
	marked:   func(k apikey.Key) bool { return k.Digest == token.Sum(k.Title) },
	spots:    keySpots,
	newID:    func(auth.Actor) string { return token.NewID() },
	check:    apikey.Key.Check,
	notFound: apikey.ErrNotFound,
	exists:   apikey.ErrExists,
	conflict: apikey.ErrConflict,
}

func asKeyStore(s apikey.Store) store[apikey.Key] { return s }

var keyCases = slices.Concat(
	through(asKeyStore, keys.contract()),
	through(asKeyStore, keys.texts()),
	through(asKeyStore, keys.contention()),
	through(asKeyStore, keys.interrupted()),
	through(asKeyStore, keys.deletion()),
	[]testCase[apikey.Store]{
		{"a revoked key stays in Get", revokedStays},
	},
)

// A findable store is one that can find keys by what is in them.
type findable interface {
	apikey.Store
	apikey.Index
}

func isFindable(s apikey.Store) bool {
	_, ok := s.(apikey.Index)
	return ok
}

// An ownersKeys store lists the keys of an owner.
type ownersKeys struct {
	apikey.Store
	index apikey.Index
}

// List returns the keys of owner, who is somebody.
func (o ownersKeys) List(ctx context.Context, owner auth.Actor) ([]apikey.Key, error) {
	found, total, err := o.index.Find(ctx, apikey.Query{Owner: owner})
	switch {
	case err != nil:
		return nil, err
	case total != len(found):
		return nil, fmt.Errorf("without a Limit, Find returned %d keys of %d", len(found), total)
	}
	return found, nil
}

func asKeyLister(s findable) lister[apikey.Key] { return ownersKeys{s, s} }

// revokedStays revokes a key at once, and one for later, and looks for them beside one that is not revoked.
func revokedStays(ctx context.Context, s apikey.Store) error {
	recs, _, err := keys.family(ctx, s, 3)
	if err != nil {
		return err
	}
	at := recs[0].Revocation.At
	for i, revocation := range []apikey.Revocation{{At: at, By: "bob"}, {At: at, Until: at.Add(time.Hour)}, {}} {
		recs[i].ExpiresAt, recs[i].Revocation = time.Time{}, revocation
		if err := must("Replace", s.Replace(ctx, recs[i])); err != nil {
			return err
		}
		recs[i].Version++
	}
	var errs []error
	for _, k := range recs {
		errs = append(errs, keys.kept(ctx, s, k, "after keys were revoked"))
	}
	return errors.Join(errs...)
}
