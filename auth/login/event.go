package login

import (
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// An EventKind says what happened.
type EventKind string

// The kinds of events. The first two have a Token to be sent to Identifier, and to nobody else.
const (
	ResetRequested        EventKind = "reset"        // somebody wants new credentials
	VerificationRequested EventKind = "verification" // somebody wants to show that Identifier is theirs
	RegistrationRepeated  EventKind = "registered"   // with VerifyFirst: somebody registered who was registered
	CredentialsChanged    EventKind = "changed"      // a password was changed or reset
	Verified              EventKind = "verified"     // a token of a verification was used: EntityID is whose IdentityID says
	Throttled             EventKind = "throttled"    // there were so many attempts that others have to wait
	ProviderConnected     EventKind = "connected"    // an identity has another way to log in; Identifier is of one from before
	Disabled              EventKind = "disabled"     // an identity was disabled
	Deleted               EventKind = "deleted"      // an identity was deleted
)

// An Event is something that the application may want to tell somebody: mail with a token, a warning. What it does not
// apply to is zero.
type Event struct {
	Kind       EventKind
	ActorType  string
	Provider   string
	IdentityID string
	EntityID   string        // as the provider knows it
	EntityType string        // of a verification: what the client called it
	Identifier string        // where mail goes to: as it is kept, not as it was asked for; empty if there is none to tell
	Token      token.Secret  // to be sent to Identifier
	Expires    time.Time     // of Token
	Metadata   auth.Metadata // what the client sent along: text of a stranger
}
