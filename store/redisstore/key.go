package redisstore

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// placeLen is the length of what [session.Place] returns.
const placeLen = 4

// maxSessionID is the longest ID that [session.Record.Check] accepts.
const maxSessionID = 64

// A cluster puts keys with the same text in braces on the same server. For a session that is the first four characters of
// its ID, which are the place of its actor: the record and the list of the actor's sessions change in one step. What a
// record is called tells its ID, byte for byte, since the length of the rest is known.
func (s *Store) sessionKey(id string) string {
	return s.prefix + "{" + place(id) + "}s:" + id
}

func place(id string) string { return id[:min(placeLen, len(id))] }

func (s *Store) sessionKeys(ids []string) []string {
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = s.sessionKey(id)
	}
	return keys
}

// indexKey returns the key of the list of the actor's sessions, who has an ID.
func (s *Store) indexKey(actor auth.Actor) string {
	return s.indexPrefix(session.Place(actor)) + indexName(actor)
}

// indexPrefix returns what the key of an index begins with that has the session, before its name.
func (s *Store) indexPrefix(id string) string { return s.prefix + "{" + place(id) + "}a:" }

// identityKey returns the key of the list of the sessions of an identity, which is not "". Their actors are others, so a
// cluster may have these sessions on all its servers, and the list on any of them.
func (s *Store) identityKey(identity string) string { return s.prefix + "i:" + identityName(identity) }

// identityName returns a name for the identity, like that of an actor.
func identityName(identity string) string {
	if identity == "" {
		return noIndex
	}
	sum := sha256.Sum256([]byte(identity))
	return hex.EncodeToString(sum[:])
}

// noIndex stands for the index of sessions without an actor, or without an identity, which are in none.
const noIndex = "-"

// indexName returns a name for the actor that has no characters but those of hex: an actor's may be any text of any script.
func indexName(actor auth.Actor) string {
	if actor.ID == "" {
		return noIndex
	}
	sum := sha256.Sum256([]byte(actor.Type + "\x00" + actor.ID))
	return hex.EncodeToString(sum[:])
}

// revocationKey returns a key that is no session's: theirs have a brace after the prefix. A cluster spreads revocations.
func (s *Store) revocationKey(key string) string { return s.prefix + "r:" + key }

// tokenKey returns the key of a one-time token, and attemptKey that of attempts. A cluster spreads these too.
func (s *Store) tokenKey(id string) string { return s.prefix + "t:" + id }

func (s *Store) attemptKey(key string) string { return s.prefix + "n:" + key }
