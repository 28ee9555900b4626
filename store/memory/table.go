package memory

import (
	"cmp"
	"container/heap"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// A schema says how a table reads and copies records of type R, and what it answers.
type schema[R any] struct {
	columns                    func(R) columns
	clone                      func(rec R, version int64) R  // a copy with that version, which shares nothing with rec
	replace                    func(last, next R) (R, error) // what is kept of next in the place of last, or why nothing is
	notFound, exists, conflict error
}

// Columns are what a table needs to know of a record.
type columns struct {
	id      string
	version int64
	owner   auth.Actor
	created time.Time
	expires time.Time
}

// A row is one state of a record. It is never changed, only exchanged for the next, so that a reader needs no lock.
type row[R any] struct {
	columns
	rec R
}

func (r *row[R]) expired(now time.Time) bool { return !now.Before(r.expires) }

// An entry is the place of a record: what is at it changes, the entry stays until the record is deleted.
type entry[R any] struct {
	row     atomic.Pointer[row[R]]
	byOwner int // where it is in its owner's list
	byEnd   int // where it is in the heap
}

// A table is what the stores have in common: a bounded set of records, found by ID and by owner.
//
// Readers of one record take no lock. Whoever changes the table takes mu; a reader sees the change of a record at once and
// whole, when the entry is put into byID or taken out, or its row is exchanged.
type table[R any] struct {
	schema schema[R]
	max    int
	byID   sync.Map // from string to *entry[R]

	mu      sync.Mutex
	byOwner owners[R]
	byEnd   deadlines[R] // holds every entry
}

func newTable[R any](o *Options, s schema[R]) *table[R] {
	return &table[R]{schema: s, max: o.max(), byOwner: owners[R]{}}
}

func (t *table[R]) find(id string) *entry[R] {
	if e, ok := t.byID.Load(id); ok {
		return e.(*entry[R])
	}
	return nil
}

// newRow returns the row that holds a copy of rec.
func (t *table[R]) newRow(rec R, version int64) *row[R] {
	rec = t.schema.clone(rec, version)
	return &row[R]{columns: t.schema.columns(rec), rec: rec}
}

func (t *table[R]) create(ctx context.Context, rec R) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e := &entry[R]{}
	row := t.newRow(rec, 1)
	e.row.Store(row)

	t.mu.Lock()
	defer t.mu.Unlock()
	// Before anything is dropped and before the store may be full: whoever asks again because the first answer was lost
	// must be told that the record is there.
	if t.find(row.id) != nil {
		return t.schema.exists
	}
	t.dropExpired(time.Now())
	if len(t.byEnd) >= t.max {
		return ErrFull
	}
	t.byOwner.add(row.owner, e)
	heap.Push(&t.byEnd, e)
	t.byID.Store(row.id, e)
	return nil
}

// dropExpired removes up to two records that have expired at now. With one there is room again, with two the store
// shrinks to what is live, and no Create has to wait until a whole crowd is removed.
func (t *table[R]) dropExpired(now time.Time) {
	for range 2 {
		if len(t.byEnd) == 0 || !t.byEnd[0].row.Load().expired(now) {
			return
		}
		t.remove(t.byEnd[0])
	}
}

// remove takes out e, which is in the table.
func (t *table[R]) remove(e *entry[R]) {
	row := e.row.Load()
	t.byID.Delete(row.id)
	t.byOwner.remove(row.owner, e)
	heap.Remove(&t.byEnd, e.byEnd)
}

func (t *table[R]) get(ctx context.Context, id string, now time.Time) (rec R, err error) {
	if err := ctx.Err(); err != nil {
		return rec, err
	}
	e := t.find(id)
	if e == nil {
		return rec, t.schema.notFound
	}
	row := e.row.Load()
	if row.expired(now) {
		return rec, t.schema.notFound
	}
	return t.schema.clone(row.rec, row.version), nil
}

func (t *table[R]) replace(ctx context.Context, rec R, now time.Time) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	want := t.schema.columns(rec)
	next := t.newRow(rec, want.version+1)

	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.find(want.id)
	if e == nil {
		return t.schema.notFound
	}
	last := e.row.Load()
	switch {
	case last.expired(now):
		return t.schema.notFound
	case last.version != want.version:
		return t.schema.conflict
	}
	if next.rec, err = t.schema.replace(last.rec, next.rec); err != nil {
		return err
	}
	if last.owner != next.owner {
		t.byOwner.remove(last.owner, e)
		t.byOwner.add(next.owner, e)
	}
	e.row.Store(next)
	heap.Fix(&t.byEnd, e.byEnd)
	return nil
}

// amend exchanges the record with the ID, if there is one, for what f makes of it: its columns stay, the version too.
func (t *table[R]) amend(id string, f func(R) R) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.find(id); e != nil {
		last := e.row.Load()
		e.row.Store(&row[R]{columns: last.columns, rec: f(last.rec)})
	}
}

func (t *table[R]) delete(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.find(id); e != nil {
		t.remove(e)
	}
	return nil
}

// deleteAll removes the records of owner but the one called except, and returns how many.
func (t *table[R]) deleteAll(ctx context.Context, owner auth.Actor, except string) (n int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range slices.Clone(t.byOwner[owner]) {
		if e.row.Load().id != except {
			t.remove(e)
			n++
		}
	}
	return n, nil
}

// list returns the records of owner that have not expired at now, by the time of their creation, then by ID.
func (t *table[R]) list(ctx context.Context, owner auth.Actor, now time.Time) ([]R, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rows := t.rows(owner)
	slices.SortFunc(rows, func(a, b *row[R]) int {
		return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.id, b.id))
	})
	var recs []R
	for _, row := range rows {
		if !row.expired(now) {
			recs = append(recs, t.schema.clone(row.rec, row.version))
		}
	}
	return recs, nil
}

// rows returns the rows of owner as they are now.
func (t *table[R]) rows(owner auth.Actor) []*row[R] {
	t.mu.Lock()
	defer t.mu.Unlock()
	rows := make([]*row[R], 0, len(t.byOwner[owner]))
	for _, e := range t.byOwner[owner] {
		rows = append(rows, e.row.Load())
	}
	return rows
}
