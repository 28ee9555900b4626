package oidc

import (
	"crypto/rand"
	"errors"

	"golang.org/x/oauth2"

	"github.com/countersign-go/countersign/auth"
)

// A flow is what is kept of a log-in until the browser comes back: what its answer must fit.
type flow struct {
	Issuer      string `json:"issuer"`
	ClientID    string `json:"client_id"`
	CallbackURL string `json:"callback_url"`
	Verifier    string `json:"verifier"` // of PKCE (RFC 7636)
	Nonce       string `json:"nonce"`
}

func newFlow(issuer, clientID, callbackURL string) flow {
	return flow{
		Issuer: issuer, ClientID: clientID, CallbackURL: callbackURL, Verifier: oauth2.GenerateVerifier(), Nonce: rand.Text(),
	}
}

// data returns f as it is kept.
func (f flow) data() (auth.Metadata, error) { return auth.NewMetadata(f) }

// readFlow returns what was kept, if it is a flow of this issuer and client. One of another began before the configuration
// changed, or at a provider that shares the Method of this one by mistake.
func readFlow(kept auth.Metadata, issuer, clientID string) (flow, error) {
	var f flow
	if kept.Decode(&f) != nil || f.Verifier == "" || f.Nonce == "" || f.Issuer != issuer || f.ClientID != clientID {
		return flow{}, errors.New("state of another issuer or client")
	}
	return f, nil
}
