package storetest

import (
	"fmt"
	"sync"
)

// A chain is the history of a [jwks.KeyStore], as far as it was acknowledged: for each version one state.
//
// What was only seen is not held against a store that is killed: some servers, such as MariaDB, show a change a moment
// before it is on their disk, and acknowledge it after that.
type chain struct {
	mu     sync.Mutex
	tried  map[loaded]bool  // what Swaps were to put there, whether or not they failed
	known  map[int64]string // the states that were acknowledged
	newest int64            // version that was
}

func newChain() *chain { return &chain{tried: map[loaded]bool{}, known: map[int64]string{}} }

// begin takes over what is there already.
func (c *chain) begin(held loaded) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tried[held] = true
	c.known[held.version], c.newest = held.state, held.version
}

// last returns the newest version that was acknowledged: who begins to look after that must not find an older one.
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
	if f, text := c.compare(next, "was acknowledged"); f != sound {
		return f, text
	}
	c.known[next.version] = next.state
	c.newest = max(c.newest, next.version)
	return sound, ""
}

// saw says what is wrong with what there is, when newest was acknowledged before.
func (c *chain) saw(held loaded, newest int64) (flaw, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case held.version < newest:
		return lost, fmt.Sprintf("version %d is there, and version %d was", held.version, newest)
	case !c.tried[held]:
		return half, fmt.Sprintf("version %d is a state that nobody has put there", held.version)
	}
	return c.compare(held, "is there")
}

// compare returns what is wrong if another state was acknowledged as the same version.
func (c *chain) compare(held loaded, how string) (flaw, string) {
	if state, ok := c.known[held.version]; ok && state != held.state {
		return lost, fmt.Sprintf("a second state %s as version %d: one of the two is lost", how, held.version)
	}
	return sound, ""
}
