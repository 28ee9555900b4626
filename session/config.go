package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"time"
)

// The defaults of [Config]. NIST SP 800-63B-4, section 2.2.3, allows a lifetime of 24 hours and an idle timeout of 1 hour.
const (
	DefaultIdleTimeout   = 30 * time.Minute
	DefaultLifetime      = 24 * time.Hour
	DefaultRenewInterval = time.Minute
	DefaultStoreTimeout  = 2 * time.Second
	DefaultRefreshGrace  = 10 * time.Second
	DefaultMaxValues     = 4096 // bytes
)

const (
	minKey   = 32 // bytes
	maxKeys  = 8  // each is tried on a cookie that fits none
	maxGrace = 5 * time.Minute
)

// Config says how sessions are kept. Store and Keys are required.
type Config struct {
	Store Store // if it is an Index too, List, EndAll, EndIdentity and MaxPerActor work

	// Keys authenticate the cookies and the refresh tokens: 32 random bytes or more each, 8 keys at most. The first signs,
	// all are accepted. To change keys without logging anyone out put a new one in front, and drop an old one when Lifetime
	// has passed. All processes behind one host need the same: to one that has others, a cookie is as good as none, and no
	// log tells.
	Keys [][]byte

	// Origins are other origins whose pages may send requests with the cookie, see [auth.CrossOriginConfig].
	Origins []string

	Cookie CookieConfig

	IdleTimeout   time.Duration // a session that is not used for so long ends; default: 30 minutes
	Lifetime      time.Duration // a session ends then, used or not; default: 24 hours, at most 400 days
	RenewInterval time.Duration // a session in use is written at most this often; default: 1 minute, less than IdleTimeout
	StoreTimeout  time.Duration // what one call of Store may take; default: 2 seconds

	// Minter makes the access tokens of StartTokens, Refresh and RotateTokens, which are "" without one, and those of
	// StartAccess and RefreshAccess, which need it.
	Minter Minter
	// RefreshGrace is for how long the refresh token before the current one is given the current one again: that is two
	// tabs at once, or an answer that was lost, and no theft. The clocks of all processes must agree by less, and a failover
	// of the store should take less: a client that asks again after a longer one is taken for a thief. Default: 10 seconds,
	// at least 1 second, at most 5 minutes.
	RefreshGrace time.Duration
	// OnReuse is told of a session that was ended because an old refresh token was used: somebody else has it, too. It is
	// called once for a session, by the request that found out, when the session has ended already. It is not called when
	// the process dies, or the answers of the store are lost, just then.
	OnReuse func(ctx context.Context, rec Record)

	// MaxPerActor is how many sessions an actor may have at once; 0 is no limit. It needs a Store that is an Index. Sessions
	// that have no actor yet are not counted.
	MaxPerActor int
	// EvictOldest ends the oldest sessions where there would be more; else the log-in is refused with [ErrLimit].
	EvictOldest bool

	// MaxValues bounds Record.Values, in bytes of JSON: they are read at each request. Default: 4096; all that is in a
	// record has 64 KiB at most.
	MaxValues int

	// TrustedProxies are the networks of the proxies in front of the server, for Record.IP: see [auth.ClientIP].
	TrustedProxies []netip.Prefix

	// Policy says who may see and end whose sessions by [Manager.As]. Default: [OwnSessions].
	Policy Policy

	// Logger gets a failed renewal, which does not refuse the request, each use of a record that the store says is
	// [ErrCorrupt], which counts as none, a refresh token that was used again, and, once, a Secure cookie that is set
	// without TLS, unless a proxy says X-Forwarded-Proto: https. Default: slog.Default().
	Logger *slog.Logger
}

// withDefaults returns c with defaults for what is zero, and all that is wrong with it.
func (c Config) withDefaults() (Config, error) {
	setDefault(&c.IdleTimeout, DefaultIdleTimeout)
	setDefault(&c.Lifetime, DefaultLifetime)
	setDefault(&c.RenewInterval, min(DefaultRenewInterval, c.IdleTimeout/2))
	setDefault(&c.StoreTimeout, DefaultStoreTimeout)
	setDefault(&c.RefreshGrace, DefaultRefreshGrace)
	setDefault(&c.MaxValues, DefaultMaxValues)
	if c.Policy == nil {
		c.Policy = OwnSessions
	}
	c.TrustedProxies = slices.Clone(c.TrustedProxies)
	var errs []error
	wrong := func(is bool, format string, args ...any) {
		if is {
			errs = append(errs, fmt.Errorf("session: "+format, args...))
		}
	}
	wrong(c.Store == nil, "no Store")
	wrong(len(c.Keys) == 0, "no Keys")
	wrong(len(c.Keys) > maxKeys, "%d Keys, more than %d", len(c.Keys), maxKeys)
	for i, key := range c.Keys {
		wrong(len(key) < minKey, "Keys[%d] has %d bytes, fewer than %d", i, len(key), minKey)
		wrong(len(bytes.Trim(key, "\x00")) == 0 && len(key) > 0, "Keys[%d] is all zeroes: it was never filled", i)
	}
	wrong(c.IdleTimeout < time.Second, "IdleTimeout is shorter than a second")
	wrong(c.RenewInterval <= 0 || c.RenewInterval >= c.IdleTimeout, "RenewInterval is not between 0 and IdleTimeout")
	wrong(c.Lifetime < c.IdleTimeout, "Lifetime is shorter than IdleTimeout")
	wrong(c.Lifetime > 400*24*time.Hour, "Lifetime is longer than 400 days, which browsers cut cookies to")
	wrong(c.StoreTimeout < 0, "StoreTimeout is negative")
	wrong(c.RefreshGrace < time.Second || c.RefreshGrace > maxGrace, "RefreshGrace is not between 1 second and 5 minutes")
	wrong(c.MaxPerActor < 0, "MaxPerActor is negative")
	_, isIndex := c.Store.(Index)
	wrong(c.MaxPerActor > 0 && c.Store != nil && !isIndex, "MaxPerActor needs a Store that is an Index, and %T is none", c.Store)
	wrong(c.MaxPerActor == 0 && c.EvictOldest, "EvictOldest without MaxPerActor")
	wrong(c.MaxValues < 0 || c.MaxValues > maxRecord, "MaxValues is not between 0 and %d bytes", maxRecord)
	for i, proxies := range c.TrustedProxies {
		wrong(!proxies.IsValid(), "TrustedProxies[%d] is no network", i)
		wrong(proxies.Addr().Is4In6(), "TrustedProxies[%d] is one of IPv4 written as IPv6, which no address is in", i)
	}
	if err := c.Cookie.check(c.Lifetime); err != nil {
		errs = append(errs, fmt.Errorf("session: Cookie: %w", err))
	}
	return c, errors.Join(errs...)
}

func setDefault[T int | time.Duration](d *T, to T) {
	if *d == 0 {
		*d = to
	}
}
