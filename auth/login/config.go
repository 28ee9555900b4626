package login

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// The defaults of [Config].
const (
	DefaultResetLifetime        = 15 * time.Minute
	DefaultVerificationLifetime = time.Hour
	DefaultFlowLifetime         = 10 * time.Minute
	DefaultStoreTimeout         = 2 * time.Second
	DefaultProviderTimeout      = 10 * time.Second
)

// Config says who may log in, and how. Store, Tokens, Attempts, Sessions, Methods and Actors are required.
type Config struct {
	Store    Store
	Tokens   TokenStore
	Attempts AttemptStore
	Sessions Sessions

	Methods []Method
	// Actors are the types of actors who log in, each with the IDs of its methods. What is not listed is refused. "token",
	// "session", "mfa" and "verification" cannot be types.
	Actors map[string][]string

	// Admit has the last word on each log-in, registration and refresh: it returns who, with the roles and the scopes of the
	// actor, or an error, an [*auth.Error] for somebody who must not log in. Who has an actor without an ID as long as the
	// identity has none, and gets neither scopes nor roles then. Only the scopes, the roles and the metadata of what it
	// returns count. Default: an actor with an ID has the scope "*", which who comes with, and nobody a role.
	Admit func(ctx context.Context, who auth.AuthContext) (auth.AuthContext, error)

	// OnEvent is told what the application may want to tell somebody, such as the token that resets a password. It is
	// called while the client waits, so it hands mail to a queue: how long it takes would tell who has an account.
	// Default: nobody is told, and nobody can reset a password.
	OnEvent func(ctx context.Context, e Event)

	// VerifyFirst has nobody log in whose Identifier is not verified, and tells nobody by registration whether there is an
	// account: register and log-in answer "verification_required" instead of a token, and OnEvent gets a token to send.
	// Whoever logs in as they have registered is told so only if that was a new account. A registration of one that is not
	// verified yet voids the token that was sent for it, since somebody else may have registered it first: the owner of the
	// address gets in by a reset, which the mail of RegistrationRepeated should offer.
	VerifyFirst bool
	// MayVerify says whether somebody who is logged in may have a verification sent to an entity that is not one of their
	// own Identifiers. Default: nobody may.
	MayVerify func(ctx context.Context, by auth.AuthContext, entityType, entityID string) error

	// LinkByEmail is the ID of a method whose Provider is an Updater and whose entities are e-mail addresses: who logs in by
	// another for the first time, with an address that it has verified, gets the identity that has the same address here, if
	// that was verified here, too.
	// Default: another way to log in is another identity, until [Service.Connect] connects them.
	LinkByEmail string

	Throttle Throttle

	ResetLifetime        time.Duration // of a token that resets credentials; default: 15 minutes, at most 1 hour
	VerificationLifetime time.Duration // of a token that verifies an address; default: 1 hour, at most 24 hours
	FlowLifetime         time.Duration // how long somebody may take on a provider's pages; default: 10 minutes, at most 1 hour
	StoreTimeout         time.Duration // what one call of a store may take; default: 2 seconds
	ProviderTimeout      time.Duration // what one call of a provider may take; default: 10 seconds

	// InsecureUnboundFlows lets a flow end in another browser than it began in: clients that keep no cookies of this server,
	// as those in JWT mode, need it. What it leaves is login CSRF: somebody can be logged in to an attacker's account.
	InsecureUnboundFlows bool
	// InsecurePlainHTTP leaves out Secure of the cookies, for a server without TLS.
	InsecurePlainHTTP bool

	// TrustedProxies are the networks of the proxies in front of the server, for the throttle: see [auth.ClientIP].
	TrustedProxies []netip.Prefix

	// Logger gets what went wrong, without secrets. Default: slog.Default().
	Logger *slog.Logger
}

// A Method is a way to log in that a [Service] offers.
type Method struct {
	ID          string // in paths, such as "emailpass": lower-case letters, digits and "-", but not "providers" or "user"
	DisplayName string // for people; default: the ID
	Provider    Provider
}

// A Pace is how fast attempts may follow each other: Free of them at once, then each waits twice as long as the one before,
// First at first and Most at most.
type Pace struct {
	Free  int
	First time.Duration
	Most  time.Duration
}

// A Throttle says how fast somebody may guess. The zero value is the default.
type Throttle struct {
	// Client is for attempts on one account from one device or, where none is known, one network (64 bits of an IPv6
	// address). Default: 10 free, then 1 second to 15 minutes.
	Client Pace
	// Account is for attempts on one account from all places where nobody has logged in to it before: there, only Client
	// counts, so that no stranger keeps an owner out. Default: 50 free, then 1 second to 1 minute.
	Account Pace
	// Network is for all attempts from one network, whatever the account, and for requests that send mail.
	// Default: 500 free, then 1 second to 1 minute.
	Network Pace
	// Window is for how long an attempt is remembered. Default: 24 hours.
	Window time.Duration
	// Known is for how long a place is remembered where somebody has logged in to an account, unless its credentials are
	// changed before: then only who did that is known. Default: 90 days.
	Known time.Duration
}

const (
	maxResetLifetime        = time.Hour
	maxVerificationLifetime = 24 * time.Hour
	maxFlowLifetime         = time.Hour
)

// What cannot be the type of an actor, or the ID of a method, since the protocol has routes of those names.
var (
	reservedActors  = []string{"token", "session", "mfa", "verification"}
	reservedMethods = []string{"providers", "user"}
)

// withDefaults returns a copy of c that is complete.
func (c Config) withDefaults() Config {
	c.Methods = slices.Clone(c.Methods)
	for n := range c.Methods {
		if c.Methods[n].DisplayName == "" {
			c.Methods[n].DisplayName = c.Methods[n].ID
		}
	}
	c.Actors = maps.Clone(c.Actors)
	for kind, ids := range c.Actors {
		c.Actors[kind] = slices.Clone(ids)
	}
	c.TrustedProxies = slices.Clone(c.TrustedProxies)
	for _, d := range []struct {
		value   *time.Duration
		without time.Duration
	}{
		{&c.ResetLifetime, DefaultResetLifetime}, {&c.VerificationLifetime, DefaultVerificationLifetime},
		{&c.FlowLifetime, DefaultFlowLifetime}, {&c.StoreTimeout, DefaultStoreTimeout}, {&c.ProviderTimeout, DefaultProviderTimeout},
	} {
		if *d.value == 0 {
			*d.value = d.without
		}
	}
	return c
}

// check returns all that is wrong with c, which is complete.
func (c Config) check() error {
	var w mistakes
	w.add(c.Store == nil, "no Store")
	w.add(c.Tokens == nil, "no Tokens")
	w.add(c.Attempts == nil, "no Attempts")
	w.add(c.Sessions == nil, "no Sessions")
	c.checkMethods(&w)
	c.checkActors(&w)
	w.add(c.VerifyFirst && c.OnEvent == nil, "VerifyFirst without OnEvent: nobody would ever be verified")
	w.addTime("ResetLifetime", c.ResetLifetime, maxResetLifetime)
	w.addTime("VerificationLifetime", c.VerificationLifetime, maxVerificationLifetime)
	w.addTime("FlowLifetime", c.FlowLifetime, maxFlowLifetime)
	w.add(c.StoreTimeout < 0, "a negative StoreTimeout")
	w.add(c.ProviderTimeout < 0, "a negative ProviderTimeout")
	for n, p := range c.TrustedProxies {
		w.add(!p.IsValid(), "TrustedProxies[%d] is no network", n)
		w.add(p.Addr().Is4In6(), "TrustedProxies[%d] is one of IPv4 written as IPv6, which no address is in", n)
	}
	_, err := c.Throttle.orDefault()
	return errors.Join(append(w, err)...)
}

func (c Config) checkMethods(w *mistakes) {
	w.add(len(c.Methods) == 0, "no Methods")
	seen := map[string]Provider{}
	for n, m := range c.Methods {
		w.add(!isPathName(m.ID, ""), "Methods[%d]: an ID of other characters than a-z, 0-9 and -, or too long", n)
		w.add(slices.Contains(reservedMethods, m.ID), "Methods[%d]: %s cannot be an ID", n, m.ID)
		w.add(m.Provider == nil, "Methods[%d]: no Provider", n)
		_, twice := seen[m.ID]
		w.add(twice, "Methods[%d]: another has the ID %s", n, m.ID)
		seen[m.ID] = m.Provider
	}
	if c.LinkByEmail != "" {
		_, ok := seen[c.LinkByEmail].(Updater)
		w.add(!ok, "LinkByEmail is not the ID of a method whose Provider is an Updater")
	}
}

func (c Config) checkActors(w *mistakes) {
	w.add(len(c.Actors) == 0, "no Actors")
	for _, kind := range slices.Sorted(maps.Keys(c.Actors)) {
		w.add(!isPathName(kind, "_"), "Actors: a type of other characters than a-z, 0-9, - and _, or too long")
		w.add(slices.Contains(reservedActors, kind), "Actors: %s cannot be a type", kind)
		for n, id := range c.Actors[kind] {
			known := slices.ContainsFunc(c.Methods, func(m Method) bool { return m.ID == id })
			w.add(!known, "Actors[%q][%d] is not the ID of a method", kind, n)
			w.add(slices.Contains(c.Actors[kind][:n], id), "Actors[%q][%d] is there twice", kind, n)
		}
	}
}

// maxPathName bounds what paths name, in bytes.
const maxPathName = 64

// isPathName reports whether s can be a name in paths: lower-case letters, digits and "-", and what others has.
func isPathName(s, others string) bool {
	return s != "" && len(s) <= maxPathName && !strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("-"+others, c)
	})
}

// mistakes are those in a configuration.
type mistakes []error

func (w *mistakes) add(wrong bool, format string, args ...any) {
	if wrong {
		*w = append(*w, fmt.Errorf("login: "+format, args...))
	}
}

func (w *mistakes) addTime(name string, d, most time.Duration) {
	w.add(d < time.Second || d > most, "%s is not between 1 second and %v", name, most)
}
