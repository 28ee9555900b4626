package memory_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

const modelMax = 8

// A model does what Sessions does, without an index or a heap.
type model map[string]session.Record

func (m model) create(rec session.Record) error {
	if _, ok := m[rec.ID]; ok {
		return session.ErrExists
	}
	for _, old := range m.sorted(func(a, b session.Record) int { return a.Expires.Compare(b.Expires) })[:min(2, len(m))] {
		if !time.Now().Before(old.Expires) {
			delete(m, old.ID)
		}
	}
	if len(m) == modelMax {
		return memory.ErrFull
	}
	rec.Version = 1
	m[rec.ID] = rec
	return nil
}

func (m model) replace(rec session.Record) error {
	old, ok := m[rec.ID]
	switch {
	case !ok || !time.Now().Before(old.Expires):
		return session.ErrNotFound
	case old.Version != rec.Version:
		return session.ErrConflict
	case old.Login.IdentityID != rec.Login.IdentityID:
		return errKeeps
	}
	rec.Version++
	m[rec.ID] = rec
	return nil
}

func (m model) delete(id string) error {
	delete(m, id)
	return nil
}

var errKeeps = errors.New("memory: a session keeps its actor and its identity")

func (m model) deleteWhere(match func(session.Record) bool, except string) error {
	before := len(m)
	maps.DeleteFunc(m, func(id string, rec session.Record) bool { return match(rec) && id != except })
	return removed(before - len(m))
}

// removed is how many records a DeleteAll or DeleteIdentity removed, as the outcome of an operation.
func removed(n int) error { return fmt.Errorf("%w: %d", errRemoved, n) }

var errRemoved = errors.New("removed")

func (m model) sorted(by func(a, b session.Record) int) []session.Record {
	return slices.SortedFunc(maps.Values(m), by)
}

func (m model) list(actor auth.Actor) []session.Record {
	return slices.DeleteFunc(m.sorted(func(a, b session.Record) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	}), func(rec session.Record) bool { return rec.Login.Actor != actor })
}

// TestModel does the same at random to a store and to the model, and compares all that both hold after each step.
func TestModel(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { compareWithModel(t, rand.New(rand.NewPCG(seed, 0))) })
		})
	}
}

func compareWithModel(t *testing.T, random *rand.Rand) {
	s, m := memory.NewSessions(&memory.Options{Max: modelMax}), model{}
	actors := []auth.Actor{{Type: "user", ID: "1"}, {Type: "user", ID: "2"}, {Type: "customer", ID: "1"}}
	identities := []string{"a", "b", "", "1"} // one is like the ID of an actor
	places := []string{session.Place(actors[0]), session.Place(actors[1]), session.Place(actors[2])}
	for step := range 400 {
		time.Sleep(time.Duration(random.IntN(60)) * time.Second)
		i := random.IntN(len(actors))
		id, actor, identity := places[i]+fmt.Sprint(random.IntN(4)), actors[i], identities[random.IntN(len(identities))]
		rec := session.Record{
			ID: id, Version: m[id].Version, Counter: uint64(step), Login: session.Login{Actor: actor, IdentityID: identity}, Created: time.Now(),
			Expires: time.Now().Add(time.Duration(random.Int64N(int64(20 * time.Minute)))),
		}
		if random.IntN(8) == 0 {
			rec.Version--
		}
		if kept, ok := m[id]; ok && random.IntN(8) > 0 {
			rec.Login.IdentityID = kept.Login.IdentityID
		}
		var got, want error
		switch op := random.IntN(20); {
		case op < 10:
			got, want = s.Create(t.Context(), rec), m.create(rec)
		case op < 17:
			got, want = s.Replace(t.Context(), rec, time.Now()), m.replace(rec)
		case op < 19:
			got, want = s.Delete(t.Context(), id), m.delete(id)
		case random.IntN(2) == 0:
			n, err := s.DeleteAll(t.Context(), actor, id)
			got, want = errors.Join(err, removed(n)), m.deleteWhere(func(r session.Record) bool { return r.Login.Actor == actor }, id)
		default:
			n, err := s.DeleteIdentity(t.Context(), identity, id)
			got, want = errors.Join(err, removed(n)), m.deleteWhere(func(r session.Record) bool {
				return identity != "" && r.Login.IdentityID == identity
			}, id)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("step %d: %v, want %v", step, got, want)
		}
		for _, actor := range actors {
			// At the zero time nothing has expired, so that this shows what is there.
			got, err := s.List(t.Context(), actor, time.Time{})
			if want := m.list(actor); err != nil || !slices.EqualFunc(got, want, equal) {
				t.Fatalf("step %d: List: %v, %v; want %v", step, got, err, want)
			}
		}
	}
}

func equal(a, b session.Record) bool { return reflect.DeepEqual(a, b) }
