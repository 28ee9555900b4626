package jwtx

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/countersign-go/countersign/auth"
	"github.com/countersign-go/countersign/auth/token"
)

// DefaultTokenLifetime is how long a token is good unless [SignerConfig] says otherwise.
const DefaultTokenLifetime = 15 * time.Minute

// SignerConfig says what tokens a [Signer] makes. Issuer, Audience and Keys are required.
type SignerConfig struct {
	Issuer   string
	Audience []string
	ClientID string // the client_id (RFC 9068, section 2.2); default: Issuer, as an application that issues tokens to itself
	Keys     SigningSource
	// Lifetime is that of a token, in whole seconds: with a jwks.Ring no more than its TokenLifetime, with [Revocations] no
	// more than their MaxLifetime. Default: 15 minutes.
	Lifetime time.Duration
	MaxBytes int // what a token may have, as [Config] bounds it; default: 8 KiB
}

// A Signer makes tokens that say what an AuthContext says, for a [Verifier] to read back. Make one with [NewSigner]; it
// does not change, and many goroutines may use it at once.
type Signer struct{ config SignerConfig }

// NewSigner returns the signer that c describes, or all that is wrong with c.
func NewSigner(c SignerConfig) (*Signer, error) {
	if c.Lifetime == 0 {
		c.Lifetime = DefaultTokenLifetime
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = DefaultMaxBytes
	}
	if c.ClientID == "" {
		c.ClientID = c.Issuer
	}
	c.Audience = slices.Clone(c.Audience)
	var w mistakes
	w.add(c.ClientID != c.Issuer && !isClaim(c.ClientID), "a ClientID that is not plain text")
	w.add(!isClaim(c.Issuer) || c.Issuer == "", "no Issuer, or one that is not plain text")
	w.add(len(c.Audience) == 0, "no Audience")
	for _, audience := range c.Audience {
		w.add(!isClaim(audience) || audience == "", "an Audience that is empty or not plain text")
	}
	w.add(c.Keys == nil, "no Keys")
	w.add(c.Lifetime < time.Second, "Lifetime is shorter than a second")
	w.add(c.MaxBytes < 0 || c.MaxBytes > maxMaxBytes, "MaxBytes is not between 0 and %d", maxMaxBytes)
	if err := w.joined(); err != nil {
		return nil, err
	}
	return &Signer{config: c}, nil
}

// Sign returns a token for ac: an [Access] token, or a [Registration] token if ac has no actor yet. It is good for the
// configured lifetime, but not beyond ac.Expires. ac needs the type of an actor, and the ID of an actor or an identity; its
// SessionID becomes the sid, by which all tokens of a log-in can be revoked. The jti is random.
func (s *Signer) Sign(ctx context.Context, ac auth.AuthContext) (string, error) {
	now := time.Now().Truncate(time.Second)
	expires := now.Add(s.config.Lifetime)
	if !ac.Expires.IsZero() && ac.Expires.Before(expires) {
		expires = ac.Expires.Truncate(time.Second)
	}
	if err := check(ac); err != nil {
		return "", err
	}
	if !now.Before(expires) {
		return "", errors.New("jwtx: what the token should say has expired")
	}
	kid, alg, key, err := s.config.Keys.SigningKey(ctx)
	if err != nil {
		return "", fmt.Errorf("jwtx: signing key: %w", err)
	}
	return s.sign(kid, alg, key, s.claims(ac, now, expires))
}

// check returns why ac cannot be put into a token, or would say something else when it is read back.
func check(ac auth.AuthContext) error {
	var w mistakes
	w.add(ac.Actor.Type == "", "no actor type")
	w.add(ac.Actor.ID == "" && ac.IdentityID == "", "neither an actor nor an identity")
	for _, s := range []string{ac.Actor.Type, ac.Actor.ID, ac.IdentityID, ac.Provider, ac.SessionID} {
		w.add(!isClaim(s), "an ID that is not plain text")
	}
	for scope := range ac.Scopes.All() {
		w.add(!isClaim(scope) || strings.Contains(scope, " "), "a scope with a space, or that is not plain text")
	}
	for role := range ac.Roles.All() {
		w.add(!isClaim(role), "a role that is not plain text")
	}
	for _, f := range ac.Factors {
		w.add(!isClaim(f.Method) || f.At.Unix() <= 0 || f.At.Unix() >= year10000,
			"a factor without a time, or whose method is not plain text")
	}
	return w.joined()
}

// isClaim reports whether a string comes back from a token as it was: others would be replaced, or refused.
func isClaim(s string) bool { return utf8.ValidString(s) && !strings.ContainsFunc(s, isControl) }

// claimSet is the payload of our own tokens.
type claimSet struct {
	Issuer       string        `json:"iss"`
	Audience     []string      `json:"aud"`
	Subject      string        `json:"sub"`
	Expires      int64         `json:"exp"`
	IssuedAt     int64         `json:"iat"`
	ID           string        `json:"jti"`
	ClientID     string        `json:"client_id"`
	SessionID    string        `json:"sid,omitempty"`
	ActorID      string        `json:"actor_id"`
	ActorType    string        `json:"actor_type"`
	IdentityID   string        `json:"auth_identity_id"`
	Provider     string        `json:"auth_provider"`
	Scope        string        `json:"scope,omitempty"`
	Roles        auth.Set      `json:"roles,omitzero"`
	Methods      []string      `json:"amr,omitempty"`
	AuthTime     int64         `json:"auth_time,omitempty"`
	MethodTimes  []int64       `json:"amr_times,omitempty"`
	AppMetadata  auth.Metadata `json:"app_metadata"`
	UserMetadata auth.Metadata `json:"user_metadata"`
}

func (s *Signer) claims(ac auth.AuthContext, now, expires time.Time) claimSet {
	c := claimSet{
		Issuer: s.config.Issuer, Audience: s.config.Audience, Subject: ac.Actor.ID,
		Expires: expires.Unix(), IssuedAt: now.Unix(), ID: token.NewID(), ClientID: s.config.ClientID, SessionID: ac.SessionID,
		ActorID: ac.Actor.ID, ActorType: ac.Actor.Type, IdentityID: ac.IdentityID, Provider: ac.Provider,
		Scope: ac.Scopes.String(), Roles: ac.Roles,
		AppMetadata: ac.AppMetadata, UserMetadata: ac.UserMetadata,
	}
	if c.Subject == "" {
		c.Subject = ac.IdentityID
	}
	c.setFactors(ac.Factors)
	return c
}

// setFactors writes amr and auth_time (OpenID Connect Core, section 2), which has room for one time only: the latest.
// Where factors were proven at different times, a claim of our own says when each was, or the oldest would look fresh.
func (c *claimSet) setFactors(factors []auth.Factor) {
	times := make([]int64, 0, len(factors))
	for _, f := range factors {
		c.Methods = append(c.Methods, f.Method)
		times = append(times, f.At.Unix())
	}
	if len(times) == 0 {
		return
	}
	c.AuthTime = slices.Max(times)
	if slices.Min(times) != c.AuthTime {
		c.MethodTimes = times
	}
}

func (s *Signer) sign(kid, alg string, key crypto.Signer, claims claimSet) (string, error) {
	a := algorithms[alg]
	if a == nil || key == nil {
		return "", fmt.Errorf("jwtx: no signing key, or one for %q, which is not supported", alg)
	}
	if !isClaim(kid) {
		return "", errors.New("jwtx: signing key: a kid that is not plain text")
	}
	if a.family != hmacFamily {
		if err := a.fits(publicOf(key)); err != nil {
			return "", fmt.Errorf("jwtx: signing key: %w", err)
		}
	}
	kind := Access
	if claims.ActorID == "" {
		kind = Registration
	}
	head, err := json.Marshal(struct {
		Algorithm string `json:"alg"`
		Kind      Kind   `json:"typ"`
		KeyID     string `json:"kid,omitempty"`
	}{alg, kind, kid})
	if err != nil {
		return "", fmt.Errorf("jwtx: header: %w", err)
	}
	body, err := json.Marshal(claims)
	if err == nil {
		err = readBack(kind, string(body)) // metadata may hold what a verifier refuses
	}
	if err != nil {
		return "", fmt.Errorf("jwtx: claims: %w", err)
	}
	input := base64.RawURLEncoding.AppendEncode(nil, head)
	input = base64.RawURLEncoding.AppendEncode(append(input, '.'), body)
	signature, err := a.sign(key, input)
	if err != nil {
		return "", fmt.Errorf("jwtx: signing: %w", err)
	}
	signed := base64.RawURLEncoding.AppendEncode(append(input, '.'), signature)
	if len(signed) > s.config.MaxBytes {
		return "", fmt.Errorf("jwtx: a token of %d bytes, more than %d", len(signed), s.config.MaxBytes)
	}
	return string(signed), nil
}

// readBack returns why a verifier would refuse what a payload says.
func readBack(kind Kind, object string) error {
	p := payload{Claims: Claims{Kind: kind, object: object}}
	if err := p.parse(); err != nil {
		return err
	}
	_, err := p.context()
	return err
}
