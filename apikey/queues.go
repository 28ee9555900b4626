package apikey

import (
	"context"
	"sync"
)

// Queues has those who change the same key, and another got in between of, wait for each other in the order of their arrival:
// else many who change it all the time would get in between of whoever wants to end it for as long as they like.
type queues struct {
	mu   sync.Mutex
	byID map[string]*queue
}

// A queue is there as long as somebody is in it.
type queue struct {
	turn chan struct{} // has room for the one whose turn it is
	size int
}

// enter waits for the turn to change the key with the ID. Who has it calls leave.
func (q *queues) enter(ctx context.Context, id string) (leave func(), err error) {
	one := q.join(id)
	select {
	case one.turn <- struct{}{}:
		return func() {
			<-one.turn
			q.quit(id, one)
		}, nil
	case <-ctx.Done():
		q.quit(id, one)
		return nil, unavailable(ctx.Err())
	}
}

func (q *queues) join(id string) *queue {
	q.mu.Lock()
	defer q.mu.Unlock()
	one := q.byID[id]
	if one == nil {
		one = &queue{turn: make(chan struct{}, 1)}
		q.byID[id] = one
	}
	one.size++
	return one
}

func (q *queues) quit(id string, one *queue) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if one.size--; one.size == 0 {
		delete(q.byID, id)
	}
}
