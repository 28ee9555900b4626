package jwtx

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// A Verifier accepts the tokens that its [Config] describes. It is an [auth.TokenVerifier], for [auth.Bearer] and the
// others; [ReasonOf] says why it refused one. Make one with [NewVerifier]; it does not change, and many goroutines may use
// it at once.
type Verifier struct {
	config  Config
	local   func(iss, alg, kid string) (crypto.PublicKey, bool) // nil if Config.Keys has no such
	headers headers
	cache   *cache // nil without Config.CacheSize
}

// NewVerifier returns the verifier that c describes, or all that is wrong with c.
func NewVerifier(c Config) (*Verifier, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	v := &Verifier{config: c, cache: newCache(c.CacheSize)}
	if source, ok := c.Keys.(LocalKeySource); ok {
		v.local = source.LocalKeys(c.Keys)
	}
	return v, nil
}

// Recognizes reports whether token has the three parts of a signed JWT, see [auth.Recognizer]. It does not look into it: of
// two verifiers in [auth.Tokens] the first is asked about every JWT. [NewIssuers] tells them apart.
func (v *Verifier) Recognizes(token string) bool { return strings.Count(token, ".") == 2 }

// VerifyToken returns who the JWT in c stands for. Its signature is checked before anything in its payload is looked at.
func (v *Verifier) VerifyToken(ctx context.Context, c auth.Credential) (*auth.AuthContext, error) {
	wait := patience{parent: ctx, limit: v.config.Timeout}
	defer wait.end()
	if v.cache != nil {
		return v.remembered(&wait, c.Token)
	}
	a, err := v.accept(&wait, c.Token)
	if err != nil {
		return nil, err
	}
	return a.ac, nil
}

// An accepted token, and what has to be looked at again when it comes back.
type accepted struct {
	signed
	ac        *auth.AuthContext
	revocable Revocable
	notBefore time.Time
}

// accept does all there is to do.
func (v *Verifier) accept(wait *patience, token string) (accepted, error) {
	s, err := v.signed(wait, token)
	if err != nil {
		return accepted{}, err
	}
	p := payload{Claims: Claims{Kind: s.kind, object: s.object}}
	if err := p.parse(); err != nil {
		return accepted{}, badClaims(err)
	}
	if err := v.check(&p); err != nil {
		return accepted{}, err
	}
	ac, err := v.identify(wait, &p)
	if err != nil {
		return accepted{}, err
	}
	a := accepted{signed: s, ac: ac, notBefore: p.NotBefore, revocable: Revocable{
		Issuer: p.Issuer, ID: p.ID, SessionID: p.SessionID, Actor: ac.Actor, IssuedAt: p.IssuedAt, Expires: p.Expires,
	}}
	if err := v.notRevoked(wait, &a.revocable); err != nil {
		return accepted{}, err
	}
	return a, nil
}

// check holds the claims against the configuration (RFC 7519, section 4.1; RFC 9068, section 2.2).
func (v *Verifier) check(p *payload) error {
	switch {
	case p.Issuer != v.config.Issuer:
		return errIssuer
	case p.audience == "":
		return errNoAudience
	case !names(p.audience, v.config.Audience):
		return errAudience
	case p.Subject == "":
		return errNoSubject
	case p.Expires.IsZero():
		return errNoExpiry
	case p.Kind == Access && !v.config.AllowIncomplete && !p.isComplete():
		return errIncomplete
	}
	return v.inTime(p.Expires, p.NotBefore, p.IssuedAt)
}

func (v *Verifier) inTime(expires, notBefore, issuedAt time.Time) error {
	now, leeway := time.Now(), v.config.Leeway
	switch {
	case !now.Before(expires.Add(leeway)):
		return errExpired
	case now.Add(leeway).Before(notBefore):
		return errNotYet
	case now.Add(leeway).Before(issuedAt):
		return errAhead
	}
	return nil
}

// identify returns who the claims stand for.
func (v *Verifier) identify(wait *patience, p *payload) (*auth.AuthContext, error) {
	var ac *auth.AuthContext
	var err error
	switch {
	case v.config.Identify != nil:
		if ac, err = v.identified(wait.context(), p.Claims); err != nil {
			return nil, err
		}
	case v.config.ActorType != "":
		ac, err = p.subject(v.config.ActorType)
	default:
		ac, err = p.context()
	}
	if err != nil {
		return nil, badClaims(err)
	}
	fill(&ac.Scheme, "bearer")
	fill(&ac.Issuer, p.Issuer)
	fill(&ac.CredentialID, p.ID)
	fill(&ac.SessionID, p.SessionID)
	if ac.Expires.IsZero() || p.Expires.Before(ac.Expires) {
		ac.Expires = p.Expires
	}
	ac.Attach(p.Claims)
	return ac, nil
}

// identified returns a copy of what Identify said: it may keep its own.
func (v *Verifier) identified(ctx context.Context, c Claims) (*auth.AuthContext, error) {
	ac, err := v.config.Identify(ctx, c)
	switch {
	case err != nil:
		return nil, err
	case ac == nil:
		return nil, errors.New("jwtx: Identify returned neither an AuthContext nor an error")
	case ac.Actor.ID == "" && ac.IdentityID == "":
		return nil, errors.New("jwtx: Identify returned neither an actor nor an identity")
	}
	return copied(ac), nil
}

func fill(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

func (v *Verifier) notRevoked(wait *patience, r *Revocable) error {
	if v.config.Revoked == nil {
		return nil
	}
	revoked, err := v.config.Revoked(wait.context(), *r)
	if err != nil {
		return fmt.Errorf("jwtx: revocation: %w: %w", auth.ErrUnavailable, err)
	}
	if revoked {
		return errRevoked
	}
	return nil
}
