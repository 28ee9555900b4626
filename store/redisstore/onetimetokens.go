package redisstore

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

var _ login.TokenStore = (*OneTimeTokens)(nil)

// OneTimeTokens is a [login.TokenStore]. [Store.OneTimeTokens] returns one; the zero value answers each call with an error.
// Many goroutines may use it at once. An error is that of [login.OneTimeToken.Check], one of package login, or says that
// something else is wrong: then it wraps [auth.ErrUnavailable] and the cause, contexts that are done included.
//
// Put and Consume are sent once, and are outages where the answer was lost: a second Put might bring back a token that was
// void, or used up, after the first, and a second Consume would say that there was no token, when nobody else has used it.
type OneTimeTokens struct{ store *Store }

// Put keeps t, see [login.TokenStore], with one SET, whatever was under the key.
func (s *OneTimeTokens) Put(ctx context.Context, t login.OneTimeToken) error {
	const verb = "put one-time token"
	if err := s.store.begin(ctx, verb); err != nil {
		return err
	}
	if err := t.Check(); err != nil {
		return err
	}
	cmd := redis.NewCmd(ctx, "set", s.store.tokenKey(t.ID), encodeToken(t), "px", keepFor(t.Expires))
	s.store.do(ctx, once{cmd})
	if err := cmd.Err(); err != nil {
		return unavailable(verb, err)
	}
	return nil
}

// Get returns the token, see [login.TokenStore], with one GET.
func (s *OneTimeTokens) Get(ctx context.Context, id string, now time.Time) (login.OneTimeToken, error) {
	const verb = "get one-time token"
	if err := s.store.begin(ctx, verb); err != nil {
		return login.OneTimeToken{}, err
	}
	if !token.IsID(id) {
		return login.OneTimeToken{}, login.ErrNotFound
	}
	text, err := s.store.text(ctx, verb, s.store.tokenKey(id))
	if err != nil {
		return login.OneTimeToken{}, err
	}
	t, err := decodeToken(text, id)
	if err == nil && !now.Before(t.Expires) {
		return login.OneTimeToken{}, login.ErrNotFound
	}
	return t, err
}

// text returns what is under key, or [login.ErrNotFound].
func (s *Store) text(ctx context.Context, verb, key string) ([]byte, error) {
	cmd := redis.NewStringCmd(ctx, "get", key)
	s.do(ctx, cmd)
	text, err := cmd.Bytes()
	switch {
	case errors.Is(err, redis.Nil):
		return nil, login.ErrNotFound
	case redis.HasErrorPrefix(err, "WRONGTYPE"):
		return nil, damaged("its type")
	case err != nil:
		return nil, unavailable(verb, err)
	}
	return text, nil
}

// Consume removes the token and returns it, see [login.TokenStore], with one script. What has no head that can be read is
// [login.ErrCorrupt], and stays. So is what is damaged behind that, and it is used up.
func (s *OneTimeTokens) Consume(ctx context.Context, id string, digest token.Digest, now time.Time) (login.OneTimeToken, error) {
	const verb = "consume one-time token"
	if err := s.store.begin(ctx, verb); err != nil {
		return login.OneTimeToken{}, err
	}
	if !token.IsID(id) {
		return login.OneTimeToken{}, login.ErrNotFound
	}
	keys := []string{s.store.tokenKey(id)}
	text, err := s.store.runOnce(ctx, consumeScript, keys, hex.EncodeToString(digest[:]), moment(now)).Text()
	switch {
	case err != nil:
		return login.OneTimeToken{}, unavailable(verb, err)
	case text == missing:
		return login.OneTimeToken{}, login.ErrNotFound
	case text == corrupt:
		return login.OneTimeToken{}, damaged("its head")
	}
	return decodeToken([]byte(text), id)
}

// Delete removes the token, see [login.TokenStore], also one that cannot be read, with one DEL.
func (s *OneTimeTokens) Delete(ctx context.Context, id string) error {
	const verb = "delete one-time token"
	if err := s.store.begin(ctx, verb); err != nil {
		return err
	}
	if !token.IsID(id) {
		return nil
	}
	cmd := redis.NewIntCmd(ctx, "del", s.store.tokenKey(id))
	s.store.do(ctx, cmd)
	if err := cmd.Err(); err != nil {
		return unavailable(verb, err)
	}
	return nil
}

// tokenFormat is what the value of a token begins with, see [format].
const tokenFormat = "ct1 "

// encodeToken returns the text under the key of a token: a head, and its data as they are.
//
//	ct1 EXPIRES DIGEST CHECKSUM {…}
//
// EXPIRES is a [moment], DIGEST 64 hex digits, CHECKSUM the CRC-32C of the ID, a blank, and all that is before and after the
// checksum.
func encodeToken(t login.OneTimeToken) []byte {
	head := fmt.Appendf(nil, "%s%s %x ", tokenFormat, moment(t.Expires), t.Digest[:])
	data := raw(t.Data)
	return fmt.Appendf(nil, "%s%s %s", head, checksumOf(t.ID, head, data), data)
}

// checksumOf is [checksum] for what is under the key of an ID, and under no other.
func checksumOf(id string, head, body []byte) string {
	return checksum(append([]byte(id+" "), head...), body)
}

// decodeToken returns the token in text, which was under the key of id, or an error that wraps [login.ErrCorrupt].
func decodeToken(text []byte, id string) (login.OneTimeToken, error) {
	fields := bytes.SplitN(text, []byte(" "), 5)
	if len(fields) != 5 || !bytes.HasPrefix(text, []byte(tokenFormat)) {
		return login.OneTimeToken{}, damaged("its format")
	}
	sum, data := fields[3], fields[4]
	if checksumOf(id, text[:len(text)-len(data)-1-len(sum)], data) != string(sum) {
		return login.OneTimeToken{}, damaged("its checksum")
	}
	t := login.OneTimeToken{ID: id}
	expires, ok := parseMoment(string(fields[1]))
	digest, err := hex.DecodeString(string(fields[2]))
	if !ok || err != nil || copy(t.Digest[:], digest) != len(t.Digest) || len(digest) != len(t.Digest) {
		return login.OneTimeToken{}, damaged("its head")
	}
	t.Expires = expires
	if len(data) > 0 {
		t.Data = auth.RawMetadata(string(data))
	}
	if t.Check() != nil || len(data) > 0 && data[0] != '{' {
		return login.OneTimeToken{}, damaged("a token that no store keeps")
	}
	return t, nil
}

func damaged(what string) error { return fmt.Errorf("redisstore: %w: %s", login.ErrCorrupt, what) }
