package drivertest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
)

// costing returns what n statements cost, one after another.
func costing(backend string, n int) string {
	switch {
	case n == 0:
		return ""
	case backend == postgres.name:
		return fmt.Sprintf("Bind %d, Execute %[1]d, Sync %[1]d", n)
	case backend == mariadb.name:
		return fmt.Sprintf("COM_STMT_EXECUTE %d", n)
	}
	return fmt.Sprintf("Step %d", n)
}

// A customer is somebody with a session and a key.
type customer struct {
	sessions *session.Manager
	keys     *apikey.Manager
	tokens   session.Tokens
	spent    string // the refresh token before
	key      apikey.Key
	secret   token.Secret
}

func (c *customer) given(tokens session.Tokens, err error) error {
	c.spent, c.tokens = c.tokens.Refresh.Reveal(), tokens
	return err
}

func (c *customer) refreshAccess(t *testing.T) error {
	_, err := c.sessions.RefreshAccess(httptest.NewRecorder(), newRequest(t), c.tokens.Context)
	return err
}

func (c *customer) keyed(key apikey.Key, secret token.Secret, err error) error {
	c.key, c.secret = key, secret
	return err
}

func (c *customer) verify(ctx context.Context) error {
	_, err := c.keys.VerifyToken(ctx, auth.Credential{Token: c.secret.Reveal()})
	return err
}

func (c *customer) keep(ctx context.Context, values string) error {
	return c.sessions.Update(ctx, c.tokens.Context.SessionID, func(auth.Metadata) (auth.Metadata, error) {
		return auth.RawMetadata(values), nil
	})
}

// visits are what a customer does, in this order, and how many statements it takes.
var visits = []struct {
	name       string
	statements int
	do         func(ctx context.Context, t *testing.T, c *customer) error
}{
	{"begin a session", 1, func(_ context.Context, t *testing.T, c *customer) error {
		return c.given(c.sessions.StartTokens(newRequest(t), session.Login{Actor: somebody(), IdentityID: token.NewID()}))
	}},
	{"refresh", 2, func(ctx context.Context, _ *testing.T, c *customer) error {
		return c.given(c.sessions.Refresh(ctx, c.tokens.Refresh.Reveal()))
	}},
	{"refresh with the same token again", 1, func(ctx context.Context, _ *testing.T, c *customer) error {
		return c.given(c.sessions.Refresh(ctx, c.spent))
	}},
	{"refresh with junk", 0, func(ctx context.Context, _ *testing.T, c *customer) error {
		if _, err := c.sessions.Refresh(ctx, c.spent+"x"); !errors.Is(err, auth.ErrInvalidCredentials) {
			return fmt.Errorf("junk: %w", err)
		}
		return nil
	}},
	{"change the secret", 2, func(ctx context.Context, _ *testing.T, c *customer) error {
		return c.given(c.sessions.RotateTokens(ctx, c.tokens.Context.SessionID, nil))
	}},
	{"get another access token", 1, func(_ context.Context, t *testing.T, c *customer) error { return c.refreshAccess(t) }},
	{"get one as somebody with a role", 2, func(_ context.Context, t *testing.T, c *customer) error {
		c.tokens.Context.Roles = auth.NewSet("admin")
		return c.refreshAccess(t)
	}},
	{"get a cookie", 2, func(_ context.Context, t *testing.T, c *customer) error {
		_, err := c.sessions.StartCookie(httptest.NewRecorder(), newRequest(t), c.tokens.Context.SessionID)
		return err
	}},
	{"keep a value", 2, func(ctx context.Context, _ *testing.T, c *customer) error { return c.keep(ctx, `{"a":1}`) }},
	{"keep the same value", 1, func(ctx context.Context, _ *testing.T, c *customer) error { return c.keep(ctx, `{"a":1}`) }},
	{"end the session", 1, func(ctx context.Context, _ *testing.T, c *customer) error {
		return c.sessions.End(ctx, c.tokens.Context.SessionID)
	}},
	{"issue a key", 1, func(ctx context.Context, _ *testing.T, c *customer) error {
		return c.keyed(c.keys.Issue(ctx, apikey.Spec{Title: "key", Owner: somebody(), Scopes: auth.NewSet("a")}))
	}},
	{"verify it", 1, func(ctx context.Context, _ *testing.T, c *customer) error { return c.verify(ctx) }},
	{"verify it from the cache", 0, func(ctx context.Context, _ *testing.T, c *customer) error { return c.verify(ctx) }},
	{"rotate it", 3, func(ctx context.Context, _ *testing.T, c *customer) error {
		return c.keyed(c.keys.Rotate(ctx, c.key.ID, apikey.Rotation{By: "ann"}))
	}},
	{"revoke it", 2, func(ctx context.Context, _ *testing.T, c *customer) error {
		_, err := c.keys.Revoke(ctx, c.key.ID, apikey.Revocation{By: "ann"})
		return err
	}},
	{"delete it", 2, func(ctx context.Context, _ *testing.T, c *customer) error { return c.keys.Delete(ctx, c.key.ID) }},
}

// What a manager does costs as many statements as it reads and writes records. The first time they are prepared, too.
func TestCostOfManagers(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) {
		wired, take := d.wired(t)
		sessions, err := session.New(session.Config{
			Store: wired.Sessions(), Keys: [][]byte{[]byte(token.NewID() + token.NewID())},
			Minter: session.MinterFunc(func(context.Context, auth.AuthContext) (string, error) { return "signed", nil }),
		})
		must(t, err)
		keys, err := apikey.New(apikey.Config{Store: wired.APIKeys(), CacheFor: time.Minute})
		must(t, err)
		visit := func(judge func(name, took string, statements int)) {
			c := &customer{sessions: sessions, keys: keys}
			for _, v := range visits {
				must(t, v.do(t.Context(), t, c))
				judge(v.name, take(), v.statements)
			}
		}
		visit(func(string, string, int) {})
		visit(func(name, took string, n int) {
			t.Logf("%-10s %-34s %s", d.name, name, took)
			check(t, name, took, costing(d.name, n))
		})
	})
}
