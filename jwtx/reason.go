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
	if r := (*refusal)(nil); errors.As(err, &r) {
		return r.reason
	}
	return ""
}

// A refusal says that a token is no good. Those without a cause are made once, so that a flood of bad tokens costs little.
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
	errMalformed  = &refusal{reason: ReasonMalformed}
	errAlgorithm  = &refusal{reason: ReasonAlgorithm}
	errKind       = &refusal{reason: ReasonKind}
	errUnknownKey = &refusal{reason: ReasonUnknownKey}
	errSignature  = &refusal{reason: ReasonSignature}
	errMissing    = &refusal{reason: ReasonMissingClaim}
	errIssuer     = &refusal{reason: ReasonIssuer}
	errAudience   = &refusal{reason: ReasonAudience}
	errExpired    = &refusal{reason: ReasonExpired}
	errNotYet     = &refusal{reason: ReasonNotYet}
	errBound      = &refusal{reason: ReasonBound}
	errRevoked    = &refusal{reason: ReasonRevoked}
)

// badClaims returns the refusal of claims that cannot be read, or contradict each other.
func badClaims(err error) error {
	if r := (*refusal)(nil); errors.As(err, &r) {
		return r
	}
	return &refusal{reason: ReasonClaims, cause: err}
}
