package emailpass_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login/emailpass"
	"github.com/countersign-go/countersign/auth/token"
)

const busy = "Service Unavailable: "

// No more hashes run at once than MaxHashes says, whoever asks, and what was taken is given back.
func TestMaxHashes(t *testing.T) {
	p := newProvider(func(c *emailpass.Config) { c.MaxHashes, c.Wait = 2, 10*time.Second })
	kept := hashOf(p, right)
	var now, most atomic.Int64
	p.OnHash(func(string, uint64) { // is called before the hash, with its slot taken
		n := now.Add(1)
		defer now.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		time.Sleep(time.Millisecond)
	})
	var all sync.WaitGroup
	for n := range 32 {
		all.Go(func() {
			_, err := p.Verify(ctx, map[bool]string{true: right, false: wrong}[n%2 == 0], kept)
			check(t, "answer", kind(err), map[bool]string{true: "ok", false: refusal}[n%2 == 0])
		})
	}
	all.Wait()
	check(t, "at once", most.Load() <= 2, true)
	slots, places := p.Free()
	check(t, "slots left", slots, 2)
	check(t, "places left", places, 2*65)
}

// Whoever has waited in vain is told to come again, and has hashed nothing. So is, at once, who finds too many waiting.
func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(func(c *emailpass.Config) { c.MaxHashes, c.Wait = 2, 3*time.Second })
		kept := hashOf(p, right)
		release := must(p.Take(ctx, 2))
		var all []func()
		for range 2 * 65 {
			all = append(all, must(p.Enter()))
		}
		names, _ := count(p, func() {
			start := time.Now()
			_, err := p.Verify(ctx, right, kept)
			check(t, "waited in vain", kind(err), busy)
			check(t, "unavailable", auth.IsUnavailable(err), true)
			check(t, "for", time.Since(start), 3*time.Second)
			var e *auth.Error
			check(t, "comes again after", errors.As(err, &e) && e.RetryAfter > 0, true)

			_, err = p.NewIdentity(ctx, "ann@example.com", right)
			check(t, "too many wait", kind(err), busy)
			check(t, "at once", time.Since(start), 3*time.Second)
		})
		check(t, "hashes", names, "")
		for _, leave := range all {
			leave()
		}
		go func() {
			time.Sleep(2 * time.Second)
			release()
		}()
		_, err := p.Verify(ctx, right, kept)
		check(t, "waited for two seconds", err, nil)
	})
}

// Slots that are free are given to whoever comes, however long it was since: a slow machine is not a busy one.
func TestFreeSlots(t *testing.T) {
	p := newProvider(func(c *emailpass.Config) { c.MaxHashes, c.Wait = 4, time.Nanosecond })
	for range 100 {
		release, err := p.Take(ctx, 4)
		if err != nil {
			t.Fatal(err)
		}
		release()
	}
}

// A request that is gone waits for nothing, and nothing is hashed for it.
func TestContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(func(c *emailpass.Config) { c.MaxHashes, c.Wait = 1, 3*time.Second })
		kept := hashOf(p, right)
		names, _ := count(p, func() {
			gone, cancel := context.WithCancel(ctx)
			cancel()
			_, err := p.Verify(gone, right, kept)
			check(t, "gone before", errors.Is(err, context.Canceled), true)
			_, err = p.NewIdentity(gone, "ann@example.com", right)
			check(t, "gone before a new hash", errors.Is(err, context.Canceled), true)

			release := must(p.Take(ctx, 1))
			defer release()
			brief, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			start := time.Now()
			_, err = p.Verify(brief, right, kept)
			check(t, "gone while it waits", errors.Is(err, context.DeadlineExceeded), true)
			check(t, "for", time.Since(start), time.Second)
		})
		check(t, "hashes", names, "")
		slots, _ := p.Free()
		check(t, "slots left", slots, 1)
	})
}

// A hash that needs more memory than one of Config takes as many slots as that is: they bound the memory.
func TestSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(func(c *emailpass.Config) { c.MaxHashes = 4 })
		for _, tt := range []struct {
			name, hash string
			slots      int
		}{
			{"none", "", 1},
			{"64 KiB", hashOf(p, right).Reveal(), 1},
			{"128 KiB", argon2Prefix + "m=128,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", 2},
			{"129 KiB", argon2Prefix + "m=129,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", 3},
			{"1 MiB, more than there is", argon2Prefix + "m=1024,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", 4},
			{"bcrypt", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", 1},
		} {
			least := 4
			p.OnHash(func(string, uint64) {
				slots, _ := p.Free()
				least = min(least, slots)
			})
			_, err := p.Verify(ctx, wrong, token.NewSecret(tt.hash))
			check(t, tt.name, kind(err), refusal)
			check(t, tt.name+": slots", 4-least, tt.slots)
			slots, _ := p.Free()
			check(t, tt.name+": slots left", slots, 4)
		}
	})
}

// Two who need more than half of the slots each do not wait for each other.
func TestNoDeadlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(func(c *emailpass.Config) { c.Wait = 10 * time.Second })
		var all sync.WaitGroup
		start := time.Now()
		for range 6 {
			all.Go(func() {
				release, err := p.Take(ctx, 3)
				check(t, "error", err, nil)
				time.Sleep(time.Second)
				release()
			})
		}
		all.Wait()
		check(t, "one after the other", time.Since(start), 6*time.Second)
	})
}

// No error, and nothing that is printed, has a password or a hash in it.
func TestSecrets(t *testing.T) {
	const key = "a key that nobody should ever see"
	p := newProvider(func(c *emailpass.Config) { c.Keys = [][]byte{[]byte(key)} })
	i := must(p.NewIdentity(ctx, "ann@example.com", right))
	text := strings.Builder{}
	say := func(err error) {
		for ; err != nil; err = errors.Unwrap(err) {
			text.WriteString(err.Error() + "\n")
		}
	}
	for _, password := range []string{wrong, "short", "1qaz2wsx3edc4rfv", "1qaz2wsx3edc4rfv1qaz2wsx3edc4rfv", right + "\xff", strings.Repeat(right, 100)} {
		_, err := p.Verify(ctx, password, i.Secret)
		say(err)
		_, err = p.Verify(ctx, password, token.NewSecret(password))
		say(err)
		_, err = p.NewIdentity(ctx, "ann@example.com", password)
		say(err)
		_, err = p.Import("ann@example.com", password)
		say(err)
		_, err = emailpass.New(emailpass.Config{Imported: token.NewSecret(password), Keys: [][]byte{[]byte(password)}})
		say(err)
	}
	for _, secret := range []string{"battery", "batterz", "short", "1qaz", "a key that", i.Secret.Reveal()} {
		check(t, secret, strings.Contains(text.String(), secret), false)
	}
	check(t, "has said something", strings.Contains(text.String(), "emailpass: "), true)
}
