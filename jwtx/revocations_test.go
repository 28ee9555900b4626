package jwtx_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/store/memory"
)

// The next request with what was revoked is refused, and what is beside it passes.
func TestRevocations(t *testing.T) {
	now := time.Now()
	tokens := map[string]string{
		"this one":          issued(now),
		"of its session":    issued(now, "jti", `"t2"`),
		"of its actor":      issued(now, "jti", `"t3"`, "sid", `"s3"`),
		"of a customer":     issued(now, "jti", `"t4"`, "sid", `"s4"`, "actor_type", `"customer"`),
		"of another":        issued(now, "jti", `"t5"`, "sid", `"s5"`, "actor_id", `"u2"`, "sub", `"u2"`),
		"without IDs":       issued(now, "jti", "", "sid", ""),
		"of that issuer":    issued(now, "iss", strconv.Quote(otherIssuer)),
		"with IDs mixed up": issued(now, "jti", `"s1"`, "sid", `"t1"`, "actor_id", `"t1"`, "sub", `"t1"`),
	}
	for _, tt := range []struct {
		name    string
		revoke  func(o *office) error
		refused []string
	}{
		{"nothing", func(*office) error { return nil }, nil},
		{"the token", func(o *office) error { return o.RevokeToken(t.Context(), handlersClaims(tokens["this one"])) },
			[]string{"this one"}},
		{"the token, by its ID", func(o *office) error {
			return o.RevokeToken(t.Context(), jwtx.Claims{Issuer: issuer, ID: "t1"})
		}, []string{"this one"}},
		{"the session", func(o *office) error { return o.RevokeSession(t.Context(), issuer, "s1") },
			[]string{"this one", "of its session"}},
		{"the actor", func(o *office) error { _, err := o.RevokeActor(t.Context(), u1); return err },
			[]string{"this one", "of its session", "of its actor", "without IDs", "of that issuer"}},
		{"a token of that issuer", func(o *office) error {
			return o.RevokeToken(t.Context(), jwtx.Claims{Issuer: otherIssuer, ID: "t1"})
		}, []string{"of that issuer"}},
		{"a session of that issuer", func(o *office) error { return o.RevokeSession(t.Context(), otherIssuer, "s1") },
			[]string{"of that issuer"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOffice(nil)
			for range 2 { // revoking again changes nothing
				if err := tt.revoke(o); err != nil {
					t.Fatal(err)
				}
				want := map[string]outcome{}
				for _, name := range tt.refused {
					want[name] = invalidToken
				}
				for name, token := range tokens {
					door := o.doors[issuer]
					if name == "of that issuer" {
						door = o.doors[otherIssuer]
					}
					if want[name] == (outcome{}) {
						want[name] = passes
					}
					checkVisit(t, "the token "+name, token, knock(door, token), want[name])
				}
			}
		})
	}
}

// An iat of whole seconds does not say whether a token was issued before its actor was revoked in that second, or after.
func TestRevokeActorToTheSecond(t *testing.T) {
	for _, tt := range []struct {
		name   string
		iat    time.Duration // after the second in which the actor is revoked began
		leeway time.Duration
		want   outcome
	}{
		{"the second before", -time.Second, 0, invalidToken},
		{"the same second", 0, 0, invalidToken},
		{"a fraction before", 299_999 * time.Microsecond, 0, invalidToken},
		{"the same microsecond", 300 * time.Millisecond, 0, invalidToken},
		{"a fraction after", 300_001 * time.Microsecond, 0, passes},
		{"the next second", time.Second, 0, passes},
		{"the same second as the leeway ends", 2 * time.Second, 2 * time.Second, invalidToken},
		{"the second after the leeway", 3 * time.Second, 2 * time.Second, passes},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(func(c *jwtx.RevocationsConfig) { c.Leeway = tt.leeway })
				second := time.Now().Truncate(time.Second)
				time.Sleep(time.Until(second.Add(300 * time.Millisecond)))
				from, err := o.RevokeActor(t.Context(), u1)
				if want := second.Add(tt.leeway + time.Second); err != nil || !from.Equal(want) {
					t.Errorf("tokens are good from %v, want %v; %v", from, want, err)
				}
				time.Sleep(5 * time.Second) // so that none is ahead of the verifier
				token := issued(second.Add(tt.iat))
				checkVisit(t, tt.name, token, knock(o.doors[issuer], token), tt.want)
				fresh := issued(from)
				checkVisit(t, "issued from then on", fresh, knock(o.doors[issuer], fresh), passes)
			})
		})
	}
}

// What the store could have forgotten, or could never know, is refused without being asked about; the rest costs one call.
func TestRevokedAsksOnce(t *testing.T) {
	now := time.Now()
	token := func(change func(r *jwtx.Revocable)) jwtx.Revocable {
		r := jwtx.Revocable{Issuer: issuer, ID: "t1", SessionID: "s1", Actor: u1, IssuedAt: now, Expires: now.Add(time.Hour)}
		change(&r)
		return r
	}
	for _, tt := range []struct {
		name  string
		token jwtx.Revocable
		keys  int
	}{
		{"all there is", token(func(*jwtx.Revocable) {}), 3},
		{"no jti", token(func(r *jwtx.Revocable) { r.ID = "" }), 2},
		{"no sid", token(func(r *jwtx.Revocable) { r.SessionID = "" }), 2},
		{"no actor ID", token(func(r *jwtx.Revocable) { r.Actor.ID = "" }), 2},
		{"no actor type", token(func(r *jwtx.Revocable) { r.Actor.Type = "" }), 2},
		{"an actor alone", token(func(r *jwtx.Revocable) { r.ID, r.SessionID = "", "" }), 1},
		{"nothing to revoke it by", token(func(r *jwtx.Revocable) { r.ID, r.SessionID, r.Actor.ID = "", "", "" }), 0},
		{"no iat", token(func(r *jwtx.Revocable) { r.IssuedAt = time.Time{} }), 0},
		{"no iat, about to expire", token(func(r *jwtx.Revocable) {
			r.IssuedAt, r.Expires = time.Time{}, now.Add(time.Second)
		}), 0},
		{"a life that is too long", token(func(r *jwtx.Revocable) { r.Expires = r.Expires.Add(time.Microsecond) }), 0},
		{"a life that was too long", token(func(r *jwtx.Revocable) { r.IssuedAt = now.Add(-1) }), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOffice(nil)
			revoked, err := o.Revoked(t.Context(), tt.token)
			if want := tt.keys == 0; revoked != want || err != nil {
				t.Errorf("revoked is %v, want %v; %v", revoked, want, err)
			}
			if calls := int(o.store.calls.Load()); calls != min(tt.keys, 1) || len(o.store.keys) != tt.keys {
				t.Errorf("%d calls with %d keys, want one call with %d, or none", calls, len(o.store.keys), tt.keys)
			}
		})
	}
}

// Revocations by mistake are errors, and reach no store: nobody is told that something was revoked.
func TestRevokeNothing(t *testing.T) {
	o := newOffice(nil)
	actor := func(a auth.Actor) error { _, err := o.RevokeActor(t.Context(), a); return err }
	for name, err := range map[string]error{
		"claims without an issuer":    o.RevokeToken(t.Context(), jwtx.Claims{ID: "t1", Expires: time.Now().Add(time.Hour)}),
		"claims without an ID":        o.RevokeToken(t.Context(), jwtx.Claims{Issuer: issuer, SessionID: "s1"}),
		"no claims":                   o.RevokeToken(t.Context(), jwtx.Claims{}),
		"a session without an issuer": o.RevokeSession(t.Context(), "", "s1"),
		"a session without an ID":     o.RevokeSession(t.Context(), issuer, ""),
		"an actor without a type":     actor(auth.Actor{ID: "u1"}),
		"an actor without an ID":      actor(auth.Actor{Type: "user"}),
		"no actor":                    actor(auth.Actor{}),
	} {
		if err == nil || auth.IsUnavailable(err) {
			t.Errorf("%s: %v, want an error of the caller's", name, err)
		}
	}
	expired := jwtx.Claims{Issuer: issuer, ID: "t1", Expires: time.Now().Add(-10 * time.Minute)}
	if err := o.RevokeToken(t.Context(), expired); err != nil {
		t.Errorf("a token that no verifier accepts any more: %v", err)
	}
	if calls := o.store.calls.Load(); calls != 0 {
		t.Errorf("the store was called %d times", calls)
	}
}

func TestNewRevocations(t *testing.T) {
	store := memory.NewRevocations(nil)
	const years = 365 * 24 * time.Hour
	for _, tt := range []struct {
		name   string
		config jwtx.RevocationsConfig
		want   string
	}{
		{"all that is required", jwtx.RevocationsConfig{Store: store, MaxLifetime: 1}, "<nil>"},
		{"the most", jwtx.RevocationsConfig{Store: store, MaxLifetime: 10 * years, Leeway: 10 * time.Minute, Timeout: 1}, "<nil>"},
		{"nothing", jwtx.RevocationsConfig{}, "jwtx: no Store\njwtx: no MaxLifetime"},
		{"all wrong", jwtx.RevocationsConfig{Store: store, MaxLifetime: -1, Leeway: 10*time.Minute + 1, Timeout: -1},
			"jwtx: MaxLifetime is not between 0 and 87600h0m0s\njwtx: Leeway is not between 0 and 10m0s\njwtx: Timeout is negative"},
		{"a negative leeway", jwtx.RevocationsConfig{Store: store, MaxLifetime: 1, Leeway: -1},
			"jwtx: Leeway is not between 0 and 10m0s"},
		{"a lifetime that would overflow", jwtx.RevocationsConfig{Store: store, MaxLifetime: 1<<63 - 1},
			"jwtx: MaxLifetime is not between 0 and 87600h0m0s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := jwtx.NewRevocations(tt.config)
			if fmt.Sprint(err) != tt.want || (r == nil) != (err != nil) {
				t.Errorf("%v, %v; want %s", r, err, tt.want)
			}
		})
	}
}

// Whoever begins a request after a revocation has returned is refused.
func TestRevocationRace(t *testing.T) {
	for name := range newOffice(nil).ways() {
		t.Run(name, func(t *testing.T) {
			o := newOffice(func(c *jwtx.RevocationsConfig) { c.Store = memory.NewRevocations(nil) })
			token := issued(time.Now())
			var revoked atomic.Bool
			var wg sync.WaitGroup
			for range 32 {
				wg.Go(func() {
					for last := false; !last; {
						last = revoked.Load()
						if _, err := verify(o.doors[issuer], token); (err == nil) && last {
							t.Error("a token passes that was revoked before")
						}
					}
				})
				wg.Go(func() {
					defer revoked.Store(true)
					if err := o.ways()[name](context.Background()); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		})
	}
}
