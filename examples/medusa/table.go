package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
)

const maxRows = 100_000

var errFull = fmt.Errorf("table: full: %w", auth.ErrUnavailable)

// A table keeps the application's own rows by their IDs: what this server has for a database.
type table[T any] struct {
	mu   sync.Mutex
	rows map[string]T
}

func newTable[T any]() *table[T] { return &table[T]{rows: map[string]T{}} }

func (t *table[T]) get(id string) (T, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	row, ok := t.rows[id]
	return row, ok
}

func (t *table[T]) put(id string, row T) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.rows) >= maxRows {
		return errFull
	}
	t.rows[id] = row
	return nil
}

func (t *table[T]) remove(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.rows, id)
}

// register keeps a row for a new actor and has an identity be that actor from its next token on. The link decides: of two
// requests at once for one identity, one is told that it is linked already, and its row goes. Where nobody can tell
// whether the link is there, the row stays: one that is nobody's does no harm, an actor without a row would.
func (t *table[T]) register(ctx context.Context, service *login.Service, identity string, actor auth.Actor, row T) error {
	if err := t.put(actor.ID, row); err != nil {
		return err
	}
	err := service.Link(ctx, identity, actor)
	if errors.Is(err, login.ErrLinked) || errors.Is(err, login.ErrNotFound) {
		t.remove(actor.ID)
	}
	return login.Refusal(err)
}
