package redisstore

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/countersign-go/countersign/jwtx"
)

var _ jwtx.RevocationStore = (*Revocations)(nil)

// maxRevocationKey is the longest key that a [jwtx.RevocationStore] has to keep.
const maxRevocationKey = 80

// Revocations is a [jwtx.RevocationStore]. [Store.Revocations] returns one; the zero value answers each call with an
// error. Many goroutines may use it at once. An error wraps [auth.ErrUnavailable] and its cause, contexts that are done
// included, but for two: a key that is not printable ASCII of 80 bytes at most, and a note that cannot be read. Such a note
// is never taken for none, nor replaced by one that may say less: look at what is under the key, and delete it.
type Revocations struct{ store *Store }

var (
	errBadKey  = errors.New("redisstore: the key of a revocation that is not 80 bytes of printable ASCII")
	errBadNote = errors.New("redisstore: a revocation that cannot be read")
)

// Revoke keeps that what was issued up to at is revoked, see [jwtx.RevocationStore]. Times before 1970 are kept as 1970,
// those after the year 9999 as never-ending. A Revoke that is sent again finds what it wanted, and changes nothing.
func (s *Revocations) Revoke(ctx context.Context, key string, at, until time.Time) error {
	const verb = "revoke"
	if err := s.begin(ctx, verb, key); err != nil {
		return err
	}
	keys := []string{s.store.revocationKey(key)}
	word, err := s.store.run(ctx, revokeScript, keys, moment(at), moment(until), keepFor(until)).Text()
	switch {
	case redis.HasErrorPrefix(err, "WRONGTYPE"):
		return errBadNote
	case err != nil:
		return unavailable(verb, err)
	case word != done:
		return errBadNote
	}
	return nil
}

func (s *Revocations) begin(ctx context.Context, verb string, keys ...string) error {
	if err := s.store.begin(ctx, verb); err != nil {
		return err
	}
	for _, key := range keys {
		if key == "" || len(key) > maxRevocationKey || strings.ContainsFunc(key, notPrintable) {
			return errBadKey
		}
	}
	return nil
}

func notPrintable(r rune) bool { return r < ' ' || r > '~' }

// RevokedUpTo returns up to when what was issued is revoked, see [jwtx.RevocationStore], with one GET for each key, sent
// together. MGET would say of a note of another type that there is none, and a cluster has no one server for all keys.
func (s *Revocations) RevokedUpTo(ctx context.Context, now time.Time, keys ...string) ([]time.Time, error) {
	const verb = "revoked up to"
	if err := s.begin(ctx, verb, keys...); err != nil {
		return nil, err
	}
	notes, err := s.notes(ctx, keys)
	if err != nil {
		return nil, unavailable(verb, err)
	}
	upTo := make([]time.Time, len(keys))
	for i, note := range notes {
		at, until, err := parseNote(note)
		if err != nil {
			return nil, err
		}
		if now.Before(until) {
			upTo[i] = at
		}
	}
	return upTo, nil
}

// notes asks for what is under keys.
func (s *Revocations) notes(ctx context.Context, keys []string) ([]*redis.StringCmd, error) {
	pipe := s.store.client.Pipeline()
	notes := make([]*redis.StringCmd, len(keys))
	for i, key := range keys {
		notes[i] = pipe.Get(ctx, s.store.revocationKey(key))
	}
	if _, err := pipe.Exec(ctx); err != nil && !isOfOne(err) {
		return nil, err
	}
	for _, note := range notes {
		if err := note.Err(); err != nil && !isOfOne(err) {
			return nil, err
		}
	}
	return notes, nil
}

// isOfOne reports whether err is about one key: nothing is there, or nothing that can be read.
func isOfOne(err error) bool {
	return errors.Is(err, redis.Nil) || redis.HasErrorPrefix(err, "WRONGTYPE")
}

// parseNote returns the times of a note, zero ones if there is none.
func parseNote(note *redis.StringCmd) (at, until time.Time, err error) {
	text, err := note.Result()
	if errors.Is(err, redis.Nil) {
		return time.Time{}, time.Time{}, nil
	}
	first, second, _ := strings.Cut(text, " ")
	at, ok := parseMoment(first)
	until, also := parseMoment(second)
	if err != nil || !ok || !also {
		return time.Time{}, time.Time{}, errBadNote
	}
	return at, until, nil
}
