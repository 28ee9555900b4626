package storetest

import (
	"errors"
	"fmt"
	"sync"
)

// FaultCounts is what [TestFaults] has counted. All but the first two must be 0.
type FaultCounts struct {
	// Operations is how many calls were made while the load lasted.
	Operations int

	// Faults is how many of them returned an error while there was a fault.
	Faults int

	// Lost is how often something was missing: an acknowledged write, a record that the store said it had not found, one
	// of two Swaps of the same version that were both acknowledged, an attempt that was counted.
	Lost int

	// Resurrected is how often something came back: a record that was ended, something that was good again after it was
	// seen to be revoked, a one-time token after it was used or made void, a way to log in that was taken away.
	Resurrected int

	// Half is how often there was a part of something: a record or state that nobody wrote, one that Get finds and List
	// does not or the other way round, a record that an acknowledged DeleteAll left over.
	Half int

	// Late is how many calls did not return by their deadline, with 5 seconds of grace.
	Late int

	// Unclear is how many errors were neither an answer to that call nor wrapped [auth.ErrUnavailable].
	Unclear int
}

// String names each count.
func (c FaultCounts) String() string {
	return fmt.Sprintf("operations %d, faults %d, lost %d, resurrected %d, half %d, late %d, unclear %d",
		c.Operations, c.Faults, c.Lost, c.Resurrected, c.Half, c.Late, c.Unclear)
}

// A flaw is a way to be wrong.
type flaw int

const (
	sound flaw = iota
	lost
	resurrected
	half
	late
	unclear
)

// maxTold bounds how many flaws of a kind are told: the others are like them.
const maxTold = 5

// A tally is what all workers count together.
type tally struct {
	mu         sync.Mutex
	counts     FaultCounts
	told       map[flaw]int
	complaints []error
}

// find counts a flaw, and says in words what was wrong.
func (t *tally) find(f flaw, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch f {
	case sound:
		return
	case lost:
		t.counts.Lost++
	case resurrected:
		t.counts.Resurrected++
	case half:
		t.counts.Half++
	case late:
		t.counts.Late++
	case unclear:
		t.counts.Unclear++
	}
	if t.told == nil {
		t.told = map[flaw]int{}
	}
	if t.told[f]++; t.told[f] <= maxTold {
		t.complaints = append(t.complaints, fmt.Errorf(format, args...))
	}
}

// complain keeps what is wrong and is none of the counted flaws.
func (t *tally) complain(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.complaints = append(t.complaints, errors.New(text))
}

// now returns the counts so far.
func (t *tally) now() FaultCounts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts
}
