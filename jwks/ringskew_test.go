package jwks_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/countersign-go/countersign/jwks"
)

// TestLeastIsSafe plays processes and verifiers whose clocks differ by as much as Leeway, whose views are as old as Refresh
// and whose copies as old as CacheAge, over a store that takes Timeout and does not answer some for a minute. With the least Lead and Retention no good token is
// refused; with less there is one that is.
func TestLeastIsSafe(t *testing.T) {
	c := jwks.RingConfig{
		TokenLifetime: 30 * time.Second, CacheAge: 8 * time.Second, Refresh: 6 * time.Second, Leeway: 12 * time.Second,
		Timeout: 4 * time.Second, Interval: 60 * time.Second, Lead: 30 * time.Second, Retention: 42 * time.Second,
	}
	for name, tt := range map[string]struct {
		lead, retention time.Duration
		refused         bool
	}{
		"the least":                     {0, 0, false},
		"a Lead shorter by Timeout":     {c.Timeout, 0, true},
		"a Lead shorter by Leeway":      {c.Leeway, 0, true},
		"a Lead shorter by Refresh":     {c.Refresh, 0, true},
		"a Lead shorter by CacheAge":    {c.CacheAge, 0, true},
		"a Retention shorter by Leeway": {0, c.Leeway, true},
	} {
		t.Run(name, func(t *testing.T) {
			less := c
			less.Lead -= tt.lead
			less.Retention -= tt.retention
			refused := 0
			for seed := range uint64(6) {
				w := newWorld(less, rand.New(rand.NewPCG(seed, 0)))
				for range 1500 {
					w.step()
				}
				refused += w.refused
				check(t, "keys changed", len(w.expires) > 8, true)
			}
			check(t, fmt.Sprint(refused, " good tokens refused: some"), refused > 0, tt.refused)
		})
	}
}

// A world is some processes and verifiers, second by second.
type world struct {
	jwks.RingConfig
	dice      *rand.Rand
	now       time.Time
	store     []jwks.TestTerm
	version   int
	writes    []write
	processes []*process
	verifiers []*verifier
	expires   map[string]time.Time // the last token of each key
	refused   int
}

// A write takes effect later, unless another does before.
type write struct {
	at      time.Time
	version int
	keys    []jwks.TestTerm
}

type process struct {
	clock  time.Duration
	keys   []jwks.TestTerm
	loaded time.Time
	cutOff time.Time // until when the store does not answer it
}

type verifier struct {
	clock   time.Duration
	kids    map[string]bool
	expires time.Time
}

func newWorld(c jwks.RingConfig, dice *rand.Rand) *world {
	w := &world{RingConfig: c, dice: dice, now: time.Unix(1e9, 0), expires: map[string]time.Time{}}
	w.store = []jwks.TestTerm{{ID: "0", SignsFrom: w.now.Add(-c.Interval / 2)}}
	for range 4 {
		clock := []time.Duration{-c.Leeway / 2, 0, c.Leeway / 2}[dice.IntN(3)]
		w.processes = append(w.processes, &process{clock: clock, keys: w.store, loaded: w.now})
		w.verifiers = append(w.verifiers, &verifier{clock: -clock})
	}
	return w
}

func (w *world) step() {
	w.now = w.now.Add(time.Second)
	w.write()
	for _, p := range w.processes {
		if w.dice.IntN(100) == 0 {
			p.cutOff = w.now.Add(time.Minute)
		}
		if (w.age(p) >= w.Refresh || w.dice.IntN(20) == 0) && !w.now.Before(p.cutOff) {
			w.load(p)
		}
		if w.age(p) >= jwks.SignsFor(w.RingConfig) {
			continue
		}
		plan := w.plan(p)
		if until := w.now.Add(p.clock + w.TokenLifetime); until.After(w.expires[plan.Signer]) {
			w.expires[plan.Signer] = until
		}
	}
	for _, v := range w.verifiers {
		p := w.processes[w.dice.IntN(len(w.processes))]
		if left := jwks.Served(w.RingConfig) - w.age(p); !w.now.Before(v.expires) && left > 0 {
			v.kids, v.expires = w.known(p), w.now.Add(min(w.CacheAge, left))
		}
		if w.now.Before(v.expires) {
			w.verify(v.clock, v.kids)
		}
	}
	for _, p := range w.processes {
		if w.age(p) < w.Refresh { // else it looks for an ID that it does not know, or says that it cannot
			w.verify(p.clock, w.known(p))
		}
	}
}

func (w *world) age(p *process) time.Duration { return w.now.Sub(p.loaded) }

func (w *world) plan(p *process) jwks.TestPlan {
	return jwks.PlanOf(w.RingConfig, p.keys, w.now.Add(p.clock))
}

func (w *world) write() {
	for _, write := range w.writes {
		if !w.now.Before(write.at) && write.version == w.version {
			w.store, w.version = write.keys, w.version+1
		}
	}
	w.writes = slices.DeleteFunc(w.writes, func(write write) bool { return !w.now.Before(write.at) })
}

func (w *world) load(p *process) {
	p.keys, p.loaded = w.store, w.now
	plan := w.plan(p)
	waits := slices.ContainsFunc(p.keys, func(k jwks.TestTerm) bool { return k.SignsFrom.After(w.now.Add(p.clock)) })
	if !waits && w.dice.IntN(8) == 0 {
		plan.Add = "publish" // by hand, so that it is not always the clock that is ahead that does it
	}
	keys := slices.DeleteFunc(slices.Clone(p.keys), func(k jwks.TestTerm) bool { return slices.Contains(plan.Gone, k.ID) })
	if plan.Add != "" {
		keys = append(keys, jwks.TestTerm{ID: fmt.Sprint(w.version + 1), SignsFrom: w.now.Add(p.clock + w.Lead)})
	}
	if len(plan.Gone) > 0 || plan.Add != "" {
		w.writes = append(w.writes, write{w.now.Add(w.Timeout), w.version, keys})
	}
}

// known returns the keys that p verifies with, and serves.
func (w *world) known(p *process) map[string]bool {
	kids := map[string]bool{}
	for _, k := range p.keys {
		kids[k.ID] = true
	}
	for _, gone := range w.plan(p).Gone {
		delete(kids, gone)
	}
	return kids
}

// verify has somebody who knows kids verify the last token of each key.
func (w *world) verify(clock time.Duration, kids map[string]bool) {
	for kid := range maps.Keys(w.expires) {
		if w.now.Add(clock).Before(w.expires[kid]) && !kids[kid] {
			w.refused++
		}
	}
}
