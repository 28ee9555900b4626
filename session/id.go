package session

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// placeLen is how much of an ID says where it belongs: 20 bits, many times the hash slots of a cluster.
const placeLen = 4

// NewID returns the ID of a new session of actor: its [Place], then random characters, as many as make no ID a guess or a
// repetition. It passes [token.IsID].
func NewID(actor auth.Actor) string {
	place := Place(actor)
	return place + token.NewID()[len(place):]
}

// Place returns what the ID of each session of actor begins with: the first four characters of a digest. So a [Store] that
// is spread over many servers finds the session and the list of its actor's sessions on the same one by either, and can
// change both in one step. It is no secret and no name: many actors share a place. An actor without an ID has none, "".
func Place(actor auth.Actor) string {
	if actor.ID == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(actor.Type + "\x00" + actor.ID))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:5])[:placeLen])
}
