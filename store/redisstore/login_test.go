package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/store/redisstore"
)

// oneTimeToken returns a token that is good for what it says, and whose digest is that of the same text.
func oneTimeToken(good string) login.OneTimeToken {
	return login.OneTimeToken{
		ID: token.NewID(), Digest: token.Sum(good), Data: auth.RawMetadata(`{ "for" : "` + good + `" }`),
		Expires: time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond),
	}
}

// Where the package comment says that these are, and what is there.
func (k keeper) tokenKey(id string) string    { return k.prefix + "t:" + id }
func (k keeper) attemptKey(key string) string { return k.prefix + "n:" + key }

func TestLayoutOfLogin(t *testing.T) {
	k := open(t, nil)
	ctx, one, bare := t.Context(), oneTimeToken("a"), oneTimeToken("b")
	bare.Data = auth.Metadata{}
	for _, tok := range []login.OneTimeToken{one, bare} {
		must(t, "Put", k.OneTimeTokens().Put(ctx, tok))
		text, data := k.redis.Get(ctx, k.tokenKey(tok.ID)).Val(), ""
		if tok.ID == one.ID {
			data = `{ "for" : "a" }`
		}
		head := fmt.Sprintf("ct1 %s %x ", redisstore.Moment(tok.Expires), tok.Digest[:])
		check(t, "head of "+text, strings.HasPrefix(text, head), true)
		check(t, "data", text[len(head)+8:], " "+data)
		got, err := k.OneTimeTokens().Get(ctx, tok.ID, time.Now())
		must(t, "Get", err)
		check(t, "Data", got.Data, tok.Data)
	}
	for _, next := range []time.Time{{}, time.UnixMicro(0).UTC(), one.Expires} {
		tried := login.Attempts{Key: token.NewID(), Count: 7, Next: next, Expires: one.Expires}
		must(t, "Swap", k.Attempts().Swap(ctx, tried, time.Now()))
		text := "-"
		if !next.IsZero() {
			text = redisstore.Moment(next)
		}
		head := fmt.Sprintf("ca1 1 %s 7 %s ", redisstore.Moment(one.Expires), text)
		check(t, "attempts", k.redis.Get(ctx, k.attemptKey(tried.Key)).Val()[:len(head)], head)
		tried.Version = 1
		got, err := k.Attempts().Load(ctx, tried.Key, time.Now())
		must(t, "Load", err)
		check(t, "attempts", got, tried)
	}
	for _, key := range k.keys(t) {
		left := k.redis.PTTL(ctx, key).Val()
		check(t, "the server keeps "+key+" until a minute after its time", left > time.Hour && left < time.Hour+2*time.Minute, true)
	}
}

// The server keeps attempts until its own clock says so: if it forgot them early there would be more of them than there may be.
func TestAttemptsByAClockThatIsAhead(t *testing.T) {
	k := open(t, nil)
	client := connect(t, nil)
	client.AddHook(shortened{})
	ahead := newStore(t, client, k.prefix)
	tried := login.Attempts{Key: token.NewID(), Count: 1, Expires: time.Now().Add(10 * time.Minute)}
	must(t, "Swap", ahead.Attempts().Swap(context.Background(), tried, time.Now()))
	left := k.redis.PTTL(t.Context(), k.attemptKey(tried.Key)).Val()
	check(t, "they stay until their end, by the server's clock", left > 10*time.Minute && left < 12*time.Minute, true)
}

// wrongs returns what is not what is under a key, made of what is: none of it may be taken for a token or for attempts.
func wrongs(text string) map[string]any {
	words := strings.SplitN(text, " ", 5)
	without := func(n int, word string) string {
		changed := append([]string(nil), words...)
		changed[n] = word
		return strings.Join(changed, " ")
	}
	return map[string]any{
		"nothing": "", "text": "topsecret", "a later format": without(0, "cz2"), "half": text[:len(text)/2], "a part more": text + " 1",
		"another head": without(1, "topsecret"), "a moment that is long": without(1, words[1]+"0"), "another last word": text[:len(text)-1] + "~",
		"no end": strings.TrimSpace(text[:len(text)-1]), "a line break": text + "\n", "a hash": map[string]any{"a": "topsecret"},
		"another digest or count": without(2, "1"), "another checksum or next": without(3, "0"),
	}
}

// put puts what is wrong under a key.
func (k keeper) put(t *testing.T, key string, value any) {
	t.Helper()
	must(t, "Del", k.redis.Del(t.Context(), key).Err())
	if text, ok := value.(string); ok {
		must(t, "Set", k.redis.Set(t.Context(), key, text, time.Hour).Err())
		return
	}
	must(t, "HSet", k.redis.HSet(t.Context(), key, value).Err())
}

// TestAttackLogin damages what is kept, and loses answers: nothing is taken for a token or for no attempts, and nothing comes
// back.
func TestAttackLogin(t *testing.T) {
	t.Run("S021", func(t *testing.T) {
		damagedTokens(t)
		damagedAttempts(t)
	})
	t.Run("S030", loginReplyLost)
}

// corrupt reports an error unless err says that what is there cannot be read, and does not say what it is.
func corrupt(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, login.ErrCorrupt) || auth.IsUnavailable(err) || strings.Contains(err.Error(), "topsecret") {
		t.Errorf("%s: %v, want ErrCorrupt", what, err)
	}
}

func damagedTokens(t *testing.T) {
	k := open(t, nil)
	ctx, now, tokens := t.Context(), time.Now(), k.OneTimeTokens()
	one, other := oneTimeToken("a"), oneTimeToken("a")
	must(t, "Put", errors.Join(tokens.Put(ctx, one), tokens.Put(ctx, other)))
	key := k.tokenKey(one.ID)
	values := wrongs(k.redis.Get(ctx, key).Val())
	values["the token of another ID"] = k.redis.Get(ctx, k.tokenKey(other.ID)).Val()
	for name, value := range values {
		k.put(t, key, value)
		before := k.redis.Dump(ctx, key).Val()
		got, err := tokens.Get(ctx, one.ID, now)
		corrupt(t, name+": Get", err)
		check(t, name+": what is got", got.ID, "")
		check(t, name+": is as it was", k.redis.Dump(ctx, key).Val() == before, true)
		got, err = tokens.Consume(ctx, one.ID, one.Digest, now)
		check(t, fmt.Sprintf("%s: Consume is refused (%v)", name, err), err != nil && !auth.IsUnavailable(err), true)
		check(t, name+": what is consumed", got.ID, "")
	}
	k.put(t, key, "topsecret")
	must(t, "Put over it", tokens.Put(ctx, one))
	_, err := tokens.Get(ctx, one.ID, now)
	must(t, "Get", err)
	k.put(t, key, map[string]any{"a": "b"})
	must(t, "Delete", tokens.Delete(ctx, one.ID))
	check(t, "keys", k.redis.Exists(ctx, key).Val(), 0)
}

func damagedAttempts(t *testing.T) {
	k := open(t, nil)
	ctx, now, attempts := t.Context(), time.Now(), k.Attempts()
	one := login.Attempts{Key: token.NewID(), Count: 7, Next: now.Add(time.Minute), Expires: now.Add(time.Hour)}
	other := one
	other.Key = token.NewID()
	must(t, "Swap", errors.Join(attempts.Swap(ctx, one, now), attempts.Swap(ctx, other, now)))
	key := k.attemptKey(one.Key)
	values := wrongs(k.redis.Get(ctx, key).Val())
	values["the attempts of another key"] = k.redis.Get(ctx, k.attemptKey(other.Key)).Val()
	for name, value := range values {
		k.put(t, key, value)
		before := k.redis.Dump(ctx, key).Val()
		got, err := attempts.Load(ctx, one.Key, now)
		corrupt(t, name+": Load", err)
		check(t, name+": what is loaded", got, login.Attempts{})
		err = attempts.Swap(ctx, one, now)
		check(t, fmt.Sprintf("%s: Swap is refused (%v)", name, err), err != nil && !auth.IsUnavailable(err), true)
		check(t, name+": is as it was", k.redis.Dump(ctx, key).Val() == before, true)
	}
}

func loginReplyLost(t *testing.T) {
	k, w := tapped(t)
	ctx, now, tokens, attempts := t.Context(), time.Now(), k.OneTimeTokens(), k.Attempts()
	one := oneTimeToken("a")
	w.reset(1)
	unavailable(t, "Put whose answer was lost", tokens.Put(ctx, one), nil)
	check(t, "Put is sent", w.take(), "set")
	w.reset(1)
	_, err := tokens.Get(ctx, one.ID, now)
	must(t, "Get whose answer was lost", err)
	w.reset(1)
	_, err = tokens.Consume(ctx, one.ID, one.Digest, now)
	unavailable(t, "Consume whose answer was lost", err, nil)
	check(t, "Consume is sent", w.take(), "evalsha")
	check(t, "the token is used up", k.redis.Exists(ctx, k.tokenKey(one.ID)).Val(), 0)
	tried := login.Attempts{Key: token.NewID(), Count: 1, Expires: now.Add(time.Hour)}
	w.reset(1)
	check(t, "Swap whose answer was lost", attempts.Swap(ctx, tried, now), login.ErrConflict)
	w.reset(1)
	got, err := attempts.Load(ctx, tried.Key, now)
	must(t, "Load whose answer was lost", err)
	check(t, "Version and Count", fmt.Sprint(got.Version, got.Count), "1 1")
	must(t, "Put", tokens.Put(ctx, one))
	w.reset(1)
	must(t, "Delete whose answer was lost", tokens.Delete(ctx, one.ID))
	check(t, "the token is void", k.redis.Exists(ctx, k.tokenKey(one.ID)).Val(), 0)
}
