package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/countersign-go/countersign/auth/token"
)

// contract is what one caller can see of a store.
func (k kind[R]) contract() []testCase[store[R]] {
	return []testCase[store[R]]{
		{"a created record comes back whole", k.createKeepsAll},
		{"a replaced record comes back whole", k.replaceKeepsAll},
		{"Version is 1 after Create and one more after each Replace", k.storeCounts},
		{"Create of an existing ID is ErrExists and changes nothing", k.createNeverOverwrites},
		{"Get of an unknown ID is ErrNotFound", k.getUnknown},
		{"Replace of an unknown ID is ErrNotFound and creates nothing", k.replaceNeverCreates},
		{"IDs compare byte for byte", k.idsAreBytes},
		{"an ID is no pattern, path or statement", k.idsAreOpaque},
		{"Replace of another version is ErrConflict and changes nothing", k.replaceComparesVersion},
		{"a context that is done is an error and changes nothing", k.contextDone},
	}
}

func (k kind[R]) createKeepsAll(ctx context.Context, s store[R]) error {
	var errs []error
	for _, sample := range k.samples {
		rec := sample.make()
		if err := must("Create of "+sample.what, s.Create(ctx, rec)); err != nil {
			errs = append(errs, err)
			continue
		}
		*k.fields(&rec).version = 1
		errs = append(errs, k.kept(ctx, s, rec, "after Create of "+sample.what))
	}
	return errors.Join(errs...)
}

// replaceKeepsAll puts each sample in the place of the one before, which sets and clears all fields there are.
func (k kind[R]) replaceKeepsAll(ctx context.Context, s store[R]) error {
	first, err := k.create(ctx, s, nil)
	if err != nil {
		return err
	}
	for i, sample := range append(k.samples, k.samples[0]) {
		rec := k.with(k.successor(first, sample.make()), func(f fields) { *f.version = int64(i) + 1 })
		if err := must("Replace by "+sample.what, s.Replace(ctx, rec)); err != nil {
			return err
		}
		*k.fields(&rec).version++
		if err := k.kept(ctx, s, rec, "after Replace by "+sample.what); err != nil {
			return err
		}
	}
	return nil
}

func (k kind[R]) storeCounts(ctx context.Context, s store[R]) error {
	rec, err := k.create(ctx, s, func(f fields) { *f.version = 41 })
	if err != nil {
		return err
	}
	for version := int64(1); version <= 3; version++ {
		got, err := s.Get(ctx, *k.fields(&rec).id)
		if err != nil {
			return must("Get", err)
		}
		if is := *k.fields(&got).version; is != version {
			return fmt.Errorf("after Create with Version 41 and %d times Replace, Version is %d, want %d: "+
				"the store counts, whatever its callers say", version-1, is, version)
		}
		if err := must("Replace of what Get returned", s.Replace(ctx, got)); err != nil {
			return err
		}
	}
	return nil
}

func (k kind[R]) createNeverOverwrites(ctx context.Context, s store[R]) error {
	rec, err := k.create(ctx, s, nil)
	if err != nil {
		return err
	}
	other := k.rival(rec)
	again := s.Create(ctx, rec)
	overwrite := s.Create(ctx, other)
	return errors.Join(
		expect("a repeated Create", again, k.exists, "who lost the first answer must learn that the record is there"),
		expect("Create of another record with the same ID", overwrite, k.exists, "one would take over the other"),
		k.kept(ctx, s, rec, "after Create of the same ID"),
	)
}

func (k kind[R]) getUnknown(ctx context.Context, s store[R]) error {
	return errors.Join(
		k.missing(ctx, s, token.NewID(), "for an ID that was never used", "any other error is an outage, not a no"),
		k.missing(ctx, s, "", "for an empty ID", "no record has it"),
	)
}

func (k kind[R]) idsAreBytes(ctx context.Context, s store[R]) error {
	rec, err := k.create(ctx, s, nil)
	if err != nil {
		return err
	}
	id := *k.fields(&rec).id
	upper := id[:4] + strings.ToUpper(id[4:]) // the ID of a session begins with its place
	if err := k.strangers(ctx, s, rec, upper, id+" ", " "+id, id+"a", id[:len(id)-1], id[1:]); err != nil {
		return err
	}
	other := k.with(k.rival(rec), func(f fields) { *f.id = upper })
	if k.check(other) != nil {
		return nil // no record has such an ID
	}
	if err := must("Create of an ID that differs from another in case alone", s.Create(ctx, other)); err != nil {
		return err
	}
	*k.fields(&other).version = 1
	return errors.Join(
		k.kept(ctx, s, rec, "after Create of an ID that differs in case alone"),
		k.kept(ctx, s, other, "after Create of an ID that differs in case alone"),
	)
}

func (k kind[R]) idsAreOpaque(ctx context.Context, s store[R]) error {
	rec, err := k.create(ctx, s, nil)
	if err != nil {
		return err
	}
	id := *k.fields(&rec).id
	return k.strangers(ctx, s, rec, "*", "%", "?"+id[1:], "_"+id[1:], id[:4]+"*", id[:4]+"%", "["+id[:1]+"]"+id[1:],
		"{"+id+"}", `\`+id, "../"+id, "./"+id, "../../etc/passwd", "x' OR '1'='1", id+"' --", id+"\n")
}

// strangers returns what is wrong unless none of ids, which are all like that of rec, stands for it.
func (k kind[R]) strangers(ctx context.Context, s store[R], rec R, ids ...string) error {
	var errs []error
	for _, id := range ids {
		other := k.with(rec, func(f fields) { *f.id, *f.note = id, "changed" })
		replaced := s.Replace(ctx, other)
		if replaced != nil && k.check(other) != nil {
			replaced = k.notFound // it was refused, as it should be, for another reason
		}
		errs = append(errs,
			k.missing(ctx, s, id, fmt.Sprintf("for %q", id), "only "+*k.fields(&rec).id+" was created"),
			expect(fmt.Sprintf("Replace of %q", id), replaced, k.notFound, "only "+*k.fields(&rec).id+" was created"))
	}
	return errors.Join(append(errs, k.kept(ctx, s, rec, "after Replace of other IDs"))...)
}

func (k kind[R]) replaceComparesVersion(ctx context.Context, s store[R]) error {
	rec, err := k.create(ctx, s, nil)
	if err != nil {
		return err
	}
	if err := must("Replace of the version that is there", s.Replace(ctx, rec)); err != nil {
		return err
	}
	*k.fields(&rec).version = 2
	var errs []error
	for _, version := range []int64{1, 0, 3, -1} {
		stale := k.with(rec, func(f fields) { *f.version, *f.note = version, "changed" })
		errs = append(errs, expect(fmt.Sprintf("Replace of version %d where 2 is there", version),
			s.Replace(ctx, stale), k.conflict, "what another request wrote would be lost"))
	}
	return errors.Join(append(errs, k.kept(ctx, s, rec, "after Replace of other versions"))...)
}

func (k kind[R]) replaceNeverCreates(ctx context.Context, s store[R]) error {
	var errs []error
	for _, version := range []int64{0, 1} {
		rec := k.fresh(func(f fields) { *f.version = version })
		errs = append(errs,
			expect("Replace of an unknown ID", s.Replace(ctx, rec), k.notFound, "there is nothing to replace"),
			k.missing(ctx, s, *k.fields(&rec).id, "after Replace of an unknown ID", "what has ended would be back"))
	}
	return errors.Join(errs...)
}

func (k kind[R]) contextDone(ctx context.Context, s store[R]) error {
	rec, err := k.create(ctx, s, nil)
	if err != nil {
		return err
	}
	id, other := *k.fields(&rec).id, k.fresh(nil)
	changed := k.with(rec, func(f fields) { *f.note = "changed" })
	return errors.Join(
		refused(ctx, k.answers(),
			call{"Create", func(ctx context.Context) error { return s.Create(ctx, other) }},
			call{"Get", func(ctx context.Context) error { _, err := s.Get(ctx, id); return err }},
			call{"Replace", func(ctx context.Context) error { return s.Replace(ctx, changed) }},
		),
		k.missing(ctx, s, *k.fields(&other).id, "after a Create with a context that is done", "it said that it failed"),
		k.kept(ctx, s, rec, "after a Replace with a context that is done"),
	)
}
