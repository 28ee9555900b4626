package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// A bulk is a verb that ends all sessions of an owner, whom one part of a Login names.
type bulk struct {
	verb, owner string // such as "DeleteAll" and "actor"
	do          func(ctx context.Context, s indexed, of session.Login, except string) (int, error)
	join        func(f fields, of session.Login)       // makes a record one of the owner's
	alike       func() []session.Login                 // owners of whom each is another
	odd         func(of session.Login) []session.Login // owners that no record has
}

var actorEnd = bulk{
	verb:  "DeleteAll",
	owner: "actor",
	do: func(ctx context.Context, s indexed, of session.Login, except string) (int, error) {
		return s.DeleteAll(ctx, of.Actor, except)
	},
	join:  func(f fields, of session.Login) { *f.owner = of.Actor },
	alike: func() []session.Login { return asLogins(lookalikes()) },
	odd:   func(of session.Login) []session.Login { return asLogins(oddOwners(of.Actor)) },
}

var identityEnd = bulk{
	verb:  "DeleteIdentity",
	owner: "identity",
	do: func(ctx context.Context, s indexed, of session.Login, except string) (int, error) {
		return s.DeleteIdentity(ctx, of.IdentityID, except)
	},
	join: func(f fields, of session.Login) { *f.identity = of.IdentityID },
	alike: func() (logins []session.Login) {
		for _, actor := range lookalikes() {
			if actor.Type == "user" {
				logins = append(logins, session.Login{IdentityID: actor.ID})
			}
		}
		return logins
	},
	odd: func(of session.Login) (logins []session.Login) {
		for _, id := range odd(of.IdentityID) {
			logins = append(logins, session.Login{IdentityID: id})
		}
		return logins
	},
}

func asLogins(actors []auth.Actor) (logins []session.Login) {
	for _, actor := range actors {
		logins = append(logins, session.Login{Actor: actor})
	}
	return logins
}

// ending is what is demanded of the verb.
func (b bulk) ending() []testCase[indexed] {
	return []testCase[indexed]{
		{b.verb + " removes what is the " + b.owner + "'s and nothing else", b.comparesOwner},
		{b.verb + " spares the exception", b.spares},
		{b.verb + " of an " + b.owner + " that no store keeps removes nothing", b.oddRemoveNothing},
		{b.verb + " with a context that is done is an error and changes nothing", b.contextDone},
		{"an interrupted " + b.verb + " leaves each record or nothing of it", b.interrupted},
		{"many calls of " + b.verb + " at once count each record once", b.countsOnce},
		{b.verb + " is not undone by requests in flight", b.staysDone},
		{b.verb + " removes all that was there before it began", b.missesNothing},
	}
}

// ends returns what is wrong unless the verb removes want records.
func (b bulk) ends(ctx context.Context, s indexed, of session.Login, except string, want int) error {
	n, err := b.do(ctx, s, of, except)
	if n != want || err != nil {
		return fmt.Errorf("%s for %s except %.80q returned %d and %s, want %d and nil", b.verb, b.name(of), except, n, quote(err), want)
	}
	return nil
}

func (b bulk) name(of session.Login) string {
	return fmt.Sprintf("%s %.80q of %.80q", b.owner, of.Actor.ID+of.IdentityID, of.Actor.Type)
}

// begin creates a session of the owner.
func (b bulk) begin(ctx context.Context, s indexed, of session.Login) (session.Record, error) {
	return sessions.create(ctx, present{s}, func(f fields) { b.join(f, of) })
}

// family creates n sessions of one owner. Those of an identity are of different actors, and the first is a visitor's.
func (b bulk) family(ctx context.Context, s indexed, n int) (recs []session.Record, of session.Login, err error) {
	of = fullSession().Login
	for i := range n {
		rec, err := sessions.create(ctx, present{s}, func(f fields) {
			if i == 0 {
				*f.owner = auth.Actor{}
			}
			b.join(f, of)
		})
		if err != nil {
			return nil, of, err
		}
		recs = append(recs, rec)
	}
	return recs, of, nil
}

// gone returns what is wrong unless all of recs have ended.
func (b bulk) gone(ctx context.Context, s indexed, when, why string, recs ...session.Record) error {
	var errs []error
	for _, rec := range recs {
		errs = append(errs,
			sessions.missing(ctx, present{s}, rec.ID, when, why),
			sessions.listedIs(ctx, asLister(s), rec, false, when))
	}
	return distinct(errs)
}

// live returns what is wrong unless all of recs are as they were.
func (b bulk) live(ctx context.Context, s indexed, when string, recs ...session.Record) error {
	var errs []error
	for _, rec := range recs {
		errs = append(errs,
			sessions.kept(ctx, present{s}, rec, when),
			sessions.listedIs(ctx, asLister(s), rec, rec.Login.Actor.ID != "", when))
	}
	return distinct(errs)
}

// listedIs returns what is wrong unless the record is in the list of its owner, or is not.
func (k kind[R]) listedIs(ctx context.Context, s lister[R], rec R, want bool, when string) error {
	recs, err := s.List(ctx, *k.fields(&rec).owner)
	if err != nil {
		return must(k.list+" "+when, err)
	}
	if slices.Contains(k.ids(recs...), *k.fields(&rec).id) != want {
		return fmt.Errorf("%s, whether a record is in the %s of its owner is %v, want %v", when, k.list, !want, want)
	}
	return nil
}

func (b bulk) comparesOwner(ctx context.Context, s indexed) error {
	owners := b.alike()
	var recs []session.Record
	for _, of := range owners {
		rec, err := b.begin(ctx, s, of)
		if err != nil {
			return fmt.Errorf("for %s: %w", b.name(of), err)
		}
		recs = append(recs, rec)
	}
	var errs []error
	for i, of := range owners {
		if err := b.ends(ctx, s, of, "", 1); err != nil {
			return err
		}
		when := "after " + b.verb + " for " + b.name(of)
		errs = append(errs,
			b.gone(ctx, s, when, "the session has ended", recs[i]),
			b.live(ctx, s, when+", for the records of others", recs[i+1:]...))
	}
	return errors.Join(errs...)
}

func (b bulk) spares(ctx context.Context, s indexed) error {
	recs, of, err := b.family(ctx, s, 4)
	if err != nil {
		return err
	}
	stranger, err := sessions.create(ctx, present{s}, nil)
	if err != nil {
		return err
	}
	const ended = "the session has ended"
	return errors.Join(
		b.ends(ctx, s, of, recs[2].ID, 3),
		b.live(ctx, s, "after "+b.verb+" except it", recs[2], stranger),
		b.gone(ctx, s, "after "+b.verb+" except another", ended, recs[0], recs[1], recs[3]),
		b.ends(ctx, s, of, recs[2].ID, 0),
		b.ends(ctx, s, of, stranger.ID, 1),
		b.gone(ctx, s, "after "+b.verb+" except another "+b.owner+"'s", ended, recs...),
		b.ends(ctx, s, of, "", 0),
		b.live(ctx, s, "after "+b.verb+" of another "+b.owner, stranger),
	)
}

func (b bulk) contextDone(ctx context.Context, s indexed) error {
	rec, err := sessions.create(ctx, present{s}, nil)
	if err != nil {
		return err
	}
	return errors.Join(
		refused(ctx, sessions.answers(), call{b.verb, func(ctx context.Context) error {
			_, err := b.do(ctx, s, rec.Login, "")
			return err
		}}),
		b.live(ctx, s, "after a "+b.verb+" with a context that is done", rec),
	)
}

func (b bulk) oddRemoveNothing(ctx context.Context, s indexed) error {
	recs, of, err := b.family(ctx, s, 2)
	if err != nil {
		return err
	}
	var errs []error
	for _, other := range b.odd(of) {
		errs = append(errs, b.ends(ctx, s, other, "", 0))
	}
	return errors.Join(append(errs,
		b.live(ctx, s, "after "+b.verb+" of what no store keeps", recs...),
		b.ends(ctx, s, of, recs[0].ID+"\x00", 2),
	)...)
}

// interrupted demands less than of one record: those of an owner need not end in one step.
func (b bulk) interrupted(ctx context.Context, s indexed) error {
	return atEachMoment(func(m moment) error {
		recs, of, err := b.family(ctx, s, 3)
		if err != nil {
			return err
		}
		removed := 0
		removeAll := func(ctx context.Context) (err error) {
			removed, err = b.do(ctx, s, of, "")
			return err
		}
		err, wrong := m.interrupt(ctx, b.verb, removeAll)
		if wrong != nil {
			return wrong
		}
		if err == nil && removed != len(recs) {
			return fmt.Errorf("an interrupted %s returned %d and nil, want %d", b.verb, removed, len(recs))
		}
		var errs []error
		for _, rec := range recs {
			errs = append(errs, sessions.either(ctx, present{s}, "an interrupted "+b.verb, err, &rec, nil))
		}
		return errors.Join(append(errs,
			b.agree(ctx, s, recs, "after an interrupted "+b.verb),
			works(ctx, b.verb+" after an interrupted one", removeAll),
			b.gone(ctx, s, "after a repeated "+b.verb, "the session has ended", recs...))...)
	})
}

// agree returns what is wrong unless List and Get agree, before long, about what recs were.
func (b bulk) agree(ctx context.Context, s indexed, recs []session.Record, when string) error {
	ids := map[auth.Actor][]string{}
	for _, rec := range recs {
		if rec.Login.Actor.ID != "" {
			ids[rec.Login.Actor] = append(ids[rec.Login.Actor], rec.ID)
		}
	}
	var errs []error
	for actor, ids := range ids {
		errs = append(errs, sessions.agree(ctx, asLister(s), actor, when, ids...))
	}
	return errors.Join(errs...)
}

// countsOnce has all racers end all sessions of an owner.
func (b bulk) countsOnce(ctx context.Context, s indexed) error {
	recs, of, err := b.family(ctx, s, 8)
	if err != nil {
		return err
	}
	removed := make([]int, racers)
	errs := race(func(i int) (err error) {
		removed[i], err = b.do(ctx, s, of, "")
		return expect("one of many calls of "+b.verb, err, nil, "the sessions have ended, whoever was first")
	})
	all := 0
	for _, n := range removed {
		all += n
	}
	if all != len(recs) {
		errs = append(errs, fmt.Errorf("%d calls of %s at once returned %d in sum, want %d: each record is removed once",
			racers, b.verb, all, len(recs)))
	}
	return distinct(append(errs, b.gone(ctx, s, "after many calls of "+b.verb, "the sessions have ended", recs...)))
}

// staysDone has all racers but one use the sessions of an owner, while that one ends them all.
func (b bulk) staysDone(ctx context.Context, s indexed) error {
	recs, of, err := b.family(ctx, s, 8)
	if err != nil {
		return err
	}
	var ended atomic.Bool
	errs := race(func(i int) error {
		if i == racers/2 {
			defer ended.Store(true)
			return b.ends(ctx, s, of, "", len(recs))
		}
		return sessions.useUntil(ctx, present{s}, recs[i%len(recs)], &ended)
	})
	return distinct(append(errs, b.gone(ctx, s, "after "+b.verb+" while others Replace", "a logout everywhere would be undone", recs...)))
}

// missesNothing has all racers but one begin new sessions of an owner, while that one ends all there are.
func (b bulk) missesNothing(ctx context.Context, s indexed) error {
	recs, of, err := b.family(ctx, s, 8)
	if err != nil {
		return err
	}
	begun, removed := make([]session.Record, racers), 0
	errs := race(func(i int) (err error) {
		if i == racers/2 {
			removed, err = b.do(ctx, s, of, "")
			return expect(b.verb+" while others Create", err, nil, "it must not need the "+b.owner+" to stand still")
		}
		begun[i], err = b.begin(ctx, s, of)
		return err
	})
	begun[racers/2], err = b.begin(ctx, s, of)
	return distinct(append(errs, err,
		b.gone(ctx, s, "after "+b.verb+" while others Create", "it was there before", recs...),
		b.survive(ctx, s, of, begun, len(recs)+racers-removed)))
}

// survive returns what is wrong unless want of recs are there, and the verb ends just these.
func (b bulk) survive(ctx context.Context, s indexed, of session.Login, recs []session.Record, want int) error {
	when := "after " + b.verb + " while others Create"
	var found []session.Record
	for _, rec := range recs {
		if _, err := s.Get(ctx, rec.ID, time.Now()); err == nil {
			found = append(found, rec)
		}
	}
	if len(found) != want {
		return fmt.Errorf("%s, %d records are there, want %d by what it returned", when, len(found), want)
	}
	return errors.Join(
		b.live(ctx, s, when+", where a session that is missed cannot be ended", found...),
		b.agree(ctx, s, recs, when),
		b.ends(ctx, s, of, "", len(found)),
		b.gone(ctx, s, "after another "+b.verb, "it was there before", found...))
}
