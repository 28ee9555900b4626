package login

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// Bounds of an [AuthIdentity], in bytes but for maxList.
const (
	maxName   = 256
	maxSecret = 4 << 10
	maxRecord = 64 << 10
	maxList   = 16
)

// An AuthIdentity is somebody who can log in, in one way or several, and which of the application's actors that is. The
// application's own data about them is its own: it keeps an actor's ID here.
type AuthIdentity struct {
	ID          string        // public, made by [token.NewID]
	Version     int64         // counts the replacements; a store sets it
	Actors      []auth.Actor  // who it is to the application: one of each type at most
	AppMetadata auth.Metadata // what the application keeps with it
	DisabledAt  time.Time     // it logs in no more; zero if it does
	CreatedAt   time.Time
	UpdatedAt   time.Time

	Providers []ProviderIdentity // the ways it logs in
}

// A ProviderIdentity is one way in which an [AuthIdentity] logs in. No two have the same Provider and EntityID.
type ProviderIdentity struct {
	Provider     string        // the ID of the provider, such as "emailpass"
	EntityID     string        // what the provider knows it by, in the one spelling that it compares
	Identifier   string        // the same as people know it, such as an e-mail address as it was typed
	Secret       token.Secret  // what the provider keeps to recognise it, such as the hash of a password; never leaves
	UserMetadata auth.Metadata // what its owner may know and change
	VerifiedAt   time.Time     // when it was shown that the Identifier is its owner's; zero if it was not
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Actor returns the actor of a type that the identity is, one without an ID if there is none.
func (i AuthIdentity) Actor(kind string) auth.Actor {
	for _, a := range i.Actors {
		if a.Type == kind {
			return a
		}
	}
	return auth.Actor{Type: kind}
}

// Disabled reports whether the identity must not log in.
func (i AuthIdentity) Disabled() bool { return !i.DisabledAt.IsZero() }

// By returns the way of the provider in which the identity logs in as entityID, and whether there is one.
func (i AuthIdentity) By(provider, entityID string) (ProviderIdentity, bool) {
	n := slices.IndexFunc(i.Providers, func(p ProviderIdentity) bool { return p.Provider == provider && p.EntityID == entityID })
	if n < 0 {
		return ProviderIdentity{}, false
	}
	return i.Providers[n], true
}

// Clone returns a copy of i that shares nothing which can be changed.
func (i AuthIdentity) Clone() AuthIdentity {
	i.Actors, i.Providers = slices.Clone(i.Actors), slices.Clone(i.Providers)
	return i
}

// Check returns an error if a [Store] cannot be expected to keep i: the ID passes [token.IsID]; there are 1 to 16 providers
// and 16 actors at most, one of each type, with a type and an ID; no two providers are the same; a provider has a name and
// an EntityID. Text is UTF-8 without NUL, of 256 bytes at most, a Secret of 4 KiB, all of it of 64 KiB. A time is zero or in
// the years from 1970 to 9999; CreatedAt and UpdatedAt are not zero.
func (i AuthIdentity) Check() error {
	if !token.IsID(i.ID) {
		return errors.New("login: an identity without a usable ID")
	}
	if len(i.Providers) == 0 || len(i.Providers) > maxList || len(i.Actors) > maxList {
		return fmt.Errorf("login: an identity has 1 to %d providers and %d actors at most", maxList, maxList)
	}
	size := 0
	if err := errors.Join(i.checkActors(&size), i.checkProviders(&size), checkTime(i.DisabledAt, true),
		checkTime(i.CreatedAt, false), checkTime(i.UpdatedAt, false), checkObject(&size, i.AppMetadata)); err != nil {
		return err
	}
	if size > maxRecord {
		return fmt.Errorf("login: an identity of more than %d bytes", maxRecord)
	}
	return nil
}

func (i AuthIdentity) checkActors(size *int) error {
	seen := map[string]bool{}
	for _, a := range i.Actors {
		if a.Type == "" || a.ID == "" || seen[a.Type] {
			return errors.New("login: an identity with an actor that is nobody, or two of one type")
		}
		seen[a.Type] = true
		if err := checkText(size, maxName, a.Type, a.ID); err != nil {
			return err
		}
	}
	return nil
}

func (i AuthIdentity) checkProviders(size *int) error {
	seen := map[[2]string]bool{}
	for _, p := range i.Providers {
		key := [2]string{p.Provider, p.EntityID}
		if p.Provider == "" || p.EntityID == "" || seen[key] {
			return errors.New("login: an identity with a provider that has no name or no entity, or is there twice")
		}
		seen[key] = true
		if err := errors.Join(checkText(size, maxName, p.Provider, p.EntityID, p.Identifier),
			checkText(size, maxSecret, p.Secret.Reveal()), checkObject(size, p.UserMetadata),
			checkTime(p.VerifiedAt, true), checkTime(p.CreatedAt, false), checkTime(p.UpdatedAt, false)); err != nil {
			return err
		}
	}
	return nil
}

func checkText(size *int, most int, texts ...string) error {
	for _, s := range texts {
		*size += len(s)
		if len(s) > most || !utf8.ValidString(s) || strings.Contains(s, "\x00") {
			return fmt.Errorf("login: text of more than %d bytes, not UTF-8 or with a NUL", most)
		}
	}
	return nil
}

func checkObject(size *int, m auth.Metadata) error {
	text, err := m.MarshalJSON()
	if err != nil || !json.Valid(text) {
		return errors.New("login: metadata that is no JSON object")
	}
	return checkText(size, maxRecord, string(text))
}

func checkTime(t time.Time, orZero bool) error {
	if year := t.UTC().Year(); t.IsZero() && orZero || year >= 1970 && year <= 9999 {
		return nil
	}
	return errors.New("login: a time that is not in the years from 1970 to 9999")
}
