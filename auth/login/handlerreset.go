package login

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
	"github.com/countersign-go/countersign/auth/wire"
)

// The kinds of requests that the throttle counts besides log-ins.
const (
	requestReset        = "reset"
	requestRegistration = "register"
	requestVerification = "verification"
)

// A resetData is what a token that resets credentials is good for.
type resetData struct {
	Actor    string `json:"actor"`
	Method   string `json:"method"`
	Identity string `json:"identity"`
	Entity   string `json:"entity"`
	Secret   []byte `json:"secret"` // the digest of that which is to be changed: no other is
}

// requestReset has a token sent to somebody who has lost their credentials. Whether there is somebody is not to be seen.
func (h handler) requestReset(w http.ResponseWriter, r *http.Request) error {
	kind, id, err := named(r)
	if err != nil {
		return err
	}
	// A provider that is not known, as against one that is not for that type of actor, is as good as an account that is not.
	m, known := h.methods[id]
	if known || h.config.Actors[kind] == nil {
		if m, err = h.method(kind, id); err != nil {
			return err
		}
	}
	members, err := wire.Object(w, r)
	if err != nil {
		return err
	}
	identifier, metadata, err := readReset(members)
	if err != nil {
		return err
	}
	if err := h.sendReset(r, kind, m, identifier, metadata); err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusCreated)
	_, _ = io.WriteString(w, "Created") // the client is gone, if anything
	return nil
}

func readReset(members map[string]json.RawMessage) (identifier string, metadata auth.Metadata, err error) {
	if raw, ok := members["identifier"]; ok && json.Unmarshal(raw, &identifier) != nil {
		return "", auth.Metadata{}, wire.Invalid("Invalid request: Field 'identifier' must be a string")
	}
	if identifier == "" {
		return "", auth.Metadata{}, wire.Invalid("Invalid request: Field 'identifier' is required")
	}
	if raw, ok := members["metadata"]; ok && json.Unmarshal(raw, &metadata) != nil {
		return "", auth.Metadata{}, wire.Invalid("Invalid request: Field 'metadata' must be an object")
	}
	return identifier, metadata, nil
}

// sendReset issues a token for whoever has the identifier, and for nobody if nobody has.
func (h handler) sendReset(r *http.Request, kind string, m Method, identifier string, metadata auth.Metadata) error {
	ctx := r.Context()
	entityID, err := h.entityID(ctx, m, identifier)
	if err != nil {
		return err
	}
	if entityID == "" { // and has no account either
		return h.throttle.request(ctx, requestReset, h.client(r))
	}
	if err := h.throttle.request(ctx, requestReset, h.client(r), account(m, entityID)); err != nil {
		return err
	}
	i, err := h.find(ctx, m.ID, entityID)
	if err != nil && !is(err, ErrNotFound) {
		return err
	}
	p, ok := i.By(m.ID, entityID)
	if ok = ok && !i.Disabled(); !ok {
		i, p = AuthIdentity{}, ProviderIdentity{Provider: m.ID, EntityID: entityID}
	}
	return h.issueReset(ctx, kind, i, p, metadata, ok)
}

// issueReset issues a token, and sends it if somebody has the identifier.
func (h handler) issueReset(
	ctx context.Context, kind string, i AuthIdentity, p ProviderIdentity, metadata auth.Metadata, send bool,
) error {
	digest := p.Secret.Digest()
	data, err := auth.NewMetadata(resetData{
		Actor: kind, Method: p.Provider, Identity: i.ID, Entity: p.EntityID, Secret: digest[:],
	})
	if err != nil {
		return err
	}
	expires := timestamp().Add(h.config.ResetLifetime)
	text, err := h.tokens.Issue(ctx, Token{Purpose: PurposeReset, Subject: subject(i.ID, p), Data: data, Expires: expires})
	if err != nil || !send {
		return err
	}
	h.tell(ctx, Event{
		Kind: ResetRequested, ActorType: kind, Provider: p.Provider, IdentityID: i.ID, EntityID: p.EntityID, Identifier: p.Identifier,
		Token: text, Expires: expires, Metadata: metadata,
	})
	return nil
}

// reset gives the identity that a token is for new credentials. What the provider refuses leaves the token as good as it was.
func (h handler) reset(w http.ResponseWriter, r *http.Request) error {
	q, err := h.inquiry(w, r)
	if err != nil {
		return err
	}
	if err := q.count(r.Context()); err != nil {
		return err
	}
	if err := h.resetBy(r, q); err != nil {
		if is(err, auth.ErrInvalidCredentials) {
			return errToken(err)
		}
		return err
	}
	wire.Write(w, http.StatusOK, success{true})
	return nil
}

func (h handler) resetBy(r *http.Request, q *inquiry) error {
	ctx, text := r.Context(), bearer(r)
	i, p, err := h.resettable(ctx, q, text)
	if err != nil {
		return err
	}
	u, ok := q.method.Provider.(Updater)
	if !ok {
		return errNoUpdates(q.method)
	}
	changed, err := h.prepare(q, u, p)
	if err != nil {
		return err
	}
	changed.proven = true
	// If they cannot be ended, nothing is changed: whoever has stolen the old password is out as well, or nobody is.
	if err := h.endSessions(ctx, i.ID, ""); err != nil {
		return err
	}
	if _, err := h.tokens.Consume(ctx, PurposeReset, text); err != nil {
		return err
	}
	ctx = lasting(ctx)
	if err := q.exchange(ctx, i.ID, changed, auth.AuthContext{Actor: auth.Actor{Type: q.kind}}); err != nil {
		return err
	}
	h.throttle.answered(ctx, requestReset, q.attempt.client, account(q.method, p.EntityID))
	return nil
}

// bearer returns the token in the Authorization field, "" if there is none, or if it is not there once.
func bearer(r *http.Request) string {
	fields := r.Header["Authorization"]
	if len(fields) != 1 {
		return ""
	}
	scheme, text, _ := strings.Cut(fields[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimLeft(text, " ")
}

// resettable returns whose credentials the token in text is good for, and which.
func (h handler) resettable(ctx context.Context, q *inquiry, text string) (AuthIdentity, ProviderIdentity, error) {
	tok, err := h.tokens.Look(ctx, PurposeReset, text)
	if err != nil {
		return AuthIdentity{}, ProviderIdentity{}, err
	}
	var data resetData
	if err := tok.Data.Decode(&data); err != nil || data.Actor != q.kind || data.Method != q.method.ID {
		return AuthIdentity{}, ProviderIdentity{}, unauthorized("a token of another provider, or of another type of actor")
	}
	i, err := h.get(ctx, data.Identity)
	if err != nil && !is(err, ErrNotFound) {
		return AuthIdentity{}, ProviderIdentity{}, err
	}
	p, ok := i.By(data.Method, data.Entity)
	var secret token.Digest
	copy(secret[:], data.Secret)
	if !ok || i.Disabled() || !secret.Equal(p.Secret.Digest()) {
		return AuthIdentity{}, ProviderIdentity{}, errChanged
	}
	return i, p, nil
}
