package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/session"
)

// TestSessionStore tests whether the stores that open returns are as [session.Store] says, and as [session.Index] says
// if they are that too. The package comment says what open may return.
func TestSessionStore(t *testing.T, open func(t testing.TB) session.Store) {
	t.Helper()
	run(t, sessionCases, open)
	if s := open(t); !isIndexed(s) {
		t.Logf("%T is no session.Index: List, DeleteAll and DeleteIdentity were not tested", s)
		return
	}
	run(t, indexCases, func(t testing.TB) indexed { return open(t).(indexed) })
}

func isIndexed(s session.Store) bool {
	_, ok := s.(session.Index)
	return ok
}

var sessions = kind[session.Record]{
	list:    "List",
	samples: sessionSamples,
	fields: func(r *session.Record) fields {
		return fields{&r.ID, &r.Version, &r.Login.Actor, &r.Created, &r.UserAgent, &r.Login.IdentityID}
	},
	clone:    session.Record.Clone,
	mark:     func(r *session.Record) { r.Digest = token.Sum(r.UserAgent) },
	marked:   func(r session.Record) bool { return r.Digest == token.Sum(r.UserAgent) },
	spots:    sessionSpots,
	newID:    session.NewID,
	check:    session.Record.Check,
	notFound: session.ErrNotFound,
	exists:   session.ErrExists,
	conflict: session.ErrConflict,
}

// present is a session store at the present time.
type present struct{ session.Store }

// Get returns the record, if it has not expired by now.
func (p present) Get(ctx context.Context, id string) (session.Record, error) {
	return p.Store.Get(ctx, id, time.Now())
}

// Replace exchanges the record, if it has not expired by now.
func (p present) Replace(ctx context.Context, rec session.Record) error {
	return p.Store.Replace(ctx, rec, time.Now())
}

func asStore(s session.Store) store[session.Record] { return present{s} }

var sessionCases = slices.Concat(
	through(asStore, sessions.contract()),
	through(asStore, sessions.texts()),
	through(asStore, sessions.contention()),
	through(asStore, sessions.interrupted()),
	through(asStore, sessions.deletion()),
	[]testCase[session.Store]{
		{"records are values", recordsAreValues},
		{"Get at Expires is ErrNotFound, one microsecond before it is not", getExpires},
		{"Replace at Expires is ErrNotFound, one microsecond before it is not", replaceExpires},
		{"Replace moves Expires in both directions", replaceMovesExpires},
		{"Replace by a record of another actor is refused and changes nothing", replaceKeepsActor},
		{"Replace by a record of another identity is refused and changes nothing", replaceKeepsIdentity},
		{"a clock that is ahead removes nothing", clockAhead},
	},
)

// recordsAreValues changes the Factors of what was handed in and of what came out: all else in a record is immutable.
func recordsAreValues(ctx context.Context, s session.Store) error {
	want := sessions.fresh(nil)
	scribble := func(r session.Record) { r.Login.Factors[0] = auth.Factor{Method: "none"} }

	rec := want.Clone()
	if err := must("Create", s.Create(ctx, rec)); err != nil {
		return err
	}
	scribble(rec)
	created := sessions.kept(ctx, present{s}, want, "after a change of the Factors that were handed to Create")

	rec = want.Clone()
	if err := must("Replace", s.Replace(ctx, rec, time.Now())); err != nil {
		return err
	}
	want.Version = 2
	scribble(rec)
	replaced := sessions.kept(ctx, present{s}, want, "after a change of the Factors that were handed to Replace")

	got, err := s.Get(ctx, want.ID, time.Now())
	if err != nil {
		return must("Get", err)
	}
	scribble(got)
	read := sessions.kept(ctx, present{s}, want, "after a change of the Factors that Get returned")
	return errors.Join(created, replaced, read)
}

// tick is the unit in which every database keeps time.
const tick = time.Microsecond

func getExpires(ctx context.Context, s session.Store) error {
	rec, err := sessions.create(ctx, present{s}, nil)
	if err != nil {
		return err
	}
	_, before := s.Get(ctx, rec.ID, rec.Expires.Add(-tick))
	_, at := s.Get(ctx, rec.ID, rec.Expires)
	_, after := s.Get(ctx, rec.ID, rec.Expires.Add(24*time.Hour))
	return errors.Join(
		expect("Get one microsecond before Expires", before, nil, "the session has not expired"),
		expect("Get at Expires", at, session.ErrNotFound, "the session has expired"),
		expect("Get a day after Expires", after, session.ErrNotFound, "the session has expired"),
	)
}

func replaceExpires(ctx context.Context, s session.Store) error {
	rec, err := sessions.create(ctx, present{s}, nil)
	if err != nil {
		return err
	}
	renewed := rec
	renewed.Expires = rec.EndsBy
	at := s.Replace(ctx, renewed, rec.Expires)
	after := s.Replace(ctx, renewed, rec.Expires.Add(tick))
	stale := renewed
	stale.Version = 7
	other := s.Replace(ctx, stale, rec.Expires)
	unchanged := sessions.kept(ctx, present{s}, rec, "after Replace at Expires")
	before := s.Replace(ctx, renewed, rec.Expires.Add(-tick))
	return errors.Join(
		expect("Replace at Expires", at, session.ErrNotFound, "a session that has expired would be back"),
		expect("Replace one microsecond after Expires", after, session.ErrNotFound, "a session that has expired would be back"),
		expect("Replace of another version at Expires", other, session.ErrNotFound,
			"there is nothing left to be in conflict with"),
		unchanged,
		expect("Replace one microsecond before Expires", before, nil, "the session has not expired"),
	)
}

// replaceMovesExpires renews a session, then cuts it short, and looks each time right before and at its new end.
func replaceMovesExpires(ctx context.Context, s session.Store) error {
	rec, err := sessions.create(ctx, present{s}, nil)
	if err != nil {
		return err
	}
	var errs []error
	for _, by := range []time.Duration{time.Hour, -90 * time.Minute} {
		rec.Expires = rec.Expires.Add(by)
		if err := must(fmt.Sprintf("Replace that moves Expires by %v", by), s.Replace(ctx, rec, time.Now())); err != nil {
			return err
		}
		rec.Version++
		_, before := s.Get(ctx, rec.ID, rec.Expires.Add(-tick))
		_, at := s.Get(ctx, rec.ID, rec.Expires)
		moved := fmt.Sprintf("after Replace has moved Expires by %v, Get ", by)
		errs = append(errs,
			expect(moved+"one microsecond before it", before, nil, "the session has not expired"),
			expect(moved+"at it", at, session.ErrNotFound, "the session has expired"))
	}
	return errors.Join(errs...)
}

// clockAhead makes calls at a time at which the record has expired, as one of many servers may whose clock is wrong.
func clockAhead(ctx context.Context, s session.Store) error {
	rec, err := sessions.create(ctx, present{s}, nil)
	if err != nil {
		return err
	}
	later := rec.Expires.Add(24 * time.Hour)
	_, got := s.Get(ctx, rec.ID, later)
	replaced := s.Replace(ctx, rec, later)
	if index, ok := s.(session.Index); ok {
		if _, err := index.List(ctx, rec.Login.Actor, later); err != nil {
			return must("List a day after Expires", err)
		}
	}
	created := s.Create(ctx, rec)
	return errors.Join(
		expect("Get a day after Expires", got, session.ErrNotFound, "the session has expired"),
		expect("Replace a day after Expires", replaced, session.ErrNotFound, "the session has expired"),
		expect("Create of the ID of a record that has expired", created, session.ErrExists,
			"it is still there for a clock that is right"),
		sessions.kept(ctx, present{s}, rec, "after calls by a clock that is ahead"),
	)
}

// replaceKeepsActor has a session become another actor's, and nobody's. The ID of a session without an actor is like any
// other, so that nothing in the record itself is wrong then.
func replaceKeepsActor(ctx context.Context, s session.Store) error {
	rec, err := sessions.create(ctx, present{s}, nil)
	if err != nil {
		return err
	}
	var errs []error
	for _, actor := range []auth.Actor{{}, {Type: rec.Login.Actor.Type}, {Type: "user", ID: token.NewID()}} {
		other := rec.Clone()
		other.Login.Actor = actor
		err := s.Replace(ctx, other, time.Now())
		if err == nil || sessions.isAnswer(err) {
			errs = append(errs, fmt.Errorf("Replace by a record of the actor %q, where that of %q is, returned %s, want an error "+
				"that is no answer: nobody would find the session among those of its actor", actor, rec.Login.Actor, quote(err)))
		}
	}
	return errors.Join(append(errs, sessions.kept(ctx, present{s}, rec, "after Replace by records of other actors"))...)
}

// replaceKeepsIdentity has a session become another identity's, and nobody's, and one of nobody's become somebody's.
func replaceKeepsIdentity(ctx context.Context, s session.Store) error {
	rec, err := sessions.create(ctx, present{s}, nil)
	if err != nil {
		return err
	}
	none, err := sessions.create(ctx, present{s}, func(f fields) { *f.identity = "" })
	if err != nil {
		return err
	}
	id := rec.Login.IdentityID
	var errs []error
	for _, change := range []struct {
		rec      session.Record
		identity string
	}{{rec, ""}, {rec, token.NewID()}, {rec, strings.ToUpper(id)}, {rec, id + " "}, {none, id}} {
		other := change.rec.Clone()
		other.Login.IdentityID = change.identity
		err := s.Replace(ctx, other, time.Now())
		if err == nil || sessions.isAnswer(err) {
			errs = append(errs, fmt.Errorf("Replace by a record of the identity %q, where that of %q is, returned %s, want an "+
				"error that is no answer: the session would not end with those of its identity",
				change.identity, change.rec.Login.IdentityID, quote(err)))
		}
	}
	return errors.Join(append(errs,
		sessions.kept(ctx, present{s}, rec, "after Replace by records of other identities"),
		sessions.kept(ctx, present{s}, none, "after Replace by a record that has an identity"))...)
}
