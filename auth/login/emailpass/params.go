package emailpass

import "fmt"

// Params are what a hash by Argon2id (RFC 9106) costs.
type Params struct {
	Memory  uint32 // KiB, all of which each pass writes
	Time    uint32 // passes
	Threads uint8  // lanes, computed side by side: each takes a processor
}

// Bounds of [Params], also of those in hashes that are kept: whoever can write to the store must not be able to stop the
// server with them.
const (
	maxArgon2Memory = 256 << 10 // KiB
	maxArgon2Work   = 1 << 20   // KiB over all passes
	maxThreads      = 16
)

// check returns an error for what cannot be computed, or costs too much.
func (p Params) check() error {
	if p.Time < 1 || p.Threads < 1 || p.Threads > maxThreads || p.Memory < 8*uint32(p.Threads) || p.Memory > maxArgon2Memory ||
		p.work() > maxArgon2Work {
		return fmt.Errorf("emailpass: Argon2id with %d KiB, %d passes and %d lanes", p.Memory, p.Time, p.Threads)
	}
	return nil
}

// work is what is written, in KiB: how long a hash takes is in proportion to it.
func (p Params) work() uint64 { return uint64(p.Memory) * uint64(p.Time) }

// owasp are the least choices of the OWASP Password Storage Cheat Sheet, which it calls equal.
var owasp = []Params{
	{Memory: 47104, Time: 1},
	{Memory: 19456, Time: 2},
	{Memory: 12288, Time: 3},
	{Memory: 9216, Time: 4},
	{Memory: 7168, Time: 5},
}

// strong reports whether p is not weaker than one of them.
func (p Params) strong() bool {
	for _, least := range owasp {
		if p.Memory >= least.Memory && p.Time >= least.Time {
			return true
		}
	}
	return false
}
