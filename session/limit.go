package session

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// ErrLimit is wrapped by the [*auth.Error] of status 403 that refuses one more session to an actor who has as many as
// [Config.MaxPerActor] allows.
var ErrLimit = errors.New("session: the actor has as many sessions as allowed")

func refusedByLimit() error {
	return &auth.Error{Status: http.StatusForbidden, Message: "Too many sessions", Err: ErrLimit}
}

// begin keeps rec under a new ID, unless its actor has too many sessions, of which that with the ID instead, which rec is
// to replace, is none.
//
// No store can count and create in one step. So a new session is created first and looked at afterwards, among all that
// are there by then: of those that begin at once, the last to look sees all the others.
func (m *Manager) begin(ctx context.Context, rec *Record, instead string) (token.Secret, error) {
	if m.config.MaxPerActor == 0 || rec.Login.Actor.ID == "" {
		return m.create(ctx, rec)
	}
	if err := m.admit(ctx, rec, instead); err != nil {
		return token.Secret{}, err
	}
	text, err := m.create(ctx, rec)
	if err != nil {
		return token.Secret{}, err
	}
	if err := m.settle(ctx, rec, instead); err != nil {
		return token.Secret{}, errors.Join(err, m.End(context.WithoutCancel(ctx), rec.ID))
	}
	return text, nil
}

// admit refuses rec if there is no room for it, or makes it the newest session.
func (m *Manager) admit(ctx context.Context, rec *Record, instead string) error {
	others, err := m.others(ctx, rec, instead)
	if err != nil {
		return err
	}
	if !m.config.EvictOldest && len(others) >= m.config.MaxPerActor {
		return refusedByLimit()
	}
	for _, other := range others {
		if m.config.EvictOldest && !rec.Created.After(other.Created) {
			rec.Created = other.Created.Add(time.Microsecond) // by a clock that is ahead; the newest must not be the first to go
		}
	}
	return nil
}

// settle ends the oldest sessions beyond the limit, or returns an error if rec is beyond it.
func (m *Manager) settle(ctx context.Context, rec *Record, instead string) error {
	all, err := m.others(ctx, rec, instead)
	if err != nil {
		return err
	}
	if !m.config.EvictOldest && len(all) >= m.config.MaxPerActor {
		return refusedByLimit()
	}
	// All who look order them alike, rec included, so that those who begin at once end the same ones.
	all = append(all, *rec)
	slices.SortFunc(all, func(a, b Record) int {
		return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(b.ID, a.ID))
	})
	for _, old := range all[min(m.config.MaxPerActor, len(all)):] {
		if err := m.End(ctx, old.ID); err != nil {
			return err
		}
	}
	return nil
}

// others returns the sessions of rec's actor but rec and the one with the ID instead.
func (m *Manager) others(ctx context.Context, rec *Record, instead string) ([]Record, error) {
	all, err := m.List(ctx, rec.Login.Actor)
	return slices.DeleteFunc(all, func(r Record) bool { return r.ID == rec.ID || r.ID == instead }), err
}
