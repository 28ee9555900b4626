package main

import (
	"net/http"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/wire"
)

const userType = "user"

// A user is an administrator. The first is there from the start, all others were invited.
type user struct {
	ID        string    `json:"id"`
	Email     string    `json:"email"`
	FirstName *string   `json:"first_name"`
	LastName  *string   `json:"last_name"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

type userAnswer struct {
	User user `json:"user"`
}

// ownUser answers with the user who asks.
func (a *app) ownUser(w http.ResponseWriter, r *http.Request) error {
	if err := read(w, r, &struct{}{}); err != nil {
		return err
	}
	by, _ := auth.FromContext(r.Context())
	u, ok := a.users.get(by.Actor.ID)
	if !ok {
		return wire.NotFound("User with id: %s was not found", by.Actor.ID)
	}
	wire.Write(w, http.StatusOK, userAnswer{u})
	return nil
}
