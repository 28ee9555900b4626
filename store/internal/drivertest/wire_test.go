package drivertest_test

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/sqlstore"
)

// A wire counts the messages that a driver sends, by their names, as a proxy between it and its server.
type wire struct {
	mu     sync.Mutex
	counts map[string]int
}

func (w *wire) count(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.counts[name]++
}

// take returns what was counted since it was last called, such as "Bind 1, Execute 1, Sync 1".
func (w *wire) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, name := range slices.Sorted(maps.Keys(w.counts)) {
		all = append(all, fmt.Sprint(name, " ", w.counts[name]))
	}
	w.counts = map[string]int{}
	return strings.Join(all, ", ")
}

// A protocol reads the messages of one connection from a client, and counts them.
type protocol func(r io.Reader, w *wire) error

// postgresMessages are those of PostgreSQL that a client sends, see its manual, section 55.7, without Describe: it goes with
// others, and what is answered at once is told by Sync.
var postgresMessages = map[byte]string{
	'B': "Bind", 'C': "Close", 'E': "Execute", 'P': "Parse", 'Q': "Query", 'S': "Sync", 'H': "Flush",
}

func readPostgres(r io.Reader, w *wire) error {
	header := make([]byte, 5)
	if err := skipMessage(r, header[:4]); err != nil { // the first has no type
		return err
	}
	for {
		if _, err := io.ReadFull(r, header[:1]); err != nil {
			return err
		}
		if name := postgresMessages[header[0]]; name != "" {
			w.count(name)
		}
		if err := skipMessage(r, header[1:]); err != nil {
			return err
		}
	}
}

// skipMessage reads a length, which counts itself, and what follows.
func skipMessage(r io.Reader, length []byte) error {
	if _, err := io.ReadFull(r, length); err != nil {
		return err
	}
	_, err := io.CopyN(io.Discard, r, int64(binary.BigEndian.Uint32(length))-int64(len(length)))
	return err
}

// mysqlCommands are those of MySQL for statements, see its documentation of the client/server protocol.
var mysqlCommands = map[byte]string{
	0x03: "COM_QUERY", 0x16: "COM_STMT_PREPARE", 0x17: "COM_STMT_EXECUTE", 0x18: "COM_STMT_SEND_LONG_DATA", 0x19: "COM_STMT_CLOSE",
	0x0e: "COM_PING", 0x1f: "COM_RESET_CONNECTION",
}

func readMySQL(r io.Reader, w *wire) error {
	header := make([]byte, 5)
	for {
		if _, err := io.ReadFull(r, header); err != nil {
			return err
		}
		size := int64(header[0]) | int64(header[1])<<8 | int64(header[2])<<16
		if name := mysqlCommands[header[4]]; header[3] == 0 && name != "" { // else it is a part of what went before
			w.count(name)
		}
		if _, err := io.CopyN(io.Discard, r, size-1); err != nil {
			return err
		}
	}
}

// listen returns the address of a proxy to the server at addr.
func (w *wire) listen(t testing.TB, network, addr string, read protocol) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial(network, addr)
			if err != nil {
				client.Close()
				return
			}
			// A message is counted before the server has all of it, so before it answers.
			go func() { _ = read(io.TeeReader(client, server), w); server.Close() }()
			go func() { _, _ = io.Copy(client, server); client.Close() }()
		}
	}()
	return l.Addr().String()
}

// wired returns the same database through one connection on which messages are counted. SQLite has no wire: what its driver
// is told is counted.
func (d *database) wired(t testing.TB) (*database, func() string) {
	t.Helper()
	w, dsn := &wire{counts: map[string]int{}}, ""
	switch d.dialect {
	case sqlstore.SQLite:
		db, tap := tapped(t, d.backend, d.at)
		db.SetMaxOpenConns(1)
		return d.by(t, db), func() string {
			for _, one := range tap.take() {
				w.count(map[int64]string{1: "Prepare", 0: "Step"}[one.prepared])
			}
			return w.take()
		}
	case sqlstore.PostgreSQL:
		u, err := url.Parse(with(t, d.backend, d.at, "sslmode", "disable"))
		must(t, err)
		u.Host = w.listen(t, "tcp", u.Host, readPostgres)
		return d.by(t, withoutPings(t, u.String())), w.take
	case sqlstore.MySQL:
		config, err := mysql.ParseDSN(d.at)
		must(t, err)
		config.Addr, config.Net = w.listen(t, config.Net, config.Addr, readMySQL), "tcp"
		dsn = config.FormatDSN()
	}
	db := pool(t, d.backend, dsn)
	db.SetMaxOpenConns(1)
	return d.by(t, db), w.take
}

// withoutPings returns a pool of one connection to PostgreSQL, which pgx asks nothing when it was idle for a second: that would
// be counted.
func withoutPings(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	config, err := pgx.ParseConfig(dsn)
	must(t, err)
	never := stdlib.OptionShouldPing(func(context.Context, stdlib.ShouldPingParams) bool { return false })
	db := stdlib.OpenDB(*config, never)
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	return db
}

// one is what one statement costs, and each is one round trip: PostgreSQL's driver sends its three messages together.
var one = map[string]string{
	"PostgreSQL": "Bind 1, Execute 1, Sync 1", "MariaDB": "COM_STMT_EXECUTE 1", "SQLite": "Step 1",
}

// A call of a store is one statement, and that one round trip, from the second on.
func TestCostAtTheWire(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) {
		wired, take := d.wired(t)
		rec, k, until := record(somebody()), key(somebody()), time.Now().Add(time.Hour)
		must(t, d.Sessions().Create(t.Context(), rec))
		must(t, d.APIKeys().Create(t.Context(), k))
		ring := wired.ring(t)
		must(t, ring.Swap(t.Context(), 0, []byte("state")))
		for _, c := range []struct {
			name string
			call func(ctx context.Context) error
		}{
			{"create a session", func(ctx context.Context) error { return wired.Sessions().Create(ctx, record(somebody())) }},
			{"get a session", func(ctx context.Context) error {
				_, err := wired.Sessions().Get(ctx, rec.ID, time.Now())
				return err
			}},
			{"replace a session", func(ctx context.Context) error {
				err := wired.Sessions().Replace(ctx, rec, time.Now())
				rec.Version++
				return err
			}},
			{"list sessions", func(ctx context.Context) error {
				_, err := wired.Sessions().List(ctx, rec.Login.Actor, time.Now())
				return err
			}},
			{"delete a session", func(ctx context.Context) error { return wired.Sessions().Delete(ctx, "none") }},
			{"find the keys of an owner", func(ctx context.Context) error {
				_, _, err := wired.APIKeys().Find(ctx, apikey.Query{Owner: k.Owner})
				return err
			}},
			{"find the last page of keys", func(ctx context.Context) error {
				_, _, err := wired.APIKeys().Find(ctx, apikey.Query{IDs: []string{k.ID}, Text: "report", Kind: apikey.Secret, Limit: 2})
				return err
			}},
			{"delete a key", func(ctx context.Context) error { return wired.APIKeys().Delete(ctx, "none") }},
			{"end the sessions of an identity that has none", func(ctx context.Context) error {
				_, err := wired.Sessions().DeleteIdentity(ctx, "none", "")
				return err
			}},
			{"get a key", func(ctx context.Context) error {
				_, err := wired.APIKeys().Get(ctx, k.ID)
				return err
			}},
			{"record uses of 500 keys", func(ctx context.Context) error { return wired.APIKeys().RecordUses(ctx, manyUses()) }},
			{"revoke", func(ctx context.Context) error { return wired.Revocations().Revoke(ctx, "token:a", until, until) }},
			{"look up three revocations", func(ctx context.Context) error {
				_, err := wired.Revocations().RevokedUpTo(ctx, time.Now(), "token:a", "token:b", "token:c")
				return err
			}},
			{"load a ring", func(ctx context.Context) error {
				_, _, err := ring.Load(ctx)
				return err
			}},
		} {
			must(t, c.call(t.Context()))
			first := take()
			must(t, c.call(t.Context()))
			again := take()
			t.Logf("%-10s %-26s %s (at first: %s)", d.name, c.name, again, first)
			check(t, c.name, again, one[d.name])
		}
	})
}

// A page after which there is more is two statements, and so is the end of the sessions of somebody who has some.
func TestCostOfTwoStatements(t *testing.T) {
	two := map[string]string{
		"PostgreSQL": "Bind 2, Execute 2, Sync 2", "MariaDB": "COM_STMT_EXECUTE 2", "SQLite": "Step 2",
	}
	eachBackend(t, func(t *testing.T, d *database) {
		wired, take := d.wired(t)
		owner := somebody()
		for range 3 {
			must(t, d.APIKeys().Create(t.Context(), key(owner)))
		}
		ends := func(name string, end func(ctx context.Context, rec session.Record) (int, error)) (string, func(ctx context.Context) error) {
			return name, func(ctx context.Context) error {
				rec := d.created(t)
				take()
				n, err := end(ctx, rec)
				check(t, name+" ended", n, 1)
				return err
			}
		}
		actor, endActor := ends("DeleteAll", func(ctx context.Context, rec session.Record) (int, error) {
			return wired.Sessions().DeleteAll(ctx, rec.Login.Actor, "")
		})
		identity, endIdentity := ends("DeleteIdentity", func(ctx context.Context, rec session.Record) (int, error) {
			return wired.Sessions().DeleteIdentity(ctx, rec.Login.IdentityID, "")
		})
		for _, c := range []struct {
			name string
			call func(ctx context.Context) error
		}{
			{"Find of a page", func(ctx context.Context) error {
				found, total, err := wired.APIKeys().Find(ctx, apikey.Query{Owner: owner, Limit: 2})
				check(t, "found", fmt.Sprint(len(found), total), "2 3")
				return err
			}},
			{actor, endActor},
			{identity, endIdentity},
		} {
			must(t, c.call(t.Context()))
			take()
			must(t, c.call(t.Context()))
			check(t, c.name, take(), two[d.name])
		}
	})
}

// What the managers ask of a store for one request: one read, and of a session in use one write in each renewal interval.
func TestCostOfARequest(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) {
		wired, take := d.wired(t)
		sessions, err := session.New(session.Config{Store: wired.Sessions(), Keys: [][]byte{[]byte(token.NewID() + token.NewID())}})
		must(t, err)
		keys, err := apikey.New(apikey.Config{Store: wired.APIKeys()})
		must(t, err)
		_, secret, err := keys.Issue(t.Context(), apikey.Spec{Title: "key", Owner: somebody(), Scopes: auth.NewSet("orders:read")})
		must(t, err)
		verify := func() error {
			_, err := keys.VerifyToken(t.Context(), auth.Credential{Token: secret.Reveal()})
			return err
		}
		request := started(t, sessions)
		guard := auth.New(sessions.Scheme(), nil)
		use := func() error {
			_, err := guard.Check(request)
			return err
		}
		must(t, use())
		must(t, verify())
		take()
		for range 3 {
			must(t, use())
			check(t, "a request with a cookie", take(), one[d.name])
			must(t, verify())
			check(t, "a request with a key", take(), one[d.name])
		}
		d.age(t)
		must(t, use())
		t.Logf("%-10s a request that renews the session: %s", d.name, take())
		check(t, "Version after a renewal", number(t, d.db, "SELECT version FROM "+d.opts.Prefix+"sessions"), 2)
		must(t, use())
		check(t, "the next request", take(), one[d.name])
	})
}

// age has the one session renewed two minutes ago.
func (d *database) age(t testing.TB) {
	t.Helper()
	at := time.Now().Add(-2 * time.Minute).UTC()
	set := map[sqlstore.Dialect]string{sqlstore.PostgreSQL: "$1"}[d.dialect]
	if set == "" {
		set = "?"
	}
	d.run(t, "UPDATE "+d.opts.Prefix+"sessions SET renewed_at = "+set, at.Format("2006-01-02 15:04:05.000000")+
		map[sqlstore.Dialect]string{sqlstore.PostgreSQL: "+00"}[d.dialect])
}

// started returns a request with the cookie of a new session.
func started(t testing.TB, sessions *session.Manager) *http.Request {
	t.Helper()
	w, err := startSession(sessions)
	must(t, err)
	r := httptest.NewRequest("GET", "https://app.example/", nil)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, cookie := range w.Result().Cookies() {
		r.AddCookie(cookie)
	}
	return r
}

// startSession logs somebody in.
func startSession(sessions *session.Manager) (*httptest.ResponseRecorder, error) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "https://app.example/login", nil)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	_, err := sessions.Start(w, r, session.Login{Actor: somebody()})
	return w, err
}

// manyUses returns uses of keys that are not there: to look for them costs the same.
func manyUses() map[string]apikey.Use {
	uses := map[string]apikey.Use{}
	for range 500 {
		uses[token.NewID()] = apikey.Use{At: time.Now()}
	}
	return uses
}
