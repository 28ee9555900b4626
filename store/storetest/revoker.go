package storetest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/countersign-go/countersign/jwtx"
)

// A revoker revokes keys that nobody else has, up to later and later. A Revoke that failed may be done later, which does no
// harm: the later time stays.
type revoker struct {
	*worker
	store jwtx.RevocationStore
	keys  []*revokedKey
}

// A revokedKey is what is known about a key.
type revokedKey struct {
	last  note        // that was tried
	tried []time.Time // up to when it was revoked, whether or not that failed
	acked time.Time   // the last of them that was acknowledged
	seen  time.Time   // the last of them that was read
}

const maxKeys = 8

func (r *revoker) begin(context.Context) {}

func (r *revoker) probe(ctx context.Context) error {
	n := newNote()
	return tell(ctx, r.load, "Revoke", func(ctx context.Context) error { return r.store.Revoke(ctx, n.key, n.at, n.until) })
}

func (r *revoker) step(ctx context.Context) (failed bool) {
	switch n := r.rng.IntN(8); {
	case len(r.keys) == 0, n == 0 && len(r.keys) < maxKeys:
		r.keys = append(r.keys, &revokedKey{last: newNote()})
		return r.revoke(ctx, r.keys[len(r.keys)-1])
	case n < 4:
		return r.revoke(ctx, pick(r.rng, r.keys))
	}
	err := r.look(ctx)
	return err == errUnknown
}

func (r *revoker) revoke(ctx context.Context, k *revokedKey) bool {
	k.last = k.last.shifted(1, 1)
	n := k.last
	k.tried = append(k.tried, n.at)
	err := tell(ctx, r.load, "Revoke", func(ctx context.Context) error { return r.store.Revoke(ctx, n.key, n.at, n.until) })
	if err == nil {
		k.acked = n.at
	}
	return err == errUnknown
}

// look asks about all keys at once.
func (r *revoker) look(ctx context.Context) error {
	var names []string
	for _, k := range r.keys {
		names = append(names, k.last.key)
	}
	upTo, err := ask(ctx, r.load, "RevokedUpTo", func(ctx context.Context) ([]time.Time, error) {
		return r.store.RevokedUpTo(ctx, time.Now(), names...)
	})
	switch {
	case err != nil:
		return err
	case len(upTo) != len(names):
		r.load.find(half, "RevokedUpTo returned %d answers for %d keys", len(upTo), len(names))
		return nil
	}
	for i, k := range r.keys {
		f, text := k.saw(upTo[i])
		r.load.find(f, "by RevokedUpTo: %s", text)
	}
	return nil
}

// saw notes up to when the key is revoked, and says what is wrong with that.
func (k *revokedKey) saw(at time.Time) (flaw, string) {
	switch {
	case at.Before(k.seen):
		return resurrected, fmt.Sprintf("a key is revoked up to %v, and was up to %v", plain(at), plain(k.seen))
	case at.Before(k.acked):
		return lost, fmt.Sprintf("a key is revoked up to %v, though a Revoke up to %v was acknowledged", plain(at), plain(k.acked))
	case !at.IsZero() && !slices.ContainsFunc(k.tried, at.Equal):
		return half, fmt.Sprintf("a key is revoked up to %v, which nobody has asked for", plain(at))
	}
	k.seen = at
	return sound, ""
}

func (r *revoker) verify(ctx context.Context) {
	_, _ = insist(r.load, func() (struct{}, error) { return struct{}{}, r.look(ctx) })
}
