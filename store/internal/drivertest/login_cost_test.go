package drivertest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

// costingTransaction returns what a transaction of n statements costs. MariaDB's driver prepares each statement anew, which is
// another round trip: a connection of its own has none that are prepared.
func costingTransaction(backend string, n int) string {
	switch backend {
	case postgres.name:
		return fmt.Sprintf("Bind %d, Execute %[1]d, Query 2, Sync %[1]d", n)
	case mariadb.name:
		return fmt.Sprintf("COM_QUERY 2, COM_STMT_CLOSE %d, COM_STMT_EXECUTE %[1]d, COM_STMT_PREPARE %[1]d", n)
	}
	return fmt.Sprintf("Step %d", n+2)
}

// sum returns what calls cost together.
func sum(t *testing.T, costs ...string) string {
	t.Helper()
	w := &wire{counts: map[string]int{}}
	for _, cost := range costs {
		for part := range strings.SplitSeq(cost, ", ") {
			var name string
			var n int
			_, err := fmt.Sscan(part, &name, &n)
			must(t, err)
			w.counts[name] += n
		}
	}
	return w.take()
}

// A visitor is somebody who registers, logs in and leaves.
type visitor struct {
	login.AuthIdentity
	token login.OneTimeToken
	tried login.Attempts
}

// renew replaces the identity as change says.
func (v *visitor) renew(ctx context.Context, s login.Store, change func(*login.AuthIdentity)) error {
	next := v.Clone()
	change(&next)
	if err := s.Replace(ctx, next); err != nil {
		return err
	}
	next.Version++
	v.AuthIdentity = next
	return nil
}

// count counts one more attempt.
func (v *visitor) count(ctx context.Context, s login.AttemptStore, expires time.Time) error {
	v.tried.Count++
	v.tried.Expires = expires.UTC().Truncate(time.Microsecond)
	err := s.Swap(ctx, v.tried, time.Now())
	v.tried.Version++
	return err
}

// Each verb is one statement, but for what has to change two tables at once, which is a transaction, and for Consume.
func TestCostOfLogin(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) {
		wired, take := d.wired(t)
		identities, tokens, attempts := wired.Identities(), wired.OneTimeTokens(), wired.Attempts()
		statements := func(n int) string { return costing(d.name, n) }
		visits := []struct {
			name string
			cost string
			do   func(ctx context.Context, v *visitor) error
		}{
			{"register", costingTransaction(d.name, 2), func(ctx context.Context, v *visitor) error {
				return identities.Create(ctx, v.AuthIdentity)
			}},
			{"register as somebody who is there", costingTransaction(d.name, 2), func(ctx context.Context, v *visitor) error {
				again := identity(v.Providers[0].EntityID)
				return is(identities.Create(ctx, again), login.ErrExists)
			}},
			{"find", statements(1), func(ctx context.Context, v *visitor) error {
				_, err := identities.Find(ctx, "emailpass", v.Providers[0].EntityID)
				return err
			}},
			{"find nobody", statements(1), func(ctx context.Context, v *visitor) error {
				_, err := identities.Find(ctx, "emailpass", token.NewID())
				return is(err, login.ErrNotFound)
			}},
			{"get", statements(1), func(ctx context.Context, v *visitor) error {
				_, err := identities.Get(ctx, v.ID)
				return err
			}},
			{"change the password", statements(1), func(ctx context.Context, v *visitor) error {
				return v.renew(ctx, identities, func(i *login.AuthIdentity) { i.Providers[0].Secret = token.NewSecret("another hash") })
			}},
			{"add a way to log in", sum(t, statements(2), costingTransaction(d.name, 2)), func(ctx context.Context, v *visitor) error {
				return v.renew(ctx, identities, func(i *login.AuthIdentity) {
					i.Providers = append(i.Providers, identity(token.NewID()).Providers...)
				})
			}},
			{"exchange one way for another", sum(t, statements(2), costingTransaction(d.name, 3)), func(ctx context.Context, v *visitor) error {
				return v.renew(ctx, identities, func(i *login.AuthIdentity) { i.Providers[0] = identity(token.NewID()).Providers[0] })
			}},
			{"issue a token", statements(1), func(ctx context.Context, v *visitor) error { return tokens.Put(ctx, v.token) }},
			{"issue another one", statements(1), func(ctx context.Context, v *visitor) error { return tokens.Put(ctx, v.token) }},
			{"look at it", statements(1), func(ctx context.Context, v *visitor) error {
				_, err := tokens.Get(ctx, v.token.ID, time.Now())
				return err
			}},
			{"guess at it", statements(1), func(ctx context.Context, v *visitor) error {
				_, err := tokens.Consume(ctx, v.token.ID, token.Sum("guess"), time.Now())
				return is(err, login.ErrNotFound)
			}},
			{"use it up", statements(2), func(ctx context.Context, v *visitor) error {
				_, err := tokens.Consume(ctx, v.token.ID, v.token.Digest, time.Now())
				return err
			}},
			{"use it again", statements(1), func(ctx context.Context, v *visitor) error {
				_, err := tokens.Consume(ctx, v.token.ID, v.token.Digest, time.Now())
				return is(err, login.ErrNotFound)
			}},
			{"void it", statements(1), func(ctx context.Context, v *visitor) error { return tokens.Delete(ctx, v.token.ID) }},
			{"look for attempts", statements(1), func(ctx context.Context, v *visitor) error {
				_, err := attempts.Load(ctx, v.tried.Key, time.Now())
				return err
			}},
			{"count the first", statements(1), func(ctx context.Context, v *visitor) error {
				return v.count(ctx, attempts, time.Now().Add(time.Hour))
			}},
			{"count the second, which is forgotten at once", statements(1), func(ctx context.Context, v *visitor) error {
				return v.count(ctx, attempts, time.Now().Add(-time.Hour))
			}},
			{"count the next", statements(2), func(ctx context.Context, v *visitor) error {
				v.tried.Version = 0
				return v.count(ctx, attempts, time.Now().Add(time.Hour))
			}},
			{"leave", costingTransaction(d.name, 2), func(ctx context.Context, v *visitor) error { return identities.Delete(ctx, v.ID) }},
		}
		visit := func(judge func(name, took, cost string)) {
			v := &visitor{
				AuthIdentity: identity(token.NewID()), tried: login.Attempts{Key: token.NewID()},
				token: login.OneTimeToken{ID: token.NewID(), Digest: token.Sum("a"), Expires: time.Now().Add(time.Hour).Truncate(time.Microsecond)},
			}
			for _, visit := range visits {
				must(t, visit.do(t.Context(), v))
				judge(visit.name, take(), visit.cost)
			}
		}
		visit(func(string, string, string) {})
		visit(func(name, took, cost string) {
			t.Logf("%-10s %-44s %s", d.name, name, took)
			check(t, name, took, cost)
		})
	})
}

// is returns an error unless err is want.
func is(err, want error) error {
	if !errors.Is(err, want) {
		return fmt.Errorf("got %w, want %w", err, want)
	}
	return nil
}
