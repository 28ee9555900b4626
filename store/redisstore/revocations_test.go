package redisstore_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/store/redisstore"
	"github.com/redis/go-redis/v9"
)

// What cannot be read may have said that everything is revoked. It is never taken for nothing, nor written over.
func TestBrokenNotes(t *testing.T) {
	k := open(t, nil)
	ctx, now := context.Background(), time.Now()
	at, until := redisstore.Moment(now), redisstore.Moment(now.Add(time.Hour))
	notes := map[string]any{
		"nothing": "", "text": "revoked", "one time": at, "two in one": at + until, "three times": at + " " + until + " " + until,
		"a short time": at[1:] + " " + until, "a long time": at + " 0" + until, "letters": strings.Repeat("a", 18) + " " + until,
		"a sign": "-" + at[1:] + " " + until, "a line break": at + " " + until + "\n", "a fraction": "1.7e+15 " + until,
		"a hash": map[string]any{"a": "b"},
	}
	for name, note := range notes {
		key := k.prefix + "r:k"
		must(t, "Del", k.redis.Del(ctx, key).Err())
		switch note := note.(type) {
		case string:
			must(t, "Set", k.redis.Set(ctx, key, note, time.Hour).Err())
		default:
			must(t, "HSet", k.redis.HSet(ctx, key, note).Err())
		}
		before := k.redis.Dump(ctx, key).Val()
		for _, keys := range [][]string{{"k"}, {"unknown", "k"}, {"k", "unknown"}} {
			upTo, err := k.Revocations().RevokedUpTo(ctx, now, keys...)
			check(t, name+": RevokedUpTo is an error", err != nil && upTo == nil, true)
			check(t, name+": RevokedUpTo is an outage", auth.IsUnavailable(err), false)
		}
		err := k.Revocations().Revoke(ctx, "k", now, now.Add(time.Hour))
		check(t, name+": Revoke is an error", err != nil, true)
		check(t, name+": Revoke is an outage", auth.IsUnavailable(err), false)
		check(t, name+": is as it was", k.redis.Dump(ctx, key).Val() == before, true)
	}
}

func TestRevocationKeys(t *testing.T) {
	k := open(t, nil)
	ctx, now := t.Context(), time.Now()
	for key, want := range map[string]bool{
		"a": true, strings.Repeat("~", 80): true, "{a}": true, "a b": true, " ": true,
		"": false, strings.Repeat("a", 81): false, "a\n": false, "a\x00": false, "\x7f": false, "é": false,
	} {
		check(t, "Revoke of "+key, k.Revocations().Revoke(ctx, key, now, now.Add(time.Hour)) == nil, want)
		upTo, err := k.Revocations().RevokedUpTo(ctx, now, "other", key)
		check(t, "RevokedUpTo of "+key, err == nil && !upTo[1].IsZero(), want)
	}
}

// The server keeps a note for as long as any Revoke has said, and numbers are what they were.
func TestNotesStay(t *testing.T) {
	k := open(t, nil)
	ctx, now := t.Context(), time.Now()
	hour := redisstore.Moment(now.Add(time.Hour))
	year9999 := time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	tests := []struct {
		at, until time.Time
		want      string
		least     time.Duration
	}{
		{time.UnixMicro(1_763_742_000_000_001), now.Add(time.Hour), "001763742000000001 " + hour, time.Hour},
		{time.UnixMicro(1 << 53), now, "009007199254740992 " + hour, time.Hour},
		{time.UnixMicro(1<<53 + 1), now.Add(-time.Hour), "009007199254740993 " + hour, time.Hour},
		{time.UnixMicro(1 << 53), year9999, "009007199254740993 253402300799999999", 200 * 365 * 24 * time.Hour},
		{year9999, now, "253402300799999999 253402300799999999", 0},
	}
	for _, tt := range tests {
		must(t, "Revoke", k.Revocations().Revoke(ctx, "k", tt.at, tt.until))
		check(t, "the note", k.redis.Get(ctx, k.prefix+"r:k").Val(), tt.want)
		left := k.redis.Do(ctx, "pttl", k.prefix+"r:k").Val().(int64)
		check(t, "the server keeps it", left > tt.least.Milliseconds(), true)
	}
	upTo, err := k.Revocations().RevokedUpTo(ctx, now, "k")
	must(t, "RevokedUpTo", err)
	check(t, "the last microsecond of 9999", upTo[0], year9999)
}

// A process whose clock is ahead reckons too short a time: the server keeps the note until its own clock says so.
func TestRevocationByAClockThatIsAhead(t *testing.T) {
	k := open(t, func(o *redis.Options) { o.MaxRetries = -1 })
	ctx, now := context.Background(), time.Now()
	client := connect(t, nil)
	client.AddHook(shortened{})
	ahead, err := redisstore.New(client, &redisstore.Options{Prefix: k.prefix, InsecureVolatile: true})
	must(t, "New", err)
	must(t, "Revoke", ahead.Revocations().Revoke(ctx, "token:a", now, now.Add(10*time.Minute)))
	left := k.redis.PTTL(ctx, k.prefix+"r:token:a").Val()
	check(t, "the note stays until its end, by the server's clock", left > 10*time.Minute && left < 12*time.Minute, true)
}

// Shortened is a client whose process has a clock that is far ahead: a note, or attempts, are to be kept for a millisecond.
type shortened struct{ redis.Hook }

func (shortened) DialHook(next redis.DialHook) redis.DialHook { return next }
func (shortened) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (shortened) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		// A script, 1, a key, what it is of, milliseconds.
		if args := cmd.Args(); len(args) == 7 || len(args) == 9 {
			args[len(args)-1] = int64(1)
		}
		return next(ctx, cmd)
	}
}
