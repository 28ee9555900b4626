package drivertest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
)

// lookalikes differ in bytes only: in case, in accents, in blanks at the end.
var lookalikes = []string{
	"mike@example.com", "MIKE@example.com", "mıke@example.com", "míke@example.com", "mike@example.com ", "mike@example.com  ",
}

// Whoever is called nearly like somebody else is not the other one.
func TestLookalikes(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) {
		for _, kind := range []string{"type", "ID"} {
			actors := make([]auth.Actor, len(lookalikes))
			for i, name := range lookalikes {
				actors[i] = map[string]auth.Actor{"type": {Type: name, ID: "1"}, "ID": {Type: "user", ID: name}}[kind]
				must(t, d.Sessions().Create(t.Context(), record(actors[i])))
				must(t, d.APIKeys().Create(t.Context(), key(actors[i])))
			}
			for _, actor := range actors {
				sessions, err := d.Sessions().List(t.Context(), actor, time.Now())
				must(t, err)
				keys, total, err := d.APIKeys().Find(t.Context(), apikey.Query{Owner: actor})
				must(t, err)
				check(t, "keys in all", total, len(keys))
				ended, err := d.Sessions().DeleteAll(t.Context(), actor, "")
				must(t, err)
				check(t, fmt.Sprintf("%q: sessions, keys and sessions that DeleteAll ended", actor),
					fmt.Sprint(len(sessions), len(keys), ended), "1 1 1")
			}
		}
	})
}

// So it is with all other names by which rows are found.
func TestLookalikeIDs(t *testing.T) {
	ids := []string{"abc", "ABC", "abc ", "Abc", "abc  "}
	eachBackend(t, func(t *testing.T, d *database) {
		until := time.Now().Add(time.Hour).Truncate(time.Microsecond).UTC()
		for i, id := range ids {
			rec, k := record(auth.Actor{}), key(somebody())
			rec.ID, k.ID, rec.Counter, k.Title = id, id, uint64(i), id
			must(t, d.Sessions().Create(t.Context(), rec))
			must(t, d.APIKeys().Create(t.Context(), k))
			must(t, d.Revocations().Revoke(t.Context(), id, until.Add(-time.Duration(i)*time.Second), until))
		}
		upTo, err := d.Revocations().RevokedUpTo(t.Context(), time.Now(), ids...)
		must(t, err)
		for i, id := range ids {
			rec, err := d.Sessions().Get(t.Context(), id, time.Now())
			must(t, err)
			k, err := d.APIKeys().Get(t.Context(), id)
			must(t, err)
			check(t, fmt.Sprintf("%q: a session, a key and a revocation of its own", id),
				fmt.Sprint(rec.Counter, k.Title == id, upTo[i].Equal(until.Add(-time.Duration(i)*time.Second))),
				fmt.Sprint(i, true, true))
		}
	})
}

func TestLookalikeRings(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) {
		for _, name := range []string{"access", "ACCESS", "Access"} {
			ring, err := d.KeyRing(name)
			must(t, err)
			must(t, ring.Swap(t.Context(), 0, []byte(name)))
			state, _, err := ring.Load(t.Context())
			must(t, err)
			check(t, "state", string(state), name)
		}
	})
}

// The columns are what they are because MariaDB's own choice of a column for text makes one of most of them.
func TestLookalikesInOrdinaryColumns(t *testing.T) {
	d := emptyAt(t, mariadb, mariadb.dsn(t))
	d.run(t, "CREATE TABLE "+d.opts.Prefix+"sessions (name varchar(256) CHARACTER SET utf8mb4)") // dropped as that is
	for _, name := range lookalikes {
		d.run(t, "INSERT INTO "+d.opts.Prefix+"sessions (name) VALUES (?)", name)
	}
	for _, name := range lookalikes {
		n := number(t, d.db, "SELECT COUNT(*) FROM "+d.opts.Prefix+"sessions WHERE name = ?", name)
		if n < 4 {
			t.Errorf("%q is found %d times: the test of lookalikes tells nothing of this server", name, n)
		}
	}
}

// PostgreSQL keeps no NUL, and no JSON that stands for one, and says so in a way that looks like any other error.
func TestPostgresKeepsNoNUL(t *testing.T) {
	db := pool(t, postgres, postgres.dsn(t))
	for query, test := range map[string]struct{ arg, state string }{
		"SELECT $1::text":  {"a\x00b", "22021"},
		"SELECT $1::jsonb": {`{"a":"\u0000"}`, "22P05"},
	} {
		var text string
		err := db.QueryRowContext(t.Context(), query, test.arg).Scan(&text)
		var coded interface{ SQLState() string }
		if !errors.As(err, &coded) || coded.SQLState() != test.state {
			t.Errorf("%s: got %v, want SQLSTATE %s", query, err, test.state)
		}
	}
}

// A record with a NUL is refused, and not for an outage: nobody should try again.
func TestNULIsRefused(t *testing.T) {
	sessions := map[string]func(*session.Record){
		"an ID":             func(r *session.Record) { *r = record(auth.Actor{}); r.ID = "a\x00b" },
		"an actor's ID":     func(r *session.Record) { *r = record(auth.Actor{Type: "user", ID: "a\x00b"}) },
		"an actor's type":   func(r *session.Record) { *r = record(auth.Actor{Type: "a\x00b", ID: "1"}) },
		"an identity":       func(r *session.Record) { r.Login.IdentityID = "\x00" },
		"a provider":        func(r *session.Record) { r.Login.Provider = "\x00" },
		"a scope":           func(r *session.Record) { r.Login.Scopes = auth.NewSet("a\x00") },
		"a role":            func(r *session.Record) { r.Login.Roles = auth.NewSet("a\x00") },
		"a factor":          func(r *session.Record) { r.Login.Factors = []auth.Factor{{Method: "\x00"}} },
		"metadata":          func(r *session.Record) { r.Login.AppMetadata = auth.RawMetadata("{\"a\":\"\x00\"}") },
		"a user agent":      func(r *session.Record) { r.UserAgent = "\x00" },
		"a value":           func(r *session.Record) { r.Values = auth.RawMetadata("{\"a\":\"\x00\"}") },
		"text that is none": func(r *session.Record) { r.Login.Provider = "\xff" },
	}
	keys := map[string]func(*apikey.Key){
		"an ID":         func(k *apikey.Key) { k.ID = "a\x00b" },
		"a title":       func(k *apikey.Key) { k.Title = "\x00" },
		"an owner":      func(k *apikey.Key) { k.Owner.ID = "\x00" },
		"a scope":       func(k *apikey.Key) { k.Scopes = auth.NewSet("\x00") },
		"who made it":   func(k *apikey.Key) { k.CreatedBy = "\x00" },
		"who ended it":  func(k *apikey.Key) { k.Revocation.By = "\x00" },
		"why it ended":  func(k *apikey.Key) { k.Revocation.Reason = "\x00" },
		"a channel":     func(k *apikey.Key) { k.Channels = auth.NewSet("\x00") },
		"what is shown": func(k *apikey.Key) { k.Redacted = "\x00" },
	}
	eachBackend(t, func(t *testing.T, d *database) {
		refused := func(what string, err error) {
			check(t, fmt.Sprintf("%s: refused, and for an outage (%v)", what, err),
				fmt.Sprint(err != nil, errors.Is(err, auth.ErrUnavailable)), "true false")
		}
		for what, change := range sessions {
			rec := record(somebody())
			change(&rec)
			refused("Create of a session with a NUL in "+what, d.Sessions().Create(t.Context(), rec))
			refused("Replace of a session with a NUL in "+what, d.Sessions().Replace(t.Context(), rec, time.Now()))
		}
		for what, change := range keys {
			k := key(somebody())
			change(&k)
			refused("Create of a key with a NUL in "+what, d.APIKeys().Create(t.Context(), k))
			refused("Replace of a key with a NUL in "+what, d.APIKeys().Replace(t.Context(), k))
		}
		refused("Revoke", d.Revocations().Revoke(t.Context(), "token:\x00", time.Now(), time.Now().Add(time.Hour)))
	})
}

// Metadata is the application's: it comes back as it was written, to the byte.
func TestMetadataIsKeptAsItWasWritten(t *testing.T) {
	objects := []string{
		`{"a":"\u0000"}`, `{"a":"\ud800"}`, `{ "b" : 1.0,  "a":1e2, "a":2 }`, `{"large":18446744073709551615.0000}`, "{}",
		`{"slash":"\/","tab":"\t","script":"用户 🗝️","<":"&"}`,
	}
	eachBackend(t, func(t *testing.T, d *database) {
		for _, object := range objects {
			rec := record(somebody())
			rec.Login.AppMetadata, rec.Login.UserMetadata = auth.RawMetadata(object), auth.RawMetadata(object)
			must(t, d.Sessions().Create(t.Context(), rec))
			must(t, d.Sessions().Replace(t.Context(), rec, time.Now()))
			got, err := d.Sessions().Get(t.Context(), rec.ID, time.Now())
			must(t, err)
			for _, m := range []json.Marshaler{got.Login.AppMetadata, got.Login.UserMetadata} {
				text, err := m.MarshalJSON()
				must(t, err)
				check(t, "metadata", string(text), object)
			}
		}
	})
}

// MariaDB counts the rows that an UPDATE changed, not those that it found, unless the driver asks for it. What writes what
// is there already would look like what found nothing.
func TestUpdateThatChangesNothing(t *testing.T) {
	for settings, want := range map[string]int64{"": 0, "?clientFoundRows=true": 1} {
		t.Run("settings "+settings, func(t *testing.T) {
			d := migratedAt(t, mariadb, mariadb.dsn(t)+settings)
			rec := d.created(t)
			result, err := d.db.ExecContext(t.Context(), "UPDATE "+d.opts.Prefix+"sessions SET version = 1 WHERE id = ?", rec.ID)
			must(t, err)
			changed, err := result.RowsAffected()
			must(t, err)
			check(t, "rows of an UPDATE that changes nothing", changed, want)
		})
	}
	for name, b := range map[string]struct {
		backend
		settings string
	}{
		"PostgreSQL": {postgres, ""}, "MariaDB": {mariadb, ""}, "MariaDB that counts found rows": {mariadb, "?clientFoundRows=true"},
		"SQLite": {sqlite, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := migratedAt(t, b.backend, b.dsn(t)+b.settings)
			rec, k, until := d.created(t), key(somebody()), time.Now().Add(time.Hour)
			must(t, d.APIKeys().Create(t.Context(), k))
			ring := d.ring(t)
			must(t, ring.Swap(t.Context(), 0, []byte("state")))
			for version := int64(1); version < 4; version++ {
				rec.Version, k.Version = version, version
				must(t, d.Sessions().Replace(t.Context(), rec, time.Now()))
				must(t, d.APIKeys().Replace(t.Context(), k))
				must(t, ring.Swap(t.Context(), version, []byte("state")))
				must(t, d.Revocations().Revoke(t.Context(), "token:a", until, until))
			}
		})
	}
}

// comebacks counts in how many rounds a session is there after replace and DeleteAll at once. It ends early after enough.
func comebacks(t *testing.T, d *database, rounds, enough int, replace func(session.Record) error) (n int) {
	t.Helper()
	actor := somebody()
	for range rounds {
		rec := record(actor)
		must(t, d.Sessions().Create(t.Context(), rec))
		errs := together(2, func(i int) error {
			if i == 0 {
				if err := replace(rec); !errors.Is(err, session.ErrNotFound) {
					return err
				}
				return nil
			}
			_, err := d.Sessions().DeleteAll(t.Context(), actor, "")
			return err
		})
		must(t, errors.Join(errs...))
		if _, err := d.Sessions().Get(t.Context(), rec.ID, time.Now()); !errors.Is(err, session.ErrNotFound) {
			must(t, err)
			must(t, d.Sessions().Delete(t.Context(), rec.ID))
			if n++; n == enough {
				return n
			}
		}
	}
	return n
}

// A session that was ended stays ended, whoever was about to renew it: Replace changes the row where it is. One that
// deleted it and made another would bring it back.
func TestReplaceBringsNothingBack(t *testing.T) {
	eachBackend(t, func(t *testing.T, d *database) {
		const rounds = 1000
		check(t, "sessions that came back", comebacks(t, d, rounds, rounds, func(rec session.Record) error {
			return d.Sessions().Replace(t.Context(), rec, time.Now())
		}), 0)
		check(t, "sessions that come back in this test if they are deleted and made again",
			comebacks(t, d, rounds, 1, func(rec session.Record) error {
				return errors.Join(d.Sessions().Delete(t.Context(), rec.ID), d.Sessions().Create(t.Context(), rec))
			}), 1)
	})
}

// Times are read as they were written, by whatever settings, also those that the clocks of a zone leave out or show twice.
func TestTimesThroughOtherSettings(t *testing.T) {
	settings := map[string][]string{
		"PostgreSQL": {"", "?timezone=Europe%2FBerlin", "?timezone=Asia%2FKathmandu&default_query_exec_mode=simple_protocol"},
		"MariaDB": {
			"", "?parseTime=true", "?parseTime=true&loc=Europe%2FBerlin", "?loc=America%2FNew_York&time_zone=%27%2B05%3A45%27",
			"?parseTime=true&loc=Europe%2FBerlin&interpolateParams=true&time_zone=%27-08%3A00%27",
		},
		"SQLite": {"", "&_time_format=sqlite", "&_timezone=Europe%2FBerlin", "&_texttotime=1"},
	}
	times := []time.Time{
		time.Date(2027, 3, 28, 0, 59, 59, 999_999_000, time.UTC), // Berlin's clocks go from 2:00 to 3:00 at 1:00 UTC
		time.Date(2027, 3, 28, 1, 0, 0, 0, time.UTC),
		time.Date(2027, 3, 28, 2, 30, 0, 1000, time.UTC), // 2:30 is a time of day that Berlin does not have
		time.Date(2027, 10, 31, 0, 30, 0, 0, time.UTC),   // 2:30 in Berlin
		time.Date(2027, 10, 31, 1, 30, 0, 0, time.UTC),   // 2:30 again
		time.Date(2027, 3, 14, 2, 30, 0, 0, time.UTC),    // not in New York
		time.Date(1970, 1, 1, 0, 0, 1, 0, time.UTC),
		time.Date(9999, 12, 31, 11, 59, 59, 999_999_000, time.UTC),
	}
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			d := migrated(t, b)
			stores := make([]*database, len(settings[b.name]))
			for i, s := range settings[b.name] {
				stores[i] = d.by(t, pool(t, b, d.at+s))
			}
			for i, writer := range stores {
				for _, at := range times {
					rec, k, id := record(somebody()), key(somebody()), token.NewID()
					rec.Created, rec.Renewed, rec.Expires, rec.EndsBy, k.ExpiresAt = at, at, at, at, at
					must(t, writer.Sessions().Create(t.Context(), rec))
					must(t, writer.APIKeys().Create(t.Context(), k))
					must(t, writer.Revocations().Revoke(t.Context(), id, at, at))
					for j, reader := range stores {
						what := fmt.Sprintf("%v written with %q and read with %q", at, settings[b.name][i], settings[b.name][j])
						readTimes(t, what, reader, rec, k, id)
					}
				}
			}
		})
	}
}

// readTimes looks for records all of whose times are the same, until just before it and then.
func readTimes(t *testing.T, what string, d *database, rec session.Record, k apikey.Key, id string) {
	t.Helper()
	at, before := rec.Expires, rec.Expires.Add(-time.Microsecond)
	got, err := d.Sessions().Get(t.Context(), rec.ID, before)
	must(t, err)
	gotKey, err := d.APIKeys().Get(t.Context(), k.ID)
	must(t, err)
	upTo, err := d.Revocations().RevokedUpTo(t.Context(), before, id)
	must(t, err)
	for _, read := range slices.Concat([]time.Time{got.Created, got.Renewed, got.Expires, got.EndsBy, gotKey.ExpiresAt}, upTo) {
		check(t, what, read, at)
	}
	_, err = d.Sessions().Get(t.Context(), rec.ID, at)
	checkIs(t, what+", when it has come", err, session.ErrNotFound)
	upTo, err = d.Revocations().RevokedUpTo(t.Context(), at, id)
	must(t, err)
	check(t, what+", when it has come: is revoked", upTo[0].IsZero(), true)
	check(t, what+", is in UTC", strings.HasSuffix(got.Expires.String(), "+0000 UTC"), true)
}
