package apikey

import (
	"sync"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// maxCached bounds how many keys are cached. With one more, the oldest goes.
const maxCached = 10_000

// An entry is a key that was verified, with what its requests get. It is never changed.
type entry struct {
	key   Key
	ac    auth.AuthContext
	until time.Time
	slot  int
}

// A cache keeps keys that were verified, by the digest of their whole text. It is nil where nothing is cached, and then
// does nothing.
//
// What this process changes is dropped before it is written, and kept out until it is known how that went: where the store
// does not say, until a later change of the same key tells, since the write may still arrive: one that was made of the same
// version of the key or of a newer one, since one of an older version tells nothing. A verification that is under
// way meanwhile may have read what was there before: it began in an earlier generation, so what it read is not kept.
type cache struct {
	life time.Duration

	mu         sync.RWMutex
	generation uint64 // counts the changes that began or ended
	changing   map[string]int
	unknown    map[string]int64 // those with a change that may have been written or not, and the version that it was made of
	byDigest   map[token.Digest]*entry
	byID       map[string]*entry
	ring       []*entry // the order of their arrival, from next on; nil where one was dropped
	next       int
}

func newCache(life time.Duration) *cache {
	if life == 0 {
		return nil
	}
	return &cache{
		life: life, changing: map[string]int{}, unknown: map[string]int64{},
		byDigest: map[token.Digest]*entry{}, byID: map[string]*entry{},
	}
}

// get returns what was verified with the digest, nil if there is nothing, and the generation to put it with then.
func (c *cache) get(digest token.Digest, now time.Time) (*entry, uint64) {
	if c == nil {
		return nil, 0
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if e := c.byDigest[digest]; e != nil && now.Before(e.until) && e.key.Digest.Equal(digest) {
		return e, c.generation
	}
	return nil, c.generation
}

// put keeps what a verification read that began at now, in that generation.
func (c *cache) put(e *entry, now time.Time, generation uint64) {
	if c == nil {
		return
	}
	e.until = now.Add(c.life)
	c.mu.Lock()
	defer c.mu.Unlock()
	_, unknown := c.unknown[e.key.ID]
	if generation != c.generation || c.changing[e.key.ID] > 0 || unknown || len(c.unknown) >= maxCached {
		return
	}
	c.drop(c.byID[e.key.ID])
	if len(c.ring) < maxCached {
		c.ring = append(c.ring, nil)
	}
	c.drop(c.ring[c.next])
	e.slot = c.next
	c.next = (c.next + 1) % maxCached
	c.ring[e.slot], c.byDigest[e.key.Digest], c.byID[e.key.ID] = e, e, e
}

// drop forgets an entry, if there is one. Who calls it holds mu.
func (c *cache) drop(e *entry) {
	if e != nil {
		c.ring[e.slot] = nil
		delete(c.byDigest, e.key.Digest)
		delete(c.byID, e.key.ID)
	}
}

// begin forgets the key with the ID and keeps it out until end is called.
func (c *cache) begin(id string) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	c.changing[id]++
	c.drop(c.byID[id])
}

// end says that a change of a version of a key is over, and whether it is known how it went: then nothing that was made of
// that version, or of one before, can be written any more. Of more than maxCached that are not known, those beyond are not
// noted: then nothing at all is cached.
func (c *cache) end(id string, version int64, known bool) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	if c.changing[id]--; c.changing[id] == 0 {
		delete(c.changing, id)
	}
	last, noted := c.unknown[id]
	switch {
	case !known && (noted || len(c.unknown) < maxCached):
		c.unknown[id] = max(last, version)
	case known && last <= version:
		delete(c.unknown, id)
	}
}
