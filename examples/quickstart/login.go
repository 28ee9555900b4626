package main

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/session"
)

const maxBody = 64 << 10

// credentials are what a log-in sends, as JSON or as a form.
type credentials struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// login starts a session: what came as a form gets its cookie, what came as JSON an access token and a refresh token.
func (a *app) login(w http.ResponseWriter, r *http.Request) {
	c, err := readCredentials(w, r)
	if err != nil {
		a.guard.Refuse(w, r, err)
		return
	}
	actor, err := a.users.authenticate(r.Context(), c.Email, c.Password)
	if err != nil {
		a.refuseLogin(w, r, err)
		return
	}
	login := session.Login{
		Actor:      actor,
		IdentityID: c.Email,
		Provider:   "emailpass",
		Scopes:     auth.NewSet("profile", "reports:read"), // also what keys made in the console may have
		Factors:    []auth.Factor{{Method: "pwd", At: time.Now()}},
	}
	if isJSON(r) {
		a.loginByTokens(w, r, login)
		return
	}
	if _, err := a.sessions.Start(w, r, login); err != nil {
		a.guard.Refuse(w, r, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// loginByTokens starts a session that no cookie carries, for clients that keep tokens.
func (a *app) loginByTokens(w http.ResponseWriter, r *http.Request, login session.Login) {
	tokens, err := a.sessions.StartTokens(r, login)
	if err != nil {
		a.guard.Refuse(w, r, err)
		return
	}
	session.WriteTokens(w, tokens)
}

// refuseLogin shows a browser the form again, and everyone else an error in JSON.
func (a *app) refuseLogin(w http.ResponseWriter, r *http.Request, err error) {
	if isJSON(r) || !errors.Is(err, auth.ErrInvalidCredentials) {
		a.guard.Refuse(w, r, err)
		return
	}
	renderPage(w, http.StatusUnauthorized, page{Message: wrongPassword})
}

// logout ends the session behind the cookie or the token that the request came with: both are dead at once.
func (a *app) logout(w http.ResponseWriter, r *http.Request) {
	ac, _ := auth.FromContext(r.Context())
	if err := a.sessions.End(r.Context(), ac.SessionID); err != nil {
		a.guard.Refuse(w, r, err)
		return
	}
	a.sessions.ClearCookie(w)
	if isForm(r) {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	writeJSON(w, map[string]bool{"success": true})
}

// readCredentials reads a bounded body in either form.
func readCredentials(w http.ResponseWriter, r *http.Request) (c credentials, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if isJSON(r) {
		err = json.NewDecoder(r.Body).Decode(&c)
	} else if err = r.ParseForm(); err == nil {
		c = credentials{Email: r.PostForm.Get("email"), Password: r.PostForm.Get("password")}
	}
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return c, &auth.Error{Status: http.StatusRequestEntityTooLarge}
	}
	if err != nil {
		return c, &auth.Error{Status: http.StatusBadRequest, Message: "Neither the JSON nor the form of a log-in"}
	}
	return c, nil
}

func isJSON(r *http.Request) bool { return mediaType(r) == "application/json" }

func isForm(r *http.Request) bool { return mediaType(r) == "application/x-www-form-urlencoded" }

func mediaType(r *http.Request) string {
	t, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return t
}
