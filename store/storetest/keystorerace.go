package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"

	"github.com/countersign-go/countersign/jwks"
)

func firstSwapRace(ctx context.Context, s jwks.KeyStore) error { return swapRaceFrom(ctx, s, 0) }

func swapRace(ctx context.Context, s jwks.KeyStore) error {
	if _, err := swapped(ctx, s); err != nil {
		return err
	}
	return swapRaceFrom(ctx, s, 2)
}

func swapRaceFrom(ctx context.Context, s jwks.KeyStore, version int64) error {
	state := func(i int) []byte { return fmt.Appendf(nil, "state of racer %d", i) }
	errs := race(func(i int) error { return s.Swap(ctx, version, state(i)) })
	winner, err := oneWon(fmt.Sprintf("Swap of version %d", version), errs, jwks.ErrConflict,
		"the others sign with a key that nobody knows")
	if err != nil {
		return err
	}
	return holds(ctx, s, state(winner), version+1, "after the race")
}

func stateCounterRace(ctx context.Context, s jwks.KeyStore) error {
	if err := must("the first Swap", s.Swap(ctx, 0, []byte("0"))); err != nil {
		return err
	}
	const all = racers * increments
	errs := race(func(int) error {
		for range increments {
			if err := incrementState(ctx, s); err != nil {
				return err
			}
		}
		return nil
	})
	if err := distinct(errs); err != nil {
		return err
	}
	return holds(ctx, s, []byte(strconv.Itoa(all)), all+1, fmt.Sprintf("after %d increments", all))
}

// incrementState adds one to the number that the state is, and tries again when something got in between.
func incrementState(ctx context.Context, s jwks.KeyStore) error {
	for range 4 * racers * increments { // as for a record
		state, version, err := s.Load(ctx)
		if err != nil {
			return must("Load", err)
		}
		n, err := strconv.Atoi(string(state))
		if err != nil {
			return err
		}
		if err = s.Swap(ctx, version, []byte(strconv.Itoa(n+1))); !errors.Is(err, jwks.ErrConflict) {
			return must("Swap", err)
		}
	}
	return fmt.Errorf("a Swap of what Load had just returned is %s again and again, more often than there were changes",
		quote(jwks.ErrConflict))
}

// versioned returns a state that says which version it is, many times over.
func versioned(version int64) []byte {
	sum := sha256.Sum256([]byte(strconv.FormatInt(version, 10)))
	return bytes.Repeat(sum[:], 256)
}

// stateReadRace has half of the racers write states that say their version, and the other half read both.
func stateReadRace(ctx context.Context, s jwks.KeyStore) error {
	if err := must("the first Swap", s.Swap(ctx, 0, versioned(1))); err != nil {
		return err
	}
	errs := race(func(i int) error {
		for range increments {
			state, version, err := s.Load(ctx)
			if err != nil {
				return must("Load", err)
			}
			if !bytes.Equal(state, versioned(version)) {
				return errors.New("a state and a version that Load returned do not belong together, or it was half of a state")
			}
			if i%2 == 0 {
				continue
			}
			if err := s.Swap(ctx, version, versioned(version+1)); err != nil && !errors.Is(err, jwks.ErrConflict) {
				return must("Swap", err)
			}
		}
		return nil
	})
	return distinct(errs)
}
