package jwtx

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/countersign-go/countersign/auth"
)

const (
	// DefaultMaxBytes bounds a token unless [Config] says otherwise.
	DefaultMaxBytes = 8 << 10
	// DefaultTimeout is what finding a key, Identify and asking about revocation may take together, unless [Config] says
	// otherwise.
	DefaultTimeout = 5 * time.Second

	maxMaxBytes = 64 << 10
	maxLeeway   = 10 * time.Minute

	maxCacheSize = 1 << 24
)

// A Revocable is what [Config].Revoked is told about a token whose signature and claims are good.
type Revocable struct {
	Issuer    string
	ID        string     // the jti, empty if there is none
	SessionID string     // the sid, empty if there is none
	Actor     auth.Actor // as identified
	IssuedAt  time.Time  // zero if there is no iat
	Expires   time.Time
}

// Config says which tokens a [Verifier] accepts. Issuer, Audience, Algorithms, Kinds and Keys are required.
type Config struct {
	Issuer     string   // the iss, exactly
	Audience   []string // the aud must name one of them, exactly
	Algorithms []string // of RFC 7518 and RFC 8037: HS256 … HS512, or any of RS*, PS*, ES* and EdDSA, but not both
	Kinds      []Kind   // what the token may be for, such as Access; our own as the constants spell them
	Keys       KeySource

	// ActorType makes the sub of a token the ID of an actor of that type, for tokens of other issuers. Of the rest, scope,
	// sid and amr with auth_time are taken over; roles are not, since what an actor may do here is for the application to say.
	// Issuers that do not share their users need types of their own.
	ActorType string
	// Identify says who the claims stand for, instead of ActorType. It returns an AuthContext, which is copied, or an error
	// as a verifier does. What it leaves empty of Scheme, Issuer, CredentialID, SessionID and Expires is filled in.
	//
	// Without both, tokens have the claims that a [Signer] gives them.
	Identify func(ctx context.Context, c Claims) (*auth.AuthContext, error)

	// Revoked reports whether a token was revoked, such as when its session has ended. That is Revoked of a [Revocations], or
	// for the tokens of one's own sessions
	//
	//	func(ctx context.Context, r jwtx.Revocable) (bool, error) { return sessions.Ended(ctx, r.SessionID) }
	//
	// An error means that it could not be found out, and is answered with 503. Default: a token is good until it expires,
	// log-out or not.
	Revoked func(ctx context.Context, r Revocable) (bool, error)

	// AllowIncomplete accepts access tokens without client_id, iat or jti, which RFC 9068, section 2.2, requires: one
	// without iat cannot be told from one that was issued before an actor's tokens were revoked.
	AllowIncomplete bool

	// CacheSize is how many verified tokens are remembered, so that the signature of one that comes again is not checked
	// again. Each time its key is looked up and must be the same, its times are compared and Revoked is asked; Identify is
	// not until what it said expires, so what that loads may be as old as the token, and values that it attaches are shared
	// by all requests. Of a token's signature only a digest is remembered, and of all of it about three times its size.
	// Default: none.
	CacheSize int

	// Leeway is how far the issuer's clock may be off, for exp, nbf and iat. Tokens are often used in the second in which they
	// are made, so between two machines some seconds are wise. Default 0, at most 10 minutes.
	Leeway   time.Duration
	MaxBytes int           // what a token may have; default 8 KiB, at most 64 KiB
	Timeout  time.Duration // what Keys, Identify and Revoked may take together; default 5 s
}

// withDefaults returns a copy of c with defaults for what is zero, and all that is wrong with it.
func (c Config) withDefaults() (Config, error) {
	if c.MaxBytes == 0 {
		c.MaxBytes = DefaultMaxBytes
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	c.Audience, c.Algorithms, c.Kinds = slices.Clone(c.Audience), slices.Clone(c.Algorithms), slices.Clone(c.Kinds)
	var w mistakes
	w.add(c.Issuer == "", "no Issuer")
	w.add(len(c.Audience) == 0 || slices.Contains(c.Audience, ""), "no Audience, or an empty one")
	w.add(len(c.Algorithms) == 0, "no Algorithms")
	families := map[bool]bool{}
	for _, name := range c.Algorithms {
		alg, ok := algorithms[name]
		w.add(!ok, "algorithm %q is not supported", name)
		if ok {
			families[alg.family == hmacFamily] = true
		}
	}
	w.add(len(families) > 1, "Algorithms mix secrets (HS*) with public keys")
	w.add(len(c.Kinds) == 0 || slices.Contains(c.Kinds, ""), "no Kinds, or an empty one")
	for _, k := range c.Kinds {
		w.add(!k.isCanonical(), "the kind %q, which has to be written in another way", k)
	}
	w.add(c.Keys == nil, "no Keys")
	w.add(c.ActorType != "" && c.Identify != nil, "both ActorType and Identify")
	w.add(c.ActorType != "" && slices.Contains(c.Kinds, Registration), "ActorType with Registration, whose sub is no actor")
	w.add(c.Leeway < 0 || c.Leeway > maxLeeway, "Leeway is not between 0 and %v", maxLeeway)
	w.add(c.MaxBytes < 0 || c.MaxBytes > maxMaxBytes, "MaxBytes is not between 0 and %d", maxMaxBytes)
	w.add(c.Timeout < 0, "Timeout is negative")
	w.add(c.CacheSize < 0 || c.CacheSize > maxCacheSize, "CacheSize is not between 0 and %d", maxCacheSize)
	return c, w.joined()
}

// mistakes collects what is wrong with a configuration.
type mistakes []error

func (m *mistakes) add(is bool, format string, args ...any) {
	if is {
		*m = append(*m, fmt.Errorf("jwtx: "+format, args...))
	}
}

func (m *mistakes) joined() error { return errors.Join(*m...) }
