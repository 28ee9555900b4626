package redisstore

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// format is what the value of a record begins with. What begins with anything else is of another format, perhaps a later
// one, or not ours: it is corrupt, not guessed at. A new member of the JSON object is a new format too, or an older process
// would drop it.
const format = "cs1 "

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A value is the JSON object of a record, without what is in the head.
type value struct {
	ID           string          `json:"id"`
	Digest       []byte          `json:"digest"`
	Counter      uint64          `json:"counter,omitempty"`
	ActorType    string          `json:"actor_type,omitempty"`
	ActorID      string          `json:"actor_id,omitempty"`
	IdentityID   string          `json:"identity_id,omitempty"`
	Provider     string          `json:"provider,omitempty"`
	Scopes       auth.Set        `json:"scopes,omitzero"`
	Roles        auth.Set        `json:"roles,omitzero"`
	Factors      []factor        `json:"factors,omitempty"`
	AppMetadata  json.RawMessage `json:"app_metadata,omitempty"`
	UserMetadata json.RawMessage `json:"user_metadata,omitempty"`
	Created      time.Time       `json:"created,omitzero"`
	Renewed      time.Time       `json:"renewed,omitzero"`
	EndsBy       time.Time       `json:"ends_by,omitzero"`
	Floor        uint64          `json:"floor,omitempty"`
	Refreshed    time.Time       `json:"refreshed,omitzero"`
	IP           netip.Addr      `json:"ip,omitzero"`
	UserAgent    string          `json:"user_agent,omitempty"`
	Values       json.RawMessage `json:"values,omitempty"`
}

type factor struct {
	Method string    `json:"method"`
	At     time.Time `json:"at,omitzero"`
}

// encode returns the text under the key of a record: a head that scripts read without the rest of it, then the object.
//
//	cs1 VERSION EXPIRES INDEX IDENTITY LAPSES CHECKSUM {"id":…}
//
// VERSION is decimal, EXPIRES a [moment], INDEX the name of the actor's index or "-", IDENTITY that of the identity's,
// LAPSES the moment from which the identity's index need not have an entry of it, CHECKSUM the CRC-32C of all that is before
// and after it, in eight hex digits.
func encode(rec session.Record, version int64) ([]byte, error) {
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s%d %s %s %s %s ", format, version, moment(rec.Expires), indexName(rec.Login.Actor),
		identityName(rec.Login.IdentityID), moment(lapses(rec)))
	head := text.Len()
	text.WriteString("00000000 ")
	body := text.Len()
	object := json.NewEncoder(&text)
	object.SetEscapeHTML(false) // which would make metadata longer than it may be
	if err := object.Encode(newValue(rec)); err != nil {
		return nil, fmt.Errorf("redisstore: record: %w", err)
	}
	all := bytes.TrimSuffix(text.Bytes(), []byte("\n"))
	copy(all[head:], checksum(all[:head], all[body:]))
	return all, nil
}

// lapses returns when the session ends at the latest, unless its end is moved.
func lapses(rec session.Record) time.Time {
	if rec.EndsBy.After(rec.Expires) {
		return rec.EndsBy
	}
	return rec.Expires
}

func checksum(head, body []byte) string {
	return fmt.Sprintf("%08x", crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, body))
}

func newValue(rec session.Record) value {
	l := rec.Login
	return value{
		ID: rec.ID, Digest: rec.Digest[:], Counter: rec.Counter,
		ActorType: l.Actor.Type, ActorID: l.Actor.ID, IdentityID: l.IdentityID, Provider: l.Provider,
		Scopes: l.Scopes, Roles: l.Roles, Factors: newFactors(l.Factors),
		AppMetadata: raw(l.AppMetadata), UserMetadata: raw(l.UserMetadata),
		Created: whole(rec.Created), Renewed: whole(rec.Renewed), EndsBy: whole(rec.EndsBy),
		Floor: rec.Floor, Refreshed: whole(rec.Refreshed), IP: rec.IP, UserAgent: rec.UserAgent, Values: raw(rec.Values),
	}
}

// whole returns t as every store keeps it.
func whole(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

func newFactors(factors []auth.Factor) []factor {
	var kept []factor
	for _, f := range factors {
		kept = append(kept, factor{f.Method, whole(f.At)})
	}
	return kept
}

func raw(m auth.Metadata) json.RawMessage {
	if m.IsZero() {
		return nil
	}
	object, _ := m.MarshalJSON() // the text as it is: never an error
	return object
}

// decode returns the record in text, which was under the key of id, or an error that wraps [session.ErrCorrupt]: no part of
// what was damaged, made by something else, or is another's.
func decode(text []byte, id string) (session.Record, error) {
	head, body, err := split(text)
	if err != nil {
		return session.Record{}, err
	}
	var v value
	if json.Unmarshal(body, &v) != nil {
		return session.Record{}, unreadable("its JSON")
	}
	rec, err := v.record()
	switch {
	case err != nil:
		return session.Record{}, err
	case v.ID != id:
		return session.Record{}, unreadable("the ID, which is another's")
	case indexName(rec.Login.Actor) != head.index:
		return session.Record{}, unreadable("the actor, which is another's")
	case identityName(rec.Login.IdentityID) != head.identity:
		return session.Record{}, unreadable("the identity, which is another's")
	}
	rec.Version, rec.Expires = head.version, head.expires
	if rec.Check() != nil {
		return session.Record{}, unreadable("a record that no store keeps")
	}
	return rec, nil
}

func unreadable(what string) error { return fmt.Errorf("redisstore: %w: %s", session.ErrCorrupt, what) }

// A head is what the scripts read of a record.
type head struct {
	version         int64
	expires         time.Time
	index, identity string
}

// split returns the head and the JSON of a record, if the checksum is right.
func split(text []byte) (h head, body []byte, err error) {
	fields := bytes.SplitN(text, []byte(" "), 8)
	if len(fields) != 8 || !bytes.HasPrefix(text, []byte(format)) {
		return head{}, nil, unreadable("its format")
	}
	sum, body := fields[6], fields[7]
	before := len(text) - len(body) - 1 - len(sum)
	if checksum(text[:before], body) != string(sum) {
		return head{}, nil, unreadable("its checksum")
	}
	version, err := strconv.ParseInt(string(fields[1]), 10, 64)
	expires, ok := parseMoment(string(fields[2]))
	_, alsoOK := parseMoment(string(fields[5]))
	if err != nil || !ok || !alsoOK {
		return head{}, nil, unreadable("its head")
	}
	return head{version, expires, string(fields[3]), string(fields[4])}, body, nil
}

// record returns what v holds. Text is kept as it is: it was good when it was written, or the checksum would differ.
func (v *value) record() (session.Record, error) {
	rec := session.Record{
		ID: v.ID, Counter: v.Counter, Created: v.Created, Renewed: v.Renewed, EndsBy: v.EndsBy,
		Floor: v.Floor, Refreshed: v.Refreshed, IP: v.IP, UserAgent: v.UserAgent,
		Login: session.Login{
			Actor:      auth.Actor{Type: v.ActorType, ID: v.ActorID},
			IdentityID: v.IdentityID, Provider: v.Provider, Scopes: v.Scopes, Roles: v.Roles,
		},
	}
	if copy(rec.Digest[:], v.Digest) != len(rec.Digest) || len(v.Digest) != len(rec.Digest) {
		return session.Record{}, unreadable("its digest")
	}
	rec.Login.Factors = slices.Grow(rec.Login.Factors, len(v.Factors))
	for _, f := range v.Factors {
		rec.Login.Factors = append(rec.Login.Factors, auth.Factor(f))
	}
	var app, user, values bool
	rec.Login.AppMetadata, app = metadata(v.AppMetadata)
	rec.Login.UserMetadata, user = metadata(v.UserMetadata)
	rec.Values, values = metadata(v.Values)
	if !app || !user || !values {
		return session.Record{}, unreadable("its metadata")
	}
	return rec, nil
}

// metadata returns the object in text, which is JSON, and whether it is one.
func metadata(text json.RawMessage) (auth.Metadata, bool) {
	if len(text) == 0 {
		return auth.Metadata{}, true
	}
	return auth.RawMetadata(string(text)), text[0] == '{'
}
