package apikey

import (
	"net/http"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/auth/wire"
)

// A keyJSON is a key as clients see it. What is nil is null.
type keyJSON struct {
	ID           string         `json:"id"`
	Type         Kind           `json:"type"`
	Title        string         `json:"title"`
	Token        string         `json:"token"`
	Redacted     string         `json:"redacted"`
	OwnerType    string         `json:"owner_type"`
	OwnerID      string         `json:"owner_id"`
	Scopes       auth.Set       `json:"scopes"`
	ExpiresAt    *time.Time     `json:"expires_at"`
	LastUsedAt   *time.Time     `json:"last_used_at"`
	LastUsedIP   *string        `json:"last_used_ip"`
	CreatedBy    *string        `json:"created_by"`
	CreatedAt    *time.Time     `json:"created_at"`
	UpdatedAt    *time.Time     `json:"updated_at"`
	RevokedAt    *time.Time     `json:"revoked_at"`
	RevokedBy    *string        `json:"revoked_by"`
	RevokeReason *string        `json:"revoke_reason"`
	DisabledAt   *time.Time     `json:"disabled_at"`
	DisabledBy   *string        `json:"disabled_by"`
	Environment  *string        `json:"environment"`
	Metadata     *auth.Metadata `json:"metadata"`
	Channels     []channelJSON  `json:"sales_channels"`
	Replaces     *string        `json:"replaces"`
	ReplacedBy   *string        `json:"replaced_by"`
}

type channelJSON struct {
	ID string `json:"id"`
}

// newKeyJSON returns k, with the text of a key that was just made, or of one that anybody may know.
func newKeyJSON(k Key, text token.Secret) keyJSON {
	j := keyJSON{
		ID: k.ID, Type: k.Kind, Title: k.Title, Token: text.Reveal(), Redacted: k.Redacted,
		OwnerType: k.Owner.Type, OwnerID: k.Owner.ID, Scopes: k.Scopes,
		ExpiresAt: moment(k.ExpiresAt), LastUsedAt: moment(k.LastUsed.At),
		CreatedBy: word(k.CreatedBy), CreatedAt: moment(k.CreatedAt), UpdatedAt: moment(k.UpdatedAt),
		RevokedAt: moment(k.Revocation.Effective()), RevokedBy: word(k.Revocation.By), RevokeReason: word(k.Revocation.Reason),
		DisabledAt: moment(k.DisabledAt), DisabledBy: word(k.DisabledBy), Environment: word(k.Environment), Channels: []channelJSON{},
		Replaces: word(k.Replaces), ReplacedBy: word(k.ReplacedBy),
	}
	if j.Token == "" && k.Kind == Publishable {
		j.Token = k.Text
	}
	if k.LastUsed.IP.IsValid() {
		j.LastUsedIP = word(k.LastUsed.IP.String())
	}
	if !k.Metadata.IsZero() {
		j.Metadata = &k.Metadata
	}
	for id := range k.Channels.All() {
		j.Channels = append(j.Channels, channelJSON{id})
	}
	return j
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func word(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// A keyPage is the answer to a request for a list.
type keyPage struct {
	Keys   []keyJSON `json:"api_keys"`
	Count  int       `json:"count"` // of those that match
	Offset int       `json:"offset"`
	Limit  int       `json:"limit"`
}

// A deletion is the answer to a request to delete.
type deletion struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Deleted bool   `json:"deleted"`
}

// answer sends a key, and its text if that was just made, or returns the refusal that err is.
func answer(w http.ResponseWriter, k Key, text token.Secret, err error) error {
	if err != nil {
		return Refusal(err)
	}
	wire.Write(w, http.StatusOK, struct {
		Key keyJSON `json:"api_key"`
	}{newKeyJSON(k, text)})
	return nil
}
