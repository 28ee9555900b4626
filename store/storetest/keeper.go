package storetest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// A keeper makes, reads, changes and ends records of owners that nobody else has; those without owners are counted as one's
// too. What a store cannot do is nil.
type keeper[R any] struct {
	*worker
	what  string
	kind  kind[R]
	store store[R]
	list  func(ctx context.Context, owner auth.Actor) ([]R, error)
	ends  []end // the verbs that end all records of an owner

	owner    auth.Actor   // of what is created next
	identity string       // of the same, and of no other owner
	owners   []auth.Actor // all there were
	tracks   []*track[R]  // of all records there were
	doomed   *track[R]    // is to be ended before its Replace, which failed, may be done
	notes    int
}

// An end is a verb that ends all records of an owner, found by either name, but the one called except.
type end struct {
	verb string
	do   func(ctx context.Context, owner auth.Actor, identity, except string) (int, error)
}

const (
	deleteOne = "Delete"

	maxSure   = 6   // records that may be replaced, of one worker
	maxTracks = 400 // records of one worker
)

func (k *keeper[R]) renewOwner() {
	k.owner, k.identity = auth.Actor{Type: "user", ID: token.NewID()}, token.NewID()
	k.owners = append(k.owners, k.owner)
}

func (k *keeper[R]) begin(context.Context) {}

// probe creates a record and looks at it.
func (k *keeper[R]) probe(ctx context.Context) error {
	rec := k.kind.fresh(nil)
	create := func(ctx context.Context) error { return k.store.Create(ctx, rec) }
	if err := k.tell(ctx, "Create", create, k.kind.exists); err == errUnknown {
		return err
	}
	_, err := k.read(ctx, *k.kind.fields(&rec).id)
	return err
}

func (k *keeper[R]) tell(ctx context.Context, call string, do func(context.Context) error, answers ...error) error {
	return tell(ctx, k.load, call+" of a "+k.what, do, answers...)
}

func (k *keeper[R]) read(ctx context.Context, id string) (R, error) {
	return ask(ctx, k.load, "Get of a "+k.what, func(ctx context.Context) (R, error) {
		return k.store.Get(ctx, id)
	}, k.kind.notFound)
}

// changed returns rec with all fields changed but those that stay, and text that is easy to spoil.
func (k *keeper[R]) changed(rec R) R {
	k.notes++
	return k.kind.with(k.kind.rival(rec), func(f fields) {
		*f.version, *f.note = *k.kind.fields(&rec).version, fmt.Sprint(scripts, k.notes)
	})
}

func (k *keeper[R]) step(ctx context.Context) (failed bool) {
	sure := k.where((*track[R]).sure)
	live := k.where((*track[R]).live)
	switch n := k.rng.IntN(20); { // in twentieths
	case k.doomed != nil:
		return k.end(ctx, k.doomed)
	case len(live) == 0, n < 3 && len(sure) < maxSure && len(k.tracks) < maxTracks:
		return k.create(ctx)
	case n < 11 && len(sure) > 0:
		return k.replace(ctx, pick(k.rng, sure))
	case n < 13 && k.list != nil:
		return k.see(ctx, k.owner)
	case n < 16:
		return k.end(ctx, pick(k.rng, live))
	case n < 17 && len(k.ends) > 0:
		return k.endAll(ctx, pick(k.rng, k.ends), sure)
	}
	return k.get(ctx, pick(k.rng, k.tracks))
}

func (k *keeper[R]) where(is func(*track[R]) bool) (found []*track[R]) {
	for _, tr := range k.tracks {
		if is(tr) {
			found = append(found, tr)
		}
	}
	return found
}

// own makes a record one of the owner's.
func (k *keeper[R]) own(f fields) {
	if f.owner != nil {
		*f.owner = k.owner
	}
	if f.identity != nil {
		*f.identity = k.identity
	}
}

func (k *keeper[R]) create(ctx context.Context) bool {
	rec := k.changed(k.kind.fresh(k.own))
	err := k.tell(ctx, "Create", func(ctx context.Context) error { return k.store.Create(ctx, rec) }, k.kind.exists)
	// ErrExists is the answer to a second try of the store's, of which the caller knows nothing.
	kept := k.kind.with(rec, func(f fields) { *f.version = 1 })
	k.tracks = append(k.tracks, &track[R]{
		id: *k.kind.fields(&rec).id, owner: k.owner, states: []R{kept}, unborn: err == errUnknown,
	})
	return err == errUnknown
}

func (k *keeper[R]) get(ctx context.Context, tr *track[R]) bool {
	got, err := k.read(ctx, tr.id)
	k.note(tr, "Get", got, err)
	return err == errUnknown
}

// note is what the record was found to be.
func (k *keeper[R]) note(tr *track[R], call string, got R, err error) {
	var f flaw
	var text string
	switch err {
	case nil:
		f, text = tr.saw(got)
	case k.kind.notFound:
		f, text = tr.missed()
	}
	k.load.find(f, "by %s of %s %s: %s", call, k.what, tr.id, text)
}

// replace changes a record. If that fails, it is mostly to be ended as soon as that can be done: the change, when it
// comes after that, must not bring it back.
func (k *keeper[R]) replace(ctx context.Context, tr *track[R]) bool {
	next := k.changed(tr.states[0])
	err := k.tell(ctx, "Replace", func(ctx context.Context) error { return k.store.Replace(ctx, next) },
		k.kind.notFound, k.kind.conflict)
	kept := k.kind.with(next, func(f fields) { *f.version++ })
	switch err {
	case errUnknown:
		tr.states = append(tr.states, kept)
		if k.rng.IntN(4) > 0 {
			k.doomed = tr
		}
	case k.kind.notFound:
		k.note(tr, "Replace", next, err)
	default: // ErrConflict is the answer to a second try
		tr.replaced(kept)
	}
	return err == errUnknown
}

func (k *keeper[R]) end(ctx context.Context, tr *track[R]) bool {
	err := k.tell(ctx, deleteOne, func(ctx context.Context) error { return k.store.Delete(ctx, tr.id) })
	switch {
	case err != errUnknown:
		tr.end(deleteOne)
	case tr.live():
		tr.leaving = deleteOne
	}
	if !tr.live() && tr == k.doomed {
		k.doomed = nil
	}
	return err == errUnknown
}

// endAll ends the records of the owner, but sometimes one of sure. If that fails, it may yet end what is created
// later, so there is another owner from now on.
func (k *keeper[R]) endAll(ctx context.Context, e end, sure []*track[R]) bool {
	except, owner, identity := "", k.owner, k.identity
	if len(sure) > 0 && k.rng.IntN(2) == 0 {
		except = pick(k.rng, sure).id
	}
	_, err := ask(ctx, k.load, e.verb, func(ctx context.Context) (int, error) { return e.do(ctx, owner, identity, except) })
	if err == errUnknown {
		k.renewOwner()
	}
	for _, tr := range k.where((*track[R]).live) {
		switch {
		case tr.owner != owner || tr.id == except:
		case err == errUnknown:
			tr.leaving = e.verb
		default:
			tr.end(e.verb)
		}
	}
	return err == errUnknown || k.see(ctx, owner)
}

// see lists the records of an owner.
func (k *keeper[R]) see(ctx context.Context, owner auth.Actor) bool {
	recs, err := k.readList(ctx, owner)
	if err != nil {
		return true
	}
	listed := k.noteList(recs)
	for _, tr := range k.tracks {
		tr.gone = tr.gone || tr.owner == owner && tr.ended != "" && !slices.Contains(listed, tr.id)
	}
	return false
}

func (k *keeper[R]) readList(ctx context.Context, owner auth.Actor) ([]R, error) {
	return ask(ctx, k.load, k.kind.list+" of "+k.what+"s", func(ctx context.Context) ([]R, error) { return k.list(ctx, owner) })
}

// noteList notes what each record was found to be, and returns their IDs in order.
func (k *keeper[R]) noteList(recs []R) []string {
	for _, rec := range recs {
		id := *k.kind.fields(&rec).id
		i := slices.IndexFunc(k.tracks, func(tr *track[R]) bool { return tr.id == id })
		if i < 0 {
			k.load.find(half, "by %s of %ss: there is one that nobody has created", k.kind.list, k.what)
			continue
		}
		k.note(k.tracks[i], k.kind.list, rec, nil)
	}
	ids := k.kind.ids(recs...)
	slices.Sort(ids)
	return ids
}

func (k *keeper[R]) verify(ctx context.Context) {
	for _, owner := range k.owners {
		k.verifyOwner(ctx, owner)
	}
}

// verifyOwner looks several times before it finds that List and Get do not agree: the last calls may be landing.
func (k *keeper[R]) verifyOwner(ctx context.Context, owner auth.Actor) {
	for end := time.Now().Add(patience); ; time.Sleep(breather) {
		found, err := k.found(ctx, owner)
		if err != nil || k.list == nil {
			return
		}
		recs, err := insist(k.load, func() ([]R, error) { return k.readList(ctx, owner) })
		if err != nil {
			return
		}
		listed := k.noteList(recs)
		if slices.Equal(found, listed) {
			return
		}
		if time.Now().After(end) {
			k.load.find(half, "%s returned %ss with the IDs %q, where Get finds %q", k.kind.list, k.what, listed, found)
			return
		}
	}
}

// found gets all records of owner, and returns the IDs in order of those that are there.
func (k *keeper[R]) found(ctx context.Context, owner auth.Actor) (ids []string, err error) {
	for _, tr := range k.tracks {
		if tr.owner != owner {
			continue
		}
		got, err := insist(k.load, func() (R, error) { return k.read(ctx, tr.id) })
		if err == errUnknown {
			return nil, err
		}
		k.note(tr, "Get", got, err)
		if err == nil {
			ids = append(ids, tr.id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}
