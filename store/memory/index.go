package memory

// Owners holds the entries of each owner, in no order. An owner is a comparable value; nil is none, and has no entries. An
// entry may have several owners, each in a slot of its own. Who uses it holds the lock of the table.
type owners[R any] map[any][]*entry[R]

// add adds e to those of the owner in a slot.
func (o owners[R]) add(owner any, slot int, e *entry[R]) {
	if owner == nil {
		return
	}
	e.byOwner[slot] = len(o[owner])
	o[owner] = append(o[owner], e)
}

// remove puts the last entry of the owner in the place of e.
func (o owners[R]) remove(owner any, slot int, e *entry[R]) {
	if owner == nil {
		return
	}
	entries := o[owner]
	end := len(entries) - 1
	if end == 0 {
		delete(o, owner)
		return
	}
	entries[e.byOwner[slot]] = entries[end]
	entries[e.byOwner[slot]].byOwner[slot] = e.byOwner[slot]
	entries[end] = nil // or the array would keep it alive
	o[owner] = entries[:end]
}

// Deadlines is a heap for package heap: the first entry is one that expires no later than any other. Each entry knows
// where it is, so that any can be moved or removed in O(log n). Who uses it holds the lock of the table.
type deadlines[R any] []*entry[R]

// Len returns the number of entries.
func (d deadlines[R]) Len() int { return len(d) }

// Less reports whether the entry at i expires before the one at j.
func (d deadlines[R]) Less(i, j int) bool {
	return d[i].row.Load().expires.Before(d[j].row.Load().expires)
}

// Swap exchanges two entries, and tells them.
func (d deadlines[R]) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].byEnd, d[j].byEnd = i, j
}

// Push adds e, an *entry[R], at the end.
func (d *deadlines[R]) Push(e any) {
	e.(*entry[R]).byEnd = len(*d)
	*d = append(*d, e.(*entry[R]))
}

// Pop removes the last entry and returns it.
func (d *deadlines[R]) Pop() any {
	end := len(*d) - 1
	e := (*d)[end]
	(*d)[end] = nil // or the array would keep it alive
	*d = (*d)[:end]
	return e
}
