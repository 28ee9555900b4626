package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/jwtx"
)

// TestRevocationStore tests whether the stores that open returns are as [jwtx.RevocationStore] says. The package
// comment says what open may return.
func TestRevocationStore(t *testing.T, open func(t testing.TB) jwtx.RevocationStore) {
	t.Helper()
	run(t, revocationCases, open)
}

var revocationCases = []testCase[jwtx.RevocationStore]{
	{"what was revoked comes back to the microsecond", revokeKeeps},
	{"an unknown key is the zero time", revocationsUnknown},
	{"answers are in the order of the keys", revocationsInOrder},
	{"answers are values", revocationsAreValues},
	{"a repeated Revoke is nil and changes nothing", revokeAgain},
	{"the later times win, in whatever order they come", revokeMerges},
	{"a note is gone at until, one microsecond before it is not", revocationsExpire},
	{"a clock that is ahead drops nothing", revocationsClockAhead},
	{"keys compare byte for byte", revocationKeysAreBytes},
	{"IDs of any form are told apart", revocationIDs},
	{"a context that is done is an error and changes nothing", revocationDone},
	{"an interrupted Revoke is done or not, and can be repeated", revokeInterrupted},
	{"of many Revokes the latest times win", revokeRace},
	{"no reader sees a revocation undone", revokeReadRace},
}

// A note is one revocation.
type note struct {
	key       string
	at, until time.Time
}

// newNote returns a note as package jwtx makes them, under a key of its own.
func newNote() note {
	now := time.Now().UTC().Truncate(time.Second)
	return note{
		key:   "session:" + strings.Repeat("0", 64-len(token.NewID())) + token.NewID(),
		at:    now.Add(123_456 * time.Microsecond),
		until: now.Add(time.Hour + 654_321*time.Microsecond),
	}
}

func (n note) revoke(ctx context.Context, s jwtx.RevocationStore) error {
	return must(fmt.Sprintf("Revoke of %q", n.key), s.Revoke(ctx, n.key, n.at, n.until))
}

// answer returns what the store says of one key.
func answer(ctx context.Context, s jwtx.RevocationStore, now time.Time, key string) (time.Time, error) {
	upTo, err := s.RevokedUpTo(ctx, now, key)
	if err != nil {
		return time.Time{}, must(fmt.Sprintf("RevokedUpTo of %q", key), err)
	}
	if len(upTo) != 1 {
		return time.Time{}, fmt.Errorf("RevokedUpTo returned %d answers for one key, want one for each: "+
			"nobody could tell whose they are", len(upTo))
	}
	return upTo[0], nil
}

// says returns what is wrong unless the store says want of the key.
func says(ctx context.Context, s jwtx.RevocationStore, now time.Time, key string, want time.Time, when, why string) error {
	got, err := answer(ctx, s, now, key)
	if err == nil && !got.Equal(want) {
		err = fmt.Errorf("%s, RevokedUpTo of %q returned %v, want %v: %s", when, key, plain(got), plain(want), why)
	}
	return err
}

// kept returns what is wrong unless the store holds n at the present time, and until its end.
func (n note) kept(ctx context.Context, s jwtx.RevocationStore, when string) error {
	return errors.Join(
		says(ctx, s, time.Now(), n.key, n.at, when, "what was revoked would be good again"),
		says(ctx, s, n.until.Add(-tick), n.key, n.at, when+", one microsecond before until", "tokens would come back to life"),
		says(ctx, s, n.until, n.key, time.Time{}, when+", at until", "it is no longer than until that the note was to stay"),
	)
}

func revokeKeeps(ctx context.Context, s jwtx.RevocationStore) error {
	var errs []error
	for what, change := range map[string]func(*note){
		"a note":                           func(*note) {},
		"a note with its last microsecond": func(n *note) { n.at, n.until = n.at.Add(876_543*tick), n.until.Add(345_678*tick) },
		"a note with whole seconds": func(n *note) {
			n.at, n.until = n.at.Truncate(time.Second), n.until.Truncate(time.Second)
		},
		"a note in another zone":       func(n *note) { n.at, n.until = n.at.In(faraway), n.until.In(faraway) },
		"a note about the future":      func(n *note) { n.at = n.until },
		"a note about long ago":        func(n *note) { n.at = time.Unix(1, 1000).UTC() },
		"a note that stays for years":  func(n *note) { n.at, n.until = n.at.AddDate(50, 0, 0), n.until.AddDate(50, 0, 0) },
		"a note with the shortest key": func(n *note) { n.key = "actor:" + token.NewID() },
		"a note with the longest key":  func(n *note) { n.key += strings.Repeat("f", 80-len(n.key)) },
	} {
		n := newNote()
		change(&n)
		if err := n.revoke(ctx, s); err != nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, n.kept(ctx, s, "after Revoke of "+what))
	}
	return errors.Join(errs...)
}

func revocationsUnknown(ctx context.Context, s jwtx.RevocationStore) error {
	if err := newNote().revoke(ctx, s); err != nil {
		return err
	}
	const why = "nobody has revoked it"
	return errors.Join(
		says(ctx, s, time.Now(), newNote().key, time.Time{}, "for a key that was never used", why),
		says(ctx, s, time.Time{}, newNote().key, time.Time{}, "for a key that was never used, at the zero time", why),
	)
}

// revocationsInOrder asks about revoked and unknown keys in turns, the last ones first, and about some of them twice.
func revocationsInOrder(ctx context.Context, s jwtx.RevocationStore) error {
	var keys []string
	var want []time.Time
	for i := range 10 {
		n := newNote()
		n.at = n.at.Add(time.Duration(i) * time.Second)
		if err := n.revoke(ctx, s); err != nil {
			return err
		}
		keys, want = append(keys, n.key, newNote().key), append(want, n.at, time.Time{})
	}
	slices.Reverse(keys)
	slices.Reverse(want)
	keys, want = append(keys, keys[3], keys[3], keys[0]), append(want, want[3], want[3], want[0])
	given := slices.Clone(keys)
	got, err := s.RevokedUpTo(ctx, time.Now(), keys...)
	if err != nil {
		return must("RevokedUpTo of many keys", err)
	}
	if !slices.Equal(keys, given) {
		return errors.New("the keys that RevokedUpTo was given are others now: they are the caller's")
	}
	if !slices.EqualFunc(got, want, time.Time.Equal) {
		return fmt.Errorf("for %d keys, some of them unknown and some twice, RevokedUpTo returned\n%v, want\n%v: "+
			"each answer must stand where its key does", len(keys), got, want)
	}
	return nil
}

func revocationsAreValues(ctx context.Context, s jwtx.RevocationStore) error {
	n := newNote()
	if err := n.revoke(ctx, s); err != nil {
		return err
	}
	got, err := s.RevokedUpTo(ctx, time.Now(), n.key)
	if err != nil {
		return must("RevokedUpTo", err)
	}
	clear(got)
	return n.kept(ctx, s, "after a change of what RevokedUpTo returned")
}

func revokeAgain(ctx context.Context, s jwtx.RevocationStore) error {
	n := newNote()
	for range 3 {
		if err := n.revoke(ctx, s); err != nil {
			return fmt.Errorf("%w: who lost the first answer asks again", err)
		}
	}
	return n.kept(ctx, s, "after the same Revoke three times")
}

// revokeMerges gives three notes in each order, of which one has the latest at and another the latest until.
func revokeMerges(ctx context.Context, s jwtx.RevocationStore) error {
	var errs []error
	for _, order := range [][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		want := newNote()
		notes := [3]note{
			{want.key, want.at.Add(-2 * tick), want.until},
			{want.key, want.at.Add(-tick), want.until.Add(-tick)},
			{want.key, want.at, want.until.Add(-2 * tick)},
		}
		for _, i := range order {
			if err := notes[i].revoke(ctx, s); err != nil {
				return err
			}
		}
		errs = append(errs, want.kept(ctx, s, fmt.Sprint("after Revokes in the order ", order)))
	}
	return errors.Join(errs...)
}

func revocationsExpire(ctx context.Context, s jwtx.RevocationStore) error {
	n := newNote()
	if err := n.revoke(ctx, s); err != nil {
		return err
	}
	return errors.Join(
		n.kept(ctx, s, "after Revoke"),
		says(ctx, s, n.until.Add(24*time.Hour), n.key, time.Time{}, "a day after until", "the note was to stay until then"),
	)
}

func revocationsClockAhead(ctx context.Context, s jwtx.RevocationStore) error {
	n := newNote()
	if err := n.revoke(ctx, s); err != nil {
		return err
	}
	_, err := answer(ctx, s, n.until.Add(24*time.Hour), n.key)
	return errors.Join(err, n.kept(ctx, s, "after another asked whose clock is a day ahead"))
}

// revocationKeysAreBytes revokes a key, looks for those that are like it, and revokes one that differs in case alone.
func revocationKeysAreBytes(ctx context.Context, s jwtx.RevocationStore) error {
	n := newNote()
	n.key += strings.Repeat("f", 80-len(n.key))
	if err := n.revoke(ctx, s); err != nil {
		return err
	}
	k, last := n.key, len(n.key)-1
	const why = "nobody has revoked it"
	var errs []error
	for _, key := range []string{
		strings.ToUpper(k), k[:last], k[1:], k[:last] + " ", " " + k[1:], k[:last] + "e", k[:last] + "%", k[:last] + "_",
		k[:last] + "*", k[:last] + "?", "%", "*", "session:*", "session:%", "actor:" + k[len("session:"):], "x' OR '1'='1",
	} {
		errs = append(errs, says(ctx, s, time.Now(), key, time.Time{}, "for a key like one that was revoked", why))
	}
	upper := n
	upper.key, upper.at = strings.ToUpper(k), n.at.Add(time.Second)
	errs = append(errs, upper.revoke(ctx, s))
	return errors.Join(append(errs,
		n.kept(ctx, s, "after Revoke of a key that differs in case alone"),
		upper.kept(ctx, s, "after Revoke of a key that differs in case alone"),
	)...)
}
