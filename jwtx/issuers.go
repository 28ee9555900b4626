package jwtx

import (
	"context"
	"strings"

	"github.com/countersign-go/countersign/auth"
)

// Issuers accepts the tokens of several issuers, each by a [Verifier] of its own. The iss of a token, unverified, only
// chooses which of them is asked: that one then verifies the whole token, with the keys of its issuer and nobody else's.
// Make one with [NewIssuers]; it does not change, and many goroutines may use it at once.
type Issuers struct {
	verifiers map[string]*Verifier
	maxBytes  int // the largest of theirs
}

// NewIssuers returns a verifier that chooses among verifiers by iss. It is an error to name none, a nil one, two for the
// same issuer, or two with the same [Config].ActorType: the subject 17 of one issuer is not that of the other.
func NewIssuers(verifiers ...*Verifier) (*Issuers, error) {
	i := &Issuers{verifiers: make(map[string]*Verifier, len(verifiers))}
	types := map[string]bool{}
	var w mistakes
	w.add(len(verifiers) == 0, "no verifiers")
	for n, v := range verifiers {
		if v == nil {
			w.add(true, "verifier %d is nil", n)
			continue
		}
		issuer := v.config.Issuer
		w.add(i.verifiers[issuer] != nil, "two verifiers for the issuer %q", issuer)
		actorType := v.config.ActorType
		w.add(actorType != "" && types[actorType], "two verifiers with the ActorType %q: one issuer's subjects would be the actors "+
			"of the other; if they are, say so with Identify", actorType)
		i.verifiers[issuer], types[actorType] = v, true
		i.maxBytes = max(i.maxBytes, v.config.MaxBytes)
	}
	if err := w.joined(); err != nil {
		return nil, err
	}
	return i, nil
}

// Recognizes reports whether token has the three parts of a signed JWT, see [auth.Recognizer].
func (i *Issuers) Recognizes(token string) bool { return strings.Count(token, ".") == 2 }

// VerifyToken has the verifier of the token's issuer verify it.
func (i *Issuers) VerifyToken(ctx context.Context, c auth.Credential) (*auth.AuthContext, error) {
	if len(c.Token) > i.maxBytes {
		return nil, errMalformed
	}
	iss, err := issuerOf(c.Token)
	if err != nil {
		return nil, errMalformed
	}
	v := i.verifiers[iss]
	if v == nil {
		return nil, errIssuer
	}
	return v.VerifyToken(ctx, c)
}

// issuerOf returns the iss that a token says, without looking at anything else.
func issuerOf(token string) (string, error) {
	_, rest, _ := strings.Cut(token, ".")
	body, _, _ := strings.Cut(rest, ".")
	object, err := decode(body)
	if err != nil {
		return "", err
	}
	s := scanner{text: object}
	for s.next() {
		if s.name == "iss" {
			return text(s.value)
		}
	}
	return "", s.err
}
