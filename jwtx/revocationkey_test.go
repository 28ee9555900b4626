package jwtx_test

import (
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/jwtx"
)

// keysFor returns the keys that a store is asked about for a token.
func keysFor(t *testing.T, iss, jti, sid string, actor auth.Actor) []string {
	t.Helper()
	o, now := newOffice(nil), time.Now()
	r := jwtx.Revocable{Issuer: iss, ID: jti, SessionID: sid, Actor: actor, IssuedAt: now, Expires: now.Add(time.Hour)}
	if revoked, err := o.Revoked(t.Context(), r); revoked || err != nil {
		t.Errorf("revoked is %v; %v", revoked, err)
	}
	return o.store.keys
}

// Keys stay what they are: with others, all that is revoked would be good again. These were computed with sha256sum.
func TestRevocationKeys(t *testing.T) {
	want := []string{
		"token:2d306aff38b4c230923566ed900bf3956402ea4f411a0528ace5ee582a82bdb8",
		"session:3209ebb3de6254b871317222601f237629b128065cb675027be4b5fb5b429bcd",
		"actor:7019d92a5b10228f0cceba8619851872a9c5308a20446ef86b8fe15de747d0c9",
	}
	got := keysFor(t, issuer, "t1", "s1", u1)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("asked about\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	o := newOffice(nil)
	for i, name := range []string{"RevokeToken", "RevokeSession", "RevokeActor"} {
		if err := o.ways()[name](t.Context()); err != nil || o.store.keys[0] != want[i] {
			t.Errorf("%s of %s, want %s; %v", name, o.store.keys[0], want[i], err)
		}
	}
}

// Whatever an ID is, its key is short and plain, and no other's.
func TestRevocationKeysAreApart(t *testing.T) {
	seen := map[string]string{}
	add := func(what, key string) {
		if other, ok := seen[key]; ok {
			t.Errorf("%q and %q have the key %s", what, other, key)
		}
		seen[key] = what
		if len(key) > 80 || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789:") != "" {
			t.Errorf("%q has the key %q", what, key)
		}
	}
	for _, pair := range [][2]string{
		{"i", "a"}, {"a", "i"}, {"ia", "a"}, {"i", "aa"}, {"i", "A"}, {"I", "a"}, {"i", "a\x00"}, {"i\x00", "a"}, {"i", "\x00a"},
		{"i", "a "}, {"i", "é"}, {"i", "e\u0301"}, {"i", "\xff"}, {"i", "\ufffd"}, {"i", "*"}, {"i", "%"},
		{"i", "a:b"}, {"i:a", "b"},
		{"i", "token:a"}, {"i", strings.Repeat("a", 511)}, {"i", strings.Repeat("a", 512)}, {"i", strings.Repeat("a", 8<<10)},
		{"i", strings.Repeat("a", 8<<10-1) + "b"}, {strings.Repeat("a", 8<<10), "i"},
	} {
		keys := keysFor(t, pair[0], pair[1], pair[1], auth.Actor{Type: pair[0], ID: pair[1]})
		for i, kind := range []string{"token", "session", "actor"} {
			add(kind+" "+pair[0]+" "+pair[1], keys[i])
		}
	}
}
