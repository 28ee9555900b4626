package storetest_test

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/store/memory"
	"github.com/countersign-go/countersign/store/storetest"
)

// A recorder is a keys store whose RecordUses does what its func does.
type recorder struct {
	*keys
	record func(ctx context.Context, uses map[string]apikey.Use) error
}

func (r *recorder) RecordUses(ctx context.Context, uses map[string]apikey.Use) error {
	return r.record(ctx, uses)
}

// changed has RecordUses keep what change makes of each use.
func changed(change func(*apikey.Use)) func(*recorder, *memory.APIKeys) {
	return func(r *recorder, m *memory.APIKeys) {
		r.record = func(ctx context.Context, uses map[string]apikey.Use) error {
			uses = maps.Clone(uses)
			for id, use := range uses {
				change(&use)
				uses[id] = use
			}
			return m.RecordUses(ctx, uses)
		}
	}
}

// overwrite has the last use that is told win: it makes the key anew.
func overwrite(r *recorder, m *memory.APIKeys) {
	times := map[string]apikey.Use{}
	r.record = func(ctx context.Context, uses map[string]apikey.Use) error {
		maps.Copy(times, uses)
		return m.RecordUses(ctx, uses)
	}
	r.get = func(ctx context.Context, id string) (apikey.Key, error) {
		k, err := m.Get(ctx, id)
		k.LastUsed = times[id]
		return k, err
	}
}

var brokenUses = []broken[*recorder, *memory.APIKeys]{
	{"the last that is told wins", "RecordUses keeps the later use of each key", overwrite},
	{"times are kept in milliseconds", "RecordUses keeps the later use of each key",
		changed(func(u *apikey.Use) { u.At = u.At.Truncate(time.Millisecond) })},
	{"addresses are those of IPv4", "RecordUses keeps any address", changed(func(u *apikey.Use) {
		if u.IP.Is6() {
			u.IP = netip.Addr{}
		}
	})},
	{"a use counts as a change", "RecordUses changes nothing but LastUsed, and makes no key", func(r *recorder, m *memory.APIKeys) {
		r.record = func(ctx context.Context, uses map[string]apikey.Use) error {
			for id := range uses {
				if k, err := m.Get(ctx, id); err == nil {
					_ = m.Replace(ctx, k)
				}
			}
			return m.RecordUses(ctx, uses)
		}
	}},
	{"an unknown key is an error", "RecordUses changes nothing but LastUsed, and makes no key", func(r *recorder, m *memory.APIKeys) {
		r.record = func(ctx context.Context, uses map[string]apikey.Use) error {
			for id := range uses {
				if _, err := m.Get(ctx, id); err != nil {
					return err
				}
			}
			return m.RecordUses(ctx, uses)
		}
	}},
	{"a zone is cut off", "a use that no store keeps is passed over, and no other with it",
		changed(func(u *apikey.Use) { u.IP = u.IP.WithZone("") })},
	{"Create keeps LastUsed", "Create and Replace do not write LastUsed", func(r *recorder, m *memory.APIKeys) {
		r.create = func(ctx context.Context, k apikey.Key) error {
			if err := m.Create(ctx, k); err != nil {
				return err
			}
			return m.RecordUses(ctx, map[string]apikey.Use{k.ID: k.LastUsed})
		}
	}},
	{"a thousand uses are enough", "uses of many keys are kept at once", func(r *recorder, m *memory.APIKeys) {
		r.record = func(ctx context.Context, uses map[string]apikey.Use) error {
			kept := map[string]apikey.Use{}
			for _, id := range slices.Sorted(maps.Keys(uses))[:min(len(uses), 1000)] {
				kept[id] = uses[id]
			}
			return m.RecordUses(ctx, kept)
		}
	}},
	{"RecordUses ignores the context", "RecordUses with a cancelled context is an error and changes nothing",
		func(r *recorder, m *memory.APIKeys) {
			r.record = func(ctx context.Context, uses map[string]apikey.Use) error {
				return m.RecordUses(context.WithoutCancel(ctx), uses)
			}
		}},
	{"RecordUses looks, then writes", "of many RecordUses at once the latest wins, and no Replace undoes it",
		func(r *recorder, m *memory.APIKeys) {
			overwrite(r, m)
			write := r.record
			var mu sync.Mutex
			r.record = func(ctx context.Context, uses map[string]apikey.Use) error {
				for _, use := range uses { // the later the use, the sooner it is written
					time.Sleep(time.Minute - use.At.Sub(use.At.Truncate(time.Minute)))
					break
				}
				mu.Lock()
				defer mu.Unlock()
				return write(ctx, uses)
			}
			get := r.get
			r.get = func(ctx context.Context, id string) (apikey.Key, error) {
				mu.Lock()
				defer mu.Unlock()
				return get(ctx, id)
			}
		}},
}

func TestBrokenUseRecorders(t *testing.T) {
	idle := maps.Clone(storetest.UseCases)
	for _, broken := range brokenUses {
		inBubble(t, broken.fault, func(t *testing.T) {
			m := memory.NewAPIKeys(nil)
			r := &recorder{newKeys(m), m.RecordUses}
			broken.breaking(r, m)
			if storetest.UseCases[broken.fails](t.Context(), r) == nil {
				t.Errorf("%q finds nothing wrong", broken.fails)
			}
		})
		delete(idle, broken.fails)
	}
	for name := range idle {
		t.Errorf("no store fails %q", name)
	}
}
