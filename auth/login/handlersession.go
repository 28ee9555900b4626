package login

import (
	"net/http"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/wire"
)

// refresh answers with another access token for the session behind a request, whose identity may have got an actor since, or
// may be disabled.
func (h handler) refresh(w http.ResponseWriter, r *http.Request) error {
	by, err := bareSender(w, r)
	if err != nil {
		return err
	}
	who, err := h.again(r, by)
	if err != nil {
		return err
	}
	access, err := h.config.Sessions.RefreshAccess(w, r, who)
	if err != nil {
		return err
	}
	wire.Write(w, http.StatusOK, loginJSON{Token: access})
	return nil
}

// again returns who by is now: its identity may have changed, and may log in no more.
func (h handler) again(r *http.Request, by auth.AuthContext) (auth.AuthContext, error) {
	if _, err := h.method(by.Actor.Type, by.Provider); err != nil {
		return auth.AuthContext{}, unauthorized("a way to log in that is not configured any more")
	}
	i, err := h.get(r.Context(), by.IdentityID)
	switch {
	case is(err, ErrNotFound):
		return auth.AuthContext{}, unauthorized("the identity was deleted")
	case err != nil:
		return auth.AuthContext{}, err
	case i.Disabled():
		return auth.AuthContext{}, unauthorized("the identity is disabled")
	}
	for _, p := range i.Providers {
		if p.Provider == by.Provider {
			who, err := h.admit(r.Context(), i, by.Actor.Type, p, by.Factors)
			who.SessionID = by.SessionID
			return who, err
		}
	}
	return auth.AuthContext{}, unauthorized("the identity has lost the way in which it logged in")
}

// A userJSON is an AuthContext as clients see it.
type userJSON struct {
	ActorID      string        `json:"actor_id"`
	ActorType    string        `json:"actor_type"`
	IdentityID   string        `json:"auth_identity_id"`
	Provider     string        `json:"auth_provider"`
	AppMetadata  auth.Metadata `json:"app_metadata"`
	UserMetadata auth.Metadata `json:"user_metadata"`
}

// startSession gives the session behind an access token a cookie. A cookie does not do: the token shows that whoever asks has
// just logged in, or could.
func (h handler) startSession(w http.ResponseWriter, r *http.Request) error {
	by, err := bareSender(w, r)
	if err != nil {
		return err
	}
	if by.Scheme == "session" {
		return unauthorized("a cookie where an access token is wanted")
	}
	who, err := h.config.Sessions.StartCookie(w, r, by.SessionID)
	if err != nil {
		return err
	}
	wire.Write(w, http.StatusOK, struct {
		User userJSON `json:"user"`
	}{userJSON{
		ActorID: who.Actor.ID, ActorType: who.Actor.Type, IdentityID: who.IdentityID, Provider: who.Provider,
		AppMetadata: who.AppMetadata, UserMetadata: who.UserMetadata,
	}})
	return nil
}

// endSession ends the session behind a request, whatever carries it.
func (h handler) endSession(w http.ResponseWriter, r *http.Request) error {
	by, err := bareSender(w, r)
	if err != nil {
		return err
	}
	if err := h.config.Sessions.End(r.Context(), by.SessionID); err != nil {
		return err // it goes on, and the client must know
	}
	h.config.Sessions.ClearCookie(w)
	wire.Write(w, http.StatusOK, success{true})
	return nil
}

// A providerJSON is a method as clients see it.
type providerJSON struct {
	ID          string `json:"id"`
	Identifier  string `json:"identifier"`
	DisplayName string `json:"display_name"`
	Flow        string `json:"flow"`
}

func (h handler) providers(w http.ResponseWriter, r *http.Request) error {
	kind, _, err := named(r)
	if err != nil {
		return err
	}
	list := []providerJSON{}
	for _, id := range h.config.Actors[kind] {
		p := providerJSON{ID: id, Identifier: id, DisplayName: h.methods[id].DisplayName, Flow: "credentials"}
		if _, ok := h.methods[id].Provider.(Callbacker); ok {
			p.Flow = "redirect"
		}
		list = append(list, p)
	}
	wire.Write(w, http.StatusOK, struct {
		Providers []providerJSON `json:"providers"`
	}{list})
	return nil
}
