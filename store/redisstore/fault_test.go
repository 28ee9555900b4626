package redisstore_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/redisstore"
)

type call struct {
	name string
	do   func(ctx context.Context) error
}

// calls returns each method that asks the server.
func calls(s *redisstore.Store) []call {
	rec, now := loggedIn(ann), time.Now()
	sessions, revocations, tokens, attempts := s.Sessions(), s.Revocations(), s.OneTimeTokens(), s.Attempts()
	one, tried := oneTimeToken("a"), login.Attempts{Key: token.NewID(), Expires: now.Add(time.Hour)}
	return []call{
		{"Check", s.Check},
		{"Create", func(ctx context.Context) error { return sessions.Create(ctx, rec) }},
		{"Get", func(ctx context.Context) error { _, err := sessions.Get(ctx, rec.ID, now); return err }},
		{"Replace", func(ctx context.Context) error { return sessions.Replace(ctx, rec, now) }},
		{"Delete", func(ctx context.Context) error { return sessions.Delete(ctx, rec.ID) }},
		{"List", func(ctx context.Context) error { _, err := sessions.List(ctx, ann, now); return err }},
		{"DeleteAll", func(ctx context.Context) error { _, err := sessions.DeleteAll(ctx, ann, ""); return err }},
		{"DeleteIdentity", func(ctx context.Context) error { _, err := sessions.DeleteIdentity(ctx, "i", ""); return err }},
		{"Revoke", func(ctx context.Context) error { return revocations.Revoke(ctx, "a", now, now.Add(time.Hour)) }},
		{"RevokedUpTo", func(ctx context.Context) error { _, err := revocations.RevokedUpTo(ctx, now, "a", "b"); return err }},
		{"Put", func(ctx context.Context) error { return tokens.Put(ctx, one) }},
		{"Get of a token", func(ctx context.Context) error { _, err := tokens.Get(ctx, one.ID, now); return err }},
		{"Consume", func(ctx context.Context) error { _, err := tokens.Consume(ctx, one.ID, one.Digest, now); return err }},
		{"Delete of a token", func(ctx context.Context) error { return tokens.Delete(ctx, one.ID) }},
		{"Load", func(ctx context.Context) error { _, err := attempts.Load(ctx, tried.Key, now); return err }},
		{"Swap", func(ctx context.Context) error { return attempts.Swap(ctx, tried, now) }},
	}
}

// unavailable reports an error unless err says that nobody could find out, and nothing else. cause may be nil.
func unavailable(t *testing.T, call string, err, cause error) {
	t.Helper()
	if !errors.Is(err, auth.ErrUnavailable) || cause != nil && !errors.Is(err, cause) {
		t.Errorf("%s: %v, want ErrUnavailable and %v", call, err, cause)
		return
	}
	for _, answer := range []error{
		session.ErrNotFound, session.ErrExists, session.ErrConflict, session.ErrCorrupt,
		login.ErrNotFound, login.ErrConflict, login.ErrCorrupt,
	} {
		check(t, call+" is "+answer.Error(), errors.Is(err, answer), false)
	}
	check(t, call+" names the package", strings.HasPrefix(err.Error(), "redisstore: "), true)
}

// Whatever a server says or does that is no answer ends in time, as an outage: F02 to F04, F07 and F10.
func TestAttack(t *testing.T) {
	t.Run("S021", quarantined)
	t.Run("S029", outages)
	t.Run("S030", replyLost)
	t.Run("S034", nothingFromReplicas)
}

func outages(t *testing.T) {
	answers := map[string]string{
		"loads":                        "-LOADING Redis is loading the dataset in memory\r\n",
		"is read-only":                 "-READONLY You can't write against a read only replica.\r\n",
		"moved to nowhere":             "-MOVED 1 127.0.0.1:1\r\n",
		"asks to go nowhere":           "-ASK 1 127.0.0.1:1\r\n",
		"is of a cluster that is down": "-CLUSTERDOWN The cluster is down\r\n",
		"moves the slot":               "-TRYAGAIN Multiple keys request during rehashing of slot\r\n",
		"is full":                      "-OOM command not allowed when used memory > 'maxmemory'.\r\n",
		"wants a password":             "-NOAUTH Authentication required.\r\n",
		"does not permit it":           "-NOPERM this user has no permissions to run the command\r\n",
		"has a master that is down":    "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n",
		"is busy with a script":        "-BUSY Redis is busy running a script.\r\n",
		"cannot write to its disk":     "-MISCONF Redis is configured to save RDB snapshots, but is unable to persist to disk.\r\n",
		"lacks replicas":               "-NOREPLICAS Not enough good replicas to write.\r\n",
		"speaks nonsense":              "HTTP/1.1 400 Bad Request\r\n\r\n" + cut,
		"hangs up":                     cut,
		"hangs up in the middle":       "$100\r\ncs1 1 00" + cut,
		"hangs in the middle":          "$100\r\ncs1 1 00",
		"hangs":                        "",
	}
	for name, answer := range answers {
		t.Run("a server that "+name, func(t *testing.T) {
			t.Parallel()
			server := newFakeServer(t, func([]string) string { return answer })
			for _, call := range calls(newStore(t, server.client(t), "p")) {
				inTime(t, call, patience/100)
			}
		})
		t.Run("a cluster that "+name, func(t *testing.T) {
			t.Parallel()
			server := newFakeServer(t, func([]string) string { return answer })
			for _, call := range calls(newStore(t, clusterOf(t, server), "p")) {
				inTime(t, call, patience/100)
			}
		})
	}
	t.Run("a cluster that hangs when asked what it is", func(t *testing.T) {
		t.Parallel()
		server := newFakeServer(t, func([]string) string { return "" })
		addrs := []string{server.Addr().String()}
		client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs, ContextTimeoutEnabled: true})
		defer client.Close()
		for _, call := range calls(newStore(t, client, "p")) {
			inTime(t, call, patience/100)
		}
	})
	t.Run("a server to which no connection comes about", func(t *testing.T) {
		t.Parallel()
		client := redis.NewClient(&redis.Options{ContextTimeoutEnabled: true, Dialer: hang})
		defer client.Close()
		for _, call := range calls(newStore(t, client, "p")) {
			inTime(t, call, patience/100)
		}
	})
}

func hang(ctx context.Context, _, _ string) (net.Conn, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// inTime makes a call that must be an outage, and return soon after its deadline.
func inTime(t *testing.T, call call, deadline time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	began := time.Now()
	unavailable(t, call.name, call.do(ctx), nil)
	if took := time.Since(began); took > patience {
		t.Errorf("%s took %v with a deadline of %v", call.name, took, deadline)
	}
}

// replyLost has the server do what it is told, and its answer lost. The client says it again, once: the session is as
// it should be, and who asked learns it or can find out.
func replyLost(t *testing.T) {
	k, w := tapped(t)
	ctx, now, sessions := t.Context(), time.Now(), k.Sessions()
	rec, other, third := loggedIn(ann), loggedIn(ann), loggedIn(ann)
	lost := func(call string, got, want error) {
		t.Helper()
		if !errors.Is(got, want) || auth.IsUnavailable(got) {
			t.Errorf("%s whose answer was lost: %v, want %v", call, got, want)
		}
		w.reset(1)
	}
	w.reset(1)
	lostOnce := func(call string, got error) {
		t.Helper()
		unavailable(t, call+" whose answer was lost", got, nil)
		w.reset(1)
	}
	w.resetAfter(1, 1) // the answer that the entry is there has come
	lostOnce("Create", sessions.Create(ctx, rec))
	_, err := sessions.Get(ctx, rec.ID, now)
	lost("Get", err, nil)
	rec.Counter = 41
	lost("Replace", sessions.Replace(ctx, rec, now), session.ErrConflict)
	kept, err := sessions.Get(ctx, rec.ID, now)
	lost("Get", err, nil)
	check(t, "Counter", kept.Counter, 41)
	check(t, "Version", kept.Version, 2)
	lost("Delete", sessions.Delete(ctx, rec.ID), nil)
	_, err = sessions.Get(ctx, rec.ID, now)
	lost("Get", err, session.ErrNotFound)
	lost("Replace", sessions.Replace(ctx, kept, now), session.ErrNotFound)

	w.resetAfter(1, 1)
	lostOnce("Create", sessions.Create(ctx, other))
	listed, err := sessions.List(ctx, ann, now)
	lost("List", err, nil)
	check(t, "listed", len(listed), 1)
	n, err := sessions.DeleteAll(ctx, ann, "")
	lost("DeleteAll", err, nil)
	check(t, "counted, since only the ZRANGE was lost", n, 1)

	lost("the entry of a Create", sessions.Create(ctx, third), nil)
	n, err = sessions.DeleteIdentity(ctx, "i", "")
	lost("DeleteIdentity", err, nil)
	check(t, "counted, since only the ZRANGE was lost", n, 1)

	at, until := now.Truncate(time.Microsecond), now.Add(time.Hour)
	lost("Revoke", k.Revocations().Revoke(ctx, "a", at, until), nil)
	upTo, err := k.Revocations().RevokedUpTo(ctx, now, "b", "a")
	lost("RevokedUpTo", err, nil)
	check(t, "revoked", upTo[1].Equal(at) && upTo[0].IsZero(), true)
}

// A copy that lags behind brings back what has ended, so there is no client that reads one.
func nothingFromReplicas(t *testing.T) {
	client := redis.NewClusterClient(&redis.ClusterOptions{ContextTimeoutEnabled: true, ReadOnly: true})
	_, err := redisstore.New(client, nil)
	check(t, "New refused", err != nil, true)
	replica := newFakeServer(t, func([]string) string { return bulk("role:slave\r\nmaxmemory_policy:noeviction\r\n") })
	check(t, "Check refused", newStore(t, replica.client(t), "p").Check(t.Context()) != nil, true)
}
