package storetest

import (
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

// newAttempts returns attempts with all fields set but the Version, which the store sets.
func newAttempts() login.Attempts {
	now := time.Now().UTC().Truncate(time.Second)
	return login.Attempts{
		Key: token.NewID(), Count: 7, Next: now.Add(time.Minute + 123_456*tick), Expires: now.Add(time.Hour + 654_321*tick),
	}
}

var attemptSamples = []sample[login.Attempts]{
	{"attempts", newAttempts},
	{"attempts of which none counts", func() login.Attempts { a := newAttempts(); a.Count = 0; return a }},
	{"attempts that delay nothing", func() login.Attempts { a := newAttempts(); a.Next = time.Time{}; return a }},
	{"no attempts, which delay nothing", func() login.Attempts {
		a := newAttempts()
		a.Count, a.Next = 0, time.Time{}
		return a
	}},
	{"as many attempts as there may be", func() login.Attempts { a := newAttempts(); a.Count = 1_000_000; return a }},
	{"attempts that delay beyond their end", func() login.Attempts {
		a := newAttempts()
		a.Next = a.Expires.Add(time.Hour)
		return a
	}},
	{"attempts that delayed long ago", func() login.Attempts { a := newAttempts(); a.Next = time.Unix(0, 1000).UTC(); return a }},
	{"attempts whose times are in another zone", func() login.Attempts {
		a := newAttempts()
		a.Next, a.Expires = a.Next.In(faraway), a.Expires.In(faraway)
		return a
	}},
	{"attempts with whole seconds", func() login.Attempts {
		a := newAttempts()
		a.Next, a.Expires = a.Next.Truncate(time.Second), a.Expires.Truncate(time.Second)
		return a
	}},
	{"attempts with the last microsecond", func() login.Attempts {
		a := newAttempts()
		a.Next, a.Expires = a.Next.Add(876_543*tick), a.Expires.Add(345_678*tick)
		return a
	}},
	{"attempts that are remembered for years", func() login.Attempts {
		a := newAttempts()
		a.Next, a.Expires = a.Next.AddDate(50, 0, 0), a.Expires.AddDate(50, 0, 0)
		return a
	}},
	{"attempts with the shortest key", func() login.Attempts { a := newAttempts(); a.Key = a.Key[:16]; return a }},
	{"attempts with the longest key", func() login.Attempts {
		a := newAttempts()
		a.Key += strings.Repeat("a", 64-len(a.Key))
		return a
	}},
}
