package jwks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// A ringView is what a process knows of the store. It is not changed, only exchanged for the next.
type ringView struct {
	*ringState
	loaded time.Time // right before the store was asked, so that nothing in the view is older
}

// age returns how old v is, by the clock that says more: one of them stops when a machine sleeps, the other can be set.
func (v *ringView) age(now time.Time) time.Duration { return since(v.loaded, now) }

func since(t, now time.Time) time.Duration { return max(now.Sub(t), now.Round(0).Sub(t.Round(0))) }

var errRollback = errors.New("state that is older than one seen before, or another with its version")

// load asks the store.
func (r *Ring) load(ctx context.Context) (*ringView, error) {
	known := r.view.Load()
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	loaded := time.Now()
	raw, version, err := r.config.Store.Load(ctx)
	if err != nil {
		return nil, ringUnavailable(err)
	}
	if known != nil && version <= known.version {
		if version < known.version || !bytes.Equal(raw, known.raw) {
			return nil, ringUnavailable(errRollback)
		}
		return &ringView{known.ringState, loaded}, nil
	}
	state, err := r.sealer.read(raw, version)
	if err != nil {
		return nil, ringUnavailable(fmt.Errorf("state that cannot be read: %w", err))
	}
	return &ringView{state, loaded}, nil
}

func ringUnavailable(err error) error {
	return fmt.Errorf("jwks: ring: store: %w: %w", auth.ErrUnavailable, err)
}

// install makes v the view, unless there is a later one.
func (r *Ring) install(v *ringView) {
	r.mu.Lock()
	known := r.view.Load()
	news := known == nil || v.version > known.version
	if news || v.version == known.version && v.loaded.After(known.loaded) {
		r.view.Store(v)
	}
	r.mu.Unlock()
	if !news {
		return
	}
	for _, e := range v.entries {
		if e.key == nil {
			r.report(slog.LevelError, "jwks: key that cannot be read", errSealed, slog.String("kid", e.ID))
		}
	}
}

// current returns the view and the time. Half of Refresh after it was loaded the view is renewed in the background, and
// when it is older than Refresh all wait for that; but not again and again for a store that does not answer, as long as
// the view is younger than its bound.
func (r *Ring) current(ctx context.Context, bounded func(RingConfig) time.Duration) (*ringView, time.Time, error) {
	if r == nil || r.view.Load() == nil {
		return nil, time.Time{}, errNoRing
	}
	v, now := r.view.Load(), time.Now()
	age := v.age(now)
	if age < r.config.Refresh/2 {
		return v, now, nil
	}
	bound := bounded(r.config)
	f := r.begin(now)
	if f != nil && age >= r.config.Refresh && (!f.again || age >= bound) {
		f.wait(ctx)
	}
	// Also if there was nothing to wait for: another may just have renewed it.
	if v, now = r.view.Load(), time.Now(); v.age(now) >= bound {
		return nil, now, errOldView
	}
	return v, now, nil
}

// ask returns a view that is newer than v or was loaded just now, or false if there is none to be had. It looks at the view
// last, since what another began may have ended meanwhile.
func (r *Ring) ask(ctx context.Context, v *ringView, now time.Time) (*ringView, bool) {
	if v.age(now) < r.cooldown {
		return v, true
	}
	if f := r.begin(now); f != nil {
		f.wait(ctx)
	}
	is := r.view.Load()
	return is, is != v || is.age(time.Now()) < r.cooldown
}

// A ringFlight is one refresh of the view, for all who wait.
type ringFlight struct {
	again bool            // the one before failed
	late  <-chan struct{} // is closed when it is too late to wait
	done  chan struct{}   // is closed when the view was renewed, or could not be
}

// wait waits for f, but not for what f may still change of the keys after that.
func (f *ringFlight) wait(ctx context.Context) {
	select {
	case <-f.done:
	case <-f.late:
	case <-ctx.Done():
	}
}

// begin returns the refresh that is under way, or a new one; nil if it is too early for that.
func (r *Ring) begin(now time.Time) *ringFlight {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.flight != nil {
		return r.flight
	}
	if r.closed || since(r.begun, now) < r.cooldown {
		return nil
	}
	// Not the context of the request: others wait too, and one that hangs up must not cost them the answer.
	late, cancel := context.WithTimeout(context.Background(), r.config.Timeout)
	r.begun = now
	f := &ringFlight{again: r.failed, late: late.Done(), done: make(chan struct{})}
	r.flight = f
	r.flights.Go(func() {
		defer cancel()
		r.fly(f)
	})
	return f
}

func (r *Ring) fly(f *ringFlight) {
	defer func() {
		if p := recover(); p != nil { // in a goroutine of ours it would end the program
			r.land(f, brief(fmt.Sprint("store that panics: ", p)))
		}
		r.mu.Lock()
		r.flight = nil
		r.mu.Unlock()
	}()
	ctx := context.Background()
	v, err := r.load(ctx)
	if err != nil {
		r.land(f, err)
		return
	}
	now := time.Now()
	due := r.schedule.plan(v.terms, now)
	if due.add != stepReplace { // else the view that there is may still have a key that signs
		r.install(v)
		r.land(f, nil)
	}
	if due.changes(v.terms) {
		if err := r.change(ctx, r.scheduled()); err != nil {
			r.report(slog.LevelError, "jwks: change of keys", err)
		}
		r.install(v)
	}
	r.land(f, nil)
}

// land lets those go who wait for f.
func (r *Ring) land(f *ringFlight, err error) {
	select {
	case <-f.done:
	default:
		r.mu.Lock()
		r.failed = err != nil
		r.mu.Unlock()
		close(f.done)
	}
	if err != nil {
		r.report(slog.LevelError, "jwks: refresh of the ring", err)
	}
}
