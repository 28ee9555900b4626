package jwtx_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwks"
	"github.com/countersign-go/countersign/jwtx"
)

// A counted key source says how often it was asked, and may be given other keys or none.
type counted struct {
	keys  atomic.Pointer[jwks.Set]
	asked atomic.Int64
	down  atomic.Bool
}

func countedKeys(s *jwks.Set) *counted {
	c := &counted{}
	c.keys.Store(s)
	return c
}

func (c *counted) VerificationKey(ctx context.Context, iss, alg, kid string) (crypto.PublicKey, error) {
	c.asked.Add(1)
	if c.down.Load() {
		return nil, errDown
	}
	return c.keys.Load().VerificationKey(ctx, iss, alg, kid)
}

func caching(size int) func(c *jwtx.Config) { return func(c *jwtx.Config) { c.CacheSize = size } }

// A token that is remembered is refused as soon as anything about it has changed.
func TestCache(t *testing.T) {
	revoked, claimed := errors.New("nobody knows"), errors.New("")
	for _, tt := range []struct {
		name   string
		change func(keys *counted, revocation *error)
		want   outcome
	}{
		{"nothing", func(*counted, *error) {}, passes},
		{"the key is gone", func(k *counted, _ *error) { k.keys.Store(setOf("HS384")) }, invalidToken},
		{"another key of the same kid", func(k *counted, _ *error) {
			k.keys.Store(must(jwks.NewSet(must(jwks.Generate("HS256", &jwks.KeyOptions{ID: "HS256"})))))
		}, invalidToken},
		{"a copy of the key", func(k *counted, _ *error) { k.keys.Store(setOf("HS256")) }, passes},
		{"the keys cannot be had", func(k *counted, _ *error) { k.down.Store(true) }, unavailable},
		{"it was revoked", func(_ *counted, r *error) { *r = claimed }, invalidToken},
		{"nobody knows whether it was revoked", func(_ *counted, r *error) { *r = revoked }, unavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			keys, revocation := countedKeys(setOf("HS256")), error(nil)
			v := verifierWith(caching(100), func(c *jwtx.Config) {
				c.Keys = keys
				c.Revoked = func(context.Context, jwtx.Revocable) (bool, error) {
					if revocation == claimed {
						return true, nil
					}
					return false, revocation
				}
			})
			token := hs256(claims())
			checkVisit(t, "at first", token, knock(v, token), passes)
			tt.change(keys, &revocation)
			before := keys.asked.Load()
			checkVisit(t, "again", token, knock(v, token), tt.want)
			if keys.asked.Load() == before {
				t.Error("the key was not looked up again")
			}
		})
	}
}

// The signature of a remembered token is not checked, which an identification that is not asked again shows.
func TestCacheRemembers(t *testing.T) {
	for _, tt := range []struct {
		name       string
		size       int
		tokens     int
		least, max int // identifications in two rounds
	}{
		{"no cache", 0, 10, 20, 20},
		{"room for all", 4096, 10, 10, 10},
		{"room for one", 1, 10, 11, 20},
		{"room for some", 16, 100, 150, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			identified := 0
			v := verifierWith(caching(tt.size), func(c *jwtx.Config) {
				c.Identify = func(_ context.Context, c jwtx.Claims) (*auth.AuthContext, error) {
					identified++
					return &auth.AuthContext{Actor: auth.Actor{Type: "user", ID: c.Subject}}, nil
				}
			})
			for range 2 {
				for n := range tt.tokens {
					id := fmt.Sprintf("u%d", n)
					ac := must(verify(v, hs256(claims("sub", `"`+id+`"`, "actor_id", `"`+id+`"`))))
					if ac.Actor.ID != id {
						t.Fatalf("%q for the token of %q", ac.Actor.ID, id)
					}
				}
			}
			if identified < tt.least || identified > tt.max {
				t.Errorf("identified %d times, want %d to %d", identified, tt.least, tt.max)
			}
		})
	}
}

// Only tokens that were accepted are remembered.
func TestCacheForgetsRefusals(t *testing.T) {
	keys := countedKeys(setOf("HS384"))
	v := verifierWith(caching(100), func(c *jwtx.Config) { c.Keys = keys })
	token := hs256(claims())
	checkVisit(t, "without its key", token, knock(v, token), invalidToken)
	keys.keys.Store(setOf("HS256"))
	checkVisit(t, "with its key", token, knock(v, token), passes)
}

func TestCacheExpires(t *testing.T) {
	for _, leeway := range []time.Duration{0, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			v := verifierWith(caching(100), func(c *jwtx.Config) { c.Leeway = leeway })
			token := hs256(claims("iat", "1", "exp", seconds(time.Now().Add(time.Minute))))
			checkVisit(t, "at first", token, knock(v, token), passes)
			time.Sleep(time.Minute + leeway - time.Nanosecond)
			checkVisit(t, "at last", token, knock(v, token), passes)
			time.Sleep(time.Nanosecond)
			checkVisit(t, "a nanosecond later", token, knock(v, token), invalidToken)
		})
	}
}

// What Identify said is good until then, too.
func TestCacheAsksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		identified := 0
		v := verifierWith(caching(100), func(c *jwtx.Config) {
			c.Identify = func(context.Context, jwtx.Claims) (*auth.AuthContext, error) {
				identified++
				return &auth.AuthContext{Actor: auth.Actor{Type: "user", ID: "u1"}, Expires: time.Now().Add(time.Second)}, nil
			}
		})
		token := hs256(claims("iat", "1"))
		for range 3 {
			must(verify(v, token))
			time.Sleep(time.Second - time.Nanosecond)
			must(verify(v, token))
			time.Sleep(time.Nanosecond)
		}
		if identified != 3 {
			t.Errorf("identified %d times, want 3", identified)
		}
	})
}

// By our own clock: the leeway is for that of the issuer.
func TestCacheAsksAgainWithoutLeeway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		identified := 0
		v := verifierWith(caching(100), func(c *jwtx.Config) {
			c.Leeway = time.Minute
			c.Identify = func(context.Context, jwtx.Claims) (*auth.AuthContext, error) {
				identified++
				return &auth.AuthContext{Actor: u1, Expires: time.Now().Add(time.Second)}, nil
			}
		})
		token := hs256(claims("iat", "1"))
		for range 3 {
			must(verify(v, token))
			time.Sleep(time.Second)
		}
		if identified != 3 {
			t.Errorf("identified %d times, want 3", identified)
		}
	})
}

// A remembered token that was revoked is refused at once: a store is not asked twice for one request.
func TestCacheAsksOnceAboutRevocation(t *testing.T) {
	asked := 0
	v := verifierWith(caching(100), func(c *jwtx.Config) {
		c.Revoked = func(context.Context, jwtx.Revocable) (bool, error) {
			asked++
			return asked == 2, nil
		}
	})
	token := hs256(claims())
	must(verify(v, token))
	if _, err := verify(v, token); jwtx.ReasonOf(err) != jwtx.ReasonRevoked || asked != 2 {
		t.Errorf("%v, asked %d times, want 2", err, asked)
	}
}

// A oneSecret is a key source that keeps its secret in one place.
type oneSecret []byte

func (s oneSecret) VerificationKey(context.Context, string, string, string) (crypto.PublicKey, error) {
	return []byte(s), nil
}

// A source that overwrites its secret with the next one has changed the key.
func TestCacheKeepsItsOwnSecret(t *testing.T) {
	keys := oneSecret(bytes.Clone(secret))
	v := verifierWith(caching(100), func(c *jwtx.Config) { c.Keys = keys })
	token := hs256(claims())
	must(verify(v, token))
	keys[0] ^= 1
	if _, err := verify(v, token); jwtx.ReasonOf(err) != jwtx.ReasonSignature {
		t.Errorf("with another secret: %v", err)
	}
}

// Whatever is done to the context that came out of the cache, the next one is as it was.
func TestCacheIsNotShared(t *testing.T) {
	v := verifierWith(caching(100))
	for _, amr := range []string{"", `["pwd"]`, `["pwd","otp","hwk","face"]`} {
		token := hs256(claims("amr", amr, "auth_time", "1700000000", "roles", `["a"]`))
		shown := func(ac *auth.AuthContext) string {
			attached, _ := auth.Value[string](*ac)
			return fmt.Sprintln(ac.Actor, ac.Scopes, ac.Roles, ac.Factors, attached)
		}
		want := shown(must(verify(verifierWith(), token)))
		for range 3 {
			ac := must(verify(v, token))
			if got := shown(ac); got != want {
				t.Fatalf("%s, want %s", got, want)
			}
			ac.Actor.ID, ac.Roles, ac.Scopes = "admin", auth.NewSet("admin"), auth.NewSet("*")
			for i := range ac.Factors {
				ac.Factors[i].At = time.Now()
			}
			ac.Factors = append(ac.Factors, auth.Factor{Method: "otp", At: time.Now()})
			ac.Attach("admin")
		}
	}
}

// Many requests with many tokens get each their own.
func TestCacheRace(t *testing.T) {
	v := verifierWith(caching(8))
	var tokens []string
	for n := range 32 {
		tokens = append(tokens, hs256(claims("sub", fmt.Sprintf(`"u%d"`, n), "actor_id", fmt.Sprintf(`"u%d"`, n))))
	}
	var wg sync.WaitGroup
	for n := range 16 {
		wg.Go(func() {
			for i := range 500 {
				n := (n*7 + i) % len(tokens)
				ac, err := verify(v, tokens[n])
				if err != nil || ac.Actor.ID != fmt.Sprintf("u%d", n) {
					t.Errorf("token %d: %v, %v", n, ac, err)
				}
			}
		})
	}
	wg.Wait()
}
