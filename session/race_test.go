package session_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// A crowd is many goroutines with one session. All of them know its latest cookie.
type crowd struct {
	site    *site
	id      string
	mu      sync.Mutex
	cookies []string
}

func (s *site) crowd() *crowd {
	b := s.logIn()
	return &crowd{site: s, id: b.id, cookies: []string{b.cookie}}
}

// send sends a request with the latest cookie, and tells the others if it got a new one.
func (c *crowd) send(path string) int {
	c.mu.Lock()
	b := browser{site: c.site, cookie: c.cookies[len(c.cookies)-1]}
	c.mu.Unlock()
	got := b.post(path)
	c.mu.Lock()
	defer c.mu.Unlock()
	if got.Status == 200 && got.SetCookie != "" {
		c.cookies = append(c.cookies, b.cookie)
	}
	return got.Status
}

// End against everything that could bring a session back: requests with renewals due, Rotate, Renew, Ended, EndAll.
func TestEndedStaysEnded(t *testing.T) {
	ends := map[string]func(c *crowd) error{
		"End":    func(c *crowd) error { return c.site.End(context.Background(), c.id) },
		"EndAll": func(c *crowd) error { _, err := c.site.EndAll(context.Background(), ann, ""); return err },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			for range 4 {
				c := newSite(func(c *session.Config) { c.RenewInterval = 1 }).crowd() // each use is written
				var wg sync.WaitGroup
				for i := range 64 {
					wg.Go(func() {
						uses := []func() int{
							func() int { return c.send("/me") },
							func() int { return c.send("/rotate") },
							func() int { return c.send("/renew/" + c.id) },
							func() int { return c.send("/ended/" + c.id) },
						}
						for range 8 {
							uses[i%len(uses)]()
						}
					})
				}
				wg.Go(func() { check(t, "the end", end(c), nil) })
				wg.Wait()
				for _, cookie := range c.cookies {
					check(t, "a cookie", (&browser{site: c.site, cookie: cookie}).get("/me").Status, 401)
				}
				_, err := c.site.store.inner.Get(t.Context(), c.id, time.Now())
				check(t, "the record", err, session.ErrNotFound)
				check(t, "sessions", c.site.post("/list").Body, "0")
			}
		})
	}
}

// What many Rotates add up is what those that succeeded added: none is lost, none counts twice, and one cookie is good.
func TestRotatesAddUp(t *testing.T) {
	s := newSite(func(c *session.Config) { c.RenewInterval = 1 })
	s.edit = func(l *session.Login) {
		count, _ := l.AppMetadata.Get("count").(float64)
		l.AppMetadata = must(auth.NewMetadata(map[string]any{"count": count + 1}))
	}
	c := s.crowd()
	statuses := make([][]int, 16)
	var wg sync.WaitGroup
	for i := range statuses {
		wg.Go(func() {
			for range 64 {
				statuses[i] = append(statuses[i], c.send("/rotate"))
			}
		})
		wg.Go(func() { c.send("/me") })
	}
	wg.Wait()
	successes := 0
	for _, status := range slices.Concat(statuses...) {
		successes += map[int]int{200: 1}[status]
	}
	rec := must(s.store.inner.Get(t.Context(), c.id, time.Now()))
	check(t, "added up", fmt.Sprint(rec.Login.AppMetadata.Get("count")), fmt.Sprint(successes))
	check(t, "there were some", successes > 0, true)
	check(t, "cookies", len(c.cookies), successes+1)
	good := 0
	for _, cookie := range c.cookies {
		good += map[int]int{200: 1}[(&browser{site: s, cookie: cookie}).get("/me").Status]
	}
	check(t, "good cookies", good, 1)
}

// A login that ends the browser's old session, while that is in use.
func TestStartAgainstUses(t *testing.T) {
	s := newSite(func(c *session.Config) { c.RenewInterval = 1 })
	for range 20 {
		b := s.logIn()
		old := *b
		var wg sync.WaitGroup
		for range 8 {
			one := old
			wg.Go(func() {
				one.get("/me")
				one.post("/renew/" + one.id)
			})
		}
		wg.Go(func() { check(t, "the login", b.post("/login").Status, 200) })
		wg.Wait()
		check(t, "the old session has ended", must(s.Ended(t.Context(), old.id)), true)
		check(t, "the new one", b.get("/me"), passed("user ann"))
		b.post("/logout")
	}
	check(t, "sessions", s.post("/list").Body, "0")
}

// A request is read, its session is ended, and it is renewed: in this order, at each call of the store.
func TestEndOvertakesAUse(t *testing.T) {
	for _, path := range []string{"/me", "/rotate", "/renew/", "/ended/"} {
		for _, verb := range []string{"Get", "Replace"} {
			t.Run(path+" at "+verb, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := newSite(nil).logIn()
					paths := map[string]string{"/renew/": "/renew/" + b.id, "/ended/": "/ended/" + b.id}
					time.Sleep(time.Minute)
					old := b.cookie
					b.site.store.once(verb, first(func() { check(t, "the end", b.site.End(t.Context(), b.id), nil) }))
					got := b.post(paths[path] + map[bool]string{true: path}[paths[path] == ""])
					check(t, "passed", got.Status == 200 && path != "/ended/", false)
					check(t, "told that it goes on", got.Body == "false", false)
					check(t, "a cookie is set", got.SetCookie != "" && got.SetCookie != clearing, false)
					_, err := b.site.store.inner.Get(t.Context(), b.id, time.Now())
					check(t, "the record", err, session.ErrNotFound)
					check(t, "the old cookie", (&browser{site: b.site, cookie: old}).get("/me"), unauthorized(clearing))
				})
			})
		}
	}
}
