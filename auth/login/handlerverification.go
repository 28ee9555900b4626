package login

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/wire"
)

// maxWord bounds what a client calls an entity, in bytes.
const maxWord = 64

// defaultCode is the code_provider of our own codes.
const defaultCode = "token"

// A verification is what a token that verifies an entity is good for.
type verification struct {
	Identity string `json:"identity"`
	Entity   string `json:"entity"`   // what is verified, as the client wrote it
	Kind     string `json:"kind"`     // what the client called it
	Code     string `json:"code"`     // the code_provider
	Method   string `json:"method"`   // the method by which the identity logs in so; "" if it is no way to log in
	EntityID string `json:"entityId"` // as that knows it

	identifier string // where the token goes to
}

// ownVerification returns the verification of a way in which an identity logs in.
func ownVerification(i AuthIdentity, p ProviderIdentity) verification {
	return verification{
		Identity: i.ID, Entity: p.Identifier, Kind: p.Provider, Code: defaultCode,
		Method: p.Provider, EntityID: p.EntityID, identifier: p.Identifier,
	}
}

// subject returns what one token of its kind is for.
func (v verification) subject() string {
	if v.Method == "" {
		return v.Identity + "//" + v.Kind + "/" + v.Entity
	}
	return subject(v.Identity, ProviderIdentity{Provider: v.Method, EntityID: v.EntityID})
}

// issueVerification issues the token of v.
func (s *Service) issueVerification(ctx context.Context, v verification) (Event, error) {
	data, err := auth.NewMetadata(v)
	if err != nil {
		return Event{}, err
	}
	e := Event{
		Kind: VerificationRequested, Provider: v.Method, IdentityID: v.Identity, EntityID: v.Entity, EntityType: v.Kind,
		Identifier: v.identifier, Expires: timestamp().Add(s.config.VerificationLifetime),
	}
	if v.Method != "" {
		e.EntityID = v.EntityID
	}
	e.Token, err = s.tokens.Issue(ctx, Token{Purpose: PurposeVerification, Subject: v.subject(), Data: data, Expires: e.Expires})
	return e, err
}

// sendVerification issues the token of v and sends it. It returns when that expires.
func (s *Service) sendVerification(
	ctx context.Context, kind string, i AuthIdentity, v verification, metadata auth.Metadata,
) (time.Time, error) {
	e, err := s.issueVerification(ctx, v)
	if err != nil {
		return time.Time{}, err
	}
	e.ActorType, e.Metadata = kind, metadata
	s.tell(ctx, e)
	return e.Expires, nil
}

type verificationJSON struct {
	EntityID   string     `json:"entity_id"`
	EntityType string     `json:"entity_type"`
	Code       string     `json:"code_provider"`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
	VerifiedAt *time.Time `json:"verified_at"`
}

func (h handler) requestVerification(w http.ResponseWriter, r *http.Request) error {
	by, err := sender(r)
	if err != nil {
		return err
	}
	var body struct {
		EntityID   string        `json:"entity_id"`
		EntityType string        `json:"entity_type"`
		Code       string        `json:"code_provider"`
		Metadata   auth.Metadata `json:"metadata"`
	}
	if err := wire.Decode(w, r, &body); err != nil {
		return err
	}
	v := verification{
		Identity: by.IdentityID, Entity: body.EntityID, Kind: body.EntityType, Code: body.Code, identifier: body.EntityID,
	}
	if v.Code == "" {
		v.Code = defaultCode
	}
	if err := v.check(); err != nil {
		return err
	}
	i, err := h.get(r.Context(), by.IdentityID)
	if is(err, ErrNotFound) || i.Disabled() {
		err = unauthorized("the identity was deleted, or is disabled")
	}
	if err != nil {
		return err
	}
	if err := h.mayVerify(r.Context(), by, i, &v); err != nil {
		return err
	}
	if err := h.throttle.request(r.Context(), requestVerification, h.client(r), v.accounts()...); err != nil {
		return err
	}
	expires, err := h.sendVerification(r.Context(), by.Actor.Type, i, v, body.Metadata)
	if err != nil {
		return err
	}
	wire.Write(w, http.StatusCreated, struct {
		Verification verificationJSON `json:"verification"`
	}{verificationJSON{EntityID: v.Entity, EntityType: v.Kind, Code: v.Code, ExpiresAt: &expires}})
	return nil
}

// check returns the refusal of fields that are not there, or cannot be kept.
func (v verification) check() error {
	for _, f := range []struct {
		name, value string
		most        int
	}{{"entity_id", v.Entity, maxName}, {"entity_type", v.Kind, maxWord}, {"code_provider", v.Code, maxWord}} {
		size := 0
		if f.value == "" {
			return wire.Invalid("Invalid request: Field '%s' is required", f.name)
		}
		// Without line breaks: it may end up in the header of a mail.
		if checkText(&size, f.most, f.value) != nil || strings.ContainsFunc(f.value, unicode.IsControl) {
			return wire.Invalid("Invalid request: Field '%s' must be plain text of at most %d bytes", f.name, f.most)
		}
	}
	return nil
}

// accounts name what is counted for v: of an entity that is no way to log in, it and who asks, since there are many
// spellings of one address. What they call it does not matter.
func (v verification) accounts() []string {
	if v.Method == "" {
		return []string{"\x00" + strings.ToLower(v.Entity), v.Identity}
	}
	return []string{v.Method + "\x00" + v.EntityID}
}

// mayVerify finds out whether an entity is a way in which the identity logs in, which v says then, or else whether somebody
// may have it verified.
func (h handler) mayVerify(ctx context.Context, by auth.AuthContext, i AuthIdentity, v *verification) error {
	for _, p := range i.Providers {
		entityID, err := h.entityID(ctx, h.methods[p.Provider], v.Entity)
		if err != nil {
			return err
		}
		if p.Identifier == v.Entity || p.EntityID == v.Entity || p.EntityID == entityID {
			v.Method, v.EntityID, v.identifier = p.Provider, p.EntityID, p.Identifier
			return nil
		}
	}
	if h.config.MayVerify == nil {
		return &auth.Error{Status: http.StatusForbidden, Err: errors.New("login: an entity that is not the identity's own")}
	}
	_, err := ask(ctx, h.config.ProviderTimeout, "MayVerify", func(ctx context.Context) (struct{}, error) {
		return struct{}{}, h.config.MayVerify(ctx, by, v.Kind, v.Entity)
	})
	return err
}

// confirmVerification takes the code that was sent to an entity. Whoever has it needs nothing else.
func (h handler) confirmVerification(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Code string `json:"code"`
	}
	if err := wire.Decode(w, r, &body); err != nil {
		return err
	}
	if body.Code == "" {
		return wire.Invalid("Invalid request: Field 'code' is required")
	}
	ctx := r.Context()
	if err := h.throttle.try(ctx, attempt{client: h.client(r)}); err != nil {
		return err
	}
	v, at, err := h.verify(ctx, body.Code)
	if is(err, auth.ErrInvalidCredentials) {
		return wire.Invalid("Invalid request: The code is invalid or has expired")
	}
	if err != nil {
		return err
	}
	h.throttle.answered(lasting(ctx), requestVerification, h.client(r), v.accounts()[0])
	e := Event{
		Kind: Verified, Provider: v.Method, IdentityID: v.Identity, EntityID: v.Entity, EntityType: v.Kind, Identifier: v.Entity,
	}
	if v.Method != "" {
		e.EntityID = v.EntityID
	}
	h.tell(ctx, e)
	wire.Write(w, http.StatusOK, verificationJSON{EntityID: v.Entity, EntityType: v.Kind, Code: v.Code, VerifiedAt: &at})
	return nil
}

// verify uses up a code, and returns what it was for, and when that was verified.
func (h handler) verify(ctx context.Context, code string) (v verification, at time.Time, err error) {
	tok, err := h.tokens.Look(ctx, PurposeVerification, code)
	if err != nil {
		return verification{}, time.Time{}, err
	}
	if err := tok.Data.Decode(&v); err != nil {
		return verification{}, time.Time{}, unauthorized("a code that cannot be read")
	}
	// First what it says, which can be said twice: a code that is used up, and has verified nothing, helps nobody.
	if at, err = h.mark(ctx, v); err != nil {
		return verification{}, time.Time{}, err
	}
	_, err = h.tokens.Consume(ctx, PurposeVerification, code)
	return v, at, err
}

// mark says that v is verified, if it is a way to log in, and returns when it was.
func (s *Service) mark(ctx context.Context, v verification) (time.Time, error) {
	now := timestamp()
	if v.Method == "" {
		i, err := s.get(ctx, v.Identity)
		if is(err, ErrNotFound) || err == nil && i.Disabled() {
			err = errChanged
		}
		return now, err
	}
	_, err := s.edit(ctx, v.Identity, func(i *AuthIdentity) error {
		p, ok := i.By(v.Method, v.EntityID)
		if !ok {
			return errChanged
		}
		return i.change(p, func(p *ProviderIdentity) {
			setTime(&p.VerifiedAt, now)
			now = p.VerifiedAt
		})
	})
	if is(err, ErrNotFound) {
		err = errChanged
	}
	return now, err
}
