package apikey_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

func TestLive(t *testing.T) {
	now := time.Now()
	tests := []struct {
		name string
		key  apikey.Key
		live bool
	}{
		{"without an end", apikey.Key{}, true},
		{"before it expires", apikey.Key{ExpiresAt: now.Add(1)}, true},
		{"when it expires", apikey.Key{ExpiresAt: now}, false},
		{"after it expired", apikey.Key{ExpiresAt: now.Add(-1)}, false},
		{"when it is revoked", apikey.Key{Revocation: apikey.Revocation{At: now}}, false},
		{"after it was revoked", apikey.Key{Revocation: apikey.Revocation{At: now.Add(-1)}}, false},
		{"expired, not revoked yet", apikey.Key{ExpiresAt: now.Add(-1), Revocation: apikey.Revocation{At: now.Add(1)}}, false},
		{"revoked before it expires", apikey.Key{ExpiresAt: now.Add(1), Revocation: apikey.Revocation{At: now}}, false},
		{"revoked for later", apikey.Key{Revocation: apikey.Revocation{At: now, Until: now.Add(1)}}, true},
		{"revoked for now", apikey.Key{Revocation: apikey.Revocation{At: now.Add(-1), Until: now}}, false},
		{"revoked at once, by a clock that is ahead", apikey.Key{Revocation: apikey.Revocation{At: now.Add(time.Hour)}}, false},
		{"disabled", apikey.Key{DisabledAt: now.Add(time.Hour)}, false},
		{"disabled, and revoked for later", apikey.Key{DisabledAt: now, Revocation: apikey.Revocation{At: now, Until: now.Add(1)}}, false},
		{"in another zone, when it expires", apikey.Key{ExpiresAt: now.In(time.FixedZone("", 20700))}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { check(t, "live", tt.key.Live(now), tt.live) })
	}
}

// What Issue returns is what the store keeps and List shows.
func TestKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(123 * time.Nanosecond)
		now := time.Now().UTC().Truncate(time.Microsecond)
		s := newSite()
		k, text := s.issue(t, func(spec *apikey.Spec) { spec.CreatedBy, spec.ExpiresAt = "bob", now.Add(time.Hour) })
		want := apikey.Key{
			ID:        k.ID,
			Version:   1,
			Kind:      apikey.Secret,
			Digest:    token.Sum(text),
			Redacted:  text[:6] + "***" + text[len(text)-3:],
			Title:     "nightly report",
			Owner:     ann,
			Scopes:    auth.NewSet("reports:read", "reports:write"),
			CreatedBy: "bob",
			CreatedAt: now,
			UpdatedAt: now,
			ExpiresAt: now.Add(time.Hour),
		}
		check(t, "the text's form", regexp.MustCompile(`^sk_`+k.ID+`_[a-z2-7]{57}$`).MatchString(text), true)
		check(t, "the ID is one", token.IsID(k.ID), true)
		check(t, "issued", reflect.DeepEqual(k, want), true)
		check(t, "listed", reflect.DeepEqual(must(list(t.Context(), s.Manager, ann)), []apikey.Key{want}), true)
	})
}

// Times are whole microseconds in a store, whatever the program hands over: what Issue returns is what List shows later.
func TestStoreSeesWholeMicroseconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(123 * time.Nanosecond)
		s := newSite()
		k, _ := s.issue(t, func(spec *apikey.Spec) { spec.ExpiresAt = time.Now().Add(time.Hour) })
		check(t, "revoking", revoke(t.Context(), s.Manager, k.ID, "ann"), nil)
		kept := must(list(t.Context(), s.Manager, ann))[0]
		times := map[string]time.Time{
			"issued, CreatedAt": k.CreatedAt, "issued, ExpiresAt": k.ExpiresAt,
			"CreatedAt": kept.CreatedAt, "ExpiresAt": kept.ExpiresAt, "RevokedAt": kept.Revocation.At,
		}
		for name, at := range times {
			check(t, name, at, at.UTC().Truncate(time.Microsecond))
		}
	})
}

func TestCreatedByIsTheOwner(t *testing.T) {
	k, _ := newSite().issue(t, nil)
	check(t, "who made it", k.CreatedBy, "ann")
}

func TestEachKeyIsNew(t *testing.T) {
	s := newSite()
	seen := map[string]bool{}
	for range 1000 {
		k, text := s.issue(t, nil)
		seen[k.ID], seen[secretOf(text)] = true, true
	}
	check(t, "different IDs and secrets", len(seen), 2000)
}

// A key is redacted so that it can be recognized, and none shows its secret.
func TestRedacted(t *testing.T) {
	for prefix, c := range configs {
		m := must(apikey.New(c))
		k, secret, err := m.Issue(t.Context(), report())
		check(t, "issuing", err, nil)
		text := secret.Reveal()
		check(t, "the prefix", strings.HasPrefix(text, prefix+"_"+k.ID+"_"), true)
		check(t, "redacted", k.Redacted, text[:6]+"***"+text[len(text)-3:])
		// The last three characters are of the checksum, not of the secret.
		check(t, "it shows of the secret", strings.Contains(k.Redacted, secretOf(text)[:4]), false)
		check(t, "the text that is kept", k.Text, "")
	}
}

// Whoever reads the store has nothing that is accepted, however he looks at it.
func TestKeyHoldsNoSecret(t *testing.T) {
	s := newSite()
	k, text := s.issue(t, nil)
	check(t, "revoking", revoke(t.Context(), s.Manager, k.ID, "ann"), nil)
	kept := must(list(t.Context(), s.Manager, ann))[0]
	seen := fmt.Sprintf("%v %+v %#v %s", kept, kept, kept, must(json.Marshal(kept)))
	walk(reflect.ValueOf(kept), func(v reflect.Value) { seen += fmt.Sprintf(" %v %x", v, v) })
	for _, needle := range []string{text, secretOf(text), secretOf(text)[:8], secretOf(text)[40:52]} {
		check(t, "the secret is in the key", strings.Contains(seen, needle), false)
	}
	check(t, "the ID is", strings.Contains(seen, k.ID), true)
}

// walk calls f with v and everything in it, also what is not exported.
func walk(v reflect.Value, f func(reflect.Value)) {
	f(v)
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			walk(v.Field(i), f)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			walk(v.Index(i), f)
		}
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			walk(v.Elem(), f)
		}
	}
}
