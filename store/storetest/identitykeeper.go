package storetest

import (
	"context"

	"github.com/countersign-go/countersign/auth/login"
)

// An identityKeeper is a keeper of identities that also looks for them by their ways: those that they have, and those that they
// had, which nobody else takes.
type identityKeeper struct {
	*keeper[login.AuthIdentity]
	store login.Store
}

func identitiesKeeper(w *worker, s login.Store) part {
	k := &keeper[login.AuthIdentity]{worker: w, what: "identity", kind: identities, store: s}
	k.renewOwner()
	return &identityKeeper{k, s}
}

func (k *identityKeeper) step(ctx context.Context) (failed bool) {
	if sure := k.where((*track[login.AuthIdentity]).sure); len(sure) > 0 && k.rng.IntN(4) == 0 {
		return k.findAll(ctx, pick(k.rng, sure)) == errUnknown
	}
	return k.keeper.step(ctx)
}

// findAll looks for an identity by one of the ways that it has, and by one that it has no more.
func (k *identityKeeper) findAll(ctx context.Context, tr *track[login.AuthIdentity]) error {
	if err := k.find(ctx, tr, pick(k.rng, tr.states[0].Providers)); err == errUnknown || len(tr.past) == 0 {
		return err
	}
	return k.findPast(ctx, tr, pick(k.rng, pick(k.rng, tr.past).Providers))
}

func (k *identityKeeper) ask(ctx context.Context, way login.ProviderIdentity) (login.AuthIdentity, error) {
	return ask(ctx, k.load, "Find", func(ctx context.Context) (login.AuthIdentity, error) {
		return k.store.Find(ctx, way.Provider, way.EntityID)
	}, login.ErrNotFound)
}

// find looks by a way that the identity has if it is there, and notes what came.
func (k *identityKeeper) find(ctx context.Context, tr *track[login.AuthIdentity], way login.ProviderIdentity) error {
	got, err := k.ask(ctx, way)
	k.note(tr, "Find", got, err)
	return err
}

// findPast looks by a way that the identity has no more.
func (k *identityKeeper) findPast(ctx context.Context, tr *track[login.AuthIdentity], way login.ProviderIdentity) error {
	got, err := k.ask(ctx, way)
	if err == nil {
		k.load.find(resurrected, "by Find: %s logs in by a way that %s had before a change that was acknowledged or seen",
			got.ID, tr.id)
	}
	return err
}

// verify also looks by the ways that each identity has, and by those that it had last.
func (k *identityKeeper) verify(ctx context.Context) {
	k.keeper.verify(ctx)
	for _, tr := range k.tracks {
		if tr.ignored || tr.live() && !tr.sure() {
			continue
		}
		for _, way := range tr.states[0].Providers {
			k.insist(func() error { return k.find(ctx, tr, way) })
		}
		if len(tr.past) > 0 {
			for _, way := range tr.past[len(tr.past)-1].Providers {
				k.insist(func() error { return k.findPast(ctx, tr, way) })
			}
		}
	}
}

func (k *identityKeeper) insist(find func() error) {
	_, _ = insist(k.load, func() (struct{}, error) { return struct{}{}, find() })
}
