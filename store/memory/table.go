package memory

import (
	"container/heap"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A schema says how a table reads and copies records of type R, and what it answers.
type schema[R any] struct {
	columns                    func(R) columns
	clone                      func(rec R, version int64) R  // a copy with that version, which shares nothing with rec
	replace                    func(last, next R) (R, error) // what is kept of next in the place of last, or why nothing is
	names                      func(R) []name                // of which no two records have the same; nil if they have none
	notFound, exists, conflict error
}

// Columns are what a table needs to know of a record.
type columns struct {
	id      string
	version int64
	owners  [slots]any // see owners
	expires time.Time
}

// slots is how many owners a record can have.
const slots = 2

// A name is what a record is found by beside its ID: a kind of name, and the name.
type name [2]string

// A row is one state of a record. It is never changed, only exchanged for the next, so that a reader needs no lock.
type row[R any] struct {
	columns
	rec R
}

func (r *row[R]) expired(now time.Time) bool { return !now.Before(r.expires) }

// An entry is the place of a record: what is at it changes, the entry stays until the record is deleted.
type entry[R any] struct {
	row     atomic.Pointer[row[R]]
	byOwner [slots]int // where it is in the list of each owner
	byEnd   int        // where it is in the heap
}

// A table is what the stores have in common: a bounded set of records, found by ID, by owner and by name.
//
// Readers of one record take no lock. Whoever changes the table takes mu; a reader sees the change of a record at once and
// whole, when the entry is put into byID or taken out, or its row is exchanged.
type table[R any] struct {
	schema schema[R]
	max    int
	byID   sync.Map // from string to *entry[R]

	mu      sync.Mutex
	byOwner owners[R]
	byName  map[name]*entry[R]
	byEnd   deadlines[R] // holds every entry
}

func newTable[R any](o *Options, s schema[R]) *table[R] {
	return &table[R]{schema: s, max: o.max(), byOwner: owners[R]{}, byName: map[name]*entry[R]{}}
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

// create keeps rec with version 1, unless there is one with its ID, or one of its names.
func (t *table[R]) create(ctx context.Context, rec R) error {
	return t.put(ctx, rec, func(*row[R]) error { return t.schema.exists })
}

// put keeps rec with version 1, also in the place of the one with its ID if over returns nil, which else says why not.
func (t *table[R]) put(ctx context.Context, rec R, over func(last *row[R]) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	next := t.newRow(rec, 1)

	t.mu.Lock()
	defer t.mu.Unlock()
	// Before anything is dropped and before the store may be full: whoever asks again because the first answer was lost
	// must be told that the record is there.
	if e := t.find(next.id); e != nil {
		if err := over(e.row.Load()); err != nil {
			return err
		}
		return t.exchange(e, next)
	}
	return t.add(next)
}

// add puts a row at a place of its own, unless another has one of its names. Who calls it holds the lock, and has not found the ID.
func (t *table[R]) add(row *row[R]) error {
	e := &entry[R]{}
	if t.named(row, e) {
		return t.schema.exists
	}
	t.dropExpired(time.Now())
	if len(t.byEnd) >= t.max {
		return ErrFull
	}
	e.row.Store(row)
	for slot, owner := range row.owners {
		t.byOwner.add(owner, slot, e)
	}
	for _, n := range t.names(row) {
		t.byName[n] = e
	}
	heap.Push(&t.byEnd, e)
	t.byID.Store(row.id, e)
	return nil
}

func (t *table[R]) names(row *row[R]) []name {
	if t.schema.names == nil {
		return nil
	}
	return t.schema.names(row.rec)
}

// named reports whether another than e has one of the names of row.
func (t *table[R]) named(row *row[R], e *entry[R]) bool {
	return slices.ContainsFunc(t.names(row), func(n name) bool {
		other, ok := t.byName[n]
		return ok && other != e
	})
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
	for slot, owner := range row.owners {
		t.byOwner.remove(owner, slot, e)
	}
	for _, n := range t.names(row) {
		delete(t.byName, n)
	}
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
	return t.exchange(e, next)
}

// exchange puts next at e, unless another has one of its names. Who calls it holds the lock.
func (t *table[R]) exchange(e *entry[R], next *row[R]) error {
	if t.named(next, e) {
		return t.schema.exists
	}
	last := e.row.Load()
	for slot, owner := range last.owners {
		if owner != next.owners[slot] {
			t.byOwner.remove(owner, slot, e)
			t.byOwner.add(next.owners[slot], slot, e)
		}
	}
	for _, n := range t.names(last) {
		delete(t.byName, n)
	}
	for _, n := range t.names(next) {
		t.byName[n] = e
	}
	e.row.Store(next)
	heap.Fix(&t.byEnd, e.byEnd)
	return nil
}

// take removes the record with the ID and returns it, if it has not expired at now and matches.
func (t *table[R]) take(ctx context.Context, id string, now time.Time, matches func(R) bool) (rec R, err error) {
	if err := ctx.Err(); err != nil {
		return rec, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.find(id)
	if e == nil {
		return rec, t.schema.notFound
	}
	row := e.row.Load()
	if row.expired(now) || !matches(row.rec) {
		return rec, t.schema.notFound
	}
	t.remove(e)
	return row.rec, nil // nobody else has it any more
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
func (t *table[R]) deleteAll(ctx context.Context, owner any, except string) (n int, err error) {
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

// ofName returns the record that has a name. It takes the lock, since a name goes from one record to another.
func (t *table[R]) ofName(ctx context.Context, n name) (rec R, err error) {
	if err := ctx.Err(); err != nil {
		return rec, err
	}
	t.mu.Lock()
	e := t.byName[n]
	if e == nil {
		t.mu.Unlock()
		return rec, t.schema.notFound
	}
	row := e.row.Load()
	t.mu.Unlock()
	return t.schema.clone(row.rec, row.version), nil
}

// ofOwner returns the records of owner as they are now.
func (t *table[R]) ofOwner(owner any) []R {
	t.mu.Lock()
	rows := make([]*row[R], 0, len(t.byOwner[owner]))
	for _, e := range t.byOwner[owner] {
		rows = append(rows, e.row.Load())
	}
	t.mu.Unlock()
	return t.records(rows)
}

// all returns all records. Those that are created or deleted meanwhile may be missing or there.
func (t *table[R]) all() []R {
	var rows []*row[R]
	for _, e := range t.byID.Range {
		rows = append(rows, e.(*entry[R]).row.Load())
	}
	return t.records(rows)
}

func (t *table[R]) records(rows []*row[R]) []R {
	recs := make([]R, len(rows))
	for i, row := range rows {
		recs[i] = t.schema.clone(row.rec, row.version)
	}
	return recs
}
