package session_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// isInvalid reports whether err is a 401 and nothing else.
func isInvalid(err error) bool {
	return errors.Is(err, auth.ErrInvalidCredentials) && !errors.Is(err, auth.ErrUnavailable)
}

// A client carries a session by tokens.
type client struct {
	site   *site
	id     string
	tokens []string // all refresh tokens it was ever given
	reused []string // the sessions that OnReuse was told of
}

// newClient returns a client that is logged in, at a site whose manager change configures; nil is fine.
func newClient(change func(*session.Config)) *client {
	c := &client{}
	c.site = newSite(func(config *session.Config) {
		config.OnReuse = func(_ context.Context, rec session.Record) { c.reused = append(c.reused, rec.ID) }
		config.Minter = session.MinterFunc(func(_ context.Context, ac auth.AuthContext) (string, error) {
			return "access token of " + ac.SessionID, nil
		})
		if change != nil {
			change(config)
		}
	})
	c.take(must(c.site.StartTokens(request("POST", "/"), c.site.login)))
	return c
}

func (c *client) take(tokens session.Tokens) {
	c.id = tokens.Context.SessionID
	c.tokens = append(c.tokens, tokens.Refresh.Reveal())
}

// refresh uses the nth token and says what became of it: the number of the token that was given, or why there is none.
func (c *client) refresh(nth int) string {
	tokens, err := c.site.Refresh(context.Background(), c.tokens[nth])
	switch {
	case errors.Is(err, auth.ErrUnavailable):
		return "unavailable"
	case isInvalid(err):
		return "invalid"
	case err != nil:
		return err.Error()
	}
	for i, known := range c.tokens {
		if known == tokens.Refresh.Reveal() {
			return fmt.Sprint(i)
		}
	}
	c.take(tokens)
	return fmt.Sprint(len(c.tokens) - 1)
}

// rotate changes the secret of the session.
func (c *client) rotate() { c.take(must(c.site.RotateTokens(context.Background(), c.id, addOTP))) }

// alive reports whether the session has not ended.
func (c *client) alive() bool {
	_, err := c.site.store.inner.Get(context.Background(), c.id, time.Now())
	return err == nil
}

func TestRefresh(t *testing.T) {
	tests := []struct {
		name   string
		do     func(c *client) string // the last refresh
		want   string
		alive  bool
		reuses int
	}{
		{"the current token", func(c *client) string { return c.refresh(0) }, "1", true, 0},
		{"each token once", func(c *client) string { return c.refresh(0) + c.refresh(1) + c.refresh(2) }, "123", true, 0},
		{"the one before, at once", func(c *client) string { return c.refresh(0) + c.refresh(0) }, "11", true, 0},
		{"the one before, many times", func(c *client) string { return c.refresh(0) + c.refresh(0) + c.refresh(0) + c.refresh(1) }, "1112", true, 0},
		{"the one before, at the end of the grace", func(c *client) string { c.refresh(0); time.Sleep(10 * time.Second); return c.refresh(0) }, "1", true, 0},
		{"the one before, after the grace", func(c *client) string {
			c.refresh(0)
			time.Sleep(10*time.Second + time.Microsecond)
			return c.refresh(0)
		}, "invalid", false, 1},
		{"the one before, where each use is within the grace of the last", func(c *client) string {
			c.refresh(0)
			time.Sleep(6 * time.Second)
			c.refresh(0)
			time.Sleep(6 * time.Second)
			return c.refresh(0)
		}, "invalid", false, 1},
		{"two behind", func(c *client) string { c.refresh(0); c.refresh(1); return c.refresh(0) }, "invalid", false, 1},
		{"two behind, again and again", func(c *client) string {
			c.refresh(0)
			c.refresh(1)
			return c.refresh(0) + c.refresh(0) + c.refresh(1) + c.refresh(2)
		}, "invalidinvalidinvalidinvalid", false, 1},
		{"that of another session", func(c *client) string {
			other := must(c.site.StartTokens(request("POST", "/"), annsLogin()))
			c.tokens[0] = other.Refresh.Reveal()
			return c.refresh(0) + " " + fmt.Sprint(c.id == other.Context.SessionID)
		}, "1 true", true, 0},
		{"one that is yet to come", func(c *client) string {
			c.tokens[0] = c.site.RefreshToken(c.id, 1)
			return c.refresh(0)
		}, "invalid", true, 0},
		{"the first of a new secret", func(c *client) string { c.rotate(); return c.refresh(1) }, "2", true, 0},
		{"one from before a new secret", func(c *client) string { c.rotate(); return c.refresh(0) }, "invalid", true, 0},
		{"an old one from before a new secret", func(c *client) string { c.refresh(0); c.refresh(1); c.rotate(); return c.refresh(0) }, "invalid", true, 0},
		{"one from before a new secret, after a refresh", func(c *client) string { c.rotate(); c.refresh(1); return c.refresh(0) }, "invalid", true, 0},
		{"an old one of a new secret", func(c *client) string { c.rotate(); c.refresh(1); c.refresh(2); return c.refresh(1) }, "invalid", false, 1},
		{"that of a session that was ended", func(c *client) string { must(0, c.site.End(context.Background(), c.id)); return c.refresh(0) }, "invalid", false, 0},
		{"an old one of a session that was ended", func(c *client) string {
			c.refresh(0)
			c.refresh(1)
			must(0, c.site.End(context.Background(), c.id))
			return c.refresh(0)
		}, "invalid", false, 0},
		{"after the idle timeout", func(c *client) string { time.Sleep(30 * time.Minute); return c.refresh(0) }, "invalid", false, 0},
		{"often enough, for long", func(c *client) string {
			for i := range 40 {
				time.Sleep(29 * time.Minute)
				c.refresh(i)
			}
			return c.refresh(40)
		}, "41", true, 0},
		{"at the end of the lifetime, often as it was", func(c *client) string {
			for i := range 48 {
				time.Sleep(29 * time.Minute)
				c.refresh(i)
			}
			time.Sleep(48 * time.Minute)
			return c.refresh(48)
		}, "invalid", false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newClient(nil)
				check(t, "the refresh", tt.do(c), tt.want)
				check(t, "the session goes on", c.alive(), tt.alive)
				check(t, "OnReuse", strings.Join(c.reused, " "), strings.Repeat(c.id, tt.reuses))
				check(t, "warnings", strings.Count(c.site.log.String(), "level=WARN msg=\"session: ended, as an old refresh token was used\" session="+c.id), tt.reuses)
				for _, text := range c.tokens {
					check(t, "a token in the log", strings.Contains(c.site.log.String(), text), false)
				}
			})
		})
	}
}

// What a refresh hands out: the context of the session, and an access token for it that ends with the session.
func TestRefreshTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var minted auth.AuthContext
		c := newClient(func(c *session.Config) {
			c.Minter = session.MinterFunc(func(_ context.Context, ac auth.AuthContext) (string, error) {
				minted = ac
				return "signed", nil
			})
		})
		begun := time.Now()
		time.Sleep(time.Minute)
		got := must(c.site.Refresh(t.Context(), c.tokens[0]))
		check(t, "the access token", got.Access.Reveal(), "signed")
		check(t, "the session of the access token", minted.SessionID, c.id)
		check(t, "its end", minted.Expires, begun.Add(24*time.Hour).UTC())
		check(t, "the actor", got.Context.Actor, ann)
		check(t, "the end in the context", got.Context.Expires, minted.Expires)
		check(t, "what it prints", strings.Contains(fmt.Sprintf("%v %+v", got, got), got.Refresh.Reveal()), false)
		check(t, "what it prints of the access token", strings.Contains(fmt.Sprintf("%v %+v", got, got), "signed"), false)
	})
}

// A refresh is a use, and no use takes a session beyond its lifetime, in the store neither.
func TestRefreshIsAUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(func(c *session.Config) { c.Lifetime = 45 * time.Minute })
		begun := time.Now().UTC()
		time.Sleep(10 * time.Minute)
		c.refresh(0)
		rec := must(c.site.store.inner.Get(t.Context(), c.id, time.Now()))
		check(t, "the idle timeout begins anew", rec.Expires, begun.Add(40*time.Minute))
		check(t, "the use", rec.Renewed, begun.Add(10*time.Minute))
		time.Sleep(10 * time.Minute)
		c.refresh(1)
		rec = must(c.site.store.inner.Get(t.Context(), c.id, time.Now()))
		check(t, "at most to the end of the lifetime", rec.Expires, begun.Add(45*time.Minute))
		time.Sleep(10 * time.Second)
		c.refresh(1)
		rec = must(c.site.store.inner.Get(t.Context(), c.id, time.Now()))
		check(t, "the token before is not written within the renewal interval", rec.Renewed, begun.Add(20*time.Minute))
	})
}
