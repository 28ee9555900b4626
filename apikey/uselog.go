package apikey

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"sync"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// maxUses bounds how many keys have a use that is not written yet. Of a key beyond that no use is kept until there is room.
const maxUses = 10_000

// A useLog collects uses and writes them together, off the path of requests. A timer runs only while there is something to
// write.
type useLog struct {
	recorder UseRecorder
	interval time.Duration
	timeout  time.Duration
	logger   func() *slog.Logger

	writing chan struct{} // has room for the one who writes

	mu      sync.Mutex // is held for a moment
	pending map[string]Use
	timer   *time.Timer // nil if none runs
	closed  bool
}

// add notes that a client used the key with the ID. It does no I/O.
func (l *useLog) add(id string, ip netip.Addr, now time.Time) {
	if l == nil {
		return
	}
	u := newUse(ip, now)
	l.mu.Lock()
	defer l.mu.Unlock()
	last, known := l.pending[id]
	if l.closed || !known && len(l.pending) >= maxUses {
		return
	}
	l.pending[id] = last.later(u)
	l.schedule()
}

// schedule has what is pending written after the interval. Who calls it holds mu.
func (l *useLog) schedule() {
	if l.timer == nil && !l.closed {
		l.timer = time.AfterFunc(l.interval, l.tick)
	}
}

// tick writes what is pending. Nobody waits for it, so what goes wrong is logged, and tried again after the interval.
func (l *useLog) tick() {
	defer func() {
		if v := recover(); v != nil {
			l.report(fmt.Errorf("panic: %.200v", v)) // which may hold anything
		}
	}()
	if err := l.write(context.Background()); err != nil {
		l.report(err)
	}
}

// report logs what went wrong. A handler that panics, in a goroutine of this package, must not end the program.
func (l *useLog) report(err error) {
	defer func() { _ = recover() }()
	l.logger().LogAttrs(context.Background(), slog.LevelError, "apikey: record uses", slog.Any("error", err))
}

// write hands what is pending to the store. What the store did not take is pending again.
func (l *useLog) write(ctx context.Context) error {
	if err := l.begin(ctx); err != nil {
		return unavailable(err)
	}
	defer func() { <-l.writing }()
	uses := l.take()
	if len(uses) == 0 {
		return nil
	}
	taken := false
	defer func() {
		if !taken {
			l.giveBack(uses)
		}
	}()
	t := auth.NewTimeout(ctx, l.timeout)
	defer t.Stop()
	if err := l.recorder.RecordUses(t, maps.Clone(uses)); err != nil {
		return unavailable(err)
	}
	taken = true
	return nil
}

// begin waits until nobody else writes.
func (l *useLog) begin(ctx context.Context) error {
	select {
	case l.writing <- struct{}{}:
		return nil
	default:
	}
	select {
	case l.writing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *useLog) take() map[string]Use {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	uses := l.pending
	l.pending = map[string]Use{}
	return uses
}

func (l *useLog) giveBack(uses map[string]Use) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, u := range uses {
		if last, known := l.pending[id]; known || len(l.pending) < maxUses {
			l.pending[id] = last.later(u)
		}
	}
	l.schedule()
}

// close writes what is pending, and has nothing added from now on. After an error it may be called again.
func (l *useLog) close(ctx context.Context) error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	return l.write(ctx)
}
