package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

// TestIdentities tests whether the stores that open returns are as [login.Store] says. The package comment says what open
// may return.
func TestIdentities(t *testing.T, open func(t testing.TB) login.Store) {
	t.Helper()
	run(t, identityCases, open)
}

var identities = kind[login.AuthIdentity]{
	samples: identitySamples,
	fields: func(i *login.AuthIdentity) fields {
		return fields{id: &i.ID, version: &i.Version, created: &i.CreatedAt, note: &i.Providers[0].Identifier}
	},
	clone:    login.AuthIdentity.Clone,
	mark:     markIdentity,
	marked:   isMarkedIdentity,
	spots:    identitySpots,
	newID:    func(auth.Actor) string { return token.NewID() },
	check:    login.AuthIdentity.Check,
	notFound: login.ErrNotFound,
	exists:   login.ErrExists,
	conflict: login.ErrConflict,
}

// markIdentity has the identity and each of its providers say what the first of these says.
func markIdentity(i *login.AuthIdentity) {
	note := i.Providers[0].Identifier
	i.AppMetadata = metadata(map[string]any{"note": note})
	for n := range i.Providers {
		i.Providers[n].Identifier = note
		i.Providers[n].Secret = token.NewSecret(note)
	}
}

func isMarkedIdentity(i login.AuthIdentity) bool {
	note := i.AppMetadata.Get("note")
	return len(i.Providers) > 0 && !slices.ContainsFunc(i.Providers, func(p login.ProviderIdentity) bool {
		return p.Identifier != note || p.Secret.Reveal() != note
	})
}

func asIdentityStore(s login.Store) store[login.AuthIdentity] { return s }

var identityCases = slices.Concat(
	through(asIdentityStore, identities.contract()),
	through(asIdentityStore, identities.texts()),
	through(asIdentityStore, identities.contention()),
	through(asIdentityStore, identities.interrupted()),
	through(asIdentityStore, identities.deletion()),
	wayCases,
	wayRaces,
	[]testCase[login.Store]{
		{"identities are values", identitiesAreValues},
		{"no error tells a Secret", secretsStaySecret},
	},
)

// identitiesAreValues changes the slices of what was handed in and of what came out.
func identitiesAreValues(ctx context.Context, s login.Store) error {
	want := identities.fresh(nil)
	scribble := func(i login.AuthIdentity) {
		i.Actors[0] = auth.Actor{Type: "nobody", ID: "nobody"}
		i.Providers[0].Identifier, i.Providers[0].Secret = "scribbled", token.NewSecret("scribbled")
	}
	i := want.Clone()
	if err := must("Create", s.Create(ctx, i)); err != nil {
		return err
	}
	want.Version = 1
	scribble(i)
	created := identities.kept(ctx, s, want, "after a change of the slices that were handed to Create")

	i = want.Clone()
	if err := must("Replace", s.Replace(ctx, i)); err != nil {
		return err
	}
	want.Version = 2
	scribble(i)
	replaced := identities.kept(ctx, s, want, "after a change of the slices that were handed to Replace")

	way := want.Providers[0]
	got, getErr := s.Get(ctx, want.ID)
	found, findErr := s.Find(ctx, way.Provider, way.EntityID)
	if err := errors.Join(must("Get", getErr), must("Find", findErr)); err != nil {
		return err
	}
	if len(got.Providers) == 0 || len(got.Actors) == 0 || len(found.Providers) == 0 || len(found.Actors) == 0 {
		return errors.New("Get or Find returned an identity without its actors or its providers")
	}
	scribble(got)
	scribble(found)
	read := identities.kept(ctx, s, want, "after a change of the slices that Get and Find returned")
	return errors.Join(created, replaced, read, finds(ctx, s, want, "after the same"))
}

// secretsStaySecret has calls fail in all ways that a caller can bring about.
func secretsStaySecret(ctx context.Context, s login.Store) error {
	const secret = "the hash that nobody may see"
	i, err := identities.create(ctx, s, nil)
	if err != nil {
		return err
	}
	guarded := func(of login.AuthIdentity, f func(*login.AuthIdentity)) login.AuthIdentity {
		of = of.Clone()
		for n := range of.Providers {
			of.Providers[n].Secret = token.NewSecret(secret)
		}
		f(&of)
		return of
	}
	same := func(*login.AuthIdentity) {}
	done, cancel := context.WithCancel(ctx)
	cancel()
	ofOther := guarded(identities.fresh(nil), func(o *login.AuthIdentity) { o.Providers[0] = i.Providers[0] })
	ofOther.Providers[0].Secret = token.NewSecret(secret)
	bad := guarded(i, func(o *login.AuthIdentity) { o.Providers[0].Secret = token.NewSecret(secret + "\x00") })
	long := guarded(i, func(o *login.AuthIdentity) { o.Providers[0].Identifier = long + "x" })
	var errs []error
	for _, call := range []call{
		{"Create of an ID that exists", func(context.Context) error { return s.Create(ctx, guarded(i, same)) }},
		{"Create of a way that exists", func(context.Context) error { return s.Create(ctx, ofOther) }},
		{"Create of text that is not kept", func(context.Context) error { return s.Create(ctx, bad) }},
		{"Create with a context that is done", func(context.Context) error { return s.Create(done, ofOther) }},
		{"Replace of another version", func(context.Context) error {
			return s.Replace(ctx, guarded(i, func(o *login.AuthIdentity) { o.Version = 7 }))
		}},
		{"Replace of an unknown ID", func(context.Context) error { return s.Replace(ctx, guarded(identities.fresh(nil), same)) }},
		{"Replace by text that is not kept", func(context.Context) error { return s.Replace(ctx, long) }},
	} {
		errs = append(errs, tellsNothing(call.name, call.do(ctx), secret))
	}
	return errors.Join(errs...)
}

// tellsNothing returns what is wrong unless err is an error that keeps a secret, however it is printed.
func tellsNothing(name string, err error, secret string) error {
	switch {
	case err == nil:
		return fmt.Errorf("%s returned nil, want an error", name)
	case containsAny(secret, err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)):
		return fmt.Errorf("%s returned an error that tells the Secret: errors are logged, and shown", name)
	}
	return nil
}
