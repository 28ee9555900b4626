package login

import (
	"context"
	"errors"
	"net/http"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/wire"
)

// A loginJSON is the answer to somebody who logs in or registers: one of the three.
type loginJSON struct {
	Token                string `json:"token,omitempty"`
	Location             string `json:"location,omitempty"`
	VerificationRequired bool   `json:"verification_required,omitempty"`
}

func (h handler) logIn(w http.ResponseWriter, r *http.Request) error {
	q, err := h.inquiry(w, r)
	if err != nil {
		return err
	}
	return q.answer(q.method.Provider.Authenticate)
}

func (h handler) callback(w http.ResponseWriter, r *http.Request) error {
	q, err := h.inquiry(w, r)
	if err != nil {
		return err
	}
	c, ok := q.method.Provider.(Callbacker)
	if !ok {
		return &auth.Error{
			Status: http.StatusUnauthorized, Message: "The auth provider " + q.method.ID + " has no callback", Err: errNoCallback,
		}
	}
	return q.answer(c.Callback)
}

// answer logs somebody in, and says so.
func (q *inquiry) answer(f func(context.Context, *Request) (Outcome, error)) error {
	answer, err := q.attemptBy(f)
	if errors.Is(err, errChanged) {
		// Of two tabs both may have had the secret hashed anew. What the provider says of it as it is now counts.
		clear(q.found)
		answer, err = q.attemptBy(f)
	}
	if err != nil {
		return err
	}
	wire.Write(q.w, http.StatusOK, answer)
	return nil
}

func (q *inquiry) attemptBy(f func(context.Context, *Request) (Outcome, error)) (loginJSON, error) {
	out, err := q.outcome(f)
	if err != nil || out.Location != "" {
		return loginJSON{Location: out.Location}, err
	}
	return q.logIn(q.r.Context(), out)
}

// logIn begins a session for somebody whose credentials were good.
func (q *inquiry) logIn(ctx context.Context, out Outcome) (loginJSON, error) {
	i, err := q.recognize(ctx, out)
	if err != nil {
		return loginJSON{}, err
	}
	p, _ := i.By(q.method.ID, out.EntityID)
	if q.s.config.VerifyFirst && p.VerifiedAt.IsZero() {
		if err := q.remind(ctx, i, p); err != nil {
			return loginJSON{}, err
		}
		return loginJSON{VerificationRequired: true}, q.forgive(ctx, p.EntityID)
	}
	access, err := q.start(ctx, i, p, out)
	if err != nil {
		return loginJSON{}, err
	}
	return loginJSON{Token: access}, nil
}

// remind sends another token to somebody whose Identifier is not verified, unless they were sent many.
func (q *inquiry) remind(ctx context.Context, i AuthIdentity, p ProviderIdentity) error {
	err := q.s.throttle.requestAlso(ctx, requestVerification, account(q.method, p.EntityID))
	if err == nil {
		_, err = q.s.sendVerification(ctx, q.kind, i, ownVerification(i, p), auth.Metadata{})
	}
	if auth.IsUnavailable(err) {
		return err
	}
	return nil
}
