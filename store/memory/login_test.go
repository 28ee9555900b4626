package memory_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/store/memory"
	"github.com/countersign-go/countersign/store/storetest"
)

func TestIdentities(t *testing.T) {
	storetest.TestIdentities(t, func(testing.TB) login.Store { return memory.NewIdentities(nil) })
}

func TestOneTimeTokens(t *testing.T) {
	storetest.TestOneTimeTokens(t, func(testing.TB) login.TokenStore { return memory.NewOneTimeTokens(nil) })
}

func TestAttempts(t *testing.T) {
	storetest.TestAttempts(t, func(testing.TB) login.AttemptStore { return memory.NewAttempts(nil) })
}

// loginID returns the ID that a short name stands for.
func loginID(name string) string { return strings.Repeat("a", 16) + name }

// person returns an identity that logs in as each of the entities.
func person(name string, entities ...string) login.AuthIdentity {
	now := time.Now()
	i := login.AuthIdentity{ID: loginID(name), CreatedAt: now, UpdatedAt: now}
	for _, entity := range entities {
		p := login.ProviderIdentity{Provider: "emailpass", EntityID: entity, CreatedAt: now, UpdatedAt: now}
		i.Providers = append(i.Providers, p)
	}
	return i
}

// expiring returns a store with room for three tokens or keys of attempts, and a func that counts how many it has of all names.
func expiring(t *testing.T, kind string) (create func(name string, expires time.Time) error, has func(name string) bool) {
	if kind == "tokens" {
		s := memory.NewOneTimeTokens(&memory.Options{Max: 3})
		return func(name string, expires time.Time) error {
				return s.Put(t.Context(), login.OneTimeToken{ID: loginID(name), Digest: token.Sum(name), Expires: expires})
			}, func(name string) bool {
				_, err := s.Get(t.Context(), loginID(name), time.Unix(0, 0))
				return err == nil
			}
	}
	s := memory.NewAttempts(&memory.Options{Max: 3})
	return func(name string, expires time.Time) error {
			return s.Swap(t.Context(), login.Attempts{Key: loginID(name), Count: 1, Expires: expires}, time.Now())
		}, func(name string) bool {
			a, err := s.Load(t.Context(), loginID(name), time.Unix(0, 0))
			return err == nil && a.Version > 0
		}
}

// What can be made from outside, by asking for a new password or by guessing, cannot push out what others wait for.
func TestFullLoginStoresKeepTheLiving(t *testing.T) {
	for _, kind := range []string{"tokens", "attempts"} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				create, has := expiring(t, kind)
				for i, name := range []string{"b", "c", "d"} {
					if err := create(name, time.Now().Add(time.Duration(i+1)*time.Hour)); err != nil {
						t.Fatal(err)
					}
				}
				time.Sleep(time.Hour - 1)
				err := create("e", time.Now().Add(time.Hour))
				if !errors.Is(err, memory.ErrFull) || !errors.Is(err, auth.ErrUnavailable) {
					t.Errorf("a fourth in a full store: %v, want ErrFull, which is ErrUnavailable", err)
				}
				time.Sleep(time.Nanosecond)
				if err := create("e", time.Now().Add(time.Hour)); err != nil {
					t.Errorf("a fourth when the first has expired: %v", err)
				}
				for name, want := range map[string]bool{"b": false, "c": true, "d": true, "e": true} {
					if has(name) != want {
						t.Errorf("has %s: %v, want %v", name, !want, want)
					}
				}
			})
		})
	}
}

// What takes the place of another needs no room.
func TestFullLoginStoresReplace(t *testing.T) {
	ctx, now := t.Context(), time.Now()
	one := &memory.Options{Max: 1}
	identities, tokens, attempts := memory.NewIdentities(one), memory.NewOneTimeTokens(one), memory.NewAttempts(one)
	again := person("b", "c")
	again.Version = 1
	tok := login.OneTimeToken{ID: loginID("b"), Digest: token.Sum("b"), Expires: now.Add(time.Hour)}
	first := login.Attempts{Key: loginID("b"), Expires: now.Add(time.Hour)}
	second := first
	second.Version = 1
	other, otherToken, otherKey := person("c", "d"), tok, first
	otherToken.ID, otherKey.Key = loginID("c"), loginID("c")
	for _, call := range []struct {
		name      string
		got, want error
	}{
		{"Create", identities.Create(ctx, person("b", "b")), nil},
		{"Replace", identities.Replace(ctx, again), nil},
		{"Create again", identities.Create(ctx, person("b", "b")), login.ErrExists},
		{"Create by a way that is there", identities.Create(ctx, person("c", "c")), login.ErrExists},
		{"Create of another", identities.Create(ctx, other), memory.ErrFull},
		{"Put", tokens.Put(ctx, tok), nil},
		{"Put again", tokens.Put(ctx, tok), nil},
		{"Put of another", tokens.Put(ctx, otherToken), memory.ErrFull},
		{"Swap", attempts.Swap(ctx, first, now), nil},
		{"Swap again", attempts.Swap(ctx, second, now), nil},
		{"Swap after Expires", attempts.Swap(ctx, first, now.Add(time.Hour)), nil},
		{"Swap of another", attempts.Swap(ctx, otherKey, now), memory.ErrFull},
		{"Delete", identities.Delete(ctx, loginID("b")), nil},
		{"Create of another where there is room", identities.Create(ctx, other), nil},
	} {
		want(t, call.name, call.got, call.want)
	}
}

// A name that was never taken by a record that was refused is free, and one of a record that is gone too.
func TestRefusedIdentitiesTakeNoWay(t *testing.T) {
	s := memory.NewIdentities(&memory.Options{Max: 1})
	want(t, "Create", s.Create(t.Context(), person("b", "b")), nil)
	want(t, "Create in a full store", s.Create(t.Context(), person("c", "c", "d")), memory.ErrFull)
	for _, entity := range []string{"c", "d"} {
		_, err := s.Find(t.Context(), "emailpass", entity)
		want(t, "Find of "+entity, err, login.ErrNotFound)
	}
	want(t, "Delete", s.Delete(t.Context(), loginID("b")), nil)
	want(t, "Create by both", s.Create(t.Context(), person("d", "b", "c")), nil)
}

// TestIdentityModel does the same at random to a store and to a map of identities, and compares what can be found.
func TestIdentityModel(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { compareIdentities(t, rand.New(rand.NewPCG(seed, 0))) })
	}
}

// An identityModel holds identities by ID.
type identityModel map[string]login.AuthIdentity

// taken reports whether another than i logs in by one of its ways.
func (m identityModel) taken(i login.AuthIdentity) bool {
	for _, p := range i.Providers {
		if other, ok := m.find(p.EntityID); ok && other.ID != i.ID {
			return true
		}
	}
	return false
}

func (m identityModel) find(entity string) (login.AuthIdentity, bool) {
	for _, i := range m {
		if _, ok := i.By("emailpass", entity); ok {
			return i, true
		}
	}
	return login.AuthIdentity{}, false
}

func (m identityModel) create(i login.AuthIdentity) error {
	if _, ok := m[i.ID]; ok || m.taken(i) {
		return login.ErrExists
	}
	if len(m) == modelMax {
		return memory.ErrFull
	}
	i.Version = 1
	m[i.ID] = i
	return nil
}

func (m identityModel) replace(i login.AuthIdentity) error {
	old, ok := m[i.ID]
	switch {
	case !ok:
		return login.ErrNotFound
	case old.Version != i.Version:
		return login.ErrConflict
	case m.taken(i):
		return login.ErrExists
	}
	i.Version++
	m[i.ID] = i
	return nil
}

func compareIdentities(t *testing.T, random *rand.Rand) {
	s, m := memory.NewIdentities(&memory.Options{Max: modelMax}), identityModel{}
	entities := strings.Split("abcdefghijklmnopqrstuvwx", "")
	for step := range 600 {
		random.Shuffle(len(entities), func(i, j int) { entities[i], entities[j] = entities[j], entities[i] })
		i := person(string(rune('a'+random.IntN(modelMax+2))), entities[:1+random.IntN(3)]...)
		i.Version = m[i.ID].Version - int64(random.IntN(8)/7)
		var got, want error
		switch op := random.IntN(10); {
		case op < 4:
			got, want = s.Create(t.Context(), i), m.create(i)
		case op < 8:
			got, want = s.Replace(t.Context(), i), m.replace(i)
		default:
			got = s.Delete(t.Context(), i.ID)
			delete(m, i.ID)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("step %d: %v, want %v", step, got, want)
		}
		for _, entity := range entities {
			want, ok := m.find(entity)
			got, err := s.Find(t.Context(), "emailpass", entity)
			if (err == nil) != ok || got.ID != want.ID || got.Version != want.Version {
				t.Fatalf("step %d: Find of %s: %v, %v; want %v", step, entity, got, err, want)
			}
		}
	}
}

func TestLoginOptions(t *testing.T) {
	for _, open := range []func(*memory.Options){
		func(o *memory.Options) { memory.NewIdentities(o) },
		func(o *memory.Options) { memory.NewOneTimeTokens(o) },
		func(o *memory.Options) { memory.NewAttempts(o) },
	} {
		for opts, want := range map[*memory.Options]any{nil: nil, {}: nil, {Max: 1}: nil, {Max: -1}: "memory: negative Max"} {
			if got := recovered(func() { open(opts) }); got != want {
				t.Errorf("%+v: panic %v, want %v", opts, got, want)
			}
		}
	}
}
