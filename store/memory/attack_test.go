package memory_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// TestAttack holds what the list of attacks says of stores; the same and more is in the suites.
func TestAttack(t *testing.T) {
	for id, attack := range map[string]func(t *testing.T, s *memory.Sessions, rec session.Record){
		"S022": pathAsID,
		"S023": twoAddOne,
		"S024": saveAfterLogout,
		"S030": replyLost,
	} {
		t.Run(id, func(t *testing.T) {
			s := memory.NewSessions(nil)
			rec := session.Record{ID: "aaaabbbbccccdddd", Version: 1, Expires: time.Now().Add(time.Hour)}
			if err := s.Create(t.Context(), rec); err != nil {
				t.Fatal(err)
			}
			attack(t, s, rec)
		})
	}
}

func want(t *testing.T, call string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, want %v", call, got, want)
	}
}

func pathAsID(t *testing.T, s *memory.Sessions, rec session.Record) {
	for _, id := range []string{"../../etc/passwd", "./" + rec.ID, "../" + rec.ID, rec.ID + "/", rec.ID + "\x00"} {
		_, err := s.Get(t.Context(), id, time.Now())
		want(t, "Get of "+id, err, session.ErrNotFound)
	}
}

func twoAddOne(t *testing.T, s *memory.Sessions, rec session.Record) {
	var added [2]uint64
	var requests sync.WaitGroup
	for i := range added {
		requests.Go(func() {
			for range 1000 {
				got, err := s.Get(t.Context(), rec.ID, time.Now())
				want(t, "Get", err, nil)
				got.Counter++
				if err = s.Replace(t.Context(), got, time.Now()); !errors.Is(err, session.ErrConflict) {
					want(t, "Replace", err, nil)
					added[i]++
				}
			}
		})
	}
	requests.Wait()
	got, err := s.Get(t.Context(), rec.ID, time.Now())
	want(t, "Get", err, nil)
	if got.Counter != added[0]+added[1] {
		t.Errorf("Counter is %d after %d additions that had no conflict", got.Counter, added[0]+added[1])
	}
}

func saveAfterLogout(t *testing.T, s *memory.Sessions, rec session.Record) {
	loaded, err := s.Get(t.Context(), rec.ID, time.Now())
	want(t, "A loads", err, nil)
	want(t, "B logs out", s.Delete(t.Context(), rec.ID), nil)
	want(t, "A saves", s.Replace(t.Context(), loaded, time.Now()), session.ErrNotFound)
	_, err = s.Get(t.Context(), rec.ID, time.Now())
	want(t, "Get", err, session.ErrNotFound)
}

func replyLost(t *testing.T, s *memory.Sessions, rec session.Record) {
	want(t, "Create again", s.Create(t.Context(), rec), session.ErrExists)
	rec.Counter = 7
	want(t, "Replace", s.Replace(t.Context(), rec, time.Now()), nil)
	want(t, "Replace again", s.Replace(t.Context(), rec, time.Now()), session.ErrConflict)
	got, err := s.Get(t.Context(), rec.ID, time.Now())
	want(t, "Get", err, nil)
	if got.Counter != 7 || got.Version != 2 {
		t.Errorf("Counter %d, Version %d; want 7 and 2: the first Replace, once", got.Counter, got.Version)
	}
	want(t, "Delete", s.Delete(t.Context(), rec.ID), nil)
	want(t, "Delete again", s.Delete(t.Context(), rec.ID), nil)
}
