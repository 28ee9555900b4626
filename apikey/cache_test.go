package apikey_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/store/memory"
)

func cached() apikey.Config { return apikey.Config{CacheFor: time.Minute} }

// A key that was verified is read again after CacheFor, and not before, however often it is used.
func TestCacheFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSiteOf(cached())
		k, text := s.issue(t, nil)
		for range 60 {
			check(t, "a request", s.get("/", "X-API-Key: "+text), passed(k))
			time.Sleep(time.Second)
		}
		check(t, "reads in the first minute", s.store.count("Get"), 1)
		check(t, "a request then", s.get("/", "X-API-Key: "+text), passed(k))
		check(t, "reads then", s.store.count("Get"), 2)
	})
}

// Only what was good is cached.
func TestRefusalsAreNotCached(t *testing.T) {
	s := newSiteOf(cached())
	k, text := s.issue(t, nil)
	s.store.once("Get", answering(apikey.ErrNotFound))
	check(t, "before it is there", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
	s.store.once("Get", answering(errRefused))
	check(t, "while the store is down", s.get("/", "X-API-Key: "+text), unavailable)
	check(t, "then", s.get("/", "X-API-Key: "+text), passed(k))
	for range 2 {
		check(t, "another secret", s.get("/", "X-API-Key: "+another("sk", k.ID)), invalid(asksHeader))
	}
	check(t, "reads", s.store.count("Get"), 5)
}

// The time is looked at on each hit: for the expiry, and for a revocation that was to come.
func TestCachedKeyEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSiteOf(cached())
		expiring, expiringText := s.issue(t, func(spec *apikey.Spec) { spec.ExpiresAt = soon(time.Second) })
		ending, endingText := s.issue(t, nil)
		check(t, "revoking", second(s.Revoke(t.Context(), ending.ID, apikey.Revocation{By: "ann", Until: soon(time.Second)})), nil)
		reads := s.store.count("Get")
		check(t, "the one", s.get("/", "X-API-Key: "+expiringText), passed(expiring))
		check(t, "the other", s.get("/", "X-API-Key: "+endingText), passed(ending))
		time.Sleep(time.Second)
		check(t, "the one, when it expired", s.get("/", "X-API-Key: "+expiringText), invalid(asksHeader))
		check(t, "the other, when it was revoked", s.get("/", "X-API-Key: "+endingText), invalid(asksHeader))
		check(t, "reads", s.store.count("Get")-reads, 2)
	})
}

// changes are what a manager does to keys, and what becomes of requests with them.
var changes = []struct {
	name string
	do   func(m *apikey.Manager, id string) error
	want int
	says string // the title that handlers see then
}{
	{"revoking it", func(m *apikey.Manager, id string) error { return revoke(context.Background(), m, id, "ann") }, 401, ""},
	{"disabling it", func(m *apikey.Manager, id string) error { return second(m.Disable(context.Background(), id, "ann")) }, 401, ""},
	{"updating it", func(m *apikey.Manager, id string) error {
		return second(m.Update(context.Background(), id, retitled("weekly")))
	}, 200, "weekly"},
	{"rotating it", func(m *apikey.Manager, id string) error {
		_, _, err := m.Rotate(context.Background(), id, apikey.Rotation{By: "ann"})
		return err
	}, 401, ""},
	{"revoking and deleting it", func(m *apikey.Manager, id string) error {
		return errors.Join(revoke(context.Background(), m, id, "ann"), m.Delete(context.Background(), id))
	}, 401, ""},
}

// What this process does to a key holds from the next request on; what another does, after CacheFor at most.
func TestCachedKeyChanges(t *testing.T) {
	for _, change := range changes {
		for name, wait := range map[string]time.Duration{"here": 0, "elsewhere": time.Minute} {
			t.Run(change.name+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newSiteOf(cached())
					k, text := s.issue(t, nil)
					check(t, "a request", s.get("/", "X-API-Key: "+text), passed(k))
					by := map[bool]*apikey.Manager{true: s.Manager, false: must(apikey.New(apikey.Config{Store: s.store}))}[wait == 0]
					check(t, change.name, change.do(by, k.ID), nil)
					time.Sleep(wait)
					saw := ""
					s.asked = func(ac auth.AuthContext) { k, _ := auth.Value[apikey.Key](ac); saw = k.Title }
					check(t, "a request then", s.get("/", "X-API-Key: "+text).Status, change.want)
					check(t, "what its handler saw", saw, change.says)
				})
			})
		}
	}
}

// A verification has read the key, and is not done yet, when the key is changed: what it read is not kept.
func TestChangeDuringAVerification(t *testing.T) {
	for _, change := range changes {
		t.Run(change.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSiteOf(cached())
				k, text := s.issue(t, nil)
				read, goOn, done := make(chan bool), make(chan bool), make(chan bool)
				s.store.once("Get", func(_ context.Context, call func() error) error {
					err := call()
					close(read)
					<-goOn
					return err
				})
				go func() {
					check(t, "the request under way", s.get("/", "X-API-Key: "+text), passed(k))
					close(done)
				}()
				<-read
				check(t, change.name, change.do(s.Manager, k.ID), nil)
				close(goOn)
				<-done
				reads := s.store.count("Get")
				check(t, "the next request", s.get("/", "X-API-Key: "+text).Status, change.want)
				check(t, "its reads", s.store.count("Get")-reads, 1)
			})
		})
	}
}

// A verification that begins and ends while the change is being written is not kept either.
func TestVerificationDuringAChange(t *testing.T) {
	s := newSiteOf(cached())
	k, text := s.issue(t, nil)
	s.store.once("Replace", first(func() {
		for range 2 {
			check(t, "a request meanwhile", s.get("/", "X-API-Key: "+text), passed(k))
		}
	}))
	check(t, "revoking it", revoke(t.Context(), s.Manager, k.ID, "ann"), nil)
	check(t, "reads", s.store.count("Get"), 3) // Revoke's own, and each request's
	check(t, "the next request", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
}

// A verification that reads the key while the change is being written, and is done after it, is not kept either.
func TestVerificationAcrossTheEndOfAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSiteOf(cached())
		k, text := s.issue(t, nil)
		read, goOn, done := make(chan bool), make(chan bool), make(chan bool)
		s.store.once("Replace", first(func() {
			s.store.once("Get", func(_ context.Context, call func() error) error {
				err := call()
				close(read)
				<-goOn
				return err
			})
			go func() {
				check(t, "the request under way", s.get("/", "X-API-Key: "+text), passed(k))
				close(done)
			}()
			<-read
		}))
		check(t, "revoking it", revoke(t.Context(), s.Manager, k.ID, "ann"), nil)
		close(goOn)
		<-done
		check(t, "the next request", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
	})
}

// While nobody knows whether a revocation was written, the cache does not say that the key is good.
func TestCacheAfterAnUnknownOutcome(t *testing.T) {
	s := newSiteOf(cached())
	k, text := s.issue(t, nil)
	check(t, "a request", s.get("/", "X-API-Key: "+text), passed(k))
	s.store.on("Replace", func(_ context.Context, call func() error) error {
		s.store.on("Get", answering(errRefused))
		return errors.Join(call(), errRefused)
	})
	check(t, "revoking it", errors.Is(revoke(t.Context(), s.Manager, k.ID, "ann"), auth.ErrUnavailable), true)
	check(t, "while the store is down", s.get("/", "X-API-Key: "+text), unavailable)
	s.store.on("Get", nil)
	check(t, "then", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
}

// A write whose answer does not come may arrive later. Until another change of the key tells how it went, it is not cached.
func TestCacheWhileAWriteMayArrive(t *testing.T) {
	s := newSiteOf(cached())
	k, text := s.issue(t, nil)
	other, otherText := s.issue(t, nil)
	s.store.once("Replace", answering(errRefused))
	check(t, "revoking it", errors.Is(revoke(t.Context(), s.Manager, k.ID, "ann"), auth.ErrUnavailable), true)
	for range 2 {
		check(t, "before it arrives", s.get("/", "X-API-Key: "+text), passed(k))
	}
	late := must(apikey.New(apikey.Config{Store: s.store}))
	check(t, "it arrives", second(late.Disable(t.Context(), k.ID, "ann")), nil)
	check(t, "then", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
	check(t, "a change that is known", second(s.Enable(t.Context(), k.ID, "ann")), nil)
	reads := s.store.count("Get")
	for range 3 {
		check(t, "the key", s.get("/", "X-API-Key: "+text), passed(k))
		check(t, "another key", s.get("/", "X-API-Key: "+otherText), passed(other))
	}
	check(t, "reads", s.store.count("Get")-reads, 2)
}

// After a panic of the store nobody knows either.
func TestCacheAfterAPanic(t *testing.T) {
	s := newSiteOf(cached())
	k, text := s.issue(t, nil)
	check(t, "a request", s.get("/", "X-API-Key: "+text), passed(k))
	s.store.once("Replace", first(func() { panic("boom") }))
	check(t, "the panic", panics(func() { _ = revoke(t.Context(), s.Manager, k.ID, "ann") }), "boom")
	reads := s.store.count("Get")
	for range 3 {
		check(t, "a request then", s.get("/", "X-API-Key: "+text), passed(k))
	}
	check(t, "reads", s.store.count("Get")-reads, 3)
	check(t, "revoking it again", revoke(t.Context(), s.Manager, k.ID, "ann"), nil)
	check(t, "a request at the end", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
}

// There are 10,000 keys in the cache at most. With one more, the oldest goes.
func TestCacheIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSiteOf(cached())
		var texts []string
		for range 10_001 {
			_, text := s.issue(t, nil)
			texts = append(texts, text)
		}
		use := func(texts []string) (reads int) {
			before := s.store.count("Get")
			for _, text := range texts {
				_, err := s.VerifyToken(t.Context(), auth.Credential{Token: text})
				check(t, "verifying", err, nil)
			}
			return s.store.count("Get") - before
		}
		check(t, "reads at first", use(texts), 10_001)
		check(t, "reads for those that stayed", use(texts[1:]), 0)
		check(t, "reads for the oldest, for which the next goes", use(texts[:1]), 1)
		check(t, "reads for the rest", use(texts[2:]), 0)
		time.Sleep(time.Minute)
		check(t, "reads once they lapsed", use(texts[:5000]), 5000)
		check(t, "reads for these again", use(texts[:5000]), 0)
	})
}

// What one request does with its context does not reach another, though they share a cached key.
func TestCachedContextIsShared(t *testing.T) {
	s := newSiteOf(cached())
	k, text := s.issue(t, nil)
	s.asked = func(ac auth.AuthContext) {
		check(t, "the actor", ac.Actor, auth.Actor{Type: "api-key", ID: k.ID})
		check(t, "the scopes", ac.Scopes.String(), "reports:read reports:write")
		ac.Actor, ac.Scopes = ann, auth.NewSet("*")
		ac.Attach(apikey.Key{ID: "forged"})
	}
	for range 3 {
		check(t, "a request", s.get("/", "X-API-Key: "+text), passed(k))
	}
}

// Keys are verified, changed and revoked by many at once, and nobody gets another's.
func TestCacheInParallel(t *testing.T) {
	s := must(apikey.New(apikey.Config{Store: memory.NewAPIKeys(nil), CacheFor: time.Minute}))
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			ctx := context.Background()
			k, secret, err := s.Issue(ctx, report())
			text := must(secret, err).Reveal()
			for try := range 50 {
				ac, err := s.VerifyToken(ctx, auth.Credential{Token: text})
				check(t, "verifying", err, nil)
				check(t, "the actor", ac.Actor.ID, k.ID)
				check(t, "updating", second(s.Update(ctx, k.ID, retitled(fmt.Sprint(i, try)))), nil)
				ac, err = s.VerifyToken(ctx, auth.Credential{Token: text})
				check(t, "verifying then", err, nil)
				kept, _ := auth.Value[apikey.Key](*ac)
				check(t, "the title", kept.Title, fmt.Sprint(i, try))
			}
			check(t, "revoking", revoke(ctx, s, k.ID, "ann"), nil)
			_, err = s.VerifyToken(ctx, auth.Credential{Token: text})
			check(t, "verifying a revoked key", errors.Is(err, auth.ErrInvalidCredentials), true)
		})
	}
	wg.Wait()
}

// That an older change was made, or was not, tells nothing of a newer one whose write may still arrive.
func TestCacheWhileANewerWriteMayArrive(t *testing.T) {
	weekly := retitled("weekly report")
	for name, ahead := range map[string]func(ctx context.Context, other *apikey.Manager, id string) error{
		"the older was made": func(context.Context, *apikey.Manager, string) error { return nil },
		"the older was not made": func(ctx context.Context, other *apikey.Manager, id string) error {
			return second(other.Update(ctx, id, weekly))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSiteOf(cached())
				other := must(apikey.New(apikey.Config{Store: s.store}))
				k, text := s.issue(t, nil)
				tried, answer := make(chan struct{}), make(chan struct{})
				s.store.once("Replace", func(ctx context.Context, call func() error) error {
					check(t, "another gets ahead", ahead(ctx, other, k.ID), nil)
					err := call()
					close(tried)
					<-answer
					return err
				})
				go func() { check(t, "the older", second(s.Update(t.Context(), k.ID, weekly)), nil) }()
				<-tried
				s.store.once("Replace", answering(errRefused))
				check(t, "revoking it", errors.Is(revoke(t.Context(), s.Manager, k.ID, "ann"), auth.ErrUnavailable), true)
				close(answer)
				synctest.Wait()
				check(t, "before it arrives", s.get("/", "X-API-Key: "+text), passed(k))
				check(t, "it arrives", revoke(t.Context(), other, k.ID, "ann"), nil)
				check(t, "then", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
			})
		})
	}
}
