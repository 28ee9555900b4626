package console

import (
	"context"
	"fmt"
	"hash/maphash"

	"github.com/countersign-go/countersign/auth"
)

// turns lets the requests of one actor take turns. Actors share a few queues: to wait for another's turn costs time only.
type turns struct {
	seed   maphash.Seed
	queues []chan struct{}
}

func newTurns() turns {
	t := turns{seed: maphash.MakeSeed(), queues: make([]chan struct{}, 64)}
	for i := range t.queues {
		t.queues[i] = make(chan struct{}, 1)
	}
	return t
}

// take waits for the turn of actor and returns what ends it.
func (t turns) take(ctx context.Context, actor auth.Actor) (end func(), err error) {
	queue := t.queues[maphash.Comparable(t.seed, actor)%uint64(len(t.queues))]
	select {
	case queue <- struct{}{}:
		return func() { <-queue }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("console: %w: %w", auth.ErrUnavailable, ctx.Err())
	}
}
