package session_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// A minter that fails gives no tokens away, leaves no session that nobody has, and does not cost the client its session.
func TestMinterThatFails(t *testing.T) {
	errMinter := errors.New("the key server is away")
	failing := true
	c := newClient(nil)
	c.site = newSite(func(config *session.Config) {
		config.Store = c.site.store
		config.Minter = session.MinterFunc(func(context.Context, auth.AuthContext) (string, error) {
			return map[bool]string{false: "signed"}[failing], map[bool]error{true: errMinter}[failing]
		})
	})
	got, err := c.site.Refresh(t.Context(), c.tokens[0])
	check(t, "Refresh passes the error on", errors.Is(err, errMinter), true)
	check(t, "Refresh gives a token", got.Refresh.Reveal(), "")
	_, err = c.site.RotateTokens(t.Context(), c.id, addOTP)
	check(t, "RotateTokens passes the error on", errors.Is(err, errMinter), true)
	_, err = c.site.RotateTokens(t.Context(), c.id, func(l *session.Login) { l.Actor.ID = "bob" })
	check(t, "RotateTokens to another actor passes the error on", errors.Is(err, errMinter), true)
	_, err = c.site.StartTokens(request("POST", "/"), annsLogin())
	check(t, "StartTokens passes the error on", errors.Is(err, errMinter), true)
	check(t, "sessions", len(must(c.site.List(t.Context(), ann))), 1)
	check(t, "sessions of bob", len(must(c.site.List(t.Context(), auth.Actor{Type: "user", ID: "bob"}))), 0)
	failing = false
	check(t, "the client tries again", c.refresh(0), "1")
	check(t, "and goes on", c.refresh(1), "2")
}

// A panic in OnReuse comes when the session has ended, and its tokens are void.
func TestOnReuseThatPanics(t *testing.T) {
	c := newClient(func(c *session.Config) {
		c.OnReuse = func(context.Context, session.Record) { panic("boom") }
	})
	c.refresh(0)
	c.refresh(1)
	check(t, "the panic", panics(func() { c.refresh(0) }), "boom")
	check(t, "the session goes on", c.alive(), false)
	check(t, "the latest token", c.refresh(2), "invalid")
	check(t, "warned", strings.Count(c.site.log.String(), "level=WARN"), 1)
}

// The end of a session whose old token was used is not lost with an answer of the store, and is told once.
func TestReuseWithFaults(t *testing.T) {
	tests := []struct {
		name   string
		verb   string
		fault  fault
		first  string
		reuses int
	}{
		{"the answer to the end is lost", "Replace", losing(errRefused), "invalid", 1},
		{"the end is sent twice", "Replace", losing(session.ErrNotFound), "invalid", 1},
		{"the store fails at the end", "Replace", answering(errRefused), "unavailable", 1},
		{"another use gets in between", "Replace", answering(session.ErrConflict), "invalid", 1},
		{"the record cannot be removed", "Delete", answering(errRefused), "invalid", 1},
		{"somebody else ends it", "Replace", answering(session.ErrNotFound), "invalid", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClient(nil)
				c.refresh(0)
				c.refresh(1)
				c.site.store.once(tt.verb, tt.fault)
				check(t, "at first", c.refresh(0), tt.first)
				check(t, "again", c.refresh(0), "invalid")
				check(t, "the thief's", c.refresh(2), "invalid")
				check(t, "told", len(c.reused), tt.reuses)
				time.Sleep(time.Microsecond)
				check(t, "the session has ended", must(c.site.Ended(t.Context(), c.id)), true)
			})
		})
	}
}

// The answer to a refresh is lost between the store and us, or between us and the client: it gets a token that works.
func TestLostReplyToARefresh(t *testing.T) {
	for name, f := range map[string]fault{
		"as a failure":                losing(errRefused),
		"too late":                    hangingAfter,
		"which the driver sent twice": losing(session.ErrConflict),
		"which was not kept":          answering(session.ErrConflict),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClient(nil)
				c.site.store.once("Replace", f)
				check(t, "the refresh", c.refresh(0), "1")
				check(t, "asked again", c.refresh(0), "1")
				check(t, "the next", c.refresh(1), "2")
			})
		})
	}
}

// A Minter that is away for longer than the grace ends no session: the token stays as good as it was.
func TestMinterThatIsAwayForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		errs := []error{nil, errors.New("the key server is away"), nil}
		c := newClient(func(c *session.Config) {
			c.Minter = session.MinterFunc(func(context.Context, auth.AuthContext) (string, error) {
				err := errs[0]
				errs = errs[1:]
				return "signed", err
			})
		})
		check(t, "at first", c.refresh(0), "session: access token: the key server is away")
		time.Sleep(time.Minute)
		check(t, "a minute later", c.refresh(0), "1")
		check(t, "told of reuse", len(c.reused), 0)
	})
}

// The client does not wait for a Minter that is slow, and asks again; the token of either answer is good, and no theft.
func TestMinterThatIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		takes := make(chan time.Duration, 4)
		for _, d := range []time.Duration{0, time.Minute, 0, 0} {
			takes <- d
		}
		c := newClient(func(c *session.Config) {
			c.Minter = session.MinterFunc(func(context.Context, auth.AuthContext) (string, error) {
				time.Sleep(<-takes)
				return "signed", nil
			})
		})
		var late session.Tokens
		var wg sync.WaitGroup
		wg.Go(func() { late = must(c.site.Refresh(context.Background(), c.tokens[0])) })
		time.Sleep(30 * time.Second)
		check(t, "meanwhile", c.refresh(0), "1")
		wg.Wait()
		check(t, "the slow one", late.Refresh.Reveal(), c.tokens[1])
		check(t, "told of reuse", len(c.reused), 0)
		check(t, "the session goes on", c.alive(), true)
	})
}

// What a Minter's error wraps is not taken for what the store says.
func TestMinterWithErrorsOfTheStore(t *testing.T) {
	asBob := func(l *session.Login) { l.Actor.ID = "bob" }
	ways := map[string]func(c *client) error{
		"Refresh":                       func(c *client) error { _, err := c.site.Refresh(context.Background(), c.tokens[0]); return err },
		"RotateTokens":                  func(c *client) error { _, err := c.site.RotateTokens(context.Background(), c.id, addOTP); return err },
		"RotateTokens to another actor": func(c *client) error { _, err := c.site.RotateTokens(context.Background(), c.id, asBob); return err },
	}
	for name, ask := range ways {
		for _, wrapped := range []error{session.ErrNotFound, session.ErrConflict, session.ErrExists} {
			t.Run(fmt.Sprint(name, ", ", wrapped), func(t *testing.T) {
				c := newClient(nil)
				asked := 0
				c.site = newSite(func(config *session.Config) {
					config.Store = c.site.store
					config.Minter = session.MinterFunc(func(context.Context, auth.AuthContext) (string, error) {
						asked++
						return "", fmt.Errorf("keys: %w", wrapped)
					})
				})
				err := ask(c)
				check(t, "the error", fmt.Sprint(err), fmt.Sprint("session: access token: keys: ", wrapped))
				check(t, "it wraps what it was", errors.Is(err, wrapped), true)
				check(t, "asked", asked, 1)
			})
		}
	}
}

// The store answers a refresh later than the grace is long, which is no sign of theft.
func TestStoreThatIsSlowerThanTheGrace(t *testing.T) {
	slowly := func(f fault) fault {
		return func(ctx context.Context, call func() error) error {
			err := f(ctx, call)
			time.Sleep(1500 * time.Millisecond)
			return err
		}
	}
	for name, f := range map[string]fault{
		"which the driver sent twice": slowly(losing(session.ErrConflict)),
		"as a failure":                slowly(losing(errRefused)),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClient(func(c *session.Config) { c.RefreshGrace = time.Second })
				c.site.store.once("Replace", f)
				check(t, "the refresh", c.refresh(0), "1")
				check(t, "the next", c.refresh(1), "2")
				check(t, "told of reuse", len(c.reused), 0)
			})
		})
	}
}

// The record of a session that was ended cannot be removed. A request that began before, or one by a clock that is behind,
// sees it as one that has not expired: nothing brings it back all the same.
func TestRemainsAreNotBroughtBack(t *testing.T) {
	ctx := context.Background()
	uses := map[string]func(c *client){
		"Ended":   func(c *client) { check(t, "Ended", must(c.site.Ended(ctx, c.id)), true) },
		"Renew":   func(c *client) { check(t, "Renew", c.site.Renew(ctx, c.id), session.ErrNotFound) },
		"Update":  func(c *client) { check(t, "Update", isInvalid(c.site.Update(ctx, c.id, addOne)), true) },
		"Refresh": func(c *client) { check(t, "Refresh", c.refresh(1), "invalid") },
		"RotateTokens": func(c *client) {
			_, err := c.site.RotateTokens(ctx, c.id, addOTP)
			check(t, "RotateTokens", isInvalid(err), true)
		},
	}
	for name, use := range uses {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClient(nil)
				c.refresh(0)
				time.Sleep(10 * time.Minute)
				c.site.store.on("Delete", answering(errRefused))
				c.site.store.once("Get", first(func() {
					time.Sleep(time.Second)
					check(t, "reuse is found", c.refresh(0), "invalid")
				}))
				use(c)
				time.Sleep(time.Second)
				check(t, "the session goes on", c.alive(), false)
			})
		})
	}
}
