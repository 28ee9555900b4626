package jwks

import (
	"cmp"
	"slices"
	"time"
)

// A term is what the schedule knows of a key.
type term struct {
	id        string
	signsFrom time.Time
	readable  bool // its private half could be opened
}

// byTerm orders keys by when they sign, and those of the same time by ID, so that all processes see one order.
func byTerm(a, b term) int {
	return cmp.Or(a.signsFrom.Compare(b.signsFrom), cmp.Compare(a.id, b.id))
}

// A schedule says when a key signs, when it is removed, and when the next one is due. It knows the time and the keys that
// it is told, in the order of byTerm, and nothing else: all processes with the same settings come to the same result.
type schedule struct {
	lead, interval, retention time.Duration // as in RingConfig; a negative interval never ends
	lifetime, leeway          time.Duration
}

// end returns when the i-th key stops signing, and false if none follows it. What follows may be a key that cannot be read
// here: others may read it, and they drop the key before it when that one's retention is over.
func (s schedule) end(terms []term, i int) (time.Time, bool) {
	if i+1 == len(terms) {
		return time.Time{}, false
	}
	return terms[i+1].signsFrom, true
}

// removal returns when the i-th key is removed, and false if no end is in sight.
func (s schedule) removal(terms []term, i int) (time.Time, bool) {
	end, ok := s.end(terms, i)
	return end.Add(s.retention), ok
}

func (s schedule) removed(terms []term, i int, now time.Time) bool {
	at, ok := s.removal(terms, i)
	return ok && !now.Before(at)
}

// turn returns whose turn it is to sign: the last key whose time has come, and the first by a clock that is before all of
// them. There must be a key.
func turn(terms []term, now time.Time) int {
	i := len(terms) - 1
	for i > 0 && terms[i].signsFrom.After(now) {
		i--
	}
	return i
}

// signer returns which key signs, and -1 if none can. In the place of a key that cannot be read it is the newest one before
// it, if what that signs now will expire before it is removed.
func (s schedule) signer(terms []term, now time.Time) int {
	if len(terms) == 0 {
		return -1
	}
	i := turn(terms, now)
	if terms[i].readable {
		return i
	}
	for i--; i >= 0; i-- {
		if at, _ := s.removal(terms, i); now.Add(s.lifetime + s.leeway).After(at) {
			return -1
		}
		if terms[i].readable {
			return i
		}
	}
	return -1
}

// A step is what there is to do about a new key.
type step int

const (
	stepNone    step = iota
	stepPublish      // publish one that signs when all know it
	stepReplace      // publish one that signs at once, as there is no other
)

// next returns which step is due.
func (s schedule) next(terms []term, now time.Time) step {
	i := s.signer(terms, now)
	switch {
	case i < 0:
		return stepReplace
	case s.interval >= 0 && !now.Before(terms[i].signsFrom.Add(s.interval-s.lead)) && !s.waiting(terms, now):
		return stepPublish
	}
	return stepNone
}

// waiting reports whether a key is published that will sign. One that cannot be read will not, and neither will one for
// long that was made by a clock far ahead.
func (s schedule) waiting(terms []term, now time.Time) bool {
	return slices.ContainsFunc(terms, func(t term) bool {
		return t.readable && t.signsFrom.After(now) && !t.signsFrom.After(now.Add(s.lead+s.leeway))
	})
}

// A plan is what becomes of the keys.
type plan struct {
	keep []int // which of them stay, in their order
	add  step
}

// plan returns what is due: what is to be removed is, and there is a key to come.
func (s schedule) plan(terms []term, now time.Time) plan {
	p := plan{add: s.next(terms, now)}
	for i := range terms {
		if !s.removed(terms, i, now) {
			p.keep = append(p.keep, i)
		}
	}
	return p
}

// changes reports whether p leaves the keys other than they are.
func (p plan) changes(terms []term) bool { return p.add != stepNone || len(p.keep) != len(terms) }
