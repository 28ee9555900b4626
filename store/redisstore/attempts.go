package redisstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

var _ login.AttemptStore = (*Attempts)(nil)

// Attempts is a [login.AttemptStore]. [Store.Attempts] returns one; the zero value answers each call with an error. Many
// goroutines may use it at once. An error is that of [login.Attempts.Check], one of package login, or says that something
// else is wrong: then it wraps [auth.ErrUnavailable] and the cause, contexts that are done included. What cannot be read is
// [login.ErrCorrupt] and stays: it is not taken for none, nor written over. Look at what is under the key, and delete it.
//
// A Swap that the client sends again, because the answer was lost, is ErrConflict, though the first one did what it should.
type Attempts struct{ store *Store }

// Load returns what is counted of key, see [login.AttemptStore], with one GET.
func (s *Attempts) Load(ctx context.Context, key string, now time.Time) (login.Attempts, error) {
	const verb = "load attempts"
	none := login.Attempts{Key: key}
	if err := s.store.begin(ctx, verb); err != nil {
		return login.Attempts{}, err
	}
	if !token.IsID(key) {
		return none, nil // which Swap does not keep
	}
	text, err := s.store.text(ctx, verb, s.store.attemptKey(key))
	if errors.Is(err, login.ErrNotFound) {
		return none, nil
	}
	if err != nil {
		return login.Attempts{}, err
	}
	a, err := decodeAttempts(text, key)
	if err == nil && !now.Before(a.Expires) {
		return none, nil
	}
	return a, err
}

// Swap keeps a, see [login.AttemptStore], with one script. The server drops what has expired a minute later.
func (s *Attempts) Swap(ctx context.Context, a login.Attempts, now time.Time) error {
	const verb = "swap attempts"
	if err := s.store.begin(ctx, verb); err != nil {
		return err
	}
	if err := a.Check(); err != nil {
		return err
	}
	version := a.Version
	a.Version++
	keys := []string{s.store.attemptKey(a.Key)}
	word, err := s.store.run(ctx, swapScript, keys, version, encodeAttempts(a), moment(now), moment(a.Expires),
		keepFor(a.Expires)).Text()
	switch {
	case err != nil:
		return unavailable(verb, err)
	case word == done:
		return nil
	case word == conflict:
		return login.ErrConflict
	case word == corrupt:
		return damaged("its head")
	}
	return fmt.Errorf("redisstore: %s: %w: an unknown answer", verb, auth.ErrUnavailable)
}

// attemptFormat is what the value of attempts begins with, see [format].
const attemptFormat = "ca1 "

// never stands for the zero time.
const never = "-"

// encodeAttempts returns the text under the key of attempts.
//
//	ca1 VERSION EXPIRES COUNT NEXT CHECKSUM
//
// VERSION and COUNT are decimal, EXPIRES and NEXT a [moment], the latter "-" for none, CHECKSUM the CRC-32C of the key, a
// blank, and all that is before the checksum.
func encodeAttempts(a login.Attempts) []byte {
	next := never
	if !a.Next.IsZero() {
		next = moment(a.Next)
	}
	text := fmt.Appendf(nil, "%s%d %s %d %s ", attemptFormat, a.Version, moment(a.Expires), a.Count, next)
	return append(text, checksumOf(a.Key, text, nil)...)
}

// decodeAttempts returns the attempts in text, which was under the key, or an error that wraps [login.ErrCorrupt].
func decodeAttempts(text []byte, key string) (login.Attempts, error) {
	fields := bytes.Split(text, []byte(" "))
	if len(fields) != 6 || !bytes.HasPrefix(text, []byte(attemptFormat)) {
		return login.Attempts{}, damaged("its format")
	}
	if sum := fields[5]; checksumOf(key, text[:len(text)-len(sum)], nil) != string(sum) {
		return login.Attempts{}, damaged("its checksum")
	}
	a := login.Attempts{Key: key}
	var errVersion, errCount error
	var isExpires, isNext bool
	a.Version, errVersion = strconv.ParseInt(string(fields[1]), 10, 64)
	a.Expires, isExpires = parseMoment(string(fields[2]))
	a.Count, errCount = strconv.Atoi(string(fields[3]))
	if isNext = string(fields[4]) == never; !isNext {
		a.Next, isNext = parseMoment(string(fields[4]))
	}
	if errVersion != nil || errCount != nil || !isExpires || !isNext || a.Version == 0 || a.Check() != nil {
		return login.Attempts{}, damaged("attempts that no store keeps")
	}
	return a, nil
}
