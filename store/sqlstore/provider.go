package sqlstore

import (
	"encoding/json"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
)

// An actor is how an actor is written in a table.
type actor struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// A provider is how a provider identity is written in a table. Its metadata is the application's, and text in a text: it
// would else be written anew.
type provider struct {
	Provider     string    `json:"provider"`
	EntityID     string    `json:"entity_id"`
	Identifier   string    `json:"identifier"`
	Secret       string    `json:"secret,omitempty"`
	UserMetadata string    `json:"user_metadata,omitempty"`
	VerifiedAt   time.Time `json:"verified_at,omitzero"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
}

func newProviders(all []login.ProviderIdentity) []provider {
	kept := make([]provider, len(all))
	for i, p := range all {
		kept[i] = provider{
			p.Provider, p.EntityID, p.Identifier, p.Secret.Reveal(), text(p.UserMetadata), whole(p.VerifiedAt), whole(p.CreatedAt),
			whole(p.UpdatedAt),
		}
	}
	return kept
}

// text returns m as JSON, "" for the zero value.
func text(m auth.Metadata) string {
	if m.IsZero() {
		return ""
	}
	object, _ := m.MarshalJSON() // the text as it is: never an error
	return string(object)
}

// whole returns t as it is kept.
func whole(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// actors returns a list of actors, nil for an empty one.
func (r *row) actors() (all []auth.Actor) {
	var kept []actor
	r.json(&kept)
	for _, a := range kept {
		all = append(all, auth.Actor{Type: a.Type, ID: a.ID})
	}
	return all
}

// providers returns a list of provider identities.
func (r *row) providers() (all []login.ProviderIdentity) {
	r.next("providers", func(v any) bool {
		var kept []provider
		list, ok := asText(v)
		if !ok || json.Unmarshal([]byte(list), &kept) != nil {
			return false
		}
		for _, p := range kept {
			one := login.ProviderIdentity{
				Provider: p.Provider, EntityID: p.EntityID, Identifier: p.Identifier,
				VerifiedAt: p.VerifiedAt.UTC(), CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(),
			}
			if p.Secret != "" {
				one.Secret = token.NewSecret(p.Secret)
			}
			if p.UserMetadata != "" && one.UserMetadata.UnmarshalJSON([]byte(p.UserMetadata)) != nil {
				return false
			}
			all = append(all, one)
		}
		return true
	})
	return all
}
