package main

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/auth/wire"
)

const inviteLifetime = 24 * time.Hour

// An invite is what an administrator is told of one. All there is of it otherwise is the token, which is in the mail.
type invite struct {
	ID        string        `json:"id"`
	Email     string        `json:"email"`
	Accepted  bool          `json:"accepted"`
	Metadata  auth.Metadata `json:"metadata"`
	ExpiresAt time.Time     `json:"expires_at"`
	CreatedAt time.Time     `json:"created_at"`
	UpdatedAt time.Time     `json:"updated_at"`
}

// An invitation is what is kept with the token.
type invitation struct {
	Email string `json:"email"`
}

// createInvite has mail with an invite sent. An earlier one to the same address is void.
func (a *app) createInvite(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Email    string        `json:"email"`
		Metadata auth.Metadata `json:"metadata"`
	}
	if err := read(w, r, &body); err != nil {
		return err
	}
	if err := checkEmail("email", body.Email); err != nil {
		return err
	}
	data, err := auth.NewMetadata(invitation{body.Email})
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	i := invite{
		ID: token.NewID(), Email: body.Email, Metadata: body.Metadata, ExpiresAt: now.Add(inviteLifetime), CreatedAt: now, UpdatedAt: now,
	}
	secret, err := a.login.Tokens().Issue(r.Context(), login.Token{
		Purpose: login.PurposeInvite, Subject: strings.ToLower(body.Email), Data: data, Expires: i.ExpiresAt,
	})
	if err != nil {
		return err
	}
	a.mail.send(body.Email, string(login.PurposeInvite), secret)
	wire.Write(w, http.StatusOK, struct {
		Invite invite `json:"invite"`
	}{i})
	return nil
}

// acceptInvite makes a user of somebody who has registered as one, which by itself is worth nothing, and was invited. The
// user's address is the one that the invite was sent to: who has its token has read mail there.
func (a *app) acceptInvite(w http.ResponseWriter, r *http.Request) error {
	q := wire.ParseQuery(r)
	q.Text("fields")
	text, _ := q.Text("token")
	var body struct {
		Email     string  `json:"email"` // of no use, but the SDK's users send it
		FirstName *string `json:"first_name"`
		LastName  *string `json:"last_name"`
	}
	if err := q.Err(); err != nil {
		return err
	}
	if err := wire.Decode(w, r, &body); err != nil {
		return err
	}
	if err := checkFields(field{"first_name", body.FirstName}, field{"last_name", body.LastName}); err != nil {
		return err
	}
	by, _ := auth.FromContext(r.Context())
	if by.Actor.ID != "" {
		return login.Refusal(login.ErrLinked) // before the invite is used up
	}
	invited, err := a.login.Tokens().Consume(r.Context(), login.PurposeInvite, text)
	if errors.Is(err, auth.ErrInvalidCredentials) {
		return &auth.Error{Status: http.StatusUnauthorized, Message: "Invalid token", Err: err}
	}
	if err != nil {
		return err
	}
	var to invitation
	if err := invited.Data.Decode(&to); err != nil {
		return err
	}
	now := time.Now().UTC()
	u := user{
		ID: token.NewID(), Email: to.Email, FirstName: body.FirstName, LastName: body.LastName, CreatedAt: now, UpdatedAt: now,
	}
	if err := a.users.register(r.Context(), a.login, by.IdentityID, auth.Actor{Type: userType, ID: u.ID}, u); err != nil {
		return err
	}
	wire.Write(w, http.StatusOK, userAnswer{u})
	return nil
}
