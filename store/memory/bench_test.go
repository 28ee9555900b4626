package memory_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
	"github.com/countersign-go/countersign/store/memory"
)

// filled returns a store of 10,000 sessions of 1,000 actors, and their records.
func filled(b *testing.B) (*memory.Sessions, []session.Record) {
	s, now := memory.NewSessions(nil), time.Now()
	recs := make([]session.Record, 10_000)
	for i := range recs {
		actor := auth.Actor{Type: "user", ID: strconv.Itoa(i % 1000)}
		recs[i] = session.Record{
			ID: session.NewID(actor), Version: 1, Created: now, Expires: now.Add(time.Hour + time.Duration(i)),
			Login: session.Login{Actor: actor},
		}
		if err := s.Create(b.Context(), recs[i]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	return s, recs
}

func BenchmarkGet(b *testing.B) {
	s, recs := filled(b)
	now := time.Now()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if _, err := s.Get(context.Background(), recs[i%len(recs)].ID, now); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkReplace(b *testing.B) {
	s, recs := filled(b)
	now := time.Now()
	for i := 0; b.Loop(); i++ {
		rec := &recs[i%len(recs)]
		rec.Expires = rec.Expires.Add(time.Minute)
		if err := s.Replace(b.Context(), *rec, now); err != nil {
			b.Fatal(err)
		}
		rec.Version++
	}
}

func BenchmarkCreateDelete(b *testing.B) {
	s, recs := filled(b)
	for i := 0; b.Loop(); i++ {
		rec := recs[i%len(recs)]
		rec.ID = session.Place(rec.Login.Actor) + "another"
		if err := s.Create(b.Context(), rec); err != nil {
			b.Fatal(err)
		}
		if err := s.Delete(b.Context(), rec.ID); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkList(b *testing.B) {
	s, recs := filled(b)
	now := time.Now()
	for i := 0; b.Loop(); i++ {
		if _, err := s.List(b.Context(), recs[i%len(recs)].Login.Actor, now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFindPage(b *testing.B) {
	s, now := memory.NewAPIKeys(nil), time.Now()
	for i := range 10_000 {
		k := apikey.Key{ID: strconv.Itoa(i), Kind: apikey.Secret, Title: "key " + strconv.Itoa(i), CreatedAt: now.Add(time.Duration(i))}
		if err := s.Create(b.Context(), k); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Find(b.Context(), apikey.Query{Text: "KEY 99", Limit: 20}); err != nil {
			b.Fatal(err)
		}
	}
}
