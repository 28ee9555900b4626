package storetest

import (
	"math"
	"net/netip"
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
		r.Refreshed, r.Login.Factors[0].At = r.Refreshed.In(faraway), r.Login.Factors[0].At.In(faraway)
		return r
	}},
	{"a record in many scripts", func() session.Record {
		r := fullSession()
		r.Login.Actor = auth.Actor{Type: scripts, ID: scripts + token.NewID()}
		r.ID = session.NewID(r.Login.Actor)
		r.Login.IdentityID, r.Login.Provider = scripts, scripts
		r.Login.Scopes, r.Login.Roles = auth.NewSet(scripts, "a b", "a", "b,c"), auth.NewSet(scripts, "*")
		r.Login.Factors[0].Method = scripts
		r.Login.AppMetadata, r.Values = metadata(map[string]any{scripts: scripts}), metadata(map[string]any{scripts: scripts})
		r.UserAgent = scripts
		return r
	}},
	{"a record of a client with a long address", func() session.Record {
		r := fullSession()
		r.IP = netip.MustParseAddr("1111:2222:3333:4444:5555:6666:7777:8888")
		return r
	}},
	{"a record of a client with an address of IPv4 in one of IPv6", func() session.Record {
		r := fullSession()
		r.IP = netip.MustParseAddr("::ffff:255.255.255.255")
		return r
	}},
	{"a record whose counters are as high as they may be", func() session.Record {
		r := fullSession()
		r.Counter, r.Floor = math.MaxInt64, math.MaxInt64
		return r
	}},
	{"a record with the longest names", func() session.Record {
		r := fullSession()
		r.Login.Actor = auth.Actor{Type: long, ID: longID()}
		r.ID = session.NewID(r.Login.Actor)
		r.Login.IdentityID, r.Login.Provider, r.UserAgent = long, long, long
		return r
	}},
	{"a record with intricate metadata", func() session.Record {
		r := fullSession()
		r.Login.AppMetadata, r.Login.UserMetadata = auth.RawMetadata(intricate), auth.RawMetadata(deep)
		r.Values = auth.RawMetadata(intricate)
		return r
	}},
	{"a record with empty metadata", func() session.Record {
		r := fullSession()
		r.Login.AppMetadata, r.Login.UserMetadata, r.Values = auth.RawMetadata("{}"), auth.Metadata{}, auth.Metadata{}
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

		Counter:   1<<62 + 1, // more than a floating-point number can tell from its neighbours
		Floor:     1<<61 + 1,
		Refreshed: now.Add(-time.Second + 111_111*time.Microsecond),
		IP:        netip.MustParseAddr("192.0.2.7"),
		UserAgent: "Mozilla/5.0 (X11; Linux x86_64) " + token.NewID(),
		Values:    metadata(map[string]any{"cart": []any{"7", 8.5}, "note": "a\"b"}),
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
	{"a key with nothing but an ID and a kind", func() apikey.Key { return apikey.Key{ID: token.NewID(), Kind: apikey.Secret} }},
	{"a secret key that never expires, and is neither revoked nor disabled", func() apikey.Key {
		k := fullKey()
		k.Kind, k.Text, k.Channels = apikey.Secret, "", auth.Set{}
		k.ExpiresAt, k.Revocation, k.DisabledAt, k.DisabledBy = time.Time{}, apikey.Revocation{}, time.Time{}, ""
		return k
	}},
	{"a key that was revoked at once", func() apikey.Key {
		k := fullKey()
		k.Revocation.Until = time.Time{}
		return k
	}},
	{"a key whose times are in another zone", func() apikey.Key {
		k := fullKey()
		k.CreatedAt, k.UpdatedAt, k.ExpiresAt = k.CreatedAt.In(faraway), k.UpdatedAt.In(faraway), k.ExpiresAt.In(faraway)
		k.Revocation.At, k.Revocation.Until = k.Revocation.At.In(faraway), k.Revocation.Until.In(faraway)
		k.DisabledAt = k.DisabledAt.In(faraway)
		return k
	}},
	{"a key in many scripts", func() apikey.Key {
		k := fullKey()
		k.Environment, k.Text, k.Redacted, k.Title, k.CreatedBy = scripts, scripts, scripts, scripts, scripts
		k.Revocation.By, k.Revocation.Reason, k.DisabledBy = scripts, scripts, scripts
		k.Replaces, k.ReplacedBy = scripts, scripts
		k.Owner = auth.Actor{Type: scripts, ID: scripts + token.NewID()}
		k.Scopes, k.Channels = auth.NewSet(scripts, "a b", "a"), auth.NewSet(scripts, "b,c", "*")
		k.Metadata = metadata(map[string]any{scripts: scripts})
		return k
	}},
	{"a key with intricate metadata", func() apikey.Key {
		k := fullKey()
		k.Metadata = auth.RawMetadata(intricate)
		return k
	}},
	{"a key with empty metadata", func() apikey.Key {
		k := fullKey()
		k.Metadata = auth.RawMetadata("{}")
		return k
	}},
	{"a key with the longest text", func() apikey.Key {
		k := fullKey()
		k.Title, k.Revocation.Reason = strings.Repeat(long, 4), strings.Repeat("r", 1<<10)
		k.Owner = auth.Actor{Type: long, ID: longID()}
		k.Environment, k.Text, k.Redacted, k.CreatedBy = long, long, long, long
		k.Revocation.By, k.DisabledBy, k.Replaces, k.ReplacedBy = strings.Repeat("r", 256), long, long, long
		var scopes []string
		for range 100 {
			scopes = append(scopes, token.NewID()+strings.Repeat("s", 128-24))
		}
		k.Scopes = auth.NewSet(scopes...)
		return k
	}},
	{"a key as large as Check allows", func() apikey.Key { return filledKey(largestKey()) }},
}

// filledKey returns a key with so much metadata.
func filledKey(bytes int) apikey.Key {
	k := fullKey()
	k.Metadata = auth.RawMetadata(`{"a":"` + strings.Repeat("\u7528", bytes/3) + strings.Repeat("x", bytes%3) + `"}`)
	return k
}

// largestKey is how much of it a key may have.
var largestKey = sync.OnceValue(func() int {
	return sort.Search(1<<20, func(bytes int) bool { return filledKey(bytes+1).Check() != nil })
})

// fullKey returns a key with all fields set, and times to the microsecond.
func fullKey() apikey.Key {
	now := time.Now().UTC().Truncate(time.Second)
	return apikey.Key{
		ID:          token.NewID(),
		Version:     1,
		Kind:        apikey.Publishable,
		Environment: "live",
		Digest:      token.Sum(token.NewID()),
		Text:        "pk_live_" + token.NewID(),
		Redacted:    "pk_abc***xyz",
		Title:       "nightly report",
		Owner:       auth.Actor{Type: "user", ID: token.NewID()},
		Scopes:      auth.NewSet("reports:read", "reports:write"),
		Channels:    auth.NewSet("web", "shop floor"),
		Metadata:    metadata(map[string]any{"team": "billing", "nested": map[string]any{"list": []any{1, nil}}}),
		CreatedBy:   "ann",
		CreatedAt:   now.Add(-time.Hour + 123_456*time.Microsecond),
		UpdatedAt:   now.Add(-time.Minute + 2*time.Microsecond),
		ExpiresAt:   now.Add(time.Hour + 654_321*time.Microsecond),
		Revocation: apikey.Revocation{
			At: now.Add(-time.Minute + 1*time.Microsecond), By: "bob", Reason: "left the team",
			Until: now.Add(time.Minute + 999_999*time.Microsecond),
		},
		DisabledAt: now.Add(-time.Second + 100_001*time.Microsecond),
		DisabledBy: "eve",
		Replaces:   token.NewID(),
		ReplacedBy: token.NewID(),
	}
}
