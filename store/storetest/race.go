package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// racers is how many goroutines race.
const racers = 64

// race calls f from all racers at once, and returns what each returned.
func race(f func(racer int) error) []error {
	errs := make([]error, racers)
	start := make(chan struct{})
	var running sync.WaitGroup
	for i := range racers {
		running.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	running.Wait()
	return errs
}

// distinct joins errs, each once whoever returned it.
func distinct(errs []error) error {
	seen := map[string]bool{}
	return errors.Join(slices.DeleteFunc(errs, func(err error) bool {
		again := err != nil && seen[err.Error()]
		seen[fmt.Sprint(err)] = true
		return again
	})...)
}

// oneWon returns which racer got nil, and what is wrong unless all others got lost.
func oneWon(what string, errs []error, lost error, why string) (winner int, err error) {
	won, others := 0, []error(nil)
	for i, err := range errs {
		switch {
		case err == nil:
			won++
			winner = i
		case !errors.Is(err, lost):
			others = append(others, err)
		}
	}
	switch {
	case len(others) > 0:
		return 0, fmt.Errorf("%s by %d goroutines at once returned %s to %d of them, "+
			"want nil to one and %s to all others", what, racers, quote(others[0]), len(others), quote(lost))
	case won != 1:
		return 0, fmt.Errorf("%s by %d goroutines at once returned nil to %d of them, want 1: %s", what, racers, won, why)
	}
	return winner, nil
}
