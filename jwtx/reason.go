package jwtx

import (
	"errors"

	"github.com/countersign-go/countersign/auth"
)

// A Reason is one word for why a token was refused, out of a few: a label for metrics and logs. Clients are not told.
type Reason string

// All reasons that there are.
const (
	ReasonMalformed    Reason = "malformed"       // no signed JWT, too long, or one that can be read in several ways
	ReasonAlgorithm    Reason = "wrong_algorithm" // not one of Config.Algorithms
	ReasonKind         Reason = "wrong_kind"      // not one of Config.Kinds
	ReasonUnknownKey   Reason = "unknown_key"     // no key of that kid, or one that is not for the algorithm
	ReasonSignature    Reason = "bad_signature"
	ReasonClaims       Reason = "bad_claims" // a claim of the wrong type, or claims that contradict each other
	ReasonMissingClaim Reason = "missing_claim"
	ReasonIssuer       Reason = "wrong_issuer"
	ReasonAudience     Reason = "wrong_audience"
	ReasonExpired      Reason = "expired"
	ReasonNotYet       Reason = "not_yet_valid"
	ReasonBound        Reason = "bound_to_key" // by cnf (RFC 7800), which is not checked here
	ReasonRevoked      Reason = "revoked"
)

// ReasonOf returns why a [Verifier] refused a token, from its error or one that wraps it, such as the Err of the
// *auth.Error that an auth.ErrorHandler is given. It is "" for every other error: that of Identify, of a key source that
// is down, of another verifier.
func ReasonOf(err error) Reason {
	if r := (*refusal)(nil); errors.As(err, &r) && !auth.IsUnavailable(err) {
		return r.reason
	}
	return ""
}

// A refusal says that a token is no good. Most are made once, so that a flood of bad tokens costs little.
type refusal struct {
	reason Reason
	cause  error // what exactly; may be nil, and holds nothing of the token but the names of claims
}

// Error returns the reason and the cause.
func (r *refusal) Error() string {
	text := "jwtx: " + auth.ErrInvalidCredentials.Error() + ": " + string(r.reason)
	if r.cause != nil {
		text += ": " + r.cause.Error()
	}
	return text
}

// Is reports whether target is [auth.ErrInvalidCredentials], which is all that a refusal means to others.
func (r *refusal) Is(target error) bool { return target == auth.ErrInvalidCredentials }

var (
	errMalformed  = refused(ReasonMalformed, "")
	errAlgorithm  = refused(ReasonAlgorithm, "")
	errKind       = refused(ReasonKind, "")
	errPlain      = refused(ReasonKind, `typ is "JWT", and Plain is not one of Config.Kinds`)
	errUntyped    = refused(ReasonKind, "no typ, and Untyped is not one of Config.Kinds")
	errUnknownKey = refused(ReasonUnknownKey, "")
	errSignature  = refused(ReasonSignature, "")
	errNoSubject  = refused(ReasonMissingClaim, "no sub")
	errNoExpiry   = refused(ReasonMissingClaim, "no exp")
	errIncomplete = refused(ReasonMissingClaim, "an access token without client_id, iat or jti, see Config.AllowIncomplete")
	errIssuer     = refused(ReasonIssuer, "")
	errAudience   = refused(ReasonAudience, "")
	errNoAudience = refused(ReasonMissingClaim, "no aud")
	errExpired    = refused(ReasonExpired, "")
	errNotYet     = refused(ReasonNotYet, "nbf is ahead of this clock, see Config.Leeway")
	errAhead      = refused(ReasonNotYet, "iat is ahead of this clock, see Config.Leeway")
	errBound      = refused(ReasonBound, "")
	errRevoked    = refused(ReasonRevoked, "")
)

func refused(r Reason, cause string) *refusal {
	if cause == "" {
		return &refusal{reason: r}
	}
	return &refusal{reason: r, cause: errors.New(cause)}
}

// badClaims returns the refusal of claims that cannot be read, or contradict each other.
func badClaims(err error) error {
	if r := (*refusal)(nil); errors.As(err, &r) {
		return r
	}
	return &refusal{reason: ReasonClaims, cause: err}
}
