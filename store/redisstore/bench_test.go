package redisstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/countersign-go/countersign/store/redisstore"
)

func BenchmarkGet(b *testing.B) {
	k := open(b, nil)
	rec, now := k.create(b, ann), time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Sessions().Get(context.Background(), rec.ID, now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReplace(b *testing.B) {
	k := open(b, nil)
	rec, now := k.create(b, ann), time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if err := k.Sessions().Replace(context.Background(), rec, now); err != nil {
			b.Fatal(err)
		}
		rec.Version++
	}
}

func BenchmarkRevokedUpTo(b *testing.B) {
	k := open(b, nil)
	now := time.Now()
	must(b, "Revoke", k.Revocations().Revoke(context.Background(), "actor:a", now, now.Add(time.Hour)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Revocations().RevokedUpTo(context.Background(), now, "actor:a", "session:b"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	rec := loggedIn(ann)
	text := encode(b, rec)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := redisstore.Decode(text, rec.ID); err != nil {
			b.Fatal(err)
		}
	}
}
