package storetest

import (
	"fmt"
	"sync"
)

// A chain is the history of a [jwks.KeyStore], as far as it is known: for each version one state.
type chain struct {
	mu     sync.Mutex
	tried  map[loaded]bool  // what Swaps were to put there, whether or not they failed
	known  map[int64]string // the states that were acknowledged or seen
	newest int64            // version that is known
}

func newChain() *chain { return &chain{tried: map[loaded]bool{}, known: map[int64]string{}} }

// begin takes over what is there already.
func (c *chain) begin(held loaded) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tried[held] = true
	c.known[held.version], c.newest = held.state, held.version
}

// last returns the newest version: who begins to look after that must not find an older one.
func (c *chain) last() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.newest
}

func (c *chain) try(next loaded) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tried[next] = true
}

// acknowledged notes what a Swap has put there, and says what is wrong with that.
func (c *chain) acknowledged(next loaded) (flaw, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.learn(next, "was acknowledged")
}

// saw notes what there is, when newest was known before, and says what is wrong with that.
func (c *chain) saw(held loaded, newest int64) (flaw, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case held.version < newest:
		return lost, fmt.Sprintf("version %d is there, and version %d was", held.version, newest)
	case !c.tried[held]:
		return half, fmt.Sprintf("version %d is a state that nobody has put there", held.version)
	}
	return c.learn(held, "is there")
}

func (c *chain) learn(held loaded, how string) (flaw, string) {
	if state, ok := c.known[held.version]; ok && state != held.state {
		return lost, fmt.Sprintf("a second state %s as version %d: one of the two is lost", how, held.version)
	}
	c.known[held.version] = held.state
	c.newest = max(c.newest, held.version)
	return sound, ""
}
