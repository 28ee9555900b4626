package memory_test

import (
	"slices"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// What Find returned is the caller's to sort and change.
func TestFoundKeysAreTheCallers(t *testing.T) {
	s, owner := memory.NewAPIKeys(nil), auth.Actor{Type: "user", ID: "ann"}
	for _, id := range []string{"b", "a", "c"} {
		if err := s.Create(t.Context(), apikey.Key{ID: id, Kind: apikey.Secret, Owner: owner}); err != nil {
			t.Fatal(err)
		}
	}
	for _, q := range []apikey.Query{{}, {Owner: owner}, {Newest: true}, {Limit: 2}} {
		first, total, err := s.Find(t.Context(), q)
		if err != nil || total != 3 {
			t.Fatalf("Find by %+v: %d keys in all, %v; want 3 and nil", q, total, err)
		}
		want := slices.Clone(first)
		clear(first)
		again, _, err := s.Find(t.Context(), q)
		if err != nil || !slices.EqualFunc(again, want, func(a, b apikey.Key) bool { return a.ID == b.ID }) {
			t.Errorf("Find by %+v again: %v, %v; want %v", q, again, err, want)
		}
	}
}

// A session that is dropped because it has expired is in no list of its actor, nor of its identity, any more; and one that is
// created under its ID later is in those of its own.
func TestDroppedSessionsLeaveTheIndex(t *testing.T) {
	s, now := memory.NewSessions(nil), time.Now()
	for i, identity := range []string{"old", "new", "new"} {
		rec := session.Record{
			ID: []string{"a", "a", "b"}[i], Login: session.Login{IdentityID: identity}, Expires: now.Add([]time.Duration{-time.Hour, time.Hour, time.Hour}[i]),
		}
		if err := s.Create(t.Context(), rec); i != 1 && err != nil {
			t.Fatal(err)
		}
	}
	// The second Create found the first session in its way; the third has dropped it.
	if err := s.Create(t.Context(), session.Record{ID: "a", Login: session.Login{IdentityID: "new"}, Expires: now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	for _, end := range []struct {
		identity, except string
		want             int
	}{{"old", "", 0}, {"", "", 0}, {"new", "b", 1}, {"new", "b", 0}, {"new", "", 1}} {
		n, err := s.DeleteIdentity(t.Context(), end.identity, end.except)
		if n != end.want || err != nil {
			t.Errorf("DeleteIdentity of %q except %q: %d, %v; want %d", end.identity, end.except, n, err, end.want)
		}
	}
}
