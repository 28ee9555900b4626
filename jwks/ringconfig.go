package jwks

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// ByHand is an Interval of [RingConfig]: the keys of the ring change by [Ring.Rotate] alone.
const ByHand time.Duration = -1

const (
	ringAlgorithm = "EdDSA"
	ringRefresh   = time.Minute
	ringLeeway    = time.Minute
	ringInterval  = 30 * 24 * time.Hour
	ringTimeout   = 2 * time.Second

	sealingKey     = 32 // bytes, for AES-256
	maxSealingKeys = 8  // each is tried on a key that fits none
	maxScheduled   = maxKeys / 2
	minCacheAge    = time.Second               // what Cache-Control can say
	maxDuration    = 10 * 365 * 24 * time.Hour // no sum of these overflows
)

// RingConfig says how a [Ring] keeps and changes its keys. Store, SealingKeys and TokenLifetime are required. All processes
// that share a ring must have the same settings. To make TokenLifetime or CacheAge longer, first give all processes the
// Retention or Lead that it will need.
type RingConfig struct {
	Store KeyStore

	// SealingKeys seal the private keys in the store: 32 random bytes each, as from openssl rand, for one ring alone, 8 keys
	// at most. They belong where the other secrets of the program are, and not into the store. The first seals, all open. To
	// change them, give all processes the new one as the second, then as the first. Each change of the ring seals all of its
	// keys anew, so the old one can be dropped when another key has been published since.
	SealingKeys [][]byte

	// Algorithm is that of new keys, as for [Generate]; not HS256, HS384 or HS512, since secrets cannot be published.
	// Default: EdDSA.
	Algorithm string

	TokenLifetime time.Duration // of the tokens that live longest
	Refresh       time.Duration // how old a process's view of the store may be while the store answers; default: 1 minute

	// CacheAge is how long verifiers may keep what Handler serves, in whole seconds. Default: [DefaultCacheAge]. Many, a
	// [Remote] among them, do not ask again within a minute whatever they are told: less is for verifiers that are set up
	// for it.
	CacheAge time.Duration

	// Leeway is how far two clocks may be apart, of processes and of verifiers, including what a set takes on its way to
	// a verifier. Default: 1 minute.
	Leeway time.Duration

	Interval time.Duration // how long a key signs before the next one does, or ByHand; default: 30 days

	// Lead is how long a key is published before it signs, and Retention how long it is published after that. Default:
	// the least that is safe, see [Ring]. With a cache such as a CDN before Handler, add CacheAge to Lead: verifiers that
	// do not heed its Age, a [Remote] among them, keep for CacheAge what is that old already.
	Lead, Retention time.Duration

	Timeout time.Duration // what one call of Store may take; default: 2 seconds

	// Logger gets changes of keys, keys that cannot be read, and failures of the store. Default: slog.Default().
	Logger *slog.Logger
}

// withDefaults returns c with defaults for what is zero, and all that is wrong with it.
func (c RingConfig) withDefaults() (RingConfig, error) {
	c.Algorithm = cmp.Or(c.Algorithm, ringAlgorithm)
	c.CacheAge = cmp.Or(c.CacheAge, DefaultCacheAge)
	c.Refresh = cmp.Or(c.Refresh, ringRefresh)
	c.Leeway = cmp.Or(c.Leeway, ringLeeway)
	c.Interval = cmp.Or(c.Interval, ringInterval)
	c.Timeout = cmp.Or(c.Timeout, ringTimeout)
	if err := c.checkRanges(); err != nil {
		return c, errors.Join(c.checkKeys(), err) // sums of what is out of range would mislead
	}
	c.Lead = cmp.Or(c.Lead, c.leastLead())
	c.Retention = cmp.Or(c.Retention, c.leastRetention())
	return c, errors.Join(c.checkKeys(), c.checkSafety())
}

// leastLead is how long after a key was made somebody may still not know it: the store takes Timeout to keep it, a process
// looks once in Refresh, a verifier CacheAge after that. The clock of the process that signs may be ahead of the one that
// made the key by Leeway.
func (c RingConfig) leastLead() time.Duration { return c.Timeout + c.Refresh + c.CacheAge + c.Leeway }

// leastRetention is how long after its last token a key is needed: that token's lifetime, by a verifier's clock that is
// behind the one of the process that removes the key by Leeway.
func (c RingConfig) leastRetention() time.Duration { return c.TokenLifetime + c.Leeway }

// schedule returns the schedule of c, which must be complete.
func (c RingConfig) schedule() schedule {
	return schedule{
		lead: c.Lead, interval: c.Interval, retention: c.Retention, lifetime: c.TokenLifetime, leeway: c.Leeway,
	}
}

// scheduled is how many keys there are at once, at most, if nobody changes them by hand.
func (c RingConfig) scheduled() int {
	return int((c.Lead+c.Interval+c.Retention)/c.Interval) + 2
}

// signsFor is how old a view may be for its process to sign. Right after it was loaded another process may have published
// a key, by a clock that is behind by Leeway; at most Timeout before, if the store took that long. Lead later that key
// signs, and Retention after that the one that this process knows is gone. The token must have expired by then, also by the
// clock of a verifier that is behind by Leeway.
func (c RingConfig) signsFor() time.Duration { return c.verifiesFor() - c.TokenLifetime - c.Leeway }

// verifiesFor is how old a view may be for its process to verify: until then no key that it holds for the one that signs
// can have been removed as scheduled.
func (c RingConfig) verifiesFor() time.Duration { return c.Lead + c.Retention - c.Leeway - c.Timeout }

// servesFor is how old a view may be for its keys to be served.
func (c RingConfig) servesFor() time.Duration { return c.Refresh + c.CacheAge }

// listsFor is how old a view may be to tell operators of: they want to know how it is.
func (c RingConfig) listsFor() time.Duration { return c.Refresh }

// ringMistakes collects what is wrong with a configuration.
type ringMistakes []error

func (m *ringMistakes) add(is bool, format string, args ...any) {
	if is {
		*m = append(*m, fmt.Errorf("jwks: ring: "+format, args...))
	}
}

func (c RingConfig) checkKeys() error {
	var m ringMistakes
	m.add(c.Store == nil, "no Store")
	m.add(len(c.SealingKeys) == 0, "no SealingKeys")
	m.add(len(c.SealingKeys) > maxSealingKeys, "%d SealingKeys, more than %d", len(c.SealingKeys), maxSealingKeys)
	for i, key := range c.SealingKeys {
		m.add(len(key) != sealingKey, "SealingKeys[%d] has %d bytes, not %d", i, len(key), sealingKey)
		m.add(len(key) > 0 && isZero(key), "SealingKeys[%d] is all zeroes: it was never filled", i)
		for j := range i {
			m.add(len(key) > 0 && bytes.Equal(key, c.SealingKeys[j]), "SealingKeys[%d] is SealingKeys[%d] again", i, j)
		}
	}
	m.add(!slices.Contains(supported, c.Algorithm) || digests[c.Algorithm] != nil, "Algorithm is none for key pairs: only public keys can be published")
	return errors.Join(m...)
}

func (c RingConfig) checkRanges() error {
	var m ringMistakes
	for _, d := range []struct {
		name      string
		is, least time.Duration
	}{
		{"TokenLifetime", c.TokenLifetime, time.Second},
		{"CacheAge", c.CacheAge, minCacheAge},
		{"Refresh", c.Refresh, 0},
		{"Leeway", c.Leeway, 0},
		{"Lead", c.Lead, 0},
		{"Retention", c.Retention, 0},
		{"Timeout", c.Timeout, 0},
	} {
		m.add(d.is < d.least || d.is > maxDuration, "%s of %v is not between %v and ten years", d.name, d.is, d.least)
	}
	m.add(c.CacheAge%time.Second != 0, "CacheAge of %v is not in whole seconds", c.CacheAge)
	m.add(c.Interval != ByHand && (c.Interval < 0 || c.Interval > maxDuration),
		"Interval of %v is neither ByHand nor between 0 and ten years", c.Interval)
	return errors.Join(m...)
}

func (c RingConfig) checkSafety() error {
	var m ringMistakes
	m.add(c.Lead < c.leastLead(), "Lead of %v is shorter than Timeout + Refresh + CacheAge + Leeway, %v: "+
		"a key would sign that a verifier does not know", c.Lead, c.leastLead())
	m.add(c.Retention < c.leastRetention(), "Retention of %v is shorter than TokenLifetime + Leeway, %v: "+
		"a key would be removed before its last token expires", c.Retention, c.leastRetention())
	m.add(c.Timeout > c.Refresh/2, "Timeout of %v is longer than half of Refresh, %v: "+
		"a view would be too old when it comes", c.Timeout, c.Refresh)
	if c.Interval == ByHand {
		return errors.Join(m...)
	}
	m.add(c.Interval < c.Lead, "Interval of %v is shorter than Lead, %v: several keys would wait for their turn",
		c.Interval, c.Lead)
	m.add(c.scheduled() > maxScheduled, "Interval of %v makes %d keys at once, more than %d: verifiers refuse large sets",
		c.Interval, c.scheduled(), maxScheduled)
	return errors.Join(m...)
}
