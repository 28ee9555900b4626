package login_test

import (
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

// somebody returns an identity that can be kept.
func somebody() login.AuthIdentity {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	return login.AuthIdentity{
		ID: token.NewID(), Actors: []auth.Actor{{Type: "customer", ID: "7"}}, CreatedAt: now, UpdatedAt: now,
		Providers: []login.ProviderIdentity{{Provider: "emailpass", EntityID: "ann@example.com", CreatedAt: now, UpdatedAt: now}},
	}
}

func TestAuthIdentityCheck(t *testing.T) {
	many := func(n int, of string) string { return strings.Repeat(of, n) }
	west := time.FixedZone("west", -5*60*60)
	tests := []struct {
		name string
		edit func(i *login.AuthIdentity)
		ok   bool
	}{
		{"as it is", func(*login.AuthIdentity) {}, true},
		{"without actors", func(i *login.AuthIdentity) { i.Actors = nil }, true},
		{"an actor of each of two types", func(i *login.AuthIdentity) { i.Actors = append(i.Actors, auth.Actor{Type: "user", ID: "7"}) }, true},
		{"two actors of a type", func(i *login.AuthIdentity) { i.Actors = append(i.Actors, auth.Actor{Type: "customer", ID: "8"}) }, false},
		{"an actor without a type", func(i *login.AuthIdentity) { i.Actors[0].Type = "" }, false},
		{"an actor without an ID", func(i *login.AuthIdentity) { i.Actors[0].ID = "" }, false},
		{"no ID", func(i *login.AuthIdentity) { i.ID = "" }, false},
		{"an ID that is none", func(i *login.AuthIdentity) { i.ID = "Ann of the second floor" }, false},
		{"no way to log in", func(i *login.AuthIdentity) { i.Providers = nil }, false},
		{"two ways to log in", func(i *login.AuthIdentity) {
			i.Providers = append(i.Providers, i.Providers[0])
			i.Providers[1].Provider = "google"
		}, true},
		{"one of them twice", func(i *login.AuthIdentity) { i.Providers = append(i.Providers, i.Providers[0]) }, false},
		{"no provider", func(i *login.AuthIdentity) { i.Providers[0].Provider = "" }, false},
		{"no entity", func(i *login.AuthIdentity) { i.Providers[0].EntityID = "" }, false},
		{"an entity of 256 bytes", func(i *login.AuthIdentity) { i.Providers[0].EntityID = many(256, "a") }, true},
		{"an entity of 257", func(i *login.AuthIdentity) { i.Providers[0].EntityID = many(257, "a") }, false},
		{"an entity with a NUL", func(i *login.AuthIdentity) { i.Providers[0].EntityID = "a\x00b" }, false},
		{"an identifier that is no UTF-8", func(i *login.AuthIdentity) { i.Providers[0].Identifier = "a\xff" }, false},
		{"a secret of 4 KiB", func(i *login.AuthIdentity) { i.Providers[0].Secret = token.NewSecret(many(4<<10, "s")) }, true},
		{"a secret of more", func(i *login.AuthIdentity) { i.Providers[0].Secret = token.NewSecret(many(4<<10+1, "s")) }, false},
		{"metadata that is no JSON", func(i *login.AuthIdentity) { i.AppMetadata = auth.RawMetadata("{") }, false},
		{"metadata of more than 64 KiB", func(i *login.AuthIdentity) { i.AppMetadata = auth.RawMetadata(`{"a":"` + many(64<<10, "a") + `"}`) }, false},
		{"no time", func(i *login.AuthIdentity) { i.UpdatedAt = time.Time{} }, false},
		{"a way without one", func(i *login.AuthIdentity) { i.Providers[0].CreatedAt = time.Time{} }, false},
		{"a time before 1970", func(i *login.AuthIdentity) { i.DisabledAt = time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC) }, false},
		{"the last day there is", func(i *login.AuthIdentity) { i.DisabledAt = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC) }, true},
		{"a day that is one later", func(i *login.AuthIdentity) { i.DisabledAt = time.Date(9999, 12, 31, 23, 0, 0, 0, west) }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			i := somebody()
			tt.edit(&i)
			check(t, "it can be kept", i.Check() == nil, tt.ok)
		})
	}
}
