package main

import (
	"net/http"
	"time"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/auth/wire"
)

const customerType = "customer"

// A customer is what the shop knows of somebody. The address is as they gave it, and nothing is decided by it: who they are
// says the identity that is linked to the ID.
type customer struct {
	ID          string        `json:"id"`
	Email       string        `json:"email"`
	FirstName   *string       `json:"first_name"`
	LastName    *string       `json:"last_name"`
	CompanyName *string       `json:"company_name"`
	Phone       *string       `json:"phone"`
	HasAccount  bool          `json:"has_account"`
	Metadata    auth.Metadata `json:"metadata"`
	CreatedAt   time.Time     `json:"created_at"`
	UpdatedAt   time.Time     `json:"updated_at"`
}

type customerAnswer struct {
	Customer customer `json:"customer"`
}

// createCustomer makes a customer of somebody who has registered, and has no more than the token of that.
func (a *app) createCustomer(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Email       string        `json:"email"`
		FirstName   *string       `json:"first_name"`
		LastName    *string       `json:"last_name"`
		CompanyName *string       `json:"company_name"`
		Phone       *string       `json:"phone"`
		Metadata    auth.Metadata `json:"metadata"`
	}
	if err := read(w, r, &body); err != nil {
		return err
	}
	if err := checkFields(
		field{"first_name", body.FirstName}, field{"last_name", body.LastName},
		field{"company_name", body.CompanyName}, field{"phone", body.Phone},
	); err != nil {
		return err
	}
	if err := checkEmail("email", body.Email); err != nil {
		return err
	}
	now := time.Now().UTC()
	c := customer{
		ID: token.NewID(), Email: body.Email, FirstName: body.FirstName, LastName: body.LastName, CompanyName: body.CompanyName,
		Phone: body.Phone, HasAccount: true, Metadata: body.Metadata, CreatedAt: now, UpdatedAt: now,
	}
	by, _ := auth.FromContext(r.Context())
	if err := a.customers.register(r.Context(), a.login, by.IdentityID, auth.Actor{Type: customerType, ID: c.ID}, c); err != nil {
		return err
	}
	wire.Write(w, http.StatusOK, customerAnswer{c})
	return nil
}

// ownCustomer answers with the customer who asks.
func (a *app) ownCustomer(w http.ResponseWriter, r *http.Request) error {
	if err := read(w, r, &struct{}{}); err != nil {
		return err
	}
	by, _ := auth.FromContext(r.Context())
	c, ok := a.customers.get(by.Actor.ID)
	if !ok {
		return wire.NotFound("Customer with id: %s was not found", by.Actor.ID)
	}
	wire.Write(w, http.StatusOK, customerAnswer{c})
	return nil
}
