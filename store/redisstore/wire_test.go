package redisstore_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/countersign-go/countersign/auth/login"
)

// A wire is what the connections of a client go through. It counts what is sent, and loses answers.
type wire struct {
	mu   sync.Mutex
	sent []string // the commands
	pass int      // how many answers pass before that
	lose int      // how many answers are lost after the server has done what it was told
}

// through has the connections of a client go through w.
func (w *wire) through(o *redis.Options) {
	o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return &wireConn{Conn: conn, wire: w}, err
	}
	o.PoolSize = 1
}

// reset forgets what was sent, and has so many answers lost.
func (w *wire) reset(lose int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent, w.pass, w.lose = nil, 0, lose
}

// resetAfter is reset, but so many answers pass before some are lost.
func (w *wire) resetAfter(pass, lose int) {
	w.reset(lose)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pass = pass
}

// take returns what was sent, but for what opens a connection.
func (w *wire) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(w.sent, " ")
}

type wireConn struct {
	net.Conn
	wire *wire
	lost bool
}

func (c *wireConn) Write(b []byte) (int, error) {
	words := strings.Split(string(b), "\r\n")
	word := strings.ToLower(words[2])
	if word != "hello" && word != "client" {
		c.wire.mu.Lock()
		for range strings.Count(string(b), "\r\n"+words[2]+"\r\n") {
			c.wire.sent = append(c.wire.sent, word)
		}
		c.lost = c.wire.pass == 0 && c.wire.lose > 0
		switch {
		case c.wire.pass > 0:
			c.wire.pass--
		case c.lost:
			c.wire.lose--
		}
		c.wire.mu.Unlock()
	}
	return c.Conn.Write(b)
}

func (c *wireConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.wire.mu.Lock()
	defer c.wire.mu.Unlock()
	if c.lost {
		c.Conn.Close()
		return 0, io.EOF
	}
	return n, err
}

// tapped returns a store whose client goes through a wire, once all scripts are on the server.
func tapped(t *testing.T) (keeper, *wire) {
	w := &wire{}
	k := open(t, w.through)
	rec := k.create(t, ann)
	must(t, "Replace", k.Sessions().Replace(t.Context(), rec, time.Now()))
	must(t, "Delete", k.Sessions().Delete(t.Context(), rec.ID))
	k.create(t, ann)
	_, err := k.Sessions().DeleteAll(t.Context(), ann, "")
	must(t, "DeleteAll", err)
	k.create(t, ann)
	_, err = k.Sessions().DeleteIdentity(t.Context(), "i", "")
	must(t, "DeleteIdentity", err)
	k.redis.Del(t.Context(), k.identityKey("i"))
	must(t, "Revoke", k.Revocations().Revoke(t.Context(), "k", time.Now(), time.Now()))
	one := oneTimeToken("warm")
	must(t, "Put", k.OneTimeTokens().Put(t.Context(), one))
	_, err = k.OneTimeTokens().Consume(t.Context(), one.ID, one.Digest, time.Now())
	must(t, "Consume", err)
	must(t, "Swap", k.Attempts().Swap(t.Context(), login.Attempts{Key: one.ID, Expires: one.Expires}, time.Now()))
	return k, w
}

func TestCommands(t *testing.T) {
	k, w := tapped(t)
	ctx, now := t.Context(), time.Now()
	rec, none, one := loggedIn(ann), loggedIn(ann), oneTimeToken("a")
	tried := login.Attempts{Key: one.ID, Expires: one.Expires}
	none.Login.IdentityID = ""
	tests := []struct {
		name string
		call func() error
		want string
	}{
		{"Create without an identity", func() error { return k.Sessions().Create(ctx, none) }, "evalsha"},
		{"Create with an identity", func() error { return k.Sessions().Create(ctx, rec) }, "evalsha evalsha"},
		{"Get", func() error { _, err := k.Sessions().Get(ctx, rec.ID, now); return err }, "get"},
		{"Replace", func() error { return k.Sessions().Replace(ctx, rec, now) }, "evalsha"},
		{"List", func() error { _, err := k.Sessions().List(ctx, ann, now); return err }, "zrange mget"},
		{"DeleteAll", func() error { _, err := k.Sessions().DeleteAll(ctx, ann, ""); return err }, "zrange evalsha"},
		{"DeleteAll of none", func() error { _, err := k.Sessions().DeleteAll(ctx, ann, ""); return err }, "zrange"},
		{"List of none", func() error { _, err := k.Sessions().List(ctx, ann, now); return err }, "zrange"},
		{"DeleteIdentity", func() error { _, err := k.Sessions().DeleteIdentity(ctx, "i", ""); return err }, "zrange evalsha"},
		{"DeleteIdentity of none", func() error { _, err := k.Sessions().DeleteIdentity(ctx, "j", ""); return err }, "zrange"},
		{"DeleteIdentity of nobody", func() error { _, err := k.Sessions().DeleteIdentity(ctx, "", ""); return err }, ""},
		{"Delete", func() error { return k.Sessions().Delete(ctx, rec.ID) }, "evalsha"},
		{"Delete of no ID", func() error { return k.Sessions().Delete(ctx, strings.Repeat("a", 65)) }, ""},
		{"Revoke", func() error { return k.Revocations().Revoke(ctx, "a", now, now.Add(time.Hour)) }, "evalsha"},
		{"RevokedUpTo", func() error { _, err := k.Revocations().RevokedUpTo(ctx, now, "a", "b", "c"); return err }, "get get get"},
		{"RevokedUpTo of none", func() error { _, err := k.Revocations().RevokedUpTo(ctx, now); return err }, ""},
		{"Put", func() error { return k.OneTimeTokens().Put(ctx, one) }, "set"},
		{"Get of a token", func() error { _, err := k.OneTimeTokens().Get(ctx, one.ID, now); return err }, "get"},
		{"Consume", func() error { _, err := k.OneTimeTokens().Consume(ctx, one.ID, one.Digest, now); return err }, "evalsha"},
		{"Delete of a token", func() error { return k.OneTimeTokens().Delete(ctx, one.ID) }, "del"},
		{"Delete of no token", func() error { return k.OneTimeTokens().Delete(ctx, "a") }, ""},
		{"Load", func() error { _, err := k.Attempts().Load(ctx, one.ID, now); return err }, "get"},
		{"Load of no key", func() error { _, err := k.Attempts().Load(ctx, "a", now); return err }, ""},
		{"Swap", func() error { return k.Attempts().Swap(ctx, tried, now) }, "evalsha"},
		{"Check", func() error { return k.Check(ctx) }, "info"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.reset(0)
			must(t, tt.name, tt.call())
			check(t, "commands", w.take(), tt.want)
		})
	}
}

// Nothing is sent for a request that has ended.
func TestNothingIsSentWhenDone(t *testing.T) {
	k, w := tapped(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.reset(0)
	now, sessions, revocations := time.Now(), k.Sessions(), k.Revocations()
	for _, call := range append(calls(k.Store), []call{
		{"Get of no ID", func(ctx context.Context) error { _, err := sessions.Get(ctx, "", now); return err }},
		{"Delete of no ID", func(ctx context.Context) error { return sessions.Delete(ctx, "") }},
		{"RevokedUpTo of none", func(ctx context.Context) error { _, err := revocations.RevokedUpTo(ctx, now); return err }},
	}...) {
		unavailable(t, call.name, call.do(ctx), context.Canceled)
	}
	check(t, "commands", w.take(), "")
}

// A server that was restarted has no scripts.
func TestScriptsAreSentAgain(t *testing.T) {
	server := newFakeServer(t, func(command []string) string {
		if strings.EqualFold(command[0], "evalsha") {
			return "-NOSCRIPT No matching script. Please use EVAL.\r\n"
		}
		return bulk("done")
	})
	must(t, "Create", newStore(t, server.client(t), "p").Sessions().Create(t.Context(), loggedIn(ann)))
	check(t, "commands", server.served.Load(), 4)
}
