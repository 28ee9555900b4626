package drivertest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/internal/drivertest/server"
	"github.com/countersign-go/countersign/store/storetest"
)

// What was ended and revoked stays so when the answer is lost and the server is killed right after.
func TestEndsOutliveACrash(t *testing.T) {
	for name, b := range map[string]struct {
		start func(testing.TB) *server.Server
		open  func(t *testing.T, s *server.Server, addr string) stores
	}{
		"PostgreSQL": {server.StartPostgres, func(t *testing.T, s *server.Server, addr string) stores {
			return migratedAt(t, postgres, s.DSNAt(addr)).stores()
		}},
		"MariaDB": {func(t testing.TB) *server.Server { return server.StartMariaDB(t) }, func(t *testing.T, s *server.Server, addr string) stores {
			return migratedAt(t, mariadb, s.DSNAt(addr)).stores()
		}},
		"Redis": {func(t testing.TB) *server.Server { return server.StartRedis(t) }, func(t *testing.T, s *server.Server, addr string) stores {
			opts, err := redis.ParseURL(s.DSNAt(addr))
			if err != nil {
				t.Fatal(err)
			}
			opts.ContextTimeoutEnabled, opts.MaxRetries = true, -1
			return redisStores(t, redis.NewClient(opts))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := b.start(t)
			proxy := storetest.NewProxy(t, s.Addr())
			kept := b.open(t, s, proxy.Addr())
			ann, now := auth.Actor{Type: "user", ID: "ann"}, time.Now().UTC().Truncate(time.Microsecond)
			rec := session.Record{ID: session.NewID(ann), Login: session.Login{Actor: ann}, Expires: now.Add(time.Hour)}
			if err := kept.sessions.Create(t.Context(), rec); err != nil {
				t.Fatal(err)
			}
			if err := kept.revocations.Revoke(t.Context(), "token:a", now, now.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			end := func(id string) error { return kept.sessions.Delete(t.Context(), id) }
			if err := end("aaaabbbbccccdddd"); err != nil { // from now on there is a connection that knows the statement
				t.Fatal(err)
			}
			lost := proxy.LoseReplies(0)
			lost.Begin()
			err := end(rec.ID)
			s.Kill()
			lost.End()
			s.Start()
			if err == nil {
				t.Error("the answer was not lost")
			}
			eventually(t, func() error {
				_, err := kept.sessions.Get(t.Context(), rec.ID, now)
				return err
			}, session.ErrNotFound)
			eventually(t, func() error {
				upTo, err := kept.revocations.RevokedUpTo(t.Context(), now, "token:a")
				if err == nil && !upTo[0].Equal(now) {
					t.Fatalf("revoked up to %v, want %v", upTo[0], now)
				}
				return err
			}, nil)
		})
	}
}

// eventually calls f until its error is want; connections from before a crash fail once each.
func eventually(t *testing.T, f func() error, want error) {
	t.Helper()
	var err error
	for range 50 {
		if err = f(); errors.Is(err, want) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("got %v, want %v", err, want)
}
