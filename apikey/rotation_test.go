package apikey_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// The new key is like the old one in all that it is for, and they name each other.
func TestRotate(t *testing.T) {
	secret, public := report(), shop()
	secret.Metadata, secret.CreatedBy = auth.RawMetadata(`{"team":"a"}`), "cid"
	for _, spec := range []apikey.Spec{secret, public} {
		synctest.Test(t, func(t *testing.T) {
			s := newSiteOf(apikey.Config{Environment: "live"})
			spec.ExpiresAt = soon(90 * 24 * time.Hour)
			k, _, err := s.Issue(t.Context(), spec)
			check(t, "issuing", err, nil)
			time.Sleep(24 * time.Hour)
			now := time.Now().UTC()
			got, text, err := s.Rotate(t.Context(), k.ID, apikey.Rotation{By: "bob", Overlap: time.Hour})
			check(t, "rotating", err, nil)
			want := k
			want.ID, want.Replaces, want.CreatedBy, want.CreatedAt, want.UpdatedAt = got.ID, k.ID, "bob", now, now
			want.ExpiresAt = now.Add(90 * 24 * time.Hour)
			want.Digest, want.Redacted, want.Text = text.Digest(), got.Redacted, got.Text
			check(t, "the new key", reflect.DeepEqual(got, want), true)
			check(t, "its text is kept", got.Text, map[bool]string{true: text.Reveal()}[spec.Kind == apikey.Publishable])
			check(t, "it is another", got.ID != k.ID && !got.Digest.Equal(k.Digest), true)
			check(t, "the new key as it is kept", reflect.DeepEqual(must(s.Get(t.Context(), got.ID)), got), true)
			old := must(s.Get(t.Context(), k.ID))
			check(t, "the revocation of the old", old.Revocation,
				apikey.Revocation{At: now, By: "bob", Reason: "rotated", Until: now.Add(time.Hour)})
			check(t, "the old names the new", old.ReplacedBy, got.ID)
			check(t, "the end of the old", old.ExpiresAt, k.ExpiresAt)
		})
	}
}

func TestRotatedKeysAtWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite()
		k, text := s.issue(t, nil)
		next, secret, err := s.Rotate(t.Context(), k.ID, apikey.Rotation{By: "ann", Overlap: time.Hour})
		check(t, "rotating", err, nil)
		check(t, "the old at first", s.get("/", "X-API-Key: "+text), passed(k))
		check(t, "the new at first", s.get("/", "X-API-Key: "+secret.Reveal()), passed(next))
		time.Sleep(time.Hour)
		check(t, "the old after the overlap", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
		check(t, "the new after the overlap", s.get("/", "X-API-Key: "+secret.Reveal()), passed(next))
		last, lastSecret, err := s.Rotate(t.Context(), next.ID, apikey.Rotation{By: "ann"})
		check(t, "rotating without an overlap", err, nil)
		check(t, "when that stops working by any clock", must(s.Get(t.Context(), next.ID)).Revocation.Until, time.Time{})
		check(t, "the new then", s.get("/", "X-API-Key: "+secret.Reveal()), invalid(asksHeader))
		check(t, "the last", s.get("/", "X-API-Key: "+lastSecret.Reveal()), passed(last))
		check(t, "it lives for ever, as the first", last.ExpiresAt, time.Time{})
	})
}

// However long a key was to live, its successor does not live longer than it may.
func TestRotatedLifetime(t *testing.T) {
	tests := []struct {
		name         string
		issued, most time.Duration // zero is no bound
		want         time.Duration
	}{
		{"no bound", 0, 0, 0},
		{"the bound of the first", 2 * time.Hour, 0, 2 * time.Hour},
		{"a bound that is shorter by now", 2 * time.Hour, time.Hour, time.Hour},
		{"a bound that is longer", 2 * time.Hour, 3 * time.Hour, 2 * time.Hour},
		{"a bound where there was none", 0, time.Hour, time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite()
				at := func(d time.Duration) time.Time { return map[bool]time.Time{false: soon(d).UTC()}[d == 0] }
				k, _ := s.issue(t, func(spec *apikey.Spec) { spec.ExpiresAt = at(tt.issued) })
				time.Sleep(time.Hour)
				later := must(apikey.New(apikey.Config{Store: s.store, MaxLifetime: tt.most}))
				got, _, err := later.Rotate(t.Context(), k.ID, apikey.Rotation{By: "ann"})
				check(t, "rotating", err, nil)
				check(t, "the new key expires", got.ExpiresAt, at(tt.want))
			})
		})
	}
}

func TestRotationThatIsRefused(t *testing.T) {
	rotation := apikey.Rotation{By: "ann", Overlap: time.Hour}
	tests := []struct {
		name   string
		before func(t *testing.T, s *site, id string)
		rot    apikey.Rotation
		want   string
	}{
		{"a key that is revoked", func(t *testing.T, s *site, id string) {
			check(t, "revoking", revoke(t.Context(), s.Manager, id, "ann"), nil)
		}, rotation, "apikey: already revoked"},
		{"a key that is revoked for later", func(t *testing.T, s *site, id string) {
			check(t, "revoking", second(s.Revoke(t.Context(), id, apikey.Revocation{By: "ann", Until: soon(time.Minute)})), nil)
		}, rotation, "apikey: already revoked"},
		{"a key that was rotated", func(t *testing.T, s *site, id string) {
			_, secret, err := s.Rotate(t.Context(), id, rotation)
			must(secret, err)
		}, rotation, "apikey: already revoked"},
		{"a key that is disabled", func(t *testing.T, s *site, id string) {
			check(t, "disabling", second(s.Disable(t.Context(), id, "ann")), nil)
		}, rotation, "apikey: disabled"},
		{"a key that has expired", func(*testing.T, *site, string) { time.Sleep(time.Hour) }, rotation, "apikey: expired"},
		{"a key of another environment", func(_ *testing.T, s *site, _ string) {
			s.Manager = must(apikey.New(apikey.Config{Store: s.store, Environment: "live"}))
		}, rotation, "apikey: environment is another than that of this server"},
		{"by nobody", func(*testing.T, *site, string) {}, apikey.Rotation{}, "apikey: created_by is not plain text of 1 to 256 bytes"},
		{"an overlap before it begins", func(*testing.T, *site, string) {}, apikey.Rotation{By: "ann", Overlap: -1}, "apikey: overlap is negative"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite()
				k, _ := s.issue(t, func(spec *apikey.Spec) { spec.ExpiresAt = soon(time.Hour) })
				tt.before(t, s, k.ID)
				before := must(list(t.Context(), s.Manager, ann))
				_, secret, err := s.Rotate(t.Context(), k.ID, tt.rot)
				check(t, "the error", text(err), tt.want)
				check(t, "a text", secret.Reveal(), "")
				check(t, "the keys are as before", reflect.DeepEqual(must(list(t.Context(), s.Manager, ann)), before), true)
			})
		})
	}
	_, _, err := newSite().Rotate(t.Context(), token.NewID(), rotation)
	check(t, "an unknown key", err, apikey.ErrNotFound)
}

// Many at once: one gets a key, and there is no other.
func TestManyRotations(t *testing.T) {
	for range 10 {
		s := newSite()
		k, text := s.issue(t, nil)
		errs, texts := make([]error, 16), make([]string, 16)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				_, secret, err := s.Rotate(context.Background(), k.ID, apikey.Rotation{By: fmt.Sprint("admin ", i)})
				errs[i], texts[i] = err, secret.Reveal()
			})
		}
		wg.Wait()
		count := map[error]int{}
		for _, err := range errs {
			count[err]++
		}
		check(t, "told that they did it", count[nil], 1)
		check(t, "told that it was done", count[apikey.ErrRevoked], 15)
		check(t, "keys", len(must(list(t.Context(), s.Manager, ann))), 2)
		check(t, "the old", s.get("/", "X-API-Key: "+text), invalid(asksHeader))
		check(t, "the new", s.get("/", "X-API-Key: "+texts[slices.Index(errs, nil)]).Status, 200)
	}
}

// rotating returns a func that rotates a key.
func rotating(s *site, id string) func() {
	return func() { _, _, _ = s.Rotate(context.Background(), id, apikey.Rotation{By: "bob"}) }
}

// rotationFaults are what may go wrong in a step of a rotation.
var rotationFaults = []struct {
	name  string
	spoil func(s *site, id string)
	want  error
	live  int // keys that work afterwards
	old   bool
}{
	{"nothing", func(*site, string) {}, nil, 1, false},
	{"the read fails", func(s *site, _ string) { s.store.once("Get", answering(errRefused)) }, auth.ErrUnavailable, 1, true},
	{"the creation fails", func(s *site, _ string) { s.store.once("Create", answering(errRefused)) }, auth.ErrUnavailable, 1, true},
	{"the answer to the creation is lost", func(s *site, _ string) { s.store.once("Create", losing(errRefused)) }, nil, 1, false},
	{"nobody can tell of the creation", func(s *site, _ string) {
		s.store.once("Create", func(_ context.Context, call func() error) error {
			s.store.once("Get", answering(errRefused))
			return errors.Join(call(), errRefused)
		})
	}, auth.ErrUnavailable, 1, true},
	{"the creation is sent twice", func(s *site, _ string) { s.store.once("Create", losing(apikey.ErrExists)) }, nil, 1, false},
	{"the revocation fails", func(s *site, _ string) { s.store.once("Replace", answering(errRefused)) }, auth.ErrUnavailable, 1, true},
	{"the answer to the revocation is lost", func(s *site, _ string) { s.store.once("Replace", losing(errRefused)) }, nil, 1, false},
	{"the revocation is sent twice", func(s *site, _ string) { s.store.once("Replace", losing(apikey.ErrConflict)) }, nil, 1, false},
	{"the answer to the revocation is lost, and the key changed since", func(s *site, id string) {
		s.store.once("Replace", func(ctx context.Context, call func() error) error {
			_ = call()
			_, _ = s.Update(ctx, id, retitled("weekly"))
			return errRefused
		})
	}, nil, 1, false},
	{"another change gets in between", func(s *site, id string) {
		s.store.once("Replace", first(func() { _, _ = s.Update(context.Background(), id, retitled("weekly")) }))
	}, nil, 1, false},
	{"another rotation gets in between", func(s *site, id string) { s.store.once("Replace", first(rotating(s, id))) }, apikey.ErrRevoked, 1, false},
	{"a revocation gets in between", func(s *site, id string) {
		s.store.once("Replace", first(func() { _ = revoke(context.Background(), s.Manager, id, "bob") }))
	}, apikey.ErrRevoked, 0, false},
	{"the key changes all the time", func(s *site, _ string) { s.store.on("Replace", answering(apikey.ErrConflict)) }, auth.ErrUnavailable, 1, true},
	{"the key is deleted in between", func(s *site, id string) {
		s.store.once("Replace", first(func() { _ = s.store.inner.Delete(context.Background(), id) }))
	}, apikey.ErrNotFound, 0, false},
	{"the store hangs up after the revocation", func(s *site, _ string) {
		s.store.once("Replace", func(_ context.Context, call func() error) error {
			s.store.on("Get", answering(errRefused))
			return errors.Join(call(), errRefused)
		})
	}, auth.ErrUnavailable, 0, false},
	{"the new key cannot be removed again", func(s *site, _ string) {
		s.store.on("Replace", answering(errRefused))
		s.store.on("Delete", answering(errRefused))
	}, auth.ErrUnavailable, 2, true},
}

// Whatever goes wrong in whatever step, there is one key that works and that somebody has the text of; where the store says
// nothing at all after it was written to, the old key may be revoked without a successor.
func TestRotationThatFails(t *testing.T) {
	for _, tt := range rotationFaults {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite()
			k, text := s.issue(t, nil)
			tt.spoil(s, k.ID)
			_, secret, err := s.Rotate(t.Context(), k.ID, apikey.Rotation{By: "ann"})
			for _, verb := range []string{"Get", "Create", "Replace", "Delete"} {
				s.store.on(verb, nil)
			}
			check(t, "the error: "+fmt.Sprint(err), errors.Is(err, tt.want), true)
			keys := slices.DeleteFunc(must(list(t.Context(), s.Manager, ann)), func(k apikey.Key) bool { return !k.Live(time.Now()) })
			check(t, "keys that work", len(keys), tt.live)
			check(t, "the old works", s.get("/", "X-API-Key: "+text).Status == 200, tt.old)
			check(t, "there is a text that works", s.get("/", "X-API-Key: "+secret.Reveal()).Status == 200, err == nil)
		})
	}
}

// A key whose beginning makes no sense, as another program may have written it, lives no longer for being rotated.
func TestRotatedLifetimeOfAForeignKey(t *testing.T) {
	for name, created := range map[string]time.Duration{"it began after its end": 2 * time.Hour, "it began at its end": time.Hour, "it has no beginning": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSite()
				k := apikey.Key{
					ID: token.NewID(), Kind: apikey.Secret, Title: "foreign", Owner: ann, ExpiresAt: soon(time.Hour).UTC(),
					CreatedAt: map[bool]time.Time{false: soon(created).UTC()}[created == 0],
				}
				check(t, "it is kept", s.store.inner.Create(t.Context(), k), nil)
				next, _, err := s.Rotate(t.Context(), k.ID, apikey.Rotation{By: "ann"})
				check(t, "rotating", err, nil)
				check(t, "the end", next.ExpiresAt, k.ExpiresAt)
			})
		})
	}
}
