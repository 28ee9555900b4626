package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/countersign-go/countersign/auth"
)

// A spot is where a record has text.
type spot[R any] struct {
	where string
	put   func(r *R, text string)
}

// bad is text that not every database keeps, and some cut or change.
var bad = []string{
	"a\x00b", "a\x00", "\x00a", // with NUL
	"a\xff",             // with a byte that is none of UTF-8's
	"a\xf0\x9f\x97",     // with a character that is cut short
	"a\xed\xa0\x80",     // with half of a surrogate pair
	"a\xc0\x80",         // with NUL in two bytes
	"caf\xe9 du monde ", // in Latin-1
}

// odd returns text that stands for nothing, since it is not kept, though it may be cut or changed to be like id.
func odd(id string) []string {
	return []string{
		id + "\x00", "\x00" + id, id[:8] + "\x00" + id[8:], id + "\x00'", id + "\xff", "\xff" + id, id + "\xed\xa0\x80",
		"\x00", "\xff", id + strings.Repeat(" ", 10_000), id + strings.Repeat("a", 10_000), strings.Repeat("\x00", 10_000),
	}
}

// texts is what is demanded of text that cannot be kept.
func (k kind[R]) texts() []testCase[store[R]] {
	return []testCase[store[R]]{
		{"text that no store keeps is refused and changes nothing", k.badRefused},
		{"text of a megabyte is refused and changes nothing", k.largeRefused},
		{"Get of an ID that no store keeps is ErrNotFound", k.getOdd},
	}
}

func (k kind[R]) badRefused(ctx context.Context, s store[R]) error {
	for _, text := range bad {
		if err := k.textRefused(ctx, s, text); err != nil {
			return err // the other texts would say the same
		}
	}
	return nil
}

func (k kind[R]) largeRefused(ctx context.Context, s store[R]) error {
	return k.textRefused(ctx, s, strings.Repeat("x", 1<<20))
}

// textRefused puts text into each spot of a record that must not have it there, and tries to keep that.
func (k kind[R]) textRefused(ctx context.Context, s store[R], text string) error {
	old, err := k.create(ctx, s, nil)
	if err != nil {
		return err
	}
	var errs []error
	for _, spot := range k.spots {
		what := fmt.Sprintf("with %.40q in %s", text, spot.where)
		created := k.fresh(nil)
		id := *k.fields(&created).id
		spot.put(&created, text)
		if k.check(created) == nil {
			continue
		}
		replaced := k.rival(old)
		spot.put(&replaced, text)
		errs = append(errs,
			k.refusal("Create "+what, s.Create(ctx, created)),
			k.missing(ctx, s, id, "after Create "+what, "it was refused"),
			k.missing(ctx, s, *k.fields(&created).id, "after Create "+what, "it was refused"),
			k.refusal("Replace "+what, s.Replace(ctx, replaced)),
			k.kept(ctx, s, old, "after Replace "+what))
	}
	return errors.Join(errs...)
}

func (k kind[R]) refusal(call string, err error) error { return refusal(call, err, k.answers()) }

// refusal returns what is wrong unless err says that a record cannot be kept. It is none of the answers.
func refusal(call string, err error, answers []error) error {
	switch {
	case err == nil:
		return fmt.Errorf("%s returned nil, want an error: what comes back would be another record", call)
	case errors.Is(err, auth.ErrUnavailable):
		return fmt.Errorf("%s returned %s, which is an outage: it would be tried again, in vain", call, quote(err))
	}
	for _, answer := range answers {
		if errors.Is(err, answer) {
			return fmt.Errorf("%s returned %s, which is an answer: want an error that says what is wrong with the record",
				call, quote(err))
		}
	}
	return nil
}

func (k kind[R]) getOdd(ctx context.Context, s store[R]) error {
	rec, err := k.create(ctx, s, nil)
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range odd(*k.fields(&rec).id) {
		errs = append(errs, k.missing(ctx, s, id, fmt.Sprintf("for %.60q", id), "there cannot be such a record"))
	}
	return errors.Join(errs...)
}

func (k kind[R]) listOdd(ctx context.Context, s lister[R]) error {
	rec, err := k.create(ctx, s, nil)
	if err != nil {
		return err
	}
	var errs []error
	for _, owner := range oddOwners(*k.fields(&rec).owner) {
		if recs, err := s.List(ctx, owner); err != nil || len(recs) > 0 {
			errs = append(errs, fmt.Errorf("%s for %.60q of type %.60q returned %d records and %s, want 0 and nil: "+
				"there cannot be such an owner", k.list, owner.ID, owner.Type, len(recs), quote(err)))
		}
	}
	return errors.Join(errs...)
}

// oddOwners returns owners that no record has.
func oddOwners(owner auth.Actor) (owners []auth.Actor) {
	for _, id := range odd(owner.ID) {
		owners = append(owners, auth.Actor{Type: owner.Type, ID: id})
	}
	for _, kind := range odd(owner.Type + "type") {
		owners = append(owners, auth.Actor{Type: kind, ID: owner.ID})
	}
	return append(owners,
		auth.Actor{Type: owner.Type + "\x00", ID: owner.ID}, auth.Actor{Type: owner.Type + "\xff", ID: owner.ID})
}
