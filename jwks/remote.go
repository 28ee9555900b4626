package jwks

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// What a [RemoteConfig] leaves out.
const (
	DefaultRemoteMaxAge      = time.Hour
	DefaultRequestsPerMinute = 5
	DefaultRemoteMaxStale    = 24 * time.Hour
	DefaultRemoteTimeout     = 5 * time.Second

	maxRemoteMaxAge      = 24 * time.Hour
	minCacheControl      = time.Minute // what a server may shorten MaxAge to
	maxRemoteBackoff     = time.Minute
	maxRequestsPerMinute = 600
)

// RemoteConfig says whose keys a [Remote] has, and where they are. Issuer is required.
type RemoteConfig struct {
	// Issuer is whose keys these are, as in iss. Tokens of any other find no key here.
	Issuer string
	// URL is where the issuer's JWK Set is: https, or http on loopback. Default: what the metadata of the issuer says, by
	// OpenID Connect Discovery 1.0, section 4, or RFC 8414, section 3; Issuer must be such a URL itself then.
	URL string
	// KeyHosts are hosts, with the port if there is one, that the metadata may name for the keys beside the issuer's own,
	// such as "www.googleapis.com" for "https://accounts.google.com".
	KeyHosts []string

	// MaxAge is how old the set may get before it is fetched anew, which happens a little ahead and off the path of
	// requests. The server's Cache-Control can shorten it, to a minute at the least. Default: 1 hour, at most 24.
	MaxAge time.Duration
	// RequestsPerMinute bounds how often an unknown kid or a failure makes it ask again: 5 is once in 12 seconds, whatever
	// comes in between. Default: 5.
	RequestsPerMinute int
	// MaxStale is how old the last good set may get when no better one can be had. Then requests are answered with 503.
	// Default: 24 hours, or MaxAge if that is more.
	MaxStale time.Duration
	// Timeout is what one attempt may take, from discovery to the last byte. Default: 5 seconds.
	Timeout time.Duration

	// AllowNoKeyID accepts tokens without kid if the set has exactly one key for their algorithm.
	AllowNoKeyID bool
	// Transport sends the requests, for a proxy or a certificate authority of one's own. Default: one like
	// http.DefaultTransport. Redirects are not followed and cookies not kept, whatever it is.
	Transport http.RoundTripper
	// Logger is told of failures, of keys that are not used, and of changes. Default: slog.Default().
	Logger *slog.Logger
}

// A Remote is the key set of an issuer that publishes it, a key source for package jwtx. It fetches the set at once, and
// from then on before it gets old, by itself. Make one with [NewRemote] and close it when it is not needed any more; many
// goroutines may use it at once.
//
//   - A token with a known kid never waits, and causes no request.
//   - An unknown kid is asked for, once for all who wait, and at most once per cooldown (a minute divided by
//     RequestsPerMinute). A token that nobody can be asked about, because the last attempt failed, is answered with 503.
//   - A set stays in use until a better one comes: an answer that is an error, no JSON, over 512 KiB or 100 keys, a redirect
//     or a set without a usable key changes nothing, until the set is older than MaxStale.
//   - Private and symmetric keys, weak ones, those for something else and all that share a kid are ignored and reported. They do not
//     spoil the rest.
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

func (c RemoteConfig) withDefaults() (RemoteConfig, error) {
	setDefault(&c.MaxAge, DefaultRemoteMaxAge)
	setDefault(&c.MaxStale, max(DefaultRemoteMaxStale, c.MaxAge))
	setDefault(&c.Timeout, DefaultRemoteTimeout)
	setDefault(&c.RequestsPerMinute, DefaultRequestsPerMinute)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	c.KeyHosts = slices.Clone(c.KeyHosts)
	var errs []error
	add := func(is bool, text string) {
		if is {
			errs = append(errs, errors.New("jwks: remote: "+text))
		}
	}
	add(c.Issuer == "", "no Issuer")
	if c.URL != "" {
		_, err := secureURL(c.URL)
		add(err != nil, fmt.Sprintf("URL: %v", err))
	} else if c.Issuer != "" {
		_, err := metadataURLs(c.Issuer)
		add(err != nil, fmt.Sprintf("no URL, and Issuer cannot be asked for it: %v", err))
	}
	add(c.MaxAge < time.Second || c.MaxAge > maxRemoteMaxAge, fmt.Sprintf("MaxAge is not between 1s and %v", maxRemoteMaxAge))
	add(c.MaxStale < c.MaxAge, "MaxStale is less than MaxAge")
	add(c.Timeout < 0, "Timeout is negative")
	add(c.RequestsPerMinute < 1 || c.RequestsPerMinute > maxRequestsPerMinute,
		fmt.Sprintf("RequestsPerMinute is not between 1 and %d", maxRequestsPerMinute))
	return c, errors.Join(errs...)
}

func setDefault[T comparable](field *T, value T) {
	if zero := *new(T); *field == zero {
		*field = value
	}
}

var errOtherIssuer = fmt.Errorf("jwks: remote: another issuer: %w", auth.ErrInvalidCredentials)

// VerificationKey returns the issuer's key with the ID kid, if it is for the algorithm alg. An error wraps
// [auth.ErrInvalidCredentials] if there is no such key, and [auth.ErrUnavailable] if that could not be found out. It
// waits, until ctx is done, only for a key that is not known yet.
func (r *Remote) VerificationKey(ctx context.Context, iss, alg, kid string) (crypto.PublicKey, error) {
	if iss != r.config.Issuer {
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

// worthAsking reports whether a newer set could make a difference.
func worthAsking(err error) bool {
	return errors.Is(err, errUnknownID) || errors.Is(err, auth.ErrUnavailable)
}

// known looks at what is there, without waiting.
func (r *Remote) known(alg, kid string) (crypto.PublicKey, error) {
	v := r.view.Load()
	if !r.usable(v) {
		return nil, r.unavailable(v)
	}
	key, err := v.set.key(alg, kid, r.config.AllowNoKeyID)
	if v.failed > 0 && errors.Is(err, errUnknownID) {
		return nil, r.unavailable(v) // the issuer may have published it since
	}
	return key, err
}

func (r *Remote) usable(v *remoteView) bool {
	return v.set != nil && time.Since(v.fetched) < r.config.MaxStale
}

func (r *Remote) unavailable(v *remoteView) error {
	err := v.err
	if err == nil {
		err = errors.New("not fetched yet")
	}
	return fmt.Errorf("jwks: remote: keys of %q: %w: %w", r.config.Issuer, auth.ErrUnavailable, err)
}

// ask waits for the attempt under way, or for a new one if the last was long enough ago.
func (r *Remote) ask(ctx context.Context) error {
	f := r.attempt()
	if f == nil {
		return nil
	}
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("jwks: remote: keys of %q: %w: %w", r.config.Issuer, auth.ErrUnavailable, ctx.Err())
	}
}

func (r *Remote) attempt() *flight {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight == nil && !r.closed && time.Since(r.started) >= r.cooldown() {
		r.start()
	}
	return r.flight
}

func (r *Remote) cooldown() time.Duration {
	return time.Minute / time.Duration(r.config.RequestsPerMinute)
}

// start begins an attempt, which is nobody's but the Remote's: who waits for it may go. Who calls it holds mu.
func (r *Remote) start() {
	ctx, cancel := context.WithTimeout(context.Background(), r.config.Timeout)
	f := &flight{done: make(chan struct{}), cancel: cancel}
	r.flight, r.started = f, time.Now()
	if r.next != nil {
		r.next.Stop()
	}
	r.running.Go(func() {
		defer cancel()
		r.land(f, r.fetched(ctx))
	})
}

// fetched makes one attempt, and returns the view after it.
func (r *Remote) fetched(ctx context.Context) (v *remoteView) {
	old := r.view.Load()
	r.fetches.Add(1)
	defer func() {
		if p := recover(); p != nil { // in a Transport, which is not ours
			v = r.failure(old, fmt.Errorf("panic: %v", p))
		}
	}()
	set, err := r.fetch.set(ctx, old.set)
	if err != nil {
		return r.failure(old, err)
	}
	r.report(old.set, set)
	return &remoteView{set: set, fetched: time.Now()}
}

func (r *Remote) failure(old *remoteView, err error) *remoteView {
	r.failures.Add(1)
	r.config.Logger.Warn("jwks: keys cannot be fetched", slog.String("issuer", r.config.Issuer), slog.Any("error", err))
	return &remoteView{set: old.set, fetched: old.fetched, failed: old.failed + 1, err: err}
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

// land ends an attempt, and plans the next.
func (r *Remote) land(f *flight, v *remoteView) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.view.Store(v)
	r.flight = nil
	close(f.done)
	if r.closed {
		return
	}
	r.next = time.AfterFunc(r.wait(v), func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.flight == nil && !r.closed {
			r.start()
		}
	})
}

// wait returns how long to leave the issuer alone after an attempt: until shortly before the set gets old, never at the
// same time as everybody else; after failures longer each time.
func (r *Remote) wait(v *remoteView) time.Duration {
	if v.failed > 0 {
		return min(r.cooldown()<<min(v.failed-1, 16), max(maxRemoteBackoff, r.cooldown()))
	}
	age := min(r.config.MaxAge, v.set.maxAge)
	return max(age*7/10+rand.N(age/10), r.cooldown())
}

// Ready returns nil if keys are there that may be used. If there are none it waits for the attempt under way, at most
// until ctx is done, and says why there are none. It suits a readiness probe, and a program that wants to start with keys.
func (r *Remote) Ready(ctx context.Context) error {
	if v := r.view.Load(); r.usable(v) {
		return nil
	}
	if err := r.ask(ctx); err != nil {
		return err
	}
	if v := r.view.Load(); !r.usable(v) {
		return r.unavailable(v)
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
	v := r.view.Load()
	s := RemoteStats{Fetches: r.fetches.Load(), Failures: r.failures.Load(), Fetched: v.fetched, Err: v.err}
	if v.set != nil {
		s.Keys, s.Ignored = len(v.set.keys), len(v.set.ignored)
	}
	return s
}

// Close ends all fetching, and returns when nothing of it is left. The keys that are known stay good until they are older
// than MaxStale. It may be called again, and returns nil.
func (r *Remote) Close() error {
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
