package storetest

import (
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
)

// scripts is text that every store must keep: a byte order mark at the start, quotes, a backslash, line breaks, a tab, a
// combining character, one that a character could stand for as well, scripts that are written from right to left, with the
// marks for that, characters of private use, the one that stands for what cannot be read, a noncharacter, some beyond 16
// bits, and blanks at the end.
const scripts = "\ufeffO'Brien \"\\ \r\n\tZoe\u0308 \u212b \u7528\u6237 \u05e9\u05dc\u05d5\u05dd " +
	"\u202e\u0633\u0644\u0627\u0645\u202c \ue000\U0010fffd \ufffd \uffff \U0001F5DD\n\n \t  "

// long is a text of 256 bytes, of which each character has four.
var long = strings.Repeat("\U0001F5DD", 64)

// intricate is metadata whose text is more than its value: what a JSON library makes of it may be something else.
const intricate = `{ "nul":"\u0000", "half":"\ud800 \udc00\ud800", "pair":"\ud83d\udddd", "huge":1e400, "tiny":-1.0e-400, ` +
	`"one":1.0, "precise":12345678901234567890, "fraction":0.10000000000000000000000001, ` +
	`"zero":-0, "twice":1, "twice":{"b":2}, "":"", "escaped\u002f\/":"<&>\u2028", "A":1, "a":2, "__proto__":null, "empty":[{},[]]}`

// deep is metadata of 32 levels.
var deep = strings.Repeat(`{"a":[`, 16) + `"b"` + strings.Repeat("]}", 16)

// faraway is a zone that no server is in.
var faraway = time.FixedZone("", 5*60*60+45*60)

var sessionSamples = []sample[session.Record]{
	{"a full record", fullSession},
	{"a record with nothing but an ID and an end", func() session.Record {
		return session.Record{ID: token.NewID(), Expires: fullSession().Expires}
	}},
	{"a record whose times are in another zone", func() session.Record {
		r := fullSession()
		r.Created, r.Renewed = r.Created.In(faraway), r.Renewed.In(faraway)
		r.Expires, r.EndsBy = r.Expires.In(faraway), r.EndsBy.In(faraway)
		r.Login.Factors[0].At = r.Login.Factors[0].At.In(faraway)
		return r
	}},
	{"a record in many scripts", func() session.Record {
		r := fullSession()
		r.Login.Actor = auth.Actor{Type: scripts, ID: scripts + token.NewID()}
		r.ID = session.NewID(r.Login.Actor)
		r.Login.IdentityID, r.Login.Provider = scripts, scripts
		r.Login.Scopes, r.Login.Roles = auth.NewSet(scripts, "a b", "a", "b,c"), auth.NewSet(scripts, "*")
		r.Login.Factors[0].Method = scripts
		r.Login.AppMetadata = metadata(map[string]any{scripts: scripts})
		return r
	}},
	{"a record with the longest names", func() session.Record {
		r := fullSession()
		r.Login.Actor = auth.Actor{Type: long, ID: longID()}
		r.ID = session.NewID(r.Login.Actor)
		r.Login.IdentityID, r.Login.Provider = long, long
		return r
	}},
	{"a record with intricate metadata", func() session.Record {
		r := fullSession()
		r.Login.AppMetadata, r.Login.UserMetadata = auth.RawMetadata(intricate), auth.RawMetadata(deep)
		return r
	}},
	{"a record with empty metadata", func() session.Record {
		r := fullSession()
		r.Login.AppMetadata, r.Login.UserMetadata = auth.RawMetadata("{}"), auth.Metadata{}
		return r
	}},
	{"a record as large as Check allows", func() session.Record { return filled(largest()) }},
}

// longID returns an ID of an actor that has 256 bytes.
func longID() string {
	id := token.NewID()
	return id + strings.Repeat("\U0001F5DD", (256-len(id))/4)
}

// filled returns a record with so much metadata.
func filled(bytes int) session.Record {
	r := fullSession()
	r.Login.AppMetadata = auth.RawMetadata(`{"a":"` + strings.Repeat("\u7528", bytes/3) + strings.Repeat("x", bytes%3) + `"}`)
	return r
}

// largest is how much of it a record may have.
var largest = sync.OnceValue(func() int {
	return sort.Search(1<<20, func(bytes int) bool { return filled(bytes+1).Check() != nil })
})

// fullSession returns a record with all fields set, and times to the microsecond.
func fullSession() session.Record {
	now := time.Now().UTC().Truncate(time.Second)
	actor := auth.Actor{Type: "user", ID: token.NewID()}
	return session.Record{
		ID:      session.NewID(actor),
		Version: 1,
		Digest:  token.Sum(token.NewID()),
		Counter: 1<<62 + 1, // more than a floating-point number can tell from its neighbours
		Login: session.Login{
			Actor:      actor,
			IdentityID: "identity " + token.NewID(),
			Provider:   "emailpass",
			Scopes:     auth.NewSet("orders:read", "orders:write"),
			Roles:      auth.NewSet("admin"),
			Factors: []auth.Factor{
				{Method: "pwd", At: now.Add(-time.Hour + 100_001*time.Microsecond)},
				{Method: "otp", At: now.Add(-time.Hour + 999_999*time.Microsecond)},
			},
			AppMetadata: metadata(map[string]any{
				"user_id": "7", "nested": map[string]any{"list": []any{1, "two", nil, true, 2.5}}, "large": uint64(1<<63 + 1),
			}),
			UserMetadata: metadata(map[string]any{"name": "Ann", "empty": ""}),
		},
		Created: now.Add(-time.Hour + 123_456*time.Microsecond),
		Renewed: now.Add(-time.Minute + 1*time.Microsecond),
		Expires: now.Add(time.Hour + 654_321*time.Microsecond),
		EndsBy:  now.Add(24*time.Hour + 999_999*time.Microsecond),
	}
}

// metadata returns members, which encode to JSON.
func metadata(members map[string]any) auth.Metadata {
	m, err := auth.NewMetadata(members)
	if err != nil {
		panic(err)
	}
	return m
}

var keySamples = []sample[apikey.Key]{
	{"a full key", fullKey},
	{"a key with nothing but an ID", func() apikey.Key { return apikey.Key{ID: token.NewID()} }},
	{"a key that never expires and is not revoked", func() apikey.Key {
		k := fullKey()
		k.ExpiresAt, k.RevokedAt, k.RevokedBy = time.Time{}, time.Time{}, ""
		return k
	}},
	{"a key whose times are in another zone", func() apikey.Key {
		k := fullKey()
		k.CreatedAt, k.ExpiresAt, k.RevokedAt = k.CreatedAt.In(faraway), k.ExpiresAt.In(faraway), k.RevokedAt.In(faraway)
		return k
	}},
	{"a key in many scripts", func() apikey.Key {
		k := fullKey()
		k.Title, k.Redacted, k.CreatedBy, k.RevokedBy = scripts, scripts, scripts, scripts
		k.Owner = auth.Actor{Type: scripts, ID: scripts + token.NewID()}
		return k
	}},
	{"a key as large as package apikey issues them", func() apikey.Key {
		k := fullKey()
		k.Title = strings.Repeat("\U0001F5DD", 200)
		k.Owner = auth.Actor{Type: long, ID: longID()}
		k.Redacted, k.CreatedBy, k.RevokedBy = long, long, strings.Repeat("r", 256)
		var scopes []string
		for range 100 {
			scopes = append(scopes, token.NewID()+strings.Repeat("s", 128-24))
		}
		k.Scopes = auth.NewSet(scopes...)
		return k
	}},
}

// fullKey returns a key with all fields set, and times to the microsecond.
func fullKey() apikey.Key {
	now := time.Now().UTC().Truncate(time.Second)
	return apikey.Key{
		ID:        token.NewID(),
		Version:   1,
		Digest:    token.Sum(token.NewID()),
		Redacted:  "sk_abc***xyz",
		Title:     "nightly report",
		Owner:     auth.Actor{Type: "user", ID: token.NewID()},
		Scopes:    auth.NewSet("reports:read", "reports:write"),
		CreatedBy: "ann",
		CreatedAt: now.Add(-time.Hour + 123_456*time.Microsecond),
		ExpiresAt: now.Add(time.Hour + 654_321*time.Microsecond),
		RevokedAt: now.Add(-time.Minute + 1*time.Microsecond),
		RevokedBy: "bob",
	}
}
