package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/countersign-go/countersign/jwks"
)

// TestKeyStore tests whether the stores that open returns are as [jwks.KeyStore] says. Each must be empty: there is one
// state in a store, which no case can leave alone.
func TestKeyStore(t *testing.T, open func(t testing.TB) jwks.KeyStore) {
	t.Helper()
	run(t, keyStoreCases, open)
}

var keyStoreCases = []testCase[jwks.KeyStore]{
	{"an empty store has no state and version 0", stateOfNothing},
	{"the version is 1 after the first Swap and one more after each", swapCounts},
	{"a state comes back byte for byte", stateIsWhole},
	{"Swap of another version is ErrConflict and changes nothing", swapComparesVersion},
	{"Swap of a version where there is none is ErrConflict and creates nothing", swapNeverCreates},
	{"a repeated Swap is ErrConflict and changes nothing", swapRepeated},
	{"states are values", statesAreValues},
	{"a context that is done is an error and changes nothing", keyStoreDone},
	{"one of many first Swaps wins", firstSwapRace},
	{"one of many Swaps wins", swapRace},
	{"an interrupted Swap leaves the old state or the new one", swapInterrupted},
	{"no update is lost", stateCounterRace},
	{"no reader sees half a change", stateReadRace},
}

// holds returns what is wrong unless s holds the state in that version.
func holds(ctx context.Context, s jwks.KeyStore, state []byte, version int64, when string) error {
	got, is, err := s.Load(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("%s, Load returned %s, want the state", when, quote(err))
	case is != version:
		return fmt.Errorf("%s, Load returned version %d, want %d", when, is, version)
	case !bytes.Equal(got, state):
		return fmt.Errorf("%s, Load returned a state of %d bytes that is not the one of %d bytes that was kept: %s",
			when, len(got), len(state), firstDifference(got, state))
	}
	return nil
}

func firstDifference(got, want []byte) string {
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	return fmt.Sprintf("from byte %d it is %q, want %q", i, head(got[i:]), head(want[i:]))
}

func head(b []byte) []byte { return b[:min(len(b), 16)] }

func stateOfNothing(ctx context.Context, s jwks.KeyStore) error {
	state, version, err := s.Load(ctx)
	if err != nil || version != 0 || len(state) > 0 {
		return fmt.Errorf("an empty store returned %q, %d and %s to Load, want nothing, 0 and nil: "+
			"any error would be an outage, and no ring could begin", head(state), version, quote(err))
	}
	return nil
}

func swapCounts(ctx context.Context, s jwks.KeyStore) error {
	for version := range int64(4) {
		state := []byte("state " + strconv.FormatInt(version, 10))
		if err := must(fmt.Sprintf("Swap of version %d", version), s.Swap(ctx, version, state)); err != nil {
			return err
		}
		if err := holds(ctx, s, state, version+1, fmt.Sprintf("after Swap of version %d", version)); err != nil {
			return err
		}
	}
	return nil
}

// maxState is the largest state that a ring writes.
const maxState = 256 << 10

func stateIsWhole(ctx context.Context, s jwks.KeyStore) error {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	large := make([]byte, maxState)
	rand.Read(large)
	for version, sample := range []struct {
		what  string
		state []byte
	}{
		{"JSON that is spaced, with a member twice", []byte("{ \"b\": 1.0,\n\t\"a\": \"\\u00e9\", \"a\": 1e2 }\n")},
		{"all bytes, of which many are no UTF-8", slices.Concat(all, all)},
		{"NUL bytes at both ends", []byte("\x00\x00state\x00\x00")},
		{"spaces and line ends at both ends", []byte("\r\n state \r\n ")},
		{"what looks like a statement", []byte(`x'; DROP TABLE keys; -- ? $1 :a \x5c \\`)},
		{"256 KiB", large},
		{"256 KiB of text", []byte(strings.Repeat("\u7528'\"", maxState/5))},
		{"one byte", []byte("0")},
	} {
		if err := must("Swap of "+sample.what, s.Swap(ctx, int64(version), sample.state)); err != nil {
			return err
		}
		if err := holds(ctx, s, sample.state, int64(version)+1, "after Swap of "+sample.what); err != nil {
			return err
		}
	}
	return nil
}

// swapped makes a state of version 2.
func swapped(ctx context.Context, s jwks.KeyStore) ([]byte, error) {
	state := []byte("the second")
	return state, errors.Join(
		must("the first Swap", s.Swap(ctx, 0, []byte("the first"))),
		must("the second Swap", s.Swap(ctx, 1, slices.Clone(state))))
}

func swapComparesVersion(ctx context.Context, s jwks.KeyStore) error {
	state, err := swapped(ctx, s)
	if err != nil {
		return err
	}
	var errs []error
	for _, version := range []int64{1, 0, 3, -1, 1 << 40} {
		errs = append(errs, expect(fmt.Sprintf("Swap of version %d where 2 is there", version),
			s.Swap(ctx, version, []byte("changed")), jwks.ErrConflict, "what another process wrote would be lost"))
	}
	return errors.Join(append(errs, holds(ctx, s, state, 2, "after Swap of other versions"))...)
}

func swapNeverCreates(ctx context.Context, s jwks.KeyStore) error {
	var errs []error
	for _, version := range []int64{1, 2, -1} {
		errs = append(errs, expect(fmt.Sprintf("Swap of version %d where there is none", version),
			s.Swap(ctx, version, []byte("created")), jwks.ErrConflict, "keys that were taken away would be back"))
	}
	return errors.Join(append(errs, stateOfNothing(ctx, s))...)
}

func swapRepeated(ctx context.Context, s jwks.KeyStore) error {
	state, err := swapped(ctx, s)
	if err != nil {
		return err
	}
	return errors.Join(
		expect("a repeated Swap", s.Swap(ctx, 1, state), jwks.ErrConflict, "who lost the first answer must look again"),
		expect("a repeated first Swap", s.Swap(ctx, 0, []byte("the first")), jwks.ErrConflict, "it would undo the second"),
		holds(ctx, s, state, 2, "after repeated Swaps"),
	)
}

func statesAreValues(ctx context.Context, s jwks.KeyStore) error {
	want := []byte("state")
	given := slices.Clone(want)
	if err := must("Swap", s.Swap(ctx, 0, given)); err != nil {
		return err
	}
	given[0] = 'X'
	kept := holds(ctx, s, want, 1, "after a change of the bytes that were handed to Swap")
	got, _, err := s.Load(ctx)
	if err != nil {
		return must("Load", err)
	}
	if len(got) > 0 {
		got[0] = 'X'
	}
	return errors.Join(kept, holds(ctx, s, want, 1, "after a change of the bytes that Load returned"))
}

func keyStoreDone(ctx context.Context, s jwks.KeyStore) error {
	load := call{"Load", func(ctx context.Context) error { _, _, err := s.Load(ctx); return err }}
	swap := func(version int64) call {
		return call{"Swap", func(ctx context.Context) error { return s.Swap(ctx, version, []byte("changed")) }}
	}
	answers := []error{jwks.ErrConflict}
	errs := []error{
		refused(ctx, answers, load, swap(0)),
		stateOfNothing(ctx, s),
	}
	state, err := swapped(ctx, s)
	return errors.Join(append(errs, err,
		refused(ctx, answers, load, swap(2), swap(1)),
		holds(ctx, s, state, 2, "after calls with a context that is done"))...)
}
