package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

// wayCases are what is demanded of the ways in which identities log in: a provider and an entity of it.
var wayCases = []testCase[login.Store]{
	{"Find returns whole identities, by each of their ways", findKeepsAll},
	{"Find of an unknown way is ErrNotFound", findUnknown},
	{"ways compare byte for byte", waysAreBytes},
	{"ways that differ in little are different ones", waysAreMany},
	{"Find of a way that no store keeps is ErrNotFound", findOddWays},
	{"Create of a way that another logs in by is ErrExists and keeps nothing", createTaken},
	{"Replace adds and removes ways, and what it removes is free", replaceMovesWays},
	{"Replace by a way that another logs in by is ErrExists and changes nothing", replaceTaken},
	{"Replace of another version or of none says that, whatever its ways", replaceTakenStale},
	{"Delete frees all ways", deleteFrees},
	{"Find with a context that is done is an error", findDone},
}

func containsAny(part string, texts ...string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, part) })
}

// finds returns what is wrong unless Find returns want by each of its ways.
func finds(ctx context.Context, s login.Store, want login.AuthIdentity, when string) error {
	var errs []error
	for n, p := range want.Providers {
		got, err := s.Find(ctx, p.Provider, p.EntityID)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s, Find by way %d returned %s, want the identity", when, n, quote(err)))
			continue
		}
		if err := difference(got, want); err != nil {
			errs = append(errs, fmt.Errorf("%s, what Find by way %d returned differs: %w", when, n, err))
		}
	}
	return errors.Join(errs...)
}

// intact returns what is wrong unless Get and Find return want.
func intact(ctx context.Context, s login.Store, want login.AuthIdentity, when string) error {
	return errors.Join(identities.kept(ctx, s, want, when), finds(ctx, s, want, when))
}

// free returns what is wrong if somebody logs in by the ways.
func free(ctx context.Context, s login.Store, when, why string, ways ...login.ProviderIdentity) error {
	var errs []error
	for _, p := range ways {
		_, err := s.Find(ctx, p.Provider, p.EntityID)
		errs = append(errs, expect(when+", Find", err, login.ErrNotFound, why))
	}
	return errors.Join(errs...)
}

// nothingOf returns what is wrong unless nobody has the ID of i, nor logs in by its ways.
func nothingOf(ctx context.Context, s login.Store, i login.AuthIdentity, when, why string) error {
	return errors.Join(
		identities.missing(ctx, s, i.ID, when, why),
		free(ctx, s, when, why, i.Providers...))
}

// findKeepsAll creates each sample, then has all of them replace one identity, one after the other.
func findKeepsAll(ctx context.Context, s login.Store) error {
	last, err := identities.create(ctx, s, nil)
	if err != nil {
		return err
	}
	var errs []error
	for _, sample := range identities.samples {
		i := sample.make()
		if err := must("Create of "+sample.what, s.Create(ctx, i)); err != nil {
			errs = append(errs, err)
			continue
		}
		i.Version = 1
		errs = append(errs, finds(ctx, s, i, "after Create of "+sample.what))

		next := sample.make()
		next.ID, next.Version = last.ID, last.Version
		if err := must("Replace by "+sample.what, s.Replace(ctx, next)); err != nil {
			return errors.Join(append(errs, err)...)
		}
		next.Version++
		errs = append(errs,
			finds(ctx, s, next, "after Replace by "+sample.what),
			free(ctx, s, "after Replace by "+sample.what, "it was a way of what was replaced", last.Providers...))
		last = next
	}
	return errors.Join(errs...)
}

// newWay returns a way that nobody logs in by.
func newWay() login.ProviderIdentity { return fullIdentity().Providers[0] }

func findUnknown(ctx context.Context, s login.Store) error {
	i, err := identities.create(ctx, s, nil)
	if err != nil {
		return err
	}
	p := i.Providers[0]
	var errs []error
	for _, way := range [][2]string{
		{p.Provider, newWay().EntityID}, {newWay().Provider, newWay().EntityID}, {"", ""}, {p.Provider, ""}, {"", p.EntityID},
		{p.EntityID, p.Provider}, {"github", p.EntityID}, {p.Provider + p.EntityID, ""}, {"", p.Provider + p.EntityID},
		{p.Provider + p.EntityID[:1], p.EntityID[1:]}, {p.Provider, p.Identifier + "."}, {p.Provider, i.ID},
	} {
		_, err := s.Find(ctx, way[0], way[1])
		errs = append(errs, expect(fmt.Sprintf("Find of %q by %q", way[1], way[0]), err, login.ErrNotFound,
			"nobody logs in so; any other error is an outage, not a no"))
	}
	return errors.Join(append(errs, intact(ctx, s, i, "after Find of unknown ways"))...)
}

// alike returns entities that are not what entity is, though a database may take them for the same. entity begins with "Zoë",
// in composed characters.
func alike(entity string) []string {
	rest := strings.TrimPrefix(entity, "Zo\u00eb")
	with := func(other, like string) string { return strings.Replace(entity, other, like, 1) }
	return []string{
		strings.ToUpper(entity), strings.ToLower(entity), "Zoe\u0308" + rest, "Zoe" + rest, "Zo\u0451" + rest, "\uff3ao\u00eb" + rest,
		entity + " ", " " + entity, entity + "\t", entity + "\n", entity + "\u00a0", entity + "\u200b", "\ufeff" + entity,
		entity + "\u0301", with("ss", "\u00df"), with("i", "\u0131"), with("i", "\u0130"), with("K", "\u212a"),
		with("-", "\u2010"), with("@", "\uff20"),
	}
}

// lookalike returns an entity for [alike].
func lookalike() string { return "Zo\u00eb-Klass-i@" + token.NewID() }

// opaque returns what stands for entity where it is taken for a pattern, a path or a statement.
func opaque(entity string) []string {
	return []string{
		"*", "%", "_" + entity[1:], "?" + entity[1:], entity[:8] + "%", entity[:8] + "*", "[Z]" + entity[1:],
		"{" + entity + "}", `\` + entity, "../" + entity, "./" + entity, entity + "' --", "x' OR '1'='1", entity + ":", entity + "\\",
	}
}

// waysAreBytes looks for an identity by what is like its way, in the entity and in the provider.
func waysAreBytes(ctx context.Context, s login.Store) error {
	i, err := createBy(ctx, s, lookalike(), lookalike())
	if err != nil {
		return err
	}
	p := i.Providers[0]
	var errs []error
	for _, entity := range append(alike(p.EntityID), opaque(p.EntityID)...) {
		_, err := s.Find(ctx, p.Provider, entity)
		errs = append(errs, expect(fmt.Sprintf("Find of the entity %+q", entity), err, login.ErrNotFound,
			fmt.Sprintf("it is not the %+q who logs in", p.EntityID)))
	}
	for _, provider := range append(alike(p.Provider), opaque(p.Provider)...) {
		_, err := s.Find(ctx, provider, p.EntityID)
		errs = append(errs, expect(fmt.Sprintf("Find by the provider %+q", provider), err, login.ErrNotFound,
			fmt.Sprintf("it is not the %+q by which somebody logs in", p.Provider)))
	}
	return errors.Join(append(errs, finds(ctx, s, i, "after Find of ways that are like its own"))...)
}

// createBy creates an identity that logs in by a provider as an entity, and in no other way.
func createBy(ctx context.Context, s login.Store, provider, entity string) (login.AuthIdentity, error) {
	i := fullIdentity()
	i.Providers = i.Providers[:1]
	i.Providers[0].Provider, i.Providers[0].EntityID = provider, entity
	err := must(fmt.Sprintf("Create of the entity %+q of %+q", entity, provider), s.Create(ctx, i))
	i.Version = 1
	return i, err
}

// waysAreMany creates identities that log in by ways of which each is like the others.
func waysAreMany(ctx context.Context, s login.Store) error {
	provider, entity := lookalike(), lookalike()
	ways := [][2]string{
		{provider, entity}, {entity, provider}, {provider + entity[:1], entity[1:]}, {provider[:5], provider[5:] + entity},
	}
	for _, other := range alike(entity) {
		ways = append(ways, [2]string{provider, other})
	}
	for _, other := range alike(provider) {
		ways = append(ways, [2]string{other, entity})
	}
	var all []login.AuthIdentity
	for _, way := range ways {
		i, err := createBy(ctx, s, way[0], way[1])
		if err != nil {
			return fmt.Errorf("%w: it differs from all others", err)
		}
		all = append(all, i)
	}
	var errs []error
	for _, i := range all {
		errs = append(errs, intact(ctx, s, i, fmt.Sprintf("after Create of ways that are like %+q", i.Providers[0].EntityID)))
	}
	return errors.Join(errs...)
}

func findOddWays(ctx context.Context, s login.Store) error {
	i, err := identities.create(ctx, s, nil)
	if err != nil {
		return err
	}
	p := i.Providers[0]
	var errs []error
	for _, entity := range odd(p.EntityID) {
		_, err := s.Find(ctx, p.Provider, entity)
		errs = append(errs, expect(fmt.Sprintf("Find of the entity %.60q", entity), err, login.ErrNotFound,
			"there cannot be such an entity"))
	}
	for _, provider := range odd(p.Provider + p.Provider) {
		_, err := s.Find(ctx, provider, p.EntityID)
		errs = append(errs, expect(fmt.Sprintf("Find by the provider %.60q", provider), err, login.ErrNotFound,
			"there cannot be such a provider"))
	}
	return errors.Join(errs...)
}

// createTaken creates identities of which the first, the last or the only way is taken.
func createTaken(ctx context.Context, s login.Store) error {
	i, err := identities.create(ctx, s, nil)
	if err != nil {
		return err
	}
	const why = "one would log in as the other"
	var errs []error
	for n, taken := range i.Providers {
		other := fullIdentity()
		own := slices.Delete(slices.Clone(other.Providers), n, n+1)
		other.Providers[n].Provider, other.Providers[n].EntityID = taken.Provider, taken.EntityID
		what := fmt.Sprintf("Create of an identity of whose ways number %d is another's", n)
		errs = append(errs,
			expect(what, s.Create(ctx, other), login.ErrExists, why),
			identities.missing(ctx, s, other.ID, "after "+what, "it was refused"),
			free(ctx, s, "after "+what, "it was refused, with all its ways", own...))
	}
	only := fullIdentity()
	only.Providers = slices.Clone(i.Providers[1:2])
	errs = append(errs, expect("Create of an identity whose only way is another's", s.Create(ctx, only), login.ErrExists, why))
	return errors.Join(append(errs,
		identities.missing(ctx, s, only.ID, "after Create of the same", "it was refused"),
		intact(ctx, s, i, "after Create of identities with its ways"))...)
}

// replaceMovesWays has two identities: what one gives up, the other takes, and the last comes back to the first.
func replaceMovesWays(ctx context.Context, s login.Store) error {
	a, b, err := identities.createTwo(ctx, s)
	if err != nil {
		return err
	}
	replace := func(i *login.AuthIdentity, what string, ways ...login.ProviderIdentity) error {
		i.Providers = ways
		err := must("Replace that "+what, s.Replace(ctx, *i))
		i.Version++
		return errors.Join(err, intact(ctx, s, *i, "after Replace that "+what))
	}
	given, kept, added := a.Providers[0], a.Providers[1], newWay()
	changed := kept
	changed.Secret, changed.UpdatedAt = token.NewSecret("another "+token.NewID()), kept.UpdatedAt.Add(time.Second)
	for _, step := range []func() error{
		func() error { return replace(&a, "removes one way and adds another", kept, added) },
		func() error { return free(ctx, s, "after Replace that removes a way", "nobody logs in by it", given) },
		func() error {
			return replace(&b, "takes a way that is free", append(slices.Clone(b.Providers), given)...)
		},
		func() error { return replace(&a, "changes the order of the ways", added, kept) },
		func() error { return replace(&a, "changes the secret of a way", added, changed) },
		func() error { return replace(&b, "leaves one way", given) },
		func() error { return replace(&b, "has a way give place to another", newWay()) },
		func() error { return replace(&a, "takes its first way again", given, added, changed) },
		func() error { return intact(ctx, s, b, "after Replace of another") },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	c := fullIdentity()
	c.Providers[0] = b.Providers[0]
	if err := replace(&b, "gives up its only way for another", newWay()); err != nil {
		return err
	}
	if err := must("Create of an identity with a way that was given up", s.Create(ctx, c)); err != nil {
		return err
	}
	c.Version = 1
	return errors.Join(intact(ctx, s, c, "after Create by a way that was given up"), intact(ctx, s, b, "after the same"),
		intact(ctx, s, a, "after the same"))
}

// replaceTaken adds a way that another has to those of an identity, and puts it in the place of one of them.
func replaceTaken(ctx context.Context, s login.Store) error {
	i, other, err := identities.createTwo(ctx, s)
	if err != nil {
		return err
	}
	taken, added := other.Providers[1], newWay()
	var errs []error
	for what, ways := range map[string][]login.ProviderIdentity{
		"that adds the way of another":                      append(slices.Clone(i.Providers), added, taken),
		"that adds the way of another before others":        {taken, added, i.Providers[0]},
		"that has the way of another instead of one":        {i.Providers[0], added, taken},
		"that has the way of another, and none of its own":  {taken},
		"that has all ways of another, and none of its own": other.Providers,
	} {
		next := fullIdentity()
		next.ID, next.Version, next.Providers = i.ID, i.Version, slices.Clone(ways)
		errs = append(errs,
			expect("Replace "+what, s.Replace(ctx, next), login.ErrExists, "one would log in as the other"),
			intact(ctx, s, i, "after Replace "+what),
			free(ctx, s, "after Replace "+what, "it was refused, with all its ways", added))
	}
	return errors.Join(append(errs, intact(ctx, s, other, "after Replace of another by its ways"))...)
}

// replaceTakenStale has every reason to refuse at once.
func replaceTakenStale(ctx context.Context, s login.Store) error {
	i, other, err := identities.createTwo(ctx, s)
	if err != nil {
		return err
	}
	stale, unknown := i.Clone(), i.Clone()
	stale.Version, stale.Providers[0] = 7, other.Providers[0]
	unknown.ID = token.NewID()
	return errors.Join(
		expect("Replace of another version, by the way of another", s.Replace(ctx, stale), login.ErrConflict,
			"it is not known whether the version that is there would be in the way"),
		expect("Replace of an unknown ID, by the ways of another", s.Replace(ctx, unknown), login.ErrNotFound,
			"there is nothing to replace"),
		identities.missing(ctx, s, unknown.ID, "after Replace of an unknown ID", "it never creates"),
		intact(ctx, s, i, "after Replace that was refused"),
		intact(ctx, s, other, "after Replace that was refused"))
}

func deleteFrees(ctx context.Context, s login.Store) error {
	i, other, err := identities.createTwo(ctx, s)
	if err != nil {
		return err
	}
	if err := must("Delete", s.Delete(ctx, i.ID)); err != nil {
		return err
	}
	gone := nothingOf(ctx, s, i, "after Delete", "who was deleted logs in no more")
	again := i.Clone()
	again.ID = token.NewID()
	if err := must("Create by the ways of one that was deleted", s.Create(ctx, again)); err != nil {
		return errors.Join(gone, err)
	}
	again.Version = 1
	return errors.Join(gone,
		expect("Delete of the ID that was deleted", s.Delete(ctx, i.ID), nil, "there is no record to remove"),
		expect("Replace after Delete", s.Replace(ctx, i), login.ErrNotFound, "what has ended would be back"),
		identities.missing(ctx, s, i.ID, "after Delete and Replace", "it has ended"),
		intact(ctx, s, again, "after Delete of another that had its ways"),
		intact(ctx, s, other, "after Delete of another"))
}

func findDone(ctx context.Context, s login.Store) error {
	i, err := identities.create(ctx, s, nil)
	if err != nil {
		return err
	}
	p := i.Providers[0]
	return refused(ctx, identities.answers(), call{"Find", func(ctx context.Context) error {
		_, err := s.Find(ctx, p.Provider, p.EntityID)
		return err
	}}, call{"Find of an unknown way", func(ctx context.Context) error {
		_, err := s.Find(ctx, p.Provider, token.NewID())
		return err
	}})
}
