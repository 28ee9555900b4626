package jwks

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// A Ring is the signing keys of an issuer, which change: a new key is published, then it signs, then it is published for
// as long as what it signed is good, and removed. All processes that share a [KeyStore] share a ring, and agree which key
// signs without talking to each other: the store says which keys there are, and the clock the rest. Like a [Set] it is a
// key source (VerificationKey) and a signing source (SigningKey), and [Handler] serves its public keys. Make one with
// [NewRing]; many goroutines may use it at once. The zero value and nil are [auth.ErrUnavailable].
//
// No good token is refused over a change of keys, because
//
//   - Lead ≥ Timeout + Refresh + CacheAge + Leeway: a key that signs has reached all who verify. The store takes Timeout
//     to keep it, a process sees it Refresh later, what it served before is forgotten CacheAge after that, and the clock
//     of who signs may be ahead by Leeway.
//   - Retention ≥ TokenLifetime + Leeway: a key that is removed has no token left, also by a clock that is behind.
//   - Interval ≥ Lead: one key at most waits for its turn, and there are 50 at most unless keys change by hand.
//   - Refresh ≥ 2 × Timeout: a view is renewed before it is too old.
//
// Settings that violate one of these are an error of NewRing.
//
// A process works from its view of the store, which it renews when it is used, in the background: there is no goroutine
// in between, and after an idle time the old key signs until a new one has been published for Lead. While the store does
// not answer a process goes on, for a time: it signs with a view that is up to Lead + Retention - TokenLifetime - 2 × Leeway -
// Timeout old, as a key that it knows nothing of may soon take over, and what it signs must have expired when its own key is
// removed. It verifies for TokenLifetime + Leeway longer, and Handler serves a view for Refresh + CacheAge, telling how much
// of that is left. Then they return [auth.ErrUnavailable].
//
// Whoever can write to the store can take keys away, and put back such as were there, but neither make nor change one. A
// key that cannot be opened is not used, and is reported; another takes its place. A state that is no ring's, or is older
// than one that was seen, is never written over: it is as if the store did not answer. So after a backup was restored, or
// to begin anew by removing the state, restart all processes. Who can write to the store and knows a sealing key can do
// everything.
type Ring struct {
	config   RingConfig // without SealingKeys
	schedule schedule
	sealer   sealer
	cooldown time.Duration // from one refresh to the next

	view atomic.Pointer[ringView]

	mu     sync.Mutex
	flight *ringFlight // the one refresh that is under way; or nil
	begun  time.Time   // when the last one began
	failed bool        // the last one did
	added  time.Time   // when this process last made a key
	closed bool

	flights sync.WaitGroup
}

// NewRing returns the ring that c describes, or all that is wrong with c. It asks the store, and makes the first key if
// there is none. A store that does not answer, or holds what is no ring's, is [auth.ErrUnavailable]. So are keys none of
// which SealingKeys open: to go on without them, remove the state from the store. And so are so many keys that there is no
// room for one that signs.
func NewRing(ctx context.Context, c RingConfig) (*Ring, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	sealer, err := newSealer(c.SealingKeys)
	if err != nil {
		return nil, err
	}
	c.SealingKeys = nil
	r := &Ring{
		config:   c,
		schedule: c.schedule(),
		sealer:   sealer,
		cooldown: c.Refresh / 10,
	}
	v, err := r.load(ctx)
	if err != nil {
		return nil, err
	}
	if len(v.entries) > 0 && v.set == nil {
		return nil, fmt.Errorf("jwks: ring: SealingKeys open none of %d keys: %w", len(v.entries), auth.ErrUnavailable)
	}
	if r.schedule.next(v.terms, time.Now()) != stepReplace {
		r.install(v) // and what else is due can wait
	}
	err = r.change(ctx, r.scheduled())
	if r.view.Load() == nil {
		if !auth.IsUnavailable(err) { // the state leaves no room for a key, or keeps changing
			err = fmt.Errorf("%w: %w", errNoTurn, err)
		}
		return nil, err
	}
	if err != nil {
		r.report(slog.LevelError, "jwks: change of keys", err)
	}
	return r, nil
}

// The reasons to refuse a request are made beforehand, as those of a Set are.
var (
	errNoRing       = fmt.Errorf("jwks: no Ring, or one that NewRing did not make: %w", auth.ErrUnavailable)
	errOldView      = fmt.Errorf("jwks: ring: store that has not answered for too long: %w", auth.ErrUnavailable)
	errNotAsked     = fmt.Errorf("jwks: ring: no answer about the token's kid: %w", auth.ErrUnavailable)
	errUnreadableID = fmt.Errorf("jwks: ring: key of the token's kid that cannot be read: %w", auth.ErrUnavailable)
	errNoTurn       = fmt.Errorf("jwks: ring: no key that can sign: %w", auth.ErrUnavailable)
)

// VerificationKey returns the key with the ID kid, as that of a [Set] does. A kid that the ring does not know is looked for
// in the store, with one call for all who ask, and again only after a tenth of Refresh. An error that wraps
// [auth.ErrInvalidCredentials] says that there is no such key, or that there is none any more; [auth.ErrUnavailable] that
// the store cannot be asked, or that the key is there and cannot be read. A token without kid is refused.
//
// The issuer is ignored: it is for the caller to hand a ring only the tokens of its issuer.
func (r *Ring) VerificationKey(ctx context.Context, _, alg, kid string) (crypto.PublicKey, error) {
	v, now, err := r.current(ctx, RingConfig.verifiesFor)
	switch {
	case err != nil:
		return nil, err
	case kid == "":
		return nil, errNoID
	}
	key, known, err := v.verificationKey(r.schedule, alg, kid, now)
	if known {
		return key, err
	}
	v, asked := r.ask(ctx, v, now)
	if key, known, err = v.verificationKey(r.schedule, alg, kid, time.Now()); !known && !asked {
		return nil, errNotAsked
	}
	return key, err
}

// LocalKeys returns where a verifier finds the keys while the view is fresh, without waiting. It is nil if source is not r.
func (r *Ring) LocalKeys(source any) func(iss, alg, kid string) (crypto.PublicKey, bool) {
	if source != any(r) {
		return nil
	}
	return r.localKey
}

// localKey is false if there is no such key, or it is time to look again.
func (r *Ring) localKey(_, alg, kid string) (crypto.PublicKey, bool) {
	if r == nil || r.view.Load() == nil || kid == "" {
		return nil, false
	}
	v, now := r.view.Load(), time.Now()
	if v.age(now) >= r.config.Refresh/2 {
		return nil, false
	}
	key, _, err := v.verificationKey(r.schedule, alg, kid, now)
	return key, err == nil
}

// SigningKey returns the key that signs now, its ID and its algorithm. Ask again for each token, and let none live longer
// than TokenLifetime. The error wraps [auth.ErrUnavailable].
func (r *Ring) SigningKey(ctx context.Context) (kid, alg string, signer crypto.Signer, err error) {
	v, now, err := r.current(ctx, RingConfig.signsFor)
	if err != nil {
		return "", "", nil, err
	}
	i := r.schedule.signer(v.terms, now)
	if i < 0 {
		return "", "", nil, errNoTurn
	}
	k := v.entries[i].key
	return k.id, k.algorithm, k.signer(), nil
}

// A RingKey says of a key of a [Ring] what an operator wants to know.
type RingKey struct {
	ID, Algorithm string
	Published     time.Time
	SignsFrom     time.Time
	SignsUntil    time.Time // zero if no key is there to follow it
	RemovedAt     time.Time // zero like SignsUntil
	Unreadable    bool      // no sealing key opens it, so it is not used
}

// Keys returns the keys that there are, in the order in which they sign. It asks the store as a request would.
func (r *Ring) Keys(ctx context.Context) ([]RingKey, error) {
	v, now, err := r.current(ctx, RingConfig.listsFor)
	if err != nil {
		return nil, err
	}
	var keys []RingKey
	for i, e := range v.entries {
		if r.schedule.removed(v.terms, i, now) {
			continue
		}
		k := RingKey{ID: e.ID, Algorithm: e.Algorithm, Published: e.Published, SignsFrom: e.SignsFrom, Unreadable: e.key == nil}
		if end, ok := r.schedule.end(v.terms, i); ok {
			k.SignsUntil, k.RemovedAt = end, end.Add(r.config.Retention)
		}
		keys = append(keys, k)
	}
	return keys, nil
}

var errClosed = errors.New("jwks: ring: closed")

// Close waits for what the ring does in the background, which is at most a few calls of the store. Requests that are still
// under way are answered from the view that there is, until that is too old; Rotate and Revoke return an error.
func (r *Ring) Close() error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.flights.Wait()
	return nil
}

// Format writes what r is, whatever the verb and flags, and nothing of what it holds: that may change at any time.
func (r *Ring) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "ring of keys") }

// report says what happened. No key has anything secret that an attribute could show. A logger that panics is not heard: in
// a goroutine of ours it would end the program, and after a Swap it would hide that the keys have changed.
func (r *Ring) report(level slog.Level, message string, err error, attrs ...slog.Attr) {
	defer func() { _ = recover() }()
	logger := r.config.Logger
	if logger == nil {
		logger = slog.Default()
	}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	}
	logger.LogAttrs(context.Background(), level, message, attrs...)
}
