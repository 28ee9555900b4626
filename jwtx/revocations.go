package jwtx

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// maxMaxLifetime keeps the times in what every database can hold, and far from where a duration overflows.
const maxMaxLifetime = 10 * 365 * 24 * time.Hour

// RevocationsConfig says how revocations are kept. Store and MaxLifetime are required.
type RevocationsConfig struct {
	Store RevocationStore

	// MaxLifetime is the longest time from iat to exp of any token that is accepted, no less than the Lifetime of a
	// [Signer], and so how long a revocation has to be remembered. A token that may outlive that memory is refused as
	// revoked. It is the same in all processes that share the store, and at most 10 years.
	MaxLifetime time.Duration

	// Leeway is how far the clock of an issuer may be ahead of that of the process that revokes. It should be no less than
	// the Leeway of the verifiers: when all of an actor's tokens are revoked, those whose iat is ahead by more stay good. The
	// price is that a token which is issued within the Leeway after that is refused too, for all its life. Default 0, at most
	// 10 minutes.
	Leeway time.Duration

	// Timeout is what a revocation may take; default: [DefaultTimeout]. For asking there is the one of [Config].
	Timeout time.Duration
}

// Revocations ends tokens before they expire: one, those of a session, or those of an actor. Give its method Revoked to
// [Config]. Make one with [NewRevocations]; it does not change, and many goroutines may use it at once.
//
// What was revoked is refused from the next request on, by all processes that share the store. An error that wraps
// [auth.ErrUnavailable] says that the store did not answer: the tokens may go on being good, so tell nobody that
// they are logged out. [auth.Guard.Refuse] answers it. Trying again is always safe.
//
// It refuses, as if they were revoked, tokens that could come back to life when their revocation is forgotten: those that
// live longer than MaxLifetime, and those without iat, since nobody knows how long they live. So it does with tokens that
// cannot be revoked, having neither jti nor sid nor an actor.
//
// It is for tokens that have nothing else behind them. For those of your own sessions give Config the session manager's
// Ended: that they end with their session costs one read, which needs no other store.
type Revocations struct{ config RevocationsConfig }

// NewRevocations returns the revocations that c describes, or all that is wrong with c.
func NewRevocations(c RevocationsConfig) (*Revocations, error) {
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	var w mistakes
	w.add(c.Store == nil, "no Store")
	w.add(c.MaxLifetime == 0, "no MaxLifetime")
	w.add(c.MaxLifetime < 0 || c.MaxLifetime > maxMaxLifetime, "MaxLifetime is not between 0 and %v", maxMaxLifetime)
	w.add(c.Leeway < 0 || c.Leeway > maxLeeway, "Leeway is not between 0 and %v", maxLeeway)
	w.add(c.Timeout < 0, "Timeout is negative")
	if err := w.joined(); err != nil {
		return nil, err
	}
	return &Revocations{config: c}, nil
}

// Revoked reports whether a token was revoked, for [Config]. It calls the store once at most. An error is the store's.
func (r *Revocations) Revoked(ctx context.Context, t Revocable) (bool, error) {
	if t.IssuedAt.IsZero() || t.Expires.Sub(t.IssuedAt) > r.config.MaxLifetime {
		return true, nil
	}
	keys := keysOf(t)
	if len(keys) == 0 {
		return true, nil
	}
	upTo, err := r.config.Store.RevokedUpTo(ctx, timestamp(), keys...)
	if err != nil {
		return false, err
	}
	if len(upTo) != len(keys) {
		return false, fmt.Errorf("jwtx: a store that answered %d of %d questions", len(upTo), len(keys))
	}
	for _, at := range upTo {
		if !t.IssuedAt.After(at) {
			return true, nil
		}
	}
	return false, nil
}

// RevokeToken revokes the token that c are the claims of. It looks at Issuer, ID and Expires alone, so that they may also
// come from elsewhere; a zero Expires means that it is not known. Claims without issuer or ID are an error, nothing is
// revoked by them. A token that has expired needs no revocation.
//
// Each token takes a place in the store until it expires. For logging out, [Revocations.RevokeSession] takes one for all
// tokens of the session.
func (r *Revocations) RevokeToken(ctx context.Context, c Claims) error {
	if c.Issuer == "" || c.ID == "" {
		return errors.New("jwtx: revocation of a token without an issuer or an ID")
	}
	now := timestamp()
	end := r.end(now)
	until := end
	if last := c.Expires.UTC().Add(maxLeeway).Truncate(time.Microsecond); !c.Expires.IsZero() && last.Before(end) {
		until = last // no verifier accepts it any more
	}
	if !now.Before(until) {
		return nil
	}
	return r.revoke(ctx, keyOf(tokenKind, c.Issuer, c.ID), end, until)
}

// RevokeSession revokes all tokens of a session, those too that are still issued for it: end the session itself first.
// The ID is the sid of the issuer's tokens. No issuer, or no ID, is an error.
func (r *Revocations) RevokeSession(ctx context.Context, issuer, sessionID string) error {
	if issuer == "" || sessionID == "" {
		return errors.New("jwtx: revocation of a session without an issuer or an ID")
	}
	end := r.end(timestamp())
	return r.revoke(ctx, keyOf(sessionKind, issuer, sessionID), end, end)
}

// RevokeActor revokes all tokens of an actor that were issued before now, by whatever issuer: it is for logging out
// everywhere, after a change of password, and for who is disabled. An actor without a type or an ID is an error.
//
// It returns the time from which on tokens that are issued are good. An iat mostly has whole seconds, so that of a token
// which is issued later in the same second nobody can tell that it was: it is refused too, as long as it lives. Whoever
// logs the actor in again at once should wait for that time before he signs a token.
func (r *Revocations) RevokeActor(ctx context.Context, actor auth.Actor) (from time.Time, err error) {
	if actor.Type == "" || actor.ID == "" {
		return time.Time{}, errors.New("jwtx: revocation of an actor without a type or an ID")
	}
	now := timestamp()
	at := now.Add(r.config.Leeway).Truncate(time.Microsecond)
	if err := r.revoke(ctx, keyOf(actorKind, actor.Type, actor.ID), at, r.end(now)); err != nil {
		return time.Time{}, err
	}
	return at.Truncate(time.Second).Add(time.Second), nil
}

// end returns when all tokens that were issued up to now have expired. The iat of one may be ahead by as much as a
// verifier lets it be, and as long it may be accepted after its exp.
func (r *Revocations) end(now time.Time) time.Time {
	return now.Add(r.config.MaxLifetime + 2*maxLeeway).Truncate(time.Microsecond)
}

func (r *Revocations) revoke(ctx context.Context, key string, at, until time.Time) error {
	t := auth.NewTimeout(ctx, r.config.Timeout)
	defer t.Stop()
	if err := r.config.Store.Revoke(t, key, at, until); err != nil {
		return fmt.Errorf("jwtx: revocation store: %w: %w", auth.ErrUnavailable, err)
	}
	return nil
}

// timestamp returns the time as every database keeps it.
func timestamp() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
