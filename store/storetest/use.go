package storetest

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth/token"
)

// A recording store is one that also keeps when keys were used last.
type recording interface {
	apikey.Store
	apikey.UseRecorder
}

func isRecording(s apikey.Store) bool {
	_, ok := s.(apikey.UseRecorder)
	return ok
}

var useCases = []testCase[recording]{
	{"RecordUses keeps the later use of each key", usesMerge},
	{"RecordUses keeps any address", usesKeepAddresses},
	{"RecordUses changes nothing but LastUsed, and makes no key", usesChangeNothingElse},
	{"a use that no store keeps is passed over, and no other with it", usesPassedOver},
	{"Create and Replace do not write LastUsed", usesAreNotReplaced},
	{"uses of many keys are kept at once", usesOfMany},
	{"RecordUses with a cancelled context is an error and changes nothing", usesCancelled},
	{"of many RecordUses at once the latest wins, and no Replace undoes it", usesRace},
}

var (
	somewhere = netip.MustParseAddr("192.0.2.7")
	elsewhere = netip.MustParseAddr("2001:db8::7")
)

// newUse returns a use of just now, to the microsecond.
func newUse() apikey.Use {
	return apikey.Use{At: time.Now().UTC().Truncate(time.Second).Add(123_456 * tick), IP: somewhere}
}

// used returns what is wrong unless the last use of k, which is else as it was, is want.
func used(ctx context.Context, s recording, k apikey.Key, want apikey.Use, when string) error {
	k.LastUsed = want
	return keys.kept(ctx, s, k, when)
}

func record(ctx context.Context, s recording, id string, u apikey.Use) error {
	return must("RecordUses", s.RecordUses(ctx, map[string]apikey.Use{id: u}))
}

// usesMerge tells three uses in each order, one of them twice.
func usesMerge(ctx context.Context, s recording) error {
	uses := []apikey.Use{newUse(), newUse(), newUse()}
	for i := range uses {
		uses[i].At = uses[0].At.Add(time.Duration(i) * tick)
	}
	uses[1].IP = elsewhere
	var errs []error
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}, {0, 0}, {0, 1}, {1, 0}} {
		k, err := keys.create(ctx, s, nil)
		if err != nil {
			return err
		}
		for _, i := range order {
			if err := record(ctx, s, k.ID, uses[i]); err != nil {
				return err
			}
		}
		errs = append(errs, used(ctx, s, k, uses[slices.Max(order)], fmt.Sprint("after uses in the order ", order)))
	}
	return errors.Join(errs...)
}

func usesKeepAddresses(ctx context.Context, s recording) error {
	var errs []error
	for _, ip := range []netip.Addr{
		{}, somewhere, elsewhere, netip.MustParseAddr("255.255.255.255"), netip.IPv6Unspecified(),
		netip.MustParseAddr("1111:2222:3333:4444:5555:6666:7777:8888"),
	} {
		k, err := keys.create(ctx, s, nil)
		if err != nil {
			return err
		}
		use := newUse()
		use.IP = ip
		errs = append(errs, record(ctx, s, k.ID, use), used(ctx, s, k, use, fmt.Sprintf("after a use from %v", ip)))
	}
	return errors.Join(errs...)
}

func usesChangeNothingElse(ctx context.Context, s recording) error {
	k, other, err := keys.createTwo(ctx, s)
	if err != nil {
		return err
	}
	unknown, use := token.NewID(), newUse()
	uses := map[string]apikey.Use{k.ID: use, unknown: use, "": use, "%": use, k.ID + " ": use}
	return errors.Join(
		must("RecordUses of a key and of IDs that are none", s.RecordUses(ctx, uses)),
		must("RecordUses of nothing", s.RecordUses(ctx, nil)),
		used(ctx, s, k, use, "after RecordUses"),
		used(ctx, s, other, apikey.Use{}, "after RecordUses of others"),
		keys.missing(ctx, s, unknown, "after RecordUses of an unknown key", "nobody has issued it"),
		expect("Replace of the version from before RecordUses", s.Replace(ctx, k), nil, "a use is no change of the key"),
	)
}

// usesPassedOver tells of a use that can be kept beside such as cannot.
func usesPassedOver(ctx context.Context, s recording) error {
	recs, _, err := keys.family(ctx, s, 4)
	if err != nil {
		return err
	}
	good := newUse()
	uses := map[string]apikey.Use{
		recs[0].ID: {At: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), IP: somewhere},
		recs[1].ID: {At: time.Unix(-1, 0), IP: somewhere},
		recs[2].ID: {At: good.At, IP: netip.MustParseAddr("fe80::1%eth0")},
		recs[3].ID: good,
	}
	errs := []error{must("RecordUses of uses of which some cannot be kept", s.RecordUses(ctx, uses))}
	for _, k := range recs[:3] {
		errs = append(errs, used(ctx, s, k, apikey.Use{}, fmt.Sprintf("after a use %v from %v", uses[k.ID].At, uses[k.ID].IP)))
	}
	return errors.Join(append(errs, used(ctx, s, recs[3], good, "after a use that can be kept"))...)
}

func usesAreNotReplaced(ctx context.Context, s recording) error {
	use := newUse()
	k, err := keys.create(ctx, s, nil)
	if err != nil {
		return err
	}
	given := keys.fresh(nil)
	given.LastUsed = use
	if err := must("Create", s.Create(ctx, given)); err != nil {
		return err
	}
	given.Version = 1
	if err := record(ctx, s, k.ID, use); err != nil {
		return err
	}
	stale := k // read before the use
	stale.Title = "changed"
	if err := must("Replace", s.Replace(ctx, stale)); err != nil {
		return err
	}
	stale.Version = 2
	return errors.Join(
		used(ctx, s, given, apikey.Use{}, "after Create of a key with a LastUsed"),
		used(ctx, s, stale, use, "after Replace by a key without one"),
	)
}

func usesOfMany(ctx context.Context, s recording) error {
	recs, _, err := keys.family(ctx, s, 23)
	if err != nil {
		return err
	}
	uses := map[string]apikey.Use{}
	for i := range recs {
		recs[i].LastUsed = apikey.Use{At: newUse().At.Add(time.Duration(i) * time.Second), IP: somewhere}
		uses[recs[i].ID] = recs[i].LastUsed
	}
	for range 2_000 {
		uses[token.NewID()] = newUse()
	}
	if err := must("RecordUses of 2,023 IDs", s.RecordUses(ctx, uses)); err != nil {
		return err
	}
	var errs []error
	for _, k := range recs {
		errs = append(errs, keys.kept(ctx, s, k, "after RecordUses of 2,023 IDs"))
	}
	return errors.Join(errs...)
}

func usesCancelled(ctx context.Context, s recording) error {
	k, err := keys.create(ctx, s, nil)
	if err != nil {
		return err
	}
	return errors.Join(
		refused(ctx, keys.answers(), call{"RecordUses", func(ctx context.Context) error {
			return s.RecordUses(ctx, map[string]apikey.Use{k.ID: newUse()})
		}}),
		used(ctx, s, k, apikey.Use{}, "after a cancelled RecordUses"),
	)
}

// usesRace has all racers record uses of the same keys, while some of them change these.
func usesRace(ctx context.Context, s recording) error {
	recs, _, err := keys.family(ctx, s, 4)
	if err != nil {
		return err
	}
	first := newUse()
	errs := race(func(i int) error {
		use := apikey.Use{At: first.At.Add(time.Duration(i) * tick), IP: somewhere}
		uses := map[string]apikey.Use{}
		for _, k := range recs {
			uses[k.ID] = use
		}
		if i%8 == 0 {
			if err := s.Replace(ctx, recs[i/8%len(recs)]); err != nil && !errors.Is(err, apikey.ErrConflict) {
				return must("Replace while others record uses", err)
			}
		}
		return must("RecordUses", s.RecordUses(ctx, uses))
	})
	want := apikey.Use{At: first.At.Add((racers - 1) * tick), IP: somewhere}
	for _, k := range recs {
		k.Version = 2 // eight racers wrote two of the same version each, of which one won
		errs = append(errs, used(ctx, s, k, want, fmt.Sprintf("after RecordUses by %d at once", racers)))
	}
	return distinct(errs)
}
