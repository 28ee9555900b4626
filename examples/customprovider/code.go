package main

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/login"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/auth/wire"
)

// codes is a provider of one-time codes: {"email": …} has one mailed and leads to a page that asks for it, whose
// {"state": …, "code": …} comes back to the callback.
type codes struct {
	page string
	mail func(address, code string) // hands it to a queue: how long it takes would tell who has an account
}

var errAddress = wire.Invalid("Invalid request: Field 'email' must be an address")

// Authenticate mails a code. To the client all addresses are alike, whoever has them.
func (c codes) Authenticate(ctx context.Context, req *login.Request) (out login.Outcome, err error) {
	address, err := req.Text("email")
	if address = strings.ToLower(address); err != nil || address == "" || len(address) > 254 {
		return out, errors.Join(err, errAddress)
	}
	_, unknown := req.Find(ctx, address) // counts as an attempt, so that nobody is sent many
	if unknown != nil && !errors.Is(unknown, login.ErrNotFound) {
		return out, unknown
	}
	code := rand.Text()[:8]
	kept, err := auth.NewMetadata(map[string]any{"address": address, "code": token.Sum(code)}) // whoever reads the store has no code
	state, stateErr := req.KeepState(ctx, kept)
	if err := errors.Join(err, stateErr); err != nil {
		return out, err
	}
	if unknown == nil {
		c.mail(address, code)
	}
	return login.Outcome{Location: c.page + "?state=" + state}, nil
}

// Callback compares the code. The state is good once, so that there is one guess for each code that was mailed.
func (c codes) Callback(ctx context.Context, req *login.Request) (out login.Outcome, err error) {
	state, stateErr := req.Text("state")
	code, codeErr := req.Text("code")
	if err := errors.Join(stateErr, codeErr); err != nil {
		return out, err
	}
	kept, err := req.TakeState(ctx, state)
	if err != nil {
		return out, err
	}
	var sent struct {
		Address string
		Code    token.Digest
	}
	if err := kept.Decode(&sent); err != nil || !sent.Code.Equal(token.Sum(code)) {
		return out, login.Reject("Invalid code")
	}
	return login.Outcome{EntityID: sent.Address, Method: "otp"}, nil
}
