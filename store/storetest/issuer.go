package storetest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

// An issuer puts and consumes tokens under IDs that nobody else has.
type issuer struct {
	*worker
	store login.TokenStore
	slots []*tokenSlot
}

// A tokenSlot is what is known about an ID. A Put, Consume or Delete that failed may be done later, whatever was done since
// then; so nothing more is done under an ID for which one did, and nothing need be there.
type tokenSlot struct {
	id     string
	may    []login.OneTimeToken // those that there may be: one at most unless the slot is unsure
	unsure bool                 // a call failed
	over   []login.OneTimeToken // used or void, so that none of them is good again
}

const maxSlots = 8 // of one worker, that are not unsure

func (p *issuer) begin(context.Context) {}

func (p *issuer) probe(ctx context.Context) error {
	t := newToken()
	return tell(ctx, p.load, "Put", func(ctx context.Context) error { return p.store.Put(ctx, t) })
}

func (p *issuer) step(ctx context.Context) (failed bool) {
	var sure, there []*tokenSlot
	for _, s := range p.slots {
		if !s.unsure {
			sure = append(sure, s)
		}
		if !s.unsure && len(s.may) > 0 {
			there = append(there, s)
		}
	}
	switch n := p.rng.IntN(10); {
	case len(sure) == 0, n == 0 && len(sure) < maxSlots:
		p.slots = append(p.slots, &tokenSlot{id: token.NewID()})
		return p.put(ctx, p.slots[len(p.slots)-1])
	case n < 4 || len(there) == 0:
		return p.put(ctx, pick(p.rng, sure))
	case n < 5:
		return p.delete(ctx, pick(p.rng, there))
	case n < 7:
		return p.consume(ctx, pick(p.rng, there)) == errUnknown
	}
	return p.look(ctx, pick(p.rng, p.slots)) == errUnknown
}

// void notes that what was there is no good any more.
func (s *tokenSlot) void() { s.over, s.may = append(s.over, s.may...), nil }

func (p *issuer) put(ctx context.Context, s *tokenSlot) bool {
	next := newToken()
	next.ID = s.id
	err := tell(ctx, p.load, "Put", func(ctx context.Context) error { return p.store.Put(ctx, next) })
	if s.unsure = err != nil; !s.unsure {
		s.void()
	}
	s.may = append(s.may, next)
	return s.unsure
}

func (p *issuer) delete(ctx context.Context, s *tokenSlot) bool {
	err := tell(ctx, p.load, "Delete of a token", func(ctx context.Context) error { return p.store.Delete(ctx, s.id) })
	if s.unsure = err != nil; !s.unsure {
		s.void()
	}
	return s.unsure
}

// use consumes a token, which is answered with it or with ErrNotFound.
func (p *issuer) use(ctx context.Context, t login.OneTimeToken) (login.OneTimeToken, error) {
	return ask(ctx, p.load, "Consume", func(ctx context.Context) (login.OneTimeToken, error) {
		return p.store.Consume(ctx, t.ID, t.Digest, time.Now())
	}, login.ErrNotFound)
}

// consume uses the token that is there, then one that is over. ErrNotFound is the answer to a second try of the store's too,
// when the first one was done and its answer lost: then the token is used up as well. Whether it was ever there, look tells.
func (p *issuer) consume(ctx context.Context, s *tokenSlot) error {
	got, err := p.use(ctx, s.may[0])
	if err == errUnknown {
		s.unsure = true
		return err
	}
	if err == nil && difference(got, s.may[0]) != nil {
		p.load.find(half, "the token that Consume returned differs from what was put: %v", difference(got, s.may[0]))
	}
	s.void()
	return p.reuse(ctx, pick(p.rng, s.over))
}

// reuse tries to use a token that is over.
func (p *issuer) reuse(ctx context.Context, t login.OneTimeToken) error {
	_, err := p.use(ctx, t)
	if err == nil {
		p.load.find(resurrected, "by Consume: a token is good, though it was used, or made void")
	}
	return err
}

// look gets what is there.
func (p *issuer) look(ctx context.Context, s *tokenSlot) error {
	got, err := ask(ctx, p.load, "Get of a token", func(ctx context.Context) (login.OneTimeToken, error) {
		return p.store.Get(ctx, s.id, time.Now())
	}, login.ErrNotFound)
	f, text := s.saw(got, err)
	p.load.find(f, "by Get of a token: %s", text)
	return err
}

// saw says what is wrong with what came.
func (s *tokenSlot) saw(got login.OneTimeToken, err error) (flaw, string) {
	is := func(t login.OneTimeToken) bool { return difference(got, t) == nil }
	switch {
	case err == errUnknown:
	case err == login.ErrNotFound && len(s.may) > 0 && !s.unsure:
		s.unsure = true // it is told once
		return lost, "it is not there, though its Put was acknowledged and nobody has used it"
	case err == login.ErrNotFound, slices.ContainsFunc(s.may, is):
	case slices.ContainsFunc(s.over, is):
		return resurrected, "it is there, though it was used, or made void"
	default:
		return half, fmt.Sprintf("it differs from all that were put: %s", show(got))
	}
	return sound, ""
}

// verify looks at all IDs, and tries to use what is over.
func (p *issuer) verify(ctx context.Context) {
	for _, s := range p.slots {
		_, _ = insist(p.load, func() (struct{}, error) { return struct{}{}, p.look(ctx, s) })
		if len(s.over) > 0 {
			_, _ = insist(p.load, func() (struct{}, error) { return struct{}{}, p.reuse(ctx, s.over[len(s.over)-1]) })
		}
	}
}
