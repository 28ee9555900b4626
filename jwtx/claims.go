package jwtx

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/countersign-go/countersign/auth"
)

// Claims are those of a token that was verified. A handler finds them by auth.Value[jwtx.Claims]. They cannot be changed
// and may be shared.
type Claims struct {
	Issuer    string    // iss
	Subject   string    // sub, never empty
	ID        string    // jti, empty if there is none
	SessionID string    // sid, empty if there is none
	ClientID  string    // client_id, empty if there is none
	Expires   time.Time // exp
	NotBefore time.Time // nbf, zero if there is none
	IssuedAt  time.Time // iat, zero if there is none
	Kind      Kind      // which of the accepted kinds the token is

	object string // the whole payload, which the scanner passed
}

// Get decodes the claim whose name is exactly name into what into points to, by the rules of [json.Unmarshal]. It is
// false if there is no such claim.
func (c Claims) Get(name string, into any) (bool, error) {
	s := scanner{text: c.object}
	for s.next() {
		if s.name == name {
			if err := json.Unmarshal([]byte(s.value), into); err != nil {
				return false, fmt.Errorf("jwtx: claim %q: %w", name, err)
			}
			return true, nil
		}
	}
	return false, nil
}

// Set returns a claim that is a list of strings, or one string of them separated by spaces, as scope is (RFC 8693, section
// 4.2). Without the claim it is empty; any other type is an error.
func (c Claims) Set(name string) (auth.Set, error) {
	s := scanner{text: c.object}
	for s.next() {
		if s.name == name {
			names, err := set(s.value)
			if err != nil {
				return auth.Set{}, fmt.Errorf("jwtx: claim %q: %w", name, err)
			}
			return names, nil
		}
	}
	return auth.Set{}, nil
}

// A payload is the claims, and what else is read in the same pass, as text. It begins with the object and the kind.
type payload struct {
	Claims
	audience string
	own      ownClaims
}

// registeredClaims are those whose other spellings are refused.
var registeredClaims = []string{
	"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid", "client_id", "cnf", "scope", "roles", "amr", "auth_time", "amr_times",
	"actor_id", "actor_type", "auth_identity_id", "auth_provider", "app_metadata", "user_metadata",
}

// parse reads the text of the payload. It checks types; what the claims say is checked by the verifier.
func (p *payload) parse() error {
	s := scanner{text: p.object}
	for s.next() {
		if err := p.read(&s); err != nil {
			return fmt.Errorf("claim %.32q: %w", s.name, err)
		}
	}
	return s.err
}

// isComplete reports whether the claims are there that RFC 9068, section 2.2, requires of an access token beside those
// that every token needs.
func (p *payload) isComplete() bool { return p.ClientID != "" && p.ID != "" && !p.IssuedAt.IsZero() }

func (p *payload) read(s *scanner) (err error) {
	switch s.name {
	case "iss":
		p.Issuer, err = s.asText()
	case "sub":
		p.Subject, err = s.asText()
	case "aud":
		p.audience = s.value
	case "jti":
		p.ID, err = s.asText()
	case "sid":
		p.SessionID, err = s.asText()
	case "client_id":
		p.ClientID, err = s.asText()
	case "exp":
		p.Expires, err = date(s.value)
	case "nbf":
		p.NotBefore, err = date(s.value)
	case "iat":
		p.IssuedAt, err = date(s.value)
	case "cnf":
		err = errBound
	default:
		if known := p.own.read(s.name, s.value); !known {
			err = notAVariant(s.name, registeredClaims)
		}
	}
	return err
}

// year10000 bounds times: what is later is a mistake, or an attempt to overflow.
const year10000 = 253402300800

// date reads a NumericDate (RFC 7519, section 2) between 1970 and 9999, as precisely as a microsecond.
func date(value string) (time.Time, error) {
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil && 0 < seconds && seconds < year10000 {
		return time.Unix(seconds, 0).UTC(), nil
	}
	f, err := number(value)
	if err != nil || f <= 0 || f >= year10000 {
		return time.Time{}, errValue
	}
	whole, fraction := math.Modf(f)
	return time.Unix(int64(whole), int64(fraction*1e6)*1e3).UTC(), nil
}

// names reports whether value is an audience that holds one of accepted: a string, or a list of strings. An empty one, or
// a list with anything else in it, is no audience at all.
func names(value string, accepted []string) bool {
	if audience, err := text(value); err == nil {
		return slices.Contains(accepted, audience)
	}
	if value == "" || value[0] != '[' {
		return false
	}
	found := false
	err := elements(value, func(element string) error {
		audience, err := text(element)
		if err == nil && audience == "" {
			err = errValue
		}
		found = found || (err == nil && slices.Contains(accepted, audience))
		return err
	})
	return found && err == nil
}
