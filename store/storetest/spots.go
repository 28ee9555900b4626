package storetest

import (
	"github.com/countersign-go/countersign/apikey"
	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

// sessionSpots are where a session has text. Another actor needs another ID, or a record would be refused for that.
var sessionSpots = []spot[session.Record]{
	{"the ID", func(r *session.Record, text string) { r.ID += text }},
	{"the type of the actor", func(r *session.Record, text string) {
		r.Login.Actor.Type = text
		r.ID = session.NewID(r.Login.Actor)
	}},
	{"the ID of the actor", func(r *session.Record, text string) {
		r.Login.Actor.ID = text
		r.ID = session.NewID(r.Login.Actor)
	}},
	{"the identity", func(r *session.Record, text string) { r.Login.IdentityID = text }},
	{"the provider", func(r *session.Record, text string) { r.Login.Provider = text }},
	{"a scope", func(r *session.Record, text string) { r.Login.Scopes = auth.NewSet("orders:read", text) }},
	{"a role", func(r *session.Record, text string) { r.Login.Roles = auth.NewSet("admin", text) }},
	{"the method of a factor", func(r *session.Record, text string) { r.Login.Factors[1].Method = text }},
	{"metadata of the application", func(r *session.Record, text string) {
		r.Login.AppMetadata = auth.RawMetadata(`{"a":"` + text + `"}`)
	}},
	{"the name of a member in metadata of the user", func(r *session.Record, text string) {
		r.Login.UserMetadata = auth.RawMetadata(`{"` + text + `":1}`)
	}},
	{"the user agent", func(r *session.Record, text string) { r.UserAgent = text }},
	{"a value of the application", func(r *session.Record, text string) { r.Values = auth.RawMetadata(`{"a":["` + text + `"]}`) }},
}

var keySpots = []spot[apikey.Key]{
	{"the ID", func(k *apikey.Key, text string) { k.ID += text }},
	{"Redacted", func(k *apikey.Key, text string) { k.Redacted = text }},
	{"the title", func(k *apikey.Key, text string) { k.Title = text }},
	{"the type of the owner", func(k *apikey.Key, text string) { k.Owner.Type = text }},
	{"the ID of the owner", func(k *apikey.Key, text string) { k.Owner.ID = text }},
	{"a scope", func(k *apikey.Key, text string) { k.Scopes = auth.NewSet("reports:read", text) }},
	{"a channel", func(k *apikey.Key, text string) { k.Channels = auth.NewSet("web", text) }},
	{"metadata", func(k *apikey.Key, text string) { k.Metadata = auth.RawMetadata(`{"a":"` + text + `"}`) }},
	{"the name of a member in metadata", func(k *apikey.Key, text string) { k.Metadata = auth.RawMetadata(`{"` + text + `":1}`) }},
	{"the kind", func(k *apikey.Key, text string) { k.Kind = apikey.Kind(text) }},
	{"the environment", func(k *apikey.Key, text string) { k.Environment = text }},
	{"the text", func(k *apikey.Key, text string) { k.Text = text }},
	{"CreatedBy", func(k *apikey.Key, text string) { k.CreatedBy = text }},
	{"who revoked it", func(k *apikey.Key, text string) { k.Revocation.By = text }},
	{"why it was revoked", func(k *apikey.Key, text string) { k.Revocation.Reason = text }},
	{"who disabled it", func(k *apikey.Key, text string) { k.DisabledBy = text }},
	{"the key that it replaces", func(k *apikey.Key, text string) { k.Replaces = text }},
	{"the key that replaces it", func(k *apikey.Key, text string) { k.ReplacedBy = text }},
}
