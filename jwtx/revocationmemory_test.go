package jwtx_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/store/memory"
)

// lenient has everything as far apart as it may be: a verifier's leeway, and an issuer's clock.
func lenient(max int) *office {
	return newOffice(func(c *jwtx.RevocationsConfig) {
		c.Store, c.Leeway = memory.NewRevocations(&memory.Options{Max: max}), 10*time.Minute
	})
}

// untilExpired asks for a token each minute until nobody accepts it any more, and returns when it passed last.
func untilExpired(door *jwtx.Verifier, token string) (last time.Duration) {
	const minutes = 60 + 10 + 10 + 5
	last = -1
	for i := range minutes {
		if _, err := verify(door, token); err == nil {
			last = time.Duration(i) * time.Minute
		}
		time.Sleep(time.Minute)
	}
	return last
}

// No token comes back to life when its revocation is forgotten, however the clocks are set.
func TestRevokedStaysRevoked(t *testing.T) {
	for name := range newOffice(nil).ways() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := lenient(1)
				token := issued(time.Now().Add(10 * time.Minute))
				if last := untilExpired(o.doors[issuer], token); last != 79*time.Minute {
					t.Errorf("a token passes until %v, want 1h19m", last)
				}
				token = issued(time.Now().Add(10 * time.Minute))
				if err := o.ways()[name](t.Context()); err != nil {
					t.Fatal(err)
				}
				if last := untilExpired(o.doors[issuer], token); last >= 0 {
					t.Errorf("a token that was revoked passes after %v", last)
				}
			})
		})
	}
}

// A revocation takes its place in the store until the last token has expired, and not for longer; that of one token, whose
// expiry is known, until that.
func TestRevocationsAreForgotten(t *testing.T) {
	for _, tt := range []struct {
		name   string
		revoke func(o *office) error
		after  time.Duration
	}{
		{"a token", func(o *office) error {
			return o.RevokeToken(t.Context(), jwtx.Claims{Issuer: issuer, ID: "t1", Expires: time.Now().Add(time.Minute)})
		}, 11 * time.Minute},
		{"a token that has expired for some verifiers", func(o *office) error {
			return o.RevokeToken(t.Context(), jwtx.Claims{Issuer: issuer, ID: "t1", Expires: time.Now().Add(-9 * time.Minute)})
		}, time.Minute},
		{"a token that says it expires in a thousand years", func(o *office) error {
			return o.RevokeToken(t.Context(), jwtx.Claims{Issuer: issuer, ID: "t1", Expires: time.Now().AddDate(1000, 0, 0)})
		}, 80 * time.Minute},
		{"a token whose expiry is not known", func(o *office) error {
			return o.RevokeToken(t.Context(), jwtx.Claims{Issuer: issuer, ID: "t1"})
		}, 80 * time.Minute},
		{"a session", func(o *office) error { return o.RevokeSession(t.Context(), issuer, "s1") }, 80 * time.Minute},
		{"an actor", func(o *office) error { _, err := o.RevokeActor(t.Context(), u1); return err }, 80 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := lenient(1)
				another := func() error { return o.RevokeSession(t.Context(), issuer, "another") }
				if err := tt.revoke(o); err != nil {
					t.Fatal(err)
				}
				time.Sleep(tt.after - time.Microsecond)
				if err := another(); !errors.Is(err, memory.ErrFull) || !errors.Is(err, auth.ErrUnavailable) {
					t.Errorf("another revocation, one microsecond before: %v, want ErrFull", err)
				}
				time.Sleep(time.Microsecond)
				if err := another(); err != nil {
					t.Errorf("another revocation after %v: %v", tt.after, err)
				}
			})
		})
	}
}

// All tokens of a revoked session are refused, whenever they were issued: also one whose signing was under way.
func TestRevokedSessionGetsNoTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(nil)
		if err := o.RevokeSession(t.Context(), issuer, "s1"); err != nil {
			t.Fatal(err)
		}
		for range 60 {
			token := issued(time.Now())
			checkVisit(t, "issued later", token, knock(o.doors[issuer], token), invalidToken)
			time.Sleep(time.Minute)
		}
	})
}

// Stores are given times as every database keeps them, whatever the settings are, or others would round them in other ways.
func TestRevocationTimesAreWhole(t *testing.T) {
	o := newOffice(func(c *jwtx.RevocationsConfig) { c.Leeway, c.MaxLifetime = 1, time.Hour+1 })
	ways := o.ways()
	ways["RevokeToken, with its expiry"] = func(ctx context.Context) error {
		expires := time.Now().Truncate(time.Second).Add(time.Minute + 1)
		return o.RevokeToken(ctx, jwtx.Claims{Issuer: issuer, ID: "t1", Expires: expires})
	}
	for name, revoke := range ways {
		if err := revoke(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, at := range o.store.times {
			if !at.Equal(at.Truncate(time.Microsecond)) || at.Location() != time.UTC {
				t.Errorf("%s: the store was given %v", name, at)
			}
		}
	}
}

// A store that hangs is given up, whatever the caller's context says.
func TestRevocationStoreHangs(t *testing.T) {
	for name := range newOffice(nil).ways() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(func(c *jwtx.RevocationsConfig) { c.Timeout = 3 * time.Second })
				o.store.fault = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
				start := time.Now()
				err := o.ways()[name](t.Context())
				if took := time.Since(start); !errors.Is(err, auth.ErrUnavailable) || took != 3*time.Second {
					t.Errorf("%v after %v, want ErrUnavailable after 3s", err, took)
				}
				token := issued(start)
				start = time.Now()
				checkVisit(t, "asking", token, knock(o.doors[issuer], token), unavailable)
				if took := time.Since(start); took != jwtx.DefaultTimeout {
					t.Errorf("asking took %v, want %v", took, jwtx.DefaultTimeout)
				}
			})
		})
	}
}
