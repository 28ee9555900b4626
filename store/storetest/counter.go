package storetest

import (
	"context"
	"fmt"
	"time"

	"github.com/countersign-go/countersign/auth/login"
)

// A counter counts attempts of keys that nobody else has.
type counter struct {
	*worker
	store login.AttemptStore
	keys  []*countedKey
}

// A countedKey is what is known about a key. A Swap that failed may be done later, unless another Swap of the same version has
// been done.
type countedKey struct {
	states []login.Attempts // that there may be: what was last, and what Swaps of it that failed were to put there
	past   []login.Attempts // that there were
}

func (c *counter) begin(context.Context) {}

func (c *counter) probe(ctx context.Context) error {
	a := newAttempts()
	return tell(ctx, c.load, "Swap of attempts", func(ctx context.Context) error {
		return c.store.Swap(ctx, a, time.Now())
	}, login.ErrConflict)
}

func (c *counter) step(ctx context.Context) (failed bool) {
	switch n := c.rng.IntN(8); {
	case len(c.keys) == 0, n == 0 && len(c.keys) < maxKeys:
		c.keys = append(c.keys, &countedKey{states: []login.Attempts{uncounted(newAttempts().Key)}})
		return c.count(ctx, c.keys[len(c.keys)-1])
	case n < 5:
		return c.count(ctx, pick(c.rng, c.keys))
	}
	return c.look(ctx, pick(c.rng, c.keys)) == errUnknown
}

// count counts one more attempt where the oldest state is that there may be. If another is there, the next Load tells.
func (c *counter) count(ctx context.Context, k *countedKey) bool {
	last, next := k.states[0], newAttempts()
	next.Key, next.Version, next.Count = last.Key, last.Version, last.Count+1
	next.Next = next.Next.Add(time.Duration(len(k.past)+len(k.states)) * tick)
	err := tell(ctx, c.load, "Swap of attempts", func(ctx context.Context) error {
		return c.store.Swap(ctx, next, time.Now())
	}, login.ErrConflict)
	next.Version++
	if err == nil {
		k.past, k.states = append(k.past, k.states...), []login.Attempts{next}
	} else { // ErrConflict may be the answer to a second try of the store's
		k.states = append(k.states, next)
	}
	return err == errUnknown
}

func (c *counter) look(ctx context.Context, k *countedKey) error {
	got, err := ask(ctx, c.load, "Load of attempts", func(ctx context.Context) (login.Attempts, error) {
		return c.store.Load(ctx, k.states[0].Key, time.Now())
	})
	if err == nil {
		f, text := k.saw(got)
		c.load.find(f, "by Load: %s", text)
	}
	return err
}

// saw notes what is counted, and says what is wrong with that.
func (k *countedKey) saw(got login.Attempts) (flaw, string) {
	for i, state := range k.states {
		if difference(got, state) == nil {
			if i > 0 { // the others can be no more: they are of the same version, or of the one before
				k.past = append(append(k.past, k.states[:i]...), k.states[i+1:]...)
				k.states = []login.Attempts{state}
			}
			return sound, ""
		}
	}
	was := k.states
	k.states = []login.Attempts{got} // it is told once
	for _, state := range k.past {
		if difference(got, state) == nil {
			return lost, fmt.Sprintf("%d attempts are counted, and %d were, which was acknowledged or seen", got.Count, was[0].Count)
		}
	}
	return half, fmt.Sprintf("what is counted differs from what was: %v", difference(got, was[len(was)-1]))
}

func (c *counter) verify(ctx context.Context) {
	for _, k := range c.keys {
		_, _ = insist(c.load, func() (struct{}, error) { return struct{}{}, c.look(ctx, k) })
	}
}
