package memory_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
	"github.com/countersign-go/countersign/store/memory"
	"github.com/countersign-go/countersign/store/storetest"
)

func TestRevocations(t *testing.T) {
	storetest.TestRevocationStore(t, func(testing.TB) jwtx.RevocationStore { return memory.NewRevocations(nil) })
}

// revoke notes that key is revoked up to now, for so long.
func revoke(t *testing.T, s *memory.Revocations, key string, remember time.Duration) error {
	t.Helper()
	return s.Revoke(t.Context(), key, time.Now(), time.Now().Add(remember))
}

// revoked returns which of the keys "0", "1" and "2" are revoked.
func revoked(t *testing.T, s *memory.Revocations) (keys string) {
	t.Helper()
	all := []string{"0", "1", "2"}
	upTo, err := s.RevokedUpTo(t.Context(), time.Now(), all...)
	if err != nil {
		t.Fatal(err)
	}
	for i, key := range all {
		if !upTo[i].IsZero() {
			keys += key
		}
	}
	return keys
}

// fullOfRevocations is a store with room for three, which end after 1, 2 and 3 hours.
func fullOfRevocations(t *testing.T) *memory.Revocations {
	s := memory.NewRevocations(&memory.Options{Max: 3})
	for i := range 3 {
		if err := revoke(t, s, fmt.Sprint(i), time.Duration(i+1)*time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// What is revoked stays revoked, however much others want to be: a full store forgets nothing that it must know.
func TestFullStoreForgetsNoRevocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fullOfRevocations(t)
		time.Sleep(time.Hour - 1)
		if err := revoke(t, s, "new", time.Hour); !errors.Is(err, memory.ErrFull) || !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("Revoke in a full store: %v, want ErrFull, which is ErrUnavailable", err)
		}
		if got := revoked(t, s); got != "012" {
			t.Errorf("revoked: %s, want 012", got)
		}
		for _, key := range []string{"0", "1", "2"} {
			if err := revoke(t, s, key, 24*time.Hour); err != nil {
				t.Errorf("Revoke of %s, which is there: %v", key, err)
			}
		}
		time.Sleep(24*time.Hour - 1)
		if got := revoked(t, s); got != "012" {
			t.Errorf("revoked a day later: %s, want 012", got)
		}
	})
}

func TestForgottenRevocationsMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fullOfRevocations(t)
		time.Sleep(time.Hour)
		if err := revoke(t, s, "new", time.Hour); err != nil {
			t.Error(err)
		}
		if got := revoked(t, s); got != "12" {
			t.Errorf("revoked: %s, want 12", got)
		}
		if err := revoke(t, s, "newer", time.Hour); !errors.Is(err, memory.ErrFull) {
			t.Errorf("another Revoke: %v, want ErrFull", err)
		}
	})
}

// Notes that are dropped and made anew all the time, by many: no Revoke loses its way.
func TestRevokeWhileOthersDrop(t *testing.T) {
	s := memory.NewRevocations(&memory.Options{Max: 4})
	var running sync.WaitGroup
	for i := range 64 {
		running.Go(func() {
			for round := range 50 {
				if err := revoke(t, s, fmt.Sprint((i+round)%4), time.Duration(i%3-1)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	for i := range 3 {
		if err := revoke(t, s, fmt.Sprint(i), time.Hour); err != nil {
			t.Error(err)
		}
	}
	if got := revoked(t, s); got != "012" {
		t.Errorf("revoked: %s, want 012", got)
	}
}

// TestRevocationModel does the same at random to a store and to a map that forgets nothing, and compares what they say.
func TestRevocationModel(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { compareRevocations(t, rand.New(rand.NewPCG(seed, 0))) })
		})
	}
}

func compareRevocations(t *testing.T, random *rand.Rand) {
	s := memory.NewRevocations(nil)
	keys := []string{"a", "b", "c", "d", "e", "f"}
	notes := make([][2]time.Time, len(keys))
	for step := range 500 {
		time.Sleep(time.Duration(random.IntN(60)) * time.Second)
		i, now := random.IntN(len(keys)), time.Now()
		if !now.Before(notes[i][1]) {
			notes[i] = [2]time.Time{} // what an expired note said counts no more, dropped or not
		}
		at := now.Add(time.Duration(step) * time.Hour) // later than all before it
		if notes[i][0].After(now) && random.IntN(2) == 0 {
			at = notes[i][0].Add(-time.Second)
		}
		until := now.Add(time.Duration(random.Int64N(int64(10 * time.Minute))))
		if err := s.Revoke(t.Context(), keys[i], at, until); err != nil {
			t.Fatal(err)
		}
		for side, told := range []time.Time{at, until} {
			if told.After(notes[i][side]) {
				notes[i][side] = told
			}
		}
		want := make([]time.Time, len(keys))
		for i, note := range notes {
			if time.Now().Before(note[1]) {
				want[i] = note[0]
			}
		}
		got, err := s.RevokedUpTo(t.Context(), time.Now(), keys...)
		if err != nil || !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Fatalf("step %d: %v, %v; want %v", step, got, err, want)
		}
	}
}

func TestRevocationOptions(t *testing.T) {
	for opts, want := range map[*memory.Options]any{nil: nil, {}: nil, {Max: 1}: nil, {Max: -1}: "memory: negative Max"} {
		if got := recovered(func() { memory.NewRevocations(opts) }); got != want {
			t.Errorf("%+v: panic %v, want %v", opts, got, want)
		}
	}
}

// A store that is too small has people log out later, it does not let a token in that was revoked.
func ExampleNewRevocations() {
	revocations, err := jwtx.NewRevocations(jwtx.RevocationsConfig{
		Store:       memory.NewRevocations(&memory.Options{Max: 1}),
		MaxLifetime: 15 * time.Minute,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, now := context.Background(), time.Now()
	fmt.Println(revocations.RevokeSession(ctx, "https://login.example.com", "s1"))
	fmt.Println(revocations.RevokeSession(ctx, "https://login.example.com", "s2"))
	for _, id := range []string{"s1", "s2"} {
		revoked, err := revocations.Revoked(ctx, jwtx.Revocable{
			Issuer: "https://login.example.com", SessionID: id, IssuedAt: now, Expires: now.Add(time.Minute),
		})
		fmt.Println(id, revoked, err)
	}
	// Output:
	// <nil>
	// jwtx: revocation store: auth: unavailable: memory: full: auth: unavailable
	// s1 true <nil>
	// s2 false <nil>
}
