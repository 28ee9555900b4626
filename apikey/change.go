package apikey

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// A Change says what to change of a key. What is nil stays as it is.
type Change struct {
	Title          *string
	Metadata       *auth.Metadata // in the place of all that is there
	AddChannels    []string       // to a publishable key, 100 at most
	RemoveChannels []string       // before others are added; what is not there is passed over
	By             string         // who changes it, for the log; may be empty
}

// check returns all that is wrong with c.
func (c Change) check() error {
	var m mistakes
	if c.Title != nil {
		m.title(*c.Title)
	}
	if c.Metadata != nil {
		m.metadata(*c.Metadata)
	}
	m.channels(auth.NewSet(c.AddChannels...))
	m.add(slices.Contains(c.AddChannels, ""), "sales_channels", "hold an empty name")
	m.add(len(c.RemoveChannels) > maxChannels, "sales_channels", "to remove are more than %d", maxChannels)
	m.name("updated_by", c.By, "")
	return errors.Join(m...)
}

// edit returns what c makes of k.
func (c Change) edit(k Key) (Key, error) {
	if c.Title != nil {
		k.Title = *c.Title
	}
	if c.Metadata != nil {
		k.Metadata = *c.Metadata
	}
	if c.AddChannels == nil && c.RemoveChannels == nil {
		return k, nil
	}
	if k.Kind != Publishable {
		return Key{}, ErrKind
	}
	k.Channels = c.channels(k.Channels)
	var m mistakes
	m.channels(k.Channels)
	return k, errors.Join(m...)
}

// channels returns what c makes of channels.
func (c Change) channels(channels auth.Set) auth.Set {
	names := map[string]bool{}
	for name := range channels.All() {
		names[name] = true
	}
	for _, name := range c.RemoveChannels {
		delete(names, name)
	}
	for _, name := range c.AddChannels {
		names[name] = true
	}
	return auth.NewSet(slices.Collect(maps.Keys(names))...)
}

// Update changes the title, the metadata or the channels of a key, also of one that is revoked. Channels are for publishable
// keys only, else it is [ErrKind]. A key that is not there is [ErrNotFound], what is wrong with c an [InvalidError]. Who
// changes something else at the same time loses nothing.
func (m *Manager) Update(ctx context.Context, id string, c Change) (Key, error) {
	return m.update(ctx, nil, id, c)
}

func (m *Manager) update(ctx context.Context, a *Access, id string, c Change) (Key, error) {
	if err := c.check(); err != nil {
		return Key{}, err
	}
	return m.change(ctx, a, change{ActionUpdate, c.By, func(k Key, _ time.Time) (Key, error) { return c.edit(k) }}, id)
}

// Disable has a key refused from the next request on, until [Manager.Enable]. by says who does it. A key that is disabled
// already stays as it is, unless its owner did it, by the name that [Access.Disable] gives to owners, or it is not known who
// did, and by is somebody else: then it is by who has disabled it, from now on, since an owner who was first could undo it.
// One that is revoked is [ErrRevoked], one that is not there [ErrNotFound]. Any other error means that the key may still
// work.
func (m *Manager) Disable(ctx context.Context, id, by string) (Key, error) {
	return m.disable(ctx, nil, id, by)
}

func (m *Manager) disable(ctx context.Context, a *Access, id, by string) (Key, error) {
	return m.toggle(ctx, a, change{action: ActionDisable, by: by}, id, "disabled_by", func(k Key, now time.Time) Key {
		if k.DisabledAt.IsZero() || k.ownerMayEnable() && by != nameOf(k.Owner) {
			k.DisabledAt, k.DisabledBy = now, by
		}
		return k
	})
}

// Enable has a key that was disabled work again. by says who does it. A key that is not disabled stays as it is; one that
// is revoked is [ErrRevoked], one that is not there [ErrNotFound].
func (m *Manager) Enable(ctx context.Context, id, by string) (Key, error) {
	return m.enable(ctx, nil, id, by)
}

func (m *Manager) enable(ctx context.Context, a *Access, id, by string) (Key, error) {
	return m.toggle(ctx, a, change{action: ActionEnable, by: by}, id, "enabled_by", func(k Key, _ time.Time) Key {
		k.DisabledAt, k.DisabledBy = time.Time{}, ""
		return k
	})
}

func (m *Manager) toggle(
	ctx context.Context, a *Access, c change, id, field string, edit func(Key, time.Time) Key,
) (Key, error) {
	var wrong mistakes
	wrong.add(!isName(c.by), field, "is not plain text of 1 to %d bytes", maxName)
	if err := errors.Join(wrong...); err != nil {
		return Key{}, err
	}
	c.edit = func(k Key, now time.Time) (Key, error) {
		if k.Revocation.Holds(now) {
			return Key{}, ErrRevoked
		}
		return edit(k, now), nil
	}
	return m.change(ctx, a, c, id)
}

// A change is what somebody does to a key that is there.
type change struct {
	action Action
	by     string
	edit   func(k Key, now time.Time) (Key, error) // returns the key as it would be
}

// change makes a change, which is tried again when another got in between. Where nothing changes, nothing is written.
func (m *Manager) change(ctx context.Context, a *Access, c change, id string) (Key, error) {
	for attempt := range changeAttempts {
		if attempt == 1 && c.action != ActionRevoke { // which waits for nobody
			leave, err := m.queues.enter(ctx, id)
			if err != nil {
				return Key{}, err
			}
			defer leave()
		}
		k, err := m.read(ctx, a, id)
		if err != nil {
			return Key{}, err
		}
		now := timestamp()
		next, err := c.edit(k, now)
		if err != nil {
			return Key{}, err
		}
		if err := a.mayChange(ctx, c.action, k, next); err != nil {
			return Key{}, err
		}
		if next.sameAs(k) {
			return k, nil
		}
		next.UpdatedAt = m.stamp(now)
		next, err = m.exchange(ctx, next)
		if err == nil {
			m.tell(ctx, c.action, id, c.by)
			return next, nil
		}
		if !is(err, ErrConflict) {
			return Key{}, err
		}
	}
	return Key{}, unavailable(ErrConflict)
}

// stamp returns now, or a moment later if another change was given that: by its UpdatedAt the write of a change is known
// again whose answer was lost, and is told from the same change by somebody else at once.
func (m *Manager) stamp(now time.Time) time.Time {
	for {
		last := m.lastStamp.Load()
		next := max(now.UnixMicro(), last+1)
		if m.lastStamp.CompareAndSwap(last, next) {
			return time.UnixMicro(next).UTC()
		}
	}
}

// sameAs reports whether k and other do not differ in what can be changed.
func (k Key) sameAs(other Key) bool {
	metadata, _ := k.Metadata.MarshalJSON()
	others, _ := other.Metadata.MarshalJSON()
	return k.Digest.Equal(other.Digest) && k.Title == other.Title && string(metadata) == string(others) &&
		slices.Equal(slices.Collect(k.Channels.All()), slices.Collect(other.Channels.All())) &&
		k.UpdatedAt.Equal(other.UpdatedAt) && k.Revocation.sameAs(other.Revocation) &&
		k.DisabledAt.Equal(other.DisabledAt) && k.DisabledBy == other.DisabledBy && k.ReplacedBy == other.ReplacedBy
}

// exchange puts next in the place of the key that it was made of, and returns it as it is kept. Its error is ErrNotFound,
// ErrConflict, or says that the store is unavailable.
func (m *Manager) exchange(ctx context.Context, next Key) (Key, error) {
	id, version, known := next.ID, next.Version, false
	m.cache.begin(id)
	defer func() { m.cache.end(id, version, known) }()
	t := auth.NewTimeout(ctx, m.config.StoreTimeout)
	defer t.Stop()
	err := m.config.Store.Replace(t, next)
	next.Version++
	switch {
	case is(err, ErrNotFound):
		next, err = Key{}, ErrNotFound
	case err == nil || m.keeps(ctx, next):
		err = nil
	case is(err, ErrConflict):
		next, err = Key{}, ErrConflict
	default:
		return Key{}, unavailable(err)
	}
	known = true
	return next, err
}
