package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

var (
	_ session.Store = (*Sessions)(nil)
	_ session.Index = (*Sessions)(nil)
)

// Sessions is a [session.Store] and a [session.Index]. [Store.Sessions] returns one; the zero value answers each call
// with an error. Many goroutines may use it at once. An error is that of [session.Record.Check], one of package session,
// or says that something else is wrong: then it wraps [auth.ErrUnavailable] and the cause, contexts that are done included.
//
// The client may send a command again whose answer was lost, as may whoever calls. That changes nothing twice: Replace then
// returns ErrConflict, though the first one did what it should, and [session.Manager] looks. Create alone is sent once, and
// is an outage then, at which the Manager looks too: a second one might bring back what was ended after the first.
type Sessions struct{ store *Store }

// Create keeps rec, see [session.Store]. The server drops what has expired a minute later. It takes one script, and before
// that another one for a session that has an identity, which enters it into the list of that.
func (s *Sessions) Create(ctx context.Context, rec session.Record) error {
	const verb = "create"
	if err := s.beginWrite(ctx, verb, rec); err != nil {
		return err
	}
	text, err := encode(rec, 1)
	if err != nil {
		return err
	}
	if err := s.identify(ctx, verb, rec); err != nil {
		return err
	}
	return answer(verb, s.store.runOnce(ctx, createScript, s.keys(rec), rec.ID, text, keepFor(rec.Expires)))
}

// identify enters rec into the list of its identity's sessions, if it has one, before it is there: a session that is not on
// the list would outlast its identity, while an entry without a session does nothing.
func (s *Sessions) identify(ctx context.Context, verb string, rec session.Record) error {
	if rec.Login.IdentityID == "" {
		return nil
	}
	keys := []string{s.store.identityKey(rec.Login.IdentityID)}
	return answer(verb, s.store.run(ctx, identifyScript, keys, rec.ID, keepFor(lapses(rec))))
}

func (s *Sessions) beginWrite(ctx context.Context, verb string, rec session.Record) error {
	if err := s.store.begin(ctx, verb); err != nil {
		return err
	}
	return rec.Check()
}

// keys returns what a write of rec touches: the record, and the index of its actor if it has one.
func (s *Sessions) keys(rec session.Record) []string {
	keys := []string{s.store.sessionKey(rec.ID)}
	if rec.Login.Actor.ID != "" {
		keys = append(keys, s.store.indexKey(rec.Login.Actor))
	}
	return keys
}

// Get returns the record, see [session.Store], with one GET.
func (s *Sessions) Get(ctx context.Context, id string, now time.Time) (session.Record, error) {
	const verb = "get"
	if err := s.store.begin(ctx, verb); err != nil {
		return session.Record{}, err
	}
	if !isSessionID(id) {
		return session.Record{}, session.ErrNotFound
	}
	cmd := redis.NewStringCmd(ctx, "get", s.store.sessionKey(id))
	s.store.do(ctx, cmd)
	text, err := cmd.Bytes()
	switch {
	case errors.Is(err, redis.Nil):
		return session.Record{}, session.ErrNotFound
	case redis.HasErrorPrefix(err, "WRONGTYPE"):
		return session.Record{}, unreadable("its type")
	case err != nil:
		return session.Record{}, unavailable(verb, err)
	}
	rec, err := decode(text, id)
	if err == nil && !now.Before(rec.Expires) {
		return session.Record{}, session.ErrNotFound
	}
	return rec, err
}

// isSessionID reports whether a record may have the ID, so that no key is longer than it has to be.
func isSessionID(id string) bool { return id != "" && len(id) <= maxSessionID }

// Replace exchanges the record, see [session.Store]. A record of another actor or identity than the one that is there is
// refused. One whose head cannot be read is [session.ErrCorrupt], and stays. It takes one script, unless the record would
// outlast the entry in the list of its identity, which was made to last until EndsBy: then two more.
func (s *Sessions) Replace(ctx context.Context, rec session.Record, now time.Time) error {
	const verb = "replace"
	if err := s.beginWrite(ctx, verb, rec); err != nil {
		return err
	}
	text, err := encode(rec, rec.Version+1)
	if err != nil {
		return err
	}
	replace := func(until string) *redis.Cmd {
		return s.store.run(ctx, replaceScript, s.keys(rec), rec.ID, text, keepFor(rec.Expires), rec.Version,
			indexName(rec.Login.Actor), moment(now), moment(rec.Expires), identityName(rec.Login.IdentityID), until)
	}
	cmd := replace(moment(lapses(rec)))
	if word, err := cmd.Text(); err == nil && word == later {
		if err := s.identify(ctx, verb, rec); err != nil {
			return err
		}
		cmd = replace(moment(time.Time{}))
	}
	return answer(verb, cmd)
}

// Delete removes the record, see [session.Store], also one that cannot be read.
func (s *Sessions) Delete(ctx context.Context, id string) error {
	const verb = "delete"
	if err := s.store.begin(ctx, verb); err != nil {
		return err
	}
	if !isSessionID(id) {
		return nil
	}
	return answer(verb, s.store.run(ctx, deleteScript, []string{s.store.sessionKey(id)}, id, s.store.indexPrefix(id)))
}

var errForeigner = errors.New("redisstore: replace: a record of another actor or identity than the one that is there")

// answer returns what the word means that a script answered with.
func answer(verb string, cmd *redis.Cmd) error {
	word, err := cmd.Text()
	if err != nil {
		return unavailable(verb, err)
	}
	switch word {
	case done:
		return nil
	case missing:
		return session.ErrNotFound
	case exists:
		return session.ErrExists
	case conflict:
		return session.ErrConflict
	case corrupt:
		return unreadable("its head")
	case foreigner:
		return errForeigner
	}
	return fmt.Errorf("redisstore: %s: %w: an unknown answer", verb, auth.ErrUnavailable)
}
