package memory_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/store/memory"
)

// people returns a store of 10,000 identities with two ways each.
func people(b *testing.B) (*memory.Identities, []login.AuthIdentity) {
	s := memory.NewIdentities(nil)
	all := make([]login.AuthIdentity, 10_000)
	for i := range all {
		all[i] = person("", strconv.Itoa(i), "other "+strconv.Itoa(i))
		all[i].ID, all[i].Version = token.NewID(), 1
		if err := s.Create(b.Context(), all[i]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	return s, all
}

func BenchmarkFindIdentity(b *testing.B) {
	s, all := people(b)
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if _, err := s.Find(context.Background(), "emailpass", all[i%len(all)].Providers[1].EntityID); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkReplaceIdentity(b *testing.B) {
	s, all := people(b)
	for i := 0; b.Loop(); i++ {
		if err := s.Replace(b.Context(), all[i%len(all)]); err != nil {
			b.Fatal(err)
		}
		all[i%len(all)].Version++
	}
}

func BenchmarkPutConsume(b *testing.B) {
	s, now := memory.NewOneTimeTokens(nil), time.Now()
	t := login.OneTimeToken{ID: loginID("b"), Digest: token.Sum("b"), Expires: now.Add(time.Hour)}
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Put(b.Context(), t); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Consume(b.Context(), t.ID, t.Digest, now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCountAttempt(b *testing.B) {
	s, now := memory.NewAttempts(nil), time.Now()
	key := loginID("b")
	b.ReportAllocs()
	for b.Loop() {
		a, err := s.Load(b.Context(), key, now)
		if err != nil {
			b.Fatal(err)
		}
		a.Count, a.Expires = 1, now.Add(time.Hour)
		if err := s.Swap(b.Context(), a, now); err != nil {
			b.Fatal(err)
		}
	}
}
