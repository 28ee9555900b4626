package redisstore_test

import (
	"context"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/redisstore"
)

const defaultURL = "redis://127.0.0.1:6379"

// connect returns a client of the server that the tests may use, changed by edit.
func connect(t testing.TB, edit func(*redis.Options)) *redis.Client {
	t.Helper()
	url := os.Getenv("COUNTERSIGN_TEST_REDIS")
	if url == "" {
		url = defaultURL
	}
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal("COUNTERSIGN_TEST_REDIS is no redis:// URL") // without the text, which may hold a password
	}
	o.ContextTimeoutEnabled = true
	if edit != nil {
		edit(o)
	}
	client := redis.NewClient(o)
	t.Cleanup(func() { client.Close() })
	if conn, err := net.DialTimeout(o.Network, o.Addr, 5*time.Second); err == nil {
		conn.Close()
		return client
	}
	if os.Getenv("COUNTERSIGN_TEST_REQUIRED") != "" || os.Getenv("COUNTERSIGN_TEST_REDIS") != "" {
		t.Fatal("no Redis answers at", o.Addr)
	}
	t.Skip("no Redis answers at " + o.Addr + ": set COUNTERSIGN_TEST_REDIS")
	return nil
}

// A keeper is a store under a prefix of its own, and a client beside it to look at what it does.
type keeper struct {
	*redisstore.Store
	prefix string
	redis  *redis.Client
}

// open returns a store of its own, whose keys are removed at the end, with a client changed by edit.
func open(t testing.TB, edit func(*redis.Options)) keeper {
	t.Helper()
	k := keeper{prefix: "test-" + token.NewID() + ":", redis: connect(t, nil)}
	var err error
	k.Store, err = redisstore.New(connect(t, edit), &redisstore.Options{Prefix: k.prefix, InsecureVolatile: true})
	must(t, "New", err)
	t.Cleanup(func() {
		keys := k.keys(t)
		for len(keys) > 0 {
			some := keys[:min(len(keys), 1000)]
			keys = keys[len(some):]
			k.redis.Del(context.Background(), some...)
		}
	})
	return k
}

func newStore(t testing.TB, client redis.UniversalClient, prefix string) *redisstore.Store {
	t.Helper()
	s, err := redisstore.New(client, &redisstore.Options{Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// keys returns all keys of the store.
func (k keeper) keys(t testing.TB) (keys []string) {
	t.Helper()
	all := k.redis.Scan(context.Background(), 0, k.prefix+"*", 1000).Iterator()
	for all.Next(context.Background()) {
		keys = append(keys, all.Val())
	}
	if err := all.Err(); err != nil {
		t.Error(err)
	}
	return keys
}

// sessionKey is where the package comment says that a session is.
func (k keeper) sessionKey(id string) string { return k.prefix + "{" + id[:4] + "}s:" + id }

var ann = auth.Actor{Type: "user", ID: "ann"}

// loggedIn returns a record of actor as a store returns it after Create.
func loggedIn(actor auth.Actor) session.Record {
	now := time.Now().UTC().Truncate(time.Microsecond)
	metadata, err := auth.NewMetadata(map[string]any{"name": "<Ann> & \u2028"})
	if err != nil {
		panic(err)
	}
	return session.Record{
		ID: session.NewID(actor), Version: 1, Digest: token.Sum("a"), Counter: 7,
		Login: session.Login{
			Actor: actor, IdentityID: "i", Provider: "emailpass", Scopes: auth.NewSet("*"), Roles: auth.NewSet("admin"),
			Factors: []auth.Factor{{Method: "pwd", At: now}}, UserMetadata: metadata,
		},
		Created: now, Renewed: now, Expires: now.Add(time.Hour), EndsBy: now.Add(24 * time.Hour),
		Floor: 3, Refreshed: now, IP: netip.MustParseAddr("2001:db8::7"), UserAgent: "a browser", Values: metadata,
	}
}

// create keeps a new session of actor.
func (k keeper) create(t testing.TB, actor auth.Actor) session.Record {
	t.Helper()
	rec := loggedIn(actor)
	must(t, "Create", k.Sessions().Create(t.Context(), rec))
	return rec
}

func must(t testing.TB, call string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", call, err)
	}
}

func check[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func contains(t testing.TB, what, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("%s: %q, want %q in it", what, text, part)
	}
}
