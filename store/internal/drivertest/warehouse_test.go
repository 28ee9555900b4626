package drivertest_test

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/internal/drivertest/server"
	"github.com/countersign-go/countersign/store/memory"
	"github.com/countersign-go/countersign/store/redisstore"
	"github.com/redis/go-redis/v9"
)

// A warehouse is a backend that is being filled.
type warehouse struct {
	shelves []*shelf
	bytes   func(s *shelf) int64 // that the shelf takes
	begin   func() (done func() error, in func(*shelf) create)
	sweep   func(ctx context.Context) (int, error) // nil where what expires goes by itself
	workers int                                    // how many fill it at once
}

// A shelf has the records of one kind.
type shelf struct {
	kind   string
	make   func(owner auth.Actor, expires time.Time) (id string, put func(create) error)
	get    func(ctx context.Context, id string) error
	list   func(ctx context.Context, owner auth.Actor) (int, error)
	gone   time.Duration // how long ago what is swept has expired
	ids    []string
	owners []auth.Actor
	taken  int64 // bytes
}

// A create is a store, as part of a transaction where that is quicker.
type create struct {
	session func(context.Context, session.Record) error
	key     func(context.Context, apikey.Key) error
}

func newShelves(sessions session.Store, keys apikey.Store) []*shelf {
	shelves := []*shelf{{
		kind: "sessions",
		make: func(owner auth.Actor, expires time.Time) (string, func(create) error) {
			now := time.Now().UTC().Truncate(time.Microsecond)
			rec := session.Record{
				ID: session.NewID(owner), Digest: token.Sum(token.NewID()), Created: now, Renewed: now, Expires: expires, EndsBy: expires,
				Login: session.Login{
					Actor: owner, IdentityID: token.NewID(), Provider: "emailpass", Scopes: auth.NewSet("*"),
					Roles: auth.NewSet("admin"), Factors: []auth.Factor{{Method: "pwd", At: now}},
					AppMetadata: auth.RawMetadata(`{"user_id":"` + owner.ID + `"}`),
				},
			}
			return rec.ID, func(c create) error { return c.session(context.Background(), rec) }
		},
		get: func(ctx context.Context, id string) error {
			_, err := sessions.Get(ctx, id, time.Now())
			return err
		},
		list: func(ctx context.Context, owner auth.Actor) (int, error) {
			list, err := sessions.(session.Index).List(ctx, owner, time.Now())
			return len(list), err
		},
		gone: 2 * time.Hour,
	}}
	if keys == nil {
		return shelves
	}
	return append(shelves, &shelf{
		kind: "API keys",
		make: func(owner auth.Actor, expires time.Time) (string, func(create) error) {
			k := apikey.Key{
				ID: token.NewID(), Kind: apikey.Secret, Digest: token.Sum(token.NewID()), Redacted: "sk_abc***xyz", Title: "nightly report", Owner: owner,
				Scopes: auth.NewSet("reports:read"), CreatedBy: owner.ID, CreatedAt: time.Now().UTC().Truncate(time.Microsecond),
				ExpiresAt: expires,
			}
			return k.ID, func(c create) error { return c.key(context.Background(), k) }
		},
		get: func(ctx context.Context, id string) error {
			_, err := keys.Get(ctx, id)
			return err
		},
		list: func(ctx context.Context, owner auth.Actor) (int, error) {
			list, _, err := keys.(apikey.Index).Find(ctx, apikey.Query{Owner: owner})
			return len(list), err
		},
		gone: 40 * 24 * time.Hour,
	})
}

func openMemory(b *testing.B) *warehouse {
	opts := &memory.Options{Max: 2_000_000}
	sessions, keys := memory.NewSessions(opts), memory.NewAPIKeys(opts)
	return &warehouse{
		shelves: newShelves(sessions, keys),
		bytes: func(*shelf) int64 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return int64(m.HeapAlloc)
		},
		begin:   direct(create{sessions.Create, keys.Create}),
		workers: 4,
	}
}

// direct has each record created by itself.
func direct(c create) func() (func() error, func(*shelf) create) {
	return func() (func() error, func(*shelf) create) {
		return func() error { return nil }, func(*shelf) create { return c }
	}
}

func openRedis(b *testing.B) func() *warehouse {
	s := server.StartRedis(b, "--appendonly", "no", "--save", "")
	opts, err := redis.ParseURL(s.DSN())
	if err != nil {
		b.Fatal(err)
	}
	opts.ContextTimeoutEnabled = true
	client := redis.NewClient(opts)
	b.Cleanup(func() { client.Close() })
	return func() *warehouse {
		store, err := redisstore.New(client, &redisstore.Options{Prefix: random() + ":"})
		if err != nil {
			b.Fatal(err)
		}
		return &warehouse{
			shelves: newShelves(store.Sessions(), nil),
			bytes: func(*shelf) int64 {
				var used int64
				for line := range strings.Lines(client.Info(context.Background(), "memory").Val()) {
					fmt.Sscanf(line, "used_memory:%d", &used)
				}
				return used
			},
			begin:   direct(create{session: store.Sessions().Create}),
			workers: 4,
		}
	}
}

// openMariaDB has a server of its own: the usual one caches less than a million records.
func openMariaDB(b *testing.B) func() *warehouse {
	s := server.StartMariaDB(b, "--innodb-buffer-pool-size=2G", "--innodb-log-file-size=512M")
	return func() *warehouse { return openSQL(b, migratedAt(b, mariadb, s.DSN())) }
}

// openSQLite has a cache for a million records, where SQLite's own is of two megabytes, and one who writes, as there can be.
func openSQLite(b *testing.B) func() *warehouse {
	return func() *warehouse {
		d := migratedAt(b, sqlite, sqliteFile(b)+"&_pragma=cache_size(-1000000)")
		d.db.SetMaxOpenConns(2)
		w := openSQL(b, d)
		w.workers = 1
		return w
	}
}

func openSQL(b *testing.B, d *database) *warehouse {
	sessions, keys := d.Sessions(), d.APIKeys()
	return &warehouse{
		shelves: newShelves(sessions, keys),
		bytes:   func(s *shelf) int64 { return d.space(b, s) },
		begin: func() (func() error, func(*shelf) create) {
			tx, err := d.db.Begin()
			if err != nil {
				b.Fatal(err)
			}
			return tx.Commit, func(*shelf) create { return create{sessions.In(tx).Create, keys.In(tx).Create} }
		},
		sweep:   d.Sweep,
		workers: 4,
	}
}

// space returns how many bytes the table of the shelf and its indexes take.
func (d *database) space(b *testing.B, s *shelf) (bytes int64) {
	table := d.opts.Prefix + map[string]string{"sessions": "sessions", "API keys": "api_keys"}[s.kind]
	query := map[string]string{
		"pgx":    "SELECT pg_total_relation_size('" + table + "')",
		"mysql":  "SELECT data_length + index_length FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = '" + table + "'",
		"sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
	}[d.driver]
	if d.driver == "mysql" {
		if _, err := d.db.Exec("ANALYZE TABLE " + table); err != nil {
			b.Fatal(err)
		}
	}
	var got sql.NullInt64
	if err := d.db.QueryRow(query).Scan(&got); err != nil {
		b.Fatal(err)
	}
	return got.Int64
}

// fill adds records to each shelf until there are size.
func (w *warehouse) fill(b *testing.B, size int) {
	for _, s := range w.shelves {
		before := w.bytes(s)
		w.fillShelf(b, s, size)
		s.taken += w.bytes(s) - before
	}
}

// fillShelf adds records in batches, several at once where the backend can do that.
func (w *warehouse) fillShelf(b *testing.B, s *shelf, size int) {
	const batch = 1_000
	var mu sync.Mutex
	var workers sync.WaitGroup
	next := len(s.ids)
	for range w.workers {
		workers.Go(func() {
			for {
				mu.Lock()
				first := next
				next += batch
				mu.Unlock()
				if first >= size {
					return
				}
				ids, owners := w.fillBatch(b, s, min(batch, size-first))
				mu.Lock()
				s.ids, s.owners = append(s.ids, ids...), append(s.owners, owners...)
				mu.Unlock()
			}
		})
	}
	workers.Wait()
}

func (w *warehouse) fillBatch(b *testing.B, s *shelf, size int) (ids []string, owners []auth.Actor) {
	done, in := w.begin()
	for i := range size {
		if i%perActor == 0 {
			owners = append(owners, auth.Actor{Type: "user", ID: token.NewID()})
		}
		id, put := s.make(owners[len(owners)-1], time.Now().Add(24*time.Hour).UTC().Truncate(time.Microsecond))
		if err := put(in(s)); err != nil {
			b.Error(err)
			return nil, nil
		}
		ids = append(ids, id)
	}
	if err := done(); err != nil {
		b.Error(err)
	}
	return ids, owners
}
