package jwtx

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// A Verifier accepts the tokens that its [Config] describes. It is an [auth.TokenVerifier], for [auth.Bearer] and the
// others. Make one with [NewVerifier]; it does not change, and many goroutines may use it at once.
type Verifier struct{ config Config }

// NewVerifier returns the verifier that c describes, or all that is wrong with c.
func NewVerifier(c Config) (*Verifier, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Verifier{config: c}, nil
}

// Why a token is refused. None says anything about its content.
var (
	errMalformed  = refusal("malformed")
	errAlgorithm  = refusal("an algorithm that is not accepted")
	errKind       = refusal("a kind that is not accepted")
	errUnknownKey = refusal("an unknown key, or one that does not fit")
	errSignature  = refusal("bad signature")
	errIssuer     = refusal("another issuer")
	errAudience   = refusal("another audience")
	errSubject    = refusal("no subject")
	errExpired    = refusal("expired, or without expiry")
	errNotYet     = refusal("not valid yet")
	errRevoked    = refusal("revoked")
)

func refusal(reason string) error {
	return fmt.Errorf("jwtx: %w: %s", auth.ErrInvalidCredentials, reason)
}

// Recognizes reports whether token has the three parts of a signed JWT, see [auth.Recognizer]. It does not look into it: of
// two verifiers in [auth.Tokens] the first is asked about every JWT.
func (v *Verifier) Recognizes(token string) bool { return strings.Count(token, ".") == 2 }

// VerifyToken returns who the JWT in c stands for. Its signature is checked before anything in its payload is looked at.
func (v *Verifier) VerifyToken(ctx context.Context, c auth.Credential) (*auth.AuthContext, error) {
	t := auth.NewTimeout(ctx, v.config.Timeout)
	defer t.Stop()
	object, kind, err := v.signed(t, c.Token)
	if err != nil {
		return nil, err
	}
	p, err := parsePayload(object)
	if err != nil {
		return nil, fmt.Errorf("jwtx: %w: %w", auth.ErrInvalidCredentials, err)
	}
	p.Kind = kind
	if err := v.check(&p, time.Now()); err != nil {
		return nil, err
	}
	ac, err := v.identify(t, &p)
	if err != nil {
		return nil, err
	}
	if err := v.notRevoked(t, &p, ac); err != nil {
		return nil, err
	}
	return ac, nil
}

// signed returns the payload of a token whose header and signature are good, and which kind it is.
func (v *Verifier) signed(ctx context.Context, token string) (object string, kind Kind, err error) {
	if len(token) > v.config.MaxBytes || strings.Count(token, ".") != 2 || strings.ContainsAny(token, "\r\n") {
		return "", "", errMalformed // the decoder would skip line breaks
	}
	head, object, signature, err := decode(token)
	if err != nil || len(signature) == 0 {
		return "", "", errMalformed
	}
	h, hasTyp, err := parseHeader(head)
	if err != nil {
		return "", "", errMalformed
	}
	if kind, err = v.kind(h.typ, hasTyp); err != nil {
		return "", "", err
	}
	if err := v.verify(ctx, h, token[:strings.LastIndexByte(token, '.')], signature); err != nil {
		return "", "", err
	}
	return object, kind, nil
}

// strict also refuses left-over bits in the last character, with which one token has many spellings.
var strict = base64.RawURLEncoding.Strict()

// decode returns the three parts of a token. They share one buffer, and those that are text one string.
func decode(token string) (head, body string, signature []byte, err error) {
	buffer := make([]byte, 0, strict.DecodedLen(len(token)))
	var ends [3]int
	for i := range ends {
		part, rest, _ := strings.Cut(token, ".")
		if buffer, err = strict.AppendDecode(buffer, []byte(part)); err != nil {
			return "", "", nil, err
		}
		ends[i], token = len(buffer), rest
	}
	text := string(buffer[:ends[1]])
	return text[:ends[0]], text[ends[0]:], buffer[ends[1]:], nil
}

func (v *Verifier) kind(typ string, has bool) (Kind, error) {
	for _, k := range v.config.Kinds {
		if k.is(typ) || (k == Untyped && !has) {
			return k, nil
		}
	}
	return "", errKind
}

// verify checks the signature with the key that the source has for the header.
func (v *Verifier) verify(ctx context.Context, h header, input string, signature []byte) error {
	alg := algorithms[h.alg]
	if alg == nil || !slices.Contains(v.config.Algorithms, h.alg) {
		return errAlgorithm
	}
	key, err := v.config.Keys.VerificationKey(ctx, v.config.Issuer, h.alg, h.kid)
	switch {
	case err != nil && isUnknown(err):
		return errUnknownKey
	case err != nil:
		return fmt.Errorf("jwtx: keys: %w: %w", auth.ErrUnavailable, err)
	case key == nil:
		return fmt.Errorf("jwtx: keys: %w: neither a key nor an error", auth.ErrUnavailable)
	case alg.fits(key) != nil:
		return errUnknownKey
	case alg.method.Verify(input, signature, key) != nil:
		return errSignature
	}
	return nil
}

// isUnknown reports whether a source said that there is no such key, and not that it gave up looking.
func isUnknown(err error) bool {
	return errors.Is(err, auth.ErrInvalidCredentials) && !auth.IsUnavailable(err)
}

// check holds the claims against the configuration (RFC 7519, section 4.1).
func (v *Verifier) check(p *payload, now time.Time) error {
	leeway := v.config.Leeway
	switch {
	case p.Issuer != v.config.Issuer:
		return errIssuer
	case !names(p.audience, v.config.Audience):
		return errAudience
	case p.Subject == "":
		return errSubject
	case p.Expires.IsZero() || !now.Before(p.Expires.Add(leeway)):
		return errExpired
	case now.Add(leeway).Before(p.NotBefore), now.Add(leeway).Before(p.IssuedAt):
		return errNotYet
	}
	return nil
}

// identify returns who the claims stand for.
func (v *Verifier) identify(ctx context.Context, p *payload) (*auth.AuthContext, error) {
	var ac *auth.AuthContext
	var err error
	switch {
	case v.config.Identify != nil:
		ac, err = v.config.Identify(ctx, p.Claims)
		if err == nil && ac == nil {
			err = errors.New("jwtx: Identify returned neither an AuthContext nor an error")
		}
		if err != nil {
			return nil, err
		}
		own := *ac
		ac = &own
	case v.config.ActorType != "":
		ac, err = p.subject(v.config.ActorType)
	default:
		ac, err = p.context()
	}
	if err != nil {
		return nil, fmt.Errorf("jwtx: %w: %w", auth.ErrInvalidCredentials, err)
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

func fill(field *string, value string) {
	if *field == "" {
		*field = value
	}
}

func (v *Verifier) notRevoked(ctx context.Context, p *payload, ac *auth.AuthContext) error {
	if v.config.Revoked == nil {
		return nil
	}
	revoked, err := v.config.Revoked(ctx, Revocable{
		Issuer: p.Issuer, ID: p.ID, SessionID: p.SessionID,
		Actor: ac.Actor, IssuedAt: p.IssuedAt, Expires: p.Expires,
	})
	if err != nil {
		return fmt.Errorf("jwtx: revocation: %w: %w", auth.ErrUnavailable, err)
	}
	if revoked {
		return errRevoked
	}
	return nil
}
