package apikey

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

const (
	// DefaultStoreTimeout is what one call of the store may take unless [Config] says otherwise.
	DefaultStoreTimeout = 2 * time.Second

	// DefaultUseInterval is how long uses of keys are collected before they are written unless [Config] says otherwise.
	DefaultUseInterval = time.Minute

	maxCacheFor = time.Minute
)

// Config says how keys are kept and what they are good for. Store is required.
type Config struct {
	Store Store // if it is a UseRecorder too, Key.LastUsed is kept; Find needs an Index

	// Prefix is in front of a key's text, Environment behind its kind: "acme" and "live" make acme_sk_live_… A manager
	// accepts the keys of its own Prefix and Environment only. Both are words of lower-case letters and digits, with single
	// underscores between them, of which none is sk or pk. Default: none.
	Prefix      string
	Environment string

	// MaxLifetime bounds how long a key may live, which then must expire. Zero is no bound.
	MaxLifetime time.Duration

	// Allowed returns the scopes that the owner of a secret key has now: a key grants what both it and its owner have, where
	// "*" is everything. It is asked for each request, also when the key itself is cached. An error that wraps
	// [auth.ErrInvalidCredentials] says that the owner is gone or disabled: the key is refused with 401. Any other error is
	// 503. Its context ends after StoreTimeout. Publishable keys grant nothing, and go on whatever it says. Nil: the owner is
	// not asked about.
	Allowed func(ctx context.Context, owner auth.Actor) (auth.Set, error)

	Policy Policy // who may do what with keys, see [Manager.As]; nil: OwnKeys

	// CacheFor is how long a key that was verified is not read again, 1 minute at most. What another process does to it may
	// be noticed so much later. Zero is no cache.
	CacheFor time.Duration

	// MaxMisses is how many keys that look right and are no good may come from one address in a minute, in one process: more
	// are refused with 429 and without a look into the store, but for keys that were good a moment ago. An address is that of
	// [auth.ClientIP], or the /64 network of an IPv6 one: without the right TrustedProxies all clients share that of the proxy.
	// Zero is no limit: nobody guesses a key.
	MaxMisses int

	TrustedProxies []netip.Prefix // in front of the server, for Key.LastUsed and MaxMisses, see auth.ClientIP
	StoreTimeout   time.Duration  // what one call of Store may take; default: 2 s
	UseInterval    time.Duration  // uses are written together, this long after the first; default: 1 minute, below zero is never

	// Logger gets each use of a key that the store says is [ErrCorrupt], and uses that could not be written; at debug level,
	// what was done to which key by whom. Default: slog.Default().
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.StoreTimeout == 0 {
		c.StoreTimeout = DefaultStoreTimeout
	}
	if c.UseInterval == 0 {
		c.UseInterval = DefaultUseInterval
	}
	if c.Policy == nil {
		c.Policy = OwnKeys
	}
	c.TrustedProxies = slices.Clone(c.TrustedProxies)
	return c
}

// check returns all that is wrong with c.
func (c Config) check() error {
	var errs []error
	for _, mistake := range []struct {
		wrong bool
		text  string
	}{
		{c.Store == nil, "no Store"},
		{c.MaxLifetime < 0, "MaxLifetime is negative"},
		{c.CacheFor < 0 || c.CacheFor > maxCacheFor, "CacheFor is negative or more than 1 minute"},
		{c.StoreTimeout < 0, "StoreTimeout is negative"},
		{c.MaxMisses < 0, "MaxMisses is negative"},
		{slices.ContainsFunc(c.TrustedProxies, func(p netip.Prefix) bool { return !p.IsValid() || p.Addr().Is4In6() }), "TrustedProxies holds what is no network"},
		{hasKind(c.Prefix), "Prefix has sk or pk for a word"},
		{hasKind(c.Environment), "Environment has sk or pk for a word"},
	} {
		if mistake.wrong {
			errs = append(errs, errors.New("apikey: "+mistake.text))
		}
	}
	return errors.Join(errs...)
}

// hasKind reports whether a word in text could be taken for the kind of a key.
func hasKind(text string) bool {
	return slices.ContainsFunc(strings.Split(text, "_"), func(word string) bool { return word == "sk" || word == "pk" })
}

// codec returns the codec of the keys of a kind, which is written so.
func (c Config) codec(kind string) (token.Codec, error) {
	prefix := kind
	if c.Prefix != "" {
		prefix = c.Prefix + "_" + prefix
	}
	if c.Environment != "" {
		prefix += "_" + c.Environment
	}
	codec, err := token.NewCodec(prefix)
	if err != nil {
		return token.Codec{}, fmt.Errorf("apikey: Prefix or Environment: %w", err)
	}
	return codec, nil
}
