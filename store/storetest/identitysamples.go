package storetest

import (
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

// maxWays is how many providers and actors an identity may have.
const maxWays = 16

var identitySamples = []sample[login.AuthIdentity]{
	{"a full identity", fullIdentity},
	{"an identity with nothing but an ID and a way", func() login.AuthIdentity {
		i := fullIdentity()
		p := i.Providers[0]
		return login.AuthIdentity{ID: i.ID, CreatedAt: i.CreatedAt, UpdatedAt: i.UpdatedAt, Providers: []login.ProviderIdentity{
			{Provider: p.Provider, EntityID: p.EntityID, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt},
		}}
	}},
	{"an identity with the shortest ID and names", func() login.AuthIdentity {
		i := fullIdentity()
		i.ID = i.ID[:16]
		i.Actors = []auth.Actor{{Type: "u", ID: "1"}, {Type: "c", ID: "1"}}
		i.Providers[0].Provider, i.Providers[0].Identifier = "p", "e"
		return i
	}},
	{"an identity that is disabled, all of whose ways are verified", func() login.AuthIdentity {
		i := fullIdentity()
		for n := range i.Providers {
			i.Providers[n].VerifiedAt = i.CreatedAt
		}
		return i
	}},
	{"an identity that is not disabled, none of whose ways is verified", func() login.AuthIdentity {
		i := fullIdentity()
		i.DisabledAt = time.Time{}
		for n := range i.Providers {
			i.Providers[n].VerifiedAt = time.Time{}
		}
		return i
	}},
	{"an identity whose times are in another zone", func() login.AuthIdentity {
		i := fullIdentity()
		i.DisabledAt, i.CreatedAt, i.UpdatedAt = i.DisabledAt.In(faraway), i.CreatedAt.In(faraway), i.UpdatedAt.In(faraway)
		for n := range i.Providers {
			p := &i.Providers[n]
			p.VerifiedAt, p.CreatedAt, p.UpdatedAt = i.DisabledAt, p.CreatedAt.In(faraway), p.UpdatedAt.In(faraway)
		}
		return i
	}},
	{"an identity with the first and the last times", func() login.AuthIdentity {
		i := fullIdentity()
		first, last := time.Unix(0, 1000).UTC(), time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
		i.CreatedAt, i.UpdatedAt, i.DisabledAt = first, last, last
		i.Providers[0].CreatedAt, i.Providers[0].UpdatedAt, i.Providers[0].VerifiedAt = first, last, first
		return i
	}},
	{"an identity in many scripts", func() login.AuthIdentity {
		i := fullIdentity()
		i.Actors = []auth.Actor{{Type: scripts, ID: scripts}, {Type: scripts + "s", ID: scripts}}
		i.AppMetadata = metadata(map[string]any{scripts: scripts})
		p := &i.Providers[1]
		p.Provider, p.EntityID, p.Identifier, p.Secret = scripts, scripts+token.NewID(), scripts, token.NewSecret(scripts)
		p.UserMetadata = metadata(map[string]any{scripts: scripts})
		return i
	}},
	{"an identity with the longest names and secrets", func() login.AuthIdentity {
		i := fullIdentity()
		i.ID += strings.Repeat("a", 64-len(i.ID))
		i.Actors[0] = auth.Actor{Type: long, ID: long}
		for n := range i.Providers {
			p := &i.Providers[n]
			p.Provider, p.EntityID, p.Identifier = long, longID(), long
			p.Secret = token.NewSecret(strings.Repeat(long, 4<<10/len(long)))
		}
		return i
	}},
	{"an identity with secrets that are no hashes", func() login.AuthIdentity {
		i := fullIdentity()
		i.Providers[0].Secret = token.NewSecret("[redacted]")
		i.Providers[1].Secret = token.NewSecret("{\"k\":1} \r\n\t' \\ $argon2id$v=19$ ")
		i.Providers[2].Secret = token.NewSecret(" ")
		return i
	}},
	{"an identity with ways in no order that there is", func() login.AuthIdentity {
		i := fullIdentity()
		entity := token.NewID()
		for n, provider := range []string{"b", "B", "a", "b "} {
			p := newProvider(n)
			p.Provider, p.EntityID = provider, entity
			i.Providers = append([]login.ProviderIdentity{p}, i.Providers...)
		}
		i.Actors = []auth.Actor{{Type: "z", ID: "2"}, {Type: "Z", ID: "1"}, {Type: "a", ID: "3"}, {Type: "z ", ID: "2"}}
		return i
	}},
	{"an identity with as many ways and actors as it may have", func() login.AuthIdentity {
		i := fullIdentity()
		i.Actors = nil
		for n := range maxWays {
			i.Actors = append(i.Actors, auth.Actor{Type: fmt.Sprint("type ", (n*7)%maxWays), ID: token.NewID()})
		}
		for n := len(i.Providers); n < maxWays; n++ {
			i.Providers = append(i.Providers, newProvider(n))
		}
		return i
	}},
	{"an identity with intricate metadata", func() login.AuthIdentity {
		i := fullIdentity()
		i.AppMetadata = auth.RawMetadata(intricate)
		i.Providers[0].UserMetadata, i.Providers[1].UserMetadata = auth.RawMetadata(intricate), auth.RawMetadata(deep)
		return i
	}},
	{"an identity with empty metadata", func() login.AuthIdentity {
		i := fullIdentity()
		i.AppMetadata = auth.RawMetadata("{}")
		i.Providers[0].UserMetadata, i.Providers[1].UserMetadata = auth.RawMetadata("{}"), auth.Metadata{}
		return i
	}},
	{"an identity as large as Check allows", func() login.AuthIdentity { return filledIdentity(largestIdentity()) }},
}

// filledIdentity returns an identity with so much metadata.
func filledIdentity(bytes int) login.AuthIdentity {
	i := fullIdentity()
	i.AppMetadata = auth.RawMetadata(`{"a":"` + strings.Repeat("\u7528", bytes/3) + strings.Repeat("x", bytes%3) + `"}`)
	return i
}

// largestIdentity is how much of it an identity may have.
var largestIdentity = sync.OnceValue(func() int {
	return sort.Search(1<<20, func(bytes int) bool { return filledIdentity(bytes+1).Check() != nil })
})

// fullIdentity returns an identity with all fields set, times to the microsecond, and three ways that are its own.
func fullIdentity() login.AuthIdentity {
	now := time.Now().UTC().Truncate(time.Second)
	return login.AuthIdentity{
		ID:      token.NewID(),
		Version: 1,
		Actors:  []auth.Actor{{Type: "user", ID: token.NewID()}, {Type: "customer", ID: token.NewID()}},
		AppMetadata: metadata(map[string]any{
			"user_id": token.NewID(), "nested": map[string]any{"list": []any{1, "two", nil, true, 2.5}}, "large": uint64(1<<63 + 1),
		}),
		DisabledAt: now.Add(-time.Second + 100_001*time.Microsecond),
		CreatedAt:  now.Add(-time.Hour + 123_456*time.Microsecond),
		UpdatedAt:  now.Add(-time.Minute + 2*time.Microsecond),
		Providers:  []login.ProviderIdentity{newProvider(0), newProvider(1), newProvider(2)},
	}
}

// newProvider returns a way with all fields set, the nth of an identity.
func newProvider(n int) login.ProviderIdentity {
	now, entity := time.Now().UTC().Truncate(time.Second), token.NewID()
	return login.ProviderIdentity{
		Provider:     []string{"emailpass", "google", "github"}[n%3],
		EntityID:     entity + "@example.com",
		Identifier:   "Ann." + entity + "@Example.com",
		Secret:       token.NewSecret("$argon2id$v=19$m=65536,t=3,p=1$" + token.NewID()),
		UserMetadata: metadata(map[string]any{"name": "Ann " + entity, "empty": ""}),
		VerifiedAt:   now.Add(-time.Minute + time.Duration(999_999-n)*time.Microsecond),
		CreatedAt:    now.Add(-time.Hour + time.Duration(654_321+n)*time.Microsecond),
		UpdatedAt:    now.Add(-time.Minute + time.Duration(111_111+n)*time.Microsecond),
	}
}

// identitySpots are where an identity has text.
var identitySpots = []spot[login.AuthIdentity]{
	{"the ID", func(i *login.AuthIdentity, text string) { i.ID += text }},
	{"the type of an actor", func(i *login.AuthIdentity, text string) { i.Actors[1].Type = text }},
	{"the ID of an actor", func(i *login.AuthIdentity, text string) { i.Actors[1].ID = text }},
	{"metadata of the application", func(i *login.AuthIdentity, text string) {
		i.AppMetadata = auth.RawMetadata(`{"a":"` + text + `"}`)
	}},
	{"the provider", func(i *login.AuthIdentity, text string) { i.Providers[1].Provider = text }},
	{"the entity", func(i *login.AuthIdentity, text string) { i.Providers[1].EntityID = text }},
	{"the identifier", func(i *login.AuthIdentity, text string) { i.Providers[1].Identifier = text }},
	{"the secret", func(i *login.AuthIdentity, text string) { i.Providers[1].Secret = token.NewSecret(text) }},
	{"the name of a member in metadata of the user", func(i *login.AuthIdentity, text string) {
		i.Providers[1].UserMetadata = auth.RawMetadata(`{"` + text + `":1}`)
	}},
}
