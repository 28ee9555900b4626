package jwks

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// A Remote is the key set of an issuer that publishes it, a key source for package jwtx. It fetches the set at once, and
// from then on before it gets old, by itself. Make one with [NewRemote] and close it when it is not needed any more; many
// goroutines may use it at once. The zero value and nil are [auth.ErrUnavailable].
//
//   - A token with a known kid never waits, and causes no request.
//   - An unknown kid is asked for, once for all who wait, and at most once per cooldown (a minute divided by
//     RequestsPerMinute), within which it is refused: that of a new key, too, if others have just cost an attempt. Issuers
//     publish keys some time before they sign. A token that nobody can be asked about, because the last attempt failed, is
//     answered with 503.
//   - A set stays in use until a better one comes: an answer that is an error, no JSON, over 512 KiB or 100 keys, a redirect
//     or a set without a usable key changes nothing, until the set is older than MaxStale.
//   - Private keys with their public halves, symmetric keys, weak ones, those for something else and all that share a kid
//     are ignored and reported. They do not spoil the rest.
//   - An RSA key without alg is for RS256, as everywhere in this package.
type Remote struct {
	config RemoteConfig
	fetch  *fetcher
	view   atomic.Pointer[remoteView]

	fetches, failures atomic.Uint64

	mu      sync.Mutex
	flight  *flight // the attempt under way, nil if there is none
	started time.Time
	next    *time.Timer
	closed  bool
	running sync.WaitGroup
}

// A remoteView is what is known of an issuer's keys after an attempt. It is never changed.
type remoteView struct {
	set     *remoteSet // nil until there is one
	fetched time.Time  // when set was, or was found to be unchanged
	failed  int        // attempts since
	err     error      // of the last attempt
}

// A flight is one attempt, which any number of callers may wait for.
type flight struct {
	done   chan struct{}
	cancel context.CancelFunc
}

// NewRemote returns the key set that c describes, or all that is wrong with c. It does not wait for the keys: see
// [Remote.Ready].
func NewRemote(c RemoteConfig) (*Remote, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	r := &Remote{config: c, fetch: newFetcher(c)}
	r.view.Store(&remoteView{})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.start()
	return r, nil
}

var (
	errNoRemote    = fmt.Errorf("jwks: no Remote, or one that NewRemote did not make: %w", auth.ErrUnavailable)
	errOtherIssuer = fmt.Errorf("jwks: remote: another issuer: %w", auth.ErrInvalidCredentials)
)

func (r *Remote) isMade() bool { return r != nil && r.view.Load() != nil }

// VerificationKey returns the issuer's key with the ID kid, if it is for the algorithm alg. An error wraps
// [auth.ErrInvalidCredentials] if there is no such key, and [auth.ErrUnavailable] if that could not be found out. It
// waits, until ctx is done, only for a key that is not known yet.
func (r *Remote) VerificationKey(ctx context.Context, iss, alg, kid string) (crypto.PublicKey, error) {
	switch {
	case !r.isMade():
		return nil, errNoRemote
	case iss != r.config.Issuer:
		return nil, errOtherIssuer
	}
	key, err := r.known(alg, kid)
	if !worthAsking(err) {
		return key, err
	}
	if err := r.ask(ctx); err != nil {
		return nil, err
	}
	return r.known(alg, kid)
}

// LocalKeys returns where a verifier finds the keys that are known, without waiting. It is nil if source is not r.
func (r *Remote) LocalKeys(source any) func(iss, alg, kid string) (crypto.PublicKey, bool) {
	if source != any(r) {
		return nil
	}
	return r.localKey
}

func (r *Remote) localKey(iss, alg, kid string) (crypto.PublicKey, bool) {
	if !r.isMade() || iss != r.config.Issuer {
		return nil, false
	}
	key, err := r.known(alg, kid)
	return key, err == nil
}

// worthAsking reports whether a newer set could make a difference.
func worthAsking(err error) bool {
	return errors.Is(err, errUnknownID) || errors.Is(err, auth.ErrUnavailable)
}

// known looks at what is there, without waiting.
func (r *Remote) known(alg, kid string) (crypto.PublicKey, error) {
	v := r.view.Load()
	if !r.usable(v) {
		return nil, r.unavailable(v.err)
	}
	key, err := v.set.key(alg, kid, r.config.AllowNoKeyID)
	if v.failed > 0 && errors.Is(err, errUnknownID) {
		return nil, r.unavailable(v.err) // the issuer may have published it since
	}
	return key, err
}

func (r *Remote) usable(v *remoteView) bool {
	return v.set != nil && since(v.fetched, time.Now()) < r.config.MaxStale
}

func (r *Remote) unavailable(reason error) error {
	if reason == nil {
		reason = errors.New("no recent set")
	}
	return fmt.Errorf("jwks: remote: keys of %q: %w: %w", r.config.Issuer, auth.ErrUnavailable, reason)
}

// ask waits for the attempt under way, or for a new one if the last was long enough ago.
func (r *Remote) ask(ctx context.Context) error {
	f, err := r.attempt()
	if f == nil {
		return err
	}
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		return r.unavailable(ctx.Err())
	}
}

// attempt returns the attempt under way, and nil if there is none.
func (r *Remote) attempt() (*flight, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, r.unavailable(errors.New("closed"))
	}
	if r.flight == nil && time.Since(r.started) >= r.config.cooldown() {
		r.start()
	}
	return r.flight, nil
}

// start begins an attempt. It belongs to the Remote, so those who wait for it may leave. The caller holds mu.
func (r *Remote) start() {
	ctx, cancel := context.WithTimeout(context.Background(), r.config.Timeout)
	f := &flight{done: make(chan struct{}), cancel: cancel}
	r.flight, r.started = f, time.Now()
	if r.next != nil {
		r.next.Stop()
	}
	r.running.Go(func() {
		defer cancel()
		r.fly(ctx, f)
	})
}

// fly makes one attempt. It lands even if the Transport, which is not ours, panics, and logs only after it has landed, so
// that nobody waits for a Logger.
func (r *Remote) fly(ctx context.Context, f *flight) {
	r.fetches.Add(1)
	old, set, err := r.view.Load(), (*remoteSet)(nil), errors.New("transport that does not return")
	defer func() {
		if p := recover(); p != nil {
			err = brief(fmt.Sprint("panic: ", p))
		}
		v := &remoteView{set: set, fetched: time.Now()}
		if err != nil {
			r.failures.Add(1)
			v = &remoteView{set: old.set, fetched: old.fetched, failed: old.failed + 1, err: err}
		}
		if open := r.land(f, v); open {
			r.tell(old, v)
		}
	}()
	base := old.set
	if old.failed > 0 {
		base = nil // in case that the server cannot cope with its own ETag
	}
	set, err = r.fetch.set(ctx, base)
}

// tell logs what came of an attempt. A Logger is not ours either: in a goroutine of ours its panic would end the program.
func (r *Remote) tell(old, v *remoteView) {
	defer func() { _ = recover() }()
	if v.err != nil {
		r.config.Logger.Warn("jwks: keys cannot be fetched", slog.String("issuer", r.config.Issuer), slog.Any("error", v.err))
		return
	}
	r.report(old.set, v.set)
}

// report tells of what changed, and of what is not used if that changed.
func (r *Remote) report(old, set *remoteSet) {
	log := r.config.Logger.With(slog.String("issuer", r.config.Issuer))
	for _, id := range set.replaced(old) {
		log.Warn("jwks: another key under the same kid", slog.String("kid", id))
	}
	if old != nil && slices.Equal(old.ignored, set.ignored) && slices.Equal(old.ids(), set.ids()) {
		return
	}
	for _, reason := range set.ignored {
		log.Warn("jwks: key ignored", slog.String("reason", reason))
	}
	log.Info("jwks: new key set", slog.Any("kids", set.ids()))
}

// land ends an attempt, and plans the next. It returns false after Close, which ends attempts, and that is no news.
func (r *Remote) land(f *flight, v *remoteView) (open bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.view.Store(v)
	r.flight = nil
	close(f.done)
	if r.closed {
		return false
	}
	r.next = time.AfterFunc(r.wait(v), func() { _, _ = r.attempt() })
	return true
}

// wait returns how long to leave the issuer alone after an attempt: until shortly before the set gets old, never at the
// same time as everybody else; after failures longer each time.
func (r *Remote) wait(v *remoteView) time.Duration {
	if v.failed > 0 {
		return min(r.config.cooldown()<<min(v.failed-1, 16), max(maxRemoteBackoff, r.config.cooldown()))
	}
	age := min(r.config.MaxAge, v.set.maxAge)
	return max(age*7/10+rand.N(age/10), r.config.cooldown())
}

// Ready returns nil if keys are there that may be used. If there are none it waits for the attempt under way, at most
// until ctx is done, and says why there are none. It suits a readiness probe, and a program that wants to start with keys.
func (r *Remote) Ready(ctx context.Context) error {
	if !r.isMade() {
		return errNoRemote
	}
	if v := r.view.Load(); r.usable(v) {
		return nil
	}
	if err := r.ask(ctx); err != nil {
		return err
	}
	if v := r.view.Load(); !r.usable(v) {
		return r.unavailable(v.err)
	}
	return nil
}

// RemoteStats are counts since a [Remote] was made, and the state of its set.
type RemoteStats struct {
	Fetches  uint64    // attempts, also those under way
	Failures uint64    // attempts that brought nothing
	Keys     int       // that can verify
	Ignored  int       // that are in the set, but are not used
	Fetched  time.Time // when the issuer last confirmed the set; zero if there is none. Its age is time.Since
	Err      error     // why the last attempt brought nothing; nil if it did
}

// Stats returns what r counted, for metrics.
func (r *Remote) Stats() RemoteStats {
	if !r.isMade() {
		return RemoteStats{Err: errNoRemote}
	}
	v := r.view.Load()
	s := RemoteStats{Fetches: r.fetches.Load(), Failures: r.failures.Load(), Fetched: v.fetched, Err: v.err}
	if v.set != nil {
		s.Keys, s.Ignored = len(v.set.keys), len(v.set.ignored)
	}
	return s
}

// Close ends all fetching, and returns when nothing of it is left. The keys that are known stay good until they are older
// than MaxStale; others cannot be found out any more. It may be called again, and returns nil.
func (r *Remote) Close() error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	r.closed = true
	if r.next != nil {
		r.next.Stop()
	}
	if r.flight != nil {
		r.flight.cancel()
	}
	r.mu.Unlock()
	r.running.Wait()
	return nil
}
