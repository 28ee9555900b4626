package emailpass

import (
	"context"
	"strings"

	"github.com/countersign-go/countersign/auth/token"
)

// Common is the embedded list.
var Common = strings.Fields(common)

// IsCommon is the look-up in it.
var IsCommon = isCommon

// Verify compares a password with what is kept, as Authenticate does when it has found that.
func (p *Provider) Verify(ctx context.Context, password string, kept token.Secret) (token.Secret, error) {
	return p.hasher.verify(ctx, password, kept)
}

// OnHash has f told of each hash that is computed from now on.
func (p *Provider) OnHash(f func(algorithm string, work uint64)) { p.hasher.ran = f }

// Cost returns what it takes to compare with a hash: memory in KiB, and work.
func (p *Provider) Cost(hash string) (memory uint32, work uint64, err error) {
	s, err := p.hasher.parse(hash)
	if err != nil {
		return 0, 0, err
	}
	return s.memory(), s.work(), nil
}

// Take takes slots of the gate, and Enter a place.
func (p *Provider) Take(ctx context.Context, n int) (release func(), err error) {
	return p.hasher.gate.take(ctx, n)
}

func (p *Provider) Enter() (leave func(), err error) { return p.hasher.gate.enter() }

// Free returns how many slots and places nobody has.
func (p *Provider) Free() (slots, places int) {
	g := p.hasher.gate
	return cap(g.slots) - len(g.slots), cap(g.places) - len(g.places)
}

// Repeats is what bcrypt cannot tell from something shorter.
var Repeats = repeats
