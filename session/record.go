package session

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// A Login is who logged in and how: what the application says when it starts a session. Its text is UTF-8 without NUL, and
// no more of it than [Record.Check] says: look at what comes from a client, such as a User-Agent, before it is put in here.
type Login struct {
	Actor        auth.Actor    // its ID is empty while the identity has no actor yet
	IdentityID   string        // the auth identity that logged in
	Provider     string        // the login provider, such as "emailpass"
	Scopes       auth.Set      // what the session may be used for; empty is nothing, "*" is everything
	Roles        auth.Set      // what the actor may do
	Factors      []auth.Factor // how and when presence was proven
	AppMetadata  auth.Metadata
	UserMetadata auth.Metadata
}

// check returns an error if l does not say who logged in: such a session would be refused for ever. So is one that no
// store keeps.
func (l Login) check() error {
	if l.Actor.ID == "" && l.IdentityID == "" {
		return errors.New("session: a Login with neither an actor nor an identity")
	}
	if l.Actor.ID != "" && l.Actor.Type == "" {
		return errors.New("session: a Login of an actor without a type")
	}
	var t text
	l.addTo(&t)
	return t.err
}

// addTo adds the text of l to t.
func (l Login) addTo(t *text) {
	t.add(maxName, l.Actor.Type, l.Actor.ID, l.IdentityID, l.Provider)
	for _, set := range []auth.Set{l.Scopes, l.Roles} {
		for name := range set.All() {
			t.add(maxRecord, name)
		}
	}
	for _, f := range l.Factors {
		t.add(maxRecord, f.Method)
		t.size += factorSize
	}
	t.addObject(l.AppMetadata)
	t.addObject(l.UserMetadata)
}

// whole returns a copy of l that shares nothing which can be changed, with times as every database keeps them.
func (l Login) whole() Login {
	l.Factors = slices.Clone(l.Factors)
	for i := range l.Factors {
		l.Factors[i].At = l.Factors[i].At.UTC().Truncate(time.Microsecond)
	}
	return l
}

// A Record is what a [Store] keeps of a session.
type Record struct {
	ID      string       // public, made by [NewID]
	Version int64        // counts the replacements; a store sets it
	Digest  token.Digest // of the token in the cookie
	Login   Login
	Created time.Time
	Renewed time.Time // the last use that was written
	Expires time.Time // when it ends unless it is renewed; never after EndsBy
	EndsBy  time.Time // the end of its lifetime

	Counter uint64 // of the refresh token that is good
	// Floor is the Counter of the first refresh token since the secret was changed: earlier ones are void, and no sign of
	// theft. Above Counter it says that the session has ended.
	Floor     uint64
	Refreshed time.Time // when Counter was raised by a refresh; zero is not since the secret was changed

	IP        netip.Addr    // of the client that began it; zero if that is not known
	UserAgent string        // of the client that began it
	Values    auth.Metadata // what the application keeps in the session
}

// hasEnded reports whether r is what is left of a session that was ended, whatever the time.
func (r Record) hasEnded() bool { return r.Floor > r.Counter }

// Clone returns a copy of r that shares nothing which can be changed.
func (r Record) Clone() Record {
	r.Login.Factors = slices.Clone(r.Login.Factors)
	return r
}

// Check returns an error if a [Store] cannot be expected to keep r. An ID has 64 bytes at most and begins with the [Place]
// of the actor; an actor with an ID has a type. Text is UTF-8 without NUL: 256 bytes at most for the actor's type and ID, the
// identity, the provider and the user agent, 64 KiB for all, metadata, Values and 48 bytes for each factor included. A time
// is zero, but for Expires, or in the years from 1970 to 9999. Counter and Floor have 63 bits at most. An IP has no zone.
func (r Record) Check() error {
	if r.ID == "" || len(r.ID) > maxID {
		return fmt.Errorf("session: a record whose ID has not 1 to %d bytes", maxID)
	}
	if !strings.HasPrefix(r.ID, Place(r.Login.Actor)) {
		return errors.New("session: a record whose ID is not made for its actor")
	}
	if r.Login.Actor.ID != "" && r.Login.Actor.Type == "" {
		return errors.New("session: a record of an actor without a type")
	}
	if r.Counter > math.MaxInt64 || r.Floor > math.MaxInt64 {
		return errors.New("session: a record with a Counter or Floor of more than 63 bits")
	}
	if r.IP.Zone() != "" {
		return errors.New("session: a record with an IP that has a zone")
	}
	times := []time.Time{r.Created, r.Renewed, r.Expires, r.EndsBy, r.Refreshed}
	for _, f := range r.Login.Factors {
		times = append(times, f.At)
	}
	if r.Expires.IsZero() {
		return errors.New("session: a record that does not say when it expires")
	}
	for _, t := range times {
		if year := t.UTC().Year(); !t.IsZero() && (year < 1970 || year > 9999) {
			return errors.New("session: a record with a time before 1970 or after 9999")
		}
	}
	var t text
	t.add(maxID, r.ID)
	t.add(maxName, r.UserAgent)
	t.addObject(r.Values)
	r.Login.addTo(&t)
	return t.err
}

// context returns what a guard attaches to a request of the session.
func (r Record) context() auth.AuthContext {
	ac := auth.AuthContext{
		Actor:        r.Login.Actor,
		IdentityID:   r.Login.IdentityID,
		Provider:     r.Login.Provider,
		Scheme:       "session",
		CredentialID: r.ID,
		SessionID:    r.ID,
		Scopes:       r.Login.Scopes,
		Roles:        r.Login.Roles,
		Factors:      r.Login.Factors,
		Expires:      r.EndsBy,
		AppMetadata:  r.Login.AppMetadata,
		UserMetadata: r.Login.UserMetadata,
	}
	if !r.Values.IsZero() {
		ac.Attach(Values{r.Values})
	}
	return ac
}
