package auth_test

import (
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
)

func TestAllOf(t *testing.T) {
	ok := func(actorType, id string) auth.Scheme {
		return always(&auth.AuthContext{Actor: auth.Actor{Type: actorType, ID: id}}, nil)
	}
	none := always(nil, auth.NoCredentials(auth.Challenge{Scheme: "None"}))
	invalid := unauthorized(`Credentials realm="api", error="invalid_token"`)
	tests := []struct {
		name        string
		first       auth.Scheme
		second, and auth.Scheme
		want        reply
	}{
		{"all of one actor", ok("user", "1"), ok("user", "1"), ok("user", "1"), passed("user 1")},
		{"one with an actor first", ok("user", "1"), ok("", ""), ok("cert", ""), passed("user 1")},
		{"two of different actors", ok("user", "1"), ok("user", "2"), ok("", ""), invalid},
		{"two of different actors, one of them last", ok("user", "1"), ok("", ""), ok("user", "2"), invalid},
		{"two of different actors behind one without", ok("", ""), ok("user", "1"), ok("user", "2"), invalid},
		{"two of the same ID and another type", ok("user", "1"), ok("admin", "1"), ok("", ""), invalid},
		{"no first", none, ok("user", "1"), ok("user", "1"), unauthorized("None")},
		{"no last", ok("user", "1"), ok("user", "1"), none, unauthorized("None")},
		{"none at all", none, none, none, unauthorized("None", "None", "None")},
		{"a bad one among none", none, always(nil, errBad), none, invalid},
		{"a bad one behind a half", ok("user", "1"), none, always(nil, errBad), invalid},
		{"a failure behind a half", none, ok("user", "1"), always(nil, errDown), unavailable()},
		{"a failure before a bad one", ok("user", "1"), always(nil, errDown), always(nil, errBad), unavailable()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			check(t, require(auth.AllOf(tt.first, tt.second, tt.and), get(), auth.AllowUnregistered), tt.want)
			check(t, require(auth.AllOf(tt.first, auth.AllOf(tt.second, tt.and)), get(), auth.AllowUnregistered), tt.want)
			check(t, require(auth.AllOf(tt.first, auth.Then(auth.AllOf(tt.second, tt.and), counting(new(int)))), get(), auth.AllowUnregistered), tt.want)
			check(t, require(auth.AllOf(tt.first, auth.AnyOf(auth.AllOf(tt.second, tt.and))), get(), auth.AllowUnregistered), tt.want)
		})
	}
}

// Half of the credentials is invalid, also where none would be fine.
func TestAllOfHalfIsNotAnonymous(t *testing.T) {
	s := auth.AllOf(auth.Bearer(users(), nil), auth.Header("X-API-Key", users()), auth.Cookie("sid", users(), nil))
	clear := "sid=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"
	bearer, key, cookie := `Bearer realm="api"`, `ApiKey realm="api", header="X-Api-Key"`, `Cookie realm="api"`
	tests := []struct {
		name    string
		request []string
		want    reply
	}{
		{"none", nil, asAnonymous.vary()},
		{"all", []string{"Authorization: Bearer a11ce", "X-API-Key: a11ce", "Cookie: sid=a11ce"}, asAlice.vary()},
		{"all, of two actors", []string{"Authorization: Bearer a11ce", "X-API-Key: a11ce", "Cookie: sid=b0b"}, unauthorized(cookie + `, error="invalid_token"`)},
		{"no token", []string{"X-API-Key: a11ce", "Cookie: sid=a11ce"}, unauthorized(bearer)},
		{"no key", []string{"Authorization: Bearer a11ce", "Cookie: sid=a11ce"}, unauthorized(key)},
		{"no cookie", []string{"Authorization: Bearer a11ce", "X-API-Key: a11ce"}, unauthorized(cookie)},
		{"a stale cookie", []string{"Authorization: Bearer a11ce", "X-API-Key: a11ce", "Cookie: sid=old"}, unauthorized(cookie).setting(clear)},
		{"a cookie only", []string{"Cookie: sid=a11ce"}, unauthorized(bearer, key)},
		{"a stale cookie only", []string{"Cookie: sid=old"}, asAnonymous.vary().setting(clear)},
		{"a bad key", []string{"Authorization: Bearer a11ce", "X-API-Key: bad", "Cookie: sid=a11ce"}, unauthorized(key + `, error="invalid_token"`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, optional(s, get(tt.request...)), tt.want) })
	}
}

func TestAllOfExpires(t *testing.T) {
	early, late, never := time.Unix(1, 0), time.Unix(2, 0), time.Time{}
	tests := []struct {
		name                      string
		first, second, last, want time.Time
	}{
		{"the first's is the earliest", early, late, never, early},
		{"the second's is", late, early, never, early},
		{"the last's is", never, late, early, early},
		{"the only one", never, never, late, late},
		{"none", never, never, never, never},
		{"the same", early, early, early, early},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			shared := [3]auth.AuthContext{
				{Actor: alice.Actor, CredentialID: "first", Expires: tt.first},
				{Actor: alice.Actor, CredentialID: "second", Expires: tt.second, Scopes: auth.NewSet("*"), Roles: auth.NewSet("admin")},
				{Actor: alice.Actor, CredentialID: "last", Expires: tt.last},
			}
			s := auth.AllOf(always(&shared[0], nil), always(&shared[1], nil), always(&shared[2], nil))
			ac := must(auth.New(s, nil).Check(get()))
			check(t, ac.Expires, tt.want)
			check(t, ac.CredentialID, "first")
			check(t, ac.Scopes.Len()+ac.Roles.Len(), 0) // what others may do is not added
			check(t, shared[0].Expires, tt.first)       // which other requests share
		})
	}
}

// Two log-ins of different identities are two people, also while they have no actor.
func TestAllOfIdentities(t *testing.T) {
	victim := always(&auth.AuthContext{IdentityID: "victim"}, nil)
	mallory := always(&auth.AuthContext{IdentityID: "mallory"}, nil)
	check(t, require(auth.AllOf(victim, mallory), get(), auth.AllowUnregistered).Status, 401)
	check(t, require(auth.AllOf(victim, victim), get(), auth.AllowUnregistered).Status, 200)
	byPassword := always(&auth.AuthContext{Actor: alice.Actor, IdentityID: "password"}, nil)
	byProvider := always(&auth.AuthContext{Actor: alice.Actor, IdentityID: "provider"}, nil)
	check(t, require(auth.AllOf(byPassword, byProvider), get()).Status, 200)
	check(t, require(auth.AllOf(byPassword, mallory), get()).Status, 401)
}
