package jwtx_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/store/memory"
)

const otherIssuer = "https://accounts.example.org"

var u1 = auth.Actor{Type: "user", ID: "u1"}

// An office is where tokens are revoked, with verifiers that ask there: one for each issuer.
type office struct {
	*jwtx.Revocations
	store *watchedStore
	doors map[string]*jwtx.Verifier
}

func newOffice(change func(c *jwtx.RevocationsConfig)) *office {
	store := &watchedStore{RevocationStore: memory.NewRevocations(nil)}
	c := jwtx.RevocationsConfig{Store: store, MaxLifetime: time.Hour}
	if change != nil {
		change(&c)
	}
	o := &office{must(jwtx.NewRevocations(c)), store, map[string]*jwtx.Verifier{}}
	for _, iss := range []string{issuer, otherIssuer} {
		o.doors[iss] = verifierWith(func(vc *jwtx.Config) {
			vc.Issuer, vc.Leeway, vc.Revoked, vc.AllowIncomplete = iss, c.Leeway, o.Revoked, true
		})
	}
	return o
}

// A watchedStore counts its calls, and does what fault does first.
type watchedStore struct {
	jwtx.RevocationStore
	fault func(ctx context.Context) error
	calls atomic.Int32
	keys  []string    // of the last call
	times []time.Time // of the last Revoke
}

func (w *watchedStore) begin(ctx context.Context, keys ...string) error {
	w.calls.Add(1)
	w.keys = keys
	if w.fault != nil {
		return w.fault(ctx)
	}
	return nil
}

func (w *watchedStore) Revoke(ctx context.Context, key string, at, until time.Time) error {
	if err := w.begin(ctx, key); err != nil {
		return err
	}
	w.times = []time.Time{at, until}
	return w.RevocationStore.Revoke(ctx, key, at, until)
}

func (w *watchedStore) RevokedUpTo(ctx context.Context, now time.Time, keys ...string) ([]time.Time, error) {
	if err := w.begin(ctx, keys...); err != nil {
		return nil, err
	}
	return w.RevocationStore.RevokedUpTo(ctx, now, keys...)
}

// issued returns a token that was issued at a time, and is good for an hour.
func issued(at time.Time, changes ...string) string {
	unix := func(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMicro())/1e6, 'f', -1, 64) }
	return hs256(claims(append([]string{"iat", unix(at), "exp", unix(at.Add(time.Hour))}, changes...)...))
}

// handlersClaims returns what a handler has of a token.
func handlersClaims(token string) jwtx.Claims {
	c, _ := auth.Value[jwtx.Claims](*must(verify(verifierWith(), token)))
	return c
}

// ways returns the ways to revoke a token with the IDs of claims, by what they are called.
func (o *office) ways() map[string]func(ctx context.Context) error {
	return map[string]func(ctx context.Context) error{
		"RevokeToken": func(ctx context.Context) error {
			return o.RevokeToken(ctx, jwtx.Claims{Issuer: issuer, ID: "t1"})
		},
		"RevokeSession": func(ctx context.Context) error { return o.RevokeSession(ctx, issuer, "s1") },
		"RevokeActor":   func(ctx context.Context) error { _, err := o.RevokeActor(ctx, u1); return err },
	}
}
